// The elementary functions against the tables of correctly rounded values, and proof that those checks can fail.

import DeterministicMath
import Foundation
import Testing
import Verification

private let referencePath = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
  .deletingLastPathComponent().appendingPathComponent("golden/reference").path

@Suite struct ReferenceTableTests {
  @Test("all tables agree: 1 ulp for scalars, 2 for vectors")
  func tablesAgree() throws {
    let folder = try ReferenceFolder(path: referencePath)
    let results = try tableChecks.flatMap { try $0.run(folder) }
    #expect(results.count == 7 + 7 + 6)
    for result in results { #expect(result.pass, "\(result.name): \(result.worst) ulp, \(result.detail)") }
    #expect(results.reduce(0) { $0 + $1.cases } > 18_000)
    // Single precision promises more than its tolerance: only near-ties may differ, and the tables hold none.
    for result in results where result.name.contains("f32") { #expect(result.worst == 0) }
  }

  @Test("a value four places off fails and is named", arguments: tableChecks.indices)
  func wrongValueFails(check: Int) throws {
    try withCopy(of: tableChecks[check].files) { folder, path in
      for file in tableChecks[check].files {
        let url = path.appendingPathComponent(file)
        var lines = try String(contentsOf: url, encoding: .utf8).split(separator: "\n").map(String.init)
        let row = try #require(lines.indices.last { !lines[$0].hasSuffix("00000") })
        let cells = lines[row].split(separator: ",")
        let bits = try #require(UInt64(cells[1], radix: 16))
        let digits = String(bits ^ 4, radix: 16)
        lines[row] = "\(cells[0])," + String(repeating: "0", count: cells[1].count - digits.count) + digits
        try (lines.joined(separator: "\n") + "\n").write(to: url, atomically: true, encoding: .utf8)
        let results = try tableChecks[check].run(folder).filter { $0.name.hasPrefix(String(file.dropLast(4))) }
        #expect(!results.isEmpty)
        for result in results { #expect(!result.pass && result.detail.contains("line \(row + 1):"), "\(result)") }
      }
    }
  }

  @Test(
    "a damaged table is refused",
    arguments: [
      ("x,y\n00000000,3f800000", "cut off"), ("x,z\n00000000,3f800000\n", "no column 'y'"),
      ("x,y\n00000000,3f80000\n", "bit pattern of 8"), ("x,y\n00000000,+f800000\n", "bit pattern of 8"),
      ("x,y\n0000000g,3f800000\n", "hexadecimal"), ("x,y\n", "no rows"),
    ])
  func damagedTableIsRefused(text: String, reason: String) throws {
    try withCopy(of: tableChecks[0].files) { folder, path in
      try text.write(to: path.appendingPathComponent("tables/exp-f32.csv"), atomically: true, encoding: .utf8)
      let error = #expect(throws: ReferenceError.self) { try tableChecks[0].run(folder) }
      #expect(error?.description.contains(reason) == true && error?.description.contains("tables/exp-f32.csv") == true)
    }
  }

  @Test("places are counted through zero, subnormals and binades, and what no rounding explains is infinite")
  func placesAreCounted() {
    let tiny = Double.leastNonzeroMagnitude
    #expect(unitsInLastPlace(1.0, 1.0) == 0)
    #expect(unitsInLastPlace(1.0, (1.0 as Double).nextDown) == 1)
    #expect(unitsInLastPlace(0x1p1022, (0x1p1022 as Double).nextUp) == 1)
    #expect(unitsInLastPlace((2.0 as Float).nextUp, (2.0 as Float).nextDown) == 2)
    #expect(unitsInLastPlace(tiny, 0) == 1)
    #expect(unitsInLastPlace(tiny, -tiny) == 2)
    #expect(unitsInLastPlace(Double.leastNormalMagnitude, Double.leastNormalMagnitude.nextDown) == 1)
    #expect(unitsInLastPlace(-Double.greatestFiniteMagnitude, .greatestFiniteMagnitude) > 0x1p63)
    #expect(unitsInLastPlace(Double.nan, .nan) == 0)
    #expect(unitsInLastPlace(Double.infinity, .infinity) == 0)
    #expect(unitsInLastPlace(0.0, -0.0) == .infinity)
    #expect(unitsInLastPlace(Double.nan, 0) == .infinity)
    #expect(unitsInLastPlace(0, Double.nan) == .infinity)
    #expect(unitsInLastPlace(Float.greatestFiniteMagnitude, .infinity) == .infinity)
    #expect(unitsInLastPlace(-Float.infinity, .infinity) == .infinity)
  }

  /// Calls `body` with a folder of its own that holds copies of `files`.
  private func withCopy(of files: [String], body: (ReferenceFolder, URL) throws -> Void) throws {
    let path = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
    try FileManager.default.createDirectory(
      at: path.appendingPathComponent("tables"), withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: path) }
    for file in files {
      try FileManager.default.copyItem(
        atPath: "\(referencePath)/\(file)", toPath: path.appendingPathComponent(file).path)
    }
    try body(ReferenceFolder(path: path.path), path)
  }
}
