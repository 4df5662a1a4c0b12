// `a3c debug`: walks a run forwards and backwards, from a script or at a prompt.

import Debugging
import Foundation
import Lockstep
import Races
import Reporting
import Sharing
import Training

/// Walks one run forwards and backwards.
struct DebugCommand {
  static let seed = Option<UInt64?>(
    "seed", .seed, help: "names the run: initial weights, noise, start states and schedule")
  static let trace = Option<String?>("trace", .path("F"), help: "walk a recorded run, or a saved schedule, instead")
  static let hazard = Option<String?>(
    "hazard", .choice("ID", CatalogueEntry.all.map(\.id)),
    help: "find the smallest schedule that shows a hazard of the catalogue, and begin at its last access")
  static let episodes = Option<Int>(
    "episodes", .count(), default: 120, help: "how many episodes are asked for, all workers together")
  static let schedule = Option<Schedule>(
    "schedule", .choice("NAME"), default: .timed, help: "who goes next: round-robin, random or timed")
  static let scheduleSeed = Option<UInt64?>(
    "schedule-seed", .seed, help: "another interleaving of the same workers' noise (default: the seed)")
  static let fault = Option<[Fault]>(
    repeated: "fault", .fault,
    help: "put a fault in, as a3c replay does: stop:W@N, restart:W@N, slow:W*K, nan:W@N or inf:W@N")
  static let commands = Option<[String]>(
    repeated: "command", .text("'X'", allowed: "a command of the debugger"),
    help: "follow this command, instead of reading them from standard input; may be given again")
  static let json = Option<Bool>(flag: "json", help: "print one JSON document and nothing else")

  static let declaration = Command(
    "debug", summary: "walk a run forwards and backwards, access by access",
    discussion: """
      Commands come from --command, or from standard input: at a terminal with a prompt, otherwise line by line. \
      'help' lists them; the beginning of a word is enough. Place N is where N accesses have been made, as for a3c \
      replay --until. A command that cannot be followed is answered with a sentence and does not end the session; exit \
      2 if there was one in a script.
      """,
    options: [seed, trace, hazard] + ConfigurationOptions.all.prefix(2) + [episodes]
      + ConfigurationOptions.all.dropFirst(2) + [schedule, scheduleSeed, fault, commands, json],
    examples: [
      "a3c debug --seed 42",
      "a3c debug --seed 42 --command continue --command back --command where",
      "a3c debug --trace run.trace",
      "a3c debug --hazard gradient-slot --command explain --command back",
    ])

  /// The JSON document.
  private struct Report: Encodable {
    let commands: [DebugExchange]
    let errors: Int
  }

  private let arguments: Arguments
  /// Which run is walked.
  let source: DebugSource

  /// Settles which run is meant.
  init(_ arguments: Arguments) throws {
    self.arguments = arguments
    if let path = arguments[Self.trace] {
      try Self.check(arguments, that: "--trace", goesWith: ["trace", "command", "json"])
      source = .recorded(try loadTrace(path))
    } else if let id = arguments[Self.hazard] {
      try Self.check(arguments, that: "--hazard", goesWith: ["hazard", "seed", "command", "json"])
      source = try .minimal(of: CatalogueEntry.named(id)!, seed: arguments[Self.seed] ?? 0)
    } else {
      guard let seed = arguments[Self.seed] else {
        throw UsageError("a3c debug needs --seed N, --trace F or --hazard ID; add one of them")
      }
      let configuration = try ConfigurationOptions.configuration(
        arguments, seed: seed, episodes: arguments[Self.episodes])
      source = .seeded(
        configuration, arguments[Self.schedule], scheduleSeed: arguments[Self.scheduleSeed] ?? seed,
        faults: arguments[Self.fault])
    }
  }

  /// Refuses options that say what is run beside one that does.
  private static func check(
    _ arguments: Arguments, that option: String, goesWith compatible: Set<String>
  ) throws(UsageError) {
    let given = declaration.options.map(\.name).filter { arguments.given.contains($0) }
    if let other = given.first(where: { !compatible.contains($0) }) {
      throw UsageError("\(option) says what was run, and --\(other) too; leave one of them out")
    }
  }

  /// Follows commands until there are no more.
  /// - Returns: the exit code.
  func run() throws -> Int32 { try follow(source.makeRun()) }

  private func follow(_ run: some Debuggable) throws -> Int32 {
    var session = try DebugSession(run.debuggedRun, of: source)
    if case .found(let hazard, _) = source {
      let place = session.debugger.walk.place
      tell("\(hazard.rawValue) shows at access \(place) of \(place); explain says which accesses collide")
    }
    let given = arguments[Self.commands]
    let isJSON = arguments[Self.json]
    var exchanges: [DebugExchange] = []
    func follow(_ line: String) throws {
      guard let exchange = session.follow(line) else { return }
      if isJSON { exchanges.append(exchange) } else { try show(exchange) }
    }
    if !given.isEmpty {
      for line in given where !session.isOver { try follow(line) }
    } else if !isJSON, var prompt = Prompt("(a3c) ") {
      tell("'help' lists the commands")
      session.interrupt(when: Prompt.isInterrupted)
      let vocabulary = session.vocabulary
      var latest = ""
      while !session.isOver,
        let line = prompt.line(completions: { DebuggerCommand.completions(of: $0, vocabulary) })
      {
        // An empty line repeats the one before, which makes walking easy.
        latest = line.isEmpty ? latest : line
        try follow(latest)
      }
      return 0
    } else {
      while !session.isOver, let line = readLine() { try follow(line) }
    }
    if isJSON {
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
      encoder.nonConformingFloatEncodingStrategy = .convertToString(
        positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
      print(
        String(decoding: try encoder.encode(Report(commands: exchanges, errors: session.errors)), as: UTF8.self))
    }
    return session.errors == 0 ? 0 : 2
  }

  private func show(_ exchange: DebugExchange) throws(UsageError) {
    let screen = DebugScreen(terminal: .standardOutput)
    for line in exchange.replies.flatMap(screen.lines) { print(line) }
    // A program at the other end of a pipe waits for the answer before it asks again. And both streams may be one
    // terminal or one file: what came before an error is to stand before it.
    try flushOutput()
    if let error = exchange.error { tell("a3c debug: \(error)") }
  }
}
