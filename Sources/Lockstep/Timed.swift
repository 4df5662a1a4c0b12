// A discrete-event clock. Real workers run at nearly, not exactly, the same speed, so a worker is overtaken often but
// rarely by far; this strategy gives that realistic lag, which a random walk does not.

/// Runs the process whose next access is due first; one that cannot run when it is due runs as soon as it can. Every
/// process has a speed of its own, drawn once, and every delay a jitter; both come from `generator`, so a seed names
/// the schedule. Times are integers, in 1/1024 of a tick: they must not depend on floating point.
public struct Timed<Generator: RandomNumberGenerator & Sendable>: Strategy, Sendable {
  /// The virtual time of the latest access, in 1/1024 of a tick.
  @inlinable
  public var now: UInt64 { _now }

  /// `now` in ticks.
  @inlinable
  public var virtualTime: Double? { Double(_now) / 1024 }

  @usableFromInline var _now: UInt64 = 0
  @usableFromInline var generator: Generator
  /// How long one tick takes each process, in 1/1024 of a tick: 0.8 to 1.25 ticks.
  @usableFromInline var tickCost: [UInt64]
  @usableFromInline var queue = TurnQueue()
  /// The rest of the latest draw: each is enough for four jitters of 16 bits.
  @usableFromInline var jitterBits: UInt64 = 0
  @usableFromInline var jittersLeft = 0

  /// A clock for processes whose first accesses are `delays` ticks away.
  @inlinable
  public init(delays: [Int], generator: Generator) {
    self.generator = generator
    tickCost = []
    for _ in delays { tickCost.append(820 + self.generator.draw(below: 461)) }
    for (process, delay) in delays.enumerated() { queue.insert(process, at: due(process, delay: delay)) }
  }

  /// The runnable process that is due first, however long it has been due; moves the clock there.
  @inlinable
  public mutating func choose(from runnable: RunnableSet) -> Int? {
    guard let turn = queue.choose(from: runnable) else { return nil }
    _now = max(_now, turn.time)
    return turn.process
  }

  /// Notes when `process` is due again.
  @inlinable
  public mutating func didStep(_ process: Int, access: Access, next: Access?, delay: Int?) {
    queue.reschedule(process, at: delay.map { due(process, delay: $0) })
  }

  /// When an access is due that is `delay` ticks away: at the process's speed, times a jitter of 0.75 to 1.25.
  @inlinable
  mutating func due(_ process: Int, delay: Int) -> UInt64 {
    precondition(delay >= 1, "process \(process) asks for a delay of \(delay) ticks; the least is 1")
    if jittersLeft == 0 {
      jitterBits = generator.next()
      jittersLeft = 4
    }
    let jitter = 768 + (jitterBits & 0xffff) >> 7
    jitterBits >>= 16
    jittersLeft -= 1
    return _now + (UInt64(delay) * tickCost[process] * jitter) >> 10
  }
}

extension Timed: Codable where Generator: Codable {
  /// Whether this can be the clock of so many processes: one that was read from a file may be anything.
  public func isConsistent(processes: Int) -> Bool {
    tickCost.count == processes && tickCost.allSatisfy { 820..<1281 ~= $0 } && 0...4 ~= jittersLeft
      && _now < 1 << 62 && queue.isConsistent(processes: processes)
  }
}
