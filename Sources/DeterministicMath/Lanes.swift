// One double or eight side by side: what a single-precision kernel is written on, so that the scalar and the vector
// function are the same operations and give the same bits.

/// One or several doubles on which arithmetic works lane by lane.
protocol Lanes {
  associatedtype Words: WordLanes
  associatedtype Mask

  init(repeating value: Double)
  /// The doubles with these bit patterns.
  init(words: Words)
  /// The bit patterns.
  var words: Words { get }

  static func + (a: Self, b: Self) -> Self
  static func - (a: Self, b: Self) -> Self
  static func * (a: Self, b: Self) -> Self
  static func / (a: Self, b: Self) -> Self
  static func + (a: Double, b: Self) -> Self
  static func * (a: Double, b: Self) -> Self
  static func - (a: Self, b: Double) -> Self

  static func .< (a: Self, b: Double) -> Mask
  static func .> (a: Self, b: Double) -> Mask
  static func .== (a: Self, b: Double) -> Mask
  /// These lanes with `other` in those that the mask selects.
  func replacing(with other: Self, where mask: Mask) -> Self
  func replacing(with other: Double, where mask: Mask) -> Self
}

/// The bit patterns of `Lanes`.
protocol WordLanes {
  init(repeating value: UInt64)
  static func & (a: Self, b: UInt64) -> Self
  static func & (a: Self, b: Self) -> Self
  static func | (a: Self, b: UInt64) -> Self
  static func ^ (a: Self, b: Self) -> Self
  static func &+ (a: Self, b: UInt64) -> Self
  static func &- (a: UInt64, b: Self) -> Self
  static func &<< (a: Self, b: UInt64) -> Self
  static func &>> (a: Self, b: UInt64) -> Self
}

extension Lanes {
  /// |x|.
  @inline(__always)
  var magnitude: Self { Self(words: words & 0x7FFF_FFFF_FFFF_FFFF) }

  /// The sign bit of each lane, all else zero.
  @inline(__always)
  var signBits: Words { words & 0x8000_0000_0000_0000 }

  /// a + b x + c x² + d x³, where `square` is x².
  @inline(__always)
  func cubic(_ square: Self, _ a: Double, _ b: Double, _ c: Double, _ d: Double) -> Self {
    (a + b * self) + (c + d * self) * square
  }
}

extension Double: Lanes {
  @inline(__always) init(repeating value: Double) { self = value }
  @inline(__always) init(words: UInt64) { self.init(bitPattern: words) }
  @inline(__always) var words: UInt64 { bitPattern }
  @inline(__always) static func .< (a: Double, b: Double) -> Bool { a < b }
  @inline(__always) static func .> (a: Double, b: Double) -> Bool { a > b }
  @inline(__always) static func .== (a: Double, b: Double) -> Bool { a == b }
  @inline(__always) func replacing(with other: Double, where mask: Bool) -> Double { mask ? other : self }
}

extension UInt64: WordLanes {
  @inline(__always) init(repeating value: UInt64) { self = value }
}

extension SIMD8<Double>: Lanes {
  @inline(__always) init(words: SIMD8<UInt64>) { self = unsafeBitCast(words, to: Self.self) }
  @inline(__always) var words: SIMD8<UInt64> { unsafeBitCast(self, to: SIMD8<UInt64>.self) }
}

extension SIMD8<UInt64>: WordLanes {}
