// A time limit truncates: it ends the episode without ending the task.

import DeterministicMath
import Testing

@testable import Environments

/// Terminates at its `end`-th step, to show how a limit and an ending of the task's own meet.
private struct Countdown: Environment {
  let end: Int
  var steps = 0
  var name: String { "Countdown" }
  var observationSpace: Space { .discrete(count: end + 1) }
  var actionSpace: Space { .discrete(count: 1) }

  init(end: Int) { self.end = end }

  mutating func reset(using source: inout some UniformSource) { steps = 0 }
  func observe(into observation: inout MutableSpan<Double>) { observation[0] = Double(steps) }
  mutating func step(_ action: Span<Double>) -> StepOutcome {
    steps += 1
    return StepOutcome(reward: 1, terminated: steps == end)
  }
  func digest(into digest: inout StateDigest) { digest.combine(steps) }
  var state: [Double] {
    get { [Double(steps)] }
    set { steps = Int(newValue[0]) }
  }
}

@Suite struct TimeLimitTests {
  @Test func `an environment put into a state goes on from there`() {
    var original = TimeLimit(Pendulum(theta: 1, thetaDot: -2), steps: 5)
    for torque in [0.5, 1.5] { _ = original.step([torque]) }
    var copy = TimeLimit(Pendulum(), steps: 5)
    copy.state = original.state
    #expect(copy == original)
    #expect(episode(&copy) == episode(&original))
    // One number less exact and the pendulum is another.
    copy.state = original.state.enumerated().map { $0 == 1 ? $1.nextUp : $1 }
    #expect(copy != original)
  }

  /// The outcomes of one episode, up to and with the first that is done.
  private func episode(_ environment: inout some Environment) -> [StepOutcome] {
    var outcomes: [StepOutcome] = []
    repeat { outcomes.append(environment.step([0])) } while !outcomes.last!.done
    return outcomes
  }

  @Test func `the last step is truncated and not terminated`() {
    var limited = TimeLimit(Pendulum(), steps: 3)
    let outcomes = episode(&limited)
    #expect(outcomes.map(\.truncated) == [false, false, true])
    #expect(outcomes.map(\.terminated) == [false, false, false])
    #expect(outcomes.map(\.done) == [false, false, true])
  }

  @Test func `an ending of the task's own before the limit is not truncation`() {
    var limited = TimeLimit(Countdown(end: 2), steps: 3)
    let outcomes = episode(&limited)
    #expect(outcomes.map(\.terminated) == [false, true])
    #expect(outcomes.map(\.truncated) == [false, false])
  }

  @Test func `an ending of the task's own at the limit is termination`() {
    var limited = TimeLimit(Countdown(end: 3), steps: 3)
    #expect(episode(&limited).last == StepOutcome(reward: 1, terminated: true, truncated: false))
  }

  @Test func `a reset starts the count anew and passes through`() {
    var source = GymRandom(seed: 0)
    var limited = TimeLimit(Pendulum(), steps: 4)
    #expect(episode(&limited).count == 4)
    limited.reset(using: &source)
    #expect(limited.elapsed == 0)
    #expect(limited.base == Pendulum(theta: -2.8000383468574164, thetaDot: 0.9307818744846408))
    #expect(episode(&limited).count == 4)
  }

  @Test func `steps, observations and spaces are those of the environment within`() {
    var bare = Pendulum(theta: 1, thetaDot: 1)
    var limited = TimeLimit(bare, steps: 5)
    #expect(limited.name == bare.name)
    #expect(limited.observationSpace == bare.observationSpace)
    #expect(limited.actionSpace == bare.actionSpace)
    #expect(limited.step([0.5]) == bare.step([0.5]))
    #expect(limited.observation == bare.observation)
  }

  @Test func `the digest depends on the state, the limit and the steps taken`() {
    let limited = TimeLimit(Countdown(end: 9), steps: 5)
    var stepped = limited
    stepped.step([0])
    var later = limited
    later.base = stepped.base
    #expect(limited.digested != later.digested)
    #expect(later.digested != stepped.digested)
    #expect(limited.digested != TimeLimit(Countdown(end: 9), steps: 6).digested)
  }
}
