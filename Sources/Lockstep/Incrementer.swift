// The smallest program with a race. It is the engine's yardstick: everything about it is known, and a search of it
// costs nothing but the search.

/// Reads a counter, then writes one more than it read.
public struct Incrementer: Process {
  /// The counter.
  public struct Counter: World {
    /// How many increments it shows.
    public var value = 0

    /// A counter at 0.
    public init() {}
  }

  /// What was read; `nil` before.
  private var seen: Int?
  private var hasWritten = false

  /// A process that has done nothing yet.
  public init() {}

  /// A read, then a write, of object 0.
  public var nextAccess: Access? { hasWritten ? nil : Access(seen == nil ? .read : .write, 0) }

  /// Reads, or writes.
  public mutating func step(_ counter: inout Counter) {
    if let seen {
      counter.value = seen + 1
      hasWritten = true
    } else {
      seen = counter.value
    }
  }
}

/// Searches all interleavings of so many incrementers, `times` times from the beginning.
/// - Returns: how many schedules were run in all, and in how many of them an increment was lost.
public func exploreIncrementers(_ count: Int = 2, times: Int = 1) -> (schedules: Int, lost: Int) {
  let start = Simulation(
    world: Incrementer.Counter(), processes: Array(repeating: Incrementer(), count: count), strategy: Replayed([]))
  var (schedules, lost) = (0, 0)
  for _ in 0..<times {
    var exploration = Exploration(from: start)
    while let outcome = exploration.next() {
      schedules += 1
      if outcome.end.world.value < count { lost += 1 }
    }
  }
  return (schedules, lost)
}
