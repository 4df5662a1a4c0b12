// The checks reject environments with any one rule changed, on the rows of the reference that are kept here: so these
// rows reach every rule.

import DeterministicMath
import Environments
import Testing
import Verification

/// An environment whose steps are altered.
private struct Altered: Environment {
  /// What is changed: the action before the step, and state and outcome after it.
  struct Rule: Sendable {
    var action: @Sendable (Double) -> Double = { $0 }
    var step: @Sendable (_ before: [Double], _ after: inout [Double], inout StepOutcome) -> Void = { _, _, _ in }
  }

  var base: any Environment
  let rule: Rule

  var name: String { base.name }
  var observationSpace: Space { base.observationSpace }
  var actionSpace: Space { base.actionSpace }
  mutating func reset(using source: inout some UniformSource) { base.reset(using: &source) }
  func observe(into observation: inout MutableSpan<Double>) { base.observe(into: &observation) }
  mutating func step(_ action: Span<Double>) -> StepOutcome {
    let before = base.state
    let altered = [rule.action(action[0])]
    var outcome = base.step(altered.span)
    var after = base.state
    rule.step(before, &after, &outcome)
    base.state = after
    return outcome
  }
  func digest(into digest: inout StateDigest) { base.digest(into: &digest) }
  var state: [Double] {
    get { base.state }
    set { base.state = newValue }
  }
}

/// A wrong rule of an environment.
private struct Slip: Sendable, CustomTestStringConvertible {
  let tables: String
  let testDescription: String
  let rule: Altered.Rule

  init(_ tables: String, _ description: String, action: @escaping @Sendable (Double) -> Double) {
    (self.tables, testDescription, rule) = (tables, "\(tables): \(description)", Altered.Rule(action: action))
  }

  init(
    _ tables: String, _ description: String,
    step: @escaping @Sendable ([Double], inout [Double], inout StepOutcome) -> Void
  ) {
    (self.tables, testDescription, rule) = (tables, "\(tables): \(description)", Altered.Rule(step: step))
  }

  static let all: [Slip] = [
    Slip("pendulum-v1", "an action a unit of single precision off") { Double(Float($0).nextUp) },
    Slip("pendulum-v1", "an angle that advances beyond the clipped velocity") { _, after, _ in
      if abs(after[1]) == 8 { after[0] += 0.01 }
    },
    Slip("mountain-car-v0", "actions from the left to the right") { 2 - $0 },
    Slip("mountain-car-v0", "a wall that does not stop the car") { before, after, _ in
      if after[0] == -1.2 && before[1] < 0 { after[1] = before[1] }
    },
    Slip("mountain-car-v0", "a goal that is reached on the way back") { _, after, outcome in
      if after[0] >= 0.5 { outcome.terminated = true }
    },
    Slip("mountain-car-v0", "the goal of the continuous one") { _, after, outcome in
      if after[0] >= 0.45 && after[1] >= 0 { outcome.terminated = true }
    },
    Slip("mountain-car-v0", "a free step to the goal") { _, _, outcome in
      if outcome.terminated { outcome.reward = 0 }
    },
    Slip("mountain-car-v0", "no wall on the right") { before, after, _ in
      if after[0] == 0.6 { after[0] = before[0] + after[1] }
    },
    Slip("mountain-car-continuous-v0", "paying for the clipped force") { max(-1, min(1, $0)) },
    Slip("mountain-car-continuous-v0", "the goal of the other one") { _, after, outcome in
      if after[0] < 0.5 { outcome.terminated = false }
    },
    Slip("mountain-car-continuous-v0", "no cost of the last force") { _, _, outcome in
      if outcome.terminated { outcome.reward = 100 }
    },
    Slip("cart-pole-v0", "the other direction") { 1 - $0 },
    Slip("cart-pole-v0", "positions by the new velocity") { before, after, _ in after[0] = before[0] + 0.02 * after[1]
    },
    Slip("cart-pole-v0", "no pay for the last step") { _, _, outcome in if outcome.terminated { outcome.reward = 0 } },
    Slip("cart-pole-v0", "12 degrees as 0.21") { _, after, outcome in
      outcome.terminated = abs(after[2]) > 0.21 || abs(after[0]) > 2.4
    },
    Slip("cart-pole-v0", "a track of 2.5 m") { _, after, outcome in
      outcome.terminated = abs(after[2]) > 12 * 2 * Double.pi / 360 || abs(after[0]) > 2.5
    },
    Slip("acrobot-v1", "torques the other way round") { 2 - $0 },
    Slip("acrobot-v1", "a cost of the last step") { _, _, outcome in outcome.reward = -1 },
    Slip("acrobot-v1", "angles that are not wrapped") { before, after, _ in
      if abs(after[0] - before[0]) > 3 { after[0] += after[0] < 0 ? 2 * .pi : -2 * .pi }
    },
    Slip("acrobot-v1", "one bound of both velocities") { _, after, _ in after[3] = max(-4 * .pi, min(4 * .pi, after[3]))
    },
    Slip("acrobot-v1", "an end at the height of the pivot") { _, after, outcome in
      if -Double.cos(after[0]) - Double.cos(after[0] + after[1]) > 0 { outcome.terminated = true }
    },
    Slip("swingup-bullet", "a greatest force a little smaller") { min($0, 0.9999) },
    Slip("swingup-bullet", "a rail that ends hard") { _, after, _ in after[0] = max(-1, min(1, after[0])) },
    Slip("swingup-bullet", "the reward of the state before") { before, _, outcome in
      outcome.reward = Double.cos(before[2])
    },
    Slip("swingup-bullet", "a drag that is off by a part in ten billion") { before, after, _ in
      after[1] += 1e-10 * before[1]
    },
    Slip("inverted-bullet", "an end half a degree later") { _, after, outcome in
      outcome.terminated = abs(after[2]) > 0.21
    },
    Slip("inverted-bullet", "no pay for the last step") { _, _, outcome in if outcome.terminated { outcome.reward = 0 }
    },
  ]
}

@Suite struct WrongRulesTests {
  /// Whether the checks of `tables` accept an environment with this rule.
  private func accepts(_ tables: String, _ rule: Altered.Rule) throws -> Bool {
    var recorded = try #require(RecordedEnvironment.all.first { $0.tables == tables })
    recorded.environment = Altered(base: recorded.environment, rule: rule)
    return try results(of: trajectoryChecks(of: recorded)).allSatisfy(\.pass)
  }

  @Test(arguments: Slip.all)
  fileprivate func `one wrong rule is rejected`(slip: Slip) throws {
    #expect(try !accepts(slip.tables, slip.rule))
  }

  @Test(arguments: RecordedEnvironment.all.map(\.tables))
  func `an environment that is wrapped but not changed is accepted`(tables: String) throws {
    #expect(try accepts(tables, Altered.Rule()))
  }

  @Test func `a start of another seed is rejected`() throws {
    for recorded in RecordedEnvironment.all {
      var other = recorded
      other.source = { recorded.source($0 + 1) }
      let failures = try results(of: trajectoryChecks(of: other)).filter { !$0.pass }.map(\.name)
      #expect(failures.contains { $0.contains("seeded starts") } && failures.contains { $0.contains("resets") })
    }
  }
}
