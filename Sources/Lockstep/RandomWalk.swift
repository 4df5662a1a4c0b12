// The schedule of a scheduler without any preference: every runnable process is equally likely, at every access.

/// A uniform random walk over the interleavings (not uniform over whole schedules: short processes end early).
public struct RandomWalk<Generator: RandomNumberGenerator & Sendable>: Strategy, Sendable {
  @usableFromInline var generator: Generator

  /// Draws from `generator`, one draw an access.
  @inlinable
  public init(generator: Generator) { self.generator = generator }

  /// Any runnable process, each with the same probability.
  @inlinable
  public mutating func choose(from runnable: RunnableSet) -> Int? {
    runnable.isEmpty ? nil : runnable.member(rank: Int(generator.draw(below: UInt64(runnable.count))))
  }
}

extension RandomWalk: Codable where Generator: Codable {}
