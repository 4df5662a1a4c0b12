// The reader of reference files, which must refuse whatever it does not fully understand, and the tally that judges.

import Testing

@testable import Verification

@Suite struct ReferenceTableTests {
  private static func table(_ text: String) throws -> ReferenceTable {
    try ReferenceTable(name: "t.csv", text: text, required: ["a", "b"])
  }

  @Test func `cells are read by column and row`() throws {
    let table = try Self.table("a,b,c\n1,0.5,ff\n,nan,1 2 3\n")
    #expect(try table.int(0, "a") == 1)
    #expect(try table.double(0, "b") == 0.5)
    #expect(try table.bits(0, "c") == 255)
    #expect(try table.optionalDouble(1, "a") == nil)
    #expect(try table.double(1, "b").isNaN)
    #expect(try table.list(1, "c", of: Float.self) == [1, 2, 3])
    #expect(try table.bool(0, "a"))
  }

  @Test(arguments: [
    ("a,b\n1,2", "cut off"), ("a\n1\n", "no column 'b'"), ("a,b\n1\n", "line 2 has 1 cells"), ("a,b\n", "no rows"),
    ("", "cut off"), ("a,b\n1,2\n\n", "line 3"),
  ])
  func `a damaged table is refused with the place and the reason`(text: String, reason: String) {
    let sentence = Self.refusal { _ = try Self.table(text) }
    #expect(sentence?.hasPrefix("t.csv") == true && sentence?.contains(reason) == true, "\(sentence ?? "accepted")")
  }

  /// What is said when `read` throws; `nil` when it does not.
  private static func refusal(of read: () throws -> Void) -> String? {
    do {
      try read()
      return nil
    } catch {
      return "\(error)"
    }
  }

  @Test func `a damaged cell is refused with its line and column`() throws {
    let table = try Self.table("a,b\nx,2\n")
    let reads: [() throws -> Void] = [
      { _ = try table.int(0, "a") }, { _ = try table.double(0, "a") }, { _ = try table.bool(0, "a") },
    ]
    for read in reads {
      #expect(Self.refusal(of: read)?.contains("line 2, column a: 'x'") == true)
    }
  }
}

@Suite struct CheckTallyTests {
  @Test func `the worst case decides`() {
    var tally = CheckTally("t", tolerance: 0.1)
    tally.compare(1, 1, at: "first")
    tally.compare(1.05, 1, at: "second")
    #expect(tally.result.pass && tally.result.cases == 2 && tally.result.detail.contains("second"))
    tally.compare(1.2, 1, at: "third")
    #expect(!tally.result.pass && tally.result.detail.contains("third"))
  }

  @Test func `NaN agrees with NaN alone, and infinities with themselves`() {
    for (actual, expected, passes) in [
      (Double.nan, Double.nan, true), (.nan, 1, false), (1, .nan, false), (.infinity, .infinity, true),
      (.infinity, -.infinity, false), (.infinity, 1, false),
    ] {
      var tally = CheckTally("t", tolerance: 1e300)
      tally.compare(actual, expected, at: "")
      #expect(tally.result.pass == passes, "\(actual) for \(expected)")
    }
  }

  @Test func `nothing compared is nothing passed`() { #expect(!CheckTally("t", tolerance: 1).result.pass) }
}
