// The bytes of a safetensors file to tensors. Whatever the bytes are, they are read or refused with the offset at which
// they are wrong; no claim in them makes this allocate more than a few times their own size.

extension Safetensors {
  /// Reads the bytes of a file.
  ///
  /// Nothing is read that the original library refuses. Refused here and not there are names that stand twice, members
  /// that the format does not define, white space before the header, null for the metadata, and dtypes other than those
  /// of `Dtype`.
  /// - Throws: `SafetensorsError` with the offset of what is wrong.
  public init(decoding bytes: [UInt8]) throws(SafetensorsError) {
    let dataStart = try Self.endOfHeader(of: bytes)
    var reader = SafetensorsHeaderReader(header: 8..<dataStart, of: bytes)
    let header = try reader.header()
    try Self.checkLayout(of: header.entries, dataBytes: bytes.count - dataStart, fileBytes: bytes.count)
    tensors = header.entries.map { entry in
      let data = bytes[(dataStart + entry.begin)..<(dataStart + entry.end)]
      return Tensor(entry.name, shape: entry.shape, values: Values(entry.dtype, bytes: data))
    }
    metadata = header.metadata
  }

  /// The offset of the first byte after the header.
  private static func endOfHeader(of bytes: [UInt8]) throws(SafetensorsError) -> Int {
    guard bytes.count >= 8 else {
      throw SafetensorsError(byte: bytes.count, "the file ends here, within the 8 bytes of the header's length")
    }
    let claimed = bytes[..<8].reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    guard claimed <= UInt64(bytes.count - 8) else {
      throw SafetensorsError(byte: 8, "the header claims \(claimed) bytes, the file has \(bytes.count)")
    }
    guard claimed <= UInt64(headerLimit) else {
      throw SafetensorsError(byte: 8, "the header claims \(claimed) bytes, and \(headerLimit) are allowed")
    }
    return 8 + Int(claimed)
  }

  /// Checks that the tensors are as long as their shapes say and cover the data, each byte once.
  private static func checkLayout(
    of entries: [SafetensorsHeaderReader.Entry], dataBytes: Int, fileBytes: Int
  ) throws(SafetensorsError) {
    var covered = 0
    for entry in entries.sorted(by: { ($0.begin, $0.end) < ($1.begin, $1.end) }) {
      func refused(_ reason: String) -> SafetensorsError {
        SafetensorsError(byte: entry.position, "tensor \(SafetensorsError.quoted(entry.name)) \(reason)")
      }
      let shape = SafetensorsError.shown(entry.shape)
      guard let count = elementCount(of: entry.shape),
        case (let size, false) = count.multipliedReportingOverflow(by: entry.dtype.size)
      else { throw refused("of shape \(shape) has more bytes than can be counted") }
      guard entry.begin <= entry.end else {
        throw refused("begins at byte \(entry.begin) of the data and ends at \(entry.end)")
      }
      guard entry.end - entry.begin == size else {
        throw refused(
          "of dtype \(entry.dtype.rawValue) and shape \(shape) needs \(size) bytes and has "
            + "\(entry.end - entry.begin)")
      }
      guard entry.begin >= covered else {
        throw refused("begins at byte \(entry.begin) of the data, and the one before it ends at \(covered)")
      }
      guard entry.begin == covered else {
        throw refused("begins at byte \(entry.begin) of the data, and those from \(covered) on belong to none")
      }
      covered = entry.end
    }
    guard covered <= dataBytes else {
      throw SafetensorsError(
        byte: fileBytes, "the file ends here, and its tensors need \(covered - dataBytes) bytes more")
    }
    guard covered == dataBytes else {
      throw SafetensorsError(
        byte: fileBytes - dataBytes + covered, "the \(dataBytes - covered) bytes from here on belong to no tensor")
    }
  }
}

extension Safetensors.Values {
  /// The elements that lie one after the other in `bytes`, little-endian.
  fileprivate init(_ dtype: Safetensors.Dtype, bytes: ArraySlice<UInt8>) {
    switch dtype {
    case .f32: self = .f32(Self.elements(of: bytes))
    case .f64: self = .f64(Self.elements(of: bytes))
    case .i64: self = .i64(Self.elements(of: bytes))
    case .u64: self = .u64(Self.elements(of: bytes))
    case .u8: self = .u8(Array(bytes))
    }
  }

  private static func elements<Element: BitwiseCopyable>(of bytes: ArraySlice<UInt8>) -> [Element] {
    let count = bytes.count / MemoryLayout<Element>.stride
    // The initializer below writes the count 0 into the empty array that all threads have in common.
    if count == 0 { return [] }
    return Array(unsafeUninitializedCapacity: count) { elements, initialized in
      UnsafeMutableRawBufferPointer(elements).copyBytes(from: bytes)
      initialized = count
    }
  }
}
