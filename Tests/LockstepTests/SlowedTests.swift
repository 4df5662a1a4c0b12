// Slowness without a clock, counted turn by turn.

import Lockstep
import Testing

struct SlowedTests {
  private func turns(_ factors: [Int], _ runnable: RunnableSet, count: Int) -> (turns: [Int], skips: [Int]) {
    var strategy = Slowed(factors, RoundRobin())
    let turns = (0..<count).map { _ in strategy.choose(from: runnable)! }
    return (turns, strategy.skips)
  }

  @Test func `a process that is three times slower is passed over twice of three times`() {
    let (turns, skips) = turns([1, 3, 1], RunnableSet(processes: 3, all: true), count: 14)
    #expect(turns == [0, 2, 0, 2, 0, 1, 2, 0, 2, 0, 2, 0, 1, 2])
    #expect(skips == [0, 4, 0])
  }

  @Test func `a factor of one changes nothing`() {
    #expect(turns([1, 1], RunnableSet(processes: 2, all: true), count: 4) == ([0, 1, 0, 1], [0, 0]))
  }

  @Test func `nobody is passed over where nobody else can go`() {
    var alone = RunnableSet(processes: 2, all: false)
    alone.insert(1)
    #expect(turns([1, 9], alone, count: 3) == ([1, 1, 1], [0, 0]))
  }

  @Test func `where all are slow the fastest goes most often`() {
    let (turns, _) = turns([2, 4], RunnableSet(processes: 2, all: true), count: 60)
    #expect(turns.count { $0 == 0 } > turns.count { $0 == 1 })
    #expect(turns.contains(1))
  }

  @Test func `a base that stops stops`() {
    var strategy = Slowed([1, 2], Replayed([0]))
    let all = RunnableSet(processes: 2, all: true)
    #expect(strategy.choose(from: all) == 0)
    #expect(strategy.choose(from: all) == nil)
  }
}
