// The portfolio for a program that nothing else is known of: one strategy for each way in which races are missed.

extension Portfolio {
  /// Four strategies with `schedules` schedules each: `random`, `pct:2` and `pct:3` (`PriorityWalk`, for bugs of depth 2
  /// and 3), and `lag:1` (`Lagging` over a random walk, for writes over values that have changed since they were read).
  ///
  /// The length that `PriorityWalk` asks for is that of a run in turns, so a bound on its chance holds only where no run
  /// is longer.
  /// - Parameters:
  ///   - start: where the schedules begin; its strategy is not asked.
  ///   - schedules: how many schedules each strategy may choose.
  ///   - seed: the seed of the first schedule of each.
  ///   - stepLimit: the most accesses of a schedule.
  public init<P: Process, S: Strategy>(
    for start: Simulation<P, S>, schedules: Int, seed: UInt64 = 0, stepLimit: Int = 100_000
  ) {
    precondition(stepLimit > 0, "schedules of \(stepLimit) accesses")
    let first = start.processes.map(\.nextAccess)
    var inTurns = start.snapshot(drivenBy: StepLimit(stepLimit, RoundRobin()))
    inTurns.run()
    let length = Swift.max(1, inTurns.accesses - start.accesses)
    func priorityWalk(depth: Int) -> Member {
      Member("pct:\(depth)", schedules: schedules) { seed in
        var generator = SplitMix64(seed: seed)
        return PriorityWalk(processes: first.count, depth: depth, length: length, generator: &generator)
      }
    }
    self.init(
      [
        Member("random", schedules: schedules) { RandomWalk(generator: SplitMix64(seed: $0)) },
        priorityWalk(depth: 2),
        priorityWalk(depth: 3),
        Member("lag:1", schedules: schedules) {
          Lagging(1, first: first, RandomWalk(generator: SplitMix64(seed: $0)))
        },
      ], seed: seed)
  }
}
