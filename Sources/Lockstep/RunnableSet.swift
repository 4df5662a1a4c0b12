// The processes that could make the next access, as a bit set: strategies ask it in numeric order, so no order of
// insertion or of hashing can reach a schedule.

/// A set of process numbers, asked in increasing order.
public struct RunnableSet: Sendable, Equatable {
  /// Members may be `0 ..< processes`.
  public let processes: Int
  /// How many processes are in the set.
  public private(set) var count: Int
  /// Bit `b` of word `w` stands for process `64 w + b`; bits that stand for no process are 0.
  private var words: [UInt64]

  /// The set of the processes `0 ..< processes`, all or none of them present.
  public init(processes: Int, all: Bool) {
    precondition(processes >= 0, "a set of a negative number of processes")
    self.processes = processes
    words = [UInt64](repeating: 0, count: (processes + 63) / 64)
    count = 0
    if all { for process in 0..<processes { insert(process) } }
  }

  /// Whether nobody can run.
  public var isEmpty: Bool { count == 0 }

  /// Whether `process` can make the next access; `false` for a number that no process has.
  public func contains(_ process: Int) -> Bool {
    guard process >= 0, process < processes else { return false }
    return words[process >> 6] & bit(process) != 0
  }

  /// Adds `process`.
  public mutating func insert(_ process: Int) {
    precondition(process >= 0 && process < processes, "process \(process) of \(processes)")
    guard !contains(process) else { return }
    words[process >> 6] |= bit(process)
    count += 1
  }

  /// Takes `process` away.
  public mutating func remove(_ process: Int) {
    guard contains(process) else { return }
    words[process >> 6] &= ~bit(process)
    count -= 1
  }

  /// The least member that is at least `process`, or, past the last one, the least of all; `nil` when empty.
  public func first(from process: Int) -> Int? {
    if count == 0 { return nil }
    return firstInOrder(from: process) ?? firstInOrder(from: 0)
  }

  /// The member with `rank` smaller members.
  public func member(rank: Int) -> Int {
    precondition(rank >= 0 && rank < count, "rank \(rank) in a set of \(count)")
    var left = rank
    var index = 0
    while words[index].nonzeroBitCount <= left {
      left -= words[index].nonzeroBitCount
      index += 1
    }
    var word = words[index]
    for _ in 0..<left { word &= word - 1 }
    return index << 6 + word.trailingZeroBitCount
  }

  /// The members in increasing order.
  public var members: [Int] { (0..<processes).filter(contains) }

  /// The members below 64, one bit each.
  var firstWord: UInt64 { words.first ?? 0 }

  private func bit(_ process: Int) -> UInt64 { 1 << UInt64(process & 63) }

  private func firstInOrder(from process: Int) -> Int? {
    var index = process >> 6
    guard index < words.count else { return nil }
    var word = words[index] & (~0 << UInt64(process & 63))
    while word == 0 {
      index += 1
      guard index < words.count else { return nil }
      word = words[index]
    }
    return index << 6 + word.trailingZeroBitCount
  }
}
