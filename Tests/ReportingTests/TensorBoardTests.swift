// Event files byte for byte, and their checksum against published values. That TensorBoard reads them is checked by
// Fixtures/generators/tensorboard, on the file that a test here keeps.

import Foundation
import Testing

@testable import Reporting

/// The points of the fixture; check.py has the same table.
private let scalars: [TensorBoardEvents.Scalar] = {
  let curve = (0..<5).map { (index: Int) -> TensorBoardEvents.Scalar in
    .init(tag: "train/return", step: 1000 * index, value: -1000 / Float(index + 1), wallTime: 1e9 + Double(index))
  }
  return curve + [
    .init(tag: "Stürme 🌱", step: .max, value: .leastNonzeroMagnitude, wallTime: 1_000_000_010.25),
    .init(tag: "edge", step: -1, value: -2.5, wallTime: 1_000_000_010.5),
    .init(tag: "edge", step: 0, value: 0, wallTime: 1_000_000_011),
    .init(tag: "edge", step: 127, value: -0.0, wallTime: 1_000_000_012),
    .init(tag: "edge", step: 128, value: .infinity, wallTime: 1_000_000_013),
    .init(tag: "edge", step: 1 << 32, value: .nan, wallTime: 1_000_000_014),
    .init(tag: String(repeating: "long", count: 50), step: 1, value: 0.1, wallTime: 1_000_000_015),
  ]
}()

@Suite("Golden TensorBoard") struct GoldenTensorBoardTests {
  @Test func `a file of one point is these bytes`() {
    let bytes =
      TensorBoardEvents.beginning(wallTime: 1.5)
      + TensorBoardEvents.records(for: [.init(tag: "a/b", step: 300, value: 0.5, wallTime: 2)])
    // Made with tensorboard 2.21.0: event_pb2 and RecordWriter.
    let expected =
      "1800000000000000" + "a37f4b22" + "09000000000000f83f" + "1a0d627261696e2e4576656e743a32" + "2a28646c"
      + "1a00000000000000" + "129bd82d" + "090000000000000040" + "10ac02" + "2a0c0a0a0a03612f62150000003f" + "133d26ac"
    #expect(bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined() == expected)
  }

  @Test func `the file that TensorBoard checked is what is written now`() throws {
    let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().appending(path: "Fixtures/tensorboard")
    let file = folder.appending(path: TensorBoardEvents.fileName(wallTime: 1e9))
    let bytes = TensorBoardEvents.beginning(wallTime: 1e9) + TensorBoardEvents.records(for: scalars)
    if ProcessInfo.processInfo.environment["A3C_BLESS"] == "1" {
      try Data(bytes).write(to: file, options: .atomic)
    }
    #expect(
      Array(try Data(contentsOf: file)) == bytes,
      "if that is meant: A3C_BLESS=1 swift test --filter Golden, then Fixtures/generators/tensorboard/check.sh")
  }
}

@Suite("TensorBoard") struct TensorBoardTests {
  @Test func `the checksum is the published one`() {
    #expect(CRC32C.checksum(Array("123456789".utf8)) == 0xE306_9283)
    // RFC 3720, appendix B.4.
    #expect(CRC32C.checksum(Array(repeating: 0, count: 32)) == 0x8A91_36AA)
    #expect(CRC32C.checksum(Array(repeating: 0xFF, count: 32)) == 0x62A8_AB43)
    #expect(CRC32C.checksum(Array(0..<32)) == 0x46DD_794E)
    #expect(CRC32C.checksum([]) == 0)
  }

  @Test func `the checksum notices any single bit`() {
    let message = Array("brain.Event:2".utf8)
    let flipped = (0..<(8 * message.count)).map { bit in
      var copy = message
      copy[bit / 8] ^= 1 << (bit % 8)
      return CRC32C.masked(copy)
    }
    #expect(Set(flipped + [CRC32C.masked(message)]).count == 8 * message.count + 1)
  }

  @Test func `records can be appended one at a time or all at once`() {
    #expect(scalars.flatMap { TensorBoardEvents.records(for: [$0]) } == TensorBoardEvents.records(for: scalars))
    #expect(TensorBoardEvents.records(for: []) == [])
    #expect(TensorBoardEvents.records(for: scalars) != TensorBoardEvents.records(for: scalars.reversed()))
  }

  @Test func `a time of zero is left out, as protocol buffers leave out what is zero`() {
    #expect(TensorBoardEvents.beginning(wallTime: 1).count == 16 + 9 + 15)
    #expect(TensorBoardEvents.beginning(wallTime: 0).count == 16 + 15)
  }

  @Test func `names of files sort by time`() {
    let names = [0.9, 5, 999_999_999.9, 1e9].map(TensorBoardEvents.fileName)
    #expect(names == names.sorted())
    #expect(names.first == "events.out.tfevents.0000000000.a3c")
    #expect(names.last == "events.out.tfevents.1000000000.a3c")
  }
}
