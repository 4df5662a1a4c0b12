// Going back leaves a run as if what was taken back had never happened.

import Lockstep
import Testing

@Suite struct ReversibleRunTests {
  @Test(arguments: [1, 2, 5, 100])
  func aRunThatWentBackIsTheRunOfTheChoicesThatRemain(interval: Int) {
    var generator = SplitMix64(seed: UInt64(interval))
    var reversible = ReversibleRun(from: start, interval: interval)
    for _ in 0..<300 {
      let candidates = reversible.run.candidates
      if candidates.isEmpty || Int.random(in: 0..<6, using: &generator) == 0 {
        reversible.rewind(to: Int.random(in: 0...reversible.choices.count, using: &generator))
      } else {
        reversible.advance(candidates.members.randomElement(using: &generator)!)
      }
      var fresh = Simulation(
        world: start.world, processes: start.processes, strategy: Statistics(processes: 3, Replayed(reversible.choices))
      )
      let choices = fresh.schedule()
      #expect(choices == reversible.choices && fresh.world == reversible.run.world)
      #expect(fresh.processes.map(\.registers) == reversible.run.processes.map(\.registers))
      #expect(fresh.candidates == reversible.run.candidates && fresh.accesses == reversible.run.accesses)
      #expect(fresh.strategy.preemptions == reversible.preemptions && fresh.strategy.switches == reversible.switches)
    }
  }

  @Test func copiesGoTheirOwnWays() {
    var one = ReversibleRun(from: start, interval: 2)
    for process in [0, 1, 1] { one.advance(process) }
    var other = one
    other.rewind(to: 1)
    other.advance(2)
    #expect(one.choices == [0, 1, 1] && other.choices == [0, 2])
    #expect(one.run.world[0] == 1 && other.run.world[0] == 0)
  }

  @Test func onlyASnapshotOfARunInAWorldOfReferencesIsIndependent() {
    let code: [Program<CopiedReference>.Instruction] = [.update(0) { $0 += 1 }, .update(0) { $0 += 1 }]
    let start = Simulation(world: CopiedReference(), processes: [Program(code)], strategy: RoundRobin())
    let reversible = ReversibleRun(from: start, interval: 10)
    var independent = reversible.snapshot()
    independent.advance(0)
    #expect(independent.run.world[0] == 1 && reversible.run.world[0] == 0)
    var assigned = reversible
    assigned.advance(0)
    #expect(assigned.run.world[0] == 1 && reversible.run.world[0] == 1)
  }

  @Test(arguments: [(1, 2), (3, 5), (64, 8), (1024, 2), (5000, 8), (100_000, 2)])
  func everyPlaceOfALongRunIsThatOfAFreshRun(interval: Int, snapshotLimit: Int) {
    var fresh = longRun
    var states = [fresh.world[0]]
    while fresh.advance() != nil { states.append(fresh.world[0]) }
    var generator = SplitMix64(seed: UInt64(interval))
    var reversible = ReversibleRun(from: longRun, interval: interval, snapshotLimit: snapshotLimit)
    func isRight() -> Bool {
      reversible.run.world[0] == states[reversible.place] && reversible.run.accesses == reversible.place
    }
    while reversible.advance() != nil {}
    #expect(reversible.place == states.count - 1 && reversible.run.status == .finished)
    #expect(reversible.snapshotCount <= snapshotLimit + 1 && reversible.interval >= interval)
    for _ in 0..<60 {
      switch Int.random(in: 0..<4, using: &generator) {
      case 0: reversible.move(to: Int.random(in: 0..<states.count, using: &generator))
      case 1: for _ in 0..<20 where reversible.place > 0 { reversible.move(to: reversible.place - 1) }
      case 2: if reversible.place > 0 { reversible.move(to: reversible.snapshotPlace(before: reversible.place)) }
      default: for _ in 0..<20 { _ = reversible.advance() }
      }
      #expect(isRight())
      // Snapshots at intervals, and fewer near by than the interval has bits.
      #expect(reversible.snapshotCount <= snapshotLimit + Int.bitWidth - reversible.interval.leadingZeroBitCount)
    }
  }

  /// Going back leaves snapshots on the way, and those must not run on with what comes after them.
  @Test func everyPlaceOfALongRunInAWorldOfReferencesIsThatPlace() {
    let code = Array(repeating: Program<CopiedReference>.Instruction.update(0) { $0 += 1 }, count: 3000)
    let start = Simulation(world: CopiedReference(), processes: [Program(code)], strategy: RoundRobin())
    var reversible = ReversibleRun(from: start, interval: 5000)
    while reversible.advance() != nil {}
    for place in [2900, 2899, 2600, 2599, 2400, 1500, 2700, 2699] {
      reversible.move(to: place)
      #expect(reversible.run.world[0] == place)
    }
    #expect(reversible.snapshotCount > 2)
  }

  @Test func aChoiceFromOutsideMakesAnotherFutureThatIsRemembered() {
    var reversible = ReversibleRun(from: longRun, interval: 100, snapshotLimit: 4)
    for _ in 0..<2000 { _ = reversible.advance() }
    let original = reversible.choices
    reversible.move(to: 1000)
    let other = (original[1000] + 1) % 3
    reversible.advance(other)
    for _ in 0..<500 { _ = reversible.advance() }
    let (branch, state) = (reversible.choices, reversible.run.world[0])
    #expect(branch.count == 1501 && branch[..<1000] == original[..<1000] && branch[1000] == other)
    reversible.move(to: 400)
    reversible.move(to: 1501)
    #expect(reversible.choices == branch && reversible.run.world[0] == state)
    reversible.move(to: 1000)
    reversible.forgetFuture()
    for _ in 0..<1000 { _ = reversible.advance() }
    #expect(reversible.choices == original)
  }

  @Test func aStrategyThatAcceptsAChoiceFromOutsideGoesOn() {
    func follow<S: Strategy>(_ strategy: S) {
      var reversible = ReversibleRun(from: longRun.snapshot(drivenBy: strategy), interval: 7)
      for round in 0..<30 {
        for _ in 0..<round { _ = reversible.advance() }
        reversible.advance(round % 3)
      }
      #expect(reversible.place == 30 + 435)
      let state = reversible.run.world[0]
      reversible.move(to: 11)
      reversible.move(to: 465)
      #expect(reversible.run.world[0] == state)
    }
    follow(RoundRobin())
    follow(RandomWalk(generator: SplitMix64(seed: 1)))
    follow(Timed(delays: [1, 1, 1], generator: SplitMix64(seed: 1)))
    var generator = SplitMix64(seed: 1)
    follow(PriorityWalk(processes: 3, depth: 5, length: 400, generator: &generator))
  }

  @Test func aRunThatDoesNotRepeatItselfIsNoticed() async {
    await #expect(processExitsWith: .failure) {
      var reversible = ReversibleRun(
        from: longRun.snapshot(drivenBy: Forgetful(walk: RandomWalk(generator: SplitMix64(seed: 1)))), interval: 10)
      for _ in 0..<100 { _ = reversible.advance() }
      reversible.move(to: 35)
    }
  }

  @Test func goingForwardByGoingBackIsAProgrammersError() async {
    await #expect(processExitsWith: .failure) {
      var run = ReversibleRun(from: start, interval: 2)
      run.rewind(to: 1)
    }
    await #expect(processExitsWith: .failure) { _ = ReversibleRun(from: start, interval: 0) }
  }
}

/// A strategy that its copies share, so that a snapshot does not hold it.
private final class Forgetful: Strategy {
  private var walk: RandomWalk<SplitMix64>

  init(walk: RandomWalk<SplitMix64>) { self.walk = walk }

  func choose(from runnable: RunnableSet) -> Int? { walk.choose(from: runnable) }
}

/// Three processes that make 2000 accesses each to one cell, which tells their order.
private var longRun: Simulation<Program<Memory>, RandomWalk<SplitMix64>> {
  let programs = (0..<3).map { process in
    Program<Memory>(Array(repeating: .update(0) { $0 = 5 &* $0 &+ process }, count: 2000))
  }
  return Simulation(
    world: Memory(cells: 1), processes: programs, strategy: RandomWalk(generator: SplitMix64(seed: 9)))
}

private var start: Simulation<Program<Memory>, RoundRobin> {
  let code: [Program<Memory>.Instruction] = [
    .read(0), .write(0) { $0 + 1 }, .acquire(1), .update(0) { $0 = 3 * $0 + 1 }, .release(1),
  ]
  return Simulation(
    world: Memory(cells: 2), processes: Array(repeating: Program(code), count: 3), strategy: RoundRobin())
}
