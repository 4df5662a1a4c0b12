// `a3c train` from outside: what it prints, what it leaves in the run's folder, and what it refuses before it writes.

import Foundation
import Sharing
import Testing
import Training

@testable import a3c

#if canImport(FoundationXML)
  import FoundationXML
#endif

@Suite struct TrainCommandTests {
  /// A run of some milliseconds.
  static let small =
    ["train", "--set", "network.actor=[20]", "--set", "network.critic=[10]", "--workers", "3", "--episodes", "9"]
    + ["--max-steps", "40", "--protocol", "sharded"]

  /// Trains in `folder`.
  private static func train(_ words: String..., in folder: TemporaryFolder) throws -> ProgramRun {
    try ProgramRun(small + words, in: folder.url)
  }

  /// The contents of the file `name` in `folder`.
  static func text(_ name: String, in folder: TemporaryFolder) throws -> String {
    try String(contentsOfFile: folder.path(name), encoding: .utf8)
  }

  /// Everything below `folder`, with the bytes of files.
  static func everything(in folder: TemporaryFolder) -> [String: Data] {
    let names = FileManager.default.enumerator(atPath: folder.url.path)?.compactMap { $0 as? String } ?? []
    return Dictionary(
      uniqueKeysWithValues: names.map { ($0, FileManager.default.contents(atPath: folder.path($0)) ?? Data()) })
  }

  // MARK: What it prints

  @Test(arguments: SharingProtocol.allCases)
  func `JSON is one document with the contract's keys, alone on standard output`(sharing: SharingProtocol) throws {
    let folder = try TemporaryFolder()
    let run = try Self.train("--protocol", sharing.rawValue, "--seed", "4", "--json", in: folder)
    // The option of the small run is given twice.
    #expect(run.exitCode == 2 && run.errors.contains("--protocol"))
    let words = Self.small.dropLast(2) + ["--protocol", sharing.rawValue, "--seed", "4", "--json"]
    let report = try ProgramRun(Array(words), in: folder.url).json()
    for key in ["seed", "workers", "episodes", "environmentSteps", "updates", "accesses", "seconds"] {
      #expect(report[key] is NSNumber, "\(key)")
    }
    for key in ["preset", "protocol", "schedule", "digest", "run", "checkpoint", "repro"] {
      #expect(report[key] is String, "\(key)")
    }
    #expect(report["schedule"] as? String == "threads" && report["protocol"] as? String == sharing.rawValue)
    #expect(report["seed"] as? Int == 4 && report["workers"] as? Int == 3 && report["preset"] as? String == "sjtu")
    #expect(Set((report["staleness"] as? [String: Any] ?? [:]).keys) == ["mean", "max"])
    #expect(Set((report["hazards"] as? [String: Int] ?? [:]).keys) == Set(Hazard.allCases.map(\.rawValue)))
    #expect((report["returns"] as? [Double])?.count == report["episodes"] as? Int)
    #expect(report["resume"] == nil && report["stopped"] == nil && report["trace"] == nil)
  }

  @Test func `nothing is redrawn or coloured where nobody looks on`() throws {
    let folder = try TemporaryFolder()
    let run = try Self.train("--record", "a.trace", in: folder)
    #expect(run.exitCode == 0 && !(run.output + run.errors).contains("\u{1B}") && !run.errors.contains("\r"))
    #expect(run.errors.split(separator: "\n").count == 1 && run.errors.hasPrefix("train: "))
    #expect(run.output.contains("a3c replay --trace a.trace"))
  }

  @Test(arguments: [("2>&-", 0), (">&-", 2), (">&- 2>&-", 2)] as [(String, Int32)])
  func `messages do not go into files where a stream is closed`(redirection: String, exitCode: Int32) throws {
    let folder = try TemporaryFolder()
    let run = try ProgramRun(
      ["-c", "\"$A3C\" \"$@\" \(redirection)", "sh"] + Self.small + ["--out", "run"], in: folder.url,
      environment: ["A3C": ProgramRun.executable.path], executable: URL(filePath: "/bin/sh"))
    #expect(run.exitCode == exitCode)
    #expect(try Self.metrics(in: folder).count >= 9)
  }

  @Test(arguments: ["timed", "random", "round-robin"])
  func `training in lockstep is the replay of the same seed`(schedule: String) throws {
    let folder = try TemporaryFolder()
    let options = Self.small.dropFirst() + ["--seed", "7", "--schedule", schedule, "--json"]
    let trained = try ProgramRun(["train"] + options, in: folder.url).json()
    let replayed = try ProgramRun(["replay"] + options).json()
    #expect(trained["digest"] as? String == replayed["digest"] as? String)
    #expect(trained["accesses"] as? Int == replayed["accesses"] as? Int)
    let other = try ProgramRun(["replay"] + options + ["--granularity", "chunk:9"]).json()
    #expect(trained["digest"] as? String != other["digest"] as? String)
    let words = try #require(trained["repro"] as? String).split(separator: " ").dropFirst().map {
      String($0.filter { $0 != "'" })
    }
    #expect(
      try ProgramRun(words + ["--json"], in: folder.url).json()["digest"] as? String == trained["digest"] as? String)
  }

  // MARK: The run's folder

  @Test func `the folder has the settings, a row an episode, the curve, and what was printed`() throws {
    let folder = try TemporaryFolder()
    let run = try Self.train(
      "--out", "run", "--seed", "3", "--set", "optimizer.learningRate=1e-3", "--json", in: folder)
    #expect(run.exitCode == 0)
    #expect(
      try FileManager.default.contentsOfDirectory(atPath: folder.path("run")).sorted()
        == ["checkpoint", "config.json", "curve.svg", "metrics.csv", "metrics.jsonl", "summary.json"])
    #expect(try Self.text("run/summary.json", in: folder) == run.output)

    let settings = try Data(contentsOf: folder.url.appending(path: "run/config.json"))
    let configuration = try JSONDecoder().decode(Configuration.self, from: settings)
    #expect(configuration == (try Checkpoint(path: folder.path("run"))).configuration)
    #expect(
      configuration.optimizer.learningRate == 1e-3 && configuration.seed == 3 && configuration.network.actor == [20])

    let rows = try Self.metrics(in: folder)
    #expect(rows.map(\.episodeReturn) == (try Self.returns(in: run.output)))
    #expect(rows.map(\.episode) == Array(1...rows.count) && rows.last?.environmentSteps == 40 * rows.count)

    let curve = try XMLDocument(contentsOf: folder.url.appending(path: "run/curve.svg"))
    let text = try #require(curve.rootElement()?.stringValue)
    for part in ["sjtu, sharded, 3 workers, seed 3", "reward per step", "finished episodes", "smoothed", "One run."] {
      #expect(text.contains(part), "\(part)")
    }
  }

  /// The returns in a report, every bit of them.
  static func returns(in report: String) throws -> [Double] {
    struct Report: Decodable { var returns: [Double] }
    return try JSONDecoder().decode(Report.self, from: Data(report.utf8)).returns
  }

  /// The rows of metrics.csv in the folder `run`, which are those of metrics.jsonl.
  static func metrics(in folder: TemporaryFolder) throws -> [MetricsRow] {
    let lines = try text("run/metrics.csv", in: folder).split(separator: "\n")
    #expect(lines.first == "episode,worker,return,steps,smoothed,environment_steps,seconds")
    let documents = try text("run/metrics.jsonl", in: folder).split(separator: "\n")
    #expect(documents.count == lines.count - 1)
    return try zip(lines.dropFirst(), documents).map { line, document in
      let cells = line.split(separator: ",").map { Double($0) ?? .nan }
      try #require(cells.count == 7, "\(line)")
      let row = MetricsRow(
        episode: Int(cells[0]), worker: Int(cells[1]), episodeReturn: cells[2], steps: Int(cells[3]),
        smoothed: cells[4], environmentSteps: Int(cells[5]), seconds: cells[6])
      // Not by JSONSerialization, which rounds some doubles on Linux.
      let other = try JSONDecoder().decode([String: Double].self, from: Data(document.utf8))
      let same: [(String, Double)] = [
        ("episode", cells[0]), ("worker", cells[1]), ("return", cells[2]), ("steps", cells[3]), ("smoothed", cells[4]),
        ("environmentSteps", cells[5]),
      ]
      for (name, value) in same { #expect(other[name] == value, "\(name) in '\(line)' and '\(document)'") }
      return row
    }
  }

  @Test func `files that are asked for have the same results`() throws {
    let folder = try TemporaryFolder()
    let words = [
      "--out", "run", "--csv", "a.csv", "--svg", "a.svg", "--record", "run/a.trace", "--tensorboard", "events",
    ]
    let run = try ProgramRun(Self.small + words, in: folder.url)
    #expect(run.exitCode == 0, "\(run.errors)")
    #expect(try Self.text("a.svg", in: folder) == Self.text("run/curve.svg", in: folder))
    let rows = try Self.text("a.csv", in: folder).split(separator: "\n")
    let metrics = try Self.text("run/metrics.csv", in: folder).split(separator: "\n")
    #expect(rows.map { $0 + "," } == metrics.map { $0.prefix(through: $0.lastIndex(of: ",")!) })
    let events = try FileManager.default.contentsOfDirectory(atPath: folder.path("events"))
    #expect(events.count == 1 && events[0].hasPrefix("events.out.tfevents."))
    let bytes = try Data(contentsOf: folder.url.appending(path: "events/\(events[0])"))
    #expect(bytes.count > 100 * rows.count && bytes.range(of: Data("episode/return".utf8)) != nil)
  }

  @Test func `a checkpoint kept elsewhere belongs to the run, and other files beside it stay`() throws {
    let folder = try TemporaryFolder()
    try "mine".write(toFile: folder.path("state-dict.safetensors"), atomically: true, encoding: .utf8)
    #expect(try Self.train("--out", "run", "--checkpoint", ".", in: folder).exitCode == 0)
    #expect(try Self.text("state-dict.safetensors", in: folder) == "mine")
    #expect(try Checkpoint(path: folder.path("run")).digest == Checkpoint(path: folder.path("run.json")).digest)
    #expect(folder.contents.count { $0.hasPrefix("state-") } == 2)
    // The link of a run that is replaced gives way, and only that.
    #expect(try Self.train("--out", "run", "--checkpoint", "other", "--force", in: folder).exitCode == 0)
    #expect(try Checkpoint(path: folder.path("run")).digest == Checkpoint(path: folder.path("other")).digest)
  }

  // MARK: What is there already

  @Test func `a second run goes elsewhere, and --force replaces the first one`() throws {
    let folder = try TemporaryFolder()
    let first = try Self.train("--json", in: folder)
    let second = try Self.train("--json", in: folder)
    #expect(try first.json()["run"] as? String == "runs/sjtu-0")
    #expect(try second.json()["run"] as? String == "runs/sjtu-0-2")
    #expect(try Self.text("runs/sjtu-0/summary.json", in: folder) == first.output)

    let before = Self.everything(in: folder)
    let refused = try Self.train("--out", "runs/sjtu-0", in: folder)
    #expect(refused.exitCode == 2 && refused.errors.contains("--resume runs/sjtu-0, or --force"))
    #expect(Self.everything(in: folder) == before)
    let forced = try Self.train("--out", "runs/sjtu-0", "--seed", "9", "--force", "--json", in: folder)
    #expect(try Self.text("runs/sjtu-0/summary.json", in: folder) == forced.output)
    #expect(try Checkpoint(path: folder.path("runs/sjtu-0")).digest == forced.json()["digest"] as? String)
  }

  /// Words that are refused in a folder with a finished run, a checkpoint, and a file; and what the sentence has.
  private static let refusals: [(words: [String], sentence: String)] = [
    (["--protocol", "hogwild", "--record", "a"], "give a3c train --record a --protocol sharded\n"),
    (["--record", "a b", "--protocol=hogwild", "--seed", "4"], "train --record 'a b' --seed 4 --protocol sharded\n"),
    (["--record", "a"], "no locks, so its accesses have no order to record; give a3c train --record a --protocol"),
    (["--protocol", "sharded", "--schedule", "timed", "--record", "a"], "needs no recording"),
    (["--csv", "a", "--svg", "./a"], "of --csv and of --svg"),
    (["--protocol", "sharded", "--csv", "a", "--record", "../\(placeholder)/a"], "of --record and of --csv"),
    (["--out", "run/new", "--csv", "link/new/metrics.csv"], "of the run's metrics.csv and of --csv"),
    (["--out", "new", "--csv", "new/metrics.csv"], "of the run's metrics.csv and of --csv"),
    (["--checkpoint", "ck", "--svg", "ck/run.json"], "ck/run.json"),
    (["--out", "file"], "file is no folder"),
    (["--out", "file/new"], "file/new cannot be made"),
    (["--out", "new", "--checkpoint", "file/new"], "file/new cannot be made"),
    (["--out", "new", "--tensorboard", "file"], "file is no folder"),
    (["--protocol", "locked", "--out", "new", "--record", "nowhere/a"], "there is no folder nowhere"),
    (["--out", "new", "--csv", "file"], "--force"),
    (["--out", "mine"], "mine/summary.json is already there"),
    (["--out", "new", "--checkpoint", "run/checkpoint"], "has a checkpoint in it"),
    (["--out", "theirs", "--checkpoint", "new"], "theirs/checkpoint is in the way of --checkpoint"),
    (["--out", "theirs", "--checkpoint", "new", "--force"], "theirs/checkpoint is in the way of --checkpoint"),
    (["--out", "run", "--checkpoint", "new", "--force"], "run/checkpoint is in the way of --checkpoint"),
    (["--set", "optimizer.learningRate=fast"], "'optimizer.learningRate' cannot be 'fast'"),
    (["--set", "learning=1"], "there is no setting 'learning'"),
    (["--set", #"optimizer={"rule":"adam","learningRate":1}"#], "without 'beta1'; give the whole group"),
    (["--set", "optimizer.rule=rmsprop"], "without 'decay'; give the whole group as JSON, optimizer={…}"),
    (["--set", "seed=4", "--set", "seed=5"], "another --set and --set seed=5 are about the same setting"),
    (["--set", #"rewardScaling={"shift":0,"factor":1,"bias":2}"#], "there is no 'bias' in it; leave it out"),
    (["--workers", "3", "--set", "workers=4"], "--workers and --set workers=4 are about the same setting; leave one"),
    (["--seed", "3", "--set", "seed=4"], "--seed and --set seed=4 are about the same setting"),
    (["--rewards", "raw", "--set", "rewardScaling.factor=2"], "--rewards and --set rewardScaling.factor=2 are about"),
    (["--episodes", "0"], "from 1 up"),
    (["--resume", "nowhere"], "there is no checkpoint"),
    (["--resume", "file"], "there is no checkpoint"),
    (["--resume", "run"], "the run in run is finished"),
    (["--resume", "run/checkpoint/run.json"], "the run in run is finished"),
    (["--resume", "run", "--seed", "1"], "--seed changes them"),
    (["--resume", "run", "--set", "workers=4"], "--set changes them"),
    (["--resume", "run", "--schedule", "timed"], "--schedule threads"),
    (["--resume", "run", "--out", "mine"], "mine/summary.json is already there"),
  ]
  /// Stands for the name of the test's folder.
  private static let placeholder = "FOLDER"

  @Test func `what is refused is refused in one sentence, and changes nothing`() throws {
    let folder = try TemporaryFolder()
    #expect(try Self.train("--out", "run", in: folder).exitCode == 0)
    try FileManager.default.createDirectory(atPath: folder.path("mine"), withIntermediateDirectories: true)
    try FileManager.default.createDirectory(atPath: folder.path("theirs"), withIntermediateDirectories: true)
    for name in ["file", "mine/summary.json", "theirs/checkpoint"] {
      try "mine".write(toFile: folder.path(name), atomically: true, encoding: .utf8)
    }
    try FileManager.default.createSymbolicLink(atPath: folder.path("link"), withDestinationPath: "run")
    let before = Self.everything(in: folder)
    for (words, sentence) in Self.refusals {
      let words = words.map { $0.replacing(Self.placeholder, with: folder.url.lastPathComponent) }
      let run = try ProgramRun(["train"] + words, in: folder.url)
      #expect(run.exitCode == 2 && run.output.isEmpty, "\(words): \(run.exitCode)")
      #expect(run.errors.contains(sentence), "\(words): \(run.errors)")
      #expect(run.errors.split(separator: "\n").count == 1 && run.errors.hasPrefix("a3c: "), "\(run.errors)")
      #expect(Self.everything(in: folder) == before, "\(words)")
    }
    // From within, too, it is the run that is finished, and no new one is begun.
    for (place, name) in [
      ("run", "checkpoint"), ("run", "checkpoint/run.json"), ("run", "."), ("run/checkpoint", "."),
      ("run/checkpoint", "run.json"), (".", "./run/checkpoint/"),
    ] {
      let run = try ProgramRun(["train", "--resume", name], in: folder.url.appending(path: place))
      #expect(run.exitCode == 2 && run.errors.contains("is finished, with"), "\(place), \(name): \(run.errors)")
      #expect(Self.everything(in: folder) == before, "\(place), \(name)")
    }
    // The same words without what is wrong in them are accepted.
    #expect(try Self.train("--out", "new", "--csv", "a", "--svg", "b", in: folder).exitCode == 0)
    #expect(Self.everything(in: folder) != before)
  }

  @Test func `paths are of one place where links and dots lead there, whether it is there or not`() throws {
    let folder = try TemporaryFolder()
    try FileManager.default.createDirectory(atPath: folder.path("a/b"), withIntermediateDirectories: true)
    try FileManager.default.createSymbolicLink(atPath: folder.path("link"), withDestinationPath: "a/b")
    for (one, other) in [
      ("link", "a/b"), ("link/new/file", "a/b/new/file"), ("link/../new", "a/new"), ("./a//new/", "a/new"),
      ("new/../a", "a"),
    ] {
      #expect(OutputPath(folder.path(one)) == OutputPath(folder.path(other)), "\(one)")
    }
    #expect(OutputPath(folder.path("link/../new")) != OutputPath(folder.path("new")))
    #expect(OutputPath("/").absolute == "/" && OutputPath("/..").absolute == "/")
    #expect(OutputPath("/nowhere/x").absolute == "/nowhere/x")
    #expect(OutputPath("nowhere").absolute == OutputPath(".").absolute + "/nowhere")
  }

  // MARK: Failures

  /// The JSON document that `run` printed has the failure at `place`.
  private static func expectFailure(in run: ProgramRun, at place: Substring) throws {
    let failure = try #require(run.json()["failure"] as? [String: Any])
    #expect(Set(failure.keys) == ["worker", "episode", "update", "reason"])
    let numbers = ["worker", "episode", "update"].compactMap { failure[$0] as? Int }
    #expect(numbers == place.matches(of: /\d+/).compactMap { Int($0.output) })
    #expect((failure["reason"] as? String)?.hasPrefix(place + ": ") == true)
  }

  @Test(arguments: [["replay"], ["train", "--schedule", "timed"]])
  func `a run in lockstep that fails says where in its JSON document`(command: [String]) throws {
    let folder = try TemporaryFolder()
    let words = command + Self.small.dropFirst() + ["--seed", "1", "--json"]
    let run = try ProgramRun(words + ["--set", "optimizer.learningRate=1e30"], in: folder.url)
    #expect(run.exitCode == 1)
    let place = try #require(run.errors.firstMatch(of: /worker \d+, in its episode \d+ before its update \d+/)).output
    try Self.expectFailure(in: run, at: place)
    #expect(try ProgramRun(words, in: folder.url).json()["failure"] == nil)
  }

  @Test(arguments: ["locked", "sharded"])
  func `a run that fails says where, and its recording fails there too`(sharing: String) throws {
    let folder = try TemporaryFolder()
    let words =
      Self.small.dropLast(2) + ["--protocol", sharing, "--set", "optimizer.learningRate=1e30", "--out", "run"]
    let run = try ProgramRun(words + ["--record", "a.trace", "--json"], in: folder.url)
    #expect(try Self.text("run/summary.json", in: folder) == run.output && run.exitCode == 1)
    #expect(run.errors.contains("the run stopped: worker ") && run.errors.hasSuffix("a3c replay --trace a.trace\n"))
    let place = try #require(run.errors.firstMatch(of: /worker \d+, in its episode \d+ before its update \d+/)).output
    try Self.expectFailure(in: run, at: place)
    let silent = try ProgramRun(words.dropLast(2) + ["--out", "other"], in: folder.url)
    #expect(silent.exitCode == 1 && silent.output.isEmpty)
    let replay = try ProgramRun(["replay", "--trace", "a.trace"], in: folder.url)
    #expect(replay.exitCode == 0 && replay.output.contains(place), "\(replay.output)")
    #expect(try ProgramRun(["trace", "verify", "a.trace"], in: folder.url).exitCode == 0)
    try Self.expectFailure(in: ProgramRun(["replay", "--trace", "a.trace", "--json"], in: folder.url), at: place)
    // The checkpoint is one from before the failure.
    #expect(try ProgramRun(["evaluate", "run", "--episodes", "1"], in: folder.url).exitCode == 0)
  }
}
