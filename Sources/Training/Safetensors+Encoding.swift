// Tensors to the bytes of a safetensors file, the same bytes on every machine.

#if _endian(big)
  #error("safetensors files are little-endian, and elements are copied here as they lie in memory")
#endif

extension Safetensors {
  /// The bytes of the file: the header's length, the header with the tensors in their order and the metadata sorted by
  /// key, spaces up to a multiple of 8, then the elements.
  ///
  /// Elements of 8 bytes come first and single bytes last, tensors of one size in their order. Nothing may lie between
  /// tensors, so this is what aligns each to its elements, and it is what the original library does.
  public func encoded() -> [UInt8] {
    let layout = tensors.indices.sorted { tensors[$0].values.dtype.size > tensors[$1].values.dtype.size }
    var offsets = Array(repeating: 0..<0, count: tensors.count)
    var data: [UInt8] = []
    for index in layout {
      let begin = data.count
      data += tensors[index].values.bytes
      offsets[index] = begin..<data.count
    }

    var members = zip(tensors, offsets).map { tensor, range in
      let shape = tensor.shape.map(String.init).joined(separator: ",")
      return #"\#(json(tensor.name)):{"dtype":"\#(tensor.values.dtype.rawValue)","shape":[\#(shape)],"#
        + #""data_offsets":[\#(range.lowerBound),\#(range.upperBound)]}"#
    }
    if !metadata.isEmpty {
      let entries = metadata.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
      let object = entries.map { "\(json($0.key)):\(json($0.value))" }.joined(separator: ",")
      members.insert("\(json(Self.metadataName)):{\(object)}", at: 0)
    }
    var header = Array("{\(members.joined(separator: ","))}".utf8)
    header += repeatElement(UInt8(ascii: " "), count: (8 - header.count % 8) % 8)
    precondition(header.count <= Self.headerLimit, "a header of \(header.count) bytes, which no reader accepts")
    return Values.u64([UInt64(header.count)]).bytes + header + data
  }

  /// Readers refuse longer headers: the original library does.
  static let headerLimit = 100_000_000
}

extension Safetensors.Values {
  /// The elements one after the other, little-endian.
  var bytes: [UInt8] {
    switch self {
    case .f32(let elements): elements.withUnsafeBytes(Array.init)
    case .f64(let elements): elements.withUnsafeBytes(Array.init)
    case .i64(let elements): elements.withUnsafeBytes(Array.init)
    case .u64(let elements): elements.withUnsafeBytes(Array.init)
    case .u8(let elements): elements
    }
  }
}

/// A JSON string, with no more escapes than JSON demands.
private func json(_ text: String) -> String {
  var literal = "\""
  for scalar in text.unicodeScalars {
    switch scalar {
    case "\"": literal += "\\\""
    case "\\": literal += "\\\\"
    case "\n": literal += "\\n"
    case "\r": literal += "\\r"
    case "\t": literal += "\\t"
    case "\u{08}": literal += "\\b"
    case "\u{0C}": literal += "\\f"
    case "\0"..."\u{1F}": literal += (scalar.value < 16 ? "\\u000" : "\\u00") + String(scalar.value, radix: 16)
    default: literal.unicodeScalars.append(scalar)
    }
  }
  return literal + "\""
}
