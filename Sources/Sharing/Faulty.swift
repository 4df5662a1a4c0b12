// A process that dies, is started again, or is slow. It is a process itself, so whatever drives, searches, shrinks or
// explains runs does so with faults in them.

import DeterministicMath
import Lockstep

/// A process with the faults that strike it: those that a schedule sees. A gradient's faults are the world's
/// (`TrainingWorld.inject`).
public struct Faulty<Base: Participant>: Participant {
  /// The process as it is now.
  public private(set) var base: Base
  /// What may strike it.
  public let faults: [Fault]
  /// How often each of `faults` has struck.
  public private(set) var fired: [Int]
  /// How many accesses it has made, in all its lives.
  public private(set) var accesses = 0
  /// Whether it has stopped for ever.
  public private(set) var isStopped = false
  /// What it is started again as.
  private let fresh: Base

  /// A process that is to begin.
  /// - Parameters:
  ///   - base: before its first access; all that dies with it must be its own, so that its copy can begin anew.
  ///   - faults: those of this worker.
  public init(_ base: Base, faults: [Fault]) {
    self.base = base
    self.faults = faults
    fresh = base
    fired = Array(repeating: 0, count: faults.count)
    strike()
  }

  /// Makes the process's next access, and lets the faults strike that are due after it.
  public mutating func step(_ world: inout Base.Shared) {
    base.step(&world)
    accesses += 1
    for (index, fault) in faults.enumerated() { if case .slow = fault { fired[index] += 1 } }
    strike()
  }

  /// A process that has finished cannot die any more.
  private mutating func strike() {
    for (index, fault) in faults.enumerated() where !isStopped && base.nextAccess != nil {
      switch fault {
      case .stop(_, accesses):
        isStopped = true
        fired[index] += 1
      case .restart(_, accesses):
        base = fresh
        fired[index] += 1
      case .stop, .restart, .slow, .poison: break
      }
    }
  }

  /// The process's next access; `nil` for ever once it has stopped.
  public var nextAccess: Access? { isStopped ? nil : base.nextAccess }

  /// The process's delay, as many times as long as it is slower.
  public var delay: Int { base.delay * slowness }

  /// How many times slower it is.
  public var slowness: Int {
    for case .slow(_, let factor) in faults { return factor }
    return 1
  }

  /// As the process.
  public func isEnabled(in world: Base.Shared) -> Bool { base.isEnabled(in: world) }

  /// As of the process.
  public var canBlock: Bool { base.canBlock }

  /// The process's name.
  public var name: String { base.name }

  /// How many updates the process has pushed in its present life.
  public var updates: Int { base.updates }

  /// As of the process; `nil` for ever once it has stopped.
  public func nextAccessDescription(in world: Base.Shared) -> String? {
    isStopped ? nil : base.nextAccessDescription(in: world)
  }

  /// As of the process, until it has stopped.
  public func waitDescription(in world: Base.Shared) -> String? {
    isStopped ? "\(name) has stopped for ever" : base.waitDescription(in: world)
  }

  /// As of the process.
  public var workerPhase: Worker.Phase? { base.workerPhase }

  /// The worker that has, or will have, the faults.
  public func worker(in world: Base.Shared) -> Worker? { base.worker(in: world) }

  /// As of the process.
  public static func witnessed(in world: Base.Shared) -> HazardSet { Base.witnessed(in: world) }

  /// As of the process.
  public static func training(in world: Base.Shared) -> TrainingWorld { Base.training(in: world) }

  /// As of the process.
  public static func objectNames(in world: Base.Shared) -> [String] { Base.objectNames(in: world) }

  /// As of the process.
  public static func launch(in world: Base.Shared) -> LaunchProgram? { Base.launch(in: world) }

  /// The digest of the processes' state and of how far their faults have struck.
  public static func digest(of processes: [Faulty], in world: Base.Shared) -> StateDigest {
    var digest = Base.digest(of: processes.map(\.base), in: world)
    for process in processes {
      digest.combine(process.isStopped)
      digest.combine(process.accesses)
    }
    return digest
  }
}
