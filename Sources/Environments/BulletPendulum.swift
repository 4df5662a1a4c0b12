// The two pole-on-a-rail environments of pybullet_envs 3.2.7. What Bullet's articulated-body solver makes of their
// model, inverted_pendulum.xml, is written out in closed form, limits of the rail included.

import DeterministicMath

/// A pole on a cart on a rail of 2 m, to be swung up or kept upright by a force on the cart.
///
/// The observation is (x, ẋ, cos θ, sin θ, θ̇), the action one force in units of 100 N, clipped to ±1. A step is one
/// Bullet step of 16.5 ms, equal to Bullet's to rounding error (docs/environments.md).
public struct BulletPendulum: Environment, Equatable {
  /// The two that pybullet_envs registers: the same mechanics, with another start, reward and end.
  public enum Task: String, Sendable {
    /// From hanging; a step pays cos θ, and nothing ends an episode.
    case swingUp = "InvertedPendulumSwingupBulletEnv-v0"
    /// From nearly upright; a step pays 1, and an episode ends where |θ| exceeds 0.2.
    case balance = "InvertedPendulumBulletEnv-v0"
  }

  /// Which of the two it is.
  public let task: Task
  /// The cart's position in m. The rail's limits at ±1 give way: Bullet pushes back one step later.
  public var x = 0.0
  /// The cart's velocity in m/s.
  public var xDot = 0.0
  /// The pole's angle from upright in radians, never wrapped; positive leans towards +x.
  public var theta = 0.0
  /// The pole's angular velocity in rad/s.
  public var thetaDot = 0.0

  /// Makes a cart at rest in the middle of the rail, its pole upright.
  public init(_ task: Task) { self.task = task }

  /// The model as Bullet loads it, partly in single precision, and the settings of the engine.
  package enum Constants {
    package static let timeStep = 0.0165
    package static let gravity = 9.8
    package static let cartMass = 10.47197598009977
    package static let poleMass = 5.018591545810472
    /// The pole's moment of inertia about its centre of mass, around the hinge's axis.
    package static let poleInertia = 0.26653950154827094
    /// The pole's centre of mass in the frame of the pole.
    package static let poleCentre = (x: Double(Float(0.0005)), z: Double(Float(0.3)))
    /// Linear and angular damping, of the cart and of the pole.
    package static let damping = Double(Float(0.04))
    package static let greatestForce = 100.0
    package static let limit = 1.0
    /// Which share of a penetration of the limit one step takes back, …
    package static let limitCorrection = 0.2
    /// … unless it is as deep as this.
    package static let deepPenetration = Double(Float(0.04))
    /// The greatest impulse of a limit in a step.
    package static let greatestImpulse = 100.0
    /// The greatest velocity of each joint, in m/s and rad/s.
    package static let greatestVelocity = 100.0
  }

  private static let fallenAngle = 0.2

  /// The name that pybullet_envs registers.
  public var name: String { task.rawValue }

  /// (x, ẋ, cos θ, sin θ, θ̇), without bounds.
  public var observationSpace: Space { .symmetric(Array(repeating: .infinity, count: 5)) }

  /// One force within ±1.
  public var actionSpace: Space { .symmetric([1]) }

  /// Rests in the middle; draws how far the pole is from 3.1415 (not π) or from 0 uniformly within ±0.1.
  public mutating func reset(using source: inout some UniformSource) {
    let deviation = source.uniform(in: -0.1...0.1)
    (x, xDot, thetaDot) = (0, 0, 0)
    theta = task == .swingUp ? 3.1415 + deviation : deviation
  }

  /// Writes x, ẋ, cos θ, sin θ, θ̇.
  public func observe(into observation: inout MutableSpan<Double>) {
    precondition(observation.count == 5, "an observation of \(name) has 5 elements, not \(observation.count)")
    observation[0] = x
    observation[1] = xDot
    (observation[3], observation[2]) = Double.sincos(theta)
    observation[4] = thetaDot
  }

  /// Pushes the cart for 16.5 ms. Reward and end are those of the state after.
  public mutating func step(_ action: Span<Double>) -> StepOutcome {
    precondition(action.count == 1, "an action of \(name) has 1 element, not \(action.count)")
    advance(force: Constants.greatestForce * action[0].clipped(within: 1))
    return switch task {
    case .swingUp: StepOutcome(reward: Double.cos(theta))
    case .balance: StepOutcome(reward: 1, terminated: abs(theta) > Self.fallenAngle)
    }
  }

  /// One step of semi-implicit Euler: accelerations, velocities, the impulse of a limit, positions.
  private mutating func advance(force: Double) {
    let (cartMass, poleMass, inertia) = (Constants.cartMass, Constants.poleMass, Constants.poleInertia)
    let (centre, damping) = (Constants.poleCentre, Constants.damping)

    // The pole's centre of mass from the hinge, and its velocity.
    let (sine, cosine) = Double.sincos(theta)
    let px = centre.x * cosine + centre.z * sine
    let pz = centre.z * cosine - centre.x * sine
    let ux = xDot + thetaDot * pz
    let uz = -thetaDot * px

    // Generalised forces. Bullet's damping has a linear and a quadratic part.
    let drag = damping * poleMass * (1 + (ux * ux + uz * uz).squareRoot())
    let cartForce =
      force + poleMass * px * (thetaDot * thetaDot) - damping * (1 + abs(xDot)) * cartMass * xDot - drag * ux
    let hingeTorque =
      poleMass * Constants.gravity * px - damping * (1 + abs(thetaDot)) * inertia * thetaDot
      - drag * (ux * pz - uz * px)

    // The inertia matrix ((a, b), (b, c)).
    let a = cartMass + poleMass
    let b = poleMass * pz
    let c = inertia + poleMass * (centre.x * centre.x + centre.z * centre.z)
    let determinant = a * c - b * b

    let h = Constants.timeStep
    accelerate(
      h * ((c * cartForce - b * hingeTorque) / determinant), h * ((a * hingeTorque - b * cartForce) / determinant))

    // The limit acts where the cart begins the step at or beyond it. It only pushes back: `side` is where to.
    let side = x < 0 ? 1.0 : -1.0
    let gap = Constants.limit + side * x
    if gap <= 0 {
      let target = gap > -Constants.deepPenetration ? -gap * Constants.limitCorrection / h : 0
      let impulse = ((target - side * xDot) * determinant / c).clipped(to: 0...Constants.greatestImpulse)
      accelerate(side * impulse * c / determinant, -(side * impulse * b / determinant))
    }
    x += h * xDot
    theta += h * thetaDot
  }

  /// Adds to the velocities, which Bullet caps after each change.
  private mutating func accelerate(_ cart: Double, _ hinge: Double) {
    xDot = (xDot + cart).clipped(within: Constants.greatestVelocity)
    thetaDot = (thetaDot + hinge).clipped(within: Constants.greatestVelocity)
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
