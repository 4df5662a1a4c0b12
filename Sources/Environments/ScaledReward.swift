// Shifts and scales rewards, as published programs do it before they learn from them.

import DeterministicMath

/// An environment whose rewards are `(reward + shift) · factor`. Evaluate a policy on the environment itself.
public struct ScaledReward<Base: Environment>: Environment {
  /// The environment within, in its current state.
  public var base: Base
  /// Added to the reward first.
  public let shift: Double
  /// Then multiplied.
  public let factor: Double

  /// Scales the rewards of `base`.
  /// - Precondition: both numbers are finite.
  public init(_ base: Base, shift: Double = 0, factor: Double = 1) {
    precondition(shift.isFinite && factor.isFinite, "a reward is scaled by numbers, not by \(shift) and \(factor)")
    self.base = base
    self.shift = shift
    self.factor = factor
  }

  /// The name of the environment within.
  public var name: String { base.name }

  /// The observations of the environment within.
  public var observationSpace: Space { base.observationSpace }

  /// The actions of the environment within.
  public var actionSpace: Space { base.actionSpace }

  /// Resets the environment within.
  public mutating func reset(using source: inout some UniformSource) { base.reset(using: &source) }

  /// Observes the environment within.
  public func observe(into observation: inout MutableSpan<Double>) { base.observe(into: &observation) }

  /// Steps the environment within and scales the reward.
  public mutating func step(_ action: Span<Double>) -> StepOutcome {
    var outcome = base.step(action)
    outcome.reward = (outcome.reward + shift) * factor
    return outcome
  }

  /// Feeds the environment within, shift and factor.
  public func digest(into digest: inout StateDigest) {
    base.digest(into: &digest)
    digest.combine(shift)
    digest.combine(factor)
  }

  /// The state of the environment within.
  public var state: [Double] {
    get { base.state }
    set { base.state = newValue }
  }

  /// What is wrong with the environment within.
  public var fault: String? { base.fault }
}

extension ScaledReward: Equatable where Base: Equatable {}
