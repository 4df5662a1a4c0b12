// A discrete-event clock. Real workers run at nearly, not exactly, the same speed, so a worker is overtaken often but
// rarely by far; this strategy gives that realistic lag, which a random walk does not.

/// Runs the process whose next access is due first. Every process has a speed of its own, drawn once, and every delay
/// a jitter; both come from `generator`, so a seed names the schedule.
public struct Timed<Generator: RandomNumberGenerator & Sendable>: Strategy, Sendable {
  /// One process waiting for its turn. Ties go to the lower process number.
  struct Turn: Comparable, Sendable {
    var time: UInt64
    var process: Int32

    static func < (a: Turn, b: Turn) -> Bool { a.time != b.time ? a.time < b.time : a.process < b.process }
  }

  /// A fraction in units of 1/1024, for times that must not depend on floating point.
  static var one: UInt64 { 1024 }

  private var generator: Generator
  /// What one tick takes each process, in 1/1024 of a tick: 0.8 to 1.25 of the nominal speed's.
  private var tickCost: [UInt64]
  /// A binary min-heap of all unfinished processes.
  private var turns: [Turn] = []
  private var jitterBits: UInt64 = 0
  private var jittersLeft = 0

  /// A clock for processes whose first accesses are `delays` ticks away.
  public init(delays: [Int], generator: Generator) {
    self.generator = generator
    tickCost = []
    for _ in delays { tickCost.append(820 + self.generator.draw(below: 461)) }
    for (process, delay) in delays.enumerated() { insert(process, at: due(after: 0, process: process, delay: delay)) }
  }

  /// The virtual time of the latest access, in 1/1024 of a tick.
  public private(set) var now: UInt64 = 0

  public mutating func choose(from runnable: RunnableSet) -> Int? {
    guard var turn = turns.first else { return nil }
    if !runnable.contains(Int(turn.process)) {
      guard let next = turns.filter({ runnable.contains(Int($0.process)) }).min() else { return nil }
      turn = next
    }
    now = max(now, turn.time)
    return Int(turn.process)
  }

  public mutating func didStep(_ process: Int, access: Access, delay: Int?) {
    let position = turns[0].process == process ? 0 : turns.firstIndex { $0.process == process }!
    guard let delay else {
      let last = turns.removeLast()
      if position < turns.count { replace(at: position, with: last) }
      return
    }
    let time = due(after: now, process: process, delay: delay)
    replace(at: position, with: Turn(time: time, process: Int32(process)))
  }

  /// When an access is due: the delay at the process's speed, times a jitter of 0.75 to 1.25.
  private mutating func due(after time: UInt64, process: Int, delay: Int) -> UInt64 {
    if jittersLeft == 0 {
      jitterBits = generator.next()
      jittersLeft = 4
    }
    let jitter = 768 + (jitterBits & 0xffff) >> 7
    jitterBits >>= 16
    jittersLeft -= 1
    return time + max(1, (UInt64(delay) * tickCost[process] * jitter) >> 10)
  }

  private mutating func insert(_ process: Int, at time: UInt64) {
    turns.append(Turn(time: time, process: Int32(process)))
    siftUp(turns.count - 1)
  }

  private mutating func replace(at position: Int, with turn: Turn) {
    turns[position] = turn
    siftUp(position)
    siftDown(position)
  }

  private mutating func siftUp(_ start: Int) {
    var child = start
    while child > 0, turns[child] < turns[(child - 1) / 2] {
      turns.swapAt(child, (child - 1) / 2)
      child = (child - 1) / 2
    }
  }

  private mutating func siftDown(_ start: Int) {
    turns.withUnsafeMutableBufferPointer { heap in
      let turn = heap[start]
      var hole = start
      while true {
        var child = 2 * hole + 1
        guard child < heap.count else { break }
        if child + 1 < heap.count, heap[child + 1] < heap[child] { child += 1 }
        guard heap[child] < turn else { break }
        heap[hole] = heap[child]
        hole = child
      }
      heap[hole] = turn
    }
  }
}
