// What the debugger wants to know beyond what explanations do: the worker behind a process, to look into its net, its
// flush and its noise.

import Lockstep
import Sharing

/// A process that can be looked into.
public protocol Debuggable: Participant {
  /// The worker that it is or drives; `nil` for a process that has none.
  func worker(in world: Shared) -> Worker?
  /// What it waits for, in words; `nil` where it can go on or has finished.
  func waitDescription(in world: Shared) -> String?
}

extension Debuggable {
  /// Nothing: most processes never wait.
  public func waitDescription(in world: Shared) -> String? { nil }
}

extension Worker: Debuggable {
  /// The worker itself.
  public func worker(in world: TrainingWorld) -> Worker? { self }
}

extension LaunchProcess: Debuggable {
  /// The worker that the thread runs, once it knows.
  public func worker(in world: LaunchWorld) -> Worker? { worker.map { world.workers[$0] } }
}

extension Faulty: Debuggable where Base: Debuggable {
  /// The worker that has, or will have, the faults.
  public func worker(in world: Base.Shared) -> Worker? { base.worker(in: world) }
}
