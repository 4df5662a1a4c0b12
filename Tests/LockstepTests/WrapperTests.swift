// What is wrapped around a strategy does what it says, and nothing to the schedule.

import Lockstep
import Testing

@Suite struct WrapperTests {
  @Test(arguments: 0...7)
  func aStepLimitStopsExactlyThere(limit: Int) {
    var run = Simulation(countdowns: [3, 3], strategy: StepLimit(limit, RoundRobin()))
    #expect(run.schedule() == Array([0, 1, 0, 1, 0, 1].prefix(limit)))
    #expect(run.status == (limit < 6 ? .stopped : .finished))
    #expect(run.strategy.remaining == max(0, limit - 6))
    #expect(run.advance() == nil)
  }

  @Test func aStepLimitCountsOnlyAccessesThatAreMade() {
    var run = Simulation(countdowns: [3], strategy: StepLimit(5, Replayed([0])))
    run.run()
    #expect(run.accesses == 1 && run.strategy.remaining == 4)
  }

  @Test func statisticsCountAHandMadeSchedule() {
    // 0 is preempted by 1, and 1 by 0, which then finishes.
    var run = Simulation(
      countdowns: [3, 3, 0], strategy: Statistics(processes: 3, Replayed([0, 0, 1, 0, 1, 1])))
    run.run()
    #expect(run.status == .finished)
    #expect(run.strategy.accesses == [3, 3, 0])
    #expect(run.strategy.switches == 3)
    #expect(run.strategy.preemptions == 2)
  }

  @Test func aWaitCountsTheAccessesOfOthersAtWhichAProcessCouldHaveGoneOn() {
    func waits(_ strategy: some Strategy) -> [Int] {
      var run = Simulation(countdowns: [10, 10, 2], strategy: Statistics(processes: 3, strategy))
      run.run()
      return run.strategy.longestWaits
    }
    #expect(waits(RoundRobin()) == [2, 2, 2])
    // 2 starves while the others take turns, then goes on; 0 waits for it and finishes.
    #expect(waits(Replayed([0, 1, 0, 1, 0, 1, 2, 2, 0])) == [3, 3, 6])
    // A process that waits for a lock does not starve: it could not have gone on.
    let holder = Program<Memory>([.acquire(0), .read(1), .read(1), .release(0), .read(1)])
    let waiter = Program<Memory>([.acquire(0)])
    var run = Simulation(
      world: Memory(cells: 2), processes: [holder, waiter],
      strategy: Statistics(processes: 2, Replayed([0, 0, 0, 0, 0, 1])))
    run.run()
    #expect(run.strategy.longestWaits == [0, 2], "before the lock is taken, and once it is given back")
  }

  @Test func aSwitchAwayFromABlockedProcessIsNoPreemption() {
    let holder = Program<Memory>([.acquire(0), .release(0)])
    let waiter = Program<Memory>([.read(1), .acquire(0), .release(0)])
    var run = Simulation(
      world: Memory(cells: 2), processes: [holder, waiter],
      strategy: Statistics(processes: 2, Replayed([0, 1, 0, 1, 1])))
    run.run()
    #expect(run.status == .finished)
    #expect(run.strategy.accesses == [2, 3])
    #expect(run.strategy.switches == 3)
    #expect(run.strategy.preemptions == 1)
  }

  @Test func wrappersChangeNoSchedule() {
    func schedule(_ strategy: some Strategy) -> [Int] {
      var run = Simulation(
        world: Memory(cells: 1), processes: (1...4).map { Countdown(left: 10, delay: $0) }, strategy: strategy)
      return run.schedule()
    }
    let bare = Timed(delays: [1, 2, 3, 4], generator: SplitMix64(seed: 5))
    #expect(schedule(AnyStrategy(bare)) == schedule(bare))
    #expect(schedule(StepLimit(100, bare)) == schedule(bare))
    #expect(schedule(Statistics(processes: 4, bare)) == schedule(bare))
    #expect(schedule(StepLimit(100, RoundRobin())) != schedule(bare), "the comparison must be able to fail")
  }

  @Test func aRecordRepeatsTheScheduleItWasMadeFrom() {
    var original = Simulation(countdowns: [5, 6, 7], strategy: RandomWalk(generator: SplitMix64(seed: 6)))
    let record = original.schedule()
    var repeated = Simulation(countdowns: [5, 6, 7], strategy: Replayed(record))
    #expect(repeated.schedule() == record)
    #expect(repeated.status == .finished)
  }

  @Test func aRecordThatCannotBeFollowedStopsThere() {
    for (choices, followed) in [([0, 0, 0, 1], 2), ([1, 2, 0], 1), ([0, -1], 1), ([0, 1000], 1), ([], 0)] {
      var run = Simulation(countdowns: [2, 2], strategy: Replayed(choices))
      #expect(run.schedule() == Array(choices.prefix(followed)))
      #expect(run.status == .stopped)
    }
  }

  @Test func aNegativeLimitIsAProgrammersError() async {
    await #expect(processExitsWith: .failure) { _ = StepLimit(-1, RoundRobin()) }
  }
}
