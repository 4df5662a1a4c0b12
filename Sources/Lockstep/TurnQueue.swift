// Who is due when: the priority queue of the discrete-event clock. It is its own type because it does not depend on the
// clock's generator, so it is compiled once, optimised, however the clock is used.

/// A binary min-heap of the processes that have an access to make, by the time at which it is due. Ties go to the lower
/// process number.
@usableFromInline
struct TurnQueue: Sendable, Codable {
  /// One process waiting for its turn.
  @usableFromInline
  struct Turn: Comparable, Sendable, Codable {
    /// When its next access is due.
    var time: UInt64
    var process: Int

    @usableFromInline
    static func < (a: Turn, b: Turn) -> Bool { a.time != b.time ? a.time < b.time : a.process < b.process }
  }

  /// No turn is before that of its parent, `(position - 1) / 2`.
  var turns: [Turn] = []
  /// Where the turn that was chosen last stands in `turns`; only `reschedule` looks at it, directly afterwards.
  private var chosen = 0

  @usableFromInline
  init() {}

  /// Puts `process`, which has no turn yet, in the queue.
  @usableFromInline
  mutating func insert(_ process: Int, at time: UInt64) {
    turns.append(Turn(time: time, process: process))
    place(turns[turns.count - 1], from: turns.count - 1)
  }

  /// The earliest turn of a member of `runnable`; `nil` when no member has a turn.
  @usableFromInline
  mutating func choose(from runnable: RunnableSet) -> (process: Int, time: UInt64)? {
    guard let earliest = turns.indices.first(where: { runnable.contains(turns[$0].process) }) else { return nil }
    chosen = earliest
    if earliest > 0 {
      for position in earliest + 1..<turns.count
      where turns[position] < turns[chosen] && runnable.contains(turns[position].process) {
        chosen = position
      }
    }
    return (turns[chosen].process, turns[chosen].time)
  }

  /// Gives a process, most often the one chosen last, its next turn, or takes it out of the queue.
  @usableFromInline
  mutating func reschedule(_ process: Int, at time: UInt64?) {
    let isChosen = chosen < turns.count && turns[chosen].process == process
    guard let position = isChosen ? chosen : turns.firstIndex(where: { $0.process == process }) else {
      preconditionFailure("process \(process) has no turn")
    }
    if let time {
      place(Turn(time: time, process: process), from: position)
    } else {
      let last = turns.removeLast()
      if position < turns.count { place(last, from: position) }
    }
  }

  /// Puts `turn` where it belongs, above or below `position`, whose own turn is given up.
  private mutating func place(_ turn: Turn, from position: Int) {
    turns.withUnsafeMutableBufferPointer { heap in
      var hole = position
      while hole > 0, turn < heap[(hole - 1) / 2] {
        heap[hole] = heap[(hole - 1) / 2]
        hole = (hole - 1) / 2
      }
      while true {
        var child = 2 * hole + 1
        if child + 1 < heap.count, heap[child + 1] < heap[child] { child += 1 }
        guard child < heap.count, heap[child] < turn else { break }
        heap[hole] = heap[child]
        hole = child
      }
      heap[hole] = turn
    }
  }
}
