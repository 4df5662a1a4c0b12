// One number for all the state of a run, by which two runs are compared: XXH64 (Collet, specification 0.1.1) as a
// stream.

#if !_endian(little)
  #error("StateDigest reads memory as little-endian bytes")
#endif

/// A streaming XXH64 of everything combined so far.
///
/// Values enter as their bytes, least significant first, on every platform. No lengths or types are added, so where a
/// count may vary, combine the count too. The sign and payload of a NaN are left out, because x86 and ARM make
/// different ones.
public struct StateDigest: Sendable, CustomStringConvertible {
  private let seed: UInt64
  private var lanes: SIMD4<UInt64>
  /// Bytes that do not fill a stripe of 32 yet, in memory order; those from `length % 32` on are zero.
  private var pending = SIMD4<UInt64>()
  private var length: UInt64 = 0

  /// The digest of nothing.
  public init(seed: UInt64 = 0) {
    self.seed = seed
    lanes = SIMD4(seed &+ Self.prime1 &+ Self.prime2, seed &+ Self.prime2, seed, seed &- Self.prime1)
  }

  /// Adds the eight bytes of `value`.
  public mutating func combine(_ value: UInt64) { append(value, count: 8) }
  /// Adds the eight bytes of `value` in two's complement.
  public mutating func combine(_ value: Int) { append(UInt64(truncatingIfNeeded: value), count: 8) }
  /// Adds one byte, 0 or 1.
  public mutating func combine(_ value: Bool) { append(value ? 1 : 0, count: 1) }
  /// Adds the eight bytes of the bit pattern, so zeros of either sign are told apart, but any NaN counts as `.nan`.
  public mutating func combine(_ value: Double) { append((value.isNaN ? .nan : value).bitPattern, count: 8) }
  /// Adds the four bytes of the bit pattern; any NaN counts as `.nan`.
  public mutating func combine(_ value: Float) { append(UInt64((value.isNaN ? .nan : value).bitPattern), count: 4) }

  /// Adds each element, as `combine(_:)` does but faster.
  public mutating func combine(contentsOf values: UnsafeBufferPointer<Float>) {
    var unordered: UInt32 = 0
    for value in values { unordered |= value.isNaN ? 1 : 0 }
    if unordered == 0 {
      combine(contentsOf: UnsafeRawBufferPointer(values))
    } else {
      for value in values { combine(value) }
    }
  }

  /// Adds each element, as `combine(_:)` does but faster.
  public mutating func combine(contentsOf values: UnsafeBufferPointer<Double>) {
    var unordered: UInt64 = 0
    for value in values { unordered |= value.isNaN ? 1 : 0 }
    if unordered == 0 {
      combine(contentsOf: UnsafeRawBufferPointer(values))
    } else {
      for value in values { combine(value) }
    }
  }

  /// Adds each element.
  public mutating func combine(contentsOf values: [Float]) {
    values.withUnsafeBufferPointer { combine(contentsOf: $0) }
  }

  /// Adds each element.
  public mutating func combine(contentsOf values: [Double]) {
    values.withUnsafeBufferPointer { combine(contentsOf: $0) }
  }

  /// Adds raw bytes.
  public mutating func combine(contentsOf bytes: UnsafeRawBufferPointer) {
    // Single bytes up to a word's start and words up to a stripe's start, so that most of them go in by the stripe.
    var offset = 0
    while offset < bytes.count {
      let left = bytes.count - offset
      if left >= 32 && length % 32 == 0 {
        absorb(bytes.loadUnaligned(fromByteOffset: offset, as: SIMD4<UInt64>.self))
        length &+= 32
        offset += 32
      } else if left >= 8 && length % 8 == 0 {
        append(bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self), count: 8)
        offset += 8
      } else {
        append(UInt64(bytes[offset]), count: 1)
        offset += 1
      }
    }
  }

  /// The digest of everything combined so far; more may follow.
  public var value: UInt64 {
    var hash: UInt64
    if length >= 32 {
      hash =
        Self.rotate(lanes[0], 1) &+ Self.rotate(lanes[1], 7) &+ Self.rotate(lanes[2], 12) &+ Self.rotate(lanes[3], 18)
      for lane in 0..<4 { hash = (hash ^ Self.round(0, lanes[lane])) &* Self.prime1 &+ Self.prime4 }
    } else {
      hash = seed &+ Self.prime5
    }
    hash &+= length

    var remaining = Int(length % 32)
    var word = 0
    while remaining >= 8 {
      hash = Self.rotate(hash ^ Self.round(0, pending[word]), 27) &* Self.prime1 &+ Self.prime4
      word += 1
      remaining -= 8
    }
    var last = remaining > 0 ? pending[word] : 0
    if remaining >= 4 {
      hash = Self.rotate(hash ^ (last & 0xFFFF_FFFF) &* Self.prime1, 23) &* Self.prime2 &+ Self.prime3
      last >>= 32
      remaining -= 4
    }
    while remaining > 0 {
      hash = Self.rotate(hash ^ (last & 0xFF) &* Self.prime5, 11) &* Self.prime1
      last >>= 8
      remaining -= 1
    }

    hash = (hash ^ hash >> 33) &* Self.prime2
    hash = (hash ^ hash >> 29) &* Self.prime3
    return hash ^ hash >> 32
  }

  /// `value` in 16 lowercase hexadecimal digits.
  public var description: String {
    let digits = String(value, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }

  /// Adds the `count` low bytes of `bytes`, of which the others are zero.
  @inline(__always)
  private mutating func append(_ bytes: UInt64, count: Int) {
    let start = Int(length % 32)
    let (word, shift) = (start / 8, UInt64(start % 8 * 8))
    pending[word] |= bytes &<< shift
    length &+= UInt64(count)
    let excess = start % 8 + count - 8
    guard excess >= 0 else { return }
    // The word is full; what is left over begins the next one.
    let rest = excess > 0 ? bytes &>> UInt64((count - excess) * 8) : 0
    if word == 3 {
      absorb(pending)
      pending = SIMD4(rest, 0, 0, 0)
    } else if excess > 0 {
      pending[word + 1] = rest
    }
  }

  @inline(__always)
  private mutating func absorb(_ stripe: SIMD4<UInt64>) {
    for lane in 0..<4 { lanes[lane] = Self.round(lanes[lane], stripe[lane]) }
  }

  @inline(__always)
  private static func round(_ accumulator: UInt64, _ input: UInt64) -> UInt64 {
    rotate(accumulator &+ input &* prime2, 31) &* prime1
  }

  @inline(__always)
  private static func rotate(_ x: UInt64, _ count: UInt64) -> UInt64 { x &<< count | x &>> (64 - count) }

  private static var prime1: UInt64 { 0x9E37_79B1_85EB_CA87 }
  private static var prime2: UInt64 { 0xC2B2_AE3D_27D4_EB4F }
  private static var prime3: UInt64 { 0x1656_67B1_9E37_79F9 }
  private static var prime4: UInt64 { 0x85EB_CA77_C2B2_AE63 }
  private static var prime5: UInt64 { 0x27D4_EB2F_1656_67C5 }
}
