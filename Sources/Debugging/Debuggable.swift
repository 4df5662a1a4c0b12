// What the debugger wants to know beyond what explanations do: the worker behind a process, to look into its net, its
// flush and its noise.

import Sharing

/// A process that can be looked into.
public protocol Debuggable: Participant {
  /// The worker that it is or drives; `nil` for a process that has none.
  var worker: Worker? { get }
}

extension Worker: Debuggable {
  /// The worker itself.
  public var worker: Worker? { self }
}
