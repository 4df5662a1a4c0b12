// `a3c explore` as a user runs it: what it prints and writes, and how it ends.

import Foundation
import Testing

@testable import a3c

@Suite struct ExploreCommandTests {
  @Test func `a race is found, saved, and repeated by the command that is named`() throws {
    let folder = try TemporaryFolder()
    let (trace, picture) = (folder.path("race.trace"), folder.path("race.svg"))
    let run = try ProgramRun([
      "explore", "--hazard", "lost-update", "--out", trace, "--svg", picture, "--json",
    ])
    #expect(run.exitCode == 1)
    let report = try run.json()
    #expect(report["found"] as? Bool == true && report["hazard"] as? String == "lost-update")
    #expect(report["trace"] as? String == trace && report["repro"] as? String == "a3c replay --trace \(trace)")
    #expect(
      (report["accesses"] as? [[String: Any]])?.map { $0["words"] as? String } == [
        "store actor.weight", "store actor.weight",
      ])
    #expect(
      report["preemptions"] as? Int == 2 && report["schedules"] as? Int == 1 && report["explored"] is NSNull)
    #expect(try String(contentsOfFile: picture, encoding: .utf8).contains(">load actor.weight<"))
    let replay = try ProgramRun(["replay", "--trace", trace, "--json"])
    #expect(replay.exitCode == 0)
    let replayed = try replay.json()
    #expect(replayed["match"] as? Bool == true && (replayed["hazards"] as? [String: Int])?["lost-update"] == 1)
    let verified = try ProgramRun(["trace", "verify", trace])
    #expect(verified.exitCode == 0 && verified.output.hasPrefix("sound: 6 accesses"))
    let again = try ProgramRun(["explore", "--hazard", "lost-update", "--out", trace])
    #expect(again.exitCode == 2 && again.errors.contains("--force"))
  }

  @Test func `the replay of a saved schedule shows the two accesses again, in the words of the search`() throws {
    let folder = try TemporaryFolder()
    let found = try ProgramRun(
      ["explore", "--hazard", "torn-pull", "--protocol", "sharded", "--out", "a.trace"], in: folder.url)
    func section(_ title: String, _ output: String) -> [Substring] {
      let lines = output.split(separator: "\n", omittingEmptySubsequences: false)
      return Array(lines.drop { !$0.hasPrefix(title) }.dropFirst().prefix { !$0.isEmpty })
    }
    let replay = try ProgramRun(["replay", "--trace", "a.trace"], in: folder.url)
    #expect(replay.exitCode == 0 && replay.output.contains("\n  identical  "))
    let sentences = section("what happens", found.output).map { $0.drop { $0 == " " } }
    #expect(sentences.count == 2)
    let shown = section("what the last access shows", replay.output).map { $0.drop { $0 == " " } }
    #expect(shown == ["torn-pull: a pull mixed blocks of different updates"] + sentences)
    #expect(section("the schedule", replay.output) == section("the schedule", found.output))
    let report = try ProgramRun(["replay", "--trace", "a.trace", "--json"], in: folder.url).json()
    let explanations = try #require(report["explanations"] as? [[String: Any]])
    #expect(explanations.count == 1 && explanations[0]["hazard"] as? String == "torn-pull")
    #expect(report["sentences"] as? [String] == sentences.map(String.init))

    // One access before, nothing shows.
    let accesses = try #require(report["accesses"] as? Int)
    let before = ["replay", "--trace", "a.trace", "--until", "\(accesses - 1)"]
    #expect(try !ProgramRun(before, in: folder.url).output.contains("what the last access shows"))
    let earlier = try ProgramRun(before + ["--json"], in: folder.url).json()
    #expect((earlier["explanations"] as? [Any])?.isEmpty == true)
  }

  @Test func `where there is nothing, nothing is found, and a whole search says so`() throws {
    let some = try ProgramRun(["explore", "--hazard", "torn-pull", "--protocol", "locked", "--schedules", "20"])
    #expect(some.exitCode == 0 && some.output.contains("found       nothing\n"))
    let all = try ProgramRun([
      "explore", "--hazard", "torn-pull", "--protocol", "locked", "--workers", "2", "--episodes", "1", "--max-steps",
      "10", "--strategy", "exhaustive",
    ])
    #expect(all.exitCode == 0 && all.output.contains("nothing, and there is nothing"))
  }

  @Test func `the seed and the options decide everything that is found`() throws {
    func report(_ seed: String) throws -> String {
      let run = try ProgramRun(["explore", "--protocol", "sharded", "--hazard", "torn-pull", "--seed", seed])
      // The rate is the machine's.
      return run.output.split(separator: "\n").filter { !$0.contains("schedules/s") }.joined(separator: "\n")
    }
    let (first, again, other) = (try report("3"), try report("3"), try report("4"))
    #expect(first.contains("torn-pull"))
    #expect(first == again)
    #expect(first != other)
  }

  @Test(
    arguments: [
      (["--hazard", "torn-pulls"], "did you mean 'torn-pull'?"),
      (["--until", "staleness"], "--until takes nonfinite, deadlock, or staleness"),
      (["--until", "deadlock", "--hazard", "torn-pull"], "--hazard and --until both say what to look for"),
      (["--strategy", "pct:0"], "pct:D with D from 1 to 100"),
      (["--strategy", "exhaustive", "--workers", "65"], "--strategy exhaustive takes at most 64 workers, not 65"),
      (["--workers", "0"], "--workers takes an integer from 1"),
      (["--out", "a", "--svg", "./a"], "--out and --svg both name './a'"),
    ] as [([String], String)])
  func `bad usage is one sentence and status 2`(words: [String], sentence: String) throws {
    let run = try ProgramRun(["explore"] + words)
    #expect(run.exitCode == 2 && run.output == "")
    #expect(run.errors.contains(sentence), "\(run.errors)")
  }
}
