// No strategy finds every kind of race soonest, so a search tries several in turns.

/// Strategies that take turns, each with a budget of schedules and with seeds of its own.
public struct Portfolio: Sequence, IteratorProtocol {
  /// One strategy.
  public struct Member {
    /// What it is called in reports.
    public var name: String
    /// How many schedules it may choose.
    public var schedules: Int
    /// Makes the strategy for a seed.
    public var strategy: (_ seed: UInt64) -> any Strategy

    /// A strategy called `name` that chooses at most `schedules` schedules.
    public init(_ name: String, schedules: Int, strategy: @escaping (_ seed: UInt64) -> any Strategy) {
      precondition(schedules >= 0, "a budget of \(schedules) schedules")
      self.name = name
      self.schedules = schedules
      self.strategy = strategy
    }
  }

  /// What chooses one schedule.
  public struct Turn {
    /// The number of the member.
    public var member: Int
    /// The name of the member.
    public var name: String
    /// The seed that repeats the schedule.
    public var seed: UInt64
    /// The strategy that the member made of it.
    public var strategy: any Strategy
  }

  /// The strategies, in the order of their turns.
  public let members: [Member]
  private let firstSeed: UInt64
  private var round = 0
  private var position = 0

  /// Lets `members` take turns; the schedules of each have the seeds `seed`, `seed` + 1, ….
  public init(_ members: [Member], seed: UInt64 = 0) {
    self.members = members
    firstSeed = seed
  }

  /// The next turn; members whose budget is spent are passed over, `nil` when all are.
  public mutating func next() -> Turn? {
    while round < members.map(\.schedules).max() ?? 0 {
      let member = position
      let seed = firstSeed &+ UInt64(round)
      let isDue = round < members[member].schedules
      position += 1
      if position == members.count { (round, position) = (round + 1, 0) }
      if isDue {
        return Turn(member: member, name: members[member].name, seed: seed, strategy: members[member].strategy(seed))
      }
    }
    return nil
  }
}
