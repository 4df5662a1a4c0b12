// A trace taken apart, so that a test can change one thing in it and put it together again with the right checksums.

import DeterministicMath
import Foundation
import Lockstep
import Sharing

@testable import Training

/// What a trace says, as values.
struct EditableTrace {
  var header: TraceHeader
  var state: [UInt8]?
  /// Each worker's accesses.
  var logs: [[LoggedAccess]]
  var cuts: [TraceCut]
  var ending: TraceEnding?

  init(_ bytes: [UInt8]) throws {
    let trace = try Trace(Data(bytes))
    (header, state, cuts, ending) = (trace.header, trace.state?.bytes, trace.cuts, trace.ending)
    logs = try trace.logs.map { log in
      try log.withUnsafeBytes { bytes in
        var reader = AccessLogReader(blocks: trace.header.blocks)
        var (accesses, position) = ([LoggedAccess](), 0)
        while let access = try reader.next(bytes, at: &position) { accesses.append(access) }
        return accesses
      }
    }
  }

  /// The bytes, with one log a worker between two cuts.
  func encoded() throws -> [UInt8] {
    var bytes = TraceFrame.signature
    Self.append(.header, try Self.json(header), to: &bytes)
    if let state { Self.append(.state, state, to: &bytes) }
    let pieces = logs.map { Self.encode($0, blocks: header.blocks) }
    var written = [Int](repeating: 0, count: logs.count)
    func writeLogs(upTo limits: [Int]) {
      for (worker, limit) in zip(logs.indices, limits) where written[worker] < limit {
        let number = (0..<4).map { UInt8(truncatingIfNeeded: worker >> (8 * $0)) }
        let piece = pieces[worker][min(written[worker], pieces[worker].count)..<min(limit, pieces[worker].count)]
        Self.append(.log, number + piece.joined(), to: &bytes)
        written[worker] = limit
      }
    }
    for cut in cuts {
      writeLogs(upTo: cut.accesses)
      Self.append(.cut, try Self.json(cut), to: &bytes)
    }
    writeLogs(upTo: logs.map(\.count))
    if let ending { Self.append(.end, try Self.json(TraceEnd(ending: ending)), to: &bytes) }
    return bytes
  }

  /// Each access's bytes, the kind of its record before the first one of a record.
  private static func encode(_ log: [LoggedAccess], blocks: Int) -> [[UInt8]] {
    var last = [UInt64](repeating: 0, count: SharedObject.count(blocks: blocks))
    var left = 0
    return log.map { access in
      var bytes: [UInt8] = []
      if left == 0 {
        bytes = [access.kind.rawValue]
        left = access.kind.count(blocks: blocks)
      }
      left -= 1
      var rest = access.access.ticket &- last[access.access.object]
      last[access.access.object] = access.access.ticket
      repeat {
        bytes.append(UInt8(rest & 0x7f) | (rest > 0x7f ? 0x80 : 0))
        rest >>= 7
      } while rest > 0
      if let witness = access.witness {
        for word in [witness.checksum, witness.sample.bitPattern] {
          bytes += (0..<4).map { UInt8(truncatingIfNeeded: word >> (8 * UInt32($0))) }
        }
      }
      return bytes
    }
  }

  /// Adds a frame with right checks.
  static func append(_ kind: TraceFrame.Kind, _ payload: [UInt8], to bytes: inout [UInt8]) {
    append(kind.rawValue, payload, claiming: payload.count, to: &bytes)
  }

  /// Adds a frame of any kind that claims any length, with right checks.
  static func append(_ kind: UInt8, _ payload: [UInt8], claiming length: Int, to bytes: inout [UInt8]) {
    let offset = bytes.count
    let count = (0..<4).map { UInt8(truncatingIfNeeded: length >> (8 * $0)) }
    let headCheck = xxh64([kind] + count, seed: 0)
    bytes += [kind] + (0..<3).map { UInt8(truncatingIfNeeded: headCheck >> (8 * UInt64($0))) } + count + payload
    let check = xxh64(payload, seed: UInt64(offset))
    bytes += (0..<8).map { UInt8(truncatingIfNeeded: check >> (8 * UInt64($0))) }
  }

  private static func xxh64(_ bytes: [UInt8], seed: UInt64) -> UInt64 {
    var digest = StateDigest(seed: seed)
    bytes.withUnsafeBytes { digest.combine(contentsOf: $0) }
    return digest.value
  }

  static func json(_ value: some Encodable) throws -> [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return Array(try encoder.encode(value))
  }
}
