// Reads the JSON of a safetensors header. A general JSON reader would hide what has to be refused: names that stand
// twice, 1.0 for 1, and where in the file it is. The header's grammar has a fixed depth, so nothing here recurs.

/// A place in the header of a file, and the ways to go on from it.
struct SafetensorsHeaderReader {
  /// What the header says about a tensor.
  struct Entry {
    /// Its name.
    let name: String
    /// The offset of the name in the file.
    let position: Int
    /// Its type of elements.
    let dtype: Safetensors.Dtype
    /// Its extents.
    let shape: [Int]
    /// The offset in the data of its first byte.
    let begin: Int
    /// The offset in the data after its last byte.
    let end: Int
  }

  private let bytes: [UInt8]
  private let end: Int
  private var position: Int

  /// A reader at the beginning of the `header` of a file.
  init(header: Range<Int>, of bytes: [UInt8]) {
    self.bytes = bytes
    position = header.lowerBound
    end = header.upperBound
  }

  /// The whole header, in the order of the file.
  mutating func header() throws(SafetensorsError) -> (entries: [Entry], metadata: [String: String]) {
    var entries: [Entry] = []
    var metadata: [String: String] = [:]
    // No white space is allowed before this one.
    guard next == UInt8(ascii: "{") else { throw unexpected("'{'") }
    try expect("{")
    var names: Set<String> = []
    while let (name, position) = try nextName(after: &names) {
      if name == Safetensors.metadataName {
        metadata = try texts()
      } else {
        entries.append(try entry(name, at: position))
      }
    }
    skipSpace()
    guard next == nil else { throw unexpected("the end of the header") }
    return (entries, metadata)
  }

  private mutating func texts() throws(SafetensorsError) -> [String: String] {
    var texts: [String: String] = [:]
    try expect("{")
    var names: Set<String> = []
    while let (name, _) = try nextName(after: &names) { texts[name] = try text() }
    return texts
  }

  private mutating func entry(_ name: String, at position: Int) throws(SafetensorsError) -> Entry {
    func refused(_ reason: String, at position: Int) -> SafetensorsError {
      SafetensorsError(byte: position, "tensor \(SafetensorsError.quoted(name)) has \(reason)")
    }
    var dtype: Safetensors.Dtype?
    var shape: [Int]?
    var offsets: [Int]?
    try expect("{")
    var members: Set<String> = []
    while let (member, position) = try nextName(after: &members) {
      skipSpace()
      let value = self.position
      switch member {
      case "dtype":
        let found = try text()
        guard let known = Safetensors.Dtype(rawValue: found) else {
          let all = Safetensors.Dtype.allCases.map(\.rawValue).joined(separator: ", ")
          throw refused("the dtype \(SafetensorsError.quoted(found)); those read here are \(all)", at: value)
        }
        dtype = known
      case "shape":
        shape = try numbers()
      case "data_offsets":
        let found = try numbers()
        guard found.count == 2 else { throw refused("\(found.count) data_offsets, and 2 are needed", at: value) }
        offsets = found
      default:
        throw refused(
          "a member \(SafetensorsError.quoted(member)); allowed are dtype, shape and data_offsets", at: position)
      }
    }
    guard let dtype else { throw refused("no dtype", at: position) }
    guard let shape else { throw refused("no shape", at: position) }
    guard let offsets else { throw refused("no data_offsets", at: position) }
    return Entry(name: name, position: position, dtype: dtype, shape: shape, begin: offsets[0], end: offsets[1])
  }
}

// The pieces of JSON that a header is made of.
extension SafetensorsHeaderReader {
  /// The next byte; `nil` at the end of the header.
  private var next: UInt8? { position < end ? bytes[position] : nil }

  private mutating func skipSpace() {
    while let byte = next, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { position += 1 }
  }

  /// Goes beyond white space and the character, which must be next.
  private mutating func expect(_ character: Unicode.Scalar) throws(SafetensorsError) {
    guard take(character) else { throw unexpected("'\(character)'") }
  }

  /// Goes beyond white space and, if it is next, the character.
  private mutating func take(_ character: Unicode.Scalar) -> Bool {
    skipSpace()
    guard next == UInt8(ascii: character) else { return false }
    position += 1
    return true
  }

  /// The next name of an object and its offset, the reader then standing before its value; `nil` after the last.
  /// - Parameter names: those that the object had so far; none before the first.
  private mutating func nextName(
    after names: inout Set<String>
  ) throws(SafetensorsError) -> (name: String, position: Int)? {
    if take("}") { return nil }
    if !names.isEmpty { guard take(",") else { throw unexpected("',' or '}'") } }
    skipSpace()
    let position = position
    let name = try text()
    guard names.insert(name).inserted else {
      throw SafetensorsError(byte: position, "the name \(SafetensorsError.quoted(name)) stands here a second time")
    }
    try expect(":")
    return (name, position)
  }

  /// An array of whole numbers.
  private mutating func numbers() throws(SafetensorsError) -> [Int] {
    try expect("[")
    if take("]") { return [] }
    var numbers = [try number()]
    while !take("]") {
      guard take(",") else { throw unexpected("',' or ']'") }
      numbers.append(try number())
    }
    return numbers
  }

  /// A whole number of at least 0, with no sign, fraction, exponent or leading zero.
  private mutating func number() throws(SafetensorsError) -> Int {
    skipSpace()
    let start = position
    var number = 0
    while let digit = next.flatMap({ Int($0) - 0x30 }), (0...9).contains(digit), start == position || number > 0 {
      let (tenfold, isTooLarge) = number.multipliedReportingOverflow(by: 10)
      let (sum, isStillTooLarge) = tenfold.addingReportingOverflow(digit)
      if isTooLarge || isStillTooLarge { throw SafetensorsError(byte: start, "the number is larger than \(Int.max)") }
      number = sum
      position += 1
    }
    guard position > start else { throw unexpected("a whole number of at least 0") }
    return number
  }

  /// A string.
  private mutating func text() throws(SafetensorsError) -> String {
    skipSpace()
    let start = position
    guard take("\"") else { throw unexpected("a string") }
    var utf8: [UInt8] = []
    while let byte = next, byte != UInt8(ascii: "\"") {
      guard byte >= 0x20 else { throw unexpected("an escape for a control character") }
      position += 1
      if byte == UInt8(ascii: "\\") { utf8 += try escaped().utf8 } else { utf8.append(byte) }
    }
    guard next != nil else { throw unexpected("the end of the string") }
    position += 1
    guard let text = String(validating: utf8, as: UTF8.self) else {
      throw SafetensorsError(byte: start, "the string that begins here is not UTF-8")
    }
    return text
  }

  /// What stands after a backslash.
  private mutating func escaped() throws(SafetensorsError) -> String {
    let start = position - 1
    let letter = next
    position += letter == nil ? 0 : 1
    switch letter {
    case UInt8(ascii: "\""): return "\""
    case UInt8(ascii: "\\"): return "\\"
    case UInt8(ascii: "/"): return "/"
    case UInt8(ascii: "b"): return "\u{08}"
    case UInt8(ascii: "f"): return "\u{0C}"
    case UInt8(ascii: "n"): return "\n"
    case UInt8(ascii: "r"): return "\r"
    case UInt8(ascii: "t"): return "\t"
    case UInt8(ascii: "u"):
      // One or two units of UTF-16; two where the first alone is no character.
      var units = [try codeUnit()]
      if UTF16.isLeadSurrogate(units[0]), bytes[position..<end].starts(with: "\\u".utf8) {
        position += 2
        units.append(try codeUnit())
      }
      if let text = String(validating: units, as: UTF16.self) { return text }
      throw SafetensorsError(byte: start, "the escape is half of a character")
    default: throw SafetensorsError(byte: start, "there is no such escape in JSON")
    }
  }

  /// Four hexadecimal digits.
  private mutating func codeUnit() throws(SafetensorsError) -> UInt16 {
    var unit: UInt16 = 0
    for _ in 0..<4 {
      guard let digit = next.flatMap({ Character(Unicode.Scalar($0)).hexDigitValue }) else {
        throw unexpected("a hexadecimal digit")
      }
      unit = unit << 4 | UInt16(digit)
      position += 1
    }
    return unit
  }

  private func unexpected(_ wanted: String) -> SafetensorsError {
    let found =
      switch next {
      case nil: "the header ends"
      case .some(let byte) where (0x21...0x7E).contains(byte): "'\(Unicode.Scalar(byte))' stands"
      case .some(let byte): "the byte \(byte) stands"
      }
    return SafetensorsError(byte: position, "\(wanted) is needed where \(found)")
  }
}
