// The project's own blessed outputs: a result that changes is noticed here first. Rewriting them is an explicit command.

import Foundation
import Reporting
import Testing

@testable import a3c

@Suite struct GoldenTests {
  private static let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().appending(path: "golden/replay")
  private static let file = folder.appending(path: "digests.csv")
  private static let isBlessing = ProcessInfo.processInfo.environment["A3C_BLESS"] != nil

  /// The rows of the file: the words after `a3c replay`, and the digest.
  private static func rows() throws -> [(arguments: String, digest: String)] {
    try String(contentsOf: file, encoding: .utf8).split(separator: "\n").dropFirst().map { line in
      let cells = line.split(separator: ",", omittingEmptySubsequences: false)
      try #require(cells.count == 2, "'\(line)' is not a row of two cells")
      return (String(cells[0]), String(cells[1]))
    }
  }

  private static func digest(_ arguments: String) throws -> String {
    let words = arguments.split(separator: " ").map(String.init)
    return try ReplayCommand(ReplayCommand.declaration.parse(words)).replay(style: .silent).report.digest
  }

  @Test func `every replay ends with the digest that was blessed`() throws {
    let rows = try Self.rows()
    #expect(rows.count >= 12)
    var blessed = "arguments,digest\n"
    for row in rows {
      let digest = try Self.digest(row.arguments)
      blessed += "\(row.arguments),\(digest)\n"
      if !Self.isBlessing {
        #expect(
          digest == row.digest,
          "a3c replay \(row.arguments): find out why it changed, then A3C_BLESS=1 swift test --filter Golden")
      }
    }
    if Self.isBlessing { try AtomicFile(path: Self.file.path, force: true).save(blessed) }
  }

  @Test func `different seeds, schedules, protocols and sizes have different digests`() throws {
    // With one worker there is one order of accesses, so the protocols differ in nothing but their names.
    let digests = try Self.rows().filter { !$0.arguments.contains("--workers 1 ") }.map(\.digest)
    #expect(Set(digests).count == digests.count)
  }
}
