// The program around the workers: its two races are found, explained and, once repaired, in no schedule of a small
// instance.

import DeterministicMath
import Foundation
import Lockstep
import Testing
import Training

@testable import Sharing

/// A program without either race.
private let repaired = LaunchProgram(binding: .atStart, joining: .afterAllEndMarks, queueCapacity: 1)
private let lateBinding = LaunchProgram(binding: .late, joining: .afterAllEndMarks, queueCapacity: 1)
private let earlyExit = LaunchProgram(binding: .atStart, joining: .afterFirstEndMark, queueCapacity: 1)

extension LaunchProgram {
  /// The smallest run of it: episodes of one step, so one update each.
  fileprivate func simulation<S: Strategy>(
    workers: Int = 2, episodes: Int = 2, _ strategy: S,
    _ change: (inout Configuration) -> Void = { _ in }
  ) -> Simulation<LaunchProcess, S> {
    let configuration = Configuration.small(.locked, workers: workers, episodes: episodes) {
      $0.maxSteps = 1
      $0.flushLength = 1
      $0.episodeClaim = .takeFromBudget
      $0.pullsInitially = false
      change(&$0)
    }
    let (training, workers) = try! configuration.makeRun()
    let (world, processes) = launch(workers, in: training)
    return Simulation(world: world, processes: processes, strategy: strategy)
  }
}

extension Simulation where P == LaunchProcess {
  fileprivate func count(of hazard: Hazard) -> Int { world.training.statistics.count(of: hazard) }

  /// What everybody waits for.
  fileprivate var waits: [String] { processes.compactMap { $0.waitDescription(in: world) } }
}

/// Whether a run's last access showed `hazard`.
private func shows(_ hazard: Hazard) -> (Simulation<LaunchProcess, Replayed>) -> Bool {
  { LaunchProcess.witnessed(in: $0.world).contains(HazardSet(hazard)) }
}

private var walks: Portfolio {
  Portfolio([
    .init("random", schedules: 200) {
      RandomWalk(generator: RandomStream(seed: $0, worker: 0, purpose: .schedule))
    }
  ])
}

/// The shrunk schedule of the first that a search finds to show `hazard`.
private func shrunk(
  _ hazard: Hazard, from start: Simulation<LaunchProcess, Replayed>
) throws -> ScheduleShrinker<LaunchProcess> {
  let finding = try #require(search(walks, from: start, shows: shows(hazard)).finding)
  var shrinker = try #require(ScheduleShrinker(finding.choices, from: start, shows: shows(hazard)))
  shrinker.shrink()
  return shrinker
}

/// All classes of schedules of a program: how many there are, and in how many each hazard is seen.
private func explore(
  _ start: Simulation<LaunchProcess, Replayed>
) -> (classes: Int, deadlocked: Int, lateBinding: Int, earlyExit: Int) {
  var exploration = Exploration(from: start)
  var seen = (lateBinding: 0, earlyExit: 0)
  while let outcome = exploration.next() {
    if outcome.end.count(of: .lateBinding) > 0 { seen.lateBinding += 1 }
    if outcome.end.count(of: .earlyExitJoin) > 0 { seen.earlyExit += 1 }
  }
  precondition(exploration.isComplete && exploration.cut == 0, "a run that does not end")
  return (exploration.classes, exploration.deadlocked, seen.lateBinding, seen.earlyExit)
}

struct LaunchTests {
  // MARK: Late binding

  @Test func `a thread that looks its worker up when it runs may run another's`() throws {
    let shrinker = try shrunk(.lateBinding, from: lateBinding.simulation(Replayed([])))
    // Bind 0, start 0, bind 1, start 1; and each thread begins and looks up.
    #expect(shrinker.size.accesses == 8)
    #expect(shrinker.run.processes.map(\.worker) == [nil, 1, 1])
  }

  @Test func `an exploration finds the late binding, and the run goes on with one worker's data in two threads`() {
    var exploration = Exploration(from: lateBinding.simulation(workers: 2, episodes: 1, Replayed([])))
    var found: Exploration<LaunchProcess>.Outcome?
    while found == nil, let outcome = exploration.next() {
      if outcome.end.count(of: .lateBinding) > 0 { found = outcome }
    }
    #expect(found?.status == .finished)
    #expect(found?.end.world.workers.map(\.updates) == [0, 1])
  }

  @Test(arguments: 0..<40 as Range<UInt64>)
  func `two threads that run one worker end, whatever becomes of its data`(seed: UInt64) {
    let sharing = SharingProtocol.allCases[Int(seed % 3)]
    var run = LaunchProgram(binding: .late, joining: .afterAllEndMarks, queueCapacity: 2).simulation(
      workers: 3, episodes: 5, RandomWalk(generator: RandomStream(seed: seed, worker: 0, purpose: .schedule))
    ) {
      $0.sharing = sharing
      $0.maxSteps = 5
      $0.flushLength = 2
      $0.pullsInitially = seed % 2 == 0
    }
    run.run()
    #expect(run.status == .finished)
    #expect(run.world.taken.count == 5)
    for (number, worker) in run.world.workers.enumerated() {
      #expect(worker.updates == run.processes.filter { $0.worker == number }.reduce(0) { $0 + $1.updates })
    }
  }

  // MARK: Early exit

  @Test func `a parent that joins at the first end mark deadlocks with a worker that has a result to put`() throws {
    let shrinker = try shrunk(.earlyExitJoin, from: earlyExit.simulation(Replayed([])))
    #expect(shrinker.run.status == .deadlocked)
    #expect(
      shrinker.run.waits == [
        "parent waits for thread 0 to end",
        "thread 0 waits for room in the queue of 1, which nobody empties any more",
      ])
  }

  @Test func `every deadlock of the early exit is noted at the access that completes it`() {
    let result = explore(earlyExit.simulation(Replayed([])))
    #expect(result.deadlocked > 0 && result.deadlocked < result.classes)
    #expect(result.earlyExit == result.deadlocked)
  }

  @Test func `without a parent that joins a deadlock is another hazard`() {
    var start = repaired.simulation(Replayed([]))
    start.world.endMarksAwaited = 3
    let result = explore(start)
    #expect(result.deadlocked == result.classes)
    #expect(result.earlyExit == 0)
  }

  @Test func `a worker that fails puts no end mark`() {
    var run = repaired.simulation(RoundRobin())
    run.world.training.inject([.poison(worker: 1, update: 0, .nan)])
    run.run()
    #expect(run.world.ended == [true, true] && run.status == .deadlocked)
    #expect(run.waits == ["parent waits for a result or an end mark in the queue"])
    #expect(run.count(of: .earlyExitJoin) == 0)
  }

  // MARK: Repairs

  @Test func `neither race is in any class of schedules of the repaired program`() {
    let result = explore(repaired.simulation(Replayed([])))
    print("repaired launch, 2 workers, 2 episodes: \(result.classes) classes of schedules")
    #expect(result.classes > 100)
    #expect(result.deadlocked == 0 && result.lateBinding == 0 && result.earlyExit == 0)
  }

  @Test func `a parent that awaits one mark too few is caught`() {
    var start = repaired.simulation(Replayed([]))
    start.world.endMarksAwaited -= 1
    #expect(explore(start).earlyExit > 0)
  }

  /// When the first mark arrives, every other worker has at most a result and a mark left to put.
  @Test
  func `a queue with room for all that may be left hides the early exit, and one that is smaller by one does not`() {
    var program = earlyExit
    program.queueCapacity = 2
    #expect(explore(program.simulation(Replayed([]))).deadlocked == 0)
    program.queueCapacity = 1
    #expect(explore(program.simulation(Replayed([]))).deadlocked > 0)
  }

  /// What processes share beside the objects of their accesses would lead to ends that the exploration never meets.
  @Test(arguments: [repaired, earlyExit])
  func `walks end where the exploration says they can`(program: LaunchProgram) {
    func digest(_ run: Simulation<LaunchProcess, some Strategy>) -> UInt64 {
      LaunchProcess.digest(of: run.processes, in: run.world).value
    }
    let start = program.simulation(Replayed([]))
    var ends: Set<UInt64> = []
    var exploration = Exploration(from: start)
    while let outcome = exploration.next() { ends.insert(digest(outcome.end)) }
    var met: Set<UInt64> = []
    for seed in 0..<300 as Range<UInt64> {
      var walk = start.snapshot(
        drivenBy: RandomWalk(generator: RandomStream(seed: seed, worker: 0, purpose: .schedule)))
      walk.run()
      met.insert(digest(walk))
    }
    #expect(met.isSubset(of: ends) && met.count > 10)
  }

  @Test func `one worker is bound too late to nothing and blocks nobody`() {
    for program in [lateBinding, earlyExit] {
      let result = explore(program.simulation(workers: 1, Replayed([])))
      #expect(result.deadlocked == 0 && result.lateBinding == 0 && result.earlyExit == 0)
    }
  }

  // MARK: The workers within

  @Test(arguments: SharingProtocol.asynchronous, someSchedules.prefix(6))
  func `a launched run is the run of its workers in the same order`(
    sharing: SharingProtocol, schedule: (schedule: Schedule, seed: UInt64)
  ) {
    func change(_ configuration: inout Configuration) {
      configuration.sharing = sharing
      configuration.maxSteps = 7
      configuration.flushLength = 3
    }
    let launched = repaired.simulation(workers: 3, episodes: 4, Replayed([]), change)
    var run = launched.snapshot(
      drivenBy: RandomWalk(generator: RandomStream(seed: schedule.seed, worker: 0, purpose: .schedule)))
    var order: [Int] = []
    while run.status == .running {
      let places = run.processes.map(\.place)
      guard let step = run.advance() else { break }
      let process = run.processes[step.process]
      guard let worker = process.worker else { continue }
      if case .working = places[step.process] { order.append(worker) }
      if case .working = process.place { #expect(process.delay == run.world.workers[worker].delay) }
    }
    #expect(run.status == .finished)

    var plain = Configuration.small(sharing, workers: 3, episodes: 4) {
      $0.episodeClaim = .takeFromBudget
      $0.pullsInitially = false
      change(&$0)
    }.simulation(Replayed(order))
    plain.run()
    #expect(plain.status == .finished && plain.accesses == order.count)
    #expect(run.world.training.digest(of: run.world.workers).value == plain.world.digest(of: plain.processes).value)
    #expect(run.world.taken == plain.world.board.allResults)
  }

  @Test func `a snapshot is independent, and a run repeats itself`() {
    let start = repaired.simulation(RoundRobin())
    #expect(
      runTwice({ start.snapshot() }, digest: { LaunchProcess.digest(of: $0.processes, in: $0.world).value }) == nil)
  }

  @Test func `the digest tells places of processes and the queue apart`() {
    var run = repaired.simulation(RoundRobin())
    var digests: Set<UInt64> = []
    repeat { digests.insert(LaunchProcess.digest(of: run.processes, in: run.world).value) } while run.advance() != nil
    #expect(digests.count == run.accesses + 1)
  }

  @Test func `the digest sees every part of the state`() throws {
    var run = lateBinding.simulation(RoundRobin())
    while run.world.queue.isEmpty { _ = run.advance() }
    let result = try #require(run.world.queue[0])
    typealias Run = Simulation<LaunchProcess, RoundRobin>
    let changes: [(name: String, change: (inout Run) -> Void)] = [
      ("loop variable", { $0.world.loopVariable ^= 1 }),
      ("started", { $0.world.started[1] = nil }),
      ("ended", { $0.world.ended[1].toggle() }),
      ("whose result", { $0.world.queue[0]!.worker ^= 1 }),
      ("end mark", { $0.world.queue[0] = nil }),
      ("queue", { $0.world.queue = [] }),
      ("taken", { $0.world.taken.append(result) }),
      ("end marks", { $0.world.endMarksTaken += 1 }),
      ("place", { $0.processes[0].place = .finished }),
      ("worker", { $0.processes[1].worker = nil }),
      ("updates", { $0.processes[1].updates ^= 1 }),
      ("training", { _ = $0.world.training.board.countFinished() }),
    ]
    func digest(_ run: Run) -> UInt64 { LaunchProcess.digest(of: run.processes, in: run.world).value }
    #expect(digest(run.snapshot()) == digest(run))
    for (name, change) in changes {
      var changed = run.snapshot()
      change(&changed)
      #expect(digest(changed) != digest(run), "\(name)")
    }
  }

  @Test func `every shared object has a number of its own, behind those of the training run`() {
    let objects = LaunchObjects(blocks: 10, threads: 3)
    let ofThreads = (0..<3).flatMap { [objects.gate(of: $0), objects.end(of: $0)] }
    let numbers = [objects.loopVariable, objects.queue] + ofThreads
    #expect(Set(numbers).count == numbers.count && numbers.min() == SharedObject.count(blocks: 10))
  }

  // MARK: Words and settings

  @Test func `a full queue is abandoned only once the parent has the end marks that it awaits`() throws {
    for (program, isAbandoned) in [(repaired, false), (earlyExit, true)] {
      var run = program.simulation(RoundRobin())
      run.world.endMarksTaken = 1
      run.world.queue = [nil]
      run.processes[1].place = .marking
      let wait = try #require(run.processes[1].waitDescription(in: run.world))
      #expect(wait.hasPrefix("thread 0 waits for room in the queue of 1"))
      #expect(wait.hasSuffix("which nobody empties any more") == isAbandoned)
    }
  }

  @Test func `accesses are told in words`() {
    var run = lateBinding.simulation(RoundRobin())
    var words: [String] = []
    while run.status == .running {
      let before = run
      guard let step = run.advance() else { break }
      let process = before.processes[step.process]
      words.append("\(process.name): \(process.nextAccessDescription(in: before.world)!)")
    }
    for expected in [
      "parent: set the loop variable to worker 1", "parent: start thread 1", "thread 1: begin to run",
      "thread 1: read the loop variable", "thread 1: exchange the model", "thread 1: put a result into the queue",
      "parent: take a result from the queue", "thread 0: put an end mark into the queue", "thread 0: end",
      "parent: join thread 1",
    ] {
      #expect(words.contains(expected), "\(expected)")
    }
  }

  @Test func `settings are data`() throws {
    let coded = try JSONEncoder().encode(lateBinding)
    #expect(try JSONDecoder().decode(LaunchProgram.self, from: coded) == lateBinding)
    let text = String(decoding: coded, as: UTF8.self).replacing("\"queueCapacity\":1", with: "\"queueCapacity\":0")
    #expect(throws: DecodingError.self) {
      try JSONDecoder().decode(LaunchProgram.self, from: Data(text.utf8))
    }
  }
}
