// Running twice finds what a program takes from outside: at the access through which it enters when the state is
// compared, at the first other branch when only the control flow is.

import Lockstep
import Testing

@Suite struct DeterminismTests {
  @Test func aProgramThatDependsOnItsScheduleAloneRepeatsItself() {
    func make() -> Simulation<Program<Memory>, RandomWalk<SplitMix64>> {
      let code: [Program<Memory>.Instruction] = [.acquire(1), .read(0), .write(0) { $0 + 1 }, .release(1)]
      return Simulation(
        world: Memory(cells: 2), processes: Array(repeating: Program(code), count: 3),
        strategy: RandomWalk(generator: SplitMix64(seed: 1)))
    }
    #expect(runTwice(make) == nil)
    #expect(runTwice(make, digest: \.world) == nil)
  }

  @Test func aLeakIsFoundWhereItEntersTheState() {
    let found = runTwice({ leakingProgram(Outside()) }, digest: \.world)
    #expect(found == nil, "a counter of each run's own is no leak")
    let shared = Outside()
    let divergence = runTwice({ leakingProgram(shared) }, digest: { "\($0.world[0])" })
    #expect(
      divergence
        == Divergence(
          index: 1, first: "makes update(0) in process 0 and is running, candidates [0], state 1",
          second: "makes update(0) in process 0 and is running, candidates [0], state 2"))
  }

  @Test func withoutADigestALeakIsFoundWhereItChangesTheControlFlow() {
    let shared = Outside()
    let divergence = runTwice { leakingProgram(shared) }
    // The second run reads an even number and takes the other branch.
    #expect(divergence?.index == 3)
    #expect(divergence?.first.hasPrefix("makes write(1)") == true)
    #expect(divergence?.second.hasPrefix("makes write(2)") == true)
  }

  @Test func aLeakThatChangesOnlyValuesNeedsADigest() {
    let shared = Outside()
    func make() -> Simulation<Program<Memory>, RoundRobin> {
      let code: [Program<Memory>.Instruction] = [.update(0) { $0 = shared.next() }]
      return Simulation(world: Memory(cells: 1), processes: [Program(code)], strategy: RoundRobin())
    }
    #expect(runTwice(make) == nil)
    #expect(runTwice(make, digest: \.world)?.index == 0)
  }

  @Test func runsThatBeginDifferentlyDivergeBeforeAnyAccess() {
    let outside = Outside()
    let divergence = runTwice {
      Simulation(countdowns: [outside.next(), 1], strategy: RoundRobin())
    } digest: {
      $0.processes.map(\.left)
    }
    #expect(
      divergence?.description
        == "after 0 equal accesses: first run makes no access and is running, candidates [0, 1], state [1, 1]; "
        + "second run makes no access and is running, candidates [0, 1], state [2, 1]")
  }

  @Test func aRunThatEndsSoonerDivergesAtItsEnd() {
    let outside = Outside()
    let divergence = runTwice { Simulation(countdowns: [2 + outside.next()], strategy: RoundRobin()) }
    #expect(divergence?.index == 2)
    #expect(divergence?.first.contains("finished") == true)
    #expect(divergence?.second.contains("running") == true)
  }

  @Test func anotherScheduleIsADivergence() {
    let outside = Outside()
    let divergence = runTwice {
      Simulation(countdowns: [2, 2], strategy: Replayed([0, outside.next() - 1, 1, 0]))
    }
    #expect(divergence?.index == 1)
  }
}

/// Something outside the runs that remembers.
private final class Outside {
  private var count = 0

  func next() -> Int {
    count += 1
    return count
  }
}

/// Lets a number from outside in at access 1 and branches on it at access 2.
private func leakingProgram(_ outside: Outside) -> Simulation<Program<Memory>, RoundRobin> {
  let code: [Program<Memory>.Instruction] = [
    .read(0), .update(0) { $0 = outside.next() },
    .read(0) { value, registers in if value % 2 == 0 { registers.next = 4 } },
    .write(1) { $0 }, .write(2) { $0 },
  ]
  return Simulation(world: Memory(cells: 3), processes: [Program(code)], strategy: RoundRobin())
}
