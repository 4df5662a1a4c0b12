// Environments are found by Gym's name, with Gym's time limit, and a wrong name is answered with the right one.

import Testing

@testable import Environments

@Suite struct RegistryTests {
  @Test func `a name gives the environment with its registered time limit`() throws {
    var environment = try Environments.named("Pendulum-v0")
    #expect(environment.name == "Pendulum-v0")
    for _ in 1..<200 { #expect(!environment.step([0]).done) }
    #expect(environment.step([0]).truncated)
  }

  private static let limits = [
    ("Pendulum-v0", 200), ("Pendulum-v1", 200), ("MountainCar-v0", 200), ("MountainCarContinuous-v0", 999),
    ("CartPole-v0", 200), ("CartPole-v1", 500), ("Acrobot-v1", 500), ("InvertedPendulumSwingupBulletEnv-v0", 1000),
    ("InvertedPendulumBulletEnv-v0", 1000),
  ]

  @Test func `every registered environment has its limit here`() {
    #expect(Set(Environments.registered.map(\.name)) == Set(Self.limits.map(\.0)))
    #expect(Environments.registered.count == Self.limits.count)
  }

  @Test(arguments: limits)
  func `an environment has the time limit that it is registered with elsewhere`(name: String, limit: Int) throws {
    #expect(try Environments.registration(of: name).timeLimit == limit)
  }

  @Test func `an environment draws its start states as the original does`() throws {
    let drawn = try ["Pendulum-v0", "Pendulum-v1"].map { name in
      let registration = try Environments.registration(of: name)
      var (environment, source) = (registration.unlimited, registration.source(seed: 0))
      environment.reset(using: &source)
      return environment.state
    }
    #expect(drawn == [[-2.8000383468574164, 0.9307818744846408], [0.8605556614246863, -0.4604265724722594]])
  }

  @Test func `a registration gives the environment without a limit, or with another`() throws {
    let registration = try Environments.registration(of: "Pendulum-v0")
    #expect(registration.timeLimit == 200)
    var unlimited = registration.unlimited
    for _ in 0..<300 { #expect(!unlimited.step([0]).done) }
    var short = registration.limited(to: 1)
    #expect(short.step([0]).truncated)
  }

  @Test(arguments: ["pendulum-v0", "Pendulum", "PENDULUM-V0"])
  func `an unknown name is an error that names the nearest known`(name: String) {
    let error = #expect(throws: UnknownEnvironment.self) { try Environments.named(name) }
    #expect(error?.nearest.first == "Pendulum-v0")
    #expect(error?.description.contains("'\(name)'") == true)
  }

  @Test func `the nearest names come first, at most three, letter case aside`() {
    let known = ["Acrobot-v1", "CartPole-v0", "Pendulum-v0", "Pendulum-v1", "MountainCar-v0"]
    #expect(UnknownEnvironment(name: "CARTPOLE-V1", among: known).nearest.first == "CartPole-v0")
    #expect(UnknownEnvironment(name: "pole-v2", among: ["pole", "POLE-V1"]).nearest.first == "POLE-V1")
    #expect(UnknownEnvironment(name: "cartpol", among: known).nearest.first == "CartPole-v0")
    #expect(UnknownEnvironment(name: "Pendulum-v", among: known).nearest.prefix(2) == ["Pendulum-v0", "Pendulum-v1"])
    #expect(UnknownEnvironment(name: "x", among: known).nearest.count == 3)
  }
}
