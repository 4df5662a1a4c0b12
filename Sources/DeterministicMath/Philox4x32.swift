// The block function behind every random number: Philox4x32-10 of Salmon, Moraes, Dror and Shaw, Parallel random
// numbers: as easy as 1, 2, 3 (SC 2011). Being a function of its counter, it makes noise that no schedule can change.

/// The Philox bijection on blocks of four 32-bit words, with ten rounds.
public enum Philox4x32 {
  /// The block that `counter` is mapped to under `key`; lane 0 holds the words the paper writes first.
  @inline(__always)
  public static func block(counter: SIMD4<UInt32>, key: SIMD2<UInt32>) -> SIMD4<UInt32> {
    // In scalars: taking lanes out of a vector and putting them back costs more than all the arithmetic.
    var (word0, word1, word2, word3) = (counter[0], counter[1], counter[2], counter[3])
    var (key0, key1) = (key[0], key[1])
    for _ in 0..<10 {
      let first = UInt64(word0) &* 0xD251_1F53
      let second = UInt64(word2) &* 0xCD9E_8D57
      word0 = UInt32(truncatingIfNeeded: second &>> 32) ^ word1 ^ key0
      word1 = UInt32(truncatingIfNeeded: second)
      word2 = UInt32(truncatingIfNeeded: first &>> 32) ^ word3 ^ key1
      word3 = UInt32(truncatingIfNeeded: first)
      key0 &+= 0x9E37_79B9
      key1 &+= 0xBB67_AE85
    }
    return SIMD4(word0, word1, word2, word3)
  }
}
