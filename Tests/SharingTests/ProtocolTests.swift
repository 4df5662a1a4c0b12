// What each protocol promises, under many schedules; and for every detector a schedule that shows the hazard beside the
// nearest one that does not.

import Experiments
import Lockstep
import Testing
import Training

@testable import Sharing

@Suite struct ProtocolTests {
  @Test func aPullNeverMixesVersionsUnderTheLockedProtocol() {
    for (schedule, seed) in someSchedules {
      var run = try! Configuration.small(.locked, workers: 3, episodes: 6).makeSimulation(schedule, scheduleSeed: seed)
      run.runChecked()
      #expect(run.status == .finished && run.count(of: .tornPull) == 0, "\(schedule) \(seed)")
    }
  }

  @Test(arguments: [SharingProtocol.sharded, .hogwild])
  func aPullCanMixVersionsUnderTheOtherProtocols(sharing: SharingProtocol) {
    let torn = someSchedules.filter { schedule, seed in
      var run = try! Configuration.small(sharing, workers: 3, episodes: 6).makeSimulation(schedule, scheduleSeed: seed)
      run.runChecked()
      return run.count(of: .tornPull) > 0
    }
    #expect(!torn.isEmpty)
  }

  @Test(arguments: [SharingProtocol.locked, .sharded])
  func noUpdateIsLostBehindALock(sharing: SharingProtocol) {
    for (schedule, seed) in someSchedules {
      var run = try! Configuration.small(sharing, workers: 3, episodes: 6).makeSimulation(schedule, scheduleSeed: seed)
      run.runChecked()
      let (model, updates) = (run.world.model, run.world.statistics.updates)
      #expect(run.count(of: .lostUpdate) == 0)
      #expect(updates == run.processes.reduce(0) { $0 + $1.updates } && updates >= 6 * 3)
      #expect(model.blocks.indices.allSatisfy { model.provenance(of: $0).version == UInt64(updates) })
    }
  }

  @Test func updatesAreLostWithoutALock() {
    var run = try! Configuration.small(.hogwild, workers: 3, episodes: 6).makeSimulation(.random, scheduleSeed: 1)
    run.runChecked()
    #expect(run.count(of: .lostUpdate) > 0)
  }

  // MARK: lost-update

  /// Worker 0 and worker 1 each stand before loading block 0 after one access.
  private let claims = turns(0, 1) + turns(1, 1)

  @Test func aStoreOverAnUpdateThatWasNotLoadedIsCountedOnceAndAtThatAccess() {
    let configuration = Configuration.small(.hogwild)
    let before = configuration.after(claims, turns(0, 1), turns(1, 1), turns(0, 1))
    #expect(before.count(of: .lostUpdate) == 0)
    let at = configuration.after(claims, turns(0, 1), turns(1, 1), turns(0, 1), turns(1, 1))
    #expect(at.count(of: .lostUpdate) == 1 && at.world.statistics.witnessed.members == [.lostUpdate])
    // All the rest, one worker after the other, loses nothing more and witnesses nothing of it.
    let after = configuration.after(
      claims, turns(0, 1), turns(1, 1), turns(0, 1), turns(1, 1), turns(0, 2 * blocks - 2), turns(1, 2 * blocks - 2))
    #expect(after.count(of: .lostUpdate) == 1 && after.world.statistics.updates == 2)
    #expect(!after.world.statistics.witnessed.members.contains(.lostUpdate))

    // The block is as if worker 1 alone had updated it: worker 0's step is gone.
    let alone = configuration.after(claims, turns(1, 2))
    let block = at.world.model.blocks[0].range
    for contents in [\SharedModel.parameters, \.firstMoments, \.secondMoments] {
      let (raced, expected) = (at.world.model[keyPath: contents], alone.world.model[keyPath: contents])
      #expect(Array(raced[block]).bits == Array(expected[block]).bits)
    }
    let serial = configuration.after(claims, turns(0, 2), turns(1, 2))
    #expect(Array(at.world.model.parameters[block]).bits != Array(serial.world.model.parameters[block]).bits)
  }

  @Test func aSerialScheduleLosesNothing() {
    let configuration = Configuration.small(.hogwild)
    #expect(configuration.after(claims, turns(0, 2), turns(1, 2)).count(of: .lostUpdate) == 0)
    let whole = configuration.after(claims, turns(0, 3 * blocks), turns(1, 3 * blocks))
    #expect(whole.count(of: .lostUpdate) == 0 && whole.count(of: .tornPull) == 0)
  }

  // MARK: torn-pull

  @Test func aPullAroundAPushIsTorn() {
    let configuration = Configuration.small(.sharded)
    // Worker 0 has pushed and pulls; worker 1 pushes its first block before, between, or after.
    let push = turns(0, 1 + blocks) + turns(1, 1)
    #expect(configuration.after(push, turns(0, 5), turns(1, blocks), turns(0, 5)).count(of: .tornPull) == 1)
    #expect(configuration.after(push, turns(1, blocks), turns(0, 10)).count(of: .tornPull) == 0)
    #expect(configuration.after(push, turns(0, 10), turns(1, blocks)).count(of: .tornPull) == 0)
  }

  @Test func aWholePullAfterATornOneIsNotTorn() {
    let torn = turns(0, 1 + blocks) + turns(1, 1) + turns(0, 5) + turns(1, blocks) + turns(0, 5)
    let run = Configuration.small(.sharded).after(torn, turns(0, 2 * blocks))
    #expect(run.count(of: .tornPull) == 1 && run.world.statistics.witnessed == [])
  }

  @Test func aPullInTheMiddleOfAPushIsTorn() {
    let configuration = Configuration.small(.sharded)
    let push = turns(0, 1 + blocks) + turns(1, 1)
    #expect(configuration.after(push, turns(1, 5), turns(0, blocks)).count(of: .tornPull) == 1)
    // Equal counts of other updates are as torn: after worker 1's block 0 and worker 2's other blocks.
    let three = Configuration.small(.sharded, workers: 3)
    let mixed = three.after(push, turns(2, 1), turns(1, 1), turns(0, 1), turns(2, blocks), turns(0, blocks - 1))
    #expect(mixed.count(of: .tornPull) == 1)
  }

  // MARK: stale-push

  @Test func aGradientOfAnOlderVersionIsStaleByTheUpdatesInBetween() {
    for sharing in [SharingProtocol.sharded, .hogwild] {
      let configuration = Configuration.small(sharing, workers: 3) { $0.pullsInitially = true }
      let pull = 1 + blocks
      let push = sharing == .sharded ? blocks : 2 * blocks
      func histogram(_ turns: [Int]...) -> [Int] {
        configuration.after(turns.flatMap { $0 }).world.statistics.staleness
      }
      // Everybody pulls first.
      #expect(
        histogram(turns(0, pull), turns(1, pull), turns(2, pull), turns(0, push), turns(1, push), turns(2, push))
          == [1, 1, 1])
      // Everybody pulls when the one before has pushed.
      #expect(
        histogram(turns(0, pull + push), turns(1, pull + push), turns(2, pull + push)) == [3])
      // Worker 0 pushes twice between worker 1's pull and push.
      let twice = configuration.after(
        turns(0, pull), turns(1, pull), turns(0, push), turns(0, blocks), turns(0, push), turns(1, push))
      #expect(twice.world.statistics.staleness == [2, 0, 1])
      #expect(twice.world.statistics.maxStaleness == 2 && twice.world.statistics.meanStaleness == 2.0 / 3)
      #expect(twice.count(of: .stalePush) == 1 && twice.world.statistics.witnessed.members == [.stalePush])
    }
    let locked = Configuration.small(.locked, workers: 3) { $0.pullsInitially = true }
    let all = turns(0, 2) + turns(1, 2) + turns(2, 2)
    #expect(locked.after(all, [0, 1, 2]).world.statistics.staleness == [1, 1, 1])
    // Here a push and the pull after it are one access.
    #expect(locked.after(all, [0, 0, 1]).world.statistics.staleness == [2, 0, 1])
  }

  @Test func oneOutdatedBlockIsEnoughForAStalePush() {
    let configuration = Configuration.small(.sharded) { $0.pullsInitially = true }
    let pulls = turns(0, 1 + blocks) + turns(1, 1 + blocks)
    // Worker 1 updates block 0 only, before and after worker 0's whole push.
    #expect(configuration.after(pulls, turns(1, 1), turns(0, blocks)).world.statistics.staleness == [0, 1])
    #expect(configuration.after(pulls, turns(0, blocks), turns(1, 1)).world.statistics.staleness == [1])
  }

  // MARK: episode-overrun

  /// Accesses of one episode of a single flush after the claim, under `sharded`.
  private let episode = 2 * blocks + 4

  @Test func anEpisodeBegunWhileTheLastOneIsPlayedIsAnOverrun() {
    let configuration = Configuration.small(.sharded, episodes: 1) { $0.maxSteps = 3 }
    let overrun = configuration.after(turns(0, 1), turns(1, 1))
    #expect(overrun.count(of: .episodeOverrun) == 1)
    #expect(overrun.world.statistics.witnessed.members == [.episodeOverrun])
    // Up to and with the access before the count of the finished episode.
    #expect(configuration.after(turns(0, 1 + 2 * blocks), turns(1, 1)).count(of: .episodeOverrun) == 1)
    #expect(configuration.after(turns(0, 2 + 2 * blocks), turns(1, 1)).count(of: .episodeOverrun) == 0)
    let both = configuration.after(turns(0, 1), turns(1, 1), turns(0, episode), turns(1, episode))
    #expect(both.world.board.allResults.count == 2 && both.world.board.finishedEpisodes == 2)
  }

  @Test(arguments: SharingProtocol.allCases)
  func episodesTakenFromTheBudgetNeverOverrunIt(sharing: SharingProtocol) {
    var overruns = 0
    for (schedule, seed) in someSchedules {
      for claim in [EpisodeClaim.takeFromBudget, .lookAtFinished] {
        let configuration = Configuration.small(sharing, workers: 3, episodes: 4) { $0.episodeClaim = claim }
        var run = try! configuration.makeSimulation(schedule, scheduleSeed: seed)
        run.runChecked()
        let played = run.world.board.allResults.count
        #expect(run.count(of: .episodeOverrun) == played - 4)
        if claim == .takeFromBudget { #expect(played == 4) } else { overruns += played - 4 }
      }
    }
    #expect(overruns > 0)
  }

  // MARK: no-initial-pull

  @Test(arguments: SharingProtocol.flushwise)
  func theFirstPushOfEachWorkerIsOfANetThatWasNeverPulledUnlessItPullsInitially(sharing: SharingProtocol) {
    for pullsInitially in [false, true] {
      let configuration = Configuration.small(sharing, workers: 3, episodes: 6) { $0.pullsInitially = pullsInitially }
      var run = configuration.simulation(RoundRobin())
      run.runChecked()
      let based = run.world.statistics.staleness.reduce(0, +)
      #expect(run.count(of: .noInitialPull) == (pullsInitially ? 0 : 3))
      #expect(based + run.count(of: .noInitialPull) == run.world.statistics.updates)
    }
  }
}

extension SharedModel {
  fileprivate var firstMoments: [Float] { slot(0) }
  fileprivate var secondMoments: [Float] { slot(1) }
}
