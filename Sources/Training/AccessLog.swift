// What a recording keeps of a worker: the tickets of its accesses, and a witness of each pull. Encoder and decoder
// stand side by side here, and docs/formats.md describes the same bytes.
//
// A log is a sequence of records, each a byte that says its kind and then, in the order of the worker's accesses, each
// access's ticket. Which objects they touch follows from the kind:
//
//     1  exchange   the model                       then a witness
//     2  push       every block, in order
//     3  pull       every block, in order           then a witness
//     4  pull all   the model                       then a witness
//     5  claim      the episode counter
//     6  episode    the episode counter, the smoothed reward twice, the results
//     7  single     one access: a byte for which (`SingleAccess`), and the block
//                   in groups of seven bits where it goes through the blocks
//
// A ticket is written as what it is more than the worker's last one at the same object (than 0, the first time), in
// groups of seven bits, the lowest first, the eighth bit set in all but the last (LEB128). A witness is the pull's
// checksum and one parameter's bits, four bytes each, least significant first.

import Lockstep
import Sharing

/// The kinds of records.
enum AccessRecord: UInt8, CaseIterable {
  case exchange = 1
  case push
  case pull
  case pullAll
  case claim
  case episode
  case single

  /// How many accesses a record of this kind has, around a model of `blocks` blocks.
  func count(blocks: Int) -> Int {
    switch self {
    case .exchange, .pullAll, .claim, .single: 1
    case .push, .pull: blocks
    case .episode: 4
    }
  }

  /// The object of a record's access number `index`; `nil` where the record itself says it.
  func object(_ index: Int) -> SharedObject? {
    switch self {
    case .exchange, .pullAll: .model
    case .push, .pull: .block(index)
    case .claim: .episodeCounter
    case .episode: index == 0 ? .episodeCounter : index == 3 ? .results : .smoothedReward
    case .single: nil
    }
  }

  /// Whether a witness follows the tickets.
  var hasWitness: Bool { self == .exchange || self == .pull || self == .pullAll }
}

/// The accesses that only some settings have. They are recorded one by one.
enum SingleAccess: UInt8, CaseIterable {
  case view = 1
  case viewAll
  case decay
  case accumulate
  case apply
  case assign
  case fetch
  case updateFetched
  case overwrite
  case increment
  case readFirstStep
  case readSecondStep
  case updateCounted
  case loadCount
  case storeCount
  case check
  case set
  case count
  case smooth
  case read
  case publish
  case meet
  case leave

  /// Whether it goes through the blocks.
  var hasBlock: Bool { rawValue <= Self.updateCounted.rawValue && self != .viewAll }

  /// The object that it touches.
  func object(_ block: Int) -> SharedObject {
    switch self {
    case .view, .decay, .accumulate, .apply, .updateFetched, .overwrite, .updateCounted: .block(block)
    case .viewAll, .meet, .leave: .model
    case .assign, .fetch: .gradient(block)
    case .increment, .readFirstStep, .readSecondStep: .stepCount(block)
    case .loadCount, .storeCount, .count: .episodeCounter
    case .check, .set, .smooth, .read: .smoothedReward
    case .publish: .results
    }
  }

  /// Whether it can be what ends a push.
  var endsPush: Bool { self == .apply || self == .updateFetched || self == .overwrite || self == .updateCounted }
}

extension Worker.Phase {
  /// The access as one that is recorded by itself; `nil` for those that stand in longer records.
  /// - Parameter configuration: the run's, which decides what belongs together.
  func single(in configuration: Configuration) -> SingleAccess? {
    let hasOrdinaryEnd =
      configuration.episodeCount == .indivisible && configuration.rewardSmoothing != .checkThenSet
    return switch self {
    case .viewing: .view
    case .viewingAll: .viewAll
    case .decaying: .decay
    case .accumulating: .accumulate
    case .applying: .apply
    case .assigning: .assign
    case .fetching: .fetch
    case .updating:
      configuration.stepCount == .readTwice ? .updateCounted : configuration.sharing == .sharded ? nil : .updateFetched
    case .overwriting: .overwrite
    case .meeting: .meet
    case .leaving: .leave
    case .incrementing: .increment
    case .readingFirstStep: .readFirstStep
    case .readingSecondStep: .readSecondStep
    case .loadingCount: .loadCount
    case .storingCount: .storeCount
    case .checking: .check
    case .setting: .set
    case .counting: hasOrdinaryEnd ? nil : .count
    case .smoothing: hasOrdinaryEnd ? nil : .smooth
    case .reading: hasOrdinaryEnd ? nil : .read
    case .publishing: hasOrdinaryEnd ? nil : .publish
    case .claiming, .exchanging, .pullingAll, .pulling, .loading, .storing, .finished, .failed: nil
    }
  }

  /// Whether a record begins with the access of this phase, so that a worker that is to stop can stop before it.
  var beginsRecord: Bool {
    switch self {
    case .claiming, .exchanging, .pullingAll, .counting, .updating(0), .loading(0), .pulling(0), .finished, .failed,
      .viewing(0), .viewingAll, .decaying(0), .assigning(0), .overwriting(0), .meeting, .leaving, .incrementing(0),
      .loadingCount:
      true
    case .updating, .loading, .storing, .pulling, .smoothing, .reading, .publishing, .viewing, .decaying,
      .accumulating, .applying, .assigning, .fetching, .overwriting, .incrementing, .readingFirstStep,
      .readingSecondStep, .storingCount, .checking, .setting:
      false
    }
  }
}

/// The log of one worker as it is written. Owned by the worker's thread.
struct AccessLog: ~Copyable {
  /// How many bytes are worth writing at once.
  static let usualCapacity = 32 * 1024

  private let bytes: UnsafeMutablePointer<UInt8>
  private(set) var count = 0
  /// The worker's last ticket at each object.
  private let last: UnsafeMutablePointer<UInt64>
  private let blocks: Int
  private let capacity: Int
  private let configuration: Configuration

  /// An empty log of a worker of `configuration` beside a model of `blocks` blocks, to be emptied when it has
  /// `capacity` bytes.
  init(_ configuration: Configuration, blocks: Int, capacity: Int) {
    self.configuration = configuration
    self.blocks = blocks
    self.capacity = capacity
    // More than the capacity: who empties it looks at it only where the worker may stop.
    bytes = .allocate(capacity: capacity + Self.largestStretch(blocks: blocks))
    last = .allocate(capacity: SharedObject.count(blocks: blocks))
    last.initialize(repeating: 0, count: SharedObject.count(blocks: blocks))
  }

  deinit {
    bytes.deallocate()
    last.deallocate()
  }

  /// The most bytes between two places where a worker may stop: a push of three accesses a block, or the end of an
  /// episode, each access with a kind, a block and a ticket, and a witness.
  private static func largestStretch(blocks: Int) -> Int { 22 * (3 * blocks + 6) + 8 }

  /// The bytes gathered so far.
  var contents: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: bytes, count: count) }

  /// Whether it is time to write the bytes and forget them, before the next record.
  var isFull: Bool { count >= capacity }

  /// Forgets the bytes, which have been written.
  mutating func removeAll() { count = 0 }

  /// Notes the access that the worker has just made in `phase`, with the ticket that it took and what its last pull
  /// brought.
  @inline(__always)
  mutating func note(_ phase: Worker.Phase, ticket: UInt64, pulled: PullWitness) {
    if let single = phase.single(in: configuration) {
      append(.single)
      append(single.rawValue)
      if single.hasBlock { append(UInt64(phase.block!)) }
      append(ticket, single.object(phase.block ?? 0))
      return
    }
    switch phase {
    case .exchanging:
      append(.exchange)
      append(ticket, .model)
      append(pulled)
    case .updating(let block):
      if block == 0 { append(.push) }
      append(ticket, .block(block))
    case .pulling(let block):
      if block == 0 { append(.pull) }
      append(ticket, .block(block))
      if block == blocks - 1 { append(pulled) }
    case .pullingAll:
      append(.pullAll)
      append(ticket, .model)
      append(pulled)
    case .claiming:
      append(.claim)
      append(ticket, .episodeCounter)
    case .counting:
      append(.episode)
      append(ticket, .episodeCounter)
    case .smoothing, .reading: append(ticket, .smoothedReward)
    case .publishing: append(ticket, .results)
    default: preconditionFailure("\(phase) takes no ticket")
    }
  }

  @inline(__always)
  private mutating func append(_ byte: UInt8) {
    bytes[count] = byte
    count &+= 1
  }

  @inline(__always)
  private mutating func append(_ kind: AccessRecord) { append(kind.rawValue) }

  @inline(__always)
  private mutating func append(_ ticket: UInt64, _ object: SharedObject) {
    let number = object.number(blocks: blocks)
    append(ticket &- last[number])
    last[number] = ticket
  }

  @inline(__always)
  private mutating func append(_ number: UInt64) {
    var rest = number
    while rest >= 0x80 {
      append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest &>>= 7
    }
    append(UInt8(truncatingIfNeeded: rest))
  }

  @inline(__always)
  private mutating func append(_ witness: PullWitness) {
    let target = UnsafeMutableRawPointer(bytes + count)
    target.storeBytes(of: witness.checksum.littleEndian, as: UInt32.self)
    target.storeBytes(of: witness.sample.bitPattern.littleEndian, toByteOffset: 4, as: UInt32.self)
    count &+= 8
  }
}

/// An access on record, with what a pull that ended with it brought.
struct LoggedAccess: Hashable {
  /// The object, and the ticket at it.
  var access: RecordedAccess
  /// The record that it belongs to.
  var kind: AccessRecord
  /// What the pull brought that ends with this access.
  var witness: PullWitness?
  /// Which access it is, where a record has just one.
  var single: SingleAccess?

  /// Whether it is the access of a push around a model of `blocks` blocks by which pushes are counted.
  func countsPush(blocks: Int) -> Bool {
    switch kind {
    case .exchange: true
    case .push: access.object == 0
    case .single: single == .meet || (single!.endsPush && access.object == blocks - 1)
    case .pull, .pullAll, .claim, .episode: false
    }
  }
}

/// The log of one worker as it is read, access after access.
struct AccessLogReader: Sendable {
  /// Why a log cannot be read on.
  struct Damage: Error, Equatable {
    /// How many bytes of the log precede what makes no sense.
    var position: Int
    var reason: String
  }

  private let blocks: Int
  private var last: [UInt64]
  private var kind = AccessRecord.claim
  /// How many accesses of the current record are still to be read.
  private var left = 0

  /// A reader at the beginning of a log beside a model of `blocks` blocks.
  init(blocks: Int) {
    self.blocks = blocks
    last = [UInt64](repeating: 0, count: SharedObject.count(blocks: blocks))
  }

  /// Whether the next access begins a record.
  var isBetweenRecords: Bool { left == 0 }

  /// The access that begins at `bytes[position]`; `nil` where the bytes end before it does.
  /// - Parameter position: moved behind it.
  mutating func next(_ bytes: UnsafeRawBufferPointer, at position: inout Int) throws(Damage) -> LoggedAccess? {
    var reading = position
    var (kind, left) = (kind, left)
    if left == 0 {
      guard reading < bytes.count else { return nil }
      guard let begun = AccessRecord(rawValue: bytes[reading]) else {
        throw Damage(position: reading, reason: "\(bytes[reading]) is no kind of record")
      }
      (kind, left) = (begun, begun.count(blocks: blocks))
      reading += 1
    }
    var single: SingleAccess?
    var block = 0
    if kind == .single {
      guard reading < bytes.count else { return nil }
      single = SingleAccess(rawValue: bytes[reading])
      guard let single else {
        throw Damage(position: reading, reason: "\(bytes[reading]) is no kind of access")
      }
      reading += 1
      if single.hasBlock {
        guard let number = try Self.number(bytes, at: &reading) else { return nil }
        guard number < UInt64(blocks) else {
          throw Damage(position: position, reason: "there is no block \(number) of \(blocks)")
        }
        block = Int(number)
      }
    }
    guard let difference = try Self.number(bytes, at: &reading) else { return nil }
    let place = single?.object(block) ?? kind.object(kind.count(blocks: blocks) - left)!
    let object = place.number(blocks: blocks)
    left -= 1
    let (ticket, isTooLarge) = last[object].addingReportingOverflow(difference)
    guard !isTooLarge else { throw Damage(position: position, reason: "a ticket has more than 64 bits") }
    var witness: PullWitness?
    if left == 0 && kind.hasWitness {
      guard reading + 8 <= bytes.count else { return nil }
      func word(_ offset: Int) -> UInt32 {
        UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: reading + offset, as: UInt32.self))
      }
      witness = PullWitness(checksum: word(0), sample: Float(bitPattern: word(4)))
      reading += 8
    }
    last[object] = ticket
    (self.kind, self.left) = (kind, left)
    position = reading
    return LoggedAccess(
      access: RecordedAccess(object: object, ticket: ticket), kind: kind, witness: witness, single: single)
  }

  /// The number in groups of seven bits that begins at `bytes[reading]`; `nil` where the bytes end before it does.
  private static func number(_ bytes: UnsafeRawBufferPointer, at reading: inout Int) throws(Damage) -> UInt64? {
    var number: UInt64 = 0
    var shift: UInt64 = 0
    while true {
      guard reading < bytes.count else { return nil }
      let byte = bytes[reading]
      guard shift < 63 || byte <= 1 else { throw Damage(position: reading, reason: "a ticket has more than 64 bits") }
      reading += 1
      number |= UInt64(byte & 0x7f) &<< shift
      if byte < 0x80 { return number }
      shift += 7
    }
  }
}
