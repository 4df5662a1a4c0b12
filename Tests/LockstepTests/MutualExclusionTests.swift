// Classic algorithms over all of their interleavings, and the same with their classic mistakes: an engine that missed
// an interleaving would call the mistakes correct.

import Lockstep
import Testing

@Suite struct MutualExclusionTests {
  @Test(arguments: [Algorithm.peterson, .dekker])
  func noInterleavingLetsBothIn(algorithm: Algorithm) {
    let outcome = explore(algorithm)
    #expect(outcome.mostInside == 1)
    #expect(outcome.finished > 0)
    #expect(outcome.deadlocked == 0)
  }

  @Test(arguments: [Algorithm.flagAfterTest, .petersonTurnFirst])
  func aMisorderedVariantIsCaught(algorithm: Algorithm) {
    #expect(explore(algorithm).mostInside == 2)
  }

  @Test func theScheduleThatLetsBothInCanBeWrittenDown() {
    var run = Algorithm.flagAfterTest.run(schedule: [0, 1, 0, 1, 0, 1])
    run.run()
    #expect(run.world[Cell.inside] == 2)
    // Testing later than the other sets its flag, nobody gets in beside it.
    var harmless = Algorithm.flagAfterTest.run(schedule: [0, 0, 1, 0, 1, 1])
    harmless.run()
    #expect(harmless.world[Cell.inside] == 1)
  }

  @Test(arguments: 2...4)
  func aRingOfLocksDeadlocksInExactlyOneState(philosophers: Int) {
    var deadlocks: [Simulation<Program<Memory>, Replayed>] = []
    everyReachableState(of: dinner(philosophers, inOrder: false, strategy: Replayed([]))) { run in
      if run.status == .deadlocked { deadlocks.append(run) }
    }
    #expect(deadlocks.count == 1)
    #expect(deadlocks.allSatisfy { $0.processes.allSatisfy { $0.registers.next == 1 } }, "each holds one fork")
  }

  @Test(arguments: 2...4)
  func locksTakenInOneOrderNeverDeadlock(philosophers: Int) {
    var finished = 0
    everyReachableState(of: dinner(philosophers, inOrder: true, strategy: Replayed([]))) { run in
      #expect(run.status != .deadlocked)
      if run.status == .finished {
        finished += 1
        #expect(run.world[philosophers] == philosophers, "each has eaten once")
      }
    }
    #expect(finished == 1)
  }

  @Test func aDeadlockIsToldFromAnEndAndFromAStop() {
    var deadlocked = dinner(3, inOrder: false, strategy: RoundRobin())
    deadlocked.run()
    #expect(deadlocked.status == .deadlocked && deadlocked.accesses == 3 && deadlocked.candidates.isEmpty)
    #expect(deadlocked.advance() == nil)
    var finished = dinner(3, inOrder: true, strategy: RoundRobin())
    finished.run()
    #expect(finished.status == .finished && finished.accesses == 15)
    var stopped = dinner(3, inOrder: false, strategy: Replayed([0, 0, 0, 1]))
    stopped.run()
    #expect(stopped.status == .stopped && stopped.accesses == 3, "process 1 waits for the fork of process 0")
  }
}

enum Cell {
  static let turn = 2
  static let inside = 3
}

/// Two processes that each enter a critical section once. Cell `i` is the flag of process `i`.
enum Algorithm {
  /// Peterson, "Myths about the mutual exclusion problem", 1981.
  case peterson
  /// Dekker's, after Dijkstra, "Cooperating sequential processes", 1965.
  case dekker
  /// Peterson's with its first two writes exchanged.
  case petersonTurnFirst
  /// Looks at the other's flag before it sets its own.
  case flagAfterTest

  func run(schedule: [Int] = []) -> Simulation<Program<Memory>, Replayed> {
    Simulation(
      world: Memory(cells: 4), processes: [Program(code(of: 0)), Program(code(of: 1))], strategy: Replayed(schedule))
  }

  private func code(of me: Int) -> [Program<Memory>.Instruction] {
    let other = 1 - me
    let raise = Program<Memory>.Instruction.write(me) { _ in 1 }
    let lower = Program<Memory>.Instruction.write(me) { _ in 0 }
    let yield = Program<Memory>.Instruction.write(Cell.turn) { _ in other }
    let section: [Program<Memory>.Instruction] = [.update(Cell.inside) { $0 += 1 }, .update(Cell.inside) { $0 -= 1 }]
    switch self {
    case .peterson, .petersonTurnFirst:
      let wait: [Program<Memory>.Instruction] = [
        .read(other) { flag, registers in if flag == 0 { registers.next = 4 } },
        .read(Cell.turn) { turn, registers in if turn == other { registers.next = 2 } },
      ]
      return (self == .peterson ? [raise, yield] : [yield, raise]) + wait + section + [lower]
    case .dekker:
      return [
        raise,
        .read(other) { flag, registers in if flag == 0 { registers.next = 6 } },
        .read(Cell.turn) { turn, registers in if turn == me { registers.next = 1 } },
        lower,
        .await(Cell.turn) { $0 == me },
        .write(me, next: 1) { _ in 1 },
      ] + section + [yield, lower]
    case .flagAfterTest:
      return [.await(other) { $0 == 0 }, raise] + section + [lower]
    }
  }
}

private func explore(_ algorithm: Algorithm) -> (mostInside: Int, finished: Int, deadlocked: Int) {
  var outcome = (mostInside: 0, finished: 0, deadlocked: 0)
  everyReachableState(of: algorithm.run()) { run in
    outcome.mostInside = max(outcome.mostInside, run.world[Cell.inside])
    if run.status == .finished { outcome.finished += 1 }
    if run.status == .deadlocked { outcome.deadlocked += 1 }
  }
  return outcome
}

/// Philosophers around a table: each takes the fork of its number and the next one, or the lower of the two first;
/// the cell after the forks counts meals.
func dinner<S: Strategy>(_ count: Int, inOrder: Bool, strategy: S) -> Simulation<Program<Memory>, S> {
  let philosophers = (0..<count).map { number in
    let forks = [number, (number + 1) % count]
    let (first, second) = inOrder ? (forks.min()!, forks.max()!) : (forks[0], forks[1])
    return Program<Memory>([
      .acquire(first), .acquire(second), .update(count) { $0 += 1 }, .release(second), .release(first),
    ])
  }
  return Simulation(world: Memory(cells: count + 1), processes: philosophers, strategy: strategy)
}
