// Cuts episodes off after a number of steps. Apart from the environments, because a limit is no property of the task:
// a state at the limit is worth what it is worth earlier, which `truncated` tells the returns.

import DeterministicMath

/// An environment whose episodes are truncated after a number of steps, like Gym's wrapper of this name.
///
/// The last step is `truncated`, unless it `terminated` by itself. Gym's registered limit is 200 for Pendulum-v0.
public struct TimeLimit<Base: Environment>: Environment {
  /// The environment within, in its current state.
  public var base: Base
  /// How many steps an episode may take. 32 bits, so that a limited pendulum fits `any Environment` without a box.
  private let limit: Int32
  private var taken: Int32 = 0

  /// Limits the episodes of `base` to `limit` steps, counted from here and from each reset.
  /// - Precondition: `limit` is in 1...2147483647.
  public init(_ base: Base, steps limit: Int) {
    precondition(1...Int(Int32.max) ~= limit, "a time limit is 1 to \(Int32.max) steps, not \(limit)")
    self.base = base
    self.limit = Int32(limit)
  }

  /// How many steps an episode may take.
  public var steps: Int { Int(limit) }

  /// How many steps the episode has taken.
  public var elapsed: Int { Int(taken) }

  /// The name of the environment within.
  public var name: String { base.name }

  /// The observations of the environment within.
  public var observationSpace: Space { base.observationSpace }

  /// The actions of the environment within.
  public var actionSpace: Space { base.actionSpace }

  /// Resets the environment within and the count of steps.
  public mutating func reset(using source: inout some UniformSource) {
    base.reset(using: &source)
    taken = 0
  }

  /// Observes the environment within.
  public func observe(into observation: inout MutableSpan<Double>) { base.observe(into: &observation) }

  /// Steps the environment within and truncates at the limit.
  /// - Precondition: the episode has not been truncated already; `reset` comes first.
  public mutating func step(_ action: Span<Double>) -> StepOutcome {
    precondition(taken < limit, "the episode of \(name) ended after \(limit) steps; reset it before the next step")
    taken += 1
    var outcome = base.step(action)
    if taken == limit && !outcome.terminated { outcome.truncated = true }
    return outcome
  }

  /// Feeds the environment within, the limit and the steps taken.
  public func digest(into digest: inout StateDigest) {
    base.digest(into: &digest)
    digest.combine(steps)
    digest.combine(elapsed)
  }

  /// The steps taken, then the state of the environment within.
  public var state: [Double] {
    get { [Double(taken)] + base.state }
    set {
      precondition(
        newValue.first.flatMap { Int32(exactly: $0) }.map { 0...limit ~= $0 } == true,
        "a time limit's state begins with the steps taken, from 0 to \(limit)")
      taken = Int32(newValue[0])
      base.state = Array(newValue.dropFirst())
    }
  }

  /// What is wrong with the environment within.
  public var fault: String? { base.fault }
}

extension TimeLimit: Equatable where Base: Equatable {}
