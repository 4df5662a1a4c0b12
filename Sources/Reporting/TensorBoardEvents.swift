// Writes the event files that TensorBoard reads: protocol buffers in TFRecord frames. Only scalars, which need a dozen
// fields of two messages, so there is no general writer of protocol buffers here.

/// The bytes of event files: `beginning`, then `records` as often as there is something new. A file is read while it
/// grows.
///
/// Sources: tensorflow/core/util/event.proto and framework/summary.proto for the fields, lib/io/record_writer.cc for
/// the frames.
public enum TensorBoardEvents {
  /// A point of a curve.
  public struct Scalar: Sendable, Equatable {
    /// The curve, such as `train/return`; what stands before the slash groups curves.
    public let tag: String
    /// Where the point lies.
    public let step: Int
    /// How high.
    public let value: Float
    /// When it was measured, in seconds since 1970.
    public let wallTime: Double

    /// A point of the curve `tag`.
    public init(tag: String, step: Int, value: Float, wallTime: Double) {
      self.tag = tag
      self.step = step
      self.value = value
      self.wallTime = wallTime
    }
  }

  /// A name that TensorBoard takes for an event file; of several in a folder it reads them by name.
  /// - Precondition: `wallTime`, in seconds since 1970, is that of a date.
  public static func fileName(wallTime: Double) -> String {
    precondition((0..<1e10).contains(wallTime), "\(wallTime) s since 1970 is no date")
    let seconds = String(Int(wallTime))
    return "events.out.tfevents." + String(repeating: "0", count: 10 - seconds.count) + seconds + ".a3c"
  }

  /// What a file begins with: a record of the format's version.
  public static func beginning(wallTime: Double) -> [UInt8] {
    framed(event(wallTime: wallTime, step: 0) { $0.append(3, Array("brain.Event:2".utf8)) })
  }

  /// Records to append, one a scalar.
  public static func records(for scalars: [Scalar]) -> [UInt8] {
    scalars.flatMap { scalar in
      var value = Message()
      value.append(1, Array(scalar.tag.utf8))
      value.append(2, scalar.value.bitPattern)
      var summary = Message()
      summary.append(1, value.bytes)
      return framed(event(wallTime: scalar.wallTime, step: scalar.step) { $0.append(5, summary.bytes) })
    }
  }

  /// An event whose content `append` appends. Numbers that are zero are left out, as the original's are.
  private static func event(wallTime: Double, step: Int, append: (inout Message) -> Void) -> [UInt8] {
    var event = Message()
    if wallTime.bitPattern != 0 { event.append(1, wallTime.bitPattern) }
    if step != 0 { event.append(2, Int64(step)) }
    append(&event)
    return event.bytes
  }

  /// A TFRecord: the length, its checksum, the data, their checksum.
  private static func framed(_ data: [UInt8]) -> [UInt8] {
    let length = littleEndian(UInt64(data.count))
    return length + littleEndian(CRC32C.masked(length)) + data + littleEndian(CRC32C.masked(data))
  }
}

/// A protocol buffer in the making: fields in the order of their numbers.
private struct Message {
  var bytes: [UInt8] = []

  /// A string or a message.
  mutating func append(_ field: UInt64, _ content: [UInt8]) {
    appendVarint(field << 3 | 2)
    appendVarint(UInt64(content.count))
    bytes += content
  }

  /// A double's bits.
  mutating func append(_ field: UInt64, _ bits: UInt64) {
    appendVarint(field << 3 | 1)
    bytes += littleEndian(bits)
  }

  /// A single's bits.
  mutating func append(_ field: UInt64, _ bits: UInt32) {
    appendVarint(field << 3 | 5)
    bytes += littleEndian(bits)
  }

  /// An integer.
  mutating func append(_ field: UInt64, _ number: Int64) {
    appendVarint(field << 3)
    appendVarint(UInt64(bitPattern: number))
  }

  /// Seven bits a byte, the lowest first; the eighth says that more follow.
  private mutating func appendVarint(_ number: UInt64) {
    var rest = number
    while rest >= 0x80 {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    bytes.append(UInt8(rest))
  }
}

private func littleEndian<Word: FixedWidthInteger>(_ word: Word) -> [UInt8] {
  withUnsafeBytes(of: word.littleEndian, Array.init)
}
