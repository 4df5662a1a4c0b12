// What the parent and the threads of a launched program share: the training run, and what the parent starts and awaits.

import DeterministicMath
import Lockstep

/// What a process's next access needs before it can be made.
public enum LaunchNeed: Hashable, Sendable {
  /// Nothing.
  case nothing
  /// That the thread has been started.
  case start(Int)
  /// Room in the queue.
  case room
  /// Something in the queue.
  case item
  /// That the thread has ended.
  case end(Int)
  /// There is no next access.
  case finished
}

/// The shared objects of a launched program.
public struct LaunchWorld: World {
  /// How it starts and waits.
  public let program: LaunchProgram
  /// The model, the board and the statistics of the workers.
  public internal(set) var training: TrainingWorld
  /// The data of the workers. Where each of them stands is the threads' affair: two that run one worker share its net,
  /// its environment and its random streams, and each has a place of its own in its program. That data is no object of
  /// any access, so an `Exploration` is exact up to where a second thread begins to run a worker, and no further.
  public internal(set) var workers: [Worker]
  /// The worker that the parent's loop is at.
  public internal(set) var loopVariable = 0
  /// By thread: the worker that its closure holds; `nil` before it is started, and the loop variable at that time.
  public internal(set) var started: [Int?]
  /// By thread: whether it has ended.
  public internal(set) var ended: [Bool]
  /// Results, and `nil` for an end mark, in order of arrival.
  public internal(set) var queue: [EpisodeResult?] = []
  /// The results that the parent has taken.
  public internal(set) var taken: [EpisodeResult] = []
  /// How many end marks the parent has taken.
  public internal(set) var endMarksTaken = 0
  /// How many end marks the parent takes before it joins.
  var endMarksAwaited: Int

  /// By worker: how many threads have begun to run it. Detectors' own count, as is `needs`; no process decides anything
  /// by them.
  var runners: [Int]
  /// By process: what its next access needs.
  var needs: [LaunchNeed]

  init(_ program: LaunchProgram, training: TrainingWorld, workers: [Worker], needs: [LaunchNeed]) {
    self.program = program
    self.training = training
    self.workers = workers
    self.needs = needs
    started = Array(repeating: nil, count: workers.count)
    ended = Array(repeating: false, count: workers.count)
    runners = Array(repeating: 0, count: workers.count)
    endMarksAwaited =
      switch program.joining {
      case .afterFirstEndMark: 1
      case .afterAllEndMarks: workers.count
      }
  }

  /// A copy with a model and a board of its own, as `TrainingWorld.snapshot()`.
  public func snapshot() -> LaunchWorld {
    var copy = self
    copy.training = training.snapshot()
    return copy
  }

  /// Whether an access with this need can be made.
  public func meets(_ need: LaunchNeed) -> Bool {
    switch need {
    case .nothing: true
    case .start(let thread): started[thread] != nil
    case .room: queue.count < program.queueCapacity
    case .item: !queue.isEmpty
    case .end(let thread): ended[thread]
    case .finished: false
    }
  }

  /// Puts a result, or an end mark, into the queue.
  mutating func put(_ item: EpisodeResult?) {
    precondition(meets(.room), "the queue holds \(queue.count) already")
    queue.append(item)
  }

  /// Notes a deadlock in which the parent joins: whoever it waits for waits for room in the queue.
  mutating func noteDeadlock() {
    guard case .end = needs[0], !needs.contains(where: meets) else { return }
    training.statistics.note(.earlyExitJoin)
  }

  /// Feeds everything but the processes' places to `digest`.
  func digest(into digest: inout StateDigest) {
    digest.combine(training.digest(of: workers).value)
    digest.combine(loopVariable)
    for worker in started { digest.combine(worker ?? -1) }
    for hasEnded in ended { digest.combine(hasEnded) }
    digest.combine(queue.count)
    for item in queue { digest.combine(item.map(\.worker) ?? -1) }
    digest.combine(taken.count)
    digest.combine(endMarksTaken)
  }
}
