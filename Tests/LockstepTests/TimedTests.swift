// The discrete-event clock: known schedules where speeds are equal, a plain model where they are drawn, and the bounds
// that make its lag realistic.

import Testing

@testable import Lockstep

@Suite struct TimedTests {
  @Test func accessesHappenWhenTheyAreDueAndTiesGoToTheLowerNumber() {
    // Due at 1, 2, 3, … and 3, 6, … ticks; at 3, 6, … both are.
    #expect(schedule(delays: [1, 3], accesses: [9, 3]) == [0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1])
    #expect(schedule(delays: [3, 1], accesses: [3, 9]) == [1, 1, 0, 1, 1, 1, 0, 1, 1, 1, 0, 1])
    #expect(schedule(delays: [1, 1, 1], accesses: [3, 3, 3]) == [0, 1, 2, 0, 1, 2, 0, 1, 2])
  }

  @Test func aProcessWithLongerDelaysRunsProportionallyLessOften() {
    let delays = [1, 2, 5, 10]
    let first = schedule(delays: delays, accesses: [2000, 2000, 2000, 2000]).prefix(1800)
    #expect(delays.indices.map { process in first.count { $0 == process } } == [1000, 500, 200, 100])
  }

  @Test func delaysAreScaledBySpeedAndJitterWithinTheirBounds() {
    // Least: 820/1024 of a tick a tick, times 768/1024. Most: 1280/1024 times 1279/1024.
    #expect(firstTime(delay: 1000, generator: Constant(number: 0)) == 1000 * 820 * 768 / 1024)
    #expect(firstTime(delay: 1000, generator: Constant(number: .max)) == 1000 * 1280 * 1279 / 1024)
    #expect(firstTime(delay: 1, generator: Constant.steady) == 1050)
    let times = (0..<1000).map { firstTime(delay: 1000, generator: SplitMix64(seed: $0)) }
    #expect(Set(times).count > 900)
    #expect(times.contains { $0 < 700_000 } && times.contains { $0 > 1_450_000 })
  }

  @Test(arguments: 1...12)
  func theClockChoosesLikeASortedListUnderRandomOperations(seed: Int) {
    var generator = SplitMix64(seed: UInt64(seed))
    let processes = [1, 2, 3, 5, 17, 70][seed % 6]
    let delays = (0..<processes).map { _ in Int.random(in: 1...20, using: &generator) }
    var timed = Timed(delays: delays, generator: SplitMix64(seed: 77))
    var model = SortedTurns(delays: delays, generator: SplitMix64(seed: 77))
    var unfinished = RunnableSet(processes: processes, all: true)
    for access in 0..<400 where !unfinished.isEmpty {
      var runnable = unfinished
      if Bool.random(using: &generator) {
        for process in unfinished.members where Int.random(in: 0..<3, using: &generator) == 0 {
          runnable.remove(process)
        }
      }
      let choice = timed.choose(from: runnable)
      guard choice == model.choose(from: runnable), timed.now == model.now, timed.queue.brokenInvariant == nil else {
        Issue.record("access \(access): \(choice ?? -1), \(timed.queue.brokenInvariant ?? "another choice")")
        return
      }
      guard let choice else { continue }
      let isLast = Int.random(in: 0..<100, using: &generator) == 0
      let delay = isLast ? nil : Int.random(in: 1...20, using: &generator)
      timed.didStep(choice, access: Access(.read, 0), next: Access(.read, 0), delay: delay)
      model.didStep(choice, delay: delay)
      #expect(timed.queue.brokenInvariant == nil)
      if isLast { unfinished.remove(choice) }
    }
  }

  @Test func aBlockedProcessIsSkippedAndRunsAsSoonAsItCan() {
    var timed = Timed(delays: [1, 5, 9], generator: Constant.steady)
    var runnable = RunnableSet(processes: 3, all: true)
    runnable.remove(0)
    #expect(timed.choose(from: runnable) == 1)
    #expect(timed.now == 5 * 1050)
    timed.didStep(1, access: Access(.read, 0), next: Access(.read, 0), delay: 9)
    runnable.insert(0)
    #expect(timed.choose(from: runnable) == 0, "it has been due since tick 1")
    #expect(timed.now == 5 * 1050, "time never goes back")
    timed.didStep(0, access: Access(.read, 0), next: Access(.read, 0), delay: 2)
    #expect(timed.choose(from: runnable) == 0, "its delay counts from when it ran, tick 5, not from when it was due")
    #expect(timed.now == 7 * 1050)
    #expect(timed.choose(from: RunnableSet(processes: 3, all: false)) == nil)
  }

  @Test func theClockNeverGoesBackWhenProcessesWaitForALock() {
    let code: [Program<Memory>.Instruction] = (0..<20).flatMap { _ in [.acquire(0), .read(1), .release(0)] }
    var run = Simulation(
      world: Memory(cells: 2), processes: Array(repeating: Program<Memory>(code), count: 5),
      strategy: Timed(delays: [1, 1, 1, 1, 1], generator: SplitMix64(seed: 9)))
    var latest: UInt64 = 0
    while run.advance() != nil {
      #expect(run.strategy.now >= latest)
      latest = run.strategy.now
    }
    #expect(run.status == .finished && run.accesses == 5 * 60)
  }

  @Test func nobodyIsOvertakenMoreThanThreeTimesByAProcessWithTheSameDelay() {
    // Between two accesses of one process pass at most 1.25 x 1.25 delays, and an access of another takes at least
    // 0.8 x 0.75: 2.6 of them fit, so at most 3 accesses of each other process.
    for seed in 0..<5 as Range<UInt64> {
      #expect(mostOvertaken(by: Timed(delays: [8, 8, 8, 8, 8, 8], generator: SplitMix64(seed: seed))) <= 3)
      #expect(mostOvertaken(by: RandomWalk(generator: SplitMix64(seed: seed))) > 3, "a random walk starves")
    }
  }

  @Test func seedsNameSchedules() {
    func schedule(seed: UInt64) -> [Int] {
      var run = Simulation(
        countdowns: [20, 20, 20], strategy: Timed(delays: [1, 1, 1], generator: SplitMix64(seed: seed)))
      return run.schedule()
    }
    #expect(schedule(seed: 1) == schedule(seed: 1))
    #expect(Set((0..<20).map(schedule)).count == 20)
  }

  @Test func theInvariantsCanFail() {
    var queue = TurnQueue()
    for process in 0..<4 { queue.insert(process, at: UInt64(process)) }
    #expect(queue.brokenInvariant == nil)
    var unordered = queue
    unordered.turns.swapAt(1, 3)
    #expect(unordered.brokenInvariant == "the turn at 3 is before that of its parent")
    queue.insert(2, at: 9)
    #expect(queue.brokenInvariant == "process 2 has two turns")
  }

  @Test func misuseIsAProgrammersError() async {
    await #expect(processExitsWith: .failure) { _ = Timed(delays: [1, 0], generator: Constant.steady) }
    await #expect(processExitsWith: .failure) {
      var timed = Timed(delays: [1, 2], generator: Constant.steady)
      timed.didStep(1, access: Access(.read, 0), next: nil, delay: nil)
      timed.didStep(1, access: Access(.read, 0), next: Access(.read, 0), delay: 1)
    }
  }
}

/// What `Timed` should do, without a heap: all turns in one list, the earliest found by looking at each.
private struct SortedTurns {
  var now: UInt64 = 0
  private var turns: [(time: UInt64, process: Int)] = []
  private var tickCost: [UInt64]
  private var jitters: [UInt64] = []
  private var generator: SplitMix64

  init(delays: [Int], generator: SplitMix64) {
    var generator = generator
    tickCost = delays.map { _ in 820 + generator.next().multipliedFullWidth(by: 461).high }
    self.generator = generator
    for (process, delay) in delays.enumerated() { add(process, delay) }
  }

  mutating func choose(from runnable: RunnableSet) -> Int? {
    guard let turn = turns.first(where: { runnable.contains($0.process) }) else { return nil }
    now = max(now, turn.time)
    return turn.process
  }

  mutating func didStep(_ process: Int, delay: Int?) {
    turns.removeAll { $0.process == process }
    if let delay { add(process, delay) }
  }

  private mutating func add(_ process: Int, _ delay: Int) {
    if jitters.isEmpty {
      let draw = generator.next()
      jitters = [0, 16, 32, 48].map { draw >> $0 & 0xffff }
    }
    let factor = 768 + jitters.removeFirst() / 128
    turns.append((now + UInt64(delay) * tickCost[process] * factor / 1024, process))
    turns.sort { ($0.time, $0.process) < ($1.time, $1.process) }
  }
}

/// The schedule of countdowns at the same speed, without jitter.
private func schedule(delays: [Int], accesses: [Int]) -> [Int] {
  var run = Simulation(
    world: Memory(cells: 1), processes: zip(accesses, delays).map { Countdown(left: $0, delay: $1) },
    strategy: Timed(delays: delays, generator: Constant.steady))
  return run.schedule()
}

/// When the first access of a lone process happens, in 1/1024 of a tick.
private func firstTime(delay: Int, generator: some RandomNumberGenerator & Sendable) -> UInt64 {
  var timed = Timed(delays: [delay], generator: generator)
  _ = timed.choose(from: RunnableSet(processes: 1, all: true))
  return timed.now
}

/// The most accesses that one of six equal processes makes between two accesses of another.
private func mostOvertaken(by strategy: some Strategy) -> Int {
  let processes = Array(repeating: Countdown(left: 100, delay: 8), count: 6)
  var run = Simulation(world: Memory(cells: 1), processes: processes, strategy: strategy)
  var sinceLatest = Array(repeating: Array(repeating: 0, count: 6), count: 6)
  var most = 0
  // Up to the first end: a finished process is overtaken for ever.
  while let step = run.advance(), run.processes[step.process].nextAccess != nil {
    for other in 0..<6 where other != step.process {
      sinceLatest[other][step.process] += 1
      most = max(most, sinceLatest[other][step.process])
    }
    sinceLatest[step.process] = Array(repeating: 0, count: 6)
  }
  return most
}
