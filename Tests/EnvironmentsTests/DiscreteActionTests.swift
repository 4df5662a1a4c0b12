// Discrete actions are indices; anything else is the caller's mistake and stops the program.

import Testing

@testable import Environments

@Suite struct DiscreteActionTests {
  @Test func `every index of the space is an action`() {
    for registration in Environments.registered {
      guard case .discrete(let count) = registration.unlimited.actionSpace else { continue }
      var states: Set<[Double]> = []
      for index in 0..<count {
        var environment = registration.unlimited
        environment.step([Double(index)])
        states.insert(environment.state)
      }
      #expect(states.count == count, "\(registration.name)")
    }
  }

  @Test func `what is no index is refused`() async {
    await #expect(processExitsWith: .failure) { _ = [2.0].span.choice(among: 2) }
    await #expect(processExitsWith: .failure) { _ = [-1.0].span.choice(among: 2) }
    await #expect(processExitsWith: .failure) { _ = [0.5].span.choice(among: 2) }
    await #expect(processExitsWith: .failure) { _ = [Double.nan].span.choice(among: 2) }
    await #expect(processExitsWith: .failure) { _ = [0.0, 1.0].span.choice(among: 2) }
    #expect([1.0].span.choice(among: 2) == 1 && [-0.0].span.choice(among: 1) == 0)
  }

  @Test func `an acrobot in a state that Gym would hang in observes NaN`() {
    var acrobot = Acrobot(theta1: 1e17)
    acrobot.step([1])
    #expect(acrobot.state[0].isNaN)
    var turning = Acrobot(theta1: 7 * .pi)
    turning.step([1])
    #expect(abs(turning.state[0]) <= .pi)
  }
}
