// Returns and advantages: their definitions as properties over random rollouts, and faulty recursions that the same
// properties and the reference check must reject.

import Foundation
import Learning
import PropertyTesting
import Testing

@testable import Verification

private struct Rollout: CustomStringConvertible {
  var steps: [RolloutStep]
  var discount: Double
  var lambda: Double
  var horizon: Int
  /// Two more numbers for properties that need them, such as a factor and a place.
  var factor: Double
  var place: Int

  var description: String {
    let lines = steps.map { "\n    r \($0.reward) V \($0.value) V' \($0.nextValue) \($0.ending)" }.joined()
    return "γ \(discount) λ \(lambda) n \(horizon) factor \(factor) place \(place)\(lines)"
  }
}

/// Rollouts of up to 40 steps with several episodes. Within an episode each next value is the next step's value, as
/// it is when one critic judges all states; after an ending it is a number of its own.
private let rollouts = Generator<Rollout> { choices in
  let number = Generator<Double>.double(in: -10...10)
  let ending = Generator<StepEnding>.element(of: [.continues, .continues, .continues, .terminated, .truncated])
  let stepGenerator = Generator {
    RolloutStep(
      reward: $0.draw(number), value: $0.draw(number), nextValue: $0.draw(number), ending: $0.draw(ending))
  }
  var steps = choices.draw(.array(of: stepGenerator, count: 1...40))
  for t in steps.indices.dropLast() where steps[t].ending == .continues { steps[t].nextValue = steps[t + 1].value }
  return Rollout(
    steps: steps, discount: choices.draw(.element(of: [1, 0.5, 0.9, 0.99, 0])),
    lambda: choices.draw(.element(of: [1, 0.5, 0.95, 0])), horizon: choices.draw(.integer(in: 1...50)),
    factor: choices.draw(.double(in: -3...3)), place: choices.draw(.integer(in: 0...39)))
}

extension ReturnRecursions {
  fileprivate func full(_ rollout: Rollout) -> [Double] {
    results(of: rollout.steps) { full($0, rollout.discount, $1) }
  }
  fileprivate func nStep(_ rollout: Rollout) -> [Double] {
    results(of: rollout.steps) { nStep($0, rollout.horizon, rollout.discount, $1) }
  }
  fileprivate func advantages(_ rollout: Rollout) -> [Double] {
    results(of: rollout.steps) { advantages($0, rollout.discount, rollout.lambda, $1) }
  }
}

private func agree(_ actual: [Double], _ expected: [Double]) throws -> Bool {
  try zip(actual, expected).enumerated().allSatisfy { t, pair in
    try agree(pair.0, pair.1, tolerance: 1e-9, at: "at step \(t)")
  }
}

/// γ^exponent by repeated multiplication, with 0⁰ = 1.
private func power(_ base: Double, _ exponent: Int) -> Double {
  (0..<exponent).reduce(1) { product, _ in product * base }
}

/// The last step of the window of `horizon` steps that starts at `t`: the first that ends an episode or the rollout.
private func lastStep(from t: Int, in steps: [RolloutStep], horizon: Int) -> Int {
  (t..<steps.count).first { $0 == t + horizon - 1 || steps[$0].ending != .continues } ?? steps.count - 1
}

/// The definition of a return: each discounted reward of the window, and what its last state leads to.
private func definedReturn(_ rollout: Rollout, at t: Int, horizon: Int) -> Double {
  let last = lastStep(from: t, in: rollout.steps, horizon: horizon)
  let rewards = (t...last).reduce(0) { $0 + power(rollout.discount, $1 - t) * rollout.steps[$1].reward }
  let step = rollout.steps[last]
  return rewards + (step.ending == .terminated ? 0 : power(rollout.discount, last - t + 1) * step.nextValue)
}

/// The definition of the generalized advantage: each discounted temporal-difference error of the episode.
private func definedAdvantage(_ rollout: Rollout, at t: Int) -> Double {
  let last = lastStep(from: t, in: rollout.steps, horizon: rollout.steps.count)
  return (t...last).reduce(0) { sum, k in
    let step = rollout.steps[k]
    let error = step.reward + (step.ending == .terminated ? 0 : rollout.discount * step.nextValue) - step.value
    return sum + power(rollout.discount * rollout.lambda, k - t) * error
  }
}

/// What holds of returns, each by name.
private enum ReturnProperty: String, CaseIterable {
  case returnsAreTheirDefinition, nStepReturnsAreTheirDefinition, advantagesAreTheirDefinition
  case lambdaOneIsReturnLessValue, lambdaZeroIsTheError, longHorizonIsTheFullReturn, terminationCutsAllThatFollows
  case truncationKeepsOnlyItsBootstrap, returnsAreLinearInRewards, advantagesAreLinearInRewards
  case shapingShiftsReturnsByThePotential, shapingLeavesAdvantages

  func holds(_ rollout: Rollout, for recursions: ReturnRecursions) throws -> Bool {
    let indices = rollout.steps.indices
    switch self {
    case .returnsAreTheirDefinition:
      return try agree(
        recursions.full(rollout), indices.map { definedReturn(rollout, at: $0, horizon: indices.count) })
    case .nStepReturnsAreTheirDefinition:
      return try agree(
        recursions.nStep(rollout), indices.map { definedReturn(rollout, at: $0, horizon: rollout.horizon) })
    case .advantagesAreTheirDefinition:
      return try agree(recursions.advantages(rollout), indices.map { definedAdvantage(rollout, at: $0) })
    case .lambdaOneIsReturnLessValue:
      var atOne = rollout
      atOne.lambda = 1
      return try agree(
        recursions.advantages(atOne), zip(recursions.full(rollout), rollout.steps).map { $0 - $1.value })
    case .lambdaZeroIsTheError:
      var atZero = rollout
      atZero.lambda = 0
      return recursions.advantages(atZero)
        == rollout.steps.map { $0.temporalDifferenceError(discount: rollout.discount) }
    case .longHorizonIsTheFullReturn:
      var long = rollout
      long.horizon = rollout.steps.count + rollout.horizon - 1
      return recursions.nStep(long) == recursions.full(rollout)
    case .terminationCutsAllThatFollows:
      return endingCuts(.terminated, rollout, for: recursions)
    case .truncationKeepsOnlyItsBootstrap:
      return endingCuts(.truncated, rollout, for: recursions)
    case .returnsAreLinearInRewards:
      return try isLinear(rollout, in: recursions.full)
    case .advantagesAreLinearInRewards:
      return try isLinear(rollout, in: recursions.advantages)
    case .shapingShiftsReturnsByThePotential:
      // φ(s) is the value times a factor, and 0 after termination; V itself is shifted by −φ.
      let shifted = zip(recursions.full(rollout), rollout.steps).map { $0 - rollout.factor * $1.value }
      return try agree(recursions.full(shaped(rollout)), shifted)
    case .shapingLeavesAdvantages:
      return try agree(recursions.advantages(shaped(rollout)), recursions.advantages(rollout))
    }
  }

  /// Whether nothing after an `ending` put at the rollout's place changes a bit up to there, nor does the next state's
  /// value if the episode terminated.
  private func endingCuts(_ ending: StepEnding, _ rollout: Rollout, for recursions: ReturnRecursions) -> Bool {
    var before = rollout
    let place = rollout.place % rollout.steps.count
    before.steps[place].ending = ending
    var after = before
    if ending == .terminated { after.steps[place].nextValue += 100 }
    for t in rollout.steps.indices where t > place {
      after.steps[t] = RolloutStep(reward: rollout.factor, value: -7, nextValue: 11, ending: .terminated)
    }
    return [recursions.full, recursions.nStep, recursions.advantages].allSatisfy { compute in
      compute(before)[...place] == compute(after)[...place]
    }
  }

  /// Whether rewards `r + factor r′` give the result of `r` plus `factor` times what `r′` adds to it.
  private func isLinear(_ rollout: Rollout, in compute: (Rollout) -> [Double]) throws -> Bool {
    var other = rollout
    var sum = rollout
    var base = rollout
    for t in rollout.steps.indices {
      let reward = Double((t * 37) % 11 - 5)
      other.steps[t].reward = reward
      sum.steps[t].reward += rollout.factor * reward
      base.steps[t].reward = 0
    }
    let expected = zip(compute(rollout), zip(compute(other), compute(base))).map { $0 + rollout.factor * ($1.0 - $1.1) }
    return try agree(compute(sum), expected)
  }

  private func shaped(_ rollout: Rollout) -> Rollout {
    var shaped = rollout
    for (t, step) in rollout.steps.enumerated() {
      let potential = rollout.factor * step.value
      let nextPotential = step.ending == .terminated ? 0 : rollout.factor * step.nextValue
      shaped.steps[t].reward += rollout.discount * nextPotential - potential
      shaped.steps[t].value -= potential
      shaped.steps[t].nextValue -= rollout.factor * step.nextValue
    }
    return shaped
  }
}

/// The slips that recursions like these are known for.
private enum Slip: String, CaseIterable {
  case terminationIgnored, terminationBootstraps, truncationTerminates, truncationIgnored, discountTwice
  case tailBootstrapDropped

  var steps: (RolloutStep) -> RolloutStep {
    switch self {
    case .terminationIgnored: { $0.ending == .terminated ? $0.with(.continues) : $0 }
    case .terminationBootstraps: { $0.ending == .terminated ? $0.with(.truncated) : $0 }
    case .truncationTerminates: { $0.ending == .truncated ? $0.with(.terminated) : $0 }
    case .truncationIgnored: { $0.ending == .truncated ? $0.with(.continues) : $0 }
    case .discountTwice, .tailBootstrapDropped: { $0 }
    }
  }

  /// The recursions with this slip in them.
  var recursions: ReturnRecursions {
    func altered(_ steps: ReturnRecursions.Steps, _ compute: (ReturnRecursions.Steps) -> Void) {
      var changed = steps.map(self.steps)
      if self == .tailBootstrapDropped, changed.last!.ending == .continues { changed[changed.count - 1].nextValue = 0 }
      changed.withUnsafeBufferPointer(compute)
    }
    func altered(_ discount: Double) -> Double { self == .discountTwice ? discount * discount : discount }
    return ReturnRecursions(
      full: { steps, discount, output in
        altered(steps) { discountedReturns(of: $0, discount: altered(discount), into: output) }
      },
      nStep: { steps, horizon, discount, output in
        altered(steps) { nStepReturns(of: $0, horizon: horizon, discount: altered(discount), into: output) }
      },
      advantages: { steps, discount, lambda, output in
        altered(steps) {
          generalizedAdvantages(of: $0, discount: altered(discount), lambda: lambda, into: output)
        }
      })
  }
}

extension RolloutStep {
  fileprivate func with(_ ending: StepEnding) -> RolloutStep {
    RolloutStep(reward: reward, value: value, nextValue: nextValue, ending: ending)
  }
}

@Suite struct ReturnsTests {
  private static let reference = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().appending(path: "golden/reference").path

  @Test(arguments: ReturnProperty.allCases)
  private func `returns and advantages have the property`(_ property: ReturnProperty) {
    expectProperty(property.rawValue, of: rollouts) { try property.holds($0, for: ReturnRecursions()) }
  }

  @Test func `returns and advantages are the reference's`() throws {
    for check in returnChecks {
      for result in try check.run(ReferenceFolder(path: Self.reference)) {
        #expect(result.pass, "\(result)")
        #expect(result.cases == 2080)
      }
    }
  }

  @Test(arguments: Slip.allCases)
  private func `a slip is rejected by properties and by the reference`(_ slip: Slip) throws {
    let recursions = slip.recursions
    // Each of the three recursions has its slip noticed by its definition, in few steps.
    for property in [
      ReturnProperty.returnsAreTheirDefinition, .nStepReturnsAreTheirDefinition, .advantagesAreTheirDefinition,
    ] {
      let found = counterexample(of: rollouts) { try property.holds($0, for: recursions) }
      let shrunk = try #require(found, "\(property) misses \(slip)").value
      #expect(shrunk.steps.count <= 2, "\(shrunk)")
    }
    for result in try checkReturns(in: ReferenceFolder(path: Self.reference), by: recursions)
    where !result.name.hasSuffix("temporal difference") {
      #expect(!result.pass, "\(result.name) misses \(slip)")
    }
  }

  @Test(arguments: [
    (Slip.terminationIgnored, ReturnProperty.terminationCutsAllThatFollows),
    (.terminationBootstraps, .terminationCutsAllThatFollows),
    (.terminationBootstraps, .shapingShiftsReturnsByThePotential),
    (.truncationTerminates, .shapingShiftsReturnsByThePotential),
    (.truncationTerminates, .shapingLeavesAdvantages),
    (.truncationIgnored, .truncationKeepsOnlyItsBootstrap),
    (.discountTwice, .shapingShiftsReturnsByThePotential),
    (.discountTwice, .lambdaZeroIsTheError),
    (.tailBootstrapDropped, .shapingShiftsReturnsByThePotential),
    (.tailBootstrapDropped, .lambdaZeroIsTheError),
  ])
  private func `a slip breaks the property that is about it`(_ slip: Slip, _ property: ReturnProperty) {
    #expect(counterexample(of: rollouts) { try property.holds($0, for: slip.recursions) } != nil)
  }

  @Test(arguments: ReturnProperty.allCases)
  private func `each property can fail`(_ property: ReturnProperty) {
    // Results that grow with the square of the rewards, and look at all steps and at n and λ, have no property here.
    func spoilt(_ steps: ReturnRecursions.Steps, _ output: ReturnRecursions.Output, by amount: Double) {
      for t in steps.indices {
        output[t] = amount + steps.reduce(0.5) { $0 + $1.reward * $1.reward + $1.nextValue } * Double(t + 1)
      }
    }
    let nonsense = ReturnRecursions(
      full: { steps, discount, output in spoilt(steps, output, by: discount) },
      nStep: { steps, horizon, _, output in spoilt(steps, output, by: Double(horizon)) },
      advantages: { steps, _, lambda, output in spoilt(steps, output, by: lambda) })
    #expect(counterexample(of: rollouts) { try property.holds($0, for: nonsense) } != nil)
  }

  @Test func `a flush's returns are those of a rollout with the bootstrap at its end`() {
    expectProperty("flush", of: rollouts) { rollout in
      var single = rollout
      for t in single.steps.indices { single.steps[t].ending = .continues }
      single.steps[single.steps.count - 1].nextValue = rollout.factor
      var flush = single.steps.map(\.reward)
      flush.withUnsafeMutableBufferPointer { buffer in  // in place, which is allowed
        flushReturns(
          of: UnsafeBufferPointer(buffer), bootstrap: rollout.factor, discount: rollout.discount, into: buffer)
      }
      return flush == ReturnRecursions().full(single)
    }
  }

  @Test func `a flush's returns of a worked example`() {
    var returns = [0.0, 0, 0]
    returns.withUnsafeMutableBufferPointer { output in
      [1.0, 2, 4].withUnsafeBufferPointer { flushReturns(of: $0, bootstrap: 8, discount: 0.5, into: output) }
    }
    #expect(returns == [4, 6, 8])
  }

  @Test func `no steps give no returns`() {
    let none = results(of: []) { discountedReturns(of: $0, discount: 0.9, into: $1) }
    #expect(none.isEmpty)
    #expect(results(of: []) { nStepReturns(of: $0, horizon: 3, discount: 0.9, into: $1) }.isEmpty)
    #expect(results(of: []) { generalizedAdvantages(of: $0, discount: 0.9, lambda: 1, into: $1) }.isEmpty)
  }
}

@Suite struct NormalizedAdvantagesTests {
  private let steps: [RolloutStep] = (0..<7).map { (t: Int) -> RolloutStep in
    let (reward, value) = (Double(t * t % 5) - 1, Double(t) / 2)
    return RolloutStep(
      reward: reward, value: value, nextValue: value + 0.5, ending: t == 3 ? .terminated : .continues)
  }

  @Test func `normalised advantages have mean 0 and sample deviation 1`() {
    let normalised = results(of: steps) {
      generalizedAdvantages(of: $0, discount: 0.9, lambda: 0.7, into: $1)
      normalize($1)
    }
    let squares = normalised.reduce(0) { $0 + $1 * $1 }
    #expect(abs(normalised.reduce(0, +)) < 1e-14)
    // Of n − 1; the ε beside the deviation is seen in the sixth digit.
    #expect(abs(squares / 6 - 1) < 1e-5 && squares / 6 < 1)
  }

  @Test func `a single advantage is normalised to zero, and none is left alone`() {
    var single = [3.0]
    single.withUnsafeMutableBufferPointer { normalize($0) }
    #expect(single == [0])
    normalize(UnsafeMutableBufferPointer(start: nil, count: 0))
  }
}
