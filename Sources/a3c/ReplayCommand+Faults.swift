// `a3c replay --fault`: a lockstep run in which something goes wrong at a place that is named, and a report of where it
// did.

import Lockstep
import Reporting
import Sharing
import Training

/// A fault, and where in the run it struck.
struct FaultReport: Encodable {
  let fault: Fault
  /// How often it struck: a slow worker's at each access that came later for it.
  var strikes = 0
  /// The place of the first access that shows it; `nil` where it never struck.
  var access: Int?
  /// Why the worker could not go on, where the fault is one of its gradient.
  var failure: WorkerFailure?

  private enum CodingKeys: CodingKey {
    case fault, strikes, access
  }

  func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(fault.description, forKey: .fault)
    try container.encode(strikes, forKey: .strikes)
    try container.encode(access, forKey: .access)
  }

  /// Who suffers what, and where.
  var text: String {
    let place = access.map { "fired at access \(NumberText.grouped($0))" } ?? "never fired"
    return "worker \(fault.worker) \(fault.effect); \(place)" + (strikes > 1 ? ", \(counted(strikes, "time"))" : "")
      + (failure.map { ", where it stops: \($0)" } ?? "")
  }
}

/// The outcome of a run with faults, as one JSON document.
private struct FaultyRunReport: Encodable {
  let report: RunReport
  let faults: [FaultReport]

  private enum CodingKeys: CodingKey {
    case faults
  }

  func encode(to encoder: any Encoder) throws {
    try report.encode(to: encoder)
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(faults, forKey: .faults)
  }
}

extension ReplayCommand {
  /// What a run with faults has no report of.
  private static let optionsWithoutFaults = ["digests-every", "twice", "timeline", "perfetto", "html"]

  /// Refuses options that a run with faults does not heed.
  static func checkFaultOptions(_ arguments: Arguments) throws(UsageError) {
    guard !arguments[fault].isEmpty else { return }
    if let other = optionsWithoutFaults.first(where: arguments.given.contains) {
      throw UsageError("--\(other) is of runs without faults; leave out --\(other) or --fault")
    }
  }

  /// Replays with the faults and reports.
  /// - Returns: the exit code.
  func runWithFaults() throws -> Int32 {
    let (report, faults) = try replayWithFaults()
    print(
      arguments[Self.json]
        ? try FaultyRunReport(report: report, faults: faults).json()
        : report.screen(on: .standardOutput, more: faults.map { ("fault", "\($0.fault): \($0.text)") }))
    let idle = faults.filter { $0.access == nil }
    for fault in idle {
      tell("a3c: fault \(fault.fault) never fired, so the run shows nothing of it; choose a place that it reaches")
    }
    return idle.isEmpty ? 0 : 1
  }

  /// Replays, with progress on standard error. A worker whose gradient is spoilt fails, and the others go on.
  func replayWithFaults(
    style: ProgressStyle = .suited(to: .standardError, quiet: false)
  ) throws -> (report: RunReport, faults: [FaultReport]) {
    let begun = ProgressMeter.monotonicSeconds()
    var faults = arguments[Self.fault].map { FaultReport(fault: $0) }
    var run = try configuration.makeSimulation(schedule, scheduleSeed: scheduleSeed, faults: faults.map(\.fault))
    let limit = arguments[Self.until] ?? .max
    let meter = ProgressMeter("replay", total: expectedSteps, unit: "steps", style: style)
    while run.accesses < limit, unexpectedFailure(in: run) == nil, let step = run.advance() {
      for index in faults.indices {
        faults[index].strikes = run.strikes(of: faults[index].fault)
        guard faults[index].access == nil, faults[index].strikes > 0 else { continue }
        faults[index].access = step.index + 1
        if case .poison = faults[index].fault { faults[index].failure = run.world.failure }
      }
      if step.index & 0xfff == 0 { meter.update(run.world.statistics.environmentSteps) }
    }
    meter.update(run.world.statistics.environmentSteps)
    meter.finish()
    try saveCurve(of: run.world, command: repro)
    if let failure = unexpectedFailure(in: run) { throw StoppedRun(reason: "\(failure)", repro: repro) }
    let report = RunReport(
      run.world, run.processes.map(\.base), schedule: schedule.rawValue, scheduleSeed: scheduleSeed,
      accesses: run.accesses, isStopped: run.status == .running, repro: repro,
      seconds: ProgressMeter.monotonicSeconds() - begun)
    return (report, faults)
  }

  /// Why a worker failed whose gradient nobody spoilt.
  private func unexpectedFailure(in run: FaultySimulation) -> WorkerFailure? {
    guard let failure = run.world.failure else { return nil }
    let isExpected = arguments[Self.fault].contains {
      if case .poison(failure.worker, failure.update, _) = $0 { true } else { false }
    }
    return isExpected ? nil : failure
  }
}

extension ValueKind<Fault> {
  /// A fault and its place.
  static var fault: ValueKind {
    ValueKind(placeholder: "FAULT", allowed: "stop:W@N, restart:W@N, slow:W*K, nan:W@N or inf:W@N") { Fault($0) }
  }
}
