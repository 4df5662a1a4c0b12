// The property-testing library against properties whose minimal counterexamples are known.

import PropertyTesting
import Testing

private let numbers = Generator<[Int]>.array(of: .integer(in: -1000...1000), count: 0...20)

@Suite struct PropertyTests {
  @Test(arguments: [1, 2, 3, 4, 5] as [UInt64])
  func `a false bound on sums shrinks to one number just over it`(seed: UInt64) throws {
    let found = counterexample(of: numbers, run: PropertyRun(seed: seed)) { $0.reduce(0, +) <= 100 }
    let value = try #require(found).value
    #expect(value == [101])
  }

  @Test func `a claim that arrays ascend shrinks to the smallest descent`() throws {
    let found = counterexample(of: numbers) { array in zip(array, array.dropFirst()).allSatisfy { $0 <= $1 } }
    #expect([[1, 0], [0, -1]].contains(try #require(found).value))
  }

  @Test func `a claim on lengths shrinks to zeros of the shortest length`() throws {
    let found = counterexample(of: numbers) { $0.count < 5 }
    #expect(try #require(found).value == [0, 0, 0, 0, 0])
  }

  @Test func `decimals shrink to whole numbers, through map and nesting`() throws {
    let negated = Generator<Double>.double(in: -5000...50).map { -$0 }
    let rows = Generator<[[Double]]>.array(of: .array(of: negated, count: 1...4), count: 0...6)
    let found = counterexample(of: rows) { rows in rows.allSatisfy { row in row.allSatisfy { $0 < 20 } } }
    #expect(try #require(found).value == [[20]])
  }

  @Test func `ranges without zero shrink to their end nearest zero`() throws {
    let pair = Generator { ($0.draw(.integer(in: 3...9)), $0.draw(.double(in: -2.5 ... -0.5))) }
    let value = try #require(counterexample(of: pair) { _ in false }).value
    #expect(value == (3, -0.5))
  }

  @Test func `values stay within their ranges and reach both ends`() {
    let integers = Generator<Int>.integer(in: -3...4)
    let drawn = (0..<400).map { number in
      var choices = Choices(seed: 5, case: number)
      return choices.draw(integers)
    }
    #expect(Set(drawn) == Set(-3...4))
    expectProperty("doubles stay in range", of: .double(in: -0.25...7)) { (-0.25...7).contains($0) }
    expectProperty("lengths stay in range", of: .array(of: .integer(in: 0...1), count: 2...5)) {
      (2...5).contains($0.count)
    }
    #expect(counterexample(of: .array(of: .integer(in: 0...1), count: 2...5)) { $0.count < 5 } != nil)
  }

  @Test func `a true property passes all its cases`() {
    var cases = 0
    let found = counterexample(of: numbers, cases: 150) { array in
      cases += 1
      return array.reversed().reversed() == array
    }
    #expect(found == nil)
    #expect(cases == 150)
  }

  @Test func `an error counts as a failure and is kept as the reason`() throws {
    let found = counterexample(of: .double(in: 0...10)) { try agree($0, 0, tolerance: 0.5) }
    let reason = try #require(found?.reason as? Disagreement)
    #expect(reason.description.contains("allowed 0.5"))
    #expect(try !#require(found).value.isLessThanOrEqualTo(0.5))
  }

  @Test func `a not-a-number never agrees`() {
    #expect(throws: Disagreement.self) { try agree(.nan, 1, tolerance: .infinity) }
    #expect(throws: Disagreement.self) { try agree(1, .nan, tolerance: 1) }
  }

  @Test func `the reported run repeats the counterexample with a single case`() throws {
    let isSmall: ([Int]) -> Bool = { $0.reduce(0, +) <= 4000 }
    let first = try #require(counterexample(of: numbers, run: PropertyRun(seed: 9), holds: isSmall))
    #expect(try #require(first.run.onlyCase) > 0)
    let run = try #require(PropertyRun(first.run.description))
    let again = try #require(counterexample(of: numbers, run: run, holds: isSmall))
    #expect(again.value == first.value)
    #expect(again.run == first.run)

    // The control: a case before it passes, so repeating does depend on the case number.
    let before = PropertyRun(seed: 9, onlyCase: try #require(first.run.onlyCase) - 1)
    #expect(counterexample(of: numbers, run: before, holds: isSmall) == nil)
  }

  @Test func `a failing property records the shrunk case and the command that repeats it`() {
    withKnownIssue {
      expectProperty("sums stay below 100", of: numbers, seed: 3) { $0.reduce(0, +) <= 100 }
    } matching: { issue in
      let text = issue.comments.map(\.rawValue).joined()
      return text.contains("'sums stay below 100' does not hold")
        && text.contains("counterexample: [101]")
        && text.contains("repeat: A3C_PROPERTY=3:") && text.contains("swift test --filter")
    }
  }

  @Test(arguments: ["", "x", "-1", "1:", "1:-2", "1:2:3", ":4"])
  func `a malformed run is refused`(text: String) {
    #expect(PropertyRun(text) == nil)
  }

  @Test func `replaying with too few or too large choices gives the simplest legal values`() {
    var choices = Choices(replaying: [99])
    #expect(choices.below(10) == 9)
    #expect(choices.below(10) == 0)
    #expect(choices.record == [9, 0])
  }
}
