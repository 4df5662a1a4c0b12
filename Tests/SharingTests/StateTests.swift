// The state of a run: a snapshot has all of it, the digest sees all of it, and nothing outside it has a say.

import DeterministicMath
import Environments
import Experiments
import Lockstep
import Testing
import Training

@testable import Sharing

@Suite struct StateTests {
  @Test(arguments: SharingProtocol.allCases)
  func aRunResumedAtAnyStepEndsAsTheUnbrokenRunDid(sharing: SharingProtocol) {
    #expect(lostMoments(sharing) { $0.snapshot() } == [])
  }

  /// Also in the middle of what is one access elsewhere, and with the same hazards as seen from there.
  @Test(arguments: RacySettings.all)
  func aSnapshotIsOfWhatDetectorsKnowToo(settings: RacySettings) {
    for seed in 0..<6 as Range<UInt64> {
      var run = try! settings.configuration(episodes: 6).makeSimulation(.random, scheduleSeed: seed)
      var unbroken = run.snapshot()
      unbroken.run()
      repeat {
        var resumed = run.snapshot()
        resumed.run()
        #expect(resumed.world.statistics == unbroken.world.statistics, "seed \(seed), after \(run.accesses) accesses")
        #expect(resumed.digest.value == unbroken.digest.value)
        for _ in 0..<3 { _ = run.advance() }
      } while run.status == .running
    }
  }

  /// A copy of a simulation copies the workers, but shares the model.
  @Test(arguments: SharingProtocol.allCases)
  func aCopyThatSharesTheModelIsNoSnapshot(sharing: SharingProtocol) {
    #expect(!lostMoments(sharing) { $0 }.isEmpty)
  }

  /// The accesses after which a copy, resumed when the original has ended, ends differently.
  private func lostMoments(
    _ sharing: SharingProtocol, copy: (TrainingSimulation) -> TrainingSimulation
  ) -> [Int] {
    let start = try! Configuration.small(sharing, episodes: 2).makeSimulation(.random, scheduleSeed: 3)
    var original = start.snapshot()
    original.run()
    let (digest, accesses) = (original.digest.value, original.accesses)
    var moments: [Int] = []
    var run = start.snapshot()
    while run.status == .running {
      var resumed = copy(run)
      var rest = run.snapshot()
      rest.run()
      resumed.run()
      if run.digest.value != run.snapshot().digest.value || rest.digest.value != digest
        || resumed.digest.value != digest || resumed.accesses != accesses
      {
        moments.append(run.accesses)
        // The copy may have run on in the shared model, so the rest is worth nothing.
        return moments
      }
      _ = run.advance()
    }
    return run.digest.value == digest ? moments : moments + [run.accesses]
  }

  @Test(arguments: SharingProtocol.allCases)
  func runningACopyChangesNothingInTheOriginal(sharing: SharingProtocol) {
    var original = try! Configuration.small(sharing).makeSimulation(.timed, scheduleSeed: 3)
    for _ in 0..<9 { _ = original.advance() }
    let before = original.digest.value
    var copy = original.snapshot()
    copy.run()
    #expect(original.digest.value == before && copy.digest.value != before)
    #expect(original.world.statistics.updates < copy.world.statistics.updates)
  }

  @Test(arguments: SharingProtocol.allCases)
  func aRunRepeatsItselfAccessForAccess(sharing: SharingProtocol) {
    for schedule in Schedule.allCases {
      let configuration = Configuration.small(sharing, episodes: 2)
      let difference = runTwice {
        try! configuration.makeSimulation(schedule, scheduleSeed: 5)
      } digest: {
        $0.digest.value
      }
      #expect(difference == nil)
    }
  }

  @Test func aRunWithAnotherNoiseDiverges() {
    var seed: UInt64 = 0
    let difference = runTwice {
      seed += 1
      return Configuration.small { $0.seed = seed }.simulation(RoundRobin())
    } digest: {
      $0.digest.value
    }
    #expect(difference != nil)
  }

  // MARK: Digest

  /// Each change is of one bit, or one count, of one part of the state.
  @Test func theDigestSeesEveryPartOfTheState() {
    let original = Configuration.small(.hogwild) { $0.stepCount = .shared }.after(turns(0, 4 + 3 * blocks), turns(1, 4))
    typealias Run = Simulation<Worker, Replayed>
    var changes: [(name: String, change: (inout Run) -> Void)] = [
      ("finished", { _ = $0.world.board.countFinished() }),
      ("claimed and begun", { _ = $0.world.board.claim(by: .takeFromBudget) }),
      ("begun", { _ = $0.world.board.claim(by: .lookAtFinished) }),
      ("smoothed", { _ = $0.world.board.smooth(-1, hasFlag: false) }),
      ("results", { _ = $0.world.board.publish(EpisodeResult(worker: 0, episodeReturn: 0, steps: 0, smoothed: 0)) }),
    ]
    for (number, block) in original.world.model.blocks.enumerated() {
      for element in 0..<block.range.count {
        for copy in 0..<3 {
          let place = block.storage + copy * block.stride + element
          changes.append(("block \(number) copy \(copy) element \(element)", { $0.world.model.storage[place].flip() }))
        }
      }
      func change(_ change: @escaping (borrowing BlockState) -> Void) -> (inout Run) -> Void {
        { $0.world.model.states[number].withoutLock(change) }
      }
      changes += [
        ("version \(number)", change { $0.version.wrappingAdd(1, ordering: .relaxed) }),
        ("writers \(number)", change { $0.writers.wrappingAdd(1, ordering: .relaxed) }),
        ("last writer \(number)", change { $0.lastWriter.wrappingAdd(1, ordering: .relaxed) }),
        ("steps \(number)", change { $0.steps.wrappingAdd(1, ordering: .relaxed) }),
      ]
    }
    for number in 0..<2 {
      let parts: [(name: String, change: (inout Worker) -> Void)] = [
        ("phase", { $0.phase = .pulling(4) }),
        ("updates", { $0.updates ^= 1 }),
        ("episodes", { $0.episodes ^= 1 }),
        ("action noise", { $0.actionNoise.counter ^= 1 }),
        ("start states", { $0.startStates.counter ^= 1 }),
        ("theta", { worker in worker.changePendulum { $0.theta = $0.theta.nextUp } }),
        ("theta dot", { worker in worker.changePendulum { $0.thetaDot = $0.thetaDot.nextUp } }),
        ("loaded version", { $0.loadedVersion ^= 1 }),
        ("base", { $0.base[9] ^= 1 }),
        ("has pulled", { $0.hasPulled.toggle() }),
        ("writers of the pull", { $0.pullWriters ^= 1 }),
        ("torn pull", { $0.pullIsTorn.toggle() }),
        ("lag", { $0.lag ^= 1 }),
        ("total steps", { $0.totalSteps ^= 1 }),
        ("episode steps", { $0.episodeSteps ^= 1 }),
        ("episode return", { $0.episodeReturn = $0.episodeReturn.nextUp }),
        ("end of episode", { $0.episodeIsOver.toggle() }),
        ("smoothed as read", { $0.smoothedAsRead = $0.smoothedAsRead.nextUp }),
        ("local net or gradient", { $0.netOrGradient[39].flip() }),
        ("loaded", { $0.loaded[5].flip() }),
      ]
      changes += parts.map { part in
        ("\(part.name) of worker \(number)", { part.change(&$0.processes[number]) })
      }
    }
    let digest = original.digest.value
    #expect(original.snapshot().digest.value == digest)
    for (name, change) in changes {
      var changed = original.snapshot()
      change(&changed)
      #expect(changed.digest.value != digest, "\(name)")
    }
  }

  @Test func theDigestSeesWhatASlipKeeps() {
    let run = Configuration.small { ($0.slips.neverCleared, $0.slips.staleBootstrap) = (true, true) }.after(turns(0, 4))
    for change: (inout Worker) -> Void in [{ $0.keptGradient[46].flip() }, { $0.lastReturn = $0.lastReturn.nextUp }] {
      var changed = run.snapshot()
      change(&changed.processes[0])
      #expect(changed.digest.value != run.digest.value)
    }
  }

  @Test func theDigestDoesNotSeeTheStatistics() {
    var run = Configuration.small(.hogwild).after(turns(0, 4))
    let digest = run.digest.value
    run.world.statistics.note(.lostUpdate)
    #expect(run.digest.value == digest)
  }

  // MARK: Noise

  /// With a learning rate of 0 the shared net never changes, so an episode depends on nothing but its worker's noise
  /// and its start state.
  private func episodes(
    _ sharing: SharingProtocol, workers: Int, _ schedule: Schedule, _ seed: UInt64,
    _ change: (inout Configuration) -> Void = { _ in }
  ) -> (ofWorker: [[Double]], order: [Int]) {
    let configuration = Configuration.small(sharing, workers: workers, episodes: 4 * workers) {
      $0.pullsInitially = true
      $0.optimizer.learningRate = 0
      change(&$0)
    }
    var run = try! configuration.makeSimulation(schedule, scheduleSeed: seed)
    var order: [Int] = []
    while let step = run.advance() { order.append(step.process) }
    let results = run.world.board.allResults
    return ((0..<workers).map { worker in results.filter { $0.worker == worker }.map(\.episodeReturn) }, order)
  }

  @Test(arguments: SharingProtocol.allCases)
  func aScheduleChangesTheInterleavingAndNobodysNoise(sharing: SharingProtocol) {
    let expected = episodes(sharing, workers: 3, .roundRobin, 0)
    #expect(Set(expected.ofWorker.flatMap { $0 }).count == expected.ofWorker.flatMap { $0 }.count)
    for (schedule, seed) in someSchedules.dropFirst() {
      let found = episodes(sharing, workers: 3, schedule, seed)
      #expect(found.order != expected.order)
      // A worker may play more or fewer episodes, but its k-th is always the same.
      for (found, expected) in zip(found.ofWorker, expected.ofWorker) {
        let common = min(found.count, expected.count)
        #expect(common > 0 && found.prefix(common) == expected.prefix(common))
      }
    }
    let other = episodes(sharing, workers: 3, .roundRobin, 0) { $0.seed += 1 }
    #expect(other.order == expected.order && other.ofWorker[0][0] != expected.ofWorker[0][0])
  }

  @Test(arguments: SharingProtocol.allCases)
  func theNumberOfWorkersChangesNothingForTheFirst(sharing: SharingProtocol) {
    let alone = episodes(sharing, workers: 1, .roundRobin, 0).ofWorker[0]
    for workers in [2, 5] {
      let found = episodes(sharing, workers: workers, .random, 1).ofWorker[0]
      let common = min(found.count, alone.count)
      #expect(common > 0 && found.prefix(common) == alone.prefix(common))
    }
  }
}

extension Float {
  /// Changes the lowest bit.
  fileprivate mutating func flip() { self = Float(bitPattern: bitPattern ^ 1) }
}

extension Worker {
  fileprivate mutating func changePendulum(_ change: (inout Pendulum) -> Void) {
    var pendulum = environment as! Pendulum
    change(&pendulum)
    environment = pendulum
  }
}
