// The environments by their Gym names, each with the time limit and the seeding that it has there.

import DeterministicMath

/// The environments there are.
public enum Environments {
  /// An environment as Gym registers it.
  public struct Registration: Sendable {
    /// How the original program makes random numbers of a seed.
    public enum Seeding: Sendable {
      /// `env.seed(s)` of gym 0.18.0: `GymRandom`.
      case gym
      /// `env.reset(seed=s)` of Gymnasium: `PermutedCongruential`.
      case gymnasium
    }

    /// Gym's name, such as `Pendulum-v0`.
    public let name: String
    /// Gym's time limit in steps.
    public let timeLimit: Int
    /// How the original seeds it.
    public let seeding: Seeding
    private let prototype: any Environment

    init(_ prototype: some Environment, timeLimit: Int, seeding: Seeding = .gym) {
      name = prototype.name
      self.timeLimit = timeLimit
      self.seeding = seeding
      self.prototype = prototype
    }

    /// The environment itself, whose episodes end by termination only; Gym's `make(name).unwrapped`.
    public var unlimited: any Environment { prototype }

    /// The random numbers that the original environment draws its start states from after it was seeded.
    public func source(seed: UInt64) -> any UniformSource & Sendable {
      switch seeding {
      case .gym: GymRandom(seed: seed)
      case .gymnasium: PermutedCongruential(seed: seed)
      }
    }

    /// The environment with its episodes truncated after `steps` steps.
    /// - Precondition: `steps` is positive.
    public func limited(to steps: Int) -> any Environment {
      func limit(_ base: some Environment) -> any Environment { TimeLimit(base, steps: steps) }
      return limit(prototype)
    }
  }

  /// Every environment, in the order in which they are listed to users.
  public static let registered: [Registration] = [
    Registration(Pendulum(), timeLimit: 200),
    Registration(PendulumV1(), timeLimit: 200, seeding: .gymnasium),
    Registration(MountainCar(), timeLimit: 200),
    Registration(ContinuousMountainCar(), timeLimit: 999),
    Registration(CartPole(.v0), timeLimit: 200),
    Registration(CartPole(.v1), timeLimit: 500),
    Registration(Acrobot(), timeLimit: 500),
    Registration(BulletPendulum(.swingUp), timeLimit: 1000),
    Registration(BulletPendulum(.balance), timeLimit: 1000),
  ]

  /// The registration of `name`, which is Gym's and case-sensitive.
  /// - Throws: `UnknownEnvironment` with the nearest known names.
  public static func registration(of name: String) throws(UnknownEnvironment) -> Registration {
    guard let registration = registered.first(where: { $0.name == name }) else { throw UnknownEnvironment(name: name) }
    return registration
  }

  /// The environment called `name` with its registered time limit, as Gym's `make(name)` returns it.
  /// - Throws: `UnknownEnvironment` with the nearest known names.
  public static func named(_ name: String) throws(UnknownEnvironment) -> any Environment {
    let registration = try registration(of: name)
    return registration.limited(to: registration.timeLimit)
  }
}

/// A name that no environment is registered under.
public struct UnknownEnvironment: Error, CustomStringConvertible, Equatable {
  /// The name as it was given.
  public let name: String
  /// At most three registered names, the one that takes the fewest edits first.
  public let nearest: [String]

  init(name: String, among known: [String] = Environments.registered.map(\.name)) {
    self.name = name
    nearest = name.nearest(3, among: known)
  }

  /// One sentence for the user.
  public var description: String {
    "there is no environment called '\(name)'; the nearest known: \(nearest.joined(separator: ", "))"
  }
}
