// Looks after a training run while it goes on: shows how it goes, notes its results, saves checkpoints, and stops it
// when somebody asks. It reads the clock, and nothing that it does reaches a result.

import Foundation
import Lockstep
import Reporting
import Sharing
import Training

/// Somebody who watches a run.
struct Watch {
  private let folder: RunFolder
  private let checkpointPath: String
  private let interval: Int?
  private let meter: ProgressMeter
  private let begun = ProgressMeter.monotonicSeconds()
  private let stepsBefore: Int
  private var nextUpdates: Int
  private var nextTime: Double
  /// How long the run has taken, from its start to its end, without what came before and after.
  private(set) var seconds = 0.0
  /// Why a worker could not go on.
  private(set) var failure: WorkerFailure?

  /// How long a run goes on between two checkpoints, if nothing else is asked for.
  private static let secondsBetweenCheckpoints = 30.0

  /// Gets ready to watch a run.
  init(
    folder: RunFolder, checkpointPath: String, every interval: Int?, startingAt statistics: RunStatistics, total: Int?
  ) {
    self.folder = folder
    self.checkpointPath = checkpointPath
    self.interval = interval
    stepsBefore = statistics.environmentSteps
    nextUpdates = interval.map { statistics.updates.addingSaturated($0) } ?? .max
    nextTime = begun + Self.secondsBetweenCheckpoints
    meter = ProgressMeter("train", total: total, unit: "steps", startingAt: stepsBefore)
  }

  // MARK: Threads

  /// Runs the threads to their end, or until somebody interrupts. There is a checkpoint from the beginning on, so
  /// that a run can be gone on with whenever it is killed.
  mutating func run(_ trainer: Trainer, _ recorder: TraceRecorder?) throws {
    let (beginning, standing) = (trainer.world, trainer.workers)
    try recorder?.cut(beginning, standing, accesses: trainer.accesses)
    try show(trainer.progress, trainer.board, since: begun)
    try Checkpoint(beginning, standing).save(in: checkpointPath)
    let start = ProgressMeter.monotonicSeconds()
    var first = FirstError()
    first.attempt {
      try trainer.start()
      try attend(trainer, recorder, since: start)
    }
    trainer.leave()
    seconds = ProgressMeter.monotonicSeconds() - start
    failure = trainer.failure
    let (world, workers) = (trainer.world, trainer.workers)
    first.attempt { try show(trainer.progress, trainer.board, since: start) }
    meter.finish()
    first.attempt {
      try recorder?.cut(world, workers, accesses: trainer.accesses)
      try recorder?.end(failure != nil ? .failed : trainer.isFinished ? .finished : .stopped)
    }
    if failure == nil { first.attempt { try Checkpoint(world, workers).save(in: checkpointPath) } }
    try first.rethrow()
  }

  /// Watches the threads until they have ended, somebody interrupts, or something cannot be written.
  private mutating func attend(_ trainer: Trainer, _ recorder: TraceRecorder?, since start: Double) throws {
    // Short enough for a checkpoint at small intervals, long enough to cost nothing.
    while !trainer.wait(seconds: interval == nil ? 0.05 : 0.005) {
      let progress = trainer.progress
      try show(progress, trainer.board, since: start)
      if isInterrupted || recorder?.error != nil { return }
      if isDue(progress.updates) { try save(trainer, recorder, since: start) }
    }
  }

  /// Saves a checkpoint. Its cut and its results are written first: what it has, the trace and the metrics have.
  private mutating func save(_ trainer: Trainer, _ recorder: TraceRecorder?, since start: Double) throws {
    trainer.pause()
    guard trainer.failure == nil else { return trainer.resume() }
    let (world, workers) = (trainer.world, trainer.workers)
    let checkpoint = Checkpoint(world, workers)
    // An error of the recorder's ends the run in good order, with a checkpoint.
    _ = try? recorder?.cut(world, workers, accesses: trainer.accesses)
    trainer.resume()
    guard recorder?.error == nil else { return }
    try show(trainer.progress, trainer.board, since: start)
    try checkpoint.save(in: checkpointPath)
    schedule(after: checkpoint.statistics.updates)
  }

  // MARK: Lockstep

  /// Runs a simulation to its end, or until somebody interrupts.
  mutating func run(_ simulation: inout TrainingSimulation) throws {
    try save(simulation, since: begun)
    let start = ProgressMeter.monotonicSeconds()
    var first = FirstError()
    first.attempt { try advance(&simulation, since: start) }
    seconds = ProgressMeter.monotonicSeconds() - start
    failure = simulation.world.failure
    first.attempt { try show(progress(of: simulation), simulation.world.board, since: start) }
    meter.finish()
    if failure == nil { first.attempt { try checkpoint(simulation).save(in: checkpointPath) } }
    try first.rethrow()
  }

  /// Advances a simulation until it ends, somebody interrupts, or something cannot be written.
  private mutating func advance(_ simulation: inout TrainingSimulation, since start: Double) throws {
    while simulation.world.failure == nil, let step = simulation.advance() {
      let updates = simulation.world.statistics.updates
      if interval != nil, updates >= nextUpdates { try save(simulation, since: start) }
      guard step.index & 0xfff == 0 else { continue }
      try show(progress(of: simulation), simulation.world.board, since: start)
      if isInterrupted { return }
      if interval == nil, isDue(updates) { try save(simulation, since: start) }
    }
  }

  private mutating func save(_ simulation: TrainingSimulation, since start: Double) throws {
    try show(progress(of: simulation), simulation.world.board, since: start)
    try checkpoint(simulation).save(in: checkpointPath)
    schedule(after: simulation.world.statistics.updates)
  }

  private func checkpoint(_ simulation: TrainingSimulation) -> Checkpoint {
    Checkpoint(simulation.world, simulation.processes, schedule: simulation.strategy)
  }

  private func progress(of simulation: TrainingSimulation) -> Trainer.Progress {
    var progress = Trainer.Progress()
    progress.environmentSteps = simulation.world.statistics.environmentSteps
    progress.updates = simulation.world.statistics.updates
    progress.meanStaleness = simulation.world.statistics.meanStaleness
    progress.smoothed = simulation.world.board.smoothed
    progress.episodes = simulation.world.board.finishedEpisodes
    return progress
  }

  // MARK: Both

  /// Whether somebody has asked for a stop; then it is said that there will be one.
  private var isInterrupted: Bool {
    guard let signal = Interruption.signalName else { return false }
    meter.note("\(signal): stopping; a second one stops at once")
    return true
  }

  private func isDue(_ updates: Int) -> Bool {
    interval != nil ? updates >= nextUpdates : ProgressMeter.monotonicSeconds() >= nextTime
  }

  private mutating func schedule(after updates: Int) {
    if let interval { nextUpdates = updates.addingSaturated(interval) }
    nextTime = ProgressMeter.monotonicSeconds() + Self.secondsBetweenCheckpoints
  }

  private func show(_ progress: Trainer.Progress, _ board: EpisodeBoard, since start: Double) throws {
    let elapsed = ProgressMeter.monotonicSeconds() - start
    let rate = Double(progress.environmentSteps - stepsBefore) / max(elapsed, 1e-9)
    try folder.note(board, progress, stepsPerSecond: rate)
    meter.update(
      progress.environmentSteps,
      notes: [
        counted(progress.episodes, "episode"), "reward \(NumberText.fixed(progress.smoothed, places: 3))",
        "staleness \(NumberText.fixed(progress.meanStaleness, places: 1))",
      ])
  }
}
