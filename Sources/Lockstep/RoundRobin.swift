// The fairest schedule and the simplest: a baseline that needs no randomness.

/// Each runnable process makes one access in turn, in numeric order.
public struct RoundRobin: Strategy, Hashable, Sendable, Codable {
  private var turn = 0

  /// Starts with process 0.
  public init() {}

  /// Whether this can be the turn of so many processes: one that was read from a file may be anything.
  public func isConsistent(processes: Int) -> Bool { 0...processes ~= turn }

  /// The runnable process that follows the latest one in numeric order, cyclically.
  public mutating func choose(from runnable: RunnableSet) -> Int? {
    guard let process = runnable.first(from: turn) else { return nil }
    turn = process + 1
    return process
  }
}
