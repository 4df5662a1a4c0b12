// The engine makes every interleaving possible and none twice: counts and results of small programs with known answers.

import Lockstep
import Testing

@Suite struct InterleavingTests {
  @Test func twoProcessesHaveAsManyInterleavingsAsTheBinomialCoefficientSays() {
    for first in 0...6 {
      for second in 0...6 {
        let schedules = schedules(ofCountdowns: [first, second])
        #expect(schedules.count == multinomial([first, second]), "\(first) and \(second) accesses")
        #expect(zip(schedules, schedules.dropFirst()).allSatisfy { $0.lexicographicallyPrecedes($1) })
      }
    }
  }

  @Test(arguments: [[0, 0, 0], [1, 1, 1], [1, 2, 3], [2, 2, 2], [3, 3, 2], [1, 1, 1, 1, 1]])
  func moreProcessesHaveAsManyInterleavingsAsTheMultinomialCoefficientSays(counts: [Int]) {
    let schedules = schedules(ofCountdowns: counts)
    #expect(schedules.count == multinomial(counts))
    for schedule in schedules {
      #expect(counts.indices.map { process in schedule.count { $0 == process } } == counts)
    }
  }

  @Test func theUpdateIsLostInExactlyTheSchedulesWhereBothReadsPrecedeBothWrites() {
    var lost: [[Int]] = []
    var kept: [[Int]] = []
    everySchedule(of: incrementers(2, unguarded)) { schedule, end in
      #expect(end.status == .finished)
      if end.world[0] == 2 { kept.append(schedule) } else { lost.append(schedule) }
      let bothReadFirst = Set(schedule.prefix(2)).count == 2
      #expect(end.world[0] == (bothReadFirst ? 1 : 2), "\(schedule)")
    }
    #expect(lost == [[0, 1, 0, 1], [0, 1, 1, 0], [1, 0, 0, 1], [1, 0, 1, 0]])
    #expect(kept == [[0, 0, 1, 1], [1, 1, 0, 0]])
  }

  @Test func repeatedIncrementsEndWhereTheScheduleSaysAndNeverBelowTwo() {
    // Two is the well-known least result however often each process increments: one process makes all of its
    // increments but the last within the first increment of the other, and that one all of its within the last.
    var results: Set<Int> = []
    everySchedule(of: incrementers(2, unguarded + unguarded + unguarded)) { schedule, end in
      #expect(end.world[0] == counterAfter(schedule), "\(schedule)")
      results.insert(end.world[0])
    }
    #expect(results == [2, 3, 4, 5, 6])
  }

  @Test func aLockLosesNoUpdateAndLeavesOnlyTheOrderOfTheCriticalSections() {
    for times in 1...3 {
      var schedules = 0
      let code = (0..<times).flatMap { _ in locked }
      everySchedule(of: incrementers(2, code)) { _, end in
        schedules += 1
        #expect(end.status == .finished && end.world[0] == 2 * times)
      }
      #expect(schedules == multinomial([times, times]))
    }
  }

  @Test func anAtomicUpdateLosesNothing() {
    everySchedule(of: incrementers(3, atomic + atomic)) { schedule, end in
      #expect(end.world[0] == 6, "\(schedule)")
    }
  }

  @Test func aScheduleFoundBySnapshotsIsTheSameRunWhenReplayedFromTheBeginning() {
    everySchedule(of: incrementers(2, locked + unguarded)) { schedule, end in
      var replayed = incrementers(2, locked + unguarded, schedule: schedule)
      #expect(replayed.schedule() == schedule)
      #expect(replayed.status == .finished)
      #expect(replayed.world == end.world)
    }
  }
}

private typealias Code = [Program<Memory>.Instruction]

/// Ways to add one to cell 0.
private func increment(_ value: Int) -> Int { value + 1 }
private var unguarded: Code { [.read(0), .write(0, increment)] }
private var locked: Code { [.acquire(1), .read(0), .write(0, increment), .release(1)] }
private var atomic: Code { [.update(0) { $0 += 1 }] }

private func incrementers(_ count: Int, _ code: Code, schedule: [Int] = []) -> Simulation<Program<Memory>, Replayed> {
  Simulation(
    world: Memory(cells: 2), processes: Array(repeating: Program(code), count: count), strategy: Replayed(schedule))
}

private func schedules(ofCountdowns counts: [Int]) -> [[Int]] {
  var schedules: [[Int]] = []
  everySchedule(of: Simulation(countdowns: counts, strategy: Replayed([]))) { schedule, _ in schedules.append(schedule)
  }
  return schedules
}

/// The counter after processes have read and written it in turns, in the order of `schedule`: no engine involved.
private func counterAfter(_ schedule: [Int]) -> Int {
  var counter = 0
  var read: [Int: Int] = [:]
  for process in schedule {
    if let value = read.removeValue(forKey: process) { counter = value + 1 } else { read[process] = counter }
  }
  return counter
}

/// (a + b + …)! / (a! b! …).
private func multinomial(_ counts: [Int]) -> Int {
  func factorial(_ number: Int) -> Int { (1...max(1, number)).reduce(1, *) }
  return counts.map(factorial).reduce(factorial(counts.reduce(0, +)), /)
}
