// Wrappers change what they say and nothing else, and keep their state where checkpoints find it.

import DeterministicMath
import Testing

@testable import Environments

@Suite struct WrapperTests {
  @Test func `a scaled reward is shifted first and then multiplied, and nothing else changes`() {
    var bare = Pendulum(theta: 1, thetaDot: 2)
    var scaled = ScaledReward(bare, shift: 8, factor: 0.125)
    let (expected, outcome) = (bare.step([1]), scaled.step([1]))
    #expect(outcome.reward == (expected.reward + 8) / 8 && outcome.reward != expected.reward / 8 + 8)
    #expect(scaled.base == bare && scaled.observation == bare.observation && scaled.state == bare.state)
    #expect(scaled.name == bare.name && scaled.actionSpace == bare.actionSpace)
    var limited = ScaledReward(TimeLimit(bare, steps: 1), factor: 2)
    #expect(limited.step([0]).truncated)
  }

  @Test func `a shaped reward is that of the state after the step`() {
    var bare = MountainCar(position: -0.4, velocity: 0.01)
    var shaped = ShapedReward(bare, .exponential)
    bare.step([2])
    let outcome = shaped.step([2])
    #expect(outcome.reward == Double.exp(10 * bare.position + bare.velocity))
    #expect(shaped.base == bare && !outcome.done)
    // A shape gets the original outcome, its end included.
    let paysTheEnd = RewardShape<MountainCar>("end") { _, outcome in outcome.terminated ? outcome.reward + 101 : 0 }
    var arriving = ShapedReward(MountainCar(position: 0.49, velocity: 0.07), paysTheEnd)
    #expect(arriving.step([2]) == StepOutcome(reward: 100, terminated: true))
  }

  @Test func `digests tell wrappers apart by their settings`() {
    let pendulum = Pendulum(theta: 1, thetaDot: 1)
    let digests = [
      ScaledReward(pendulum, shift: 1).digested, ScaledReward(pendulum, factor: 2).digested,
      ScaledReward(pendulum).digested, pendulum.digested,
    ]
    #expect(Set(digests).count == 4)
    let car = MountainCar()
    let other = RewardShape<MountainCar>("other") { _, _ in 0 }
    #expect(ShapedReward(car, .exponential).digested != ShapedReward(car, other).digested)
    let normalized = NormalizedObservation(pendulum)
    #expect(normalized.digested != NormalizedObservation(pendulum, isFrozen: true).digested)
    var moments = RunningMoments(dimension: 3)
    moments.push(pendulum.observation.span)
    #expect(normalized.digested != NormalizedObservation(pendulum, moments: moments).digested)
  }

  @Test func `an observation is normalised by all that were met, itself included, once each`() {
    var bare = Pendulum()
    var normalized = NormalizedObservation(bare)
    var moments = RunningMoments(dimension: 3)
    var source = GymRandom(seed: 1)
    var same = source
    bare.reset(using: &source)
    normalized.reset(using: &same)
    for torque in [0.5, -1, 2, 2, 0] {
      moments.push(bare.observation.span)
      var expected = bare.observation
      var span = expected.mutableSpan
      moments.normalize(&span)
      for _ in 0..<2 { #expect(normalized.observation == expected) }
      #expect(normalized.step([torque]) == bare.step([torque]))
    }
    #expect(normalized.moments.count == 6)
    #expect(normalized.moments != moments)
  }

  @Test func `frozen moments stay, others outlive a reset`() {
    var source = GymRandom(seed: 1)
    var normalized = NormalizedObservation(Pendulum())
    normalized.reset(using: &source)
    normalized.step([1])
    normalized.reset(using: &source)
    #expect(normalized.moments.count == 3)
    normalized.isFrozen = true
    let moments = normalized.moments
    normalized.step([1])
    normalized.reset(using: &source)
    #expect(normalized.moments == moments)
    // The state has all of it.
    var copy = NormalizedObservation(Pendulum())
    copy.state = normalized.state
    #expect(copy.isFrozen && copy.moments == moments && copy.digested == normalized.digested)
  }

  @Test func `a mean far from zero does not spoil the deviation`() {
    var moments = RunningMoments(dimension: 1)
    for x in [1e9 + 4, 1e9 + 7, 1e9 + 13, 1e9 + 16] { moments.push([x].span) }
    #expect(moments.means == [1e9 + 10])
    #expect(abs(moments.deviation(0) - 30.0.squareRoot()) < 1e-9)  // By squares of sums it would be off by units.
    #expect(RunningMoments(dimension: 1).deviation(0) == 0)
  }
}
