// The guarantee of probabilistic concurrency testing, not on a sample but on all of its draws: a bug of depth d is
// found with the promised probability, is not found by a walk that is too shallow, and is practically missed by a
// random walk.

import Testing

@testable import Lockstep

@Suite struct PriorityWalkTests {
  @Test(arguments: [(depth: 1, length: 20), (depth: 2, length: 20), (depth: 3, length: 14)])
  func aBugOfDepthDIsFoundWithThePromisedProbabilityAndByNoShallowerWalk(depth: Int, length: Int) {
    let bug = Bug(depth: depth, length: length)
    let (found, runs) = bug.detections(depth: depth)
    // 1/(n·k^(d−1)), of n! k^(d−1) draws that are all equally likely.
    let promised = Double(runs) / (2 * power(Double(length), depth - 1))
    #expect(Double(found) >= promised, "\(found) of \(runs)")
    #expect(found < runs / 2 + 1, "a bug that every run shows has no depth")
    #expect(bug.detections(depth: depth + 1).found > 0, "more change points than needed do no harm")
    for shallow in 1..<depth { #expect(bug.detections(depth: shallow).found == 0) }
  }

  /// The bound has the number of processes in it. Here others run, too, and the bug is one of order alone: it shows in all
  /// schedules that keep the constraints.
  @Test(arguments: [
    (depth: 1, processes: 4, length: 6), (depth: 2, processes: 3, length: 6), (depth: 2, processes: 4, length: 5),
    (depth: 3, processes: 3, length: 5), (depth: 3, processes: 4, length: 4),
  ])
  func amongMoreProcessesTheBoundHolds(depth: Int, processes: Int, length: Int) {
    let bug = Overtaking(depth: depth, processes: processes, length: length)
    let steps = processes * length
    let (found, runs) = bug.detections(depth: depth)
    #expect(
      Double(found) >= Double(runs) / (Double(processes) * power(Double(steps), depth - 1)), "\(found) of \(runs)")
    #expect(found < runs)
    for shallow in 1..<depth { #expect(bug.detections(depth: shallow).found == 0) }
  }

  @Test func theWalkFindsWhatARandomWalkPracticallyMisses() {
    let bug = Bug(depth: 2, length: 60)
    var found = 0
    var foundByRandomWalk = 0
    let seeds = 2000
    for seed in 0..<UInt64(seeds) {
      var generator = SplitMix64(seed: seed)
      if bug.isFound(by: PriorityWalk(processes: 2, depth: 2, length: 60, generator: &generator)) { found += 1 }
      if bug.isFound(by: RandomWalk(generator: SplitMix64(seed: seed))) { foundByRandomWalk += 1 }
    }
    // 1/120 is promised: 16.7 of 2000 runs, with a standard deviation of 4.1. The random walk has to choose one process
    // 30 times in a row.
    #expect(found >= 5)
    #expect(foundByRandomWalk == 0)
    // It is the bug that is hard, not the random walk that is broken.
    #expect((0..<20).contains { Bug(depth: 1, length: 2).isFound(by: RandomWalk(generator: SplitMix64(seed: $0))) })
  }

  @Test func allPrioritiesAndChangePointsAreDrawnAboutEquallyOften() {
    var priorities: [[Int]: Int] = [:]
    var points: [[Int]: Int] = [:]
    for seed in 0..<UInt64(6000) {
      var generator = SplitMix64(seed: seed)
      let walk = PriorityWalk(processes: 3, depth: 3, length: 4, generator: &generator)
      priorities[walk.priorities, default: 0] += 1
      points[walk.changePoints, default: 0] += 1
    }
    #expect(priorities.count == 6 && priorities.values.allSatisfy { abs($0 - 1000) < 5 * 29 })
    #expect(priorities.keys.allSatisfy { $0.sorted() == [3, 4, 5] }, "above those of the change points")
    #expect(points.count == 16 && points.values.allSatisfy { abs($0 - 375) < 5 * 19 })
  }

  @Test func aProcessFallsBelowAllOthersAtItsChangePoint() {
    func schedule(_ changePoints: [Int]) -> [Int] {
      let depth = changePoints.count + 1
      var run = Simulation(
        countdowns: [3, 3, 3],
        strategy: PriorityWalk(priorities: [depth + 1, depth, depth + 2], changePoints: changePoints))
      return run.schedule()
    }
    #expect(schedule([]) == [2, 2, 2, 0, 0, 0, 1, 1, 1])
    #expect(schedule([1]) == [2, 0, 0, 0, 1, 1, 1, 2, 2])
    #expect(schedule([0]) == [0, 0, 0, 1, 1, 1, 2, 2, 2])
    // The first change point leaves the lowest priority of all, whichever comes first.
    #expect(schedule([1, 2]) == [2, 0, 1, 1, 1, 0, 0, 2, 2])
    #expect(schedule([2, 1]) == [2, 0, 1, 1, 1, 2, 2, 0, 0])
    #expect(schedule([1, 1]) == [2, 1, 1, 1, 0, 0, 0, 2, 2])
  }

  @Test func aBlockedProcessLetsTheNextOneGo() {
    let code: [Program<Memory>.Instruction] = [.acquire(0), .read(1), .release(0)]
    var run = Simulation(
      world: Memory(cells: 2), processes: Array(repeating: Program<Memory>(code), count: 2),
      strategy: PriorityWalk(priorities: [2, 3], changePoints: [1]))
    #expect(run.schedule() == [1, 1, 1, 0, 0, 0], "0 has the higher priority from access 1 on, but no lock")
  }

  @Test func aWalkWithoutAPlaceForAChangeIsAProgrammersError() async {
    await #expect(processExitsWith: .failure) {
      var generator = SplitMix64(seed: 0)
      _ = PriorityWalk(processes: 2, depth: 0, length: 1, generator: &generator)
    }
    await #expect(processExitsWith: .failure) {
      var generator = SplitMix64(seed: 0)
      _ = PriorityWalk(processes: 2, depth: 2, length: 0, generator: &generator)
    }
  }
}

/// A program of two processes, each with half of `length` accesses, that fails if they change places at `depth` − 1
/// certain accesses and nowhere between: process 0 first, up to its second access, then process 1, up to its last but
/// one, then process 0 again. Depth 1 is that process 1 begins.
private struct Bug {
  var depth: Int
  var length: Int

  private var failing: [Int] {
    let half = length / 2
    return switch depth {
    case 1: Array(repeating: 1, count: half) + Array(repeating: 0, count: half)
    case 2: [0, 0] + Array(repeating: 1, count: half) + Array(repeating: 0, count: half - 2)
    default: [0, 0] + Array(repeating: 1, count: half - 1) + Array(repeating: 0, count: half - 2) + [1]
    }
  }

  func isFound(by strategy: some Strategy) -> Bool {
    var run = Simulation(countdowns: [length / 2, length / 2], strategy: strategy)
    return run.schedule() == failing
  }

  /// How many of all draws of a walk of `depth` find the bug, and how many there are.
  func detections(depth: Int) -> (found: Int, runs: Int) {
    var draws: [[Int]] = [[]]
    for _ in 1..<max(1, depth) { draws = draws.flatMap { draw in (0..<length).map { draw + [$0] } } }
    var found = 0
    for priorities in [[depth, depth + 1], [depth + 1, depth]] {
      for changePoints in draws
      where isFound(by: PriorityWalk(priorities: priorities, changePoints: changePoints)) { found += 1 }
    }
    return (found, 2 * draws.count)
  }
}

/// Processes that each make `length` accesses. It fails when process d − 1 makes all of its accesses after the second one of
/// process d − 2, that one all of its first two after the second of process d − 3, and so on, and none of those comes to its
/// third access before; a depth of 1 is that process 0 is first to finish.
private struct Overtaking {
  var depth: Int
  var processes: Int
  var length: Int

  func isFound(by strategy: some Strategy) -> Bool {
    var run = Simulation(countdowns: Array(repeating: length, count: processes), strategy: strategy)
    let schedule = run.schedule()
    func time(_ access: Int, of process: Int) -> Int {
      schedule.indices.filter { schedule[$0] == process }[access - 1]
    }
    let last = depth - 1
    let end = time(length, of: last)
    guard depth > 1 else { return (1..<processes).allSatisfy { time(length, of: $0) > end } }
    return (0..<last).allSatisfy { time(2, of: $0) < time(1, of: $0 + 1) && end < time(3, of: $0) }
  }

  /// How many of all draws of a walk of `depth` find the bug, and how many there are.
  func detections(depth: Int) -> (found: Int, runs: Int) {
    var draws: [[Int]] = [[]]
    for _ in 1..<depth { draws = draws.flatMap { draw in (0..<processes * length).map { draw + [$0] } } }
    var orders: [[Int]] = [[]]
    for priority in depth..<depth + processes {
      orders = orders.flatMap { order in
        (0...order.count).map { place in order[..<place] + [priority] + order[place...] }.map(Array.init)
      }
    }
    var found = 0
    for order in orders {
      for draw in draws where isFound(by: PriorityWalk(priorities: order, changePoints: draw)) { found += 1 }
    }
    return (found, orders.count * draws.count)
  }
}

private func power(_ base: Double, _ exponent: Int) -> Double { (0..<exponent).reduce(1) { value, _ in value * base } }
