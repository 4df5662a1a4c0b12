// The driver itself: one access at a time, numbered, of a process that can make it; and when a run is over.

import Lockstep
import Testing

@Suite struct SimulationTests {
  @Test func aStepTellsWhoMadeWhichAccessInWhichPlace() {
    let first = Program<Memory>([.write(0) { _ in 7 }, .read(1)])
    let second = Program<Memory>([.update(1) { $0 += 1 }])
    var run = Simulation(world: Memory(cells: 2), processes: [first, second], strategy: RoundRobin())
    var steps: [String] = []
    while let step = run.advance() { steps.append("\(step.index): \(step.access) of \(step.process)") }
    #expect(steps == ["0: write(0) of 0", "1: update(1) of 1", "2: read(1) of 0"])
    #expect(run.world[0] == 7 && run.world[1] == 1 && run.processes[0].registers.value == 1)
  }

  @Test func candidatesAreTheProcessesThatCanGoOn() {
    let code: [Program<Memory>.Instruction] = [.acquire(0), .release(0)]
    var run = Simulation(
      world: Memory(cells: 1), processes: [Program(code), Program([]), Program(code)], strategy: Replayed([2, 2, 0, 0]))
    var candidates = [run.candidates.members]
    while run.advance() != nil { candidates.append(run.candidates.members) }
    #expect(candidates == [[0, 2], [2], [0], [0], []])
    #expect(run.status == .finished)
  }

  @Test func aRunWithNothingToDoIsFinishedFromTheBeginning() {
    var nobody = Simulation(countdowns: [], strategy: RoundRobin())
    #expect(nobody.status == .finished && nobody.advance() == nil)
    let idle = Simulation(countdowns: [0, 0], strategy: RoundRobin())
    #expect(idle.status == .finished && idle.accesses == 0)
  }

  @Test func aRunInWhichNobodyCanBeginIsDeadlockedFromTheBeginning() {
    var world = Memory(cells: 1)
    world[0] = 1
    let run = Simulation(world: world, processes: [Program<Memory>([.acquire(0)])], strategy: RoundRobin())
    #expect(run.status == .deadlocked)
  }

  @Test func aStoppedRunAsksItsStrategyNoMore() {
    var run = Simulation(countdowns: [2], strategy: Hesitant())
    #expect(run.advance() == nil && run.status == .stopped)
    #expect(run.advance() == nil && run.accesses == 0 && run.strategy.asked == 1)
  }

  @Test func aStrategyHearsOfEveryAccessAndOfTheDelayThatFollows() {
    var run = Simulation(
      world: Memory(cells: 1), processes: [Countdown(left: 2, delay: 5), Countdown(left: 1, delay: 7)],
      strategy: Listener(base: RoundRobin()))
    run.run()
    #expect(
      run.strategy.heard == ["update(0) of 0, then 5", "update(0) of 1, then nothing", "update(0) of 0, then nothing"])
  }

  @Test func aProcessThatCannotBlockIsNotAsked() {
    var run = Simulation(world: Memory(cells: 1), processes: [Unquestioned()], strategy: RoundRobin())
    run.run()
    #expect(run.status == .finished && run.accesses == 2)
  }

  @Test func choosingAProcessThatCannotRunIsAProgrammersError() async {
    await #expect(processExitsWith: .failure) {
      var run = Simulation(countdowns: [0, 1], strategy: Stubborn())
      run.run()
    }
    await #expect(processExitsWith: .failure) {
      let code: [Program<Memory>.Instruction] = [.acquire(0), .release(0)]
      var world = Memory(cells: 1)
      world[0] = 1
      var run = Simulation(
        world: world, processes: [Program(code), Program([.release(0)])], strategy: Stubborn())
      _ = run.advance()
    }
  }

  @Test func accessesConflictWhenTheirOrderCanMatter() {
    let kinds: [Access.Kind] = [.read, .write, .update, .acquire, .release]
    for one in kinds {
      for other in kinds {
        let bothRead = one == .read && other == .read
        #expect(Access(one, 3).conflicts(with: Access(other, 3)) == !bothRead)
        #expect(!Access(one, 3).conflicts(with: Access(other, 4)))
      }
    }
  }
}

/// Refuses once, then would go on.
private struct Hesitant: Strategy {
  var asked = 0

  mutating func choose(from runnable: RunnableSet) -> Int? {
    asked += 1
    return asked == 1 ? nil : runnable.first(from: 0)
  }
}

/// Always wants process 0.
private struct Stubborn: Strategy {
  func choose(from runnable: RunnableSet) -> Int? { 0 }
}

/// Writes down what it is told.
private struct Listener: Strategy {
  var base: RoundRobin
  var heard: [String] = []

  mutating func choose(from runnable: RunnableSet) -> Int? { base.choose(from: runnable) }

  mutating func didStep(_ process: Int, access: Access, next: Access?, delay: Int?) {
    heard.append("\(access) of \(process), then \(delay.map(String.init) ?? "nothing")")
  }
}

/// Could never go on if it were asked, but says that it cannot block.
private struct Unquestioned: Process {
  var left = 2

  var nextAccess: Access? { left > 0 ? Access(.read, 0) : nil }

  func isEnabled(in world: Memory) -> Bool { false }

  mutating func step(_ world: inout Memory) { left -= 1 }
}
