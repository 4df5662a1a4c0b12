// What can be added to any strategy: a limit, statistics, a record, and the check that a program repeats itself.

/// Stops a run after `limit` accesses.
public struct StepLimit<Base: Strategy>: Strategy {
  /// The strategy that chooses below the limit.
  public var base: Base
  /// How many accesses may still be made.
  public private(set) var remaining: Int

  /// Lets `base` choose `limit` times.
  public init(_ limit: Int, _ base: Base) {
    precondition(limit >= 0, "a negative step limit")
    self.base = base
    remaining = limit
  }

  public mutating func choose(from runnable: RunnableSet) -> Int? {
    guard remaining > 0 else { return nil }
    remaining -= 1
    return base.choose(from: runnable)
  }

  public mutating func didStep(_ process: Int, access: Access, delay: Int?) {
    base.didStep(process, access: access, delay: delay)
  }
}

/// Counts what a strategy does.
public struct Statistics<Base: Strategy>: Strategy {
  /// The strategy that chooses.
  public var base: Base
  /// Accesses made by each process.
  public private(set) var accesses: [Int]
  /// How often the process changed from one access to the next.
  public private(set) var switches = 0
  /// Switches away from a process that could have gone on.
  public private(set) var preemptions = 0
  private var last: Int?

  /// Counts the choices of `base` among `processes` processes.
  public init(processes: Int, _ base: Base) {
    self.base = base
    accesses = [Int](repeating: 0, count: processes)
  }

  public mutating func choose(from runnable: RunnableSet) -> Int? {
    guard let process = base.choose(from: runnable) else { return nil }
    if let last, last != process {
      switches += 1
      if runnable.contains(last) { preemptions += 1 }
    }
    last = process
    accesses[process] += 1
    return process
  }

  public mutating func didStep(_ process: Int, access: Access, delay: Int?) {
    base.didStep(process, access: access, delay: delay)
  }
}

/// Chooses what was chosen before, and stops at the end of the record or where the record cannot be followed.
public struct Replayed: Strategy, Sendable {
  /// The processes, in the order of their accesses.
  public let choices: [Int]
  private var position = 0

  /// Follows `choices`.
  public init(_ choices: [Int]) { self.choices = choices }

  public mutating func choose(from runnable: RunnableSet) -> Int? {
    guard position < choices.count, runnable.contains(choices[position]) else { return nil }
    position += 1
    return choices[position - 1]
  }
}

/// The first place where a second run of the same program did something else.
public struct Divergence: Hashable, Sendable, CustomStringConvertible {
  /// The number of the access, from 0.
  public var index: Int
  /// What the first run did there.
  public var first: String
  /// What the second run did there.
  public var second: String

  public var description: String { "at access \(index) the first run did \(first), the second \(second)" }
}

/// Runs a program twice and compares every choice and every access. A difference means that something outside the
/// seed (a clock, an address, an order of hashing) reaches the program; without this check such a leak shows only as a
/// digest that disagrees.
/// - Parameter make: builds the run from its beginning, each time anew.
/// - Returns: the first difference, or `nil`.
public func runTwice<P: Process, S: Strategy>(_ make: () -> Simulation<P, S>) -> Divergence? {
  var first = make()
  var second = make()
  while true {
    let index = first.accesses
    if first.candidates != second.candidates {
      return Divergence(
        index: index, first: "have \(first.candidates.members) runnable",
        second: "had \(second.candidates.members)")
    }
    let one = first.advance()
    let other = second.advance()
    if one != other {
      return Divergence(
        index: index, first: one.map { "\($0.access) of \($0.process)" } ?? "nothing",
        second: other.map { "\($0.access) of \($0.process)" } ?? "nothing")
    }
    if one == nil { return nil }
  }
}
