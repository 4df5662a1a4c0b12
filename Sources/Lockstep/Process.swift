// What the engine needs to know of an asynchronous program: whose turn it could be, and what that turn would touch.
// Nothing here knows of learning; any program written as resumable steps over shared objects can be driven.

/// One visible operation on one shared object. Two accesses of different processes conflict when they touch the same
/// object and at least one of them changes it; only the order of conflicting accesses can change a result.
public struct Access: Hashable, Sendable, CustomStringConvertible {
  /// What is done to the object.
  public enum Kind: UInt8, Hashable, Sendable {
    /// Observes the object.
    case read
    /// Replaces the object's value without looking at it in the same access.
    case write
    /// Reads and writes the object in one indivisible access.
    case update
    /// Takes a lock; possible only while nobody holds it.
    case acquire
    /// Gives a lock back.
    case release
  }

  /// The shared object, numbered by the program.
  public var object: Int
  /// What is done to it.
  public var kind: Kind

  /// An access of kind `kind` to `object`.
  @inlinable
  public init(_ kind: Kind, _ object: Int) {
    self.object = object
    self.kind = kind
  }

  /// Whether the order of `self` and `other` can matter.
  @inlinable
  public func conflicts(with other: Access) -> Bool {
    object == other.object && !(kind == .read && other.kind == .read)
  }

  /// The access as the call of its kind: `write(3)`.
  public var description: String { "\(kind)(\(object))" }
}

/// The state that processes share. A snapshot must not change when the original does.
public protocol World {
  /// An independent copy. Values are their own copies; a world that holds references copies what they refer to.
  func snapshot() -> Self

  /// What a shared object is called where an access is printed.
  func name(of object: Int) -> String
}

extension World {
  /// A value is its own copy.
  @inlinable
  public func snapshot() -> Self { self }

  /// The object's number.
  public func name(of object: Int) -> String { "\(object)" }
}

/// A resumable program: between two calls of `step` it stands before its next shared access.
public protocol Process {
  /// What the processes share.
  associatedtype Shared: World

  /// The shared access that the next `step` makes; `nil` when the process has finished.
  var nextAccess: Access? { get }

  /// How much virtual time the private work before `nextAccess` takes, in ticks, at least 1. Only strategies with a
  /// clock look at it.
  var delay: Int { get }

  /// Whether `nextAccess` can be made now; `false` while it waits for a lock, a barrier or a queue.
  func isEnabled(in world: Shared) -> Bool

  /// Whether `isEnabled` can ever be `false`. The engine asks all processes again after every step if one says so at
  /// the beginning.
  var canBlock: Bool { get }

  /// Makes exactly `nextAccess`, then the private work up to the access that follows it.
  mutating func step(_ world: inout Shared)
}

extension Process {
  /// One tick an access.
  @inlinable
  public var delay: Int { 1 }
  /// Always.
  @inlinable
  public func isEnabled(in world: Shared) -> Bool { true }
  /// Never.
  @inlinable
  public var canBlock: Bool { false }
}
