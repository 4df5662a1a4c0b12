// What the exhaustive search reports of programs with known answers: counts, deadlocks, endless schedules, and how far
// it is.

import Testing

@testable import Lockstep

@Suite struct ExplorationTests {
  @Test func ofSixInterleavingsOfTwoIncrementsFourDiffer() {
    var exploration = Exploration(from: incrementers(2))
    var outcomes: [[Int]: Int] = [:]
    while let outcome = exploration.next() {
      outcomes[outcome.choices] = outcome.end.world[0]
      #expect(outcome.status == .finished && outcome.starved.isEmpty)
    }
    #expect(outcomes.count == 4 && outcomes.values.count { $0 == 1 } == 2)
    #expect(outcomes[[0, 0, 1, 1]] == 2, "the first schedules have the fewest preemptions")
    #expect(exploration.schedules == 4 && exploration.classes == 4 && exploration.redundant == 0)
    #expect(exploration.isComplete && exploration.next() == nil && exploration.schedules == 4)
  }

  @Test func theYardstickIsTheProgramThatItSaysItIs() {
    #expect(exploreIncrementers() == (schedules: 4, lost: 2))
    #expect(exploreIncrementers(2, times: 3) == (schedules: 12, lost: 6))
    var exploration = Exploration(from: incrementers(3))
    while exploration.next() != nil {}
    // Of all schedules of three, only the serial ones lose nothing.
    #expect(exploreIncrementers(3) == (schedules: exploration.schedules, lost: exploration.schedules - 6))
  }

  @Test func withoutPreemptionsNoUpdateIsLostAndOneIsEnough() {
    func results(bound: Int) -> Set<Int> { ends(Exploration(from: incrementers(3), preemptionBound: bound)) }
    #expect(results(bound: 0) == [3])
    #expect(results(bound: 1) == [1, 2, 3])
  }

  @Test(arguments: 1...5)
  func processesWithoutConflictsHaveOneScheduleAndWritersOfOneCellEveryOrder(count: Int) {
    func schedules(_ cell: (Int) -> Int) -> Int {
      let processes = (0..<count).map { process in Program<Memory>([.read(5), .write(cell(process)) { _ in process }]) }
      var exploration = Exploration(
        from: Simulation(world: Memory(cells: 6), processes: processes, strategy: RoundRobin()))
      while exploration.next() != nil {}
      #expect(exploration.redundant == 0)
      return exploration.schedules
    }
    #expect(schedules { $0 } == 1)
    #expect(schedules { _ in 0 } == (1...count).reduce(1, *))
  }

  @Test(arguments: 2...4)
  func aRingOfLocksDeadlocksInOneClassAndOrderedLocksNever(philosophers: Int) {
    var ring = Exploration(from: dinner(philosophers, inOrder: false, strategy: RoundRobin()))
    while let outcome = ring.next() {
      guard outcome.status == .deadlocked else { continue }
      #expect(outcome.end.processes.allSatisfy { $0.registers.next == 1 }, "each holds one fork")
      #expect(outcome.choices.count == philosophers)
    }
    #expect(ring.deadlocked == 1)
    // Each fork goes to the one or the other of its users first. All to those who take it first is the deadlock, all to
    // those who take it second is impossible. With four, two who share no fork also count their meals in either order.
    if philosophers < 4 {
      #expect(ring.schedules == 1 << philosophers - 1)
      #expect(ring.redundant == 0, "a lock given back is reversed where it was taken, not where nobody else could go")
    }
    var ordered = Exploration(from: dinner(philosophers, inOrder: true, strategy: RoundRobin()))
    while ordered.next() != nil {}
    #expect(ordered.deadlocked == 0 && ordered.schedules > 1)
  }

  @Test func aMisorderedMutualExclusionIsCaughtThoughProcessesWaitInLoops() {
    func mostInside(_ algorithm: Algorithm) -> Int {
      var exploration = Exploration(from: algorithm.run(), stepLimit: 16)
      var most = 0
      while let outcome = exploration.next() {
        var run = algorithm.run(schedule: outcome.choices)
        while run.advance() != nil { most = max(most, run.world[Cell.inside]) }
      }
      #expect(exploration.cut > 0)
      return most
    }
    #expect(mostInside(.peterson) == 1)
    #expect(mostInside(.petersonTurnFirst) == 2 && mostInside(.flagAfterTest) == 2)
  }

  @Test func anUnfairScheduleIsToldFromALivelock() {
    // One waits for a flag that the other sets: only a schedule that starves the other is endless.
    let waiter = Program<Memory>([.await(0) { $0 == 1 }])
    let setter = Program<Memory>([.write(0) { _ in 1 }])
    #expect(ends(Exploration(from: start([waiter, setter]), stepLimit: 20)) == [0, 1])
    #expect(starved([waiter, setter]) { $0.world[0] == 0 } == [[1]])
    // Each takes back what the other did.
    let fickle = Program<Memory>([.write(0, next: 0) { _ in 0 }])
    #expect(starved([fickle, fickle]) { _ in true } == [[], [0], [1]])
  }

  /// Two who give way to each other may do so for ever, each as often as the other. Where one of them insists, and the
  /// other waits, somebody has to starve for that.
  @Test func twoWhoGiveWayToEachOtherLivelock() {
    func polite(_ me: Int, to other: Int) -> Program<Memory> {
      Program([
        .write(me) { _ in 1 },
        .read(other) { flag, registers in if flag == 0 { registers.next = 3 } },
        .write(me, next: 0) { _ in 0 },
        .write(me) { _ in 0 },
      ])
    }
    let insistent = Program<Memory>([.write(0) { _ in 1 }, .await(1) { $0 == 0 }, .write(0) { _ in 0 }])
    let patient = Program<Memory>([.await(0) { $0 == 0 }, .write(1) { _ in 1 }, .write(1) { _ in 0 }])
    func livelocks(_ processes: [Program<Memory>]) -> Int {
      var exploration = Exploration(
        from: Simulation(world: Memory(cells: 2), processes: processes), stepLimit: 24)
      var fair = 0
      while let outcome = exploration.next() {
        #expect(outcome.status != .deadlocked)
        let turns = outcome.choices.suffix(12)
        if outcome.status == .cut, outcome.starved.isEmpty,
          [0, 1].allSatisfy({ process in turns.count { $0 == process } > 4 })
        {
          fair += 1
        }
      }
      #expect(exploration.schedules > exploration.cut)
      return fair
    }
    #expect(livelocks([polite(0, to: 1), polite(1, to: 0)]) > 0)
    #expect(livelocks([insistent, patient]) == 0)
  }

  @Test func howFarItIsEndsAtOneAndNeverLeavesItsRange() {
    var exploration = Exploration(from: incrementers(3))
    #expect(exploration.explored == 0)
    var estimates: [Double] = []
    while exploration.next() != nil { estimates.append(exploration.explored) }
    #expect(estimates.allSatisfy { 0 < $0 && $0 <= 1 })
    #expect(estimates.last! > 0.999 && exploration.explored == 1)
    #expect(estimates[estimates.count / 2] < 1)
    // A tree whose branches are all alike and all known from the first schedule: the orders of three updates.
    var orders = Exploration(from: Simulation(countdowns: [1, 1, 1], strategy: RoundRobin()))
    var fractions: [Double] = []
    while orders.next() != nil { fractions.append(orders.explored) }
    #expect(fractions.count == 6 && fractions.last! > 0.999 && zip(fractions, fractions.dropFirst()).allSatisfy(<))
  }

  @Test func snapshotsChangeNothingButTheCost() {
    func schedules(interval: Int) -> [[Int]] {
      var exploration = Exploration(
        from: dinner(3, inOrder: true, strategy: RoundRobin()), interval: interval)
      var schedules: [[Int]] = []
      while let outcome = exploration.next() { schedules.append(outcome.choices) }
      return schedules
    }
    #expect(schedules(interval: 1) == schedules(interval: 1000))
    #expect(schedules(interval: 4) == schedules(interval: 1000))
  }

  @Test func aSearchGoesOnFromWhereARunStands() {
    var run = incrementers(2)
    run.advance(0)
    run.advance(1)
    #expect(ends(Exploration(from: run)) == [1], "both have read")
  }

  @Test func aRunThatIsOverHasOneSchedule() {
    var exploration = Exploration(from: Simulation(countdowns: [0], strategy: RoundRobin()))
    #expect(exploration.next()?.status == .finished)
    #expect(exploration.next() == nil && exploration.schedules == 1 && exploration.explored == 1)
  }

  @Test(arguments: [(limit: 3, status: Exploration<Countdown>.Status.cut), (limit: 4, status: .finished)])
  func aScheduleIsCutAfterAsManyAccessesAsTheLimitUnlessThatIsItsEnd(
    limit: Int, status: Exploration<Countdown>.Status
  ) {
    var exploration = Exploration(from: Simulation(countdowns: [2, 2], strategy: RoundRobin()), stepLimit: limit)
    while let outcome = exploration.next() { #expect(outcome.status == status && outcome.choices.count == limit) }
    #expect(exploration.isComplete && exploration.cut == (status == .cut ? exploration.schedules : 0))
  }

  /// What would have come next is known, and may be what shows it otherwise.
  @Test func aScheduleThatEndsAsItShowsHidesNoOther() {
    var exploration = Exploration(from: Simulation(countdowns: [1, 1, 1], strategy: RoundRobin()))
    var shown: [[Int]] = []
    while let outcome = exploration.next(until: { $0.accesses == 1 }) { shown.append(outcome.choices) }
    #expect(shown == [[0], [1], [2]])
  }

  @Test func whoWentOnlyInTheFormerHalfHasStarved() {
    // One sets the flag that the other waits for, after an access of its own.
    let setter = Program<Memory>([.read(1), .write(0) { _ in 1 }])
    let waiter = Program<Memory>([.await(0) { $0 == 1 }])
    var exploration = Exploration(
      from: Simulation(world: Memory(cells: 2), processes: [setter, waiter], strategy: RoundRobin()), stepLimit: 6)
    var starved: [[Int]: [Int]] = [:]
    while let outcome = exploration.next() {
      if outcome.status == .cut { starved[outcome.choices] = outcome.starved }
    }
    #expect(starved[[0, 1, 1, 1, 1, 1]] == [0])
  }

  @Test func aProcessThatWaitsForWhatItDoesNotNameIsAProgrammersError() async {
    // One that is let go on by an access to another object than its own.
    await #expect(processExitsWith: .failure) {
      let waiter = Program<Memory>([
        Program.Instruction(access: Access(.read, 0), isEnabled: { $0[1] > 0 }) { _, _ in }
      ])
      let other = Program<Memory>([.write(1) { _ in 1 }])
      var exploration = Exploration(
        from: Simulation(world: Memory(cells: 2), processes: [waiter, other], strategy: RoundRobin()))
      while exploration.next() != nil {}
    }
    await #expect(processExitsWith: .failure) {
      var exploration = Exploration(
        from: Simulation(world: Memory(cells: 2), processes: [Secretive(), Secretive()], strategy: RoundRobin()))
      while exploration.next() != nil {}
    }
    await #expect(processExitsWith: .failure) {
      _ = Exploration(from: Simulation(countdowns: Array(repeating: 1, count: 65), strategy: RoundRobin()))
    }
    await #expect(processExitsWith: .failure) {
      _ = Exploration(from: Simulation(countdowns: [1], strategy: RoundRobin()), preemptionBound: -1)
    }
  }
}

/// Reads and writes cell 0 while cell 1, of which its access says nothing, is even; then changes cell 1.
private struct Secretive: Process {
  var next = 0

  var canBlock: Bool { true }

  var nextAccess: Access? { next < 2 ? Access(.update, next) : nil }

  func isEnabled(in world: Memory) -> Bool { next > 0 || world[1] % 2 == 0 }

  mutating func step(_ world: inout Memory) {
    world[next] += 1
    next += 1
  }
}

private func start(_ processes: [Program<Memory>]) -> Simulation<Program<Memory>, RoundRobin> {
  Simulation(world: Memory(cells: 1), processes: processes, strategy: RoundRobin())
}

private func incrementers(_ count: Int) -> Simulation<Program<Memory>, RoundRobin> {
  start(Array(repeating: Program([.read(0), .write(0) { $0 + 1 }]), count: count))
}

/// What cell 0 can hold in the end.
private func ends(_ exploration: Exploration<Program<Memory>>) -> Set<Int> {
  var exploration = exploration
  var ends: Set<Int> = []
  while let outcome = exploration.next() { ends.insert(outcome.end.world[0]) }
  return ends
}

/// Who starved in the schedules that were cut after six accesses and ended in such a way.
private func starved(
  _ processes: [Program<Memory>], where matches: (Simulation<Program<Memory>, Replayed>) -> Bool
) -> Set<[Int]> {
  var exploration = Exploration(from: start(processes), stepLimit: 6)
  var starved: Set<[Int]> = []
  while let outcome = exploration.next() {
    if outcome.status == .cut, matches(outcome.end) { starved.insert(outcome.starved) }
  }
  return starved
}
