// The gradient that a shared model has of its own. In PyTorch each parameter has one `.grad`; programs that share the
// parameters between threads share it too, which is what goes wrong.

import DeterministicMath

/// One gradient for all workers, block by block, with who put it there.
public final class GradientSlots: Sendable {
  /// A block's entry.
  private struct Entry: Sendable {
    /// Whose gradient it is; -1 before the first.
    var worker = -1
    /// The update of that worker that it was computed for.
    var update = -1
    var values: [Float]
  }

  /// What the slots hold at one moment.
  public struct State: Hashable, Sendable {
    /// The gradient, in the order of the flat buffer.
    public var values: [Float]
    /// For each block whose gradient it is; -1 for nobody's.
    public var workers: [Int]
    /// For each block the update of that worker.
    public var updates: [Int]

    /// Makes a state.
    public init(values: [Float], workers: [Int], updates: [Int]) {
      self.values = values
      self.workers = workers
      self.updates = updates
    }
  }

  private let ranges: [Range<Int>]
  private let entries: [Slot]

  /// A lock with an entry; arrays hold no values that cannot be copied.
  private final class Slot: Sendable {
    let entry: Guarded<Entry>
    init(_ entry: Entry) { self.entry = Guarded(entry) }
  }

  init(blocks: [Block], count: Int) {
    ranges = blocks.map(\.range)
    entries = ranges.map { Slot(Entry(values: [Float](repeating: 0, count: $0.count))) }
  }

  private init(_ ranges: [Range<Int>], _ entries: [Slot]) {
    self.ranges = ranges
    self.entries = entries
  }

  func copy() -> GradientSlots {
    GradientSlots(ranges, entries.map { slot in Slot(slot.entry.withLock { $0 }) })
  }

  /// Puts a block of a worker's gradient in.
  /// - Parameter binds: whether only the first worker to come can do so; for the others nothing happens.
  /// - Returns: the access's ticket at the block's slot.
  func assign(_ block: Int, from gradient: UnsafePointer<Float>, by author: Author, binds: Bool) -> UInt64 {
    let range = ranges[block]
    return entries[block].entry.access { entry in
      if binds && entry.worker >= 0 && entry.worker != author.worker { return }
      (entry.worker, entry.update) = (author.worker, author.update)
      entry.values.withUnsafeMutableBufferPointer {
        $0.baseAddress!.update(from: gradient + range.lowerBound, count: range.count)
      }
    }.ticket
  }

  /// Takes a block of the gradient out, as the optimizer does that is about to apply it.
  /// - Returns: whether it is `author`'s own, for this update, and the access's ticket at the block's slot.
  func fetch(
    _ block: Int, into gradient: UnsafeMutablePointer<Float>, by author: Author
  ) -> (result: Bool, ticket: UInt64) {
    let range = ranges[block]
    return entries[block].entry.access { entry in
      entry.values.withUnsafeBufferPointer {
        (gradient + range.lowerBound).update(from: $0.baseAddress!, count: range.count)
      }
      return (entry.worker, entry.update) == (author.worker, author.update)
    }
  }

  /// Whose gradient a block holds, and of which update; -1 for nobody's.
  public func owner(of block: Int) -> (worker: Int, update: Int) {
    entries[block].entry.withLock { ($0.worker, $0.update) }
  }

  /// Everything in the slots. It is of one moment only while no worker is in the middle of an access.
  public var state: State {
    let entries = entries.map { slot in slot.entry.withLock { $0 } }
    return State(values: entries.flatMap(\.values), workers: entries.map(\.worker), updates: entries.map(\.update))
  }

  /// Puts `state` in the place of what the slots hold.
  /// - Precondition: it is of a model of this layout and cut.
  func restore(_ state: State) {
    for (block, range) in ranges.enumerated() {
      entries[block].entry.withLock {
        $0 = Entry(worker: state.workers[block], update: state.updates[block], values: Array(state.values[range]))
      }
    }
  }

  /// Feeds gradient and owners to `digest`.
  func digest(into digest: inout StateDigest) {
    let state = state
    digest.combine(contentsOf: state.values)
    for block in ranges.indices {
      digest.combine(state.workers[block])
      digest.combine(state.updates[block])
    }
  }
}

/// A lock in an array, which holds no values that cannot be copied.
final class StepLock: Sendable {
  let lock = Guarded(())
}
