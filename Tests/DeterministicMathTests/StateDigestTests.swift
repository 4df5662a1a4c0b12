// The digest against XXH64's published test values and against the reference library, in every way of feeding it.

import DeterministicMath
import Testing

@Suite struct StateDigestTests {
  private func digest(_ bytes: some Sequence<UInt8>, seed: UInt64 = 0) -> StateDigest {
    var digest = StateDigest(seed: seed)
    Array(bytes).withUnsafeBytes { digest.combine(contentsOf: $0) }
    return digest
  }

  @Test(
    "published values of XXH64",
    arguments: [
      ("", "ef46db3751d8e999"), ("a", "d24ec4f1a98c6e5b"), ("abc", "44bc2cf5ad770999"),
      ("Nobody inspects the spammish repetition", "fbcea83c8a378bf1"),
    ])
  func texts(text: String, expected: String) { #expect(digest(text.utf8).description == expected) }

  @Test("published self-test of XXH64: lengths 0, 1, 4, 14 and 222, with and without a seed")
  func selfTest() {
    var generator: UInt64 = 2_654_435_761
    let bytes = (0..<222).map { _ -> UInt8 in
      defer { generator &*= 11_400_714_785_074_694_797 }
      return UInt8(generator >> 56)
    }
    let expected: [(Int, UInt64, UInt64)] = [
      (0, 0xEF46_DB37_51D8_E999, 0xAC75_FDA2_929B_17EF), (1, 0xE934_A84A_DB05_2768, 0x5014_6076_43A9_B4C3),
      (4, 0x9136_A0DC_A574_57EE, 0xCAAB_286B_D8E9_FDB5), (14, 0x8282_DCC4_994E_35C8, 0xC3BD_6BF6_3DEB_6DF0),
      (222, 0xB641_AE8C_B691_C174, 0x20CB_8AB7_AE10_C14A),
    ]
    for (count, plain, seeded) in expected {
      #expect(digest(bytes.prefix(count)).value == plain)
      #expect(digest(bytes.prefix(count), seed: 2_654_435_761).value == seeded)
    }
  }

  @Test("all lengths up to 100 agree with the reference library")
  func allLengths() {
    let bytes = (0..<100).map { UInt8(truncatingIfNeeded: $0 * 37 + 11) }
    let combined = (0...100).reduce(0 as UInt64) { $0 &* 31 &+ digest(bytes.prefix($1), seed: UInt64($1)).value }
    #expect(combined == 0x57CB_FDA3_B035_5B69)
  }

  @Test("cutting the bytes into pieces changes nothing")
  func pieces() {
    let bytes = (0..<100).map { UInt8(truncatingIfNeeded: $0 * 37 + 11) }
    let whole = digest(bytes).value
    for first in 0...100 {
      for second in stride(from: first, through: 100, by: 7) {
        var pieces = digest(bytes[..<first])
        for part in [bytes[first..<second], bytes[second...]] {
          Array(part).withUnsafeBytes { pieces.combine(contentsOf: $0) }
        }
        #expect(pieces.value == whole, "cut at \(first) and \(second)")
      }
    }
  }

  @Test("values enter as little-endian bytes, at any offset")
  func values() {
    // From the reference library, over 8 + 8 + 1 + 8 + 4 + 1 packed bytes.
    var mixed = StateDigest()
    mixed.combine(0x0123_4567_89AB_CDEF as UInt64)
    mixed.combine(-2)
    mixed.combine(true)
    mixed.combine(-0.0)
    mixed.combine(1.5 as Float)
    mixed.combine(false)
    #expect(mixed.description == "e0c192e02525f06e")

    let numbers = (0..<20).map { Double($0) * 0.5 }
    var floats = StateDigest()
    floats.combine(contentsOf: numbers.map { Float($0) })
    #expect(floats.description == "a97b63f7210ebb77")
    var doubles = StateDigest()
    doubles.combine(contentsOf: numbers)
    #expect(doubles.description == "99bffbfd2aef31e1")

    for offset in 0..<64 {
      var one = digest(repeatElement(7, count: offset))
      var all = one
      for number in numbers { one.combine(number) }
      for number in numbers { one.combine(Float(number)) }
      all.combine(contentsOf: numbers)
      all.combine(contentsOf: numbers.map { Float($0) })
      #expect(one.value == all.value, "after \(offset) bytes")
    }
  }

  @Test("reading the value does not disturb the stream, and a copy goes its own way")
  func valueIsAQuery() {
    var digest = digest([1, 2, 3])
    let before = digest.value
    #expect(digest.value == before)
    var copy = digest
    copy.combine(true)
    #expect(digest.value == before && copy.value != before)
    digest.combine(true)
    #expect(digest.value == copy.value)
  }

  @Test("NaNs of every kind count as one, zeros of either sign as two", arguments: [0, 1, 30])
  func specialValues(position: Int) {
    func digests(_ value: Double) -> [UInt64] {
      var numbers = (0..<31).map { Double($0) + 1 }
      numbers[position] = value
      var (elements, doubles, floats) = (StateDigest(), StateDigest(), StateDigest())
      for number in numbers { elements.combine(number) }
      doubles.combine(contentsOf: numbers)
      floats.combine(contentsOf: numbers.map { Float($0) })
      #expect(elements.value == doubles.value)
      return [doubles.value, floats.value]
    }
    #expect(digests(-.nan) == digests(.nan))
    #expect(digests(Double(nan: 5, signaling: false)) == digests(.nan))
    #expect(digests(.infinity) != digests(.nan))
    for (negative, positive) in zip(digests(-0.0), digests(0)) { #expect(negative != positive) }
  }

  @Test("one bit anywhere changes the digest")
  func sensitivity() {
    let numbers = (0..<40).map { Float($0) }
    var seen = Set<UInt64>()
    for index in numbers.indices {
      for bit in 0..<32 {
        var changed = numbers
        changed[index] = Float(bitPattern: changed[index].bitPattern ^ 1 << UInt32(bit))
        var digest = StateDigest()
        digest.combine(contentsOf: changed)
        seen.insert(digest.value)
      }
    }
    #expect(seen.count == 40 * 32)
  }
}
