// `a3c explore` as a user runs it: what it prints and writes, and how it ends.

import Foundation
import Testing
import Training

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
    // The two are indented differently, and so wrapped differently.
    func words(_ lines: [Substring]) -> String { lines.map { $0.drop { $0 == " " } }.joined(separator: " ") }
    let sentences = words(section("what happens", found.output))
    let shown = words(section("what the last access shows", replay.output))
    #expect(shown == "torn-pull: a pull mixed blocks of different updates \(sentences)")
    #expect(section("the schedule", replay.output) == section("the schedule", found.output))
    let report = try ProgramRun(["replay", "--trace", "a.trace", "--json"], in: folder.url).json()
    let explanations = try #require(report["explanations"] as? [[String: Any]])
    #expect(explanations.count == 1 && explanations[0]["hazard"] as? String == "torn-pull")
    #expect((report["sentences"] as? [String])?.joined(separator: " ") == sentences && !sentences.isEmpty)

    // One access before, nothing shows.
    let accesses = try #require(report["accesses"] as? Int)
    let before = ["replay", "--trace", "a.trace", "--until", "\(accesses - 1)"]
    #expect(try !ProgramRun(before, in: folder.url).output.contains("what the last access shows"))
    let earlier = try ProgramRun(before + ["--json"], in: folder.url).json()
    #expect((earlier["explanations"] as? [Any])?.isEmpty == true)
  }

  @Test func `a place in the report is one to go to`() throws {
    let folder = try TemporaryFolder()
    let words = ["explore", "--hazard", "torn-pull", "--protocol", "sharded", "--out", "a.trace"]
    let found = try ProgramRun(words + ["--json"], in: folder.url).json()
    let accesses = try #require(found["accesses"] as? [[String: Any]])
    #expect(accesses.count == 2)
    for access in accesses {
      let (place, text) = (try #require(access["place"] as? Int), try #require(access["words"] as? String))
      let sentence = try #require(found["sentences"] as? [String])[0]
      #expect(sentence.localizedCaseInsensitiveContains("access \(place) ") || sentence.contains("access \(place)"))
      let debug = ["debug", "--trace", "a.trace", "--command"]
      let walk = try ProgramRun(debug + ["goto \(place)"], in: folder.url).output
      #expect(walk.hasPrefix("\(place) ") && walk.contains("  \(text)"))
      let before = try ProgramRun(debug + ["goto \(place - 1)"], in: folder.url).output
      #expect(!before.contains("  \(text)  "), "the control: \(before)")
    }
  }

  @Test func `the nearest passing schedule is saved too, replays, and is walked`() throws {
    let folder = try TemporaryFolder()
    let files = ["--out", "fails.trace", "--out-passing", "passes.trace"]
    let found = try ProgramRun(["explore", "--hazard", "lost-update"] + files + ["--json"], in: folder.url).json()
    #expect(found["passingTrace"] as? String == "passes.trace")
    for (path, count) in [("fails.trace", 1), ("passes.trace", 0)] {
      let replay = try ProgramRun(["replay", "--trace", path, "--json"], in: folder.url)
      let report = try replay.json()
      #expect(replay.exitCode == 0 && report["match"] as? Bool == true)
      #expect((report["hazards"] as? [String: Int])?["lost-update"] ?? 0 == count, "\(path)")
      #expect(try ProgramRun(["trace", "verify", path], in: folder.url).exitCode == 0)
    }
    let walk = ["debug", "--trace", "passes.trace", "--command", "continue", "--command", "history 100"]
    let lines = try ProgramRun(walk, in: folder.url).output.split(separator: "\n")
    #expect(lines.count { $0.contains("worker ") } - 1 == (found["passing"] as? [Int])?.count)
    let again = try ProgramRun(["explore", "--out-passing", "passes.trace"], in: folder.url)
    #expect(again.exitCode == 2 && again.errors.contains("--force"))
    // Where nothing passes, nothing is written, and that is said.
    let alike = ["explore", "--until", "updates >= 1", "--out-passing", "none.trace", "--json"]
    let none = try ProgramRun(alike, in: folder.url)
    #expect(try none.json()["passingTrace"] is NSNull && none.json()["passing"] is NSNull)
    #expect(none.errors.contains("no schedule near the minimal one passes, so none.trace was not written"))
    #expect(folder.contents == ["fails.trace", "passes.trace"])
  }

  @Test func `prose ends where the terminal does, and a comparison of whole runs is said to be one`() throws {
    let words = ["explore", "--until", "smoothed < 0", "--schedules", "20"]
    let run = try ProgramRun(words, environment: ["COLUMNS": "44"])
    let prose = run.output.components(separatedBy: "\nthe schedule")[0].split(separator: "\n").dropFirst()
    #expect(prose.count > 6 && prose.allSatisfy { $0.count <= 44 })
    #expect(run.output.contains("\n  asked       of each schedule at its end"))
    let early = try ProgramRun(["explore", "--until", "updates >= 1"])
    #expect(early.exitCode == 1 && !early.output.contains("\n  asked "))
    #expect(early.errors.contains("explore: 1 schedule in ") && early.output.contains("searched    1 schedule,"))
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

  @Test func `a search that leaves schedules out, or cuts them, is no proof`() throws {
    let small = ["explore", "--hazard", "torn-pull", "--protocol", "locked", "--workers", "2", "--episodes", "1"]
    for words in [["--strategy", "exhaustive:0"], ["--strategy", "exhaustive", "--accesses", "4"]] {
      let run = try ProgramRun(small + ["--max-steps", "1"] + words)
      #expect(run.exitCode == 0 && !run.output.contains("nothing, and there is nothing\n"), "\(words)")
      #expect(run.output.contains("explored    100"), "\(words)")
      let isBounded = words.contains("exhaustive:0")
      #expect(run.output.contains("of all with at most 0 preemptions") == isBounded, "\(words)")
      #expect(run.output.contains("nothing, and there is nothing within the bound of 0 preemptions\n") == isBounded)
      #expect(run.output.contains("cut at the limit of accesses") == words.contains("--accesses"), "\(words)")
    }
  }

  @Test func `every option reaches the search, and is in the command that repeats it`() throws {
    let folder = try TemporaryFolder()
    let words = [
      "explore", "--hazard", "lost-update", "--protocol", "locked", "--workers", "2", "--max-steps", "9", "--episodes",
      "5", "--strategy", "random", "--schedules", "3", "--accesses", "7", "--seed", "6",
    ]
    let report = try ProgramRun(words + ["--out", folder.path("none.trace"), "--json"]).json()
    #expect(report["schedules"] as? Int == 3 && report["accessesSearched"] as? Int == 21)
    // Nothing was found, so nothing was saved that could be replayed.
    #expect(report["trace"] is NSNull && report["repro"] as? String == report["command"] as? String)
    let command = try #require(report["command"] as? String).split(separator: " ").map(String.init)
    #expect(command[0] == "a3c" && Set(command.dropFirst()) == Set(words) && command.count == words.count + 1)
    let again = try ProgramRun(command.dropFirst() + ["--json"]).json()
    for key in ["schedules", "accessesSearched", "goal"] {
      #expect("\(again[key] as Any)" == "\(report[key] as Any)", "\(key)")
    }
  }

  @Test func `the seed is also that of the program`() throws {
    let folder = try TemporaryFolder()
    let trace = folder.path("race.trace")
    _ = try ProgramRun(["explore", "--hazard", "lost-update", "--seed", "11", "--out", trace])
    let header = try Trace(Data(contentsOf: URL(filePath: trace))).header
    #expect(header.configuration.seed == 11 && header.launch == nil)
  }

  @Test func `the two accesses are the other's and the one that meets it, and both sizes are told`() throws {
    let words = ["explore", "--hazard", "stale-push", "--protocol", "sharded", "--strategy", "random", "--seed", "2"]
    let report = try ProgramRun(words + ["--json"]).json()
    let explanation = try #require(report["explanation"] as? [String: Any])
    let accesses = try #require(report["accesses"] as? [[String: Any]])
    func place(_ event: Any?) -> Int? { (event as? [String: Any])?["place"] as? Int }
    #expect(accesses.map { $0["place"] as? Int } == [place(explanation["other"]), place(explanation["met"])])
    #expect(place(explanation["met"]) != place(explanation["shown"]), "a push that shows it at its last block")
    let (found, minimal) = (report["foundSize"] as? [String: Int], report["minimalSize"] as? [String: Int])
    #expect(minimal?["accesses"] == (report["choices"] as? [Int])?.count)
    #expect(try #require(found?["accesses"]) > #require(minimal?["accesses"]))
    // What both schedules begin with is shown once.
    let screen = try ProgramRun(words).output
    let common = zip(
      try #require(report["choices"] as? [Int]), try #require(report["passing"] as? [Int])
    ).prefix { $0 == $1 }.count
    #expect(common > 0 && screen.contains("the same before access \(common + 1)"))
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
      (["--out-passing", "a", "--out", "a"], "--out and --out-passing both name 'a'"),
    ] as [([String], String)])
  func `bad usage is one sentence and status 2`(words: [String], sentence: String) throws {
    let run = try ProgramRun(["explore"] + words)
    #expect(run.exitCode == 2 && run.output == "")
    #expect(run.errors.contains(sentence), "\(run.errors)")
  }
}
