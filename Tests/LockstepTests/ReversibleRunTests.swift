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

  @Test func goingForwardByGoingBackIsAProgrammersError() async {
    await #expect(processExitsWith: .failure) {
      var run = ReversibleRun(from: start, interval: 2)
      run.rewind(to: 1)
    }
    await #expect(processExitsWith: .failure) { _ = ReversibleRun(from: start, interval: 0) }
  }
}

private var start: Simulation<Program<Memory>, RoundRobin> {
  let code: [Program<Memory>.Instruction] = [
    .read(0), .write(0) { $0 + 1 }, .acquire(1), .update(0) { $0 = 3 * $0 + 1 }, .release(1),
  ]
  return Simulation(
    world: Memory(cells: 2), processes: Array(repeating: Program(code), count: 3), strategy: RoundRobin())
}
