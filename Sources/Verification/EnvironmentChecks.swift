// Compares the environments, and the ways from a seed to their start states, with what the original programs computed:
// the tables in environments/ of a reference folder.

import Environments

/// The checks of every environment and of both ways of seeding.
public let environmentChecks: [ReferenceCheck] =
  RecordedEnvironment.all.flatMap(trajectoryChecks)
  + singlePrecisionActionChecks(of: .pendulum) + [
    singleStepCheck(
      of: .swingUp, table: "-steps", hasRewards: false, tolerance: 1e-12,
      note: "50 steps each: free, about the limits of the rail, fast, and beyond the greatest velocity"),
    bulletConstantsCheck, gymSeedingCheck, gymnasiumSeedingCheck,
  ]

/// Pendulum-v0 with single-precision actions, under two versions of NumPy.
package func singlePrecisionActionChecks(of recorded: RecordedEnvironment) -> [ReferenceCheck] {
  var single = recorded
  single.isSingle = true
  return [
    singleStepCheck(
      of: single, table: "-float32-actions-numpy1", hasRewards: true, tolerance: 1e-14,
      note: "the action is widened to double first, as here"),
    singleStepCheck(
      of: single, table: "-float32-actions-numpy2", hasRewards: true, tolerance: 2e-8,
      note: "NumPy 2 rounds products with the action to single, by up to 1.2e-8; that rounding is not copied here"),
  ]
}

/// Gym's hash of a seed, its key, and the first words and doubles of the generator.
private let gymSeedingCheck: ReferenceCheck = {
  let file = "environments/gym-seeding.csv"
  let words = (0..<4).map { "u\($0)" }
  let doubles = (0..<4).map { "d\($0)" }
  return ReferenceCheck(files: [file]) { folder in
    let table = try folder.table(file, required: ["seed", "hash", "key_words"] + words + doubles)
    var values = CheckTally("\(file), bit for bit", tolerance: 0)
    for row in table.rows.indices {
      let seed = try table.seed(row, "seed", table.text(row, "seed"))
      let hash = GymRandom.hash(seed: seed)
      values.add(exact: hash == (try table.bits(row, "hash")), at: "line \(row + 2), hash")

      let expectedKey = table.text(row, "key_words").split(separator: " ").map { UInt32($0, radix: 16) }
      guard !expectedKey.contains(nil) else { throw table.damaged(row, "key_words", expected: "hexadecimal words") }
      let key = GymRandom.key(hash: hash)
      values.add(exact: key == expectedKey, at: "line \(row + 2), key_words")

      var generator = MersenneTwister(key: key)
      for column in words {
        values.add(exact: UInt64(generator.word()) == (try table.bits(row, column)), at: "line \(row + 2), \(column)")
      }
      var source = GymRandom(seed: seed)
      for column in doubles {
        values.compareBits(source.uniform(), try table.double(row, column), at: "line \(row + 2), \(column)")
      }
    }
    return [values.result]
  }
}()

/// The words that NumPy's SeedSequence makes of a seed, and the state and first doubles of PCG64.
private let gymnasiumSeedingCheck: ReferenceCheck = {
  let file = "environments/gymnasium-seeding.csv"
  let words = (0..<4).map { "word\($0)" }
  let doubles = (0..<4).map { "d\($0)" }
  return ReferenceCheck(files: [file]) { folder in
    let table = try folder.table(file, required: ["seed"] + words + ["pcg64_state", "pcg64_increment"] + doubles)
    var values = CheckTally("\(file), bit for bit", tolerance: 0)
    for row in table.rows.indices {
      let seed = try table.seed(row, "seed", table.text(row, "seed"))
      for (column, word) in zip(words, SeedSequence(entropy: seed).words(words.count)) {
        values.add(exact: word == (try table.bits(row, column)), at: "line \(row + 2), \(column)")
      }
      var source = PermutedCongruential(seed: seed)
      for (column, actual) in [("pcg64_state", source.state), ("pcg64_increment", source.increment)] {
        guard let expected = UInt128(table.text(row, column), radix: 16) else {
          throw table.damaged(row, column, expected: "a hexadecimal bit pattern")
        }
        values.add(exact: actual == expected, at: "line \(row + 2), \(column)")
      }
      for column in doubles {
        values.compareBits(source.uniform(), try table.double(row, column), at: "line \(row + 2), \(column)")
      }
    }
    return [values.result]
  }
}()

extension ReferenceTable {
  /// `digits` of the cell as a seed, which may need all 64 bits.
  func seed(_ row: Int, _ column: String, _ digits: Substring) throws -> UInt64 {
    guard let seed = UInt64(digits) else { throw damaged(row, column, expected: "a seed of 0 to 2^64 - 1") }
    return seed
  }
}

extension CheckTally {
  /// Counts one case that must agree exactly; the difference is 1 where it does not.
  mutating func add(exact same: Bool, at place: @autoclosure () -> String) {
    add(difference: same ? 0 : 1, identical: same, at: place())
  }

  /// Counts one double that must agree in every bit.
  mutating func compareBits(_ actual: Double, _ expected: Double, at place: @autoclosure () -> String) {
    add(
      exact: actual.bitPattern == expected.bitPattern,
      at: "\(place()): \(actual) where \(expected) is expected")
  }
}
