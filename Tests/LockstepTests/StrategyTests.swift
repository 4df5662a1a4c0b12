// The strategies without a clock: fair, uniform and repeatable, each checked so that an unfair one fails.

import Lockstep
import Testing

@Suite struct RoundRobinTests {
  @Test func processesTakeTurnsInNumericOrder() {
    var run = Simulation(countdowns: [2, 1, 3], strategy: RoundRobin())
    #expect(run.schedule() == [0, 1, 2, 0, 2, 2])
  }

  @Test(arguments: [1, 2, 64, 65])
  func nobodyIsEverMoreThanOneAccessAheadOfAnother(processes: Int) {
    var run = Simulation(
      countdowns: Array(repeating: 3, count: processes), strategy: Statistics(processes: processes, RoundRobin()))
    while run.advance() != nil {
      let counts = run.strategy.accesses
      #expect(counts.max()! - counts.min()! <= 1)
    }
    #expect(run.accesses == 3 * processes)
  }

  @Test func aBlockedProcessIsPassedOverAndServedInItsPlaceAfterwards() {
    let holder = Program<Memory>([.acquire(0), .read(1), .release(0), .read(1)])
    let waiter = Program<Memory>([.acquire(0), .release(0)])
    let bystander = Program<Memory>([.read(1), .read(1), .read(1)])
    var run = Simulation(
      world: Memory(cells: 2), processes: [holder, waiter, bystander], strategy: RoundRobin())
    #expect(run.schedule() == [0, 2, 0, 2, 0, 1, 2, 0, 1])
  }
}

@Suite struct RandomWalkTests {
  @Test func aSeedNamesASchedule() {
    func schedule(seed: UInt64) -> [Int] {
      var run = Simulation(
        countdowns: [20, 20, 20], strategy: RandomWalk(generator: SplitMix64(seed: seed)))
      return run.schedule()
    }
    #expect(schedule(seed: 1) == schedule(seed: 1))
    #expect(Set((0..<50).map(schedule)).count == 50)
  }

  @Test func eachAccessTakesOneDrawScaledToTheNumberOfCandidates() {
    var draws = SplitMix64(seed: 3)
    var walk = RandomWalk(generator: SplitMix64(seed: 3))
    var runnable = RunnableSet(processes: 70, all: true)
    while !runnable.isEmpty {
      let rank = Int(draws.next().multipliedFullWidth(by: UInt64(runnable.count)).high)
      let expected = runnable.members[rank]
      #expect(walk.choose(from: runnable) == expected)
      runnable.remove(expected)
    }
    #expect(walk.choose(from: runnable) == nil)
  }

  @Test func everyCandidateIsChosenAboutEquallyOften() {
    #expect(isUniform(RandomWalk(generator: SplitMix64(seed: 4))))
    #expect(!isUniform(RandomWalk(generator: Skewed(base: SplitMix64(seed: 4)))), "the check must be able to fail")
  }

  @Test func theChanceOfAScheduleIsTheProductOfItsChoices() {
    // With two accesses each, the processes alternate until one has finished: 1/4 for 0011 and 1100, 1/8 for the rest.
    let runs = 4000
    var counts: [[Int]: Int] = [:]
    for seed in 0..<runs {
      var run = Simulation(countdowns: [2, 2], strategy: RandomWalk(generator: SplitMix64(seed: UInt64(seed))))
      counts[run.schedule(), default: 0] += 1
    }
    #expect(counts.count == 6)
    for (schedule, count) in counts {
      let chance = schedule[0] == schedule[1] ? 0.25 : 0.125
      let deviation = (Double(runs) * chance * (1 - chance)).squareRoot()
      #expect(abs(Double(count) - Double(runs) * chance) < 5 * deviation, "\(schedule): \(count)")
    }
  }

  /// Draws below 2^63 twice as often as above.
  struct Skewed: RandomNumberGenerator, Sendable {
    var base: SplitMix64

    mutating func next() -> UInt64 { base.next() % 3 == 0 ? base.next() | 1 << 63 : base.next() & ~(1 << 63) }
  }

  /// Whether each of five candidates is chosen within five standard deviations of its share.
  private func isUniform(_ strategy: some Strategy) -> Bool {
    var strategy = strategy
    let candidates = RunnableSet(processes: 5, all: true)
    var counts = [Int](repeating: 0, count: 5)
    for _ in 0..<10_000 { counts[strategy.choose(from: candidates)!] += 1 }
    return counts.allSatisfy { abs($0 - 2000) < 5 * 40 }
  }
}
