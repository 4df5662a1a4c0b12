// Random programs that are small enough to run all of their interleavings, and what is compared of these.

import Lockstep
import PropertyTesting

/// A few processes over a few cells and locks, as data that can be printed.
struct SmallProgram: CustomStringConvertible {
  enum Piece {
    case read(Int)
    case write(Int)
    case update(Int, Int)
    /// Skips the next access if the value read is odd.
    case branch(Int)
    /// Waits until the cell is positive, then takes one from it.
    case take(Int)
    case acquire(Int)
    case release(Int)
  }

  static let cells = 3
  static let locks = 2

  var processes: [[Piece]]

  func run() -> Simulation<Program<Memory>, Replayed> {
    let programs = processes.enumerated().map { number, pieces in
      Program<Memory>(pieces.map { Self.instruction($0, of: number) })
    }
    return Simulation(
      world: Memory(cells: Self.cells + Self.locks), processes: programs, strategy: Replayed([]))
  }

  private static func instruction(_ piece: Piece, of process: Int) -> Program<Memory>.Instruction {
    switch piece {
    case .read(let cell): .read(cell)
    case .write(let cell): .write(cell) { 2 * $0 + process + 1 }
    case .update(let cell, let amount): .update(cell) { $0 = 3 * $0 + amount }
    case .branch(let cell): .read(cell) { value, registers in if value % 2 == 1 { registers.next += 1 } }
    case .take(let cell): .take(cell)
    case .acquire(let lock): .acquire(cells + lock)
    case .release(let lock): .release(cells + lock)
    }
  }

  var description: String { "\(processes)" }

  /// Two or three processes of at most seven accesses in all; locks may be taken in any order, never given back, or
  /// given back by somebody else.
  static let generator = Generator<SmallProgram> { choices in
    let count = 2 + choices.below(2)
    var left = 7
    return SmallProgram(
      processes: (0..<count).map { _ in
        let length = min(left, 1 + choices.below(count == 2 ? 4 : 3))
        left -= length
        return (0..<length).map { _ in choices.draw(piece) }
      })
  }

  private static let piece = Generator<Piece> { choices in
    let cell = choices.below(cells)
    return switch choices.below(9) {
    case 0, 1: .read(cell)
    case 2, 3: .write(cell)
    case 4: .update(cell, choices.below(3))
    case 5: .branch(cell)
    case 6: .acquire(cell % locks)
    case 7: .take(cell)
    default: .release(cell % locks)
    }
  }
}

/// Where a schedule led.
struct EndState: Hashable {
  var memory: Memory
  var registers: [Registers]
  var isDeadlocked: Bool

  init(_ end: Simulation<Program<Memory>, Replayed>) {
    memory = end.world
    registers = end.processes.map(\.registers)
    isDeadlocked = end.status == .deadlocked
  }
}

/// What is compared of a schedule but for where it led.
struct ScheduleForm {
  /// The lexicographically least of all schedules that differ from this one only in the order of accesses that do not
  /// conflict; two schedules of a program are in one class if and only if theirs is the same.
  private(set) var normal: [Int] = []
  /// How many times it switches away from a process that could have gone on.
  private(set) var preemptions = 0

  init(_ choices: [Int], of start: Simulation<Program<Memory>, Replayed>) {
    var run = start.snapshot()
    var left: [(process: Int, access: Access)] = []
    for process in choices {
      if let latest = left.last?.process, latest != process, run.candidates.contains(latest) { preemptions += 1 }
      left.append((process, run.advance(process).access))
    }
    while !left.isEmpty {
      // Of those before which nothing else has to come, the one of the least process.
      var first: Int?
      for (position, step) in left.enumerated() {
        if let first, left[first].process <= step.process { continue }
        var isFree = true
        for earlier in left[..<position]
        where earlier.process == step.process || earlier.access.conflicts(with: step.access) {
          isFree = false
          break
        }
        if isFree { first = position }
      }
      normal.append(left.remove(at: first!).process)
    }
  }
}
