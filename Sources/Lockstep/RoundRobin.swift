// The fairest schedule and the simplest: a baseline that needs no randomness.

/// Each runnable process makes one access in turn, in numeric order.
public struct RoundRobin: Strategy, Sendable {
  private var turn = 0

  /// Starts with process 0.
  public init() {}

  /// The runnable process that follows the latest one in numeric order, cyclically.
  public mutating func choose(from runnable: RunnableSet) -> Int? {
    guard let process = runnable.first(from: turn) else { return nil }
    turn = process + 1
    return process
  }
}
