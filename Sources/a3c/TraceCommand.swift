// `a3c trace`: what is in a recording, whether it is sound, and where two of them part.

import Foundation
import Reporting
import Sharing
import Training

/// Shows, checks and compares traces.
struct TraceCommand {
  /// What to do with a trace.
  enum Action: String, CaseIterable, Sendable {
    case show, verify, diff
  }

  static let action = Option<Action>(
    requiredOperand: .choice("ACTION"),
    help: "show what it says, verify that it is sound without repeating the run, or diff it from another")
  static let trace = Option<String>(
    requiredOperand: .path("F"), help: "a trace that a3c train --record wrote, or explore or hazards --out")
  static let other = Option<String?>(operand: .path("G"), help: "the trace to compare it with")
  static let json = Option<Bool>(flag: "json", help: "print one JSON document and nothing else")

  static let declaration = Command(
    "trace", summary: "show, check or compare recordings",
    discussion: """
      A trace whose recording was killed is sound up to its last whole frame. Exit 1 where verify finds no order in \
      the tickets, or where diff finds a difference; exit 2 where a trace cannot be read.
      """,
    options: [action, trace, other, json],
    examples: ["a3c trace show run.trace", "a3c trace verify run.trace", "a3c trace diff run.trace other.trace"])

  private let arguments: Arguments

  init(_ arguments: Arguments) throws(UsageError) {
    self.arguments = arguments
    if arguments[Self.action] == .diff {
      if arguments[Self.other] == nil { throw UsageError("a3c trace diff compares two traces; give both") }
    } else if let other = arguments[Self.other] {
      throw UsageError("'\(other)' is left over: a3c trace \(arguments[Self.action].rawValue) takes one trace")
    }
  }

  /// Does it.
  /// - Returns: the exit code.
  func run() throws -> Int32 {
    let trace = try loadTrace(arguments[Self.trace])
    switch arguments[Self.action] {
    case .show: return try report(TraceSummary(trace), finding: nil, screen: show(trace))
    case .verify:
      let disorder = trace.disorder()
      let sound = "sound: \(counted(trace.accesses.reduce(0, +), "access", "accesses")) have one order"
      return try report(
        TraceSummary(trace), finding: disorder,
        screen: [disorder.map { "not sound: \($0)" } ?? sound + (trace.ending == nil ? ", as far as it goes" : "")])
    case .diff:
      let difference = trace.difference(from: try loadTrace(arguments[Self.other]!))
      return try report(
        TraceSummary(trace), finding: difference,
        screen: [difference.map { "different: \($0)" } ?? "the same run, access for access"])
    }
  }

  private func report(_ summary: TraceSummary, finding: String?, screen: [String]) throws -> Int32 {
    var summary = summary
    summary.finding = finding
    print(arguments[Self.json] ? try summary.json() : screen.joined(separator: "\n"))
    return finding == nil ? 0 : 1
  }

  private func show(_ trace: Trace) -> [String] {
    let terminal = Terminal.standardOutput
    let settings = trace.header.configuration
    let title =
      "\(settings.preset), \(settings.sharing.rawValue), \(counted(settings.workers, "worker")), seed \(settings.seed)"
    var lines = [terminal.emphasised(title, .strong)]
    let bytes = counted(trace.size.complete, "byte")
    let share = NumberText.fixed(Double(trace.size.complete) / Double(max(1, trace.updates)), places: 1)
    let size = trace.updates == 0 ? bytes : "\(bytes), \(share) an update"
    let ending =
      trace.ending?.rawValue
      ?? "broke off; \(counted(trace.size.torn, "byte")) of an unfinished frame left out"
    lines += terminal.keyValueLines([
      ("is", trace.choices == nil ? "a recording of threads" : "a schedule of a run in one thread"),
      ("around workers", trace.header.launch?.summary ?? "nothing"),
      ("begins", trace.header.startingDigest.map { "in a checkpoint with digest \($0)" } ?? "at the beginning"),
      ("ends", ending),
      (
        "episodes",
        "\(NumberText.grouped(settings.episodes)) asked, of at most \(NumberText.grouped(settings.maxSteps)) steps"
      ),
      ("granularity", "\(settings.granularity), \(counted(trace.header.blocks, "block"))"),
      ("accesses", NumberText.grouped(trace.accesses.reduce(0, +))),
      ("updates", NumberText.grouped(trace.updates)),
      ("size", size),
    ])
    if !trace.cuts.isEmpty {
      lines += ["", terminal.emphasised("recorded states", .strong)]
      let shown = trace.cuts.count > 20 ? Array(trace.cuts.prefix(10) + trace.cuts.suffix(10)) : trace.cuts
      lines += terminal.tableLines(
        header: ["updates", "episodes", "steps", "digest"],
        rows: shown.map {
          [
            NumberText.grouped($0.updates), NumberText.grouped($0.episodes), NumberText.grouped($0.environmentSteps),
            $0.digest,
          ]
        })
      if shown.count < trace.cuts.count { lines.append("  the first and last ten of \(trace.cuts.count)") }
    }
    return lines
  }
}

extension LaunchProgram {
  /// What the program does, in a few words.
  fileprivate var summary: String {
    let binding = binding == .late ? "which worker it runs when it begins" : "its worker when it is started"
    let joining = joining == .afterFirstEndMark ? "the first end mark" : "all end marks"
    return "a parent whose threads learn \(binding), and who joins them after \(joining) in a queue of \(queueCapacity)"
  }
}

/// What a trace says of itself.
private struct TraceSummary: Encodable {
  let configuration: Configuration
  let launch: LaunchProgram?
  let isSchedule: Bool
  let startingDigest: String?
  let ending: TraceEnding?
  let accesses: [Int]
  let updates: Int
  let bytes: Int
  let tornBytes: Int
  let bytesPerUpdate: Double
  let cuts: [TraceCut]
  /// What a check or a comparison found wrong.
  var finding: String?

  init(_ trace: Trace) {
    configuration = trace.header.configuration
    launch = trace.header.launch
    isSchedule = trace.choices != nil
    startingDigest = trace.header.startingDigest
    ending = trace.ending
    accesses = trace.accesses
    updates = trace.updates
    bytes = trace.size.complete
    tornBytes = trace.size.torn
    bytesPerUpdate = Double(trace.size.complete) / Double(max(1, trace.updates))
    cuts = trace.cuts
  }
}
