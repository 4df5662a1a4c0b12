// The schedule of a scheduler without any preference: every runnable process is equally likely, at every access.

/// A uniform random walk over the interleavings (not uniform over whole schedules: short processes end early).
public struct RandomWalk<Generator: RandomNumberGenerator & Sendable>: Strategy, Sendable {
  private var generator: Generator

  /// Draws from `generator`, one draw an access.
  public init(generator: Generator) { self.generator = generator }

  public mutating func choose(from runnable: RunnableSet) -> Int? {
    runnable.isEmpty ? nil : runnable.member(rank: Int(generator.draw(below: UInt64(runnable.count))))
  }
}
