// Expected values of the program's own making. A test compares with them and never changes them; one explicit command
// rewrites them all and prints what changed.

import Foundation
import Reporting
import Testing

/// A file under golden/ with what the program printed, computed or drew when it was last blessed.
struct Golden {
  /// The command that rewrites every golden.
  static let blessing = "A3C_BLESS=1 swift test --filter Golden"
  /// Whether this run is that command.
  static let isBlessing = ProcessInfo.processInfo.environment["A3C_BLESS"] == "1"
  /// What to do about a difference.
  static let advice = """
    First find out why: a result changed, and a digest changes with any bit of it. If it is meant to, rewrite all \
    goldens and say why in the commit:
      \(blessing)
    """

  /// The file, by its path from the package's root.
  let name: String
  /// The file.
  let url: URL

  /// The golden `name`, such as `help/replay.txt`, of `folder`.
  init(_ name: String, in folder: URL = ProgramRun.root.appending(path: "golden")) {
    self.name = "golden/\(name)"
    url = folder.appending(path: name)
  }

  /// What was blessed; empty where nothing was.
  func contents() throws -> String {
    FileManager.default.fileExists(atPath: url.path) ? try String(contentsOf: url, encoding: .utf8) : ""
  }

  /// Compares `text` with what was blessed, or blesses it if this run is for that.
  func check(_ text: String, sourceLocation: SourceLocation = #_sourceLocation) throws {
    if Self.isBlessing { return print(try bless(text)) }
    if let complaint = try complaint(about: text) { Issue.record("\(complaint)", sourceLocation: sourceLocation) }
  }

  /// What to say where `text` is not what was blessed.
  func complaint(about text: String) throws -> String? {
    let changes = difference(from: try contents(), to: text)
    if changes.isEmpty { return nil }
    return "\(name) is not what the program makes now (- golden, + now):\n\(Self.excerpt(changes))\n\(Self.advice)"
  }

  /// Makes `text` the golden.
  /// - Returns: what that changed.
  func bless(_ text: String) throws -> String {
    let changes = difference(from: try contents(), to: text)
    if changes.isEmpty { return "\(name): unchanged" }
    try AtomicFile(path: url.path, force: true).save(text)
    return "\(name):\n\(Self.excerpt(changes))"
  }

  /// The first changes, in lines that a terminal can show.
  private static func excerpt(_ changes: [String]) -> String {
    let limit = 60
    let shown = changes.prefix(limit).map { $0.count > 160 ? "\($0.prefix(160))…" : $0 }
    let rest = changes.count > limit ? ["… and \(changes.count - limit) more lines"] : []
    return (shown + rest).joined(separator: "\n")
  }
}

/// The lines in which two texts differ, `- ` before those of `old` and `+ ` before those of `new`.
func difference(from old: String, to new: String) -> [String] {
  func lines(_ text: String) -> [Substring] { text.split(separator: "\n", omittingEmptySubsequences: false) }
  let changes = lines(new).difference(from: lines(old))
  return changes.map { change in
    switch change {
    case .remove(let offset, let line, _): (offset, 0, "- \(line)")
    case .insert(let offset, let line, _): (offset, 1, "+ \(line)")
    }
  }.sorted { ($0.0, $0.1) < ($1.0, $1.1) }.map(\.2)
}
