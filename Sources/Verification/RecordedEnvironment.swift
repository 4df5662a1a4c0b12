// What stands in the tables of an environment, and the environment that they are compared with. Data, so that a further
// environment is one more value; the environment can be replaced, so that tests can show which wrong ones are rejected.

import DeterministicMath
import Environments

/// An environment of which the original program recorded episodes, resets and single steps.
package struct RecordedEnvironment: Sendable {
  /// How the names of the tables begin: `pendulum-v0` for `environments/pendulum-v0.csv`.
  package var tables: String
  /// The environment of this package, without a time limit.
  package var environment: any Environment
  /// The random numbers that the original's resets draw after seeding.
  package var source: @Sendable (UInt64) -> any UniformSource
  /// The columns of the state, in the order of `Environment.state`.
  package var state: [String]
  /// The columns of the observation, in its order; those that are the state's bit for bit go by its names.
  package var observation: [String]
  /// Whether actions are single-precision numbers, and observations and the cost of an action are rounded to such.
  package var isSingle = false
  /// The largest difference allowed after one step.
  package var oneStepTolerance = 1e-14
  /// Which fraction of the rows may differ in some bit; 1 where the original adds in another order.
  package var differingRows = 0.01

  /// The environment called `name`, compared with the tables whose names begin with `tables`.
  init(
    _ name: String, tables: String, state: [String], observation: [String], isSingle: Bool = false,
    oneStepTolerance: Double = 1e-14, differingRows: Double = 0.01
  ) {
    guard let registration = try? Environments.registration(of: name) else {
      preconditionFailure("\(name) is compared with a reference but not registered")
    }
    self.tables = tables
    environment = registration.unlimited
    source = { registration.source(seed: $0) }
    self.state = state
    self.observation = observation
    self.isSingle = isSingle
    self.oneStepTolerance = oneStepTolerance
    self.differingRows = differingRows
  }

  /// Pendulum-v0.
  package static let pendulum = RecordedEnvironment(
    "Pendulum-v0", tables: "pendulum-v0", state: ["theta", "theta_dot"],
    observation: ["obs_cos", "obs_sin", "theta_dot"])

  /// Every environment with recorded episodes.
  package static let all: [RecordedEnvironment] = [
    pendulum,
    RecordedEnvironment(
      "Pendulum-v1", tables: "pendulum-v1", state: ["theta", "theta_dot"],
      observation: ["obs_cos", "obs_sin", "obs_theta_dot"], isSingle: true),
    RecordedEnvironment(
      "MountainCar-v0", tables: "mountain-car-v0", state: ["position", "velocity"],
      observation: ["position", "velocity"]),
    RecordedEnvironment(
      "MountainCarContinuous-v0", tables: "mountain-car-continuous-v0", state: ["position", "velocity"],
      observation: ["position", "velocity"]),
    RecordedEnvironment(
      "CartPole-v0", tables: "cart-pole-v0", state: ["x", "x_dot", "theta", "theta_dot"],
      observation: ["x", "x_dot", "theta", "theta_dot"]),
    RecordedEnvironment(
      "Acrobot-v1", tables: "acrobot-v1", state: ["theta1", "theta2", "theta1_dot", "theta2_dot"],
      observation: ["obs_cos1", "obs_sin1", "obs_cos2", "obs_sin2", "theta1_dot", "theta2_dot"],
      differingRows: 0.02),  // A step takes twenty sines and cosines.
    swingUp,
    RecordedEnvironment(
      "InvertedPendulumBulletEnv-v0", tables: "inverted-bullet", state: swingUp.state,
      observation: swingUp.observation, oneStepTolerance: 1e-12, differingRows: 1),
  ]

  /// InvertedPendulumSwingupBulletEnv-v0.
  package static let swingUp = RecordedEnvironment(
    "InvertedPendulumSwingupBulletEnv-v0", tables: "swingup-bullet", state: ["x", "x_dot", "theta", "theta_dot"],
    observation: ["x", "x_dot", "obs_cos", "obs_sin", "theta_dot"], oneStepTolerance: 1e-12,
    differingRows: 1)

  /// The path of the table whose name ends in `suffix`.
  func table(_ suffix: String = "") -> String { "environments/\(tables)\(suffix).csv" }

  /// The state, reward and termination after `action` in `state`.
  func step(from state: [Double], _ action: Double) -> (state: [Double], outcome: StepOutcome) {
    var environment = environment
    environment.state = state
    let actions = [action]
    let outcome = environment.step(actions.span)
    return (environment.state, outcome)
  }

  /// The observation of `state`.
  func observation(of state: [Double]) -> [Double] {
    var environment = environment
    environment.state = state
    var observation = [Double](repeating: .nan, count: self.observation.count)
    var span = observation.mutableSpan
    environment.observe(into: &span)
    return observation
  }

  /// The states of the first `count` resets after seeding.
  func firstStates(seed: UInt64, count: Int) -> [[Double]] {
    var (environment, source) = (environment, source(seed))
    return (0..<count).map { _ in
      environment.reset(using: &source)
      return environment.state
    }
  }
}
