// Against the original library: what it wrote is read exactly, what it is to read is written exactly, and damaged files
// are refused in the words of an index. Fixtures/generators/safetensors makes and checks the files with it.

import Foundation
import Testing
import Training

private let fixtures = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
  .deletingLastPathComponent().appending(path: "Fixtures")

private func bytes(_ path: String) throws -> [UInt8] {
  Array(try Data(contentsOf: fixtures.appending(path: path)))
}

private func bytes(ofHexadecimal digits: String) throws -> [UInt8] {
  let digits = try digits.map { try UInt8(#require($0.hexDigitValue)) }
  return stride(from: 0, to: digits.count, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
}

/// The tensors of both files, in the order that the original library gives them; make.py has the same table.
private let tensors: [Safetensors.Tensor] = [
  .init("unsigned", shape: [2], values: .u64([.max, 1 << 63])),
  .init("signed", shape: [3], values: .i64([.min, -1, .max])),
  .init(
    "doubles", shape: [3, 1], values: .f64([0.1, -.infinity, Double(bitPattern: 0xFFF8_0000_0000_0ABC)])),
  .init("empty", shape: [0, 4], values: .f64([])),
  .init("scalar", shape: [], values: .f32([2.5])),
  .init(
    "singles", shape: [2, 3],
    values: .f32([
      0.1, -0.0, .leastNonzeroMagnitude, .infinity, Float(bitPattern: 0x7FC0_0123), .greatestFiniteMagnitude,
    ])),
  .init("bytes", shape: [5], values: .u8([0, 1, 127, 128, 255])),
  .init("größe/\"x\"\n\u{1F}🌱", shape: [1], values: .u8([7])),
]
private let metadata = ["writer \"of\"\tthis": "safetensors \\ 0.8.0\r\n\u{01} größer 🌱"]

/// What `from-a3c.safetensors` holds: the same in another order, with more metadata.
private let own = Safetensors(
  tensors: tensors.reversed(), metadata: metadata.merging(["": "", "a": "1", "Z": "2"]) { first, _ in first })

/// A damaged file, and what is said of it.
private struct Damage: Sendable, CustomTestStringConvertible {
  let file: String
  let sentence: String
  var testDescription: String { file }

  /// The rows of the index; none if it cannot be read, which the count reports.
  static let all: [Damage] = {
    let text = (try? String(decoding: bytes("malformed/safetensors/index.tsv"), as: UTF8.self)) ?? ""
    return text.split(separator: "\n").dropFirst().map { line in
      let cells = line.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
      return Damage(file: cells[0], sentence: cells.count > 1 ? cells[1] : "")
    }
  }()
}

@Suite("Golden safetensors") struct GoldenSafetensorsTests {
  private static let isBlessing = ProcessInfo.processInfo.environment["A3C_BLESS"] == "1"

  @Test func `what the original library wrote is read exactly, and written again as the same bytes`() throws {
    let written = try bytes("safetensors/from-python.safetensors")
    let contents = try Safetensors(decoding: written)
    #expect(contents == Safetensors(tensors: tensors, metadata: metadata))
    #expect(contents.encoded() == written)
  }

  @Test func `what the original library checked is what is written now`() throws {
    let path = "safetensors/from-a3c.safetensors"
    if Self.isBlessing { try Data(own.encoded()).write(to: fixtures.appending(path: path), options: .atomic) }
    #expect(
      try bytes(path) == own.encoded(),
      "if that is meant: A3C_BLESS=1 swift test --filter Golden, then Fixtures/generators/safetensors/make.sh")
  }

  @Test func `whichever bit of the header is flipped, what is read is what the original library reads`() throws {
    let written = try bytes("safetensors/from-python.safetensors")
    let digits = String(decoding: try bytes("safetensors/from-python-flips.txt"), as: UTF8.self).split(separator: "\n")
    let masks = try bytes(ofHexadecimal: digits.joined())
    let read = masks.indices.map { byte in
      (0..<8).reduce(UInt8(0)) { mask, bit in
        var flipped = written
        flipped[byte] ^= 1 << bit
        return (try? Safetensors(decoding: flipped)) == nil ? mask : mask | 1 << bit
      }
    }
    #expect(read == masks)
    #expect(masks.count == 600 && masks.contains(0xFF) == false && masks.contains { $0 != 0 })
  }

  @Test(arguments: Damage.all)
  fileprivate func `a damaged file is refused in the index's words`(damage: Damage) throws {
    let damaged = try bytes("malformed/safetensors/\(damage.file).safetensors")
    let error = #expect(throws: SafetensorsError.self) { try Safetensors(decoding: damaged) }
    #expect(error?.description == damage.sentence)
  }

  @Test func `the index and the folder have the same files, each with a sentence of its own kind`() throws {
    let names = try FileManager.default.contentsOfDirectory(
      atPath: fixtures.appending(path: "malformed/safetensors").path)
    #expect(Set(names) == Set(Damage.all.map { "\($0.file).safetensors" } + ["index.tsv"]))
    #expect(Damage.all.count >= 50)
    #expect(Damage.all.allSatisfy { $0.sentence.hasPrefix("byte ") && $0.sentence.count < 200 })
  }
}
