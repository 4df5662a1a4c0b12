// `a3c replay --trace`: a recorded run of threads, repeated in a single one.

import DeterministicMath
import Foundation
import Lockstep
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

  private enum CodingKeys: CodingKey {
    case match, firstDivergence, cuts, isComplete
  }

  func encode(to encoder: any Encoder) throws {
    try report.encode(to: encoder)
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(match, forKey: .match)
    try container.encode(firstDivergence, forKey: .firstDivergence)
    try container.encode(cuts, forKey: .cuts)
    try container.encode(isComplete, forKey: .isComplete)
  }
}

extension ReplayCommand {
  /// Replays the traces and reports.
  /// - Returns: the exit code.
  func runTrace() throws -> Int32 {
    let paths = arguments[Self.trace]
    let traces = try paths.map { try loadTrace($0) }
    let isJSON = arguments[Self.json]
    let begun = ProgressMeter.monotonicSeconds()
    let total = traces.reduce(0) { $0 + $1.accesses.reduce(0, +) }
    let limit = arguments[Self.until] ?? .max
    let interval = arguments[Self.digestsEvery]
    let meter = ProgressMeter("replay", total: min(limit, total), unit: "accesses")
    var replay = try TraceReplay(traces[0])
    var recorder = recorder(for: replay.simulation)
    var digests: [PeriodicDigest] = []
    var nextDigest = replay.simulation.world.statistics.updates.addingSaturated(interval ?? 0)
    var divergence: TraceDivergence?
    // Several workers may fail before all stand still; the run named the first of them by number.
    var failure: WorkerFailure?
    do throws(TraceDivergence) {
      for (number, trace) in traces.enumerated() where number == 0 || replay.accesses < limit {
        if number > 0 { try replay.goOn(with: trace) }
        replay.endingDigest = number + 1 < traces.count ? traces[number + 1].header.startingDigest : nil
        while replay.accesses < limit, let step = try replay.advance() {
          recorder?.record(step, in: replay.simulation)
          if let found = replay.simulation.world.failure, found.worker < failure?.worker ?? .max { failure = found }
          if let interval, replay.simulation.world.statistics.updates >= nextDigest {
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
    let repro = "a3c replay " + paths.map { "--trace \($0.quotedForShell)" }.joined(separator: " ")
    let isWhole = divergence == nil && replay.trace.cuts.last?.digest == replay.cuts.last?.digest
    let report = RunReport(
      replay.simulation.world, replay.simulation.processes, schedule: "recorded", scheduleSeed: nil,
      accesses: replay.accesses, isStopped: !isWhole || traces.last!.ending != .finished, failure: failure,
      repro: untilWhereItStopped(repro),
      digests: interval == nil ? nil : digests, seconds: ProgressMeter.monotonicSeconds() - begun)
    try saveCurve(of: replay.simulation.world, command: repro)
    if let recorder {
      try save(
        recorder, title: "\(report.preset), \(report.protocol), recorded: \(counted(report.workers, "worker"))",
        command: repro)
    }
    if isJSON {
      print(
        try TraceReplayReport(
          report: report, match: divergence == nil, firstDivergence: divergence, cuts: replay.cuts.count,
          isComplete: traces.last!.ending != nil
        ).json())
    } else {
      print(report.screen(on: .standardOutput))
      print("  " + verdict(replay, traces.last!, divergence, failure, isWhole: isWhole))
    }
    return divergence == nil ? 0 : 1
  }

  /// The last line: whether the replay is the recorded run.
  private func verdict(
    _ replay: TraceReplay, _ trace: Trace, _ divergence: TraceDivergence?, _ failure: WorkerFailure?, isWhole: Bool
  ) -> String {
    let terminal = Terminal.standardOutput
    if let divergence { return terminal.emphasised("not identical", .alarming) + "  \(divergence)" }
    let what = counted(replay.simulation.world.statistics.updates, "update")
    let cuts = counted(replay.cuts.count, "recorded digest")
    let identical = terminal.emphasised("identical", .reassuring)
    if trace.choices != nil, isWhole {
      let accesses = counted(replay.accesses, "access", "accesses")
      return "\(identical)  the state after \(accesses): \(replay.cuts.last?.digest ?? "none")"
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
