// MountainCar-v0 as gym 0.18.0 computes it (gym/envs/classic_control/mountain_car.py; Moore 1990), in the original
// order of operations.

import DeterministicMath

/// A car in a valley, too weak to climb the hill on its right without swinging up the one on its left first.
///
/// The observation is the state, the action a choice of 3. Each step costs 1, the one that reaches the goal too.
public struct MountainCar: Environment, Equatable {
  /// The position along the valley, whose bottom is near −0.52.
  public var position: Double
  /// The velocity in units of position a step.
  public var velocity: Double

  /// Makes a car in the given state; by default at rest near the bottom of the valley.
  public init(position: Double = -0.5, velocity: Double = 0) {
    self.position = position
    self.velocity = velocity
  }

  static let positions = -1.2...0.6
  static let greatestVelocity = 0.07
  private static let goal = 0.5
  private static let force = 0.001
  private static let gravity = 0.0025

  /// `MountainCar-v0`.
  public var name: String { "MountainCar-v0" }

  /// (position, velocity) within −1.2…0.6 and ±0.07.
  public var observationSpace: Space { Self.stateSpace }

  static var stateSpace: Space {
    .box(lower: [positions.lowerBound, -greatestVelocity], upper: [positions.upperBound, greatestVelocity])
  }

  /// 0 accelerates to the left, 1 coasts, 2 accelerates to the right.
  public var actionSpace: Space { .discrete(count: 3) }

  /// Draws the position uniformly from −0.6…−0.4; the velocity is 0.
  public mutating func reset(using source: inout some UniformSource) {
    position = source.uniform(in: -0.6 ... -0.4)
    velocity = 0
  }

  /// Writes position and velocity.
  public func observe(into observation: inout MutableSpan<Double>) {
    precondition(observation.count == 2, "an observation of \(name) has 2 elements, not \(observation.count)")
    observation[0] = position
    observation[1] = velocity
  }

  /// Accelerates for one step. Terminates at 0.5, if the car is not on its way back.
  public mutating func step(_ action: Span<Double>) -> StepOutcome {
    let direction = Double(action.choice(among: 3) - 1)
    velocity += direction * Self.force + Double.cos(3 * position) * -Self.gravity
    Self.roll(&position, &velocity)
    return StepOutcome(reward: -1, terminated: position >= Self.goal && velocity >= 0)
  }

  /// Moves a car of either kind by its clipped velocity; the wall on the left stops it.
  static func roll(_ position: inout Double, _ velocity: inout Double) {
    velocity = velocity.clipped(within: greatestVelocity)
    position = (position + velocity).clipped(to: positions)
    if position == positions.lowerBound && velocity < 0 { velocity = 0 }
  }

  /// Feeds position and velocity.
  public func digest(into digest: inout StateDigest) {
    digest.combine(position)
    digest.combine(velocity)
  }

  /// Position, then velocity.
  public var state: [Double] {
    get { [position, velocity] }
    set {
      precondition(newValue.count == 2, "a state of \(name) has 2 numbers, not \(newValue.count)")
      (position, velocity) = (newValue[0], newValue[1])
    }
  }
}
