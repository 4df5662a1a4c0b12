// The physics check rejects a pendulum with any one rule of Pendulum-v0 changed. The model here is written on its own,
// with the platform's sine, so that it also stands as a second opinion on the shipped pendulum.

import DeterministicMath
import Environments
import Foundation
import Testing
import Verification

/// The rules in which a re-implementation of Pendulum-v0 is easily wrong; by default as in gym 0.18.0.
struct PendulumRules: Sendable {
  var maximumTorque = 2.0
  var maximumSpeed = 8.0
  var wrapsAngleInCost = true
  var wrapsState = false
  var advancesWithClippedVelocity = false
  var chargesRequestedTorque = false
  var costsStateAfterStep = false
  var sineError = 0.0

  /// The pendulum of these rules.
  func step(_ torque: Double, from theta: Double, _ thetaDot: Double) -> (theta: Double, thetaDot: Double, Double) {
    let applied = min(max(torque, -maximumTorque), maximumTorque)
    let sine = sin(theta + .pi)
    let velocity = thetaDot + (-15 * (sine + sineError * sine.ulp) + 3 * applied) * 0.05
    let clipped = min(max(velocity, -maximumSpeed), maximumSpeed)
    let advanced = theta + (advancesWithClippedVelocity ? clipped : velocity) * 0.05
    let next = (wrapsState ? wrapped(advanced) : advanced, clipped)
    let costed = costsStateAfterStep ? next : (theta, thetaDot)
    let angle = wrapsAngleInCost ? wrapped(costed.0) : costed.0
    let charged = chargesRequestedTorque ? torque : applied
    return (next.0, next.1, -(pow(angle, 2) + 0.1 * pow(costed.1, 2) + 0.001 * pow(charged, 2)))
  }

  private func wrapped(_ angle: Double) -> Double {
    let remainder = fmod(angle + .pi, 2 * .pi)
    return (remainder < 0 ? remainder + 2 * .pi : remainder) - .pi
  }
}

/// A pendulum of such rules as an environment; its resets are those of the shipped one.
private struct RuledPendulum: Environment {
  let rules: PendulumRules
  var pendulum = Pendulum()

  var name: String { pendulum.name }
  var observationSpace: Space { pendulum.observationSpace }
  var actionSpace: Space { pendulum.actionSpace }
  mutating func reset(using source: inout some UniformSource) { pendulum.reset(using: &source) }
  func observe(into observation: inout MutableSpan<Double>) {
    observation[0] = cos(pendulum.theta)
    observation[1] = sin(pendulum.theta)
    observation[2] = pendulum.thetaDot
  }
  mutating func step(_ action: Span<Double>) -> StepOutcome {
    let reward: Double
    (pendulum.theta, pendulum.thetaDot, reward) = rules.step(action[0], from: pendulum.theta, pendulum.thetaDot)
    return StepOutcome(reward: reward)
  }
  func digest(into digest: inout StateDigest) { pendulum.digest(into: &digest) }
  var state: [Double] {
    get { pendulum.state }
    set { pendulum.state = newValue }
  }
}

@Suite struct PendulumRulesTests {
  /// The names of the results that a pendulum of these rules fails.
  private func failures(_ change: (inout PendulumRules) -> Void) throws -> [String] {
    var rules = PendulumRules()
    change(&rules)
    var recorded = RecordedEnvironment.pendulum
    recorded.environment = RuledPendulum(rules: rules)
    let checks = trajectoryChecks(of: recorded) + singlePrecisionActionChecks(of: recorded)
    return try results(of: checks).filter { !$0.pass }.map(\.name)
  }

  private let oneStep = "environments/pendulum-v0.csv one step"
  private let rows = "environments/pendulum-v0.csv rows that differ in any bit, as a fraction"
  private let openLoop = "environments/pendulum-v0-episodes.csv open loop"

  @Test func `the rules of gym are accepted`() throws {
    #expect(try failures { _ in } == [])
  }

  @Test func `a torque that is not clipped is rejected`() throws {
    #expect(try failures { $0.maximumTorque = .infinity }.contains(oneStep))
  }

  @Test func `a velocity that is not clipped is rejected`() throws {
    #expect(try failures { $0.maximumSpeed = .infinity }.contains(oneStep))
  }

  @Test func `a cost of the angle beyond half a turn is rejected`() throws {
    #expect(try failures { $0.wrapsAngleInCost = false }.contains(oneStep))
  }

  @Test func `an angle that is wrapped in the state is rejected`() throws {
    #expect(try failures { $0.wrapsState = true }.contains(oneStep))
  }

  @Test func `advancing with the clipped velocity, as Pendulum-v1 does, is rejected`() throws {
    #expect(try failures { $0.advancesWithClippedVelocity = true }.contains(oneStep))
  }

  @Test func `charging for the torque before it is clipped is rejected`() throws {
    #expect(try failures { $0.chargesRequestedTorque = true }.contains(oneStep))
  }

  @Test func `rewarding the state after the step is rejected`() throws {
    #expect(try failures { $0.costsStateAfterStep = true }.contains(oneStep))
  }

  @Test func `a sine that is off in the last place stays within the tolerance but not within the share of equal bits`()
    throws
  {
    let failures = try failures { $0.sineError = 1 }
    #expect(!failures.contains(oneStep))
    #expect(failures.contains(rows))
  }

  @Test func `a sine that is off by a thousand places is rejected in a step and over an episode`() throws {
    let failures = try failures { $0.sineError = 1000 }
    #expect(failures.contains(oneStep))
    #expect(failures.contains(openLoop))
  }
}
