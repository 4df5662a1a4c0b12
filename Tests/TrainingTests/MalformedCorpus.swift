// Damaged files with the sentences by which they are refused, under Fixtures/malformed: made from a whole file by one
// change each, blessed by one command, compared ever after.

import Foundation
import Testing

@testable import Training

/// A folder under Fixtures/malformed with an index of sentences.
struct MalformedCorpus: Sendable {
  /// The folder's name.
  let name: String
  let folder: URL

  init(_ name: String) {
    self.name = name
    folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().appending(path: "Fixtures/malformed/\(name)")
  }

  /// Whether this run is the command that rewrites the files and the index.
  static let isBlessing = ProcessInfo.processInfo.environment["A3C_BLESS"] == "1"

  /// Expects each of `cases` to be on the disk as it is made now, and to be refused in the index's words; or makes it
  /// so.
  /// - Parameters:
  ///   - cases: names with files' contents.
  ///   - sentence: why the file of this name is refused; `nil` where it is read.
  func check(_ cases: [(name: String, files: [String: [UInt8]])], sentence: (String) throws -> String?) throws {
    let index = folder.appending(path: "index.tsv")
    if Self.isBlessing {
      try? FileManager.default.removeItem(at: folder)
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    }
    var lines: [String] = []
    for (name, files) in cases {
      for (file, bytes) in files {
        let url = folder.appending(path: file)
        if Self.isBlessing {
          try FileManager.default.createDirectory(
            at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
          try Data(bytes).write(to: url)
        }
        let isSame = (try? Data(contentsOf: url)) == Data(bytes)
        #expect(isSame, "\(file) is not what is made now; if that is meant: \(Self.blessing)")
      }
      lines.append("\(name)\t\(try sentence(name) ?? "is read")")
    }
    if Self.isBlessing { try Data((lines.joined(separator: "\n") + "\n").utf8).write(to: index) }
    let expected = try String(contentsOf: index, encoding: .utf8).split(separator: "\n").map(String.init)
    for (found, expected) in zip(lines, expected) { #expect(found == expected) }
    #expect(lines.count == expected.count)
    let there = FileManager.default.enumerator(atPath: folder.path)?.compactMap { $0 as? String } ?? []
    let known = Set(cases.flatMap { $0.files.map(\.key) } + ["index.tsv"])
    #expect(there.filter { !known.contains($0) && $0.contains(".") } == [])
  }

  static let blessing = "A3C_BLESS=1 swift test --filter Malformed"
}
