// A launched program's processes in words, and what reports ask of them.

import DeterministicMath
import Lockstep

extension LaunchProcess: Participant {
  /// `parent`, or `thread` and its number.
  public var name: String { Self.name(of: number) }

  /// What the process of this number is called.
  public static func name(of process: Int) -> String { process == 0 ? "parent" : "thread \(process - 1)" }

  /// What the next access is.
  public func nextAccessDescription(in world: LaunchWorld) -> String? {
    switch place {
    case .binding(let worker): "set the loop variable to worker \(worker)"
    case .starting(let thread): "start thread \(thread)"
    case .taking: "take a result from the queue"
    case .joining(let thread): "join thread \(thread)"
    case .beginning: "begin to run"
    case .lookingUp: "read the loop variable"
    case .working(.publishing, _): "put a result into the queue"
    case .working(let phase, _): driven(in: world, at: phase).nextAccessDescription(in: world.training)
    case .marking: "put an end mark into the queue"
    case .ending: "end"
    case .finished: nil
    }
  }

  /// The thread's worker as it stands before its next access.
  private func driven(in world: LaunchWorld, at phase: Worker.Phase) -> Worker {
    var worker = world.workers[worker!]
    worker.phase = phase
    return worker
  }

  /// What the process waits for, in words; `nil` where it can go on or has finished.
  public func waitDescription(in world: LaunchWorld) -> String? {
    guard nextAccess != nil, !isEnabled(in: world) else { return nil }
    switch need {
    case .nothing, .finished: return nil
    case .start: return "\(name) waits to be started"
    case .room:
      let isAbandoned = world.endMarksTaken == world.endMarksAwaited
      return "\(name) waits for room in the queue of \(world.program.queueCapacity)"
        + (isAbandoned ? ", which nobody empties any more" : "")
    case .item: return "\(name) waits for a result or an end mark in the queue"
    case .end(let other): return "\(name) waits for thread \(other) to end"
    }
  }

  /// The place at which the thread is in its worker's program, whose results it puts elsewhere.
  public var workerPhase: Worker.Phase? {
    if case .working(let phase, _) = place, phase != .publishing { phase } else { nil }
  }

  /// The worker that the thread runs, once it knows.
  public func worker(in world: LaunchWorld) -> Worker? { worker.map { world.workers[$0] } }

  /// What the statistics noted.
  public static func witnessed(in world: LaunchWorld) -> HazardSet { world.training.statistics.witnessed }

  /// The world of the workers.
  public static func training(in world: LaunchWorld) -> TrainingWorld { world.training }

  /// Those of the training run, then the parent's and the threads'.
  public static func objectNames(in world: LaunchWorld) -> [String] {
    let threads = world.started.indices
    return Worker.objectNames(in: world.training) + ["loop variable", "queue"]
      + threads.map { "start of thread \($0)" } + threads.map { "end of thread \($0)" }
  }

  /// How the workers are started and awaited.
  public static func launch(in world: LaunchWorld) -> LaunchProgram? { world.program }

  /// The digest of the training run, of the queue, and of where everybody stands.
  public static func digest(of processes: [LaunchProcess], in world: LaunchWorld) -> StateDigest {
    var digest = StateDigest()
    world.digest(into: &digest)
    for process in processes {
      digest.combine(process.nextAccess.map { $0.object << 3 + Int($0.kind.rawValue) } ?? -1)
      digest.combine(process.worker ?? -1)
      digest.combine(process.updates)
    }
    return digest
  }
}
