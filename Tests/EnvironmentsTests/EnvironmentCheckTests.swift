// The check passes every environment there is, and names the broken promise of each faulty one.

import DeterministicMath
import Testing

@testable import Environments

/// A walk between 0 and 1 that terminates at either end, sound but for one fault.
private struct Walk: Environment {
  /// What is wrong with it.
  enum Fault: String, CaseIterable, Sendable {
    case none, boundsCrossed, boundsUneven, boundsMoving, elementUnwritten, outOfBounds, observationNaN, rewardInfinite,
      rewardOfClock, copySharesMemory, resetForgetsVelocity, bothEndings, limitAsEnd, stateLacksVelocity, stateGrows,
      stateRounds, digestLacksVelocity, digestOfConstant, observingMoves, noChoices
  }

  /// State that a copy shares by mistake.
  final class Shared: @unchecked Sendable {
    var count = 0
  }

  let fault: Fault
  private let shared = Shared()
  private var position = 0.5
  private var velocity = 0.0
  private var steps = 0

  init(_ fault: Fault) { self.fault = fault }

  var name: String { "Walk" }

  var observationSpace: Space {
    switch fault {
    case .boundsCrossed: .box(lower: [0, 2], upper: [1, -2])
    case .boundsUneven: .box(lower: [0], upper: [1, 2])
    case .boundsMoving: .box(lower: [0, -2], upper: [1, steps > 3 ? 3 : 2])
    case .outOfBounds: .box(lower: [0, -0.001], upper: [1, 0.001])
    default: .box(lower: [0, -2], upper: [1, 2])
    }
  }

  var actionSpace: Space { fault == .noChoices ? .discrete(count: 0) : .box(lower: [-1], upper: [1]) }

  mutating func reset(using source: inout some UniformSource) {
    position = source.uniform(in: 0.4...0.6)
    if fault != .resetForgetsVelocity { velocity = 0 }
    steps = 0
    if fault != .rewardOfClock { shared.count = 0 }
  }

  func observe(into observation: inout MutableSpan<Double>) {
    observation[0] = fault == .observationNaN && steps == 3 ? .nan : max(0, min(1, position))
    if fault != .elementUnwritten { observation[1] = velocity }
    if fault == .observingMoves {
      shared.count += 1
      observation[1] += 1e-9 * Double(shared.count)
    }
  }

  mutating func step(_ action: Span<Double>) -> StepOutcome {
    steps += 1
    if fault == .copySharesMemory || fault == .rewardOfClock { shared.count += 1 }
    velocity = max(-2, min(2, velocity + 0.01 * action[0] + 1e-3 * Double(shared.count)))
    position += 0.1 * velocity
    if fault == .limitAsEnd {
      position = 0.5 + 0.001 * velocity
      return StepOutcome(reward: 0, terminated: steps == 20)
    }
    let isOver = position <= 0 || position >= 1
    return StepOutcome(
      reward: fault == .rewardInfinite && isOver ? .infinity : -abs(position), terminated: isOver,
      truncated: fault == .bothEndings && isOver)
  }

  func digest(into digest: inout StateDigest) {
    if fault == .digestOfConstant { return digest.combine(1) }
    digest.combine(position)
    if fault != .digestLacksVelocity { digest.combine(velocity) }
    digest.combine(steps)
    if fault == .copySharesMemory { digest.combine(shared.count) }
  }

  var state: [Double] {
    get {
      switch fault {
      case .stateLacksVelocity: [position, Double(steps)]
      case .stateGrows: [position, velocity, Double(steps)] + Array(repeating: 0, count: min(steps, 3))
      default: [position, velocity, Double(steps)]
      }
    }
    set {
      position = fault == .stateRounds ? Double(Float(newValue[0])) : newValue[0]
      if fault != .stateLacksVelocity { velocity = newValue[1] }
      steps = Int(newValue[fault == .stateLacksVelocity ? 1 : 2])
    }
  }
}

@Suite struct EnvironmentCheckTests {
  @Test(arguments: Environments.registered.map(\.name))
  func `every registered environment keeps its promises, bare and limited`(name: String) throws {
    let registration = try Environments.registration(of: name)
    let check = EnvironmentCheck(episodes: 5, steps: 300)
    let findings = check.findings(of: registration.unlimited)
    #expect(findings.allSatisfy { $0.breach == nil && $0.cases > 0 }, "\(findings)")
    #expect(check.breaches(of: registration.limited(to: 50), timeLimit: 50) == [])
  }

  @Test func `wrappers keep the promises, but moments that go on outlive a reset`() {
    let check = EnvironmentCheck(episodes: 5, steps: 100)
    #expect(check.breaches(of: ShapedReward(MountainCar(), .exponential)) == [])
    #expect(check.breaches(of: TimeLimit(ScaledReward(Pendulum(), shift: 8, factor: 0.125), steps: 90)) == [])
    #expect(check.breaches(of: NormalizedObservation(CartPole(.v1))).map(\.property) == [.resets])
    #expect(check.breaches(of: NormalizedObservation(CartPole(.v1), isFrozen: true)) == [])
  }

  private static let caught: [(Walk.Fault, EnvironmentCheck.Property)] = [
    (.boundsCrossed, .spaces), (.boundsUneven, .spaces), (.boundsMoving, .spaces), (.noChoices, .spaces),
    (.elementUnwritten, .observations), (.outOfBounds, .observations), (.observationNaN, .observations),
    (.observingMoves, .observations), (.rewardInfinite, .rewards), (.rewardOfClock, .determinism),
    (.copySharesMemory, .copies), (.resetForgetsVelocity, .resets), (.bothEndings, .endings), (.limitAsEnd, .endings),
    (.stateLacksVelocity, .state), (.stateGrows, .state), (.stateRounds, .state), (.digestLacksVelocity, .digest),
    (.digestOfConstant, .digest),
  ]

  @Test(arguments: caught)
  fileprivate func `a fault is caught by its name`(fault: Walk.Fault, property: EnvironmentCheck.Property) {
    let breaches = EnvironmentCheck().breaches(of: Walk(fault))
    #expect(breaches.contains { $0.property == property && $0.breach?.isEmpty == false }, "\(breaches)")
  }

  @Test func `the walk without a fault passes, and every fault is in the list`() {
    #expect(EnvironmentCheck().breaches(of: Walk(.none)) == [])
    #expect(Set(Self.caught.map(\.0)) == Set(Walk.Fault.allCases).subtracting([.none]))
  }

  @Test func `a fault of one property does not accuse the others`() {
    let alone: [Walk.Fault] = [
      .boundsMoving, .outOfBounds, .rewardInfinite, .resetForgetsVelocity, .bothEndings, .limitAsEnd,
      .digestLacksVelocity,
    ]
    for fault in alone { #expect(EnvironmentCheck().breaches(of: Walk(fault)).count == 1, "\(fault)") }
  }

  @Test func `a time limit that comes early, late or not at all is an ending that is wrong`() {
    let check = EnvironmentCheck(episodes: 2, steps: 60)
    for steps in [49, 51] {
      #expect(check.breaches(of: TimeLimit(Pendulum(), steps: steps), timeLimit: 50).map(\.property) == [.endings])
    }
    #expect(check.breaches(of: Pendulum(), timeLimit: 50).map(\.property) == [.endings])
    #expect(check.breaches(of: TimeLimit(Pendulum(), steps: 50), timeLimit: 50) == [])
  }

  @Test func `the same check finds the same, and its breach names the episode and the seed`() throws {
    let breach = try #require(EnvironmentCheck(seed: 7).breaches(of: Walk(.rewardInfinite)).first?.breach)
    #expect(breach.hasPrefix("episode ") && breach.contains(" of seed 7, step "))
    #expect(EnvironmentCheck(seed: 7).breaches(of: Walk(.rewardInfinite)).first?.breach == breach)
  }
}
