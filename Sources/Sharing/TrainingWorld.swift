// What a worker works in: the things that all workers share, and what belongs to their driver. Lockstep has one such
// world; threads have one each, over the same model and board.

import DeterministicMath
import Lockstep

/// The shared objects of a training run, with one driver's scratch memory and statistics.
public struct TrainingWorld: World {
  /// What the workers do.
  public let plan: TrainingPlan
  /// The shared model.
  public private(set) var model: SharedModel
  /// The shared counters and results.
  public private(set) var board: EpisodeBoard
  /// What this driver's workers did.
  public internal(set) var statistics: RunStatistics
  /// The ticket of the last access, at the object that it touched; 0 for accesses that hold no lock.
  public internal(set) var ticket: UInt64 = 0
  /// Whether each pull is witnessed, so that a recording or a comparison can tell what it brought.
  public var witnessesPulls = false
  /// Whether the net of each witnessed pull is kept, too, to be compared number by number.
  public var keepsPulledNets = false
  /// Whether the net of each flush is kept, so that `Worker.flush(since:in:)` can say what the flush was made of.
  public var witnessesFlushes = false
  /// Why one of this driver's workers could not go on.
  public internal(set) var failure: WorkerFailure?
  /// The faults of this driver's workers' gradients.
  var poisonings: [Poisoning] = []
  /// Whether a gradient that is not finite stops its worker; a test of the tests lets it pass.
  var refusesNonFinite = true
  /// Where this driver's workers do their private work.
  let bench: Bench

  /// A driver's world around a model and a board that other drivers may share.
  /// - Parameter statistics: what was done before, in the first part of a resumed run.
  public init(
    _ plan: TrainingPlan, model: SharedModel, board: EpisodeBoard, statistics: RunStatistics = RunStatistics()
  ) {
    self.plan = plan
    self.model = model
    self.board = board
    self.statistics = statistics
    bench = Bench(plan)
  }

  /// A world with a model and a board of its own, as before the first access.
  public init(_ plan: TrainingPlan) {
    self.init(
      plan, model: plan.makeModel(),
      board: EpisodeBoard(budget: plan.configuration.episodes, workers: plan.configuration.workers))
  }

  /// The net that the last witnessed pull brought.
  public var pulledNet: UnsafeBufferPointer<Float> { UnsafeBufferPointer(bench.pulledNet) }

  /// A copy with a model and a board of its own. It shares the scratch memory, in which nothing outlives a step, so
  /// both worlds stay with one driver.
  public func snapshot() -> TrainingWorld {
    var copy = self
    copy.model = model.copy()
    copy.board = board.copy()
    return copy
  }
}

extension TrainingWorld {
  /// The digest of the whole state of a run: model, optimizer, versions, counters, results and every worker. No worker
  /// may be in the middle of an access.
  public func digest(of workers: [Worker]) -> StateDigest {
    var digest = StateDigest()
    model.digest(into: &digest)
    board.digest(into: &digest)
    for worker in workers { worker.digest(into: &digest) }
    return digest
  }
}
