// Acrobot-v1 as gym 0.18.0 computes it (gym/envs/classic_control/acrobot.py; Sutton and Barto 1998, the equations "of
// the book"), in the original order of operations, because chaotic motion makes any other rounding grow.

import DeterministicMath

/// Two rods that hang from each other, with a motor between them, to be swung up above a line.
///
/// The observation is (cos θ₁, sin θ₁, cos θ₂, sin θ₂, θ̇₁, θ̇₂), the action a choice of 3. Each step costs 1, except
/// the one that reaches the line.
public struct Acrobot: Environment, Equatable {
  /// θ₁ (the first rod's angle from hanging), θ₂ (the second's from the first), θ̇₁, θ̇₂; rad and rad/s.
  private var motion: SIMD4<Double>

  /// Makes an acrobot in the given state; by default at rest, hanging.
  public init(theta1: Double = 0, theta2: Double = 0, theta1Dot: Double = 0, theta2Dot: Double = 0) {
    motion = SIMD4(theta1, theta2, theta1Dot, theta2Dot)
  }

  private static let greatestVelocities = (first: 4 * Double.pi, second: 9 * Double.pi)
  private static let timeStep = 0.2

  /// `Acrobot-v1`.
  public var name: String { "Acrobot-v1" }

  /// Cosines and sines within ±1, θ̇₁ within ±4π, θ̇₂ within ±9π.
  public var observationSpace: Space {
    .symmetric([1, 1, 1, 1, Self.greatestVelocities.first, Self.greatestVelocities.second])
  }

  /// A torque of −1, 0 or 1 N m.
  public var actionSpace: Space { .discrete(count: 3) }

  /// Draws θ₁, θ₂, θ̇₁, θ̇₂ uniformly within ±0.1, in this order.
  public mutating func reset(using source: inout some UniformSource) {
    for index in motion.indices { motion[index] = source.uniform(in: -0.1...0.1) }
  }

  /// Writes cos θ₁, sin θ₁, cos θ₂, sin θ₂, θ̇₁, θ̇₂.
  public func observe(into observation: inout MutableSpan<Double>) {
    precondition(observation.count == 6, "an observation of \(name) has 6 elements, not \(observation.count)")
    (observation[1], observation[0]) = Double.sincos(motion[0])
    (observation[3], observation[2]) = Double.sincos(motion[1])
    observation[4] = motion[2]
    observation[5] = motion[3]
  }

  /// Applies the torque for 0.2 s, one step of the classical Runge-Kutta method. Terminates where the tip is more than
  /// a rod's length above the pivot.
  public mutating func step(_ action: Span<Double>) -> StepOutcome {
    let torque = Double(action.choice(among: 3) - 1)
    let half = Self.timeStep / 2
    let k1 = Self.derivative(of: motion, torque)
    let k2 = Self.derivative(of: motion + half * k1, torque)
    let k3 = Self.derivative(of: motion + half * k2, torque)
    let k4 = Self.derivative(of: motion + Self.timeStep * k3, torque)
    let next = motion + Self.timeStep / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
    motion = SIMD4(
      Self.wrapped(next[0]), Self.wrapped(next[1]), next[2].clipped(within: Self.greatestVelocities.first),
      next[3].clipped(within: Self.greatestVelocities.second))
    let isAbove = -Double.cos(motion[0]) - Double.cos(motion[1] + motion[0]) > 1
    return StepOutcome(reward: isAbove ? 0 : -1, terminated: isAbove)
  }

  /// Velocities and accelerations. The names are the book's; lengths, masses and moments of inertia are 1 and are left
  /// out where they multiply, the distance from a rod's end to its centre is ½.
  private static func derivative(of motion: SIMD4<Double>, _ torque: Double) -> SIMD4<Double> {
    let (theta1, theta2, theta1Dot, theta2Dot) = (motion[0], motion[1], motion[2], motion[3])
    let (sine2, cosine2) = Double.sincos(theta2)
    let gravity = 9.8
    let d1 = 0.25 + (1.25 + cosine2) + 1 + 1
    let d2 = 0.25 + 0.5 * cosine2 + 1
    let phi2 = 0.5 * gravity * Double.cos(theta1 + theta2 - .pi / 2)
    let phi1 =
      -0.5 * (theta2Dot * theta2Dot) * sine2 - theta2Dot * theta1Dot * sine2
      + 1.5 * gravity * Double.cos(theta1 - .pi / 2) + phi2
    let acceleration2 =
      (torque + d2 / d1 * phi1 - 0.5 * (theta1Dot * theta1Dot) * sine2 - phi2) / (1.25 - d2 * d2 / d1)
    let acceleration1 = -(d2 * acceleration2 + phi1) / d1
    return SIMD4(theta1Dot, theta2Dot, acceleration1, acceleration2)
  }

  /// `angle` within ±π, by whole turns one after the other as in Gym, where each rounds. An angle from which a turn
  /// takes nothing away, with which Gym would never end, is no number.
  private static func wrapped(_ angle: Double) -> Double {
    let turn = Double.pi - -Double.pi
    guard abs(angle) < 0x1p20 || angle.isNaN else { return .nan }
    var angle = angle
    while angle > .pi { angle -= turn }
    while angle < -.pi { angle += turn }
    return angle
  }

  /// Feeds θ₁, θ₂, θ̇₁, θ̇₂.
  public func digest(into digest: inout StateDigest) {
    for index in motion.indices { digest.combine(motion[index]) }
  }

  /// θ₁, θ₂, θ̇₁, θ̇₂.
  public var state: [Double] {
    get { motion.indices.map { motion[$0] } }
    set {
      precondition(newValue.count == 4, "a state of \(name) has 4 numbers, not \(newValue.count)")
      motion = SIMD4(newValue)
    }
  }
}
