// A checksum that costs next to nothing because it is taken while a block is copied: what a recording keeps of each
// pull, so that a replay that brings other numbers is found out at once. It is an error-locating code too: where a
// single bit differs, it says which.

import DeterministicMath

/// The checksum of a net as it is pulled, block by block.
///
/// Each number's bits x are folded to t = x ⊕ (x ≫ 16), so that a change of the sign changes low bits too. Eight lanes
/// each keep the sum of their t and the sum of those sums (Fletcher 1982), modulo 2³²: the second sum weighs a number
/// by its place. Blocks are filled up with zeros to whole vectors of eight.
public struct PullChecksum: Hashable, Sendable {
  private var sum = SIMD8<UInt32>()
  private var sumOfSums = SIMD8<UInt32>()

  /// The checksum of nothing.
  public init() {}

  /// The checksum of a whole local net that is cut into `blocks`.
  public init(of net: UnsafeBufferPointer<Float>, blocks: [Block]) {
    for block in blocks {
      for start in stride(from: block.range.lowerBound, to: block.range.upperBound, by: 8) {
        var bits = SIMD8<UInt32>()
        for lane in 0..<min(8, block.range.upperBound - start) { bits[lane] = net[start + lane].bitPattern }
        add(bits)
      }
    }
  }

  /// 32 bits of everything added: pulls that differ have equal ones with probability 2⁻³².
  public var value: UInt32 {
    var digest = StateDigest()
    withUnsafeBytes(of: sum) { digest.combine(contentsOf: $0) }
    withUnsafeBytes(of: sumOfSums) { digest.combine(contentsOf: $0) }
    return UInt32(truncatingIfNeeded: digest.value)
  }

  @inline(__always)
  private mutating func add(_ bits: SIMD8<UInt32>) {
    sum &+= bits ^ (bits &>> 16)
    sumOfSums &+= sum
  }

  @inline(__always)
  private static func move(_ source: UnsafeRawPointer, _ target: UnsafeMutableRawPointer) -> SIMD8<UInt32> {
    let bits = source.loadUnaligned(as: SIMD8<UInt32>.self)
    target.storeBytes(of: bits, as: SIMD8<UInt32>.self)
    return bits
  }

  /// Copies `count` numbers and adds them. `shared` is followed by zeros up to a whole number of vectors.
  @inline(__always)
  mutating func copy(_ shared: UnsafePointer<Float>, to local: UnsafeMutablePointer<Float>, count: Int) {
    let source = UnsafeRawPointer(shared)
    let target = UnsafeMutableRawPointer(local)
    var checksum = self
    var offset = 0
    // Four at a time: what recording may cost is less than counting to 213 once an update.
    while offset <= 4 &* count &- 128 {
      checksum.add(Self.move(source + offset, target + offset))
      checksum.add(Self.move(source + offset + 32, target + offset + 32))
      checksum.add(Self.move(source + offset + 64, target + offset + 64))
      checksum.add(Self.move(source + offset + 96, target + offset + 96))
      offset &+= 128
    }
    while offset <= 4 &* count &- 32 {
      checksum.add(Self.move(source + offset, target + offset))
      offset &+= 32
    }
    if offset < 4 &* count {
      checksum.add(source.loadUnaligned(fromByteOffset: offset, as: SIMD8<UInt32>.self))
      for index in offset / 4..<count { local[index] = shared[index] }
    }
    self = checksum
  }

  /// The single bit by which a net with checksum value `other` differs from `net`, whose checksum this is; `nil` where
  /// more than one bit differs.
  /// - Returns: the number of the parameter in the net, and the value that the other net has there.
  public func singleDifference(
    of net: UnsafeBufferPointer<Float>, blocks: [Block], from other: UInt32
  ) -> (parameter: Int, value: Float)? {
    var vectorsLeft = blocks.reduce(0) { $0 + ($1.range.count + 7) / 8 }
    for block in blocks {
      for start in stride(from: block.range.lowerBound, to: block.range.upperBound, by: 8) {
        for lane in 0..<min(8, block.range.upperBound - start) {
          let bits = net[start + lane].bitPattern
          for bit in 0..<32 {
            let flipped = bits ^ 1 << UInt32(bit)
            let change = (flipped ^ flipped >> 16) &- (bits ^ bits >> 16)
            var changed = self
            changed.sum[lane] &+= change
            changed.sumOfSums[lane] &+= change &* UInt32(truncatingIfNeeded: vectorsLeft)
            if changed.value == other { return (start + lane, Float(bitPattern: flipped)) }
          }
        }
        vectorsLeft -= 1
      }
    }
    return nil
  }
}

/// What a recording keeps of a pull.
public struct PullWitness: Hashable, Sendable {
  /// The checksum's value of the net that was pulled.
  public var checksum: UInt32
  /// One of its parameters, another one each time, so that nets that differ everywhere differ in a known place.
  public var sample: Float

  /// Makes a witness.
  public init(checksum: UInt32, sample: Float) {
    self.checksum = checksum
    self.sample = sample
  }

  /// The parameter that the pull after `updates` updates of its worker samples, of `count`.
  public static func sampled(_ updates: Int, of count: Int) -> Int {
    // The golden ratio spreads consecutive updates over the net.
    Int(UInt32(truncatingIfNeeded: updates) &* 0x9e37_79b9 >> 8) % count
  }

  /// Equal bits. Numbers that are not one count as equal: processors make different ones.
  public static func == (a: PullWitness, b: PullWitness) -> Bool {
    a.checksum == b.checksum && (a.sample.bitPattern == b.sample.bitPattern || (a.sample.isNaN && b.sample.isNaN))
  }
}
