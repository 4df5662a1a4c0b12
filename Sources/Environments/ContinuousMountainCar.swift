// MountainCarContinuous-v0 as gym 0.18.0 computes it (gym/envs/classic_control/continuous_mountain_car.py): the car of
// MountainCar-v0 with an engine that one can throttle, a nearer goal and another reward.

import DeterministicMath

/// A car in a valley, driven by a force.
///
/// The observation is the state, the action one force, requested: the car clips it to ±1, but pays for it as requested.
/// The square is `x * x` here and `pow(x, 2)` in the original, which differs in the last place about once in a
/// thousand.
public struct ContinuousMountainCar: Environment, Equatable {
  /// Where the car is and how fast; its engine is not used.
  private var car: MountainCar

  /// Makes a car in the given state; by default at rest near the bottom of the valley.
  public init(position: Double = -0.5, velocity: Double = 0) {
    car = MountainCar(position: position, velocity: velocity)
  }

  private static let goal = 0.45
  private static let power = 0.0015
  private static let gravity = 0.0025

  /// The position along the valley, whose bottom is near −0.52.
  public var position: Double { car.position }

  /// The velocity in units of position a step.
  public var velocity: Double { car.velocity }

  /// `MountainCarContinuous-v0`.
  public var name: String { "MountainCarContinuous-v0" }

  /// (position, velocity) within −1.2…0.6 and ±0.07.
  public var observationSpace: Space { car.observationSpace }

  /// One force within ±1.
  public var actionSpace: Space { .symmetric([1]) }

  /// Draws the position uniformly from −0.6…−0.4; the velocity is 0.
  public mutating func reset(using source: inout some UniformSource) { car.reset(using: &source) }

  /// Writes position and velocity.
  public func observe(into observation: inout MutableSpan<Double>) { car.observe(into: &observation) }

  /// Applies the force for one step, which costs 0.1 of its square as requested. Terminates with a reward of 100 at
  /// 0.45, if the car is not on its way back.
  public mutating func step(_ action: Span<Double>) -> StepOutcome {
    precondition(action.count == 1, "an action of \(name) has 1 element, not \(action.count)")
    let force = action[0].clipped(within: 1)
    car.velocity += force * Self.power - Self.gravity * Double.cos(3 * car.position)
    MountainCar.roll(&car.position, &car.velocity)
    let isThere = car.position >= Self.goal && car.velocity >= 0
    return StepOutcome(reward: (isThere ? 100 : 0) - action[0] * action[0] * 0.1, terminated: isThere)
  }

  /// Feeds position and velocity.
  public func digest(into digest: inout StateDigest) { car.digest(into: &digest) }

  /// Position, then velocity.
  public var state: [Double] {
    get { car.state }
    set { car.state = newValue }
  }
}
