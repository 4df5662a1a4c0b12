// The schedule of the stalest writes: asynchronous learning depends on how old the values are that a step is computed
// from, and this strategy makes them as old as is asked for.

/// Holds each change of an object back until others have changed the object K times since the process last saw it.
///
/// A process that has observed an object (`read`, or `update`) is held before its next `write` or `update` of it. Once
/// K changes have passed it goes first, so that no further change makes the lag longer than K; two that are due at once
/// go one after the other, the second with a lag of K + 1. Where everybody is held, the process with the least lag
/// goes: the others approach K. So a lag below K happens only where nobody else could run. Which of several equal
/// processes goes is up to `base`.
public struct Lagging<Base: Strategy>: Strategy {
  /// K.
  public let lag: Int
  /// The strategy that chooses among the processes that are not held.
  public var base: Base

  /// Whether changes of an object are held back.
  @usableFromInline let holds: @Sendable (_ object: Int) -> Bool
  /// By object: how often it has been changed.
  @usableFromInline var changes: [Int] = []
  /// By process and object: `changes` when the process last saw it; -1 where it has not, or has changed it since.
  @usableFromInline var seen: [[Int]]
  /// By process: its next access.
  @usableFromInline var pending: [Access?]

  /// Holds changes back until they lag by `lag`.
  /// - Parameters:
  ///   - first: the accesses before which the processes stand.
  ///   - base: chooses among those that may go; it hears of all accesses.
  ///   - holds: the objects that this applies to, all if nothing else is said. A counter that every process takes
  ///     numbers from would be held like any other object.
  @inlinable
  public init(
    _ lag: Int, first: [Access?], _ base: Base, holds: @escaping @Sendable (_ object: Int) -> Bool = { _ in true }
  ) {
    precondition(lag >= 0, "a negative lag")
    self.lag = lag
    self.base = base
    self.holds = holds
    pending = first
    seen = Array(repeating: [], count: first.count)
  }

  /// By how many changes of others the next access of `process` would lag; `nil` where there is nothing to hold it for.
  @inlinable
  public func lag(of process: Int) -> Int? {
    guard let access = pending[process], access.kind == .write || access.kind == .update, holds(access.object),
      access.object < seen[process].count, seen[process][access.object] >= 0
    else { return nil }
    return changes[access.object] - seen[process][access.object]
  }

  /// A process that has waited long enough, else one that does not wait, else one with the least lag.
  @inlinable
  public mutating func choose(from runnable: RunnableSet) -> Int? {
    var due = RunnableSet(processes: runnable.processes, all: false)
    var free = due
    var youngest = due
    var leastLag = Int.max
    for process in runnable.members {
      guard let lag = lag(of: process) else {
        free.insert(process)
        continue
      }
      if lag >= self.lag {
        due.insert(process)
      } else if lag <= leastLag {
        if lag < leastLag { youngest = RunnableSet(processes: runnable.processes, all: false) }
        leastLag = lag
        youngest.insert(process)
      }
    }
    return base.choose(from: !due.isEmpty ? due : !free.isEmpty ? free : youngest)
  }

  /// Counts changes and notes who has seen what.
  @inlinable
  public mutating func didStep(_ process: Int, access: Access, next: Access?, delay: Int?) {
    let object = access.object
    while changes.count <= object { changes.append(0) }
    while seen[process].count <= object { seen[process].append(-1) }
    if access.kind == .write || access.kind == .update { changes[object] += 1 }
    switch access.kind {
    case .read, .update: seen[process][object] = changes[object]
    case .write: seen[process][object] = -1
    case .acquire, .release: break
    }
    pending[process] = next
    base.didStep(process, access: access, next: next, delay: delay)
  }

  /// What the base's clock says.
  @inlinable
  public var virtualTime: Double? { base.virtualTime }
}
