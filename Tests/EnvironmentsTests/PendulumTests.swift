// Pendulum as a value: what a step does to the state and to copies of it.

import DeterministicMath
import Testing

@testable import Environments

extension Environment {
  /// Steps with `action` given as an array.
  @discardableResult mutating func step(_ action: [Double]) -> StepOutcome { step(action.span) }

  /// The observation as an array.
  var observation: [Double] {
    var values = [Double](repeating: .nan, count: observationSpace.dimension)
    var span = values.mutableSpan
    observe(into: &span)
    return values
  }

  /// The digest of this environment alone.
  var digested: UInt64 {
    var digest = StateDigest()
    self.digest(into: &digest)
    return digest.value
  }
}

@Suite struct PendulumTests {
  @Test(arguments: [(2.0, 3.0), (-2.0, -100.0), (2.0, Double.infinity)])
  func `a torque beyond the limit acts and costs as the limit`(limit: Double, requested: Double) {
    var clipped = Pendulum(theta: 1, thetaDot: 2)
    var atLimit = clipped
    #expect(clipped.step([requested]) == atLimit.step([limit]))
    #expect(clipped == atLimit)
    var below = Pendulum(theta: 1, thetaDot: 2)
    below.step([limit * 0.99])
    #expect(below != atLimit)
  }

  @Test func `the angle advances by the velocity before it is clipped`() {
    var pendulum = Pendulum(theta: .pi / 2, thetaDot: 8)
    pendulum.step([2])
    #expect(pendulum.thetaDot == 8)
    #expect(abs(pendulum.theta - (.pi / 2 + (8 + (15 + 6) * 0.05) * 0.05)) < 1e-12)
  }

  @Test func `whole turns change the state but neither the observation nor the reward`() {
    var pendulum = Pendulum(theta: 0.75, thetaDot: -1)
    var turned = Pendulum(theta: 0.75 + 6 * .pi, thetaDot: -1)
    for (value, expected) in zip(turned.observation, pendulum.observation) { #expect(abs(value - expected) < 1e-12) }
    let outcome = turned.step([1])
    #expect(abs(outcome.reward - pendulum.step([1]).reward) < 1e-12)
    #expect(turned.theta > 6 * .pi)
  }

  @Test func `half a turn counts as minus half a turn`() {
    for theta in [Double.pi, -.pi, 3 * .pi] {
      var pendulum = Pendulum(theta: theta)
      #expect(abs(pendulum.step([0]).reward + .pi * .pi) < 1e-12)
    }
  }

  @Test func `the remainder is exact, near multiples and far from them`() {
    let turn = 2 * Double.pi
    var source = GymRandom(seed: 0)
    var values = [0, -0.0, .leastNonzeroMagnitude, 1e300, -1e300, .greatestFiniteMagnitude]
    for multiple in [1.0, 2, 3, 7, 8, 500, 1e15] {
      let value = multiple * turn
      values += [value, value.nextDown, value.nextUp, -value, -value.nextDown, -value.nextUp]
    }
    for scale in [1.0, 10, 1000, 1e9] { values += (0..<200).map { _ in source.uniform(in: -scale...scale) } }
    for value in values {
      #expect(exactRemainder(value, turn) == value.truncatingRemainder(dividingBy: turn), "of \(value)")
    }
    for value in [Double.infinity, -.infinity, .nan] { #expect(exactRemainder(value, turn).isNaN) }
  }

  @Test func `a torque that is not a number spoils the state for all to see`() {
    var pendulum = Pendulum(theta: 1)
    #expect(pendulum.step([.nan]).reward.isNaN)
    #expect(pendulum.theta.isNaN && pendulum.thetaDot.isNaN)
  }

  @Test func `observations and actions have the bounds that Gym gives`() {
    #expect(Pendulum().observationSpace == .box(lower: [-1, -1, -8], upper: [1, 1, 8]))
    #expect(Pendulum().actionSpace == .box(lower: [-2], upper: [2]))
    #expect(Pendulum(theta: 0, thetaDot: 3).observation == [1, 0, 3])
  }

  @Test func `an episode never ends by itself`() {
    var source = GymRandom(seed: 3)
    var pendulum = Pendulum()
    pendulum.reset(using: &source)
    for step in 0..<1000 {
      #expect(!pendulum.step([step % 50 < 25 ? 2 : -2]).done)
      #expect(abs(pendulum.thetaDot) <= 8)
    }
  }

  @Test func `the same seed and actions give the same bits, another seed others`() {
    func digest(seed: UInt64) -> UInt64 {
      var source = GymRandom(seed: seed)
      var environment: any Environment = Pendulum()
      environment.reset(using: &source)
      for step in 0..<100 { environment.step([Double(step % 5) - 2]) }
      return environment.digested
    }
    #expect(digest(seed: 1) == digest(seed: 1))
    #expect(digest(seed: 1) != digest(seed: 2))
  }

  @Test func `a copy is a snapshot that the original does not disturb`() {
    var original: any Environment = TimeLimit(Pendulum(theta: 1, thetaDot: 1), steps: 10)
    var snapshot = original
    let before = snapshot.digested
    let first = original.step([1])
    #expect(snapshot.digested == before)
    #expect(original.digested != before)
    #expect(snapshot.step([1]) == first)
    #expect(snapshot.digested == original.digested)
  }

  @Test func `the digest depends on the angle and on the velocity`() {
    let digests = [Pendulum(theta: 1, thetaDot: 2), Pendulum(theta: 3, thetaDot: 2), Pendulum(theta: 1, thetaDot: 3)]
      .map(\.digested)
    #expect(digests[0] != digests[1])
    #expect(digests[0] != digests[2])
  }

  @Test func `an existential holds a pendulum inline, limited or not`() {
    let inline = 3 * MemoryLayout<Int>.size
    #expect(MemoryLayout<Pendulum>.size <= inline)
    #expect(MemoryLayout<TimeLimit<Pendulum>>.size <= inline)
  }
}
