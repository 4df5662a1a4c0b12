// Runs that are stopped, killed, or find their disk full: what they leave, and that they go on from there.

import Foundation
import Testing
import Training

@testable import a3c

/// A run of the program that has not ended yet.
final class RunningProgram {
  private let process = Foundation.Process()
  private let folder: TemporaryFolder

  /// Starts `a3c` in `folder`; what it prints goes to files there.
  init(_ words: [String], in folder: TemporaryFolder) throws {
    self.folder = folder
    process.executableURL = ProgramRun.executable
    process.arguments = words
    process.currentDirectoryURL = folder.url
    process.standardInput = FileHandle.nullDevice
    for name in ["output", "errors"] { _ = FileManager.default.createFile(atPath: folder.path(name), contents: nil) }
    process.standardOutput = FileHandle(forWritingAtPath: folder.path("output"))
    process.standardError = FileHandle(forWritingAtPath: folder.path("errors"))
    try process.run()
  }

  /// Waits until the run has so many episodes.
  func wait(forEpisodes count: Int) {
    while process.isRunning {
      let metrics = FileManager.default.contents(atPath: folder.path("run/metrics.csv")) ?? Data()
      if metrics.count(where: { $0 == 0x0a }) > count { return }
      usleep(2000)
    }
  }

  /// Waits until `file` is there, or the run has ended.
  func wait(forFile file: String) {
    while process.isRunning, !FileManager.default.fileExists(atPath: folder.path(file)) { usleep(2000) }
  }

  func send(_ signal: Int32) { kill(process.processIdentifier, signal) }

  /// Waits for the end.
  /// - Returns: the exit code, or the signal that ended it, negative.
  func end() -> Int32 {
    process.waitUntilExit()
    return process.terminationReason == .exit ? process.terminationStatus : -process.terminationStatus
  }
}

@Suite(.serialized) struct InterruptionTests {
  /// A run that takes long enough to be told to end.
  private static let long = long("40")
  private static func long(_ maxSteps: String) -> [String] {
    ["train", "--set", "network.actor=[20]", "--set", "network.critic=[10]", "--workers", "3", "--max-steps", maxSteps]
      + ["--protocol", "sharded", "--out", "run", "--episodes", "100000"]
  }

  @Test(arguments: [SIGINT, SIGTERM])
  func `a signal stops a run in good order, and the printed command goes on with it`(signal: Int32) throws {
    let folder = try TemporaryFolder()
    let run = try RunningProgram(Self.long + ["--record", "a.trace", "--json"], in: folder)
    run.wait(forEpisodes: 20)
    run.send(signal)
    #expect(run.end() == 0)
    #expect(try TrainCommandTests.text("errors", in: folder).contains(signal == SIGINT ? "SIGINT" : "SIGTERM"))
    let output = try TrainCommandTests.text("output", in: folder)
    #expect(try TrainCommandTests.text("run/summary.json", in: folder) == output)
    let report = try #require(try JSONSerialization.jsonObject(with: Data(output.utf8)) as? [String: Any])
    #expect(report["resume"] as? String == "a3c train --resume run")
    #expect((report["stopped"] as? [Any])?.count == 3)
    let trace = try Trace(path: folder.path("a.trace"))
    #expect(trace.ending == .stopped && trace.cuts.last?.digest == report["digest"] as? String)
    #expect(try Checkpoint(path: folder.path("run")).digest == report["digest"] as? String)
    let before = try TrainCommandTests.metrics(in: folder).map(\.episodeReturn)
    #expect(before == (try TrainCommandTests.returns(in: output)))

    let words = ["train", "--resume", "run", "--record", "b.trace", "--checkpoint-every", "\(Int.max)"]
    let resumed = try RunningProgram(words, in: folder)
    resumed.wait(forEpisodes: before.count + 20)
    resumed.send(signal)
    #expect(resumed.end() == 0)
    #expect(try TrainCommandTests.text("output", in: folder).contains("a3c train --resume run"))
    let after = try TrainCommandTests.metrics(in: folder)
    #expect(after.count >= before.count + 20 && after.prefix(before.count).map(\.episodeReturn) == before)
    #expect(after.map(\.episode) == Array(1...after.count))
    let both = try ProgramRun(["replay", "--trace", "a.trace", "--trace", "b.trace", "--json"], in: folder.url).json()
    #expect(both["match"] as? Bool == true && both["episodes"] as? Int == after.count)
    // Nothing overflows, although the second run does not begin at update 0.
    let rare = ["--digests-every", "\(Int.max)", "--until", "\(Int.max)", "--json"]
    let alone = try ProgramRun(["replay", "--trace", "b.trace"] + rare, in: folder.url).json()
    #expect(alone["match"] as? Bool == true && (alone["digests"] as? [Any])?.isEmpty == true)
    // The limit lies in the first, at its end, and in the second.
    let accesses = trace.accesses.reduce(0, +)
    for limit in [0, 100, accesses, accesses + 1] {
      let part = try ProgramRun(
        ["replay", "--trace", "a.trace", "--trace", "b.trace", "--until", "\(limit)"], in: folder.url)
      #expect(part.exitCode == 0 && part.output.contains("stopped as asked"), "\(limit): \(part.output)")
    }
    // In the wrong order they are no run.
    let wrong = try ProgramRun(["replay", "--trace", "b.trace", "--trace", "a.trace"], in: folder.url)
    #expect(wrong.exitCode == 1 && wrong.output.contains("not identical"))
  }

  @Test func `a run in lockstep that was stopped and taken up again ends like one that was not`() throws {
    let folder = try TemporaryFolder()
    let words = Self.long.dropLast() + ["3000", "--schedule", "random", "--seed", "5"]
    let run = try RunningProgram(Array(words), in: folder)
    run.wait(forEpisodes: 20)
    run.send(SIGINT)
    #expect(run.end() == 0)
    #expect(try TrainCommandTests.text("output", in: folder).contains("a3c train --resume run\n"))
    let refused = try ProgramRun(["train", "--resume", "run", "--schedule", "threads"], in: folder.url)
    #expect(refused.exitCode == 2 && refused.errors.contains("driven by random, not by threads"))
    let report = try ProgramRun(["train", "--resume", "run", "--json"], in: folder.url).json()
    #expect(report["schedule"] as? String == "random")
    let replay = ["replay"] + words.dropFirst().filter { $0 != "--out" && $0 != "run" } + ["--json"]
    let unbroken = try ProgramRun(replay)
    #expect(report["digest"] as? String == (try unbroken.json()["digest"] as? String))
    #expect(
      try TrainCommandTests.metrics(in: folder).map(\.episodeReturn) == TrainCommandTests.returns(in: unbroken.output))
    // An access fewer, and the digest is another one.
    let accesses = try #require(unbroken.json()["accesses"] as? Int)
    let shorter = try ProgramRun(replay + ["--until", "\(accesses - 1)"]).json()
    #expect(report["digest"] as? String != shorter["digest"] as? String)
  }

  @Test(arguments: ["threads", "timed"])
  func `the greatest counts are taken, at the beginning and where a run goes on`(schedule: String) throws {
    let folder = try TemporaryFolder()
    let most = "\(Int.max)"
    let fresh = Self.long.dropLast() + [most, "--schedule", schedule, "--checkpoint-every", most]
    let run = try RunningProgram(Array(fresh), in: folder)
    run.wait(forEpisodes: 10)
    run.send(SIGINT)
    #expect(run.end() == 0)
    let episodes = try TrainCommandTests.metrics(in: folder).count
    let again = ["train", "--resume", "run", "--schedule", schedule, "--checkpoint-every", most]
    let resumed = try RunningProgram(again, in: folder)
    resumed.wait(forEpisodes: episodes + 10)
    resumed.send(SIGINT)
    #expect(resumed.end() == 0)
    #expect(try TrainCommandTests.metrics(in: folder).count >= episodes + 10)
  }

  /// How a program ends to which SIGINT is sent when it has come to listen: later each time, until it has.
  private func firstCode(_ words: [String], in folder: TemporaryFolder) throws -> Int32 {
    var code: Int32 = 0
    for attempt in 0..<6 {
      let run = try RunningProgram(words, in: folder)
      usleep(300_000 << attempt)
      run.send(SIGINT)
      code = run.end()
      if code != -SIGINT { break }
    }
    return code
  }

  @Test(arguments: [
    ["explore", "--hazard", "torn-pull", "--protocol", "locked", "--schedules", "100000000", "--json"],
    ["explore", "--hazard", "lost-update", "--protocol", "locked", "--strategy", "exhaustive", "--schedules"]
      + ["100000000", "--json"],
  ])
  func `a search that is interrupted reports what it did`(words: [String]) throws {
    let folder = try TemporaryFolder()
    #expect(try firstCode(words, in: folder) == 130)
    let output = try TrainCommandTests.text("output", in: folder)
    let report = try #require(try JSONSerialization.jsonObject(with: Data(output.utf8)) as? [String: Any])
    #expect(report["interrupted"] as? String == "SIGINT" && report["found"] as? Bool == false)
    #expect(try #require(report["schedules"] as? Int) > 0)
    // One that comes to its end was not interrupted.
    let short = ["explore", "--hazard", "torn-pull", "--protocol", "locked", "--schedules", "3", "--json"]
    let whole = try ProgramRun(short)
    #expect(try whole.exitCode == 0 && whole.json()["interrupted"] is NSNull)
  }

  @Test func `a second signal ends a run at once and damages nothing`() throws {
    let folder = try TemporaryFolder()
    let run = try RunningProgram(Self.long + ["--record", "a.trace", "--checkpoint-every", "5"], in: folder)
    run.wait(forEpisodes: 10)
    // Two of different kinds, because a second one of the same kind may melt into the first.
    run.send(SIGTERM)
    run.send(SIGINT)
    #expect([0, 130, 143].contains(run.end()))
    #expect(try ProgramRun(["trace", "verify", "a.trace"], in: folder.url).exitCode == 0)
    #expect(try ProgramRun(["replay", "--trace", "a.trace"], in: folder.url).exitCode == 0)
    #expect(try Checkpoint(path: folder.path("run")).makeRun().workers.count == 3)
  }

  @Test func `a run whose files may not grow says so and keeps the earlier checkpoint`() throws {
    for (blocks, file, maxSteps, options) in [
      (40, "a.trace", "4000", ["--record", "a.trace"]), (40, "run/metrics.", "40", []),
      (4, "run/checkpoint/state-0-", "40", []),
    ] {
      let folder = try TemporaryFolder()
      // Of `ulimit -f`, a block is 512 bytes in sh.
      let command = #"ulimit -f \#(blocks); exec "$A3C" "$@""#
      let run = try ProgramRun(
        ["-c", command, "sh"] + Self.long(maxSteps) + options + ["--checkpoint-every", "50"], in: folder.url,
        environment: ["A3C": ProgramRun.executable.path], executable: URL(filePath: "/bin/sh"))
      #expect(run.exitCode == 2 && run.output.isEmpty, "\(run.errors)")
      let sentence = try #require(run.errors.split(separator: "\n").last)
      #expect(sentence.hasPrefix("a3c: \(file)") && sentence.contains("it may not grow any more"), "\(run.errors)")
      let hasCheckpoint = FileManager.default.fileExists(atPath: folder.path("run/checkpoint/run.json"))
      #expect(hasCheckpoint == sentence.hasSuffix("go on with: a3c train --resume run"))
      #expect(hasCheckpoint == (blocks == 40))
      guard hasCheckpoint else { continue }
      let checkpoint = try Checkpoint(path: folder.path("run"))
      _ = try checkpoint.makeRun()
      guard file == "run/metrics." else { continue }
      // The checkpoint is before or behind the last line that there was room for; whoever goes on has each once.
      let resumed = try RunningProgram(["train", "--resume", "run"], in: folder)
      resumed.wait(forEpisodes: checkpoint.board.results.count + 10)
      resumed.send(SIGINT)
      #expect(resumed.end() == 0)
      let (rows, results) = (try TrainCommandTests.metrics(in: folder), checkpoint.board.results)
      #expect(rows.map(\.episode) == Array(1...rows.count))
      #expect(rows.prefix(results.count).map(\.episodeReturn) == results.map(\.episodeReturn))
      #expect(rows.last?.environmentSteps == 40 * rows.count)
    }
  }

  @Test func `a run whose folder vanishes closes its recording`() throws {
    let folder = try TemporaryFolder()
    let run = try RunningProgram(Self.long + ["--record", "a.trace", "--checkpoint-every", "50"], in: folder)
    run.wait(forEpisodes: 10)
    try FileManager.default.moveItem(atPath: folder.path("run"), toPath: folder.path("elsewhere"))
    #expect(run.end() == 2)
    // Whichever of the run's files is due next.
    let errors = try TrainCommandTests.text("errors", in: folder)
    #expect(errors.contains("a3c: run") || errors.contains("there is no folder run"), "\(errors)")
    #expect(try Trace(path: folder.path("a.trace")).ending == .stopped)
    let replay = try ProgramRun(["replay", "--trace", "a.trace"], in: folder.url)
    #expect(replay.exitCode == 0 && !replay.output.contains("broke off"), "\(replay.output)")
  }

  @Test func `killed runs leave whole files, and the check notices damaged ones`() throws {
    let run = try ProgramRun(
      [".ci/check-kills", ProgramRun.executable.path, "2", "1"], executable: URL(filePath: "/usr/bin/env"))
    #expect(
      run.exitCode == 0 && run.output.contains("2 of 2 killed runs left whole files"), "\(run.output)\(run.errors)")
    #expect(run.output.contains("10 of 10 damaged bytes were noticed"))
  }

  @Test func `curves that are stopped say so and leave nothing that is empty`() throws {
    let folder = try TemporaryFolder()
    let published = ProgramRun.root.appending(path: "golden/published").path
    let run = try RunningProgram(
      ["curves", "morvan", "--seeds", "1", "--jobs", "1", "--out", "curves", "--published", published], in: folder)
    run.wait(forFile: "curves/morvan/n-step")
    run.send(SIGINT)
    #expect(run.end() == 130)
    let errors = try TrainCommandTests.text("errors", in: folder)
    let sentence = "a3c: stopped by SIGINT: what is finished is kept, and the same command goes on from there\n"
    #expect(errors.hasSuffix(sentence), "\(errors)")
    #expect(!FileManager.default.fileExists(atPath: folder.path("curves")), "what is empty is taken away")
  }
}
