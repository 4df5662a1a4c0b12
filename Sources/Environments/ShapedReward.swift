// Pays another reward for the same steps, where the original one is too rare to learn from.

import DeterministicMath

/// A reward in place of the original one.
public struct RewardShape<Base: Environment>: Sendable {
  /// What the shape is called; digests see it.
  public let name: String
  /// The reward of a step that led to `next` with `outcome`, whose reward is the original one.
  public let reward: @Sendable (_ next: Base, _ outcome: StepOutcome) -> Double

  /// A shape called `name`. Its reward is a function of its arguments alone.
  public init(_ name: String, reward: @escaping @Sendable (Base, StepOutcome) -> Double) {
    self.name = name
    self.reward = reward
  }
}

extension RewardShape<MountainCar> {
  /// e to the power of 10 · position + velocity, of the state after the step: the reward by which `a2c-step` learns.
  public static let exponential = RewardShape("exponential") { car, _ in
    exponential(position: car.position, velocity: car.velocity)
  }

  /// The same of these numbers, which are what a car observes.
  public static func exponential(position: Double, velocity: Double) -> Double {
    Double.exp(10 * position + velocity)
  }
}

/// An environment that pays the rewards of a shape. Evaluate a policy on the environment itself.
public struct ShapedReward<Base: Environment>: Environment {
  /// The environment within, in its current state.
  public var base: Base
  /// What it pays.
  public let shape: RewardShape<Base>

  /// Pays for the steps of `base` what `shape` says.
  public init(_ base: Base, _ shape: RewardShape<Base>) {
    self.base = base
    self.shape = shape
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

  /// Steps the environment within and replaces the reward.
  public mutating func step(_ action: Span<Double>) -> StepOutcome {
    var outcome = base.step(action)
    outcome.reward = shape.reward(base, outcome)
    return outcome
  }

  /// Feeds the environment within and the name of the shape.
  public func digest(into digest: inout StateDigest) {
    base.digest(into: &digest)
    for byte in shape.name.utf8 { digest.combine(UInt64(byte)) }
  }

  /// The state of the environment within.
  public var state: [Double] {
    get { base.state }
    set { base.state = newValue }
  }

  /// What is wrong with the environment within.
  public var fault: String? { base.fault }
}
