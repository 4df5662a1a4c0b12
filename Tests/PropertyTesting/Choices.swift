// Where generated values come from: a list of small decisions, drawn from a random stream or replayed from a record.
// Shrinking works on the record, so every generator shrinks, however it was composed.

import DeterministicMath

/// The decisions behind one generated value. Smaller decisions, and fewer of them, stand for simpler values.
public struct Choices {
  private enum Source {
    case drawn(RandomStream)
    case replayed([Int])
  }

  private var source: Source
  /// What was decided so far, in order.
  public private(set) var record: [Int] = []

  /// Fresh decisions: those of case `number` under `seed`.
  public init(seed: UInt64, case number: Int) {
    source = .drawn(RandomStream(seed: seed, worker: UInt32(number), purpose: .test))
  }

  /// The decisions of `record` again. A generator that asks for more gets zeros, its simplest values; one that asks
  /// for a smaller number than was recorded gets the largest allowed.
  public init(replaying record: [Int]) {
    source = .replayed(record)
  }

  /// Decides on one of 0 ..< `bound`, all equally likely.
  public mutating func below(_ bound: Int) -> Int {
    precondition(bound > 0, "a choice needs at least one possibility")
    let choice: Int
    switch source {
    case .drawn(var stream):
      choice = stream.below(bound)
      source = .drawn(stream)
    case .replayed(let past):
      choice = record.count < past.count ? min(past[record.count], bound - 1) : 0
    }
    record.append(choice)
    return choice
  }
}
