// What the system promises when a worker dies, is started again, is slow, or computes what is no number. Each test asks
// whether the fault struck: one that did not proves nothing.

import DeterministicMath
import Lockstep
import Testing
import Training

@testable import Sharing

extension Configuration {
  /// The end of a run with these faults, each of which has struck.
  fileprivate func end(
    of faults: Fault..., schedule: Schedule = .roundRobin, seed: UInt64 = 1,
    _ change: (inout FaultySimulation) -> Void = { _ in }
  ) -> FaultySimulation {
    var run = try! makeSimulation(schedule, scheduleSeed: seed, faults: faults)
    change(&run)
    run.run()
    for fault in faults { #expect(run.strikes(of: fault) > 0, "\(fault) never struck") }
    return run
  }

  /// How many accesses worker 1 makes in a run without faults.
  fileprivate var accessesOfWorker1: Int {
    var run = try! makeSimulation(.roundRobin, scheduleSeed: 1, faults: [])
    run.run()
    return run.processes[1].accesses
  }
}

extension FaultySimulation {
  fileprivate var workers: [Worker] { processes.map(\.base) }
  fileprivate func count(of hazard: Hazard) -> Int { world.statistics.count(of: hazard) }
}

struct FaultTests {
  // MARK: A worker that stops

  @Test func `under locked, a worker that dies anywhere loses its own flush and nothing else`() {
    let settings = Configuration.small(.locked, workers: 3)
    for accesses in 0..<settings.accessesOfWorker1 {
      let run = settings.end(of: .stop(worker: 1, accesses: accesses))
      #expect(run.status == .finished)
      run.world.checkInvariants(of: run.workers)
      let versions = Set(run.world.model.blocks.indices.map { run.world.model.provenance(of: $0).version })
      #expect(versions == [UInt64(run.world.statistics.updates)])
      #expect(run.count(of: .tornPull) == 0)
    }
  }

  @Test func `under sharded, a worker that dies anywhere leaves whole blocks, some with its last gradient`() {
    let settings = Configuration.small(.sharded, workers: 3)
    var partial = 0
    for accesses in 0..<settings.accessesOfWorker1 {
      let run = settings.end(of: .stop(worker: 1, accesses: accesses))
      #expect(run.status == .finished)
      run.world.checkInvariants(of: run.workers)
      let versions = run.world.model.blocks.indices.map { Int(run.world.model.provenance(of: $0).version) }
      let whole = run.world.statistics.updates
      #expect(versions == versions.sorted(by: >) && versions.allSatisfy { whole...whole + 1 ~= $0 })
      if versions[0] > whole { partial += 1 }
    }
    #expect(partial > 0)
  }

  @Test(arguments: SharingProtocol.asynchronous)
  func `a dead worker takes its episode along where episodes are taken from the budget`(sharing: SharingProtocol) {
    let settings = Configuration.small(sharing, workers: 3, episodes: 6) { $0.episodeClaim = .takeFromBudget }
    for accesses in 0..<settings.accessesOfWorker1 {
      let run = settings.end(of: .stop(worker: 1, accesses: accesses))
      let phase = run.workers[1].phase
      let isCounted = [.claiming, .smoothing, .reading, .publishing].contains(phase)
      #expect(run.world.board.finishedEpisodes == (isCounted ? 6 : 5), "\(phase)")
      #expect(run.world.board.allResults.count == (phase == .claiming ? 6 : 5), "\(phase)")
      for worker in [0, 2] { #expect(run.workers[worker].phase == .finished) }
    }
  }

  @Test func `where workers look at the finished episodes, others play the episode of a dead one`() {
    let settings = Configuration.small(.sharded, workers: 3, episodes: 6) { $0.episodeClaim = .lookAtFinished }
    for accesses in 0..<settings.accessesOfWorker1 {
      let run = settings.end(of: .stop(worker: 1, accesses: accesses))
      #expect(run.world.board.finishedEpisodes >= 6)
    }
  }

  @Test func `in no schedule does a dying worker spoil the model of the others`() {
    let settings = Configuration.small(.sharded, episodes: 1) {
      $0.maxSteps = 1
      $0.flushLength = 1
      $0.granularity = .tensor
      $0.episodeClaim = .takeFromBudget
    }
    let (world, workers) = try! settings.makeRun()
    var schedules = 0
    for accesses in 1..<8 {
      let faults = [Fault.stop(worker: 1, accesses: accesses)]
      let processes = [Faulty(workers[0], faults: []), Faulty(workers[1], faults: faults)]
      var exploration = Exploration(from: Simulation(world: world, processes: processes, strategy: Replayed([])))
      while let outcome = exploration.next() {
        #expect(outcome.status == .finished)
        outcome.end.world.checkInvariants(of: outcome.end.processes.map(\.base))
        schedules += 1
      }
    }
    #expect(schedules > 14)
  }

  @Test func `a stopped worker's accesses are those of a plain run that is left off`() {
    let settings = Configuration.small(.hogwild, workers: 3)
    var run = try! settings.makeSimulation(.random, scheduleSeed: 4, faults: [.stop(worker: 1, accesses: 33)])
    var choices: [Int] = []
    while let step = run.advance() { choices.append(step.process) }
    #expect(choices.count { $0 == 1 } == 33)
    let plain = settings.after(choices)
    #expect(plain.world.digest(of: plain.processes).value == run.world.digest(of: run.workers).value)
  }

  @Test func `a thread that dies puts no end mark, so its parent waits for ever, and that is no early exit`() {
    let settings = Configuration.small(.locked, episodes: 2) { $0.episodeClaim = .takeFromBudget }
    let (training, workers) = try! settings.makeRun()
    let (world, processes) = LaunchProgram(binding: .atStart, joining: .afterAllEndMarks, queueCapacity: 1)
      .launch(workers, in: training)
    for accesses in 0..<8 {
      var run = Simulation(
        world: world,
        processes: processes.map {
          Faulty($0, faults: $0.number == 2 ? [.stop(worker: 1, accesses: accesses)] : [])
        },
        strategy: RoundRobin()
      ).snapshot()
      run.run()
      #expect(run.status == .deadlocked)
      #expect(
        run.processes.compactMap { $0.base.waitDescription(in: run.world) }.first
          == "parent waits for a result or an end mark in the queue")
      #expect(run.world.training.statistics.count(of: .earlyExitJoin) == 0)
    }
  }

  // MARK: A worker that is started again

  @Test func `a restarted worker pulls first if it is repaired so, and else pushes a gradient of a net of its own`() {
    for pulls in [true, false] {
      let settings = Configuration.small(.sharded, workers: 3, episodes: 6) { $0.pullsInitially = pulls }
      // It claims, and pushes and pulls ten blocks each.
      for (accesses, firstPushes) in [(1, 3), (10, 3), (11, 4), (20, 4), (30, 4)] {
        let run = settings.end(of: .restart(worker: 1, accesses: accesses))
        #expect(run.status == .finished)
        if !pulls { #expect(run.count(of: .noInitialPull) == firstPushes, "after \(accesses) accesses") }
        if pulls { #expect(run.count(of: .noInitialPull) == 0) }
        #expect(run.world.board.finishedEpisodes >= 6)
      }
    }
  }

  @Test func `a restarted worker is as at its first start`() {
    let settings = Configuration.small(.sharded, workers: 2)
    var run = try! settings.makeSimulation(
      .roundRobin, scheduleSeed: 1, faults: [.restart(worker: 1, accesses: 20)])
    let first = run.workers[1].state
    while run.processes[1].accesses < 20 {
      _ = run.advance()
      #expect((run.workers[1].state == first) == [0, 20].contains(run.processes[1].accesses))
    }
  }

  // MARK: A slow worker

  /// Who is overtaken pushes older gradients; who overtakes meets fewer updates of the slow one.
  @Test(arguments: Schedule.allCases)
  func `a slow worker's gradients are stale, not those of the others`(schedule: Schedule) throws {
    let settings = Configuration.small(.sharded, workers: 3, episodes: 30)
    func meanLags(_ faults: [Fault]) throws -> [Double] {
      var run = try settings.makeSimulation(schedule, scheduleSeed: 1, faults: faults)
      var lags: [[Int]] = [[], [], []]
      var earlier = run.world.statistics
      while let step = run.advance() {
        let later = run.world.statistics
        if later.updates > earlier.updates { lags[step.process].append(later.totalLag - earlier.totalLag) }
        earlier = later
      }
      for fault in faults { #expect(run.strikes(of: fault) > 100) }
      return lags.map { Double($0.reduce(0, +)) / Double($0.count) }
    }
    let even = try meanLags([])
    let slowed = try meanLags([.slow(worker: 0, factor: 6)])
    #expect(slowed[0] > 3 * even[0])
    for other in [1, 2] { #expect(slowed[other] < even[other]) }
  }

  /// Whether a schedule knows it by its clock or by passing the worker over.
  @Test(arguments: [Schedule.timed, .roundRobin])
  func `a slow worker makes as many accesses fewer as it is slower`(schedule: Schedule) throws {
    let settings = Configuration.small(.sharded, workers: 2, episodes: 1000)
    var run = try settings.makeSimulation(schedule, scheduleSeed: 1, faults: [.slow(worker: 0, factor: 4)])
    while run.accesses < 3000 { _ = run.advance() }
    let ratio = Double(run.processes[1].accesses) / Double(run.processes[0].accesses)
    #expect((3...5).contains(ratio))
  }

  // MARK: A gradient that is no number

  @Test(arguments: SharingProtocol.asynchronous, Fault.Poison.allCases)
  func `a gradient that is not finite is refused before it reaches the model`(
    sharing: SharingProtocol, poison: Fault.Poison
  ) {
    let settings = Configuration.small(sharing, workers: 3, episodes: 6)
    let fault = Fault.poison(worker: 1, update: 2, poison)
    let run = settings.end(of: fault, schedule: .timed)
    #expect(run.workers[1].phase == .failed && run.workers[1].updates == 2)
    #expect(run.workers[0].phase == .finished && run.workers[2].phase == .finished)
    #expect(run.world.model.parameters.allSatisfy { $0.isFinite })
    #expect(run.world.failure?.worker == 1)
    #expect("\(run.world.failure!)".hasSuffix("is \(poison)"))
    // To the others it is as if the worker had stopped.
    let stopped = settings.end(of: .stop(worker: 1, accesses: run.processes[1].accesses), schedule: .timed)
    #expect(run.world.model.state == stopped.world.model.state)

    // Without the refusal it reaches everybody; but a bound slot is another worker's, and a local net that is no number
    // stops its worker before it is written back.
    guard sharing != .bindOnce, sharing != .overwrite else { return }
    let poisoned = settings.end(of: fault, schedule: .timed) { $0.world.refusesNonFinite = false }
    #expect(!poisoned.world.model.parameters.allSatisfy { $0.isFinite })
  }

  // MARK: Settings

  @Test func `a fault that does not strike is told from one that does`() throws {
    let settings = Configuration.small(.sharded, workers: 2)
    let faults: [Fault] = [
      .stop(worker: 0, accesses: 100_000), .restart(worker: 0, accesses: 100_000),
      .poison(worker: 1, update: 100_000, .nan),
    ]
    var run = try settings.makeSimulation(.timed, scheduleSeed: 1, faults: faults)
    run.run()
    for fault in faults { #expect(run.strikes(of: fault) == 0) }
    #expect(run.workers.allSatisfy { $0.phase == .finished })
  }

  @Test func `each fault of a worker is counted by itself`() throws {
    let faults: [Fault] = [.stop(worker: 0, accesses: 100_000), .restart(worker: 0, accesses: 20)]
    var run = try Configuration.small(.sharded).makeSimulation(.timed, scheduleSeed: 1, faults: faults)
    run.run()
    #expect(faults.map { run.strikes(of: $0) } == [0, 1])
  }

  @Test func `a worker that has stopped is not started again`() throws {
    let faults: [Fault] = [.stop(worker: 0, accesses: 20), .restart(worker: 0, accesses: 20)]
    for faults in [faults, faults.reversed()] {
      var run = try Configuration.small(.sharded).makeSimulation(.timed, scheduleSeed: 1, faults: faults)
      run.run()
      #expect(run.processes[0].isStopped == (run.strikes(of: .stop(worker: 0, accesses: 20)) == 1))
      #expect(faults.map { run.strikes(of: $0) } == (faults[0] == .stop(worker: 0, accesses: 20) ? [1, 0] : [1, 1]))
    }
  }

  @Test func `the digest sees how far faults have struck`() throws {
    var (world, workers) = try Configuration.small(.sharded).makeRun()
    func digest(_ process: Faulty<Worker>) -> UInt64 { Faulty.digest(of: [process], in: world).value }
    let sound = Faulty(workers[0], faults: [])
    #expect(digest(sound) != digest(Faulty(workers[0], faults: [.stop(worker: 0, accesses: 0)])))
    // It is as at its first start, but has made an access.
    var restarted = Faulty(workers[0], faults: [.restart(worker: 0, accesses: 1)])
    restarted.step(&world)
    #expect(restarted.base.state == sound.base.state && digest(restarted) != digest(sound))
  }

  @Test func `a finished worker cannot die any more`() {
    let settings = Configuration.small(.locked, workers: 2)
    let last = settings.accessesOfWorker1
    for fault in [Fault.stop(worker: 1, accesses: last), .restart(worker: 1, accesses: last)] {
      var run = try! settings.makeSimulation(.roundRobin, scheduleSeed: 1, faults: [fault])
      run.run()
      #expect(run.strikes(of: fault) == 0)
    }
  }

  @Test func `a run with faults repeats itself`() {
    let faults: [Fault] = [
      .stop(worker: 0, accesses: 40), .restart(worker: 1, accesses: 50), .slow(worker: 2, factor: 3),
    ]
    for schedule in Schedule.allCases {
      #expect(
        runTwice(
          { try! Configuration.small(workers: 3).makeSimulation(schedule, scheduleSeed: 2, faults: faults) },
          digest: { Faulty.digest(of: $0.processes, in: $0.world).value }) == nil)
    }
  }

  @Test(arguments: [
    [Fault.slow(worker: 2, factor: 2)], [.stop(worker: 0, accesses: 3), .stop(worker: 0, accesses: 3)],
    [.slow(worker: 0, factor: 2), .slow(worker: 0, factor: 3)],
  ])
  func `faults of no worker, or that are one too many, are refused`(faults: [Fault]) {
    #expect(throws: ConfigurationError.self) {
      try Configuration.small(workers: 2).makeSimulation(.timed, scheduleSeed: 1, faults: faults)
    }
  }

  @Test func `faults are read as they are written`() {
    for word in ["stop:0@0", "restart:3@17", "slow:11*40", "nan:1@2", "inf:0@0"] {
      #expect(Fault(word)?.description == word)
    }
    for word in [
      "", "stop", "stop:1", "stop:1@", "stop:@1", "stop:-1@2", "stop:1@-2", "stop:1*2", "restart:1@0", "slow:1@2",
      "slow:1*1", "slow:1*1000001", "nan:1*2", "nan:1@2@3", "zero:1@2", "Stop:1@2", "stop:1@2 ",
    ] {
      #expect(Fault(word) == nil, "\(word)")
    }
  }
}
