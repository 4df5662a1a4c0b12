// The tensors of a checkpoint survive the way to bytes and back, bit for bit, and no bytes make the reader crash.

import Foundation
import PropertyTesting
import Testing
import Training

/// Numbers of any bits, NaNs and infinities among them.
private let patterns = Generator<UInt64> { choices in
  switch choices.below(4) {
  case 0: UInt64(choices.below(3))
  case 1: choices.draw(.element(of: [Double.nan, -.infinity, -0.0, 0.1])).bitPattern
  default: UInt64(choices.below(1 << 32)) << 32 | UInt64(choices.below(1 << 32))
  }
}

private let texts = Generator<[Unicode.Scalar]>.array(
  of: .element(of: ["a", "b", "\"", "\\", "/", "\n", "\u{1F}", "\0", "\u{7F}", "é", "🌱", "{", ":"]), count: 0...5
).map { String(String.UnicodeScalarView($0)) }

private let contents = Generator<Safetensors> { choices in
  let tensors = (0..<choices.below(5)).map { index in
    let shape = choices.draw(Generator<[Int]>.array(of: .integer(in: 0...3), count: 0...3))
    let elements = (0..<shape.reduce(1, *)).map { _ in choices.draw(patterns) }
    let values: Safetensors.Values =
      switch choices.draw(.element(of: Safetensors.Dtype.allCases)) {
      case .f32: .f32(elements.map { Float(bitPattern: UInt32(truncatingIfNeeded: $0)) })
      case .f64: .f64(elements.map { Double(bitPattern: $0) })
      case .i64: .i64(elements.map { Int64(bitPattern: $0) })
      case .u64: .u64(elements)
      case .u8: .u8(elements.map { UInt8(truncatingIfNeeded: $0) })
      }
    return Safetensors.Tensor("\(index)\(choices.draw(texts))", shape: shape, values: values)
  }
  let pairs = (0..<choices.below(4)).map { _ in (choices.draw(texts), choices.draw(texts)) }
  return Safetensors(tensors: tensors, metadata: Dictionary(pairs, uniquingKeysWith: { first, _ in first }))
}

/// A file of two tensors and its header's end.
private let small = Safetensors(
  tensors: [
    .init("w", shape: [2], values: .f32([1, -2])), .init("n", shape: [], values: .u64([3])),
  ], metadata: ["k": "v"]
).encoded()

/// Why `bytes` are no file; `nil` where they are one.
private func complaint(about bytes: [UInt8]) -> String? {
  do {
    _ = try Safetensors(decoding: bytes)
    return nil
  } catch { return error.description }
}

private func header(of bytes: [UInt8]) -> String {
  String(decoding: bytes[8..<(8 + Int(bytes[0]) + Int(bytes[1]) << 8)], as: UTF8.self)
}

@Suite("Safetensors") struct SafetensorsTests {
  @Test func `a file is read as it was written`() {
    expectProperty("decoding undoes encoding", of: contents) { try Safetensors(decoding: $0.encoded()) == $0 }
    // The property has teeth: one bit of one element, a shape, an order or a text makes contents unequal.
    let found = counterexample(of: contents) { contents in
      var bytes = contents.encoded()
      if contents.tensors.contains(where: { $0.values.count > 0 }) { bytes[bytes.count - 1] ^= 1 }
      return try Safetensors(decoding: bytes) == contents
    }
    #expect(found != nil)
  }

  @Test func `elements are equal when their bits are`() {
    typealias Values = Safetensors.Values
    #expect(Values.f32([.nan]) == .f32([.nan]))
    #expect(Values.f32([0]) != .f32([-0.0]))
    #expect(Values.f64([Double(nan: 1, signaling: false)]) != .f64([Double(nan: 2, signaling: false)]))
    #expect(Values.u64([1]) != .i64([1]))
    #expect(Values.f32([]) != .f64([]))
  }

  @Test func `the header is compact JSON, padded so that the elements begin at a multiple of 8`() {
    let text = header(of: small)
    #expect(
      text == #"{"__metadata__":{"k":"v"},"w":{"dtype":"F32","shape":[2],"data_offsets":[8,16]},"#
        + #""n":{"dtype":"U64","shape":[],"data_offsets":[0,8]}}"# + "    ")
    #expect(Array(small[(8 + text.utf8.count)...]) == [3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x80, 0x3F, 0, 0, 0, 0xC0])
    expectProperty("elements are aligned, with no more spaces than that takes", of: contents) { contents in
      let text = header(of: contents.encoded()).utf8
      return text.count.isMultiple(of: 8) && text.reversed().prefix { $0 == UInt8(ascii: " ") }.count < 8
    }
  }

  @Test func `wider elements come first, so that each is aligned, and the tensors keep their order`() throws {
    let mixed = Safetensors(tensors: [
      .init("a", shape: [3], values: .u8([1, 2, 3])), .init("b", shape: [1], values: .f32([1])),
      .init("c", shape: [1], values: .f64([2])), .init("d", shape: [1], values: .u8([4])),
    ])
    let bytes = mixed.encoded()
    #expect(bytes.suffix(16) == [0, 0, 0, 0, 0, 0, 0, 0x40, 0, 0, 0x80, 0x3F, 1, 2, 3, 4])
    #expect(try Safetensors(decoding: bytes).tensors.map(\.name) == ["a", "b", "c", "d"])
  }

  @Test func `equal metadata give equal bytes, sorted by the bytes of the keys`() {
    let keys = ["é", "b", "", "Z", "a", "~"]
    func encoded(_ keys: [String]) -> [UInt8] {
      Safetensors(tensors: [], metadata: Dictionary(uniqueKeysWithValues: keys.map { ($0, "") })).encoded()
    }
    #expect(encoded(keys) == encoded(keys.reversed()))
    #expect(header(of: encoded(keys)).hasPrefix(#"{"__metadata__":{"":"","Z":"","a":"","b":"","~":"","é":""}}"#))
  }

  @Test func `every truncation is refused`() {
    for count in small.indices {
      #expect(throws: SafetensorsError.self, "\(count) bytes") { try Safetensors(decoding: Array(small[..<count])) }
    }
    #expect(throws: Never.self) { try Safetensors(decoding: small) }
  }

  @Test func `a header may be as long as the original library allows, and no longer`() {
    // Spaces after the header are part of it, and here nearly all of it.
    var bytes = Array("\0\0\0\0\0\0\0\0{}".utf8) + Array(repeating: 0x20, count: 100_000_000 - 2)
    func claim(_ length: UInt64) {
      for index in 0..<8 { bytes[index] = UInt8(truncatingIfNeeded: length >> (8 * UInt64(index))) }
    }
    claim(100_000_000)
    #expect(complaint(about: bytes) == nil)
    bytes.append(0x20)
    claim(100_000_001)
    #expect(
      complaint(about: bytes) == "byte 8: the header claims 100000001 bytes, and 100000000 are allowed")
  }

  @Test func `whatever bit of length and header is flipped, the file is refused or read`() {
    var read = 0
    for bit in 0..<(8 * (8 + header(of: small).utf8.count)) {
      var bytes = small
      bytes[bit / 8] ^= 1 << (bit % 8)
      do {
        let contents = try Safetensors(decoding: bytes)
        read += 1
        // No bit is without meaning, so what is still a file says something else.
        #expect(try contents != Safetensors(decoding: small), "bit \(bit)")
      } catch {
        #expect(error.description.hasPrefix("byte "), "bit \(bit): \(error)")
      }
    }
    #expect(read > 0)
  }

  @Test func `arbitrary headers are refused or read`() {
    let pieces = [
      "{", "}", "[", "]", ",", ":", "\"", "\\", "\\u", "d83c", "0", "8", "-", ".", "e", " ", "null", "é",
      "\"w\"", "\"dtype\"", "\"F32\"", "\"shape\"", "\"data_offsets\"", "\"__metadata__\"", "{\"w\":{",
    ]
    expectProperty("nothing crashes", of: .array(of: .element(of: pieces), count: 0...30), cases: 1000) { pieces in
      let header = Array(("{" + pieces.joined()).utf8)
      let bytes = [UInt8(header.count)] + Array(repeating: 0, count: 7) + header
      guard let complaint = complaint(about: bytes) else { return true }
      return complaint.hasPrefix("byte ")
    }
  }

  @Test func `JSON may be spaced and escaped in other ways than ours`() throws {
    let text = " {\n\t\"data_offsets\" : [ 0 ,\r 2 ] , \"shape\":[ ],\"dtype\": \"U\\u0038\" } "
    for (escaped, name) in [
      (#"\u00e9"#, "é"), (#"\ud83C\uDF31"#, "🌱"), (#"\/\b\f\n\r\t\"\\"#, "/\u{8}\u{C}\n\r\t\"\\"), (#"\u0000"#, "\0"),
      (#"\u0041\ud83c\udf31\u0042C"#, "A🌱BC"),
    ] {
      let header = Array("{\"\(escaped)\":\(text.replacing("2", with: "1"))} \n".utf8)
      let contents = try Safetensors(decoding: [UInt8(header.count)] + Array(repeating: 0, count: 7) + header + [9])
      #expect(contents.tensors == [.init(name, shape: [], values: .u8([9]))])
    }
  }

  @Test func `contents that no file can hold are a programmer's error`() async {
    await #expect(processExitsWith: .failure) { _ = Safetensors.Tensor("a", shape: [2], values: .u8([1])) }
    await #expect(processExitsWith: .failure) { _ = Safetensors.Tensor("a", shape: [-1, -1], values: .u8([1])) }
    await #expect(processExitsWith: .failure) {
      _ = Safetensors(tensors: ["a", "a"].map { .init($0, shape: [0], values: .u8([])) })
    }
    await #expect(processExitsWith: .failure) {
      _ = Safetensors(tensors: [.init("__metadata__", shape: [0], values: .u8([]))])
    }
    await #expect(processExitsWith: .success) {
      _ = Safetensors(tensors: ["a", "b"].map { .init($0, shape: [0], values: .u8([])) })
    }
  }

  @Test func `tensors are found by name, with their dtype and shape`() throws {
    let contents = Safetensors(tensors: [
      .init("f32", shape: [2, 1], values: .f32([1, 2])), .init("f64", shape: [1], values: .f64([3])),
      .init("i64", shape: [1], values: .i64([-4])), .init("u64", shape: [], values: .u64([5])),
      .init("u8", shape: [0], values: .u8([])),
    ])
    #expect(try contents.f32("f32", shape: [2, 1]) == [1, 2])
    #expect(try contents.f64("f64", shape: [1]) == [3])
    #expect(try contents.i64("i64", shape: [1]) == [-4])
    #expect(try contents.u64("u64", shape: []) == [5])
    #expect(try contents.u8("u8", shape: [0]) == [])

    func sentence(_ look: () throws(SafetensorsError) -> some Any) -> String {
      do {
        _ = try look()
        return "found"
      } catch { return error.description }
    }
    #expect(
      sentence { () throws(SafetensorsError) in try contents.f32("v", shape: [1]) }
        == "there is no tensor 'v'; there are: 'f32', 'f64', 'i64', 2 more")
    #expect(
      sentence { () throws(SafetensorsError) in try Safetensors(tensors: []).f32("v", shape: [1]) }
        == "there is no tensor 'v'; there are: none")
    #expect(
      sentence { () throws(SafetensorsError) in try contents.f32("f32", shape: [1, 2]) }
        == "tensor 'f32' has shape [2, 1], and [1, 2] is needed")
    #expect(
      sentence { () throws(SafetensorsError) in try contents.f64("f32", shape: [2, 1]) }
        == "tensor 'f32' has dtype F32, and F64 is needed")
    #expect(
      sentence { () throws(SafetensorsError) in try contents.f32("f64", shape: [1]) }
        == "tensor 'f64' has dtype F64, and F32 is needed")
    #expect(
      sentence { () throws(SafetensorsError) in try contents.u64("i64", shape: [1]) }
        == "tensor 'i64' has dtype I64, and U64 is needed")
    #expect(
      sentence { () throws(SafetensorsError) in try contents.i64("u64", shape: []) }
        == "tensor 'u64' has dtype U64, and I64 is needed")
    #expect(
      sentence { () throws(SafetensorsError) in try contents.u8("f64", shape: [1]) }
        == "tensor 'f64' has dtype F64, and U8 is needed")
  }
}
