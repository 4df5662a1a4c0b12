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

  /// How many accesses a record of this kind has, around a model of `blocks` blocks.
  func count(blocks: Int) -> Int {
    switch self {
    case .exchange, .pullAll, .claim: 1
    case .push, .pull: blocks
    case .episode: 4
    }
  }

  /// The object of a record's access number `index`.
  func object(_ index: Int) -> SharedObject {
    switch self {
    case .exchange, .pullAll: .model
    case .push, .pull: .block(index)
    case .claim: .episodeCounter
    case .episode: index == 0 ? .episodeCounter : index == 3 ? .results : .smoothedReward
    }
  }

  /// Whether a witness follows the tickets.
  var hasWitness: Bool { self == .exchange || self == .pull || self == .pullAll }
}

extension Worker.Phase {
  /// Whether a record begins with the access of this phase, so that a worker that is to stop can stop before it.
  var beginsRecord: Bool {
    switch self {
    case .claiming, .exchanging, .pullingAll, .counting, .updating(0), .loading(0), .pulling(0), .finished, .failed:
      true
    case .updating, .loading, .storing, .pulling, .smoothing, .reading, .publishing: false
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

  /// An empty log beside a model of `blocks` blocks, to be emptied when it has `capacity` bytes.
  init(blocks: Int, capacity: Int) {
    self.blocks = blocks
    self.capacity = capacity
    // A record more than the capacity: who empties it looks at it between two records.
    bytes = .allocate(capacity: capacity + Self.largestRecord(blocks: blocks))
    last = .allocate(capacity: SharedObject.count(blocks: blocks))
    last.initialize(repeating: 0, count: SharedObject.count(blocks: blocks))
  }

  deinit {
    bytes.deallocate()
    last.deallocate()
  }

  private static func largestRecord(blocks: Int) -> Int { 1 + 10 * max(4, blocks) + 8 }

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
    case .loading, .storing, .finished, .failed: preconditionFailure("\(phase) takes no ticket")
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
    var rest = ticket &- last[number]
    last[number] = ticket
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
    var difference: UInt64 = 0
    var shift: UInt64 = 0
    while true {
      guard reading < bytes.count else { return nil }
      let byte = bytes[reading]
      guard shift < 63 || byte <= 1 else { throw Damage(position: reading, reason: "a ticket has more than 64 bits") }
      reading += 1
      difference |= UInt64(byte & 0x7f) &<< shift
      if byte < 0x80 { break }
      shift += 7
    }
    let object = kind.object(kind.count(blocks: blocks) - left).number(blocks: blocks)
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
    return LoggedAccess(access: RecordedAccess(object: object, ticket: ticket), kind: kind, witness: witness)
  }
}
