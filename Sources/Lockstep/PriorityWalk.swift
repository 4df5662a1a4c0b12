// The strategy with a guarantee: probabilistic concurrency testing, after Burckhardt, Kothari, Musuvathi and
// Nagarakatte, "A randomized scheduler with probabilistic guarantees of finding bugs", ASPLOS 2010.

/// Runs the process of the highest priority. Priorities are random, and at D − 1 random accesses the process about to
/// run falls below all others.
///
/// A bug of depth d is one that shows whenever d ordering constraints between accesses hold. Among n processes that
/// make k accesses at most, one run finds it with probability at least 1/(n·k^(d−1)) if D ≥ d, whatever the program
/// does otherwise; a random walk's chance can be exponentially small in k. The bound does not hold where a process
/// waits in a loop for one of lower priority: such a run makes no progress until a change point, so give it a step
/// limit.
public struct PriorityWalk: Strategy, Hashable, Sendable, Codable {
  /// Of each process; the processes with the values 1 ..< D have fallen at the change point of that number.
  @usableFromInline var priorities: [Int]
  /// Before which accesses, counted from 0, a priority changes. They may coincide: the draws are independent.
  @usableFromInline let changePoints: [Int]
  @usableFromInline var accesses = 0

  /// Draws priorities for `processes` processes, and `depth` − 1 change points among the first `length` accesses.
  /// - Parameters:
  ///   - depth: D, at least 1; without a change point (1) only the order in which processes start is random.
  ///   - length: k, the most accesses that a run may make; a change point after the end of a run is lost.
  @inlinable
  public init<Generator: RandomNumberGenerator>(
    processes: Int, depth: Int, length: Int, generator: inout Generator
  ) {
    precondition(depth >= 1, "a bug has a depth of at least 1, not \(depth)")
    precondition(length >= 1, "a run of \(length) accesses has no place for a change of priority")
    var priorities = Array(depth..<depth + processes)
    for last in priorities.indices.dropFirst().reversed() {
      priorities.swapAt(last, Int(generator.draw(below: UInt64(last + 1))))
    }
    let changePoints = (1..<depth).map { _ in Int(generator.draw(below: UInt64(length))) }
    self.init(priorities: priorities, changePoints: changePoints)
  }

  /// A walk whose draws are known.
  @usableFromInline
  init(priorities: [Int], changePoints: [Int]) {
    self.priorities = priorities
    self.changePoints = changePoints
  }

  /// The runnable process of the highest priority, once a change that is due has been made.
  @inlinable
  public mutating func choose(from runnable: RunnableSet) -> Int? {
    for (number, point) in changePoints.enumerated() where point == accesses {
      if let falling = highest(in: runnable) { priorities[falling] = number + 1 }
    }
    accesses += 1
    return highest(in: runnable)
  }

  @usableFromInline
  func highest(in runnable: RunnableSet) -> Int? {
    var highest: Int?
    for process in priorities.indices where runnable.contains(process) {
      if highest.map({ priorities[process] > priorities[$0] }) ?? true { highest = process }
    }
    return highest
  }
}
