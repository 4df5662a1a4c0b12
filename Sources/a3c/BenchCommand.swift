// `a3c bench`: how fast the parts and the whole are, beside the peak of the machine they run on.

import Benchmarking
import Foundation
import Reporting
import Sharing

/// Measures kernels, environment and training.
struct BenchCommand {
  static let json = Option<Bool>(flag: "json", help: "print one JSON document and nothing else")

  static let declaration = Command(
    "bench", summary: "measure kernels, environment and training beside the machine's peak",
    discussion: """
      Kernels and lockstep run on one core; threads and recording on two, and two runs that share nothing show what \
      the machine gives them. Build with -c release; nothing in the tests depends on a time.
      """,
    options: [json], examples: ["swift run -c release a3c bench"])

  /// The JSON document.
  private struct Report: Encodable {
    struct Row: Encodable {
      let name: String
      let nanoseconds: Double
      let medianNanoseconds: Double
      let gigaflops: Double
      let fractionOfPeak: Double
    }

    let peakGigaflops: Double
    let kernels: [Row]
    let training: [Row]
    /// Steps back in the debugger.
    let debugging: [Row]
    /// Environment steps per second, by the name of the training.
    let stepsPerSecond: [String: Double]
    /// The cost of an update with 1,000 workers over that with 4, by protocol.
    let growthFrom4To1000Workers: [String: Double]
    let threads: [ThreadScaling]
    let recording: [RecordingCost]
  }

  private let isJSON: Bool

  init(_ arguments: Arguments) throws(UsageError) { isJSON = arguments[Self.json] }

  /// Measures and reports.
  /// - Returns: the exit code.
  func run() throws -> Int32 {
    let meter = ProgressMeter("bench", total: trainingMeasurements + 8, unit: "measurements")
    var done = 0
    func advance() {
      done += 1
      meter.update(done)
    }
    let peak = measurePeak().gigaflops
    advance()
    let kernels = measureKernels()
    advance()
    let training = try measureTraining(advanced: advance)
    let debugging = try measureDebugger()
    advance()
    var threads: [ThreadScaling] = []
    for sharing in SharingProtocol.allCases {
      threads.append(try measureScaling(sharing))
      advance()
    }
    var recording: [RecordingCost] = []
    for sharing in [SharingProtocol.locked, .sharded] {
      for workers in [1, 2] { recording.append(try measureRecording(sharing, workers: workers)) }
      advance()
    }
    meter.finish()

    func row(_ measurement: Timing) -> Report.Row {
      Report.Row(
        name: measurement.name, nanoseconds: measurement.nanoseconds,
        medianNanoseconds: measurement.medianNanoseconds, gigaflops: measurement.gigaflops,
        fractionOfPeak: measurement.gigaflops / peak)
    }
    func time(_ sharing: SharingProtocol, workers: Int) -> Double {
      training.first { $0.sharing == sharing && $0.workers == workers }!.step.nanoseconds
    }
    let growth = SharingProtocol.allCases.map { sharing in
      (sharing.rawValue, time(sharing, workers: 1000) / time(sharing, workers: 4))
    }
    let report = Report(
      peakGigaflops: peak, kernels: kernels.map(row), training: training.map { row($0.step) },
      debugging: debugging.map(row),
      stepsPerSecond: Dictionary(uniqueKeysWithValues: training.map { ($0.step.name, 1e9 / $0.step.nanoseconds) }),
      growthFrom4To1000Workers: Dictionary(uniqueKeysWithValues: growth), threads: threads, recording: recording)
    print(isJSON ? try json(report) : screen(report))
    return 0
  }

  private func json(_ report: Report) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    return String(decoding: try encoder.encode(report), as: UTF8.self)
  }

  private func screen(_ report: Report) -> String {
    let terminal = Terminal.standardOutput
    func cells(_ row: Report.Row) -> [String] {
      [
        row.name, NumberText.fixed(row.nanoseconds, places: 1), NumberText.fixed(row.medianNanoseconds, places: 1),
        row.gigaflops > 0 ? NumberText.fixed(row.gigaflops, places: 1) : "",
        row.gigaflops > 0 ? NumberText.percent(row.fractionOfPeak) : "",
      ]
    }
    let peak = NumberText.fixed(report.peakGigaflops, places: 1)
    var lines = ["peak without FMA, single precision, one core: \(peak) GFLOP/s", ""]
    lines += terminal.tableLines(
      header: ["kernel", "ns", "median", "GFLOP/s", "of peak"], rows: report.kernels.map(cells), indent: 0)
    lines.append("")
    lines += terminal.tableLines(
      header: ["lockstep, 1 step", "ns", "median", "GFLOP/s", "of peak", "steps/s"],
      rows: report.training.map { cells($0) + [NumberText.abbreviated(1e9 / $0.nanoseconds)] }, indent: 0)
    lines.append("")
    lines += terminal.tableLines(
      header: ["debugger", "µs", "median"],
      rows: report.debugging.map {
        [$0.name] + [$0.nanoseconds, $0.medianNanoseconds].map { NumberText.fixed($0 / 1000, places: 0) }
      }, indent: 0)
    lines.append("")
    for sharing in SharingProtocol.allCases {
      let growth = NumberText.fixed(report.growthFrom4To1000Workers[sharing.rawValue]!, places: 2)
      lines.append("\(sharing.rawValue): an update with 1,000 workers costs \(growth) times one with 4")
    }
    lines.append("")
    lines += terminal.tableLines(
      header: ["threads", "lockstep", "1 worker", "2 workers", "2 runs", "2 workers / 1", "2 runs / 1"],
      rows: report.threads.map {
        [$0.sharing.rawValue]
          + [$0.lockstep, $0.oneWorker, $0.twoWorkers, $0.twoRuns].map { NumberText.abbreviated($0) }
          + [NumberText.fixed($0.speedup, places: 2), NumberText.fixed($0.machineSpeedup, places: 2)]
      }, indent: 0)
    lines.append("steps/s, best of 11; two runs share nothing, so they show what the machine allows")
    lines.append("")
    lines += terminal.tableLines(
      header: ["recording", "time, of unrecorded", "quartiles", "pairs", "bytes/update"],
      rows: report.recording.map {
        [
          "\($0.sharing.rawValue), \(counted($0.workers, "worker"))", NumberText.fixed($0.medianRatio, places: 4),
          $0.quartiles.map { NumberText.fixed($0, places: 3) }.joined(separator: " to "), "\($0.pairs)",
          NumberText.fixed($0.bytesPerUpdate, places: 1),
        ]
      }, indent: 0)
    return lines.joined(separator: "\n")
  }
}
