// Sessions with the debugger as its users see them: transcripts, exit codes, JSON, files.

import Debugging
import Foundation
import Reporting
import Testing

@testable import a3c

private let small = ["--workers", "3", "--episodes", "4", "--max-steps", "7", "--set", "flushLength=3"]

/// A session that is compared with a golden transcript.
private struct Script: Sendable, CustomTestStringConvertible {
  let name: String
  let options: [String]
  let lines: [String]

  var testDescription: String { name }

  /// The lines, each with what the debugger answers.
  func transcript() throws -> String {
    let source = try DebugCommand(DebugCommand.declaration.parse(options)).source
    return try transcript(of: source.makeRun(), source)
  }

  private func transcript(of run: some Debuggable, _ source: DebugSource) throws -> String {
    var session = try DebugSession(run.debuggedRun, of: source)
    let screen = DebugScreen(terminal: Terminal(isInteractive: false))
    let root = ProgramRun.root.path + "/"
    var text = "a3c debug \(options.joined(separator: " ").replacing(root, with: ""))\n"
    for line in lines {
      text += "\n> \(line)\n"
      guard let exchange = session.follow(line) else { continue }
      text += exchange.replies.flatMap(screen.lines).map { "\($0)\n" }.joined()
      if let error = exchange.error { text += "error: \(error)\n" }
    }
    return text
  }
}

private let scripts = [
  Script(
    name: "lost-update", options: ["--seed", "42"] + small,
    lines: [
      "where", "break on hazard lost-update", "continue", "history 6", "where", "previous block mu.weight",
      "reverse-continue", "continue", "continue", "break list", "break delete 1", "break list", "continue", "back",
      "reverse-continue", "step 1000000",
    ]),
  Script(
    name: "looking", options: ["--seed", "42"] + small,
    lines: [
      "print rollout", "goto 40", "print weights", "print weights mu.bias", "print weights actor.bias", "print moments",
      "print weights of 1", "print weights of 2", "print gradient of 2", "print gradient of 1",
      "print gradient of 1 sigma.bias[0]", "print weights actor.weight[700]", "print rollout of 2",
      "print advantages of 2", "print noise", "goto 200", "print board", "print statistics", "print digest",
      "print moments of 1",
    ]),
  Script(
    name: "branch", options: ["--seed", "42", "--protocol", "sharded"] + small,
    lines: [
      "goto 30", "where", "switch 0", "back", "switch 1", "step 5", "print digest", "diff --seed 42", "back 6", "step",
      "back",
      "switch off",
      "step", "print digest", "diff --seed 42", "diff --seed 43", "diff --schedule-seed 1", "continue", "switch 1",
    ]),
  Script(
    name: "breakpoints", options: ["--seed", "7", "--protocol", "locked"] + small,
    lines: [
      "break on hazard", "break block actor.weight version 4", "break worker 2", "break when mu.bias[0] > 0.0001",
      "break when nothing[0] > 1", "continue", "continue", "continue", "break delete 3", "continue", "continue",
      "reverse-continue", "next", "next worker 0", "previous", "s", "bakc", "step x", "", "# a comment", "help break",
    ]),
  Script(
    name: "explanation", options: ["--hazard", "gradient-slot"],
    lines: ["explain", "where", "back", "explain", "goto 4", "continue", "switch 1", "break on hazard", "continue"]),
  Script(
    name: "deadlock", options: ["--hazard", "early-exit-join"],
    lines: [
      "explain", "where", "step", "switch 0", "back 2", "where", "next worker thread", "print board", "diff --seed 1",
    ]),
  Script(
    name: "faults", options: ["--seed", "42", "--fault", "stop:1@20", "--fault", "slow:0*4"] + small,
    lines: [
      "next worker 1", "goto 60", "where", "switch 1", "break on hazard lost-update", "continue", "explain",
      "save nowhere.trace", "diff --seed 42",
    ]),
  Script(
    name: "recording", options: ["--trace", ProgramRun.root.path + "/Fixtures/recordings/in-place.trace"],
    lines: ["break on hazard half-moment", "continue", "explain", "where", "break delete", "continue", "print digest"]),
]

@Suite("Golden debugging") struct GoldenDebuggingTests {
  @Test(arguments: scripts) fileprivate func `a session reads as its golden transcript`(script: Script) throws {
    try Golden("debug/\(script.name).txt").check(script.transcript())
  }

  @Test func `another line makes another transcript`() throws {
    let script = scripts[0]
    let other = Script(name: script.name, options: script.options, lines: script.lines.dropLast() + ["step 2"])
    #expect(try other.transcript() != script.transcript())
  }
}

@Suite struct DebugCommandTests {
  private let run = ["debug", "--seed", "42"] + small

  @Test func `a script comes from standard input, or from options`() throws {
    let piped = try ProgramRun(run, input: "step 3\n\n# nothing\nback\nquit\nstep\n")
    #expect(piped.exitCode == 0 && piped.errors == "" && piped.output.split(separator: "\n").count == 2)
    #expect(piped.output.hasPrefix("3  worker "))
    let given = try ProgramRun(run + ["--command", "step 3", "--command", "back"])
    #expect(given.output == piped.output && given.exitCode == 0)
    // Without a last line break, and without a quit.
    #expect(try ProgramRun(run, input: "step 3\nback").output == piped.output)
  }

  @Test func `a program at the other end of a pipe gets each answer before it asks again`() throws {
    let process = Foundation.Process()
    process.executableURL = ProgramRun.executable
    process.arguments = run
    process.currentDirectoryURL = ProgramRun.root
    let (input, output) = (Pipe(), Pipe())
    (process.standardInput, process.standardOutput, process.standardError) = (input, output, FileHandle.nullDevice)
    try process.run()
    for place in 1...3 {
      input.fileHandleForWriting.write(Data("step\n".utf8))
      // Without an answer this would wait for ever: the debugger waits for the next line.
      var answer = pollfd(
        fd: output.fileHandleForReading.fileDescriptor, events: Int16(POLLIN), revents: 0)
      try #require(poll(&answer, 1, 10_000) == 1, "no answer in ten seconds")
      let text = String(decoding: output.fileHandleForReading.availableData, as: UTF8.self)
      #expect(text.hasPrefix("\(place)  worker ") && text.hasSuffix("\n"), "\(text)")
    }
    try input.fileHandleForWriting.close()
    process.waitUntilExit()
    #expect(process.terminationStatus == 0)
  }

  @Test func `answers that reach nobody end the session with code 2`() throws {
    let words = ["-c", #"exec "$A3C" "$@" > /dev/full"#, "sh"] + run + ["--command", "step", "--command", "back"]
    let result = try ProgramRun(
      words, environment: ["A3C": ProgramRun.executable.path], executable: URL(filePath: "/bin/sh"))
    #expect(result.exitCode == 2 && result.errors.contains("standard output cannot be written"))
  }

  @Test func `an error is a sentence, does not end the session, and makes the exit code 2`() throws {
    let result = try ProgramRun(run, input: "bakc\nstep\n")
    #expect(result.exitCode == 2 && result.output.hasPrefix("1  worker "))
    #expect(result.errors == "a3c debug: there is no command 'bakc'; did you mean 'back'?\n")
  }

  @Test func `JSON is one document with every command and its answers`() throws {
    let words = ["--json", "--command", "step 5", "--command", "fly", "--command", "where", "--command", "print board"]
    let result = try ProgramRun(run + words)
    let document = try result.json()
    let commands = try #require(document["commands"] as? [[String: Any]])
    #expect(result.exitCode == 2 && document["errors"] as? Int == 1 && commands.count == 4 && result.errors == "")
    #expect(commands.map { $0["command"] as? String } == ["step 5", "fly", "where", "print board"])
    #expect((commands[1]["error"] as? String)?.hasPrefix("there is no command 'fly'") == true)
    let replies = try #require(commands[0]["replies"] as? [[String: Any]])
    let arrival = try #require(replies[0]["at"] as? [String: Any])
    #expect(arrival["place"] as? Int == 5 && arrival["reason"] as? String == "arrived")
    #expect((arrival["stop"] as? [String: Any])?["access"] is String)
    let rows = (commands[2]["replies"] as? [[String: Any]])?.first?["rows"] as? [[String: Any]]
    #expect(rows?.count == 3 && rows?.first?["who"] as? String == "worker 0")
  }

  @Test func `the digest at a place is that of a replay until there`() throws {
    for place in [0, 1, 77, 250] {
      let here = try ProgramRun(
        run + ["--command", "continue", "--command", "goto \(place)", "--command", "print digest"])
      let there = try ProgramRun(["replay", "--json", "--until", "\(place)"] + run.dropFirst())
      let digest = try #require(try there.json()["digest"] as? String)
      #expect(here.output.contains("digest  \(digest)\n"))
    }
  }

  @Test func `every interleaving that a replay can be of can be walked`() throws {
    var digests: Set<String> = []
    for words in [
      [], ["--schedule", "random"], ["--schedule", "round-robin"], ["--schedule-seed", "9"],
      ["--schedule", "random", "--schedule-seed", "9"],
    ] {
      let here = try ProgramRun(run + words + ["--command", "goto 150", "--command", "print digest"])
      let there = try ProgramRun(["replay", "--json", "--until", "150"] + run.dropFirst() + words)
      let digest = try #require(try there.json()["digest"] as? String)
      #expect(here.output.contains("digest  \(digest)\n"), "\(words)")
      digests.insert(digest)
    }
    #expect(digests.count == 5)
  }

  @Test func `a recording is compared with the run of its configuration under a clock`() throws {
    let folder = try TemporaryFolder()
    let path = folder.path("walk.trace")
    #expect(try ProgramRun(run + ["--command", "continue", "--command", "save \(path)"]).exitCode == 0)
    let result = try ProgramRun(["debug", "--trace", path, "--command", "diff --schedule-seed 42"])
    #expect(result.exitCode == 0 && result.output.hasPrefix("the runs are the same: "), "\(result.output)")
  }

  @Test func `a recording is walked like any run, and is the same as itself`() throws {
    let folder = try TemporaryFolder()
    let recorded = try ProgramRun(
      ["train", "--record", folder.path("run.trace"), "--seed", "1", "--protocol", "sharded"] + small)
    #expect(recorded.exitCode == 0)
    let trace = folder.path("run.trace")
    let replay = try ProgramRun(["replay", "--trace", trace, "--json"]).json()
    let result = try ProgramRun(
      ["debug", "--trace", trace],
      input: "continue\nprint digest\nback 20\nwhere\ndiff --trace \(trace)\ndiff --seed 2\ncontinue\nprint digest\n")
    #expect(result.exitCode == 0 && result.errors == "")
    let digest = try #require(replay["digest"] as? String)
    #expect(result.output.split(separator: "\n").filter { $0 == "digest  \(digest)" }.count == 2)
    #expect(result.output.contains("the runs are the same: "))
    #expect(result.output.contains("the first difference is the state at 0"))
  }

  @Test func `a walk is saved as a trace, and no file is replaced`() throws {
    let folder = try TemporaryFolder()
    let path = folder.path("walk.trace")
    let lines = ["goto 90", "switch 1", "step 40", "print digest"]
    let words = run + (lines + ["save \(path)"]).flatMap { ["--command", $0] }
    let walk = try ProgramRun(words)
    #expect(walk.exitCode == 0 && walk.output.contains("131 choices written; a3c debug --trace "))
    let digest = try #require(walk.output.split(separator: "\n").first { $0.hasPrefix("digest") })
    let again = try ProgramRun(["debug", "--trace", path], input: "continue\nprint digest\n")
    #expect(
      again.output.contains("the end: the record ends here\n131 of 131  ") && again.output.contains("\(digest)\n"))
    #expect(try ProgramRun(["replay", "--trace", path]).exitCode == 0)
    let second = try ProgramRun(words)
    #expect(second.exitCode == 2 && second.errors.contains(path))
  }

  @Test func `a hazard of the catalogue is opened where it shows, and any seed makes it another one`() throws {
    let words = ["debug", "--hazard", "lost-update", "--command", "step", "--command", "explain"]
    let run = try ProgramRun(words)
    #expect(run.exitCode == 0 && run.output.hasPrefix("the end: the record ends here\n"))
    #expect(run.errors.contains("lost-update shows at access "))
    #expect(run.output.contains("lost-update: a store overwrote"))
    let document = try ProgramRun(words + ["--json"]).json()
    let commands = try #require(document["commands"] as? [[String: Any]])
    let replies = try #require(commands[1]["replies"] as? [[String: Any]])
    let explanation = try #require(replies.first?["explanation"] as? [String: Any])
    #expect(explanation["hazard"] as? String == "lost-update" && explanation["other"] is [String: Any])
    #expect(try ProgramRun(words + ["--seed", "0"]).output == run.output)
    #expect(try ProgramRun(words + ["--seed", "1"]).output != run.output)
    let slip = try ProgramRun(["debug", "--hazard", "same-noise"])
    #expect(slip.exitCode == 2 && slip.errors.contains("a3c hazards run same-noise compares it with the repair"))
    let stray = try ProgramRun(["debug", "--hazard", "lost-update", "--workers", "2"])
    #expect(stray.exitCode == 2 && stray.errors.contains("--hazard says what was run, and --workers too"))
  }

  @Test func `a run with faults is not saved, because its trace would be another run`() throws {
    let folder = try TemporaryFolder()
    let words = run + ["--fault", "stop:0@10", "--command", "goto 40", "--command", "save a.trace"]
    let saved = try ProgramRun(words, in: folder.url)
    #expect(saved.exitCode == 2 && saved.errors.contains("walk it without --fault to save it"))
    #expect(folder.contents == [])
    let stray = try ProgramRun(run + ["--fault", "stop:7@10"])
    #expect(stray.exitCode == 2 && stray.errors.contains("fault stop:7@10 is of worker 7"))
  }

  @Test func `a run must be named, and only once`() throws {
    let none = try ProgramRun(["debug"])
    #expect(none.exitCode == 2 && none.errors.contains("needs --seed N, --trace F or --hazard ID"))
    let both = try ProgramRun(["debug", "--trace", "a", "--seed", "1"])
    #expect(both.exitCode == 2 && both.errors.contains("leave one of them out"))
    #expect(try ProgramRun(["debug", "--trace", "missing.trace"]).exitCode == 2)
  }
}
