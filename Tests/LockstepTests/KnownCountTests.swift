// How many classes of schedules programs have of which others have published the number, or of which it is a formula:
// one schedule too many or too few is a mistake in the reduction, however small.

import Testing

@testable import Lockstep

@Suite struct KnownCountTests {
  /// The benchmarks of Flanagan and Godefroid (POPL 2005) and of Abdulla, Aronis, Jonsson and Sagonas (POPL 2014), with
  /// the numbers that the latter give.
  @Test(arguments: [
    Known("readers(2)", 4), Known("readers(8)", 256), Known("lastzero(5)", 64), Known("lastzero(10)", 3328),
    Known("filesystem(14)", 2), Known("filesystem(16)", 8), Known("filesystem(18)", 32), Known("filesystem(19)", 64),
    Known("indexer(12)", 8),
  ])
  fileprivate func aPublishedBenchmarkHasAsManyClassesAsPublished(known: Known) {
    var exploration = Exploration(from: known.start)
    while let outcome = exploration.next() { #expect(outcome.status == .finished) }
    #expect(exploration.schedules == known.classes && exploration.classes == known.classes)
    // What source sets begin in vain, and the paper's wakeup trees would not; the numbers depend on which of several
    // processes is tried first.
    let redundant = ["lastzero(5)": 15, "lastzero(10)": 11_951]
    #expect(exploration.redundant == redundant[known.testDescription, default: 0])
  }

  /// The chain of writers and its reader have (n + 3)·2^(n − 2) classes.
  @Test(arguments: 2...8)
  func theLastZeroOfSoManyHasAsManyClassesAsTheFormulaSays(count: Int) {
    var exploration = Exploration(from: lastZero(count))
    while exploration.next() != nil {}
    #expect(exploration.classes == (count + 3) << (count - 2))
  }

  /// Without sleep sets the classes are the same, and some are run again.
  @Test func withoutSleepSetsClassesAreRunAgain() {
    func schedules(_ reduction: ScheduleTree.Reduction) -> Int {
      let start = readers(2)
      var exploration = Exploration(
        from: start, stepLimit: 100, interval: 8, preemptionBound: nil,
        tree: ScheduleTree(
          first: start.processes.map(\.nextAccess), enabled: ProcessMask(start.candidates), preemptionBound: nil,
          reduction: reduction))
      while exploration.next() != nil {}
      return exploration.schedules
    }
    #expect(schedules(ScheduleTree.Reduction()) == 4)
    #expect(schedules(ScheduleTree.Reduction(wakes: { _, _ in true })) == 5)
  }

  /// Two processes change one cell n times each. A schedule of b blocks has b − 2 preemptions, as only the last switch
  /// is away from a process that has finished; n accesses are cut into p blocks in C(n − 1, p − 1) ways.
  @Test(arguments: 1...5)
  func aBoundOnPreemptionsLeavesAsManySchedulesAsThereAreWaysToCutThem(length: Int) {
    func ways(blocks: Int) -> Int {
      2 * binomial(length - 1, (blocks + 1) / 2 - 1) * binomial(length - 1, blocks / 2 - 1)
    }
    for bound in 0...2 * length {
      var exploration = Exploration(
        from: Simulation(countdowns: [length, length], strategy: RoundRobin()), preemptionBound: bound)
      var most = 0
      while let outcome = exploration.next() {
        most = max(most, zip(outcome.choices, outcome.choices.dropFirst()).count { $0 != $1 } - 1)
      }
      #expect(exploration.classes == (2...bound + 2).map(ways).reduce(0, +))
      #expect(most == min(bound, 2 * length - 2))
    }
    var unbounded = Exploration(from: Simulation(countdowns: [length, length], strategy: RoundRobin()))
    while unbounded.next() != nil {}
    #expect(unbounded.schedules == binomial(2 * length, length))
  }
}

/// A benchmark with a published number of classes.
private struct Known: CustomTestStringConvertible, Sendable {
  var testDescription: String
  var classes: Int

  init(_ name: String, _ classes: Int) { (testDescription, self.classes) = (name, classes) }

  var start: Simulation<Program<Memory>, Replayed> {
    let words = testDescription.split { "()".contains($0) }
    let count = Int(words[1])!
    return switch words[0] {
    case "readers": readers(count)
    case "lastzero": lastZero(count)
    case "filesystem": fileSystem(count)
    default: indexer(count)
    }
  }
}

/// One process writes what `count` others read.
private func readers(_ count: Int) -> Simulation<Program<Memory>, Replayed> {
  let writer = Program<Memory>([.write(0) { _ in 1 }])
  return Simulation(
    world: Memory(cells: 1), processes: [writer] + Array(repeating: Program([.read(0)]), count: count))
}

/// Process j makes cell j one more than cell j − 1, while process 0 looks for the last cell that is 0.
private func lastZero(_ count: Int) -> Simulation<Program<Memory>, Replayed> {
  let finder = Program<Memory>(
    (0...count).reversed().map { cell in
      .read(cell) { value, registers in if value == 0 { registers.next = count + 1 } }
    })
  let writers = (1...count).map { cell in Program<Memory>([.read(cell - 1), .write(cell) { $0 + 1 }]) }
  return Simulation(world: Memory(cells: count + 1), processes: [finder] + writers)
}

/// Each process takes the lock of an inode and looks for a free block for it; the inodes 0 and 13, 1 and 14, … begin
/// their search at the same block.
private func fileSystem(_ count: Int) -> Simulation<Program<Memory>, Replayed> {
  let (inodes, blocks) = (32, 26)
  let (busy, inodeLocks) = (inodes, inodes + blocks)
  let blockLocks = inodeLocks + inodes
  let processes = (0..<count).map { inode in
    var code: [Program<Memory>.Instruction] = [.acquire(inodeLocks + inode), .read(inode)]
    let tries = [0, 1].map { (2 * inode + $0) % blocks }
    let end = 2 + 6 * tries.count
    for block in tries {
      let release = code.count + 5
      code += [
        .acquire(blockLocks + block),
        .read(busy + block) { isBusy, registers in if isBusy == 1 { registers.next = release } },
        .write(busy + block) { _ in 1 }, .write(inode) { _ in block + 1 },
        Program<Memory>.Instruction(access: Access(.release, blockLocks + block)) { world, registers in
          world[blockLocks + block] = 0
          registers.next = end
        },
        .release(blockLocks + block),
      ]
    }
    return Program(code + [.release(inodeLocks + inode)])
  }
  return Simulation(world: Memory(cells: blockLocks + blocks), processes: processes)
}

/// Each process puts four messages into a hash table of 128 entries, by compare and swap; the first eleven never meet.
private func indexer(_ count: Int) -> Simulation<Program<Memory>, Replayed> {
  let processes = (0..<count).map { process in
    Program<Memory>(
      (1...4).flatMap { message -> [Program<Memory>.Instruction] in
        let word = message * 11 + process
        // Nobody meets more than one occupied entry.
        return (0..<2).map { step in
          let entry = (word * 7 + step) % 128
          return Program<Memory>.Instruction(access: Access(.update, entry)) { world, registers in
            if world[entry] == 0 {
              world[entry] = word
              registers.next = 2 * message
            }
          }
        }
      })
  }
  return Simulation(world: Memory(cells: 128), processes: processes)
}

private func binomial(_ n: Int, _ k: Int) -> Int {
  k < 0 || k > n ? 0 : (0..<k).reduce(1) { $0 * (n - $1) / ($1 + 1) }
}
