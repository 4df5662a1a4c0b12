// Writes one HTML file in which a person walks a run access by access. Everything is in the file: it opens without a
// network, and its policy forbids it one.

import Foundation

/// Histories as pages.
public enum ReplayPage {
  /// One HTML document. The same history gives the same bytes, some 15 to 20 an access.
  ///
  /// The part after `#` in its address is where it stands, so that a moment can be linked to: `access=K`,
  /// `search=WORDS`, `hazard=N` (the N-th, from 1) and `play=1`, joined by `&`.
  public static func render(_ history: AccessHistory) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    let json = String(decoding: try encoder.encode(Payload(history)), as: UTF8.self)
    return """
      <!DOCTYPE html>
      <html lang="en">
      <head>
      <meta charset="utf-8">
      <meta name="viewport" content="width=device-width, initial-scale=1">
      <meta name="color-scheme" content="light dark">
      <meta http-equiv="Content-Security-Policy" content="\(policy)">
      <title>\(SVGCanvas.escaped(history.title))</title>
      <style>
      \(style)
      </style>
      </head>
      <body>
      <h1>\(SVGCanvas.escaped(history.title))</h1>
      \(markup)
      <script type="application/json" id="history">\(escapedForScript(json))</script>
      <script>
      \(walkScript)
      \(viewScript)
      \(controlScript)
      </script>
      </body>
      </html>

      """
  }

  /// What a browser may load for the page: nothing, but what stands in it.
  static let policy = "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; base-uri 'none'"

  /// JSON that cannot end the script element that it stands in, nor begin a comment there: `<` stands only in strings,
  /// where it has another spelling.
  static func escapedForScript(_ json: String) -> String { json.replacing("<", with: "\\u003c") }
}

/// A history as the page's script reads it: columns instead of rows, and numbers wherever numbers do. Nobody is -1.
private struct Payload: Encodable {
  struct Start: Encodable {
    let version, updates, lastWriter, lastWrite: [Int]
    /// Of each process one for each object.
    let copy, copyUpdates, loaded, loadedUpdates: [Int]
  }

  struct Operation: Encodable {
    let effect: String
    let first, end: Int
    let words: String
  }

  struct Accesses: Encodable {
    let process, operation, version, update: [Int]
  }

  struct Hazard: Encodable {
    let id, meaning, colour, path: String
  }

  struct Findings: Encodable {
    let hazard, access, cause: [Int]
  }

  let command: String
  let processes, objects: [String]
  /// Which objects processes work on copies of.
  let copied: [Int]
  let skipped: Int
  let start: Start
  let operations: [Operation]
  let accesses: Accesses
  let hazards: [Hazard]
  let findings: Findings

  init(_ history: AccessHistory) {
    command = history.command
    processes = history.processes
    objects = history.objects.map(\.name)
    copied = history.objects.indices.filter { history.objects[$0].isCopied }
    skipped = history.skipped
    let (before, copies) = (history.start.objects, history.start.copies)
    start = Start(
      version: before.map(\.version), updates: before.map(\.updates), lastWriter: before.map { $0.lastWriter ?? -1 },
      lastWrite: before.map { $0.lastWrite ?? -1 }, copy: copies.map { $0.version ?? -1 },
      copyUpdates: copies.map(\.updates), loaded: copies.map { $0.loaded ?? -1 },
      loadedUpdates: copies.map(\.loadedUpdates))
    operations = history.operations.map {
      Operation(
        effect: $0.effect.rawValue, first: $0.objects.lowerBound, end: $0.objects.upperBound, words: $0.words)
    }
    let entries = history.accesses
    accesses = Accesses(
      process: entries.map(\.process), operation: entries.map(\.operation), version: entries.map(\.version),
      update: entries.map(\.update))
    let styles = HazardStyle.styles(for: history.hazards.map(\.id))
    hazards = history.hazards.map { hazard in
      let look = styles[hazard.id]!
      return Hazard(
        id: hazard.id, meaning: hazard.meaning, colour: look.colour, path: look.shape.path(x: 0, y: 0, radius: 5.5))
    }
    findings = Findings(
      hazard: history.findings.map(\.hazard), access: history.findings.map(\.access),
      cause: history.findings.map { $0.cause ?? -1 })
  }
}
