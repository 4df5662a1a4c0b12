// `a3c replay` from outside: what it prints, what it writes, and how it refuses.

import Foundation
import Testing

@testable import a3c

@Suite struct ReplayCommandTests {
  static let short = ["replay", "--seed", "2", "--workers", "3", "--episodes", "4", "--max-steps", "60"]

  private static func digest(in run: ProgramRun) throws -> String? { try run.json()["digest"] as? String }

  // MARK: What it prints

  @Test func `JSON is one document with the contract's keys, and alone on standard output`() throws {
    let run = try ProgramRun(Self.short + ["--json"])
    #expect(run.exitCode == 0)
    let report = try run.json()
    for key in ["seed", "workers", "episodes", "environmentSteps", "updates", "accesses", "seconds"] {
      #expect(report[key] is NSNumber, "\(key)")
    }
    for key in ["preset", "protocol", "schedule", "digest"] { #expect(report[key] is String, "\(key)") }
    let contract: Set = [
      "seed", "preset", "protocol", "schedule", "workers", "episodes", "environmentSteps", "updates", "accesses",
      "digest", "staleness", "hazards", "returns", "seconds",
    ]
    let others: Set = ["scheduleSeed", "granularity", "rewards", "quirks", "smoothed", "repro"]
    #expect(Set(report.keys) == contract.union(others))
    let staleness = try #require(report["staleness"] as? [String: Any])
    #expect(Set(staleness.keys) == ["mean", "max"])
    let hazards = try #require(report["hazards"] as? [String: Int])
    #expect(Set(hazards.keys).isSuperset(of: ["lost-update", "torn-pull", "stale-push", "episode-overrun"]))
    let returns = try #require(report["returns"] as? [Double])
    #expect(returns.count == report["episodes"] as? Int && returns.allSatisfy { $0 < 0 })
    #expect(report["workers"] as? Int == 3 && report["preset"] as? String == "sjtu")
  }

  @Test func `no way of reporting changes the digest`() throws {
    let folder = try TemporaryFolder()
    let digest = try Self.digest(in: ProgramRun(Self.short + ["--json"]))
    let ways: [[String]] = [
      ["--timeline", folder.path("a.svg")], ["--perfetto", folder.path("a.json")], ["--digests-every", "3"],
      ["--timeline", folder.path("b.svg"), "--perfetto", folder.path("b.json"), "--twice"],
    ]
    for way in ways { #expect(try Self.digest(in: ProgramRun(Self.short + way + ["--json"])) == digest, "\(way)") }
    let screen = try ProgramRun(Self.short)
    #expect(screen.output.contains("digest  \(digest ?? "none")"))
    #expect(try ProgramRun(Self.short, environment: ["NO_COLOR": "1", "COLUMNS": "40"]).output.contains(digest!))
  }

  @Test func `the command that is printed repeats the run`() throws {
    let options = ["--protocol", "sharded", "--schedule", "random", "--schedule-seed", "9", "--rewards", "scaled"]
    let more = ["--granularity", "chunk:50", "--repair", "private-step", "--until", "900"]
    let first = try ProgramRun(Self.short + options + more + ["--json"]).json()
    let words = try #require(first["repro"] as? String).split(separator: " ").dropFirst().map(String.init)
    let second = try ProgramRun(words + ["--json"]).json()
    #expect(first["digest"] as? String == second["digest"] as? String)
  }

  @Test func `n-step advantages are taken without what only generalized ones have`() throws {
    let words = ["replay", "--seed", "1", "--preset", "pendulum-best", "--episodes", "1", "--max-steps", "9"]
    let changes = [[], ["--advantage", "n-step"], ["--set", "criticTarget=returns", "--set", "advantage=n-step"]]
    let digests = try changes.map {
      try #require(try ProgramRun(words + ["--workers", "1", "--json"] + $0).json()["digest"] as? String)
    }
    #expect(digests[0] != digests[1] && digests[1] == digests[2])
  }

  @Test func `the command that is printed is safe to copy into a shell`() throws {
    let folder = try TemporaryFolder()
    let settings = ["--set", "optimizer.learningRate= 1e-3"]
    let words = Self.short + settings + ["--json"]
    let first = try ProgramRun(words, in: folder.url).json()
    let command = try #require(first["repro"] as? String).dropFirst(3)
    let second = try Self.shell(#""$A3C""# + command + " --json", in: folder.url).json()
    #expect(second["digest"] as? String == first["digest"] as? String && first["digest"] != nil)
    #expect(command.contains("'optimizer.learningRate= 1e-3'"))
    let text = "a $(touch hit) 'one'"
    #expect(try Self.shell("printf %s \(text.quotedForShell)", in: folder.url).output == text)
    // The name of a preset becomes that of a folder, and is shown.
    #expect(try ProgramRun(Self.short + ["--set", "preset=$(touch hit)"], in: folder.url).exitCode == 2)
    #expect(folder.contents.isEmpty)
  }

  @Test func `another schedule seed is another run, another option too`() throws {
    let ways = [
      [], ["--schedule-seed", "3"], ["--schedule", "random"], ["--protocol", "locked"], ["--rewards", "scaled"],
      ["--granularity", "chunk:9"], ["--repair", "unscaled-mean"], ["--until", "100"],
    ]
    let digests = try ways.map { try Self.digest(in: ProgramRun(Self.short + $0 + ["--json"])) }
    #expect(Set(digests).count == ways.count)
  }

  @Test func `a stop is at the access that was asked for and shows every worker`() throws {
    let run = try ProgramRun(Self.short + ["--until", "70", "--json"])
    let report = try run.json()
    #expect(report["accesses"] as? Int == 70)
    let workers = try #require(report["stopped"] as? [[String: Any]])
    #expect(workers.count == 3)
    let blocks = try #require(report["blocks"] as? [[String: Any]])
    #expect(blocks.first?["block"] as? String == "actor.weight" && blocks.first?["version"] as? Int ?? 0 > 0)
    #expect(workers.allSatisfy { ($0["versions"] as? [Int])?.count == blocks.count })
    // In the words of the debugger, in which a read that begins an update is a load.
    let walk = ["--command", "goto 70", "--command", "where", "--json"]
    let commands = try ProgramRun(["debug"] + Self.short.dropFirst() + walk).json()["commands"] as? [[String: Any]]
    let rows = try #require((commands?.last?["replies"] as? [[String: Any]])?.first?["rows"] as? [[String: Any]])
    let next = workers.compactMap { $0["next"] as? String }
    #expect(next == rows.compactMap { $0["next"] as? String } && next.contains { $0.hasPrefix("load ") }, "\(next)")
    let end = try ProgramRun(Self.short + ["--until", "100000000", "--json"]).json()
    #expect(end["stopped"] == nil && end["blocks"] == nil, "a run that ended was not stopped")
  }

  @Test func `digests on the way belong to prefixes of the run`() throws {
    let report = try ProgramRun(Self.short + ["--digests-every", "4", "--json"]).json()
    let digests = try #require(report["digests"] as? [[String: Any]])
    #expect(digests.count == (report["updates"] as! Int) / 4)
    let third = digests[2]
    #expect(third["update"] as? Int == 12)
    let prefix = try ProgramRun(Self.short + ["--until", "\(third["access"]!)", "--json"]).json()
    #expect(prefix["digest"] as? String == third["digest"] as? String)
  }

  @Test func `running twice says that the runs are identical`() throws {
    let run = try ProgramRun(Self.short + ["--twice"])
    #expect(run.exitCode == 0 && run.errors.contains("identical"))
  }

  // MARK: What it writes

  @Test func `pictures are written whole, and never over a file without --force`() throws {
    let folder = try TemporaryFolder()
    let words =
      Self.short + ["--timeline", folder.path("race.svg"), "--perfetto", folder.path("race.json")]
      + ["--html", folder.path("race.html")]
    #expect(try ProgramRun(words).exitCode == 0)
    #expect(folder.contents == ["race.html", "race.json", "race.svg"])
    let page = try String(contentsOfFile: folder.path("race.html"), encoding: .utf8)
    #expect(page.hasSuffix("</html>\n") && page.contains("lost-update") && page.contains("load actor.weight"))
    let picture = try String(contentsOfFile: folder.path("race.svg"), encoding: .utf8)
    #expect(picture.hasSuffix("</svg>\n") && picture.contains("lost-update") && picture.contains("load actor.weight"))
    let trace = try JSONSerialization.jsonObject(with: Data(contentsOf: folder.url.appending(path: "race.json")))
    #expect((trace as? [String: Any])?["traceEvents"] is [Any])

    try "mine".write(toFile: folder.path("race.svg"), atomically: true, encoding: .utf8)
    let refused = try ProgramRun(words)
    #expect(refused.exitCode == 2 && refused.output.isEmpty)
    #expect(try String(contentsOfFile: folder.path("race.svg"), encoding: .utf8) == "mine")
    #expect(try ProgramRun(words + ["--force"]).exitCode == 0)
    #expect(try String(contentsOfFile: folder.path("race.svg"), encoding: .utf8) == picture)
  }

  // MARK: Streams

  /// Runs a shell command in which `$A3C` is the program.
  static func shell(_ command: String, in folder: URL? = nil) throws -> ProgramRun {
    try ProgramRun(
      ["-c", command], in: folder, environment: ["A3C": ProgramRun.executable.path],
      executable: URL(filePath: "/bin/sh"))
  }

  @Test func `progress and remarks go to standard error alone`() throws {
    let run = try ProgramRun(Self.short + ["--twice", "--digests-every", "5", "--json"])
    #expect(run.output.hasPrefix("{") && run.output.hasSuffix("}\n"))
    #expect(run.errors.contains("replay: ") && run.errors.contains("three runs of "))
    let screen = try ProgramRun(Self.short + ["--digests-every", "5"])
    #expect(screen.output.hasPrefix("update 5  access "))
    #expect(!screen.output.contains("\u{1B}") && !screen.output.contains("\r"), "nothing for a terminal in a file")
  }

  @Test func `a reader who goes away ends the program without a word`() throws {
    let folder = try TemporaryFolder()
    let words = "replay --seed 1 --workers 1000 --until 1 --json"
    let run = try Self.shell("{ \"$A3C\" \(words) 2>errors; } | head -n 1; cat errors", in: folder.url)
    #expect(run.output.split(separator: "\n").first == "{")
    #expect(run.output.split(separator: "\n").dropFirst().allSatisfy { $0.hasPrefix("replay: ") }, "\(run.output)")
  }

  @Test func `nobody to complain to is no reason to crash`() throws {
    #expect(try Self.shell("\"$A3C\" replay --sed 1 2>&-").exitCode == 2)
    #expect(try Self.shell("\"$A3C\" replay --seed 1 --until 1 2>&-").exitCode == 0)
  }

  @Test(.enabled(if: FileManager.default.fileExists(atPath: "/dev/full")), arguments: ["", "--json"])
  func `results that cannot be written are no success`(option: String) throws {
    let run = try Self.shell("\"$A3C\" replay --seed 1 --until 1 \(option) >/dev/full")
    #expect(run.exitCode == 2)
    #expect(run.errors.contains("standard output cannot be written"))
  }

  @Test(arguments: ["1", "é", "xy"])
  func `a picture may have a name of any length`(name: String) throws {
    let folder = try TemporaryFolder()
    let run = try ProgramRun(Self.short + ["--until", "50", "--timeline", name], in: folder.url)
    #expect(run.exitCode == 0 && folder.contents == [name], "\(run.errors)")
  }

  // MARK: How it refuses

  /// Words, and what the sentence must mention.
  static let mistakes: [([String], String)] = [
    (["replya", "--seed", "1"], "replay"),
    (["replay"], "--seed"),
    (["replay", "--sed", "42"], "--seed"),
    (["replay", "--seed", "1.5"], "1.5"),
    (["replay", "--seed", "abc"], "abc"),
    (["replay", "--seed", "-1"], "-1"),
    (["replay", "--seed", "18446744073709551616"], "18446744073709551615"),
    (["replay", "--seed", "1", "--seed", "2"], "twice"),
    (["replay", "--seed"], "value"),
    (["replay", "--seed", "1", "--preset", "sjut"], "sjtu"),
    (["replay", "--seed", "1", "--workers", "0"], "1"),
    (["replay", "--seed", "1", "--workers", "-3"], "-3"),
    (["replay", "--seed", "1", "--episodes", "0"], "--episodes"),
    (["replay", "--seed", "1", "--max-steps", "0"], "--max-steps"),
    (["replay", "--seed", "1", "--protocol", "shraded"], "sharded"),
    (["replay", "--seed", "1", "--schedule", "rnadom"], "random"),
    (["replay", "--seed", "1", "--granularity", "chunk:0"], "chunk:N"),
    (["replay", "--seed", "1", "--granularity", "chunk:\(Int.max)"], "chunk:N"),
    (["replay", "--seed", "1", "--workers", "65537"], "65536"),
    (["replay", "--seed", "1", "--repair", "privat-step"], "private-step"),
    (["replay", "--seed", "1", "left-over"], "left-over"),
    (["replay", "--seed", "1", "--timeline", "/nowhere/at/all.svg"], "/nowhere/at/all.svg"),
    (["replay", "--seed", "1", "--timeline", "a.svg", "--perfetto", "a.svg"], "a.svg"),
    (["replay", "--seed", "1", "--timeline", "a.svg", "--perfetto", "./a.svg"], "a.svg"),
    (["replay", "--seed", "1", "--timeline", "."], "folder"),
    (["replay", "--seed", "1", "--timeline", "a", "--html", "./a"], "--timeline and --html both name"),
    (["verify", "--reference", "/nowhere"], "/nowhere"),
    (["verify"], "--reference"),
    (["bench", "--jsno"], "--json"),
  ]

  @Test(arguments: mistakes)
  func `bad input gets one sentence and exit code 2`(words: [String], mention: String) throws {
    let folder = try TemporaryFolder()
    let run = try ProgramRun(words, in: folder.url)
    #expect(run.exitCode == 2)
    #expect(run.output.isEmpty)
    #expect(run.errors.hasPrefix("a3c: ") && run.errors.split(separator: "\n").count == 1, "\(run.errors)")
    #expect(run.errors.contains(mention), "\(run.errors)")
    #expect(folder.contents.isEmpty, "nothing is half-written")
  }

  @Test func `huge sizes are taken, and cost only what is run`() throws {
    let words = ["replay", "--seed", "1", "--episodes", "\(Int.max)", "--max-steps", "\(Int.max)", "--until", "50"]
    #expect(try ProgramRun(words + ["--json"]).json()["accesses"] as? Int == 50)
    let many = try ProgramRun(["replay", "--seed", "1", "--workers", "2000", "--until", "10", "--json"])
    #expect(try many.json()["workers"] as? Int == 2000)
  }
}
