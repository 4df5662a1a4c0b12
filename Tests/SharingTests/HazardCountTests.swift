// Counts of staleness and ends of episodes that ordinary small runs do not reach.

import Environments
import Experiments
import Lockstep
import Testing
import Training

@testable import Sharing

@Suite struct HazardCountTests {
  /// One worker stands still while the other pushes seven times.
  @Test(arguments: [SharingProtocol.locked, .sharded])
  func aPushThatIsSevenVersionsLateIsCountedAsThat(sharing: SharingProtocol) {
    let configuration = Configuration.small(sharing) { $0.maxSteps = 100 }
    // The accesses of a push with its pull.
    let exchange = sharing == .locked ? 1 : 2 * blocks
    let push = sharing == .locked ? 1 : blocks
    let before = configuration.after(turns(0, 1 + exchange), turns(1, 1 + 7 * exchange))
    #expect(before.world.statistics.staleness == [6] && before.count(of: .stalePush) == 0)
    let run = configuration.after(turns(0, 1 + exchange), turns(1, 1 + 7 * exchange), turns(0, push))
    #expect(run.world.statistics.staleness == [6, 0, 0, 0, 0, 0, 0, 1])
    #expect(run.world.statistics.totalLag == 7 && run.world.statistics.maxStaleness == 7)
    #expect(run.world.statistics.meanStaleness == 1 && run.count(of: .stalePush) == 1)
    #expect(run.count(of: .noInitialPull) == 2)
  }

  @Test func countsOfSeveralDriversAddUp() {
    var (sum, other) = (RunStatistics(), RunStatistics())
    for lag in [0, 2] { sum.noteStaleness(lag) }
    for lag in [7, 2] { other.noteStaleness(lag) }
    (sum.refused, other.refused) = (1, 4)
    sum.add(other)
    #expect(sum.refused == 5)
    #expect(sum.staleness == [1, 0, 2, 0, 0, 0, 0, 1] && sum.totalLag == 11 && sum.maxStaleness == 7)
    #expect(sum.count(of: .stalePush) == 3)
    let again = RunStatistics(
      environmentSteps: 0, updates: 0, staleness: sum.staleness, hazards: Hazard.allCases.map(sum.count(of:)))
    #expect(again.totalLag == 11 && again.staleness == sum.staleness)
  }

  @Test func aLagBeyondTheHistogramCountsInFullInTheMean() {
    var statistics = RunStatistics()
    statistics.noteStaleness(RunStatistics.greatestLag + 10)
    #expect(statistics.maxStaleness == RunStatistics.greatestLag)
    #expect(statistics.meanStaleness == Double(RunStatistics.greatestLag + 10))
  }

  /// An episode that its environment cuts off ends there, and is worth what its last state is worth: as if it had been
  /// the run's own limit.
  @Test(arguments: [false, true])
  func anEnvironmentThatTruncatesEndsTheEpisodeAsTheStepLimitDoes(limitIsTerminal: Bool) throws {
    let configuration = Configuration.small(.sharded, workers: 1, episodes: 4) {
      ($0.maxSteps, $0.limitIsTerminal) = (1000, limitIsTerminal)
    }
    let (world, _) = try configuration.makeRun()
    let worker = Worker(number: 0, plan: world.plan, environment: TimeLimit(Pendulum(), steps: 5), model: world.model)
    var run = Simulation(world: world, processes: [worker], strategy: RoundRobin())
    run.runChecked()
    func plain(_ terminal: Bool, _ steps: Int) -> PlainTraining {
      var settings = configuration
      (settings.maxSteps, settings.limitIsTerminal) = (steps, terminal)
      return PlainTraining(settings)
    }
    #expect(run.world.board.allResults.map(\.steps) == [5, 5, 5, 5])
    #expect(run.world.board.allResults.map(\.episodeReturn) == plain(limitIsTerminal, 5).returns)
    #expect(run.world.model.parameters.bits == plain(limitIsTerminal, 5).shared.bits)
    #expect(run.world.model.parameters.bits != plain(!limitIsTerminal, 5).shared.bits)
    #expect(run.world.model.parameters.bits != plain(limitIsTerminal, 6).shared.bits)
  }

  @Test func aGranularityCutsIntoAsManyBlocksAsItSays() throws {
    for granularity in [Granularity.tensor] + (1...20).map(Granularity.chunk) {
      let world = try Configuration.small { $0.granularity = granularity }.makeRun().world
      #expect(granularity.blockCount(of: world.plan.network.layout) == world.model.blocks.count)
    }
  }
}
