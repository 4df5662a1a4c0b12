// The protocols and settings that have a race: what a single worker comes to under them is what the plain program comes
// to, so nothing but the race is wrong with them; and each detector has a schedule that shows its hazard beside the
// nearest one that does not.

import Experiments
import Learning
import Lockstep
import Testing
import Training

@testable import Sharing

/// The settings with a race, and the hazard that they have.
struct RacySettings: CustomStringConvertible, Sendable {
  var hazard: Hazard
  var sharing: SharingProtocol
  var change: @Sendable (inout Configuration) -> Void = { _ in }

  var description: String { hazard.rawValue }

  static let all = [
    RacySettings(hazard: .lostUpdate, sharing: .hogwild),
    RacySettings(hazard: .halfMoment, sharing: .inPlace),
    RacySettings(hazard: .gradientSlot, sharing: .gradientSlot),
    RacySettings(hazard: .bindOnce, sharing: .bindOnce),
    RacySettings(hazard: .overwrite, sharing: .overwrite),
    RacySettings(hazard: .splitStep, sharing: .sharded) { $0.stepCount = .readTwice },
    RacySettings(hazard: .lostCount, sharing: .locked) { $0.episodeCount = .loadThenStore },
    RacySettings(hazard: .runningReward, sharing: .locked) { $0.rewardSmoothing = .checkThenSet },
    RacySettings(hazard: .viewActing, sharing: .locked) { $0.acting = .sharedNet },
    RacySettings(hazard: .viewActing, sharing: .sharded) { $0.acting = .sharedNet },
    RacySettings(hazard: .viewActing, sharing: .hogwild) { $0.acting = .sharedNet },
  ]

  func configuration(workers: Int = 2, episodes: Int = 3) -> Configuration {
    .small(sharing, workers: workers, episodes: episodes, change)
  }
}

@Suite struct FaultyProtocolTests {
  // MARK: One worker

  @Test(arguments: RacySettings.all.filter { $0.sharing != .overwrite && $0.hazard != .viewActing })
  func aSingleWorkerDoesWhatThePlainProgramDoes(settings: RacySettings) {
    let configuration = settings.configuration(workers: 1)
    var run = configuration.simulation(RoundRobin())
    run.runChecked()
    let plain = PlainTraining(configuration)
    #expect(run.world.model.parameters.bits == plain.shared.bits)
    #expect(run.world.model.slot(0).bits == plain.firstMoments.bits)
    #expect(run.world.model.slot(1).bits == plain.secondMoments.bits)
    #expect(run.world.board.allResults.map(\.episodeReturn) == plain.returns)
    #expect(run.world.board.finishedEpisodes == configuration.episodes)
    #expect(run.count(of: settings.hazard) == 0)
  }

  /// It acts by the net that it would have pulled. Before the first action there is none of its own.
  @Test(arguments: RacySettings.all.filter { $0.hazard == .viewActing })
  func aSingleWorkerThatActsByTheSharedNetDoesWhatThePlainProgramDoes(settings: RacySettings) {
    var configuration = settings.configuration(workers: 1)
    var run = configuration.simulation(RoundRobin())
    run.runChecked()
    configuration.pullsInitially = true
    let plain = PlainTraining(configuration)
    #expect(run.world.model.parameters.bits == plain.shared.bits)
    #expect(run.world.board.allResults.map(\.episodeReturn) == plain.returns)
    #expect(run.count(of: .viewActing) == 0 && run.count(of: .noInitialPull) == 0)
    #expect(run.world.statistics.environmentSteps == configuration.episodes * configuration.maxSteps)
  }

  /// With nobody else, training a local net and writing it back at the end of each episode is training the shared one.
  @Test func aSingleWorkerThatOverwritesDoesWhatThePlainProgramDoes() {
    var configuration = Configuration.small(.overwrite, workers: 1)
    var run = configuration.simulation(RoundRobin())
    run.runChecked()
    configuration.pullsInitially = true
    let plain = PlainTraining(configuration)
    #expect(run.world.model.parameters.bits == plain.shared.bits)
    #expect(run.processes[0].loaded.bits == plain.firstMoments.bits + plain.secondMoments.bits)
    #expect(run.world.board.allResults.map(\.episodeReturn) == plain.returns)
    #expect(run.world.statistics.updates == configuration.episodes && run.count(of: .overwrite) == 0)
  }

  // MARK: Several workers

  @Test(arguments: RacySettings.all)
  func randomSchedulesShowEachHazardAndNoOther(settings: RacySettings) {
    let itself = HazardSet(settings.hazard)
    // What any asynchronous run of these settings may have beside.
    let usual: [Hazard] = [.stalePush, .tornPull, .noInitialPull, .episodeOverrun]
    var seen = 0
    for (schedule, seed) in someSchedules {
      var run = try! settings.configuration(workers: 3, episodes: 6).makeSimulation(schedule, scheduleSeed: seed)
      run.runChecked()
      #expect(run.status == .finished)
      seen += run.count(of: settings.hazard)
      var found: HazardSet = []
      for hazard in Hazard.allCases where run.count(of: hazard) > 0 { found.insert(HazardSet(hazard)) }
      for hazard in usual { found.remove(HazardSet(hazard)) }
      // Without a lock views can be lost updates' victims too.
      if settings.sharing == .hogwild { found.remove(HazardSet(.lostUpdate)) }
      #expect(found.isSubset(of: itself), "\(found.members) under \(schedule) \(seed)")
    }
    #expect(seen > 0)
  }

  /// Worker 0 and worker 1 each stand before their first push after one access, or worker 0 alone does.
  private let claims = turns(0, 1) + turns(1, 1)

  @Test func momentsThatChangeBetweenDecayAndAdditionAreHalfMoments() {
    let configuration = Configuration.small(.inPlace)
    let serial = configuration.after(claims, turns(0, 2), turns(1, 2))
    #expect(serial.count(of: .halfMoment) == 0)
    let before = configuration.after(claims, turns(0, 1), turns(1, 1))
    #expect(before.count(of: .halfMoment) == 0)
    // D₀ D₁ A₀: the sum that no serial order gives; then A₁, the other half of it.
    let mixed = configuration.after(claims, turns(0, 1), turns(1, 1), turns(0, 1))
    #expect(mixed.count(of: .halfMoment) == 1 && mixed.world.statistics.witnessed.members == [.halfMoment])
    #expect(configuration.after(claims, turns(0, 1), turns(1, 1), turns(0, 1), turns(1, 1)).count(of: .halfMoment) == 2)
    // A whole update between the two.
    #expect(configuration.after(claims, turns(0, 1), turns(1, 2), turns(0, 1)).count(of: .halfMoment) == 1)

    // β²m + (1 − β)(g₀ + g₁), which the second moment has as well.
    let all = configuration.after(claims, turns(0, 1), turns(1, 1), turns(0, 1), turns(1, 1))
    let alone = (0...1).map { worker in configuration.after(claims, turns(worker, 2)) }
    let block = all.world.model.blocks[0].range
    for slot in 0...1 {
      let (first, second) = (alone[0].world.model.slot(slot), alone[1].world.model.slot(slot))
      #expect(block.allSatisfy { all.world.model.slot(slot)[$0] == first[$0] + second[$0] })
      #expect(block.contains { all.world.model.slot(slot)[$0] != serial.world.model.slot(slot)[$0] })
    }
  }

  @Test func momentsThatChangeBetweenAdditionAndStepAreHalfMoments() {
    let configuration = Configuration.small(.inPlace)
    func count(_ turns: [Int]...) -> Int { configuration.after(claims, turns.flatMap(\.self)).count(of: .halfMoment) }
    // D₀ A₀ P₀ D₁ A₁ P₁, and D₀ A₀ before D₁ without a step in between: nobody is disturbed yet.
    #expect(count(turns(0, 3), turns(1, 3)) == 0 && count(turns(0, 2), turns(1, 1)) == 0)
    // D₀ A₀ D₁ P₀: the step is by moments that have decayed once more.
    let mixed = configuration.after(claims, turns(0, 2), turns(1, 1), turns(0, 1))
    #expect(mixed.count(of: .halfMoment) == 1 && mixed.world.statistics.witnessed.contains(HazardSet(.halfMoment)))
    // Worker 1 goes on undisturbed, because a step changes no moments.
    #expect(count(turns(0, 2), turns(1, 1), turns(0, 1), turns(1, 2)) == 1)
    // D₀ A₀ D₁ A₁ P₀ P₁, and D₀ A₀ D₁ A₁ P₁ P₀: worker 0 steps by what both have added.
    #expect(count(turns(0, 2), turns(1, 2), turns(0, 1), turns(1, 1)) == 1)
    #expect(count(turns(0, 2), turns(1, 3), turns(0, 1)) == 1)
    // D₀ D₁ A₀ A₁ P₀ P₁: both additions, and the step of whoever added first.
    #expect(count(turns(0, 1), turns(1, 1), turns(0, 1), turns(1, 1), turns(0, 1), turns(1, 1)) == 3)
  }

  @Test func aGradientInTheSlotIsAppliedByWhoeverComesFirst() {
    let configuration = Configuration.small(.gradientSlot)
    let assign = turns(0, blocks)
    #expect(configuration.after(claims, assign, turns(0, 1)).count(of: .gradientSlot) == 0)
    // Worker 1 assigns its block 0 before worker 0 fetches that one.
    let mixed = configuration.after(claims, assign, turns(1, 1), turns(0, 1))
    #expect(mixed.count(of: .gradientSlot) == 1 && mixed.world.statistics.witnessed.members == [.gradientSlot])
    #expect(configuration.after(claims, assign, turns(1, 1), turns(0, 3)).count(of: .gradientSlot) == 1)
    // After worker 0's whole push, the slot is worker 1's own.
    let serial = configuration.after(claims, turns(0, 3 * blocks), turns(1, 3 * blocks))
    #expect(serial.count(of: .gradientSlot) == 0 && serial.world.statistics.updates == 2)

    // A assigns, B assigns, A steps, B steps: B's gradient is applied twice, A's never.
    let whole = configuration.after(claims, assign, turns(1, blocks), turns(0, 2 * blocks), turns(1, 2 * blocks))
    #expect(whole.count(of: .gradientSlot) == blocks)
    var again = Configuration.small(.sharded)
    again.flushLength = configuration.flushLength
    let (world, workers) = try! again.makeRun()
    var gradient = workers[1]
    var copy = world.snapshot()
    gradient.step(&copy)
    let model = world.model
    for _ in 0...1 {
      for block in 0..<blocks {
        let step = StepNumber.given(configuration.optimizer.prepare(step: 1))
        _ = model.update(block, gradient: gradient.netOrGradient, step: step, by: Author(worker: 1, update: 0))
      }
    }
    #expect(whole.world.model.parameters.bits == model.parameters.bits)
  }

  @Test func onlyTheFirstWorkersGradientGetsIntoABoundSlot() {
    let configuration = Configuration.small(.bindOnce)
    let whole = turns(0, 3 * blocks)
    #expect(configuration.after(claims, whole).count(of: .bindOnce) == 0)
    // From then on every step of worker 1 applies worker 0's gradient, whatever the order.
    let bound = configuration.after(claims, whole, turns(1, 3 * blocks))
    #expect(bound.count(of: .bindOnce) == blocks && bound.world.model.gradientSlots!.owner(of: 0) == (0, 0))
    var run = configuration.simulation(RoundRobin())
    run.runChecked()
    #expect((0..<blocks).allSatisfy { run.world.model.gradientSlots!.owner(of: $0).worker == 0 })
    #expect(run.count(of: .bindOnce) >= run.processes[1].updates * blocks)
  }

  @Test func weightsAreWrittenOverNewerOnes() {
    let configuration = Configuration.small(.overwrite)
    // A claim, then a pull; then the episode is played without an access.
    let episode = 1 + blocks
    #expect(configuration.after(turns(0, episode), turns(1, 1), turns(0, blocks)).count(of: .overwrite) == 0)
    let one = configuration.after(turns(0, episode), turns(1, episode), turns(0, blocks), turns(1, 1))
    #expect(one.count(of: .overwrite) == 1 && one.world.statistics.witnessed.members == [.overwrite])
    let all = configuration.after(turns(0, episode), turns(1, episode), turns(0, blocks), turns(1, blocks))
    let alone = configuration.after(turns(1, episode), turns(1, blocks))
    #expect(all.count(of: .overwrite) == blocks && all.world.model.parameters.bits == alone.world.model.parameters.bits)
    let serial = configuration.after(turns(0, episode + blocks + 4), turns(1, episode + blocks))
    #expect(serial.count(of: .overwrite) == 0)
    #expect(serial.world.model.parameters.bits != all.world.model.parameters.bits)
  }

  @Test func aStepCountThatIsReadTwiceCanBeTwoCounts() {
    let configuration = Configuration.small(.sharded) { $0.stepCount = .readTwice }
    #expect(configuration.after(claims, turns(0, 2), turns(0, 1)).count(of: .splitStep) == 0)
    #expect(configuration.after(claims, turns(0, 1), turns(1, 1), turns(0, 2)).count(of: .splitStep) == 0)
    let split = configuration.after(claims, turns(0, 2), turns(1, 1), turns(0, 1))
    #expect(split.count(of: .splitStep) == 1 && split.world.statistics.witnessed.members == [.splitStep])

    // The first moment is corrected as in step 1, the second as in step 2.
    let updated = configuration.after(claims, turns(0, 2), turns(1, 1), turns(0, 2)).world.model
    let world = try! Configuration.small(.sharded).makeRun().world
    var gradient = try! Configuration.small(.sharded).makeRun().workers[0]
    var other = world.snapshot()
    gradient.step(&other)
    func update(_ first: Int, _ second: Int) -> [UInt32] {
      let model = world.model.copy()
      let adam = configuration.optimizer
      let step = OptimizerStep(first: adam.prepare(step: first), second: adam.prepare(step: second))
      _ = model.update(
        0, gradient: gradient.netOrGradient, step: .given(step), by: Author(worker: 0, update: 0))
      return Array(model.parameters[model.blocks[0].range]).bits
    }
    let found = Array(updated.parameters[updated.blocks[0].range]).bits
    #expect(found == update(1, 2) && found != update(1, 1) && found != update(2, 1))
  }

  /// How many accesses an episode has under `locked` before it is counted.
  private var played: Int { 1 + 3 }

  @Test func aCountThatIsReadAndWrittenLosesOthers() {
    let configuration = Configuration.small(.locked) { $0.episodeCount = .loadThenStore }
    let play = turns(0, played) + turns(1, played)
    let serial = configuration.after(play, turns(0, 2), turns(1, 2))
    #expect(serial.count(of: .lostCount) == 0 && serial.world.board.finishedEpisodes == 2)
    let lost = configuration.after(play, turns(0, 1), turns(1, 2), turns(0, 1))
    #expect(lost.count(of: .lostCount) == 1 && lost.world.board.finishedEpisodes == 1)
    #expect(lost.world.statistics.witnessed.members == [.lostCount])
    #expect(configuration.after(play, turns(0, 1), turns(1, 1), turns(0, 1)).count(of: .lostCount) == 0)
  }

  @Test func twoWorkersBeginTheSmoothedReward() {
    let configuration = Configuration.small(.locked) { $0.rewardSmoothing = .checkThenSet }
    let play = turns(0, played + 1) + turns(1, played + 1)
    #expect(configuration.after(play, turns(0, 2), turns(1, 2)).count(of: .runningReward) == 0)
    let twice = configuration.after(play, turns(0, 1), turns(1, 1), turns(0, 1), turns(1, 1))
    #expect(twice.count(of: .runningReward) == 1 && twice.world.statistics.witnessed.members == [.runningReward])
    #expect(configuration.after(play, turns(0, 1), turns(1, 1), turns(0, 1)).count(of: .runningReward) == 0)
  }

  /// A reward of exactly 0.0 is taken for the mark that there is none; a flag of its own is not fooled.
  @Test func aTrueZeroBeginsTheSmoothedRewardAgain() {
    func board(_ rewards: [Double], hasFlag: Bool) -> (repeated: [Bool], value: Double) {
      let board = EpisodeBoard(budget: 9, workers: 1)
      return (rewards.map { board.smooth($0, hasFlag: hasFlag).result }, board.smoothed)
    }
    let (repeated, value) = board([0, -4, -4], hasFlag: false)
    #expect(repeated == [false, true, false] && value == -4)
    let flagged = board([0, -4, -4], hasFlag: true)
    #expect(flagged.repeated == [false, false, false])
    #expect(flagged.value == 0.99 * (0.99 * 0 + 0.01 * -4) + 0.01 * -4)
    #expect(board([-4, -4], hasFlag: false) == board([-4, -4], hasFlag: true))
  }

  @Test(arguments: [SharingProtocol.locked, .sharded])
  func theNetChangesBetweenTwoActions(sharing: SharingProtocol) {
    let configuration = Configuration.small(sharing) { $0.acting = .sharedNet }
    let (view, push) = sharing == .locked ? (1, 1) : (blocks, blocks)
    // Flushes of three actions: worker 1 has acted once when worker 0 pushes.
    let flush = turns(0, 1 + 3 * view)
    let late = configuration.after(flush, turns(1, 1 + view), turns(0, push), turns(1, 1))
    #expect(late.count(of: .viewActing) == 1 && late.world.statistics.witnessed.members.contains(.viewActing))
    // It has not acted yet, or the push is over before it looks for the first time.
    #expect(configuration.after(flush, turns(0, push), turns(1, 1 + 3 * view)).count(of: .viewActing) == 0)
    let after = configuration.after(flush, turns(1, 1 + 3 * view), turns(0, push), turns(1, push))
    #expect(after.count(of: .viewActing) == 0)
  }

  /// It is noted where it changed, and not at every look that comes after.
  @Test func aNetThatChangedOnceIsSeenToChangeOnce() {
    let configuration = Configuration.small(.sharded) { $0.acting = .sharedNet }
    let flush = turns(0, 1 + 3 * blocks)
    let looks = configuration.after(flush, turns(1, 1 + blocks), turns(0, blocks), turns(1, 2 * blocks))
    // Each block of the second look has changed, and none of the third.
    #expect(looks.count(of: .viewActing) == blocks && looks.count(of: .tornPull) == 0)
  }

  @Test func aLookInTheMiddleOfAPushIsTorn() {
    let configuration = Configuration.small(.sharded) { $0.acting = .sharedNet }
    let flush = turns(0, 1 + 3 * blocks)
    for (pushed, count) in [(0, 0), (1, 1), (blocks - 1, 1), (blocks, 0)] {
      let look = configuration.after(flush, turns(0, pushed), turns(1, 1 + blocks))
      #expect(look.count(of: .tornPull) == count, "after \(pushed) blocks")
    }
  }

  @Test func whatIsNotedBetweenTwoAccessesIsForgottenAfterTheSecond() {
    let configuration = Configuration.small(.locked) { $0.episodeCount = .loadThenStore }
    let play = turns(0, played)
    let before = configuration.after(play).processes[0].state
    let first = configuration.after(play, turns(0, 1)).processes[0].state
    #expect(first.notes == nil, "it found a count of 0, never written")
    let second = configuration.after(play, turns(0, 5), turns(1, played + 1))
    #expect(second.processes[1].state.notes != nil && before.notes == nil)
    #expect(configuration.after(play, turns(0, 5), turns(1, played + 2)).processes[1].state.notes == nil)
  }

  // MARK: Bounded staleness

  @Test func aGradientThatIsTooOldIsDropped() {
    for bound in 0...3 {
      let configuration = Configuration.small(.locked, workers: 4, episodes: 9) { $0.stalenessBound = bound }
      var refused = 0
      for (schedule, seed) in someSchedules {
        var run = try! configuration.makeSimulation(schedule, scheduleSeed: seed)
        run.runChecked()
        #expect(run.world.statistics.maxStaleness <= bound)
        refused += run.world.statistics.refused
      }
      #expect(bound == 3 || refused > 0)
    }
    var unbounded = try! Configuration.small(.locked, workers: 4, episodes: 9).makeSimulation(.random, scheduleSeed: 1)
    unbounded.runChecked()
    #expect(unbounded.world.statistics.maxStaleness > 3 && unbounded.world.statistics.refused == 0)
  }

  @Test func settingsThatContradictEachOtherAreRefused() {
    func error(_ sharing: SharingProtocol, _ change: (inout Configuration) -> Void) -> String? {
      do { try Configuration.small(sharing, change).validate() } catch { return error.description }
      return nil
    }
    #expect(error(.sharded) { $0.stalenessBound = 1 }?.contains("stalenessBound needs sharing locked") == true)
    #expect(error(.locked) { $0.stalenessBound = -1 } != nil && error(.locked) { $0.stalenessBound = 0 } == nil)
    #expect(error(.hogwild) { $0.stepCount = .readTwice }?.contains("needs sharing sharded") == true)
    #expect(error(.overwrite) { $0.acting = .sharedNet }?.contains("exclude each other") == true)
    for settings in RacySettings.all { #expect(error(settings.sharing, settings.change) == nil) }
  }
}
