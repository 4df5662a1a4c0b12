// Hazards are found, made small, and found again by the same words; where there is none, none is found.

import Lockstep
import Races
import Sharing
import Testing
import Training

@Suite struct RaceHuntTests {
  @Test func `a lost update is shrunk to the load, the overwritten store and the store`() throws {
    let race = try #require(try race(.hazard(.lostUpdate), in: .small(.hogwild)))
    #expect(race.hazard == .lostUpdate)
    #expect(race.choices.count == 6)
    #expect(race.size.minimal.preemptions == 2)
    #expect(race.processes == 2 && race.program.configuration.workers == 2)
    #expect(race.program.configuration.maxSteps == 1)
    #expect(race.end.world.statistics.count(of: .lostUpdate) == 1)
    #expect(race.size.minimal < race.size.found)
  }

  @Test(arguments: [
    SearchStrategy.portfolio, .roundRobin, .random, .timed, .pct(depth: 3), .lag(1),
    .exhaustive(preemptions: 2),
  ])
  func `every strategy finds a lost update of racing workers, and none of workers that lock`(
    strategy: SearchStrategy
  ) throws {
    #expect(try race(.hazard(.lostUpdate), in: .small(.hogwild), by: strategy) != nil)
    #expect(try race(.hazard(.lostUpdate), in: .small(.locked), by: strategy, schedules: 20) == nil)
    #expect(try race(.hazard(.lostUpdate), in: .small(.sharded), by: strategy, schedules: 20) == nil)
  }

  @Test func `every schedule of a small program under one lock is free of torn pulls, and a bound leaves some out`()
    throws
  {
    let program = TrainingProgram.small(.locked, workers: 2, episodes: 1) { $0.maxSteps = 3 }
    let all = try RaceHunt(
      program, for: .hazard(.tornPull), by: .exhaustive(preemptions: nil), schedules: 10_000, seed: 0
    ).search()
    #expect(all.finding == nil)
    #expect(all.effort.exploration?.explored == 1 && all.effort.exploration?.cut == 0)
    let few = try RaceHunt(
      program, for: .hazard(.tornPull), by: .exhaustive(preemptions: nil), schedules: 3, seed: 0
    ).search()
    #expect(few.effort.schedules == 3)
    #expect(try #require(few.effort.exploration?.explored) < 1)
  }

  @Test(arguments: [SearchStrategy.random, .exhaustive(preemptions: nil)])
  func `an interrupted search says how far it came`(strategy: SearchStrategy) throws {
    let program = TrainingProgram.small(.locked, workers: 2, episodes: 1) { $0.maxSteps = 3 }
    var hunt = RaceHunt(program, for: .hazard(.tornPull), by: strategy, schedules: 20, seed: 0)
    #expect(try hunt.search().effort.schedules == 20)
    var asked = 0
    hunt.isInterrupted = {
      asked += 1
      return asked > 5
    }
    let (effort, finding) = try hunt.search()
    #expect(effort.schedules == 5 && effort.accesses > 0 && finding == nil)
  }

  @Test func `the run at the end of the nearest passing schedule does not show it`() throws {
    let race = try #require(try race(.hazard(.lostUpdate), in: .small(.hogwild)))
    let (passing, end) = (try #require(race.passing), try #require(race.passingEnd))
    #expect(end.accesses == passing.count && end.world.statistics.count(of: .lostUpdate) == 0)
    #expect(race.end.world.statistics.count(of: .lostUpdate) == 1)
  }

  @Test(arguments: [Goal.anyHazard, .hazard(.tornPull), .hazard(.stalePush), .hazard(.episodeOverrun)])
  func `the same words find the same race, and its schedule shows it again`(goal: Goal) throws {
    let first = try #require(try race(goal, in: .small(.sharded)))
    let second = try #require(try race(goal, in: .small(.sharded)))
    #expect(first.choices == second.choices && first.passing == second.passing)
    #expect(first.explanation == second.explanation && first.explanation != nil)
    #expect(first.program.configuration == second.program.configuration)
    let start = try first.program.start()
    let again = try #require(AccessHistory(first.choices, from: start))
    #expect(again.events.last?.hazards.contains(try #require(first.hazard)) == true)
    #expect("\(again.run.digest)" == "\(first.end.digest)")
  }

  @Test func `the nearest schedule that passes has the same accesses and shows nothing`() throws {
    let race = try #require(try race(.hazard(.lostUpdate), in: .small(.hogwild)))
    let passing = try #require(race.passing)
    #expect(passing.sorted() == race.choices.sorted() && passing != race.choices)
    #expect(race.passingEvents.allSatisfy { !$0.hazards.contains(.lostUpdate) })
  }

  @Test func `any hazard is none that every asynchronous run has`() throws {
    let program = TrainingProgram.small(.locked) { $0.episodeClaim = .takeFromBudget }
    #expect(try race(.anyHazard, in: program, schedules: 50) == nil)
    #expect(try race(.hazard(.stalePush), in: program, schedules: 50) != nil)
    #expect(try race(.hazard(.noInitialPull), in: program, schedules: 50) != nil)
  }

  @Test func `what a run comes to is found where it is, and not where it cannot be`() throws {
    func found(_ condition: String) throws -> Race<Worker>? {
      try race(try Goal(condition: condition), in: .small(.sharded), schedules: 40)
    }
    let stale = try #require(try found("staleness >= 4"))
    #expect(stale.end.world.statistics.maxStaleness >= 4 && stale.hazard == .stalePush)
    #expect(try #require(try found("return < -1")).end.world.board.allResults.contains { $0.episodeReturn < -1 })
    #expect(try found("return > 0") == nil)
    #expect(try #require(try found("episodes == 5")).end.world.board.finishedEpisodes == 5)
    #expect(try found("episodes > 6") == nil)
    #expect(try #require(try found("staleness < 1")).end.status == .finished)
    #expect(try found("nonfinite") == nil)
    #expect(try found("deadlock") == nil)
  }

  @Test func `a worker that fails is found`() throws {
    let program = TrainingProgram.small(.hogwild) { $0.optimizer.learningRate = 1e38 }
    let race = try #require(try race(.nonfinite, in: program))
    #expect(race.end.world.failure != nil)
    #expect(race.explanation == nil)
  }

  @Test func `two locks taken in opposite orders deadlock, in one order they do not`() throws {
    let race = try #require(try race(.deadlock, in: Locker.program([[0, 1], [1, 0]])))
    #expect(race.choices.count == 2 && race.end.status == .deadlocked)
    let explanation = try #require(race.explanation)
    #expect(explanation.hazard == .earlyExitJoin)
    #expect([explanation.other?.words, explanation.met.words] == ["take lock 1", "take lock 0"])
    #expect(try RacesTests.race(.deadlock, in: Locker.program([[0, 1], [0, 1]])) == nil)
    #expect(try RacesTests.race(.hazard(.earlyExitJoin), in: Locker.program([[0, 1], [1, 0]])) != nil)
  }

  @Test func `no more schedules are run than the budget has, and all of them are told`() throws {
    var told: [Int] = []
    let hunt = RaceHunt(TrainingProgram.small(.locked), for: .hazard(.tornPull), schedules: 23, seed: 3)
    let (effort, finding) = try hunt.search { told.append($0.schedules) }
    #expect(finding == nil)
    #expect(told == Array(1...23))
    #expect(effort.schedules == 23)
    #expect(effort.shares.map(\.schedules) == [1, 4, 4, 4, 4, 3, 3])
  }

  @Test func `a strategy is read as it is written`() {
    for text in ["portfolio", "round-robin", "random", "timed", "pct:3", "lag:0", "exhaustive", "exhaustive:2"] {
      #expect(SearchStrategy(text)?.description == text)
    }
    for text in ["", "pct", "pct:0", "lag:-1", "lag:", "random:3", "exhaustive:-1", "exhaustive:x", "pct:2:3"] {
      #expect(SearchStrategy(text) == nil, "\(text)")
    }
  }
}
