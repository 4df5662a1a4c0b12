// A schedule that is already known: a found failure, a recorded run, the prefix of a search.

/// Chooses what was chosen before, and stops at the end of the record or where the record cannot be followed.
public struct Replayed: Strategy, Sendable {
  /// The processes, in the order of their accesses.
  public let choices: [Int]
  private var position = 0

  /// Follows `choices`.
  public init(_ choices: [Int]) { self.choices = choices }

  /// The next process on record, if it can run.
  public mutating func choose(from runnable: RunnableSet) -> Int? {
    guard position < choices.count, runnable.contains(choices[position]) else { return nil }
    position += 1
    return choices[position - 1]
  }
}

extension Simulation where S == Replayed {
  /// A run at its beginning for which nothing is chosen yet: where searches start, and `snapshot(drivenBy:)` makes runs
  /// of it.
  @inlinable
  public init(world: P.Shared, processes: [P]) {
    self.init(world: world, processes: processes, strategy: Replayed([]))
  }
}
