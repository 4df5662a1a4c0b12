// Strategies take turns, budgets are kept, and what a search reports can be run again.

import Testing

@testable import Lockstep

@Suite struct SearchTests {
  @Test func membersTakeTurnsUntilTheirBudgetsAreSpent() {
    let portfolio = Portfolio(
      [
        Portfolio.Member("a", schedules: 3) { _ in RoundRobin() },
        Portfolio.Member("b", schedules: 0) { _ in RoundRobin() },
        Portfolio.Member("c", schedules: 1) { _ in RoundRobin() },
      ], seed: 7)
    #expect(portfolio.map { "\($0.name)\($0.seed)" } == ["a7", "c7", "a8", "a9"])
    #expect(Portfolio([]).map(\.name) == [])
    #expect(
      Array(Portfolio([Portfolio.Member("a", schedules: 2) { _ in RoundRobin() }], seed: .max)).map(\.seed) == [
        .max, 0,
      ])
  }

  @Test func aFindingNamesTheStrategyTheSeedAndTheScheduleThatFails() throws {
    let portfolio = Portfolio([
      Portfolio.Member("serial", schedules: 100) { _ in PriorityWalk.serial },
      Portfolio.Member("random", schedules: 100) { RandomWalk(generator: SplitMix64(seed: $0)) },
    ])
    let result = search(portfolio, from: start, shows: hasLostAnUpdate)
    let finding = try #require(result.finding)
    #expect(finding.strategy == "random", "no update is lost without a preemption")
    #expect(result.schedules == [Int(finding.seed) + 1, Int(finding.seed) + 1])
    var again = start.snapshot(drivenBy: RandomWalk(generator: SplitMix64(seed: finding.seed)))
    #expect(Array(again.schedule().prefix(finding.choices.count)) == finding.choices)
    var replayed = start.snapshot(drivenBy: Replayed(finding.choices))
    replayed.run()
    #expect(hasLostAnUpdate(replayed))
  }

  @Test func aBudgetIsSpentWhereNothingFails() {
    let portfolio = Portfolio([
      Portfolio.Member("serial", schedules: 5) { _ in PriorityWalk.serial },
      Portfolio.Member("fair", schedules: 2) { _ in RoundRobin() },
    ])
    var heard: [[Int]] = []
    let result = search(portfolio, from: start, progress: { heard.append($0.schedules) }, shows: { _ in false })
    #expect(result.finding == nil && result.schedules == [5, 2] && result.accesses == 7 * 4)
    #expect(heard == [[1, 0], [1, 1], [2, 1], [2, 2], [3, 2], [4, 2], [5, 2]])
  }

  @Test func anInterruptionEndsASearchBetweenTwoSchedules() {
    let portfolio = Portfolio([Portfolio.Member("serial", schedules: 5) { _ in PriorityWalk.serial }])
    var heard = 0
    let result = search(
      portfolio, from: start, progress: { _ in heard += 1 }, isInterrupted: { heard == 2 }, shows: { _ in false })
    #expect(result.finding == nil && result.schedules == [2] && heard == 2)
  }

  @Test func aRunIsAskedWhenItIsToBe() {
    func choices(_ inspection: Inspection, _ strategy: any Strategy, stepLimit: Int = 100) -> [Int]? {
      let portfolio = Portfolio([Portfolio.Member("one", schedules: 1) { _ in strategy }])
      return search(portfolio, from: start, inspection: inspection, stepLimit: stepLimit) { $0.accesses >= 2 }
        .finding?.choices
    }
    #expect(choices(.afterEveryAccess, RoundRobin()) == [0, 1])
    #expect(choices(.atTheEnd, RoundRobin()) == [0, 1, 0, 1])
    #expect(choices(.atTheEnd, RoundRobin(), stepLimit: 3) == [0, 1, 0])
    #expect(choices(.afterEveryAccess, RoundRobin(), stepLimit: 1) == nil)
    // A strategy that stops is completed, where the end is what counts: 1 goes on, then 0.
    #expect(choices(.atTheEnd, Replayed([0, 1])) == [0, 1, 1, 0])
    #expect(choices(.afterEveryAccess, Replayed([0])) == nil)
  }

  @Test func strategiesHearOfTheAccessesThatTheyChose() throws {
    // A lag is held only by a strategy that is told what is done.
    let first = start.processes.map(\.nextAccess)
    let portfolio = Portfolio([
      Portfolio.Member("lagging", schedules: 1) { _ in Lagging(1, first: first, RoundRobin()) }
    ])
    let finding = try #require(search(portfolio, from: start, shows: hasLostAnUpdate).finding)
    #expect(finding.choices == [0, 1, 0, 1])
    var timed = start.snapshot(drivenBy: Timed(delays: [1, 1], generator: SplitMix64(seed: 5)))
    let member = Portfolio.Member("timed", schedules: 1) { Timed(delays: [1, 1], generator: SplitMix64(seed: $0)) }
    let result = search(Portfolio([member], seed: 5), from: start, inspection: .atTheEnd) { _ in true }
    #expect(result.finding?.choices == timed.schedule())
  }

  @Test func theStandardPortfolioFindsWhatNeedsAPreemption() throws {
    let portfolio = Portfolio(for: start, schedules: 2, seed: 7)
    #expect(
      portfolio.map { "\($0.name) \($0.seed)" } == [
        "random 7", "pct:2 7", "pct:3 7", "lag:1 7", "random 8", "pct:2 8", "pct:3 8", "lag:1 8",
      ])
    // The length that priorities change in is that of a run from where the start stands.
    var run = start
    run.advance(0)
    for (run, length) in [(start, 4), (run, 3)] {
      let walks = Portfolio(for: run, schedules: 200).compactMap { $0.strategy as? PriorityWalk }
      #expect(walks.count == 400 && Set(walks.flatMap(\.changePoints)) == Set(0..<length))
      #expect(walks.allSatisfy { $0.priorities.count == 2 })
    }
    // Each of its strategies finds a lost update by itself.
    for member in Portfolio(for: start, schedules: 100).members {
      #expect(search(Portfolio([member]), from: start, shows: hasLostAnUpdate).finding?.strategy == member.name)
    }
    // A program that does not end has the length of the limit.
    let endless = Simulation(world: Memory(cells: 1), processes: [Program<Memory>([.await(0) { _ in false }])])
    let points = Portfolio(for: endless, schedules: 100, stepLimit: 5)
      .compactMap { $0.strategy as? PriorityWalk }.flatMap(\.changePoints)
    #expect(Set(points) == Set(0..<5))
  }

  @Test func seedsNameTheSequencesThatTheyDoElsewhere() {
    // The first numbers of the seed 1234567 as Vigna's splitmix64.c prints them.
    var generator = SplitMix64(seed: 1_234_567)
    #expect(
      (0..<5).map { _ in generator.next() } == [
        6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423, 4_593_380_528_125_082_431,
        16_408_922_859_458_223_821,
      ])
  }

  @Test func aNegativeBudgetIsAProgrammersError() async {
    await #expect(processExitsWith: .failure) {
      _ = Portfolio.Member("none", schedules: -1) { _ in RoundRobin() }
    }
    await #expect(processExitsWith: .failure) { _ = Portfolio(for: start, schedules: 1, stepLimit: 0) }
  }
}

extension PriorityWalk {
  /// Without a change of priority: one process after the other.
  fileprivate static var serial: PriorityWalk {
    var generator = SplitMix64(seed: 0)
    return PriorityWalk(processes: 2, depth: 1, length: 1, generator: &generator)
  }
}

private var start: Simulation<Program<Memory>, Replayed> {
  let code: [Program<Memory>.Instruction] = [.read(0), .write(0) { $0 + 1 }]
  return Simulation(world: Memory(cells: 1), processes: [Program(code), Program(code)], strategy: Replayed([]))
}

private func hasLostAnUpdate<S: Strategy>(_ run: Simulation<Program<Memory>, S>) -> Bool {
  run.status == .finished && run.world[0] == 1
}
