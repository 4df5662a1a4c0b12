// The worked example is what its document shows, does what its document says, and its race is the one that is told.

import Foundation
import Lockstep
import Testing

@Suite struct YourOwnAlgorithmTests {
  private static let root = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../")

  private static func text(_ path: String) throws -> String {
    try String(contentsOf: root.appending(path: path), encoding: .utf8)
  }

  /// The fenced blocks of `language`, each with its line ends.
  private static func blocks(_ language: String, of document: String) -> [String] {
    var blocks: [String] = []
    var isInside = false
    for line in document.split(separator: "\n", omittingEmptySubsequences: false) {
      if isInside, line == "```" {
        isInside = false
      } else if isInside {
        blocks[blocks.count - 1] += line + "\n"
      } else if line == "```\(language)" {
        blocks.append("")
        isInside = true
      }
    }
    return blocks
  }

  @Test func theDocumentShowsTheProgramAndWhatItSays() throws {
    let document = try Self.text("docs/your-own-algorithm.md")
    let program = try Self.text("Tests/LockstepTests/YourOwnAlgorithm.swift")
    #expect(Self.blocks("swift", of: document).joined(separator: "\n") == program)
    #expect(Self.blocks("text", of: document) == [debugSession().joined(separator: "\n") + "\n"])
    // Both would notice one other number.
    let drifted = document.replacing("0.1 * gradient", with: "0.2 * gradient").replacing(" 0 dead", with: " 1 dead")
    #expect(Self.blocks("swift", of: drifted).joined(separator: "\n") != program)
    #expect(Self.blocks("text", of: drifted) != Self.blocks("text", of: document))
  }

  @Test func blocksOfOtherLanguagesAndTextBetweenThemAreNotTheProgram() {
    let document = "a\n```swift\nb\n\nc\n```\n```text\nd\n```\n```\n```swift\ne\n```\n"
    #expect(Self.blocks("swift", of: document) == ["b\n\nc\n", "e\n"])
  }

  @Test func theProgramImportsNothingButTheEngine() throws {
    let lines = try Self.text("Tests/LockstepTests/YourOwnAlgorithm.swift").split(separator: "\n")
    #expect(lines.filter { $0.hasPrefix("import") || $0.hasPrefix("@testable") } == ["import Lockstep"])
  }

  @Test(arguments: [false, true])
  func theProofMeetsWhatAllInterleavingsMeet(takesAtOnce: Bool) {
    struct End: Hashable {
      var isDeadlocked: Bool
      var weight: Double

      init(_ run: Simulation<Worker, Replayed>) {
        isDeadlocked = run.status == .deadlocked
        weight = run.world.weight
      }
    }
    let workers = Array(repeating: Worker(takesAtOnce: takesAtOnce), count: 2)
    let start = Simulation(world: Server(), processes: workers)
    var interleavings = 0
    var ends: Set<End> = []
    everySchedule(of: start) { _, end in
      interleavings += 1
      ends.insert(End(end))
      #expect(end.world.applied == [1, 1, 1], "a hang costs no gradient, which is why the curves look right")
    }
    var exploration = Exploration(from: start)
    var met: Set<End> = []
    while let outcome = exploration.next() { met.insert(End(outcome.end)) }
    #expect(met == ends && ends.contains { $0.isDeadlocked } != takesAtOnce)
    #expect(exploration.schedules < interleavings)
  }

  @Test func asManyWorkersAsMinibatchesFinishOnceTheQueueIsRepaired() {
    func result(takesAtOnce: Bool) -> SearchResult {
      let workers = Array(repeating: Worker(takesAtOnce: takesAtOnce), count: 3)
      let start = Simulation(world: Server(), processes: workers)
      return search(Portfolio(for: start, schedules: 200), from: start) { $0.status == .deadlocked }
    }
    #expect(result(takesAtOnce: true).finding == nil)
    #expect(result(takesAtOnce: true).schedules == [200, 200, 200, 200])
    #expect(result(takesAtOnce: false).finding != nil)
  }

  @Test func theAccessesOfAScheduleStandInTheColumnsOfTheirProcesses() {
    let start = Simulation(world: Server(), processes: Array(repeating: Worker(takesAtOnce: false), count: 3))
    #expect(
      start.table(of: [2, 0, 2]) == """
            process 0     process 2
        1                 read(queue)
        2   read(queue)
        3                 update(queue)
        """)
    // Numbers stand below each other, and a schedule ends where it cannot be followed.
    let counts = Simulation(countdowns: [11], strategy: RoundRobin())
    let lines = counts.table(of: Array(repeating: 0, count: 12)).split(separator: "\n")
    #expect(lines.count == 12 && lines[9] == " 9   update(0)" && lines[11] == "11   update(0)")
    #expect(counts.table(of: []) == "")
  }
}
