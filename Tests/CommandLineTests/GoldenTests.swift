// The program against its own blessed outputs: digests of replays, help texts, a small picture, and the
// data of a small page.

import Foundation
import Reporting
import Testing

@testable import a3c

/// A line of golden/replay/digests.csv.
private struct ReplayRow: CustomTestStringConvertible, Sendable {
  static let golden = Golden("replay/digests.csv")
  static let header = "arguments,digest"

  /// The words after `a3c replay`.
  let arguments: String
  let digest: String

  var testDescription: String { "a3c replay \(arguments)" }
  var words: [String] { arguments.split(separator: " ").map(String.init) }

  /// The rows of `text`.
  static func rows(of text: String) throws -> [ReplayRow] {
    let lines = text.split(separator: "\n")
    try #require(lines.first == header[...], "the first line of \(golden.name) names the columns: \(header)")
    return try lines.dropFirst().map { line in
      let cells = line.split(separator: ",", omittingEmptySubsequences: false)
      try #require(cells.count == 2, "'\(line)' in \(golden.name) has not the two cells \(header)")
      return ReplayRow(arguments: String(cells[0]), digest: String(cells[1]))
    }
  }

  /// The digest that this program gives.
  func replay() throws -> String {
    let command = try ReplayCommand(ReplayCommand.declaration.parse(words))
    return command.arguments[ReplayCommand.fault].isEmpty
      ? try command.replay(style: .silent).report.digest
      : try command.replayWithFaults(style: .silent).report.digest
  }

  /// What to say where a replay gives another digest.
  func complaint() throws -> String? {
    let now = try replay()
    if now == digest { return nil }
    return """
      a3c replay \(arguments)
      gives digest \(now), and \(digest) is the golden one. \(Golden.advice)
      """
  }
}

/// All rows; a file that cannot be read has none, which `the rows cover every option` reports.
private let rows = (try? ReplayRow.rows(of: ReplayRow.golden.contents())) ?? []

@Suite("Golden replays") struct GoldenReplayTests {
  @Test(.disabled(if: Golden.isBlessing), arguments: rows)
  fileprivate func `a replay gives its golden digest`(row: ReplayRow) throws {
    if let complaint = try row.complaint() { Issue.record("\(complaint)") }
  }

  @Test(.enabled(if: Golden.isBlessing)) func `golden digests are rewritten when that is asked for`() async throws {
    let digests = try await withThrowingTaskGroup(of: (String, String).self) { group in
      for row in rows { group.addTask { (row.arguments, try row.replay()) } }
      return try await group.reduce(into: [:]) { $0[$1.0] = $1.1 }
    }
    let lines = rows.map { "\($0.arguments),\(digests[$0.arguments]!)" }
    print(try ReplayRow.golden.bless(([ReplayRow.header] + lines).joined(separator: "\n") + "\n"))
  }

  @Test(.disabled(if: Golden.isBlessing)) func `the rows cover every option that reaches a result`() throws {
    let rows = try ReplayRow.rows(of: ReplayRow.golden.contents())
    #expect(rows.count >= 16)
    #expect(Set(rows.map(\.arguments)).count == rows.count)
    #expect(rows.contains { $0.arguments == "--seed 42" })
    let words = Set(rows.flatMap { row in zip(row.words, row.words.dropFirst()).map { "\($0) \($1)" } })
    for sharing in ["locked", "sharded", "hogwild"] { #expect(words.contains("--protocol \(sharing)")) }
    for schedule in ["round-robin", "random", "timed"] { #expect(words.contains("--schedule \(schedule)")) }
    let outputs: Set = [
      "preset", "trace", "svg", "digests-every", "twice", "timeline", "perfetto", "html", "force", "json",
    ]
    for option in ReplayCommand.declaration.options where !outputs.contains(option.name) {
      #expect(rows.contains { $0.words.contains(option.spelling) }, "no row has \(option.spelling)")
    }
  }

  @Test(.disabled(if: Golden.isBlessing)) func `different runs have different digests`() {
    // With one worker there is one order of accesses, so the protocols differ in nothing but their names.
    let digests = rows.filter { !$0.arguments.contains("--workers 1 ") }.map(\.digest)
    #expect(Set(digests).count == digests.count)
  }

  @Test func `a wrong digest is noticed, and the message has the row and the command`() throws {
    let row = ReplayRow(arguments: "--seed 1 --until 3", digest: "0123456789abcdef")
    let complaint = try #require(try row.complaint())
    #expect(complaint.contains("a3c replay --seed 1 --until 3\n"))
    #expect(complaint.contains("0123456789abcdef is the golden one"))
    #expect(complaint.contains(Golden.blessing))
  }
}

@Suite("Golden texts") struct GoldenTextTests {
  @Test func `bare a3c prints the golden overview`() throws { try Golden("help/overview.txt").check(program.overview) }

  @Test(arguments: program.commands.map(\.name))
  func `the help of a command is the golden one`(name: String) throws {
    let command = try #require(program.commands.first { $0.name == name })
    try Golden("help/\(name).txt").check(program.help(for: command))
  }

  @Test(.disabled(if: Golden.isBlessing)) func `every golden help text belongs to a command`() throws {
    let folder = ProgramRun.root.appending(path: "golden/help")
    let names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
    #expect(Set(names) == Set((["overview"] + program.commands.map(\.name)).map { "\($0).txt" }))
  }

  @Test func `every help text fits a line of 80 characters`() {
    for text in [program.overview] + program.commands.map({ program.help(for: $0) }) {
      for line in text.split(separator: "\n") { #expect(line.count <= 80, "\(line)") }
    }
  }

  @Test func `every command line that the program shows can be read`() throws {
    for example in program.firstSteps.map(\.command) + program.commands.flatMap(\.examples) {
      let words = example.replacing("swift run -c release ", with: "").split(separator: " ").map(String.init)
      #expect(words.first == "a3c")
      _ = try program.select(Array(words.dropFirst()))
    }
  }

  /// A recorder of a short run.
  private func recordShortRun(_ output: String) throws -> (command: ReplayCommand, recorder: TimelineRecorder) {
    let folder = try TemporaryFolder()
    let words = "--seed 42 --workers 2 --episodes 1 --max-steps 30".split(separator: " ").map(String.init)
    let command = try ReplayCommand(ReplayCommand.declaration.parse(words + [output, folder.path("run")]))
    return (command, try #require(try command.replay(style: .silent).recorder))
  }

  @Test func `the picture of a short run is the golden one`() throws {
    let (command, recorder) = try recordShortRun("--timeline")
    try Golden("timeline/two-workers.svg").check(command.timelineSVG(recorder))
  }

  @Test func `the data of a short run's page are the golden ones`() throws {
    let recorder = try recordShortRun("--html").recorder
    let page = try ReplayPage.render(recorder.history(title: "Two workers", command: "a3c replay --seed 42", last: 120))
    let begin = try #require(page.range(of: #"id="history">"#)?.upperBound)
    let end = try #require(page[begin...].range(of: "</script>")?.lowerBound)
    try Golden("page/two-workers.json").check(page[begin..<end].replacing("],", with: "],\n") + "\n")
  }
}

@Suite("Golden mechanism") struct GoldenMechanismTests {
  @Test func `a difference lists the lines that went and the lines that came`() {
    #expect(difference(from: "a\nb\nc\n", to: "a\nb\nc\n") == [])
    #expect(difference(from: "a\nb\nc\n", to: "a\nB\nc\n") == ["- b", "+ B"])
    #expect(difference(from: "a\n", to: "a") == ["- "])
    #expect(difference(from: "", to: "a") == ["- ", "+ a"])
  }

  @Test func `a changed text is noticed, and nothing is written`() throws {
    let folder = try TemporaryFolder()
    let golden = Golden("text.txt", in: folder.url)
    try Data("one\ntwo\n".utf8).write(to: golden.url)
    #expect(try golden.complaint(about: "one\ntwo\n") == nil)
    let complaint = try #require(try golden.complaint(about: "one\n2\n"))
    #expect(complaint.contains("golden/text.txt"))
    #expect(complaint.contains("- two\n+ 2\n"))
    #expect(complaint.contains(Golden.blessing))
    #expect(try golden.contents() == "one\ntwo\n")
    #expect(try Golden("missing.txt", in: folder.url).complaint(about: "one\n") != nil)
  }

  @Test func `blessing replaces the file and says what changed`() throws {
    let folder = try TemporaryFolder()
    let golden = Golden("text.txt", in: folder.url)
    #expect(try golden.bless("one\n") == "golden/text.txt:\n+ one")
    #expect(try golden.bless("two\n") == "golden/text.txt:\n- one\n+ two")
    #expect(try golden.bless("two\n") == "golden/text.txt: unchanged")
    #expect(try golden.contents() == "two\n")
    #expect(folder.contents == ["text.txt"])
  }
}
