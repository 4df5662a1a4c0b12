// A failing schedule shrinks to one that a reader can follow: the answers are known, the result still fails, and
// nothing but the schedule decides it.

import PropertyTesting
import Testing

@testable import Lockstep

@Suite struct ScheduleShrinkerTests {
  @Test func aLostUpdateInAThousandAccessesShrinksToFour() throws {
    var smallest: Set<[Int]> = []
    for seed in 0..<5 as Range<UInt64> {
      let start = noisyIncrementers()
      let long = try #require(failingWalk(start, seed: seed, shows: hasLostAnUpdate))
      #expect(long.count > 100)
      var shrinker = try #require(ScheduleShrinker(long, from: start, shows: hasLostAnUpdate))
      shrinker.shrink()
      #expect(shrinker.size.accesses == 4 && shrinker.size.preemptions == 1 && shrinker.size.switches == 2)
      #expect("\(shrinker.size)" == "4 accesses, 1 preemption, 2 switches")
      #expect(Set(shrinker.choices) == [2, 4] && hasLostAnUpdate(shrinker.run))
      #expect(shrinker.candidates < 60, "most accesses go many at a time")
      smallest.insert(shrinker.choices)
      let passing = try #require(shrinker.nearestPassing())
      #expect(passing == [4, 4, 2, 2] || passing == [2, 2, 4, 4])
    }
    #expect(smallest.isSubset(of: [[2, 4, 4, 2], [4, 2, 2, 4]]))
  }

  @Test func aFailureSeenAtTheEndShrinksToItsOnePreemption() throws {
    // Every process runs to its end, so nothing can be left out, but all noise can be made in one go.
    let start = noisyIncrementers(noise: 20)
    let isWrong: (Simulation<Program<Memory>, Replayed>) -> Bool = { $0.status == .finished && $0.world[0] < 2 }
    let long = try #require(failingWalk(start, seed: 3, inspection: .atTheEnd, shows: isWrong))
    var shrinker = try #require(ScheduleShrinker(long, from: start, inspection: .atTheEnd, shows: isWrong))
    #expect(shrinker.size.preemptions > 20)
    shrinker.shrink()
    #expect(shrinker.size.preemptions == 1 && shrinker.size.switches == 6 && shrinker.size.accesses == long.count)
    #expect(shrinker.run.status == .finished && isWrong(shrinker.run))
    #expect(shrinker.candidates < 1500, "most switches go many at a time")
  }

  /// Six processes take rounds of work from a budget of twelve, and each round ends with a write of what was read;
  /// process 0 notices when it overwrites a write of process 1. Who takes which round depends on every switch, so
  /// joining two blocks is rarely enough.
  @Test func aFailureThatIsDecidedInTheMiddleShrinksToItsOnePreemption() throws {
    let (budget, version, writer, isLost, noise) = (0, 1, 2, 3, 4)
    let processes = (0..<6).map { process in
      let take = Program<Memory>.Instruction(access: Access(.update, budget)) { world, registers in
        if world[budget] == 12 { registers.next = 8 } else { world[budget] += 1 }
      }
      let write = Program<Memory>.Instruction(access: Access(.write, version)) { world, registers in
        if process == 0, world[writer] == 1, world[version] != registers.value { world[isLost] = 1 }
        world[version] += 1
        world[writer] = process
        registers.next = 0
      }
      let work: [Program<Memory>.Instruction] = (0..<5).map { _ in .update(noise + process) { $0 += 1 } }
      return Program([take] + work + [.read(version), write])
    }
    let start = Simulation(world: Memory(cells: 10), processes: processes)
    let shows: (Simulation<Program<Memory>, Replayed>) -> Bool = { $0.world[isLost] == 1 }
    var preemptions: [Int] = []
    for seed in 0..<50 as Range<UInt64> {
      guard let long = failingWalk(start, seed: seed, inspection: .atTheEnd, shows: shows) else { continue }
      var shrinker = try #require(ScheduleShrinker(long, from: start, inspection: .atTheEnd, shows: shows))
      shrinker.shrink()
      preemptions.append(shrinker.size.preemptions)
    }
    #expect(preemptions.count > 40 && preemptions.allSatisfy { 1...2 ~= $0 })
    #expect(preemptions.count { $0 == 1 } >= preemptions.count * 9 / 10)
  }

  @Test func whatIsFoundStillFailsIsSmallerAndIsTheSameEachTime() {
    var shrunk = 0
    expectProperty("shrinking keeps the failure", of: SmallProgram.generator, cases: 300) { program in
      let start = program.run()
      var end = start.snapshot(drivenBy: RandomWalk(generator: SplitMix64(seed: 1)))
      let long = end.schedule()
      // The failure is that cell 0 holds what it holds at the end of this schedule.
      let target = end.world[0]
      let shows: (Simulation<Program<Memory>, Replayed>) -> Bool = { $0.status != .running && $0.world[0] == target }
      var sizes: [ScheduleShrinker<Program<Memory>>.Size] = []
      guard var shrinker = ScheduleShrinker(long, from: start, inspection: .atTheEnd, shows: shows),
        var again = ScheduleShrinker(long, from: start, inspection: .atTheEnd, interval: 1, shows: shows)
      else { return false }
      let first = shrinker.size
      shrinker.shrink { if $0.size != sizes.last ?? first { sizes.append($0.size) } }
      again.shrink()
      if shrinker.size < first { shrunk += 1 }
      var replayed = start.snapshot(drivenBy: Replayed(shrinker.choices))
      replayed.run()
      return replayed.status != .running && replayed.world[0] == target && shrinker.choices == again.choices
        && shrinker.size <= first && zip([first] + sizes, sizes).allSatisfy { $1 < $0 }
        && (sizes.last ?? first) == shrinker.size
        && candidates(of: shrinker.choices).allSatisfy { candidate in
          let other = ScheduleShrinker(candidate, from: start, inspection: .atTheEnd, shows: shows)
          return other.map { $0.size >= shrinker.size } ?? true
        }
    }
    #expect(shrunk > 50)
  }

  @Test func blocksAreJoinedByMakingTheEarlierLaterOrTheLaterEarlier() throws {
    // The cell tells the order of all accesses, as digits.
    func result(_ choices: [Int], _ fails: @escaping ([Int]) -> Bool) throws -> [Int] {
      let programs = (0..<2).map { process in
        Program<Memory>(choices.filter { $0 == process }.map { _ in .update(0) { $0 = 10 * $0 + process + 1 } })
      }
      let start = Simulation(world: Memory(cells: 1), processes: programs, strategy: Replayed([]))
      var shrinker = try #require(
        ScheduleShrinker(choices, from: start) { run in
          let order = String(run.world[0]).map { $0.wholeNumberValue! - 1 }
          return order.count == choices.count && fails(order)
        })
      shrinker.shrink()
      return shrinker.choices
    }
    // 1 comes before the last access of 0: the first one of 0 has to wait for it.
    #expect(try result([0, 1, 0]) { $0.last == 0 } == [1, 0, 0])
    // 1 comes after the first access of 0, and before its last: the last one of 1 has to come sooner.
    #expect(try result([0, 1, 0, 1]) { $0[0] == 0 && $0[1] == 1 } == [0, 1, 1, 0])
  }

  @Test func noChoiceCanBeLeftOutOfTheResult() {
    expectProperty("every access is needed", of: SmallProgram.generator, cases: 200) { program in
      let start = program.run()
      var end = start.snapshot(drivenBy: RandomWalk(generator: SplitMix64(seed: 1)))
      let long = end.schedule()
      let target = end.world[0]
      let shows: (Simulation<Program<Memory>, Replayed>) -> Bool = { $0.world[0] == target }
      guard var shrinker = ScheduleShrinker(long, from: start, shows: shows) else { return long.isEmpty }
      shrinker.shrink()
      let choices = shrinker.choices
      return choices.indices.allSatisfy { position in
        let shorter = Array(choices[..<position] + choices[(position + 1)...])
        return ScheduleShrinker(shorter, from: start, shows: shows) == nil
      }
    }
  }

  @Test func aProcessThatMustMakeAllOfItsAccessesOrNoneIsLeftOut() throws {
    let start = noisyIncrementers(noise: 40)
    let shows: (Simulation<Program<Memory>, Replayed>) -> Bool = { run in
      hasLostAnUpdate(run) && [0, 40].contains(run.world[2])
    }
    let long = [2, 4] + Array(repeating: 1, count: 40) + [2, 4]
    var shrinker = try #require(ScheduleShrinker(long, from: start, shows: shows))
    shrinker.shrink()
    #expect(shrinker.size.accesses == 4)
  }

  @Test func theNearestPassingScheduleDiffersByOneMoveAndPasses() throws {
    let start = noisyIncrementers(noise: 2)
    // Passes however it goes on; the smallest change of an order that fails.
    let shrinker = try #require(ScheduleShrinker([2, 4, 2, 4], from: start, shows: hasLostAnUpdate))
    let passing = try #require(shrinker.nearestPassing())
    #expect(passing == [2, 2, 4, 4], "one access past one other")
    #expect(ScheduleShrinker(passing, from: start, shows: hasLostAnUpdate) == nil)
    // Where every order fails there is none.
    let always = try #require(ScheduleShrinker([2, 4], from: start) { $0.accesses == 2 })
    #expect(always.nearestPassing() == nil)
  }

  /// The cell tells the order of all accesses, as digits; only one order passes.
  @Test func aWholeStretchIsMovedAsFarAsToTheEnd() throws {
    let digit = { (number: Int) in Program<Memory>.Instruction.update(0) { $0 = 10 * $0 + number } }
    let processes = [[1, 1], [2], [3], [4]].map { numbers in Program<Memory>(numbers.map(digit)) }
    let start = Simulation(world: Memory(cells: 1), processes: processes, strategy: Replayed([]))
    func shrinker(passing: Int) throws -> ScheduleShrinker<Program<Memory>> {
      try #require(
        ScheduleShrinker([3, 0, 0, 1, 2], from: start) { $0.accesses == 5 && $0.world[0] != passing })
    }
    #expect(try shrinker(passing: 42311).nearestPassing() == [3, 1, 2, 0, 0])
    #expect(try shrinker(passing: 42131).nearestPassing() == nil, "two moves are too many")
    #expect(try shrinker(passing: 42311).nearestPassing(limit: 4) == nil)
  }

  @Test func aScheduleThatFailsOnlyOnceItIsCompletedDoesNotPass() throws {
    // Whoever writes what it read before another wrote. The third has read and not written yet, too early in any
    // schedule that differs in one move.
    let increment = Program<Memory>([.read(0), .write(0) { $0 + 1 }])
    let start = Simulation(
      world: Memory(cells: 1), processes: [increment, increment, increment], strategy: Replayed([]))
    let shows: (Simulation<Program<Memory>, Replayed>) -> Bool = { run in
      run.world[0] < run.processes.count { $0.nextAccess == nil }
    }
    let shrinker = try #require(ScheduleShrinker([2, 1, 0, 0, 1], from: start, shows: shows))
    #expect(shrinker.nearestPassing() == nil && shrinker.nearestPassing(isCompleted: false) != nil)
    // Without the third there is a schedule that passes.
    let two = try #require(ScheduleShrinker([1, 0, 0, 1], from: start, shows: shows))
    #expect(two.nearestPassing() != nil)
  }

  @Test func aDeadlockShrinksToWhoHoldsWhat() throws {
    // Two take two locks in opposite orders, again and again, while a third does something else.
    func loop(_ first: Int, _ second: Int) -> Program<Memory> {
      Program((0..<20).flatMap { _ in [.acquire(first), .acquire(second), .release(second), .release(first)] })
    }
    let bystander = Program<Memory>((0..<80).map { _ in .update(2) { $0 += 1 } })
    let start = Simulation(
      world: Memory(cells: 3), processes: [loop(0, 1), bystander, loop(1, 0)], strategy: Replayed([]))
    let isStuck: (Simulation<Program<Memory>, Replayed>) -> Bool = { run in
      [0, 2].allSatisfy { run.processes[$0].nextAccess != nil && !run.candidates.contains($0) }
    }
    let walks = (0..<100 as Range<UInt64>).lazy.compactMap { failingWalk(start, seed: $0, shows: isStuck) }
    let long = try #require(walks.first { $0.count > 20 })
    var shrinker = try #require(ScheduleShrinker(long, from: start, shows: isStuck))
    shrinker.shrink()
    #expect(shrinker.choices.sorted() == [0, 2] && shrinker.size.preemptions == 1)
    // Neither order of the two avoids it: one has to be through with a round before the other begins.
    let passing = try #require(shrinker.nearestPassing())
    #expect(passing == Array(repeating: shrinker.choices[0], count: 4) + [shrinker.choices[1]])
  }

  @Test func whatIsSimplerDependsOnWhenAScheduleIsLookedAt() {
    typealias Size = ScheduleShrinker<Program<Memory>>.Size
    func sorted(_ inspection: Inspection) -> [[Int]] {
      [(2, 1, 3), (2, 1, 2), (1, 2, 4), (3, 1, 2)].map {
        Size(accesses: $0.0, preemptions: $0.1, switches: $0.2, inspection: inspection)
      }.sorted().map { [$0.accesses, $0.preemptions, $0.switches] }
    }
    #expect(sorted(.afterEveryAccess) == [[1, 2, 4], [2, 1, 2], [2, 1, 3], [3, 1, 2]])
    #expect(sorted(.atTheEnd) == [[2, 1, 2], [3, 1, 2], [2, 1, 3], [1, 2, 4]])
  }

  @Test func aScheduleThatIsCompletedIsCutAtTheLimit() throws {
    let start = Simulation(countdowns: [5, 5], strategy: RoundRobin())
    let shrinker = try #require(
      ScheduleShrinker([1], from: start, inspection: .atTheEnd, stepLimit: 7) { _ in true })
    #expect(shrinker.choices == [1, 1, 1, 1, 1, 0, 0])
  }

  @Test func choicesThatCannotBeMadeAreSkipped() throws {
    let start = noisyIncrementers(noise: 1)
    let shrinker = try #require(
      ScheduleShrinker([2, 0, 0, 0, 4, 99, -1, 2, 4, 4, 1], from: start, shows: hasLostAnUpdate))
    #expect(shrinker.choices == [2, 0, 4, 2, 4], "up to where it fails")
  }

  @Test func aScheduleThatDoesNotFailIsNotShrunk() {
    #expect(ScheduleShrinker([2, 2, 4, 4], from: noisyIncrementers(), shows: hasLostAnUpdate) == nil)
    #expect(ScheduleShrinker([], from: noisyIncrementers(), shows: { _ in false }) == nil)
  }

  @Test func withoutEffortNothingIsTried() throws {
    let start = noisyIncrementers()
    let long = try #require(failingWalk(start, seed: 0, shows: hasLostAnUpdate))
    var shrinker = try #require(ScheduleShrinker(long, from: start, effort: long.count, shows: hasLostAnUpdate))
    shrinker.shrink()
    #expect(shrinker.choices == long && shrinker.candidates == 0 && shrinker.effort == 0)
  }

  @Test func progressHearsOfEachCandidateAndAnInterruptionEndsTheEffort() throws {
    let start = noisyIncrementers()
    let long = try #require(failingWalk(start, seed: 0, shows: hasLostAnUpdate))
    var shrinker = try #require(ScheduleShrinker(long, from: start, shows: hasLostAnUpdate))
    let whole = shrinker
    var heard: [Int] = []
    shrinker.shrink { heard.append($0.candidates) }
    #expect(heard == Array(1...shrinker.candidates) && shrinker.choices.count == 4)
    var asked = 0
    var interrupted = whole
    interrupted.isInterrupted = {
      asked += 1
      return asked > 3
    }
    interrupted.shrink()
    // What it had come to by then fails all the same.
    #expect(interrupted.candidates == 3 && interrupted.effort == 0 && interrupted.choices.count > 4)
    #expect(hasLostAnUpdate(interrupted.run))
  }
}

/// Processes 2 and 4 add one to cell 0; four others make so many accesses to cells of their own.
private func noisyIncrementers(noise: Int = 250) -> Simulation<Program<Memory>, Replayed> {
  let increment: [Program<Memory>.Instruction] = [.read(0), .write(0) { $0 + 1 }]
  let processes = (0..<6).map { process in
    [2, 4].contains(process)
      ? Program<Memory>(increment)
      : Program<Memory>((0..<noise).map { _ in .update(process + 1) { $0 += 1 } })
  }
  return Simulation(world: Memory(cells: 7), processes: processes, strategy: Replayed([]))
}

private func hasLostAnUpdate(_ run: Simulation<Program<Memory>, Replayed>) -> Bool {
  run.world[0] < 2 && [2, 4].allSatisfy { run.processes[$0].nextAccess == nil }
}

/// The choices of a random walk that fails, in which the two increments are far apart; `nil` if it does not fail.
private func failingWalk(
  _ start: Simulation<Program<Memory>, Replayed>, seed: UInt64, inspection: Inspection = .afterEveryAccess,
  shows: @escaping (Simulation<Program<Memory>, Replayed>) -> Bool
) -> [Int]? {
  let portfolio = Portfolio(
    [Portfolio.Member("reluctant", schedules: 20) { Reluctant(walk: RandomWalk(generator: SplitMix64(seed: $0))) }],
    seed: 1000 * seed)
  return search(portfolio, from: start, inspection: inspection, shows: shows).finding?.choices
}

/// A random walk that mostly passes over processes 2 and 4.
private struct Reluctant: Strategy {
  var walk: RandomWalk<SplitMix64>

  mutating func choose(from runnable: RunnableSet) -> Int? {
    var choice = walk.choose(from: runnable)
    for _ in 0..<3 where choice == 2 || choice == 4 { choice = walk.choose(from: runnable) }
    return choice
  }
}

/// `choices` with two blocks of the same process joined, by making the earlier one later or the later one earlier.
private func candidates(of choices: [Int]) -> [[Int]] {
  choices.indices.flatMap { position -> [[Int]] in
    let process = choices[position]
    let isFirstOfBlock = position == 0 || choices[position - 1] != process
    guard isFirstOfBlock, let end = choices[position...].firstIndex(where: { $0 != process }),
      let next = choices[end...].firstIndex(of: process)
    else { return [] }
    let nextEnd = choices[next...].firstIndex { $0 != process } ?? choices.endIndex
    let (before, between, after) = (choices[..<position], choices[end..<next], choices[nextEnd...])
    let joined = Array(repeating: process, count: end - position + nextEnd - next)
    return [before + between + joined + after, before + joined + between + after].map(Array.init)
  }
}
