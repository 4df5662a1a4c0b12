// What a worker works in: the things that all workers share, and what belongs to their driver. Lockstep has one such
// world; threads have one each, over the same model and board.

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
  public internal(set) var statistics = RunStatistics()
  /// Where this driver's workers do their private work.
  let bench: Bench

  /// A driver's world around a model and a board that other drivers may share.
  public init(_ plan: TrainingPlan, model: SharedModel, board: EpisodeBoard) {
    self.plan = plan
    self.model = model
    self.board = board
    bench = Bench(plan)
  }

  /// A world with a model and a board of its own, as before the first access.
  public init(_ plan: TrainingPlan) {
    self.init(
      plan, model: plan.makeModel(),
      board: EpisodeBoard(budget: plan.configuration.episodes, workers: plan.configuration.workers))
  }

  /// A copy with a model and a board of its own. It shares the scratch memory, in which nothing outlives a step, so
  /// both worlds stay with one driver.
  public func snapshot() -> TrainingWorld {
    var copy = self
    copy.model = model.copy()
    copy.board = board.copy()
    return copy
  }
}
