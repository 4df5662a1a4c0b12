// A language for tiny concurrent programs: a list of accesses, each with its effect, over numbered cells of memory.

import Lockstep

/// Shared memory. A cell that is acquired and released is a lock: 1 while somebody holds it.
protocol Cells: World {
  subscript(cell: Int) -> Int { get set }
}

/// Memory that is a value.
struct Memory: Cells, Hashable {
  private var cells: [Int]

  init(cells count: Int) { cells = Array(repeating: 0, count: count) }

  subscript(cell: Int) -> Int {
    get { cells[cell] }
    set { cells[cell] = newValue }
  }
}

/// What one process keeps to itself.
struct Registers: Hashable {
  /// The number of the next instruction.
  var next = 0
  /// What was read last.
  var value = 0
}

/// One process: its code and its registers.
struct Program<Shared: Cells>: Process {
  struct Instruction {
    var access: Access
    /// When it can be made; `nil` for always, or for a lock when nobody holds it.
    var isEnabled: ((Shared) -> Bool)?
    var effect: (inout Shared, inout Registers) -> Void
  }

  var code: [Instruction]
  var registers = Registers()

  init(_ code: [Instruction]) { self.code = code }

  var canBlock: Bool { true }

  var nextAccess: Access? { registers.next < code.count ? code[registers.next].access : nil }

  func isEnabled(in world: Shared) -> Bool {
    if let isEnabled = code[registers.next].isEnabled { return isEnabled(world) }
    let access = code[registers.next].access
    return access.kind != .acquire || world[access.object] == 0
  }

  mutating func step(_ world: inout Shared) {
    let instruction = code[registers.next]
    registers.next += 1
    instruction.effect(&world, &registers)
  }
}

extension Program.Instruction {
  /// Reads `cell`; then `act` sees the value, and may jump.
  static func read(_ cell: Int, then act: @escaping (Int, inout Registers) -> Void = { _, _ in }) -> Self {
    Self(access: Access(.read, cell)) { world, registers in
      registers.value = world[cell]
      act(world[cell], &registers)
    }
  }

  /// Reads `cell` again and again until `isWaitOver`.
  static func await(_ cell: Int, until isWaitOver: @escaping (Int) -> Bool) -> Self {
    read(cell) { value, registers in if !isWaitOver(value) { registers.next -= 1 } }
  }

  /// Writes what `value` makes of the value read last, then goes to `next`, or on.
  static func write(_ cell: Int, next: Int? = nil, _ value: @escaping (Int) -> Int) -> Self {
    Self(access: Access(.write, cell)) { world, registers in
      world[cell] = value(registers.value)
      if let next { registers.next = next }
    }
  }

  /// Reads and writes `cell` at once.
  static func update(_ cell: Int, _ change: @escaping (inout Int) -> Void) -> Self {
    Self(access: Access(.update, cell)) { world, _ in change(&world[cell]) }
  }

  /// Waits until `cell` is positive, then takes one from it.
  static func take(_ cell: Int) -> Self {
    Self(access: Access(.update, cell), isEnabled: { $0[cell] > 0 }) { world, _ in world[cell] -= 1 }
  }

  static func acquire(_ lock: Int) -> Self {
    Self(access: Access(.acquire, lock)) { world, _ in world[lock] = 1 }
  }

  static func release(_ lock: Int) -> Self {
    Self(access: Access(.release, lock)) { world, _ in world[lock] = 0 }
  }
}

/// A process without any logic: so many accesses of one object, so long apart.
struct Countdown: Process {
  var left: Int
  var delay = 1

  var nextAccess: Access? { left > 0 ? Access(.update, 0) : nil }

  mutating func step(_ world: inout Memory) {
    left -= 1
    world[0] += 1
  }
}

extension Simulation where P == Countdown {
  /// A run of one countdown from each of `counts`.
  init(countdowns counts: [Int], strategy: S) {
    self.init(world: Memory(cells: 1), processes: counts.map { Countdown(left: $0) }, strategy: strategy)
  }
}

extension Simulation {
  /// Runs to the end and tells who made each access.
  mutating func schedule() -> [Int] {
    var choices: [Int] = []
    while let step = advance() { choices.append(step.process) }
    return choices
  }
}
