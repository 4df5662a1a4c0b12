// CartPole as gym 0.18.0 computes it (gym/envs/classic_control/cartpole.py; Barto, Sutton and Anderson 1983), in the
// original order of operations.

import DeterministicMath

/// A pole on a cart, to be kept upright by pushing the cart left or right.
///
/// The observation is the state, the action a choice of 2. Each step pays 1, the one that terminates too; what follows
/// a termination without a reset is not specified (Gym warns, and pays 0).
public struct CartPole: Environment, Equatable {
  /// The two that Gym registers. They differ in name and time limit alone.
  public enum Version: String, Sendable {
    /// 200 steps.
    case v0 = "CartPole-v0"
    /// 500 steps.
    case v1 = "CartPole-v1"
  }

  /// Which of the two it is.
  public let version: Version
  /// The cart's position in m.
  public var x = 0.0
  /// The cart's velocity in m/s.
  public var xDot = 0.0
  /// The pole's angle from upright in radians.
  public var theta = 0.0
  /// The pole's angular velocity in rad/s.
  public var thetaDot = 0.0

  /// Makes a cart at rest, its pole upright.
  public init(_ version: Version) { self.version = version }

  private static let gravity = 9.8
  private static let poleMass = 0.1
  private static let totalMass = poleMass + 1.0
  /// Half the pole's length.
  private static let length = 0.5
  private static let poleMoment = poleMass * length
  private static let push = 10.0
  private static let timeStep = 0.02
  /// 12 degrees.
  private static let greatestAngle = 12 * 2 * Double.pi / 360
  private static let greatestPosition = 2.4

  /// `CartPole-v0` or `CartPole-v1`.
  public var name: String { version.rawValue }

  /// (x, ẋ, θ, θ̇): twice the limits of an episode; velocities within the greatest single-precision number.
  public var observationSpace: Space {
    let unlimited = Double(Float.greatestFiniteMagnitude)
    return .symmetric([2 * Self.greatestPosition, unlimited, 2 * Self.greatestAngle, unlimited])
  }

  /// 0 pushes left, 1 right.
  public var actionSpace: Space { .discrete(count: 2) }

  /// Draws x, ẋ, θ, θ̇ uniformly within ±0.05, in this order.
  public mutating func reset(using source: inout some UniformSource) {
    x = source.uniform(in: -0.05...0.05)
    xDot = source.uniform(in: -0.05...0.05)
    theta = source.uniform(in: -0.05...0.05)
    thetaDot = source.uniform(in: -0.05...0.05)
  }

  /// Writes x, ẋ, θ, θ̇.
  public func observe(into observation: inout MutableSpan<Double>) {
    precondition(observation.count == 4, "an observation of \(name) has 4 elements, not \(observation.count)")
    observation[0] = x
    observation[1] = xDot
    observation[2] = theta
    observation[3] = thetaDot
  }

  /// Pushes with 10 N for 0.02 s (explicit Euler), and terminates beyond ±2.4 m or ±12°.
  public mutating func step(_ action: Span<Double>) -> StepOutcome {
    let force = action.choice(among: 2) == 1 ? Self.push : -Self.push
    let (sine, cosine) = Double.sincos(theta)
    let pull = (force + Self.poleMoment * (thetaDot * thetaDot) * sine) / Self.totalMass
    let thetaAcceleration =
      (Self.gravity * sine - cosine * pull)
      / (Self.length * (4.0 / 3.0 - Self.poleMass * (cosine * cosine) / Self.totalMass))
    let acceleration = pull - Self.poleMoment * thetaAcceleration * cosine / Self.totalMass
    x += Self.timeStep * xDot
    xDot += Self.timeStep * acceleration
    theta += Self.timeStep * thetaDot
    thetaDot += Self.timeStep * thetaAcceleration
    let isOver = abs(x) > Self.greatestPosition || abs(theta) > Self.greatestAngle
    return StepOutcome(reward: 1, terminated: isOver)
  }

  /// Feeds x, ẋ, θ, θ̇.
  public func digest(into digest: inout StateDigest) {
    digest.combine(x)
    digest.combine(xDot)
    digest.combine(theta)
    digest.combine(thetaDot)
  }

  /// x, ẋ, θ, θ̇.
  public var state: [Double] {
    get { [x, xDot, theta, thetaDot] }
    set {
      precondition(newValue.count == 4, "a state of \(name) has 4 numbers, not \(newValue.count)")
      (x, xDot, theta, thetaDot) = (newValue[0], newValue[1], newValue[2], newValue[3])
    }
  }
}
