// The two algorithms under Gym's seeding, against the vectors of their own publications and, where block and buffer
// boundaries lie, against Python's hashlib and NumPy.

import Testing

@testable import Environments

@Suite struct GymSeedingTests {
  private func hexadecimal(_ bytes: some Sequence<UInt8>) -> String {
    bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }

  @Test(arguments: [
    (
      "",
      "cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce"
        + "47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a81a538327af927da3e"
    ),
    (
      "abc",
      "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
        + "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f"
    ),
    (
      "abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmn"
        + "hijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu",
      "8e959b75dae313da8cf4f72814fc143f8f7779c6eb9f7fa17299aeadb6889018"
        + "501d289e4900f7e4331b99dec4b5433ac7d329eeb6dd26545e96e55b874be909"
    ),
  ])
  func `SHA-512 agrees with the examples of FIPS 180`(message: String, digest: String) {
    #expect(hexadecimal(SHA512.digest(of: message.utf8)) == digest)
  }

  @Test(arguments: [
    (1, "b8244d028981d693"), (111, "a1a111449b198d9b"), (112, "c5fbd731d19d2ae1"), (119, "43e497279c2ce805"),
    (120, "9636708964c5ff66"), (127, "eab89674feaa34e2"), (128, "1dffd5e3adb71d45"), (239, "cb4c7fd522756d57"),
    (240, "6c48466c9f6c07e4"), (1000, "5096498d96f50f9a"),
  ])
  func `SHA-512 pads messages of every length about a block`(length: Int, start: String) {
    let message = (0..<length).map { UInt8($0 % 251) }
    #expect(hexadecimal(SHA512.digest(of: message).prefix(8)) == start)
  }

  @Test func `the Mersenne Twister gives the published outputs, across its buffer's end`() {
    var generator = MersenneTwister(key: [0x123, 0x234, 0x345, 0x456])
    let words = (0..<1250).map { _ in generator.word() }
    #expect(words[..<5] == [1_067_595_299, 955_945_823, 477_289_528, 4_107_218_783, 4_228_976_476])
    #expect(words[623..<626] == [144_400_272, 3_768_408_841, 782_634_401])
    #expect(words[999] == 3_460_025_646)
    #expect(words[1247...] == [918_658_114, 934_864_586, 1_339_310_177])
  }

  @Test func `the Mersenne Twister uses every word of a key longer than its state`() {
    var generator = MersenneTwister(key: Array(0..<1000))
    let words = (0..<1000).map { _ in generator.word() }
    #expect(words[..<3] == [4_012_946_933, 3_615_799_318, 1_210_851_548])
    #expect(words[999] == 2_618_552_302)
  }

  @Test func `a double takes two words`() {
    var generator = MersenneTwister(key: [7])
    var copy = generator
    let (high, low) = (copy.word(), copy.word())
    #expect(generator.uniform() == (Double(high >> 5) * 67_108_864 + Double(low >> 6)) / 9_007_199_254_740_992)
    #expect(generator == copy)
  }

  @Test func `a key drops a high word of zero and is never empty`() {
    #expect(GymRandom.key(hash: 0) == [0])
    #expect(GymRandom.key(hash: 5) == [5])
    #expect(GymRandom.key(hash: 1 << 32) == [0, 1])
  }

  @Test func `the largest seed is hashed by its unsigned digits`() {
    #expect(GymRandom.hash(seed: .max) == 9_168_655_789_926_653_227)
    var source = GymRandom(seed: .max)
    #expect(source.uniform() == 0.5831233760559857)
  }
}
