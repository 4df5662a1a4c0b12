// Pendulum-v0 as gym 0.18.0 computes it (gym/envs/classic_control/pendulum.py), in Double and in the original order of
// operations, because reordered ones round differently and an unstable pendulum makes the difference grow.

import DeterministicMath

/// A rod on a motor, to be swung up and held upright with a torque that is too weak to lift it at once.
///
/// The observation is (cos θ, sin θ, θ̇), the action one torque in N m, requested: the pendulum clips it to ±2.
/// An episode never terminates. Squares are `x * x` here and `pow(x, 2)` in the original, which differs in the last
/// place of a reward about once in a thousand.
public struct Pendulum: Environment, Equatable {
  /// θ, the angle from upright in radians. It is never wrapped: each turn adds 2π.
  public var theta: Double
  /// θ̇, the angular velocity in rad/s, within ±8 after every step.
  public var thetaDot: Double

  /// Makes a pendulum in the given state; by default at rest, upright.
  public init(theta: Double = 0, thetaDot: Double = 0) {
    self.theta = theta
    self.thetaDot = thetaDot
  }

  static let maximumSpeed = 8.0
  static let maximumTorque = 2.0
  static let timeStep = 0.05
  static let gravity = 10.0
  static let mass = 1.0
  static let length = 1.0

  /// `Pendulum-v0`.
  public var name: String { "Pendulum-v0" }

  /// (cos θ, sin θ, θ̇) within (±1, ±1, ±8).
  public var observationSpace: Space {
    .box(lower: [-1, -1, -Self.maximumSpeed], upper: [1, 1, Self.maximumSpeed])
  }

  /// One torque within ±2 N m.
  public var actionSpace: Space { .box(lower: [-Self.maximumTorque], upper: [Self.maximumTorque]) }

  /// Draws θ uniformly within ±π, then θ̇ within ±1.
  public mutating func reset(using source: inout some UniformSource) {
    theta = source.uniform(in: -.pi ... .pi)
    thetaDot = source.uniform(in: -1...1)
  }

  /// Writes cos θ, sin θ, θ̇.
  public func observe(into observation: inout MutableSpan<Double>) {
    precondition(observation.count == 3, "an observation of Pendulum-v0 has 3 elements, not \(observation.count)")
    let (sine, cosine) = Double.sincos(theta)
    observation[0] = cosine
    observation[1] = sine
    observation[2] = thetaDot
  }

  /// Applies the torque for 0.05 s; the reward is −(θ² + 0.1 θ̇² + 0.001 u²) of the state before, with θ within ±π.
  public mutating func step(_ action: Span<Double>) -> StepOutcome {
    precondition(action.count == 1, "an action of Pendulum-v0 has 1 element, not \(action.count)")
    let torque = action[0].clipped(within: Self.maximumTorque)
    let angle = Self.normalized(theta)
    let cost = angle * angle + 0.1 * (thetaDot * thetaDot) + 0.001 * (torque * torque)

    let acceleration =
      -3 * Self.gravity / (2 * Self.length) * Double.sin(theta + .pi)
      + 3 / (Self.mass * (Self.length * Self.length)) * torque
    let velocity = thetaDot + acceleration * Self.timeStep
    theta += velocity * Self.timeStep  // Before the velocity is clipped: the rule in which v0 differs from v1.
    thetaDot = velocity.clipped(within: Self.maximumSpeed)
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
      precondition(newValue.count == 2, "a state of Pendulum-v0 has 2 numbers, not \(newValue.count)")
      (theta, thetaDot) = (newValue[0], newValue[1])
    }
  }

  /// `angle` in [−π, π), by Python's modulo: the exact remainder, one turn added where it is negative.
  static func normalized(_ angle: Double) -> Double {
    let turn = 2 * Double.pi
    let remainder = exactRemainder(angle + .pi, turn)
    return (remainder < 0 ? remainder + turn : remainder) - .pi
  }
}

/// What is left of `x` after its whole multiples of `divisor`, exactly and with the sign of `x`: C's `fmod`, which
/// `truncatingRemainder` would take from libm. Binary long division: each difference is exact (Sterbenz's lemma).
/// - Precondition: `divisor` is positive.
func exactRemainder(_ x: Double, _ divisor: Double) -> Double {
  guard x.isFinite else { return .nan }
  var rest = x.magnitude
  var multiple = divisor
  while multiple <= rest / 2 { multiple *= 2 }
  while multiple >= divisor {
    if rest >= multiple { rest -= multiple }
    multiple /= 2
  }
  return x < 0 ? -rest : rest
}
