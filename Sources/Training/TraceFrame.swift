// The outer form of a trace: a signature, a version, and frames with checksums. A trace is written while its run goes
// on, so it must be readable up to the last complete frame, and damage must not pass for an early end.
//
//     offset 0   "A3CTRACE"
//            8   the version, one byte: 1
//            9   frames, each:
//                  kind            1 byte
//                  header check    3 bytes: the low ones of XXH64 over kind and length, 5 bytes
//                  length          4 bytes, of the payload
//                  payload
//                  check           8 bytes: XXH64 of the payload, seeded with the frame's offset
//
// Numbers are little-endian. docs/formats.md describes the same bytes, and what the payloads mean.

import DeterministicMath
import Foundation

/// Why a trace cannot be read. The description is one sentence without the file's name.
public struct TraceError: Error, Equatable, CustomStringConvertible {
  /// Where, what, and what to do.
  public let description: String

  init(_ offset: Int, _ reason: String) { description = "byte \(offset): \(reason)" }
}

/// A piece of a trace.
struct TraceFrame: Equatable {
  /// What frames hold.
  enum Kind: UInt8 {
    /// The run's description, as JSON. The first frame, and no other.
    case header = 0x48
    /// A state from which the run goes on: a checkpoint. Only the second frame.
    case state = 0x53
    /// A worker's accesses: the worker's number, 4 bytes, then a piece of its log.
    case log = 0x4c
    /// Who makes each access of a lockstep run: pairs of a process's number and how many accesses it makes in a row.
    /// Only the second frame, and then there are no logs.
    case choices = 0x4f
    /// A moment at which every worker stood still, as JSON.
    case cut = 0x43
    /// The end of the recording, as JSON. The last frame.
    case end = 0x45
  }

  /// The bytes before the first frame.
  static let signature: [UInt8] = Array("A3CTRACE".utf8) + [version]
  static let version: UInt8 = 2
  /// How many bytes a frame has beside its payload.
  static let overhead = 16
  /// The longest payload that is written or read.
  static let longestPayload = 1 << 30

  var kind: Kind
  /// Where the frame begins in the file.
  var offset: Int
  /// Where the payload is in the file.
  var payload: Range<Int>

  /// Adds a whole frame to `bytes`, the beginning of a trace.
  static func append(_ kind: Kind, _ payload: [UInt8], to bytes: inout [UInt8]) {
    let offset = bytes.count
    bytes += head(kind, length: payload.count) + payload
    let checksum = payload.withUnsafeBytes { check(offset: offset, $0) }
    withUnsafeBytes(of: checksum.littleEndian) { bytes += $0 }
  }

  /// The payload of a frame that is JSON.
  static func payload(_ value: some Encodable) throws -> [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return Array(try encoder.encode(value))
  }

  /// What precedes a payload of `length` bytes.
  static func head(_ kind: Kind, length: Int) -> [UInt8] {
    precondition(length <= longestPayload, "a frame of \(length) bytes; the most is \(longestPayload)")
    let count = (0..<4).map { UInt8(truncatingIfNeeded: length >> (8 * $0)) }
    return [kind.rawValue] + headCheck(kind.rawValue, count) + count
  }

  private static func headCheck(_ kind: UInt8, _ count: [UInt8]) -> [UInt8] {
    var digest = StateDigest()
    ([kind] + count).withUnsafeBytes { digest.combine(contentsOf: $0) }
    return (0..<3).map { UInt8(truncatingIfNeeded: digest.value >> (8 * UInt64($0))) }
  }

  /// The check of a frame at `offset` with a payload of these parts.
  static func check(offset: Int, _ parts: UnsafeRawBufferPointer...) -> UInt64 {
    var digest = StateDigest(seed: UInt64(offset))
    for part in parts { digest.combine(contentsOf: part) }
    return digest.value
  }

  /// Reads the frame at `offset`.
  /// - Returns: `nil` where the file ends before the frame does.
  static func read(_ file: UnsafeRawBufferPointer, at offset: Int) throws(TraceError) -> TraceFrame? {
    guard file.count - offset >= 8 else { return nil }
    let count = Array(file[offset + 4..<offset + 8])
    guard Array(file[offset + 1..<offset + 4]) == headCheck(file[offset], count) else {
      throw TraceError(offset, "the frame's head is damaged; record the run again")
    }
    guard let kind = Kind(rawValue: file[offset]) else {
      throw TraceError(offset, "\(file[offset]) is no kind of frame; record the run again")
    }
    let length = count.enumerated().reduce(0) { $0 | Int($1.element) << (8 * $1.offset) }
    guard length <= longestPayload else {
      throw TraceError(offset, "a frame of \(length) bytes, where \(longestPayload) are the most; record the run again")
    }
    guard file.count - offset >= length + overhead else { return nil }
    let payload = offset + 8..<offset + 8 + length
    let stored = file.loadUnaligned(fromByteOffset: payload.upperBound, as: UInt64.self)
    guard UInt64(littleEndian: stored) == check(offset: offset, UnsafeRawBufferPointer(rebasing: file[payload])) else {
      throw TraceError(offset, "the frame's contents do not have their checksum; record the run again")
    }
    return TraceFrame(kind: kind, offset: offset, payload: payload)
  }

  /// Where the next frame begins.
  var end: Int { payload.upperBound + 8 }
}
