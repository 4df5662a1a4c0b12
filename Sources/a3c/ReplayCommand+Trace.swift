// `a3c replay --trace`: a recorded run of threads, or a schedule that was saved, repeated in a single one.

import Debugging
import DeterministicMath
import Foundation
import Lockstep
import Races
import Reporting
import Sharing
import Training

/// The outcome of a replay of traces, as one JSON document.
private struct TraceReplayReport: Encodable {
  let report: RunReport
  let match: Bool
  let firstDivergence: TraceDivergence?
  /// How many recorded digests of the whole state were met.
  let cuts: Int
  /// Whether the recording was ended properly, rather than broken off.
  let isComplete: Bool
  /// Of a schedule: why its last access shows the hazards that it shows, as data and in words.
  let explanations: [Explanation]?
  let sentences: [String]?

  private enum CodingKeys: CodingKey {
    case match, firstDivergence, cuts, isComplete, explanations, sentences
  }

  func encode(to encoder: any Encoder) throws {
    try report.encode(to: encoder)
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(match, forKey: .match)
    try container.encode(firstDivergence, forKey: .firstDivergence)
    try container.encode(cuts, forKey: .cuts)
    try container.encode(isComplete, forKey: .isComplete)
    try container.encodeIfPresent(explanations, forKey: .explanations)
    try container.encodeIfPresent(sentences, forKey: .sentences)
  }
}

extension ReplayCommand {
  /// Replays the traces and reports.
  /// - Returns: the exit code.
  func runTrace() throws -> Int32 {
    let traces = try arguments[Self.trace].map { try loadTrace($0) }
    if let launch = traces[0].header.launch { return try run(traces, TraceReplay(traces[0], of: launch)) }
    return try run(traces, TraceReplay(traces[0]))
  }

  private func run<P: Participant>(_ traces: [Trace], _ beginning: TraceReplay<P>) throws -> Int32 {
    var replay = beginning
    // A snapshot, because copies of a run share its model.
    let schedule = traces[0].choices.map { beginning.simulation.snapshot(drivenBy: Replayed($0)) }
    let isJSON = arguments[Self.json]
    let begun = ProgressMeter.monotonicSeconds()
    let total = traces.reduce(0) { $0 + $1.accesses.reduce(0, +) }
    let limit = arguments[Self.until] ?? .max
    let interval = arguments[Self.digestsEvery]
    let meter = ProgressMeter("replay", total: min(limit, total), unit: "accesses")
    var recorder = recorder(for: replay.simulation)
    var digests: [PeriodicDigest] = []
    var nextDigest = replay.updates.addingSaturated(interval ?? 0)
    var divergence: TraceDivergence?
    // Several workers may fail before all stand still; the run named the first of them by number.
    var failure: WorkerFailure?
    do throws(TraceDivergence) {
      for (number, trace) in traces.enumerated() where number == 0 || replay.accesses < limit {
        if number > 0 { try replay.goOn(with: trace) }
        replay.endingDigest = number + 1 < traces.count ? traces[number + 1].header.startingDigest : nil
        while replay.accesses < limit, let step = try replay.advance() {
          recorder?.record(step, in: replay.simulation)
          if let found = replay.failure, found.worker < failure?.worker ?? .max { failure = found }
          if let interval, replay.updates >= nextDigest {
            digests.append(PeriodicDigest(replay.simulation))
            nextDigest = nextDigest.addingSaturated(interval)
            if !isJSON { print(digests.last!.line) }
          }
          if step.index & 0xfff == 0 { meter.update(replay.accesses) }
        }
      }
    } catch {
      divergence = error
    }
    meter.update(replay.accesses)
    meter.finish()
    let repro = "a3c replay " + arguments[Self.trace].map { "--trace \($0.quotedForShell)" }.joined(separator: " ")
    let isWhole = divergence == nil && replay.trace.cuts.last?.digest == replay.cuts.last?.digest
    let report = RunReport(
      replay.simulation.world, replay.simulation.processes, schedule: "recorded", scheduleSeed: nil,
      accesses: replay.accesses, isStopped: !isWhole || traces.last!.ending != .finished, failure: failure,
      repro: untilWhereItStopped(repro),
      digests: interval == nil ? nil : digests, seconds: ProgressMeter.monotonicSeconds() - begun)
    try saveCurve(of: P.training(in: replay.simulation.world), command: repro)
    if let recorder {
      try save(
        recorder, title: "\(report.preset), \(report.protocol), recorded: \(counted(report.workers, "worker"))",
        command: repro)
    }
    let end = divergence == nil && traces.count == 1 ? schedule.map { ScheduleEnd($0, replay) } : nil
    if isJSON {
      print(
        try TraceReplayReport(
          report: report, match: divergence == nil, firstDivergence: divergence, cuts: replay.cuts.count,
          isComplete: traces.last!.ending != nil, explanations: end?.explanations,
          sentences: end?.explanations.flatMap(\.sentences)
        ).json())
    } else {
      print(report.screen(on: .standardOutput, lines: end?.lines(on: .standardOutput) ?? []))
      print("  " + verdict(replay, traces.last!, divergence, failure, isWhole: isWhole))
    }
    return divergence == nil ? 0 : 1
  }

  /// The last line: whether the replay is the recorded run.
  private func verdict<P: Participant>(
    _ replay: TraceReplay<P>, _ trace: Trace, _ divergence: TraceDivergence?, _ failure: WorkerFailure?, isWhole: Bool
  ) -> String {
    let terminal = Terminal.standardOutput
    if let divergence { return terminal.emphasised("not identical", .alarming) + "  \(divergence)" }
    let what = counted(replay.updates, "update")
    let cuts = counted(replay.cuts.count, "recorded digest")
    let identical = terminal.emphasised("identical", .reassuring)
    if trace.choices != nil, isWhole {
      let accesses = counted(replay.accesses, "access", "accesses")
      let waits = replay.simulation.processes.compactMap { $0.waitDescription(in: replay.simulation.world) }
      let deadlock =
        replay.simulation.status == .deadlocked ? "; nobody can go on: \(waits.joined(separator: ", "))" : ""
      return "\(identical)  the state after \(accesses): \(replay.cuts.last?.digest ?? "none")\(deadlock)"
    }
    if trace.ending == nil || !isWhole {
      let why =
        trace.ending == nil
        ? "the recording broke off after \(NumberText.grouped(trace.size.complete)) whole bytes" : "stopped as asked"
      return "\(identical)  as far as it goes: every pull of \(what), \(cuts); \(why)"
    }
    let end = failure.map { "; and it stops where the recorded run did: \($0)" } ?? ""
    return "\(identical)  every pull of \(what), \(cuts), and the last: \(replay.cuts.last?.digest ?? "none")\(end)"
  }
}

/// Where a schedule ends: what its last access shows, and the accesses that led there.
private struct ScheduleEnd {
  let explanations: [Explanation]
  /// Every access, where the schedule is short enough to be read.
  private let events: [AccessEvent]
  private static let longestTable = 200

  /// Where `replay` stands, in a schedule that begins where `start` does.
  init<P: Participant>(_ start: Simulation<P, Replayed>, _ replay: TraceReplay<P>) {
    guard !P.witnessed(in: replay.simulation.world).isEmpty else {
      (explanations, events) = ([], [])
      return
    }
    let accesses = replay.accesses
    var walk = Walk(from: start)
    _ = walk.go(to: accesses)
    explanations = walk.explanations()
    let choices = walk.reversible.choices.prefix(accesses)
    events = accesses <= Self.longestTable ? Races.AccessHistory(choices, from: start)?.events ?? [] : []
  }

  /// What the end of the schedule shows; nothing where that is no hazard.
  func lines(on terminal: Terminal) -> [String] {
    guard !explanations.isEmpty else { return [] }
    var lines = ["", terminal.emphasised("what the last access shows", .strong)]
    for explanation in explanations {
      lines.append("  \(terminal.emphasised(explanation.hazard.rawValue, .alarming)): \(explanation.hazard.meaning)")
      lines += terminal.paragraphLines(explanation.sentences, indent: 4)
    }
    guard !events.isEmpty else { return lines }
    return lines + ["", terminal.emphasised("the schedule", .strong)]
      + events.tableLines(on: terminal, explanation: explanations[0])
  }
}
