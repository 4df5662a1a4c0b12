// Recorded runs to test with: on threads, each from a number that names all its settings, or in lockstep, where the
// recording too is the same each time.

import Experiments
import Foundation
import PropertyTesting
import Reporting
import Sharing

@testable import Training

extension Configuration {
  /// A run of a moment: nets of four units (47 parameters in 10 blocks), flushes of 3 steps, 3 episodes of 7.
  static func small(
    _ sharing: SharingProtocol, workers: Int = 2, _ change: (inout Configuration) -> Void = { _ in }
  ) -> Configuration {
    var configuration = Preset.sjtu.configuration
    (configuration.sharing, configuration.workers, configuration.episodes) = (sharing, workers, 3)
    (configuration.network.actor, configuration.network.critic) = ([4], [4])
    (configuration.maxSteps, configuration.flushLength, configuration.seed) = (7, 3, 7)
    change(&configuration)
    return configuration
  }

  /// Small runs of every kind that can be recorded.
  static let recordable = Generator<Configuration> { choices in
    // The protocols that programs mean to have come up as often as all that they have by mistake.
    let kinds = choices.below(2) == 0 ? [SharingProtocol.sharded, .locked] : SharingProtocol.allCases
    let sharing = choices.draw(.element(of: kinds.filter(\.isLocked)))
    let workers = choices.draw(.integer(in: 1...16))
    return .small(sharing, workers: workers) {
      $0.episodes = workers * choices.draw(.integer(in: 1...4))
      $0.maxSteps = choices.draw(.integer(in: 1...120))
      $0.flushLength = choices.draw(.integer(in: 1...12))
      $0.network.actor = [choices.draw(.integer(in: 1...24))]
      $0.network.critic = [choices.draw(.integer(in: 1...16))]
      $0.granularity = choices.below(2) == 0 ? .tensor : .chunk(choices.draw(.element(of: [1, 3, 8, 17, 64])))
      $0.pullsInitially = choices.below(2) == 1
      $0.limitIsTerminal = choices.below(2) == 1
      let twice: StepCount = sharing == .sharded ? .readTwice : .shared
      $0.stepCount = choices.draw(.element(of: [.privateToWorker, .shared, twice]))
      $0.episodeCount = choices.draw(.element(of: [.indivisible, .indivisible, .loadThenStore]))
      $0.rewardSmoothing = choices.draw(.element(of: [.sentinel, .flagged, .checkThenSet]))
      $0.acting = choices.below(4) == 0 && sharing != .overwrite ? .sharedNet : .localNet
      $0.stalenessBound = choices.below(4) == 0 && sharing == .locked ? choices.below(3) : nil
      $0.episodeClaim = choices.draw(.element(of: [.lookAtFinished, .takeFromBudget]))
      $0.seed = UInt64(choices.below(1 << 32))
    }
  }
}

/// A run that was recorded, and how it ended.
struct RecordedRun {
  var configuration: Configuration
  /// The whole trace.
  var trace: [UInt8]
  var digest: String
  var statistics: RunStatistics
  var results: [EpisodeResult]
  var failure: WorkerFailure?

  /// The run on threads that `number` names. What its threads do is the processor's choice.
  static func onThreads(number: Int) throws -> RecordedRun {
    var choices = Choices(seed: 1, case: number)
    let configuration = choices.draw(Configuration.recordable)
    return try onThreads(configuration, cuts: choices.draw(.integer(in: 0...3)))
  }

  /// A run on threads, with as many cuts before the last one as there is time for, at most `cuts`.
  static func onThreads(_ configuration: Configuration, cuts: Int = 0) throws -> RecordedRun {
    let folder = try TemporaryFolder()
    let (world, workers) = try configuration.makeRun()
    let recorder = try TraceRecorder(AtomicFile(path: folder.path(of: "trace"), force: false), of: world)
    let trainer = Trainer(world, workers, recorder: recorder)
    try trainer.start()
    for _ in 0..<cuts {
      if trainer.wait(seconds: 0.000_2) { break }
      trainer.pause()
      try recorder.cut(trainer.world, trainer.workers, accesses: trainer.accesses)
      trainer.resume()
    }
    while !trainer.wait(seconds: 10) {}
    trainer.leave()
    try recorder.cut(trainer.world, trainer.workers, accesses: trainer.accesses)
    try recorder.end(trainer.failure == nil ? .finished : .failed)
    return RecordedRun(
      configuration, trace: try folder.bytes(of: "trace"), trainer.world, trainer.workers, failure: trainer.failure)
  }

  /// A run in lockstep, recorded as if its workers were threads, with a cut wherever everybody happens to stand before
  /// a record.
  static func inLockstep(
    _ configuration: Configuration, _ schedule: Schedule = .random, seed: UInt64 = 1, from checkpoint: Checkpoint? = nil
  ) throws -> RecordedRun {
    final class Log {
      var log: AccessLog
      init(_ world: TrainingWorld) {
        log = AccessLog(world.plan.configuration, blocks: world.model.blocks.count, capacity: 1 << 16)
      }
    }
    let folder = try TemporaryFolder()
    let (world, workers) = try checkpoint?.makeRun() ?? configuration.makeRun()
    let recorder = try TraceRecorder(
      AtomicFile(path: folder.path(of: "trace"), force: false), of: world,
      from: try checkpoint.map { (try $0.bytes(), $0.digest) })
    var run = TrainingSimulation(
      world: world, processes: workers, strategy: ScheduleStrategy(schedule, for: workers, seed: seed))
    run.world.witnessesPulls = true
    let logs = workers.map { _ in Log(world) }
    var (phases, accesses) = (workers.map(\.phase), workers.map { _ in 0 })
    while let step = run.advance() {
      let worker = step.process
      logs[worker].log.note(phases[worker], ticket: run.world.ticket, pulled: run.processes[worker].pulled)
      accesses[worker] += 1
      phases[worker] = run.processes[worker].phase
      guard phases.allSatisfy(\.beginsRecord) else { continue }
      for (number, log) in logs.enumerated() { recorder.append(&log.log, of: number) }
      try recorder.cut(run.world, run.processes, accesses: accesses)
    }
    try recorder.end(run.world.failure == nil ? .finished : .failed)
    return RecordedRun(
      configuration, trace: try folder.bytes(of: "trace"), run.world, run.processes, failure: run.world.failure)
  }

  private init(
    _ configuration: Configuration, trace: [UInt8], _ world: TrainingWorld, _ workers: [Worker],
    failure: WorkerFailure?
  ) {
    self.configuration = configuration
    self.trace = trace
    digest = "\(world.digest(of: workers))"
    statistics = world.statistics
    results = world.board.allResults
    self.failure = failure
  }

  /// A replay of the trace, before its first access.
  func replay() throws -> TraceReplay<Worker> { try TraceReplay(Trace(Data(trace))) }

  /// Replays the trace and tells in what it differs from the run; `nil` where it is the same in every bit.
  func difference() throws -> String? {
    var replay = try replay()
    do { try replay.run() } catch { return error.description }
    let world = replay.simulation.world
    if replay.cuts != replay.trace.cuts { return "\(replay.cuts.count) of \(replay.trace.cuts.count) cuts" }
    if "\(replay.simulation.digest)" != digest { return "digest \(replay.simulation.digest), not \(digest)" }
    if world.statistics.withoutWitness != statistics.withoutWitness { return "other statistics" }
    if world.board.allResults != results { return "other results" }
    // By their texts: numbers that are none are not equal.
    if world.failure?.description != failure?.description {
      return "\(String(describing: world.failure)), not \(String(describing: failure))"
    }
    return nil
  }
}

extension RunStatistics {
  /// Without what the last access showed: which one came last is an accident of the order of independent accesses.
  var withoutWitness: RunStatistics {
    RunStatistics(
      environmentSteps: environmentSteps, updates: updates, staleness: staleness,
      hazards: Hazard.allCases.map(count(of:)))
  }
}
