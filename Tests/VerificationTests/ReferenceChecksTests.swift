// The checks over the reference as a whole: that they pass, that each needs its files, and that no column of any file
// could be wrong without being noticed.

import Foundation
import Testing

@testable import Verification

private let reference = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
  .deletingLastPathComponent().appending(path: "golden/reference")

/// The files that checks read.
private let files = Array(Set(allChecks.flatMap(\.files))).sorted()

/// Those of them that are tables.
private let tables = files.filter { $0.hasSuffix(".csv") }

/// What all checks that read `file` say of it once its text was replaced (`nil`: taken away): refusals, failures, and
/// parts that they skip. Each check runs in a folder of its files alone.
private func remarks(on file: String, replacedBy text: String?) throws -> [String] {
  try allChecks.filter { $0.files.contains(file) }.flatMap { check -> [String] in
    let folder = FileManager.default.temporaryDirectory.appending(path: "a3c-tests-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: folder) }
    for name in check.files {
      let target = folder.appending(path: name)
      try FileManager.default.createDirectory(at: target.deletingLastPathComponent(), withIntermediateDirectories: true)
      if name != file {
        try FileManager.default.createSymbolicLink(at: target, withDestinationURL: reference.appending(path: name))
      } else if let text {
        try Data(text.utf8).write(to: target)
      }
    }
    do {
      let results = try check.run(try ReferenceFolder(path: folder.path))
      return results.flatMap(\.skipped) + results.filter { !$0.pass }.map { "\($0.name): \($0.detail)" }
    } catch let error as ReferenceError {
      return [error.description]
    }
  }
}

/// `cell` with its first letter or digit made another one; `nil` where it has none.
private func altered(_ cell: Substring) -> String? {
  guard let place = cell.firstIndex(where: { $0.isLetter || $0.isNumber }) else { return nil }
  let other: Character = cell[place].isHexDigit ? (cell[place] == "1" ? "3" : "1") : "q"
  return cell.replacingCharacters(in: place...place, with: String(other))
}

@Suite struct ReferenceChecksTests {
  @Test func `every check passes on the reference, and no two results have one name`() throws {
    let folder = try ReferenceFolder(path: reference.path)
    let results = try allChecks.flatMap { try $0.run(folder) }
    for result in results { #expect(result.pass && result.cases > 0, "\(result)") }
    #expect(Set(results.map(\.name)).count == results.count)
    #expect(folder.filesWithoutCheck() == [])
  }

  @Test(arguments: files)
  func `a missing file is named`(file: String) throws {
    for remark in try remarks(on: file, replacedBy: nil) { #expect(remark.contains("\(file) is missing"), "\(remark)") }
  }

  /// Columns that no check depends on: numbers and descriptions of rows for a reader.
  private static let explanations: [String: Set<String>] = Dictionary(
    uniqueKeysWithValues: RecordedEnvironment.all.map { ("environments/\($0.tables)-episodes.csv", ["actions"]) }
  ).merging([
    "environments/swingup-bullet-steps.csv": ["kind"],
    "environments/pendulum-v0-float32-actions-numpy1.csv": ["case"],
    "environments/pendulum-v0-float32-actions-numpy2.csv": ["case"],
    "operations/log-softmax.csv": ["case"],
    "returns/cases.csv": ["ending"],
  ]) { $0.union($1) }

  @Test(arguments: tables)
  func `no column can be wrong unnoticed, but those that explain a row`(file: String) throws {
    let text = try String(contentsOf: reference.appending(path: file), encoding: .utf8)
    let lines = text.split(separator: "\n")
    let columns = lines[0].split(separator: ",").map(String.init)
    let known = try remarks(on: file, replacedBy: text)
    // Some rows belong to parts that are skipped, and some cells are empty; a few rows suffice to find one that counts.
    let rows = stride(from: 1, to: lines.count, by: max(1, (lines.count - 1) / 4))
    for (column, name) in columns.enumerated() {
      let isNoticed = try rows.contains { row in
        var cells = lines[row].split(separator: ",", omittingEmptySubsequences: false)
        guard let wrong = altered(cells[column]) else { return false }
        cells[column] = wrong[...]
        let changed = lines[..<row] + [cells.joined(separator: ",")[...]] + lines[(row + 1)...]
        return try remarks(on: file, replacedBy: changed.joined(separator: "\n") + "\n") != known
      }
      #expect(isNoticed != Self.explanations[file, default: []].contains(name), "\(file), column \(name)")
    }
  }
}

@Suite struct ReferenceFolderTests {
  @Test func `what is no folder is refused by its path`() {
    for path in [reference.appending(path: "README.md").path, "/nowhere", ""] {
      #expect { try ReferenceFolder(path: path) } throws: { "\($0)".hasPrefix("\(path) is not a folder") }
    }
  }

  @Test func `files without a check are those that no check reads, but documents`() throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "a3c-tests-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: folder) }
    try FileManager.default.createDirectory(at: folder.appending(path: "returns"), withIntermediateDirectories: true)
    for name in ["README.md", "returns/cases.csv", "returns/other.csv", "z.csv"] {
      try Data("x\n".utf8).write(to: folder.appending(path: name))
    }
    let opened = try ReferenceFolder(path: folder.path)
    #expect(opened.files() == ["README.md", "returns/cases.csv", "returns/other.csv", "z.csv"])
    #expect(opened.filesWithoutCheck() == ["returns/other.csv", "z.csv"])
    #expect(opened.has("z.csv") && opened.has("returns") && !opened.has("y.csv"))
  }

  @Test func `bytes that are no UTF-8 are refused, not replaced`() throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "a3c-tests-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: folder) }
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    try Data([0x61, 0x0A, 0xFF, 0x0A]).write(to: folder.appending(path: "t.csv"))
    let opened = try ReferenceFolder(path: folder.path)
    #expect { try opened.table("t.csv", required: ["a"]) } throws: { "\($0)".contains("t.csv is not UTF-8") }
  }
}
