// Pendulum-v1 as gymnasium 1.4.0 computes it under NumPy 2 (gymnasium/envs/classic_control/pendulum.py): the rod of
// Pendulum-v0 with another rule for the angle, and partly in single precision.

import DeterministicMath

/// A rod on a motor, to be swung up and held upright with a torque that is too weak to lift it at once.
///
/// The observation is (cos θ, sin θ, θ̇), rounded to single precision. The action is one torque in N m, requested,
/// rounded to single precision and clipped to ±2; its products are rounded to single precision too, before they meet
/// the double state. An episode never terminates. Squares are `x * x` here and `pow(x, 2)` in the original, which
/// differs in the last place about once in a thousand.
public struct PendulumV1: Environment, Equatable {
  /// θ, the angle from upright in radians. It is never wrapped: each turn adds 2π.
  public var theta: Double
  /// θ̇, the angular velocity in rad/s, within ±8 after every step.
  public var thetaDot: Double

  /// Makes a pendulum in the given state; by default at rest, upright.
  public init(theta: Double = 0, thetaDot: Double = 0) {
    self.theta = theta
    self.thetaDot = thetaDot
  }

  /// `Pendulum-v1`.
  public var name: String { "Pendulum-v1" }

  /// (cos θ, sin θ, θ̇) within (±1, ±1, ±8).
  public var observationSpace: Space { .symmetric([1, 1, Pendulum.maximumSpeed]) }

  /// One torque within ±2 N m.
  public var actionSpace: Space { .symmetric([Pendulum.maximumTorque]) }

  /// Draws θ uniformly within ±π, then θ̇ within ±1. Gymnasium draws them from `PermutedCongruential`.
  public mutating func reset(using source: inout some UniformSource) {
    theta = source.uniform(in: -.pi ... .pi)
    thetaDot = source.uniform(in: -1...1)
  }

  /// Writes cos θ, sin θ, θ̇.
  public func observe(into observation: inout MutableSpan<Double>) {
    precondition(observation.count == 3, "an observation of \(name) has 3 elements, not \(observation.count)")
    let (sine, cosine) = Double.sincos(theta)
    observation[0] = Double(Float(cosine))
    observation[1] = Double(Float(sine))
    observation[2] = Double(Float(thetaDot))
  }

  /// Applies the torque for 0.05 s; the reward is −(θ² + 0.1 θ̇² + 0.001 u²) of the state before, with θ within ±π.
  public mutating func step(_ action: Span<Double>) -> StepOutcome {
    precondition(action.count == 1, "an action of \(name) has 1 element, not \(action.count)")
    let torque = Float(Double(Float(action[0])).clipped(within: Pendulum.maximumTorque))
    let angle = Pendulum.normalized(theta)
    let cost = angle * angle + 0.1 * (thetaDot * thetaDot) + Double(0.001 * (torque * torque))

    let acceleration =
      3 * Pendulum.gravity / (2 * Pendulum.length) * Double.sin(theta)
      + Double(3 * torque)  // ml² = 1.
    thetaDot = (thetaDot + acceleration * Pendulum.timeStep).clipped(within: Pendulum.maximumSpeed)
    theta += thetaDot * Pendulum.timeStep  // After the velocity is clipped: the rule in which v1 differs from v0.
    return StepOutcome(reward: -cost)
  }

  /// Feeds θ and θ̇.
  public func digest(into digest: inout StateDigest) {
    digest.combine(theta)
    digest.combine(thetaDot)
  }

  /// θ, then θ̇.
  public var state: [Double] {
    get { [theta, thetaDot] }
    set {
      precondition(newValue.count == 2, "a state of \(name) has 2 numbers, not \(newValue.count)")
      (theta, thetaDot) = (newValue[0], newValue[1])
    }
  }
}
