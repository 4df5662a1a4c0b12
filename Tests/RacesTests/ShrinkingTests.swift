// How a hunt makes its find smaller: the same hazard all the way, in programs that ask for less and show no more.

import DeterministicMath
import Lockstep
import Sharing
import Testing
import Training

@testable import Races

@Suite struct ShrinkingTests {
  @Test func `of any hazard the one that was found is made smaller`() throws {
    let program = TrainingProgram.pulling(.hogwild)
    var script = try Script(program)
    script.pull(0, 1)
    script.go(0, through: "read actor.weight")
    script.go(1, through: "store actor.bias")
    script.go(0, through: "read actor.bias")
    var hunt = RaceHunt(program, for: .anyHazard, seed: 0)
    hunt.effort = 20_000
    let race = try hunt.shrink(script.choices)
    // A lost update takes fewer accesses, and is another race.
    #expect(race.hazard == .tornPull && race.goal == .hazard(.tornPull))
    #expect(race.end.world.statistics.count(of: .lostUpdate) == 0)
  }

  @Test func `a smaller program shows no hazard that the larger one did not`() throws {
    let race = try #require(try race(.hazard(.lostUpdate), in: .small(.hogwild)))
    // In fewer episodes than workers one would be too many, which has nothing to do with it.
    #expect(race.program.configuration.episodes == 2 && race.end.world.statistics.count(of: .episodeOverrun) == 0)
  }

  @Test func `a program asks for as few workers, episodes and steps as will do`() throws {
    let program = TrainingProgram.small(.hogwild, workers: 5, episodes: 40) { $0.episodeClaim = .takeFromBudget }
    let race = try #require(try race(.hazard(.lostUpdate), in: program))
    let configuration = race.program.configuration
    #expect((configuration.workers, configuration.episodes, configuration.maxSteps) == (2, 2, 1))
  }

  @Test func `a smaller program has the choices of those that take part`() throws {
    let program = TrainingProgram.small(.hogwild, workers: 5, episodes: 5)
    let smaller = program.smallerPrograms(doing: [4, 1, 1, 4])
    let fewer = try #require(smaller.first)
    #expect(fewer.change(program.configuration).workers == 2 && fewer.choices([4, 1, 1, 4]) == [1, 0, 0, 1])
    let sizes = smaller.map { $0.change(program.configuration) }.map { [$0.workers, $0.episodes, $0.maxSteps] }
    #expect(
      sizes == [
        [2, 5, 7], [1, 5, 7], [2, 5, 7], [5, 1, 7], [5, 2, 7], [5, 4, 7], [5, 5, 1], [5, 5, 2], [5, 5, 4],
      ])
  }

  @Test func `no schedule that is completed is longer than the limit`() throws {
    let program = TrainingProgram.small(.sharded, episodes: 1000)
    var hunt = RaceHunt(
      program, for: try Goal(condition: "smoothed < 0"), by: .random, schedules: 1, accessLimit: 300, seed: 1)
    hunt.effort = 10_000
    let race = try hunt.shrink(try #require(try hunt.search().finding).choices)
    #expect(race.size.found.accesses == 300 && race.choices.count <= 300)
  }

  @Test func `a whole search counts every access, and keeps to its bound on preemptions`() throws {
    let program = TrainingProgram.small(.locked, workers: 2, episodes: 1) { $0.maxSteps = 3 }
    func search(_ bound: Int?) throws -> (schedules: Int, accesses: Int) {
      let hunt = RaceHunt(program, for: .hazard(.tornPull), by: .exhaustive(preemptions: bound), seed: 0)
      let effort = try hunt.search().effort
      return (effort.schedules, effort.accesses)
    }
    for bound in [nil, 0, 1] {
      var exploration = Exploration(from: try program.start(), preemptionBound: bound)
      var accesses = 0
      while let outcome = exploration.next() { accesses += outcome.choices.count }
      #expect(try search(bound) == (exploration.schedules, accesses))
    }
    #expect(try search(0).schedules < search(1).schedules)
  }
}

@Suite struct SearchStrategyTests {
  private func strategy(_ name: String, _ start: Simulation<Worker, Replayed>) throws -> any Strategy {
    let strategy = try #require(SearchStrategy(name))
    return strategy.members(of: start, schedules: 1)[0].strategy(3)
  }

  @Test func `only changes of the model are held back`() throws {
    let start = try TrainingProgram.small(.sharded) { $0.episodeCount = .loadThenStore }.start()
    let lagging = try #require(try strategy("lag:1000", start) as? Lagging<RandomWalk<RandomStream>>)
    var run = start.snapshot(drivenBy: lagging)
    let blocks = run.world.model.blocks.count
    var (held, counts) = (0, 0)
    while run.status == .running {
      for (number, worker) in run.processes.enumerated() {
        guard let access = worker.nextAccess, access.kind != .read else { continue }
        let isHeld = run.strategy.lag(of: number) != nil
        #expect(!isHeld || access.object < blocks)
        held += isHeld ? 1 : 0
        // It has seen the count, so the next change could be held for that.
        counts += access == Access(.write, SharedObject.episodeCounter.number(blocks: blocks)) ? 1 : 0
      }
      _ = run.advance()
    }
    #expect(held > 0 && counts > 0, "both are met")
  }

  @Test func `a walk with priorities has as many changes as its depth says, over the length of a run`() throws {
    let start = try TrainingProgram.small(.locked).start()
    var serial = start.snapshot(drivenBy: RoundRobin())
    serial.run()
    var generator = RandomStream(seed: 3, worker: 2 + 3, purpose: .schedule)
    let expected = PriorityWalk(processes: 3, depth: 3, length: serial.accesses, generator: &generator)
    #expect(try strategy("pct:3", start) as? PriorityWalk == expected)
    #expect(try strategy("pct:2", start) as? PriorityWalk != expected)
  }

  @Test func `numbers of strategies are within their limits`() {
    for text in ["pct:1", "pct:100", "lag:0", "lag:1000000", "exhaustive:0"] {
      #expect(SearchStrategy(text)?.description == text)
    }
    for text in ["pct:0", "pct:101", "lag:1000001", "exhaustive:-1"] { #expect(SearchStrategy(text) == nil, "\(text)") }
  }
}
