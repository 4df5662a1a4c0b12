// What must hold of the queue between any two calls, in one place; the tests ask after every mutation.

extension TurnQueue {
  /// The first invariant that does not hold, in words; `nil` when all do.
  var brokenInvariant: String? {
    for child in turns.indices.dropFirst() where turns[child] < turns[(child - 1) / 2] {
      return "the turn at \(child) is before that of its parent"
    }
    let processes = turns.map(\.process).sorted()
    for (one, other) in zip(processes, processes.dropFirst()) where one == other {
      return "process \(one) has two turns"
    }
    return nil
  }

  /// Whether this can be the queue of so many processes: one that was read from a file may be anything.
  @usableFromInline
  func isConsistent(processes: Int) -> Bool {
    turns.allSatisfy { 0..<processes ~= $0.process && $0.time < 1 << 62 } && brokenInvariant == nil
  }
}
