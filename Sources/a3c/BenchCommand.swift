// `a3c bench`: how fast the parts and the whole are, beside the peak of the machine they run on, and how long a failing
// schedule takes to shrink.

import Benchmarking
import Foundation
import Lockstep
import Reporting
import Sharing

/// Measures kernels, environment, training, search, shrinking and the debugger.
struct BenchCommand {
  /// What can be measured by itself.
  enum Part: String, CaseIterable {
    case kernels, training, threads, recording, search, shrinking, debugging
  }

  static let only = Option<Part?>("only", .choice("PART"), help: "measure just this; without it, everything")
  static let json = Option<Bool>(flag: "json", help: "print one JSON document and nothing else")

  static let declaration = Command(
    "bench", summary: "measure kernels, environment and training beside the machine's peak",
    discussion: """
      Kernels and lockstep run on one core; threads and recording on two, and two runs that share nothing show what \
      the machine gives them. What is shrunk is the schedule of a race that comes after some 10,000 accesses. Build \
      with -c release; nothing in the tests depends on a time.
      """,
    options: [only, json],
    examples: ["swift run -c release a3c bench", "swift run -c release a3c bench --only shrinking"])

  /// The JSON document; what was not measured is empty.
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
    /// Environment steps per second, by the name of the training.
    let stepsPerSecond: [String: Double]
    /// The cost of an update with 1,000 workers over that with 4, by protocol.
    let growthFrom4To1000Workers: [String: Double]
    let threads: [ThreadScaling]
    let recording: [RecordingCost]
    let search: [SearchRate]
    let shrinking: [ShrinkingTiming]
    /// Steps back in the debugger.
    let debugging: [Row]
  }

  private let parts: [Part]
  private let isJSON: Bool

  init(_ arguments: Arguments) throws(UsageError) {
    parts = arguments[Self.only].map { [$0] } ?? Part.allCases
    isJSON = arguments[Self.json]
  }

  /// Measures and reports.
  /// - Returns: the exit code.
  func run() throws -> Int32 {
    let meter = ProgressMeter("bench", total: 1 + parts.map(\.measurements).reduce(0, +), unit: "measurements")
    var done = 0
    func advance() {
      done += 1
      meter.update(done)
    }
    func measured<Result>(_ part: Part, _ measure: () throws -> [Result]) rethrows -> [Result] {
      parts.contains(part) ? try measure() : []
    }
    func advancing<Result>(_ measure: () throws -> Result) rethrows -> Result {
      defer { advance() }
      return try measure()
    }
    let peak = advancing { measurePeak().gigaflops }
    let kernels = measured(.kernels) { advancing(measureKernels) }
    let training = try measured(.training) { try measureTraining(advanced: advance) }
    let threads = try measured(.threads) {
      try SharingProtocol.intended.map { sharing in try advancing { try measureScaling(sharing) } }
    }
    let recording = try measured(.recording) {
      try [SharingProtocol.locked, .sharded].flatMap { sharing in
        try advancing { try [1, 2].map { try measureRecording(sharing, workers: $0) } }
      }
    }
    let search = try measured(.search) { try advancing { try measureSearch() } }
    let debugging = try measured(.debugging) { try advancing(measureDebugger) }
    let shrinking = try measured(.shrinking) {
      try [Inspection.afterEveryAccess, .atTheEnd].map { inspection in
        try advancing { try measureShrinking(inspection) }
      }
    }
    meter.finish()

    func row(_ measurement: Timing) -> Report.Row {
      Report.Row(
        name: measurement.name, nanoseconds: measurement.nanoseconds,
        medianNanoseconds: measurement.medianNanoseconds, gigaflops: measurement.gigaflops,
        fractionOfPeak: measurement.gigaflops / peak)
    }
    func time(_ sharing: SharingProtocol, workers: Int) -> Double? {
      training.first { $0.sharing == sharing && $0.workers == workers }?.step.nanoseconds
    }
    var growth: [String: Double] = [:]
    for sharing in SharingProtocol.intended {
      guard let few = time(sharing, workers: 4), let many = time(sharing, workers: 1000) else { continue }
      growth[sharing.rawValue] = many / few
    }
    let report = Report(
      peakGigaflops: peak, kernels: kernels.map(row), training: training.map { row($0.step) },
      stepsPerSecond: Dictionary(uniqueKeysWithValues: training.map { ($0.step.name, 1e9 / $0.step.nanoseconds) }),
      growthFrom4To1000Workers: growth, threads: threads, recording: recording, search: search,
      shrinking: shrinking, debugging: debugging.map(row))
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
    func table(_ header: [String], _ rows: [[String]], notes: [String] = []) -> [String] {
      rows.isEmpty ? [] : [""] + terminal.tableLines(header: header, rows: rows, indent: 0) + notes
    }
    let growth = SharingProtocol.intended.compactMap { sharing in
      report.growthFrom4To1000Workers[sharing.rawValue].map {
        "\(sharing.rawValue): an update with 1,000 workers costs \(NumberText.fixed($0, places: 2)) times one with 4"
      }
    }
    var lines = ["peak without FMA, single precision, one core: \(peak) GFLOP/s"]
    lines += table(["kernel", "ns", "median", "GFLOP/s", "of peak"], report.kernels.map(cells))
    lines += table(
      ["lockstep, 1 step", "ns", "median", "GFLOP/s", "of peak", "steps/s"],
      report.training.map { cells($0) + [NumberText.abbreviated(1e9 / $0.nanoseconds)] },
      notes: growth.isEmpty ? [] : [""] + growth)
    lines += table(
      ["threads", "lockstep", "1 worker", "2 workers", "2 runs", "2 workers / 1", "2 runs / 1"],
      report.threads.map {
        [$0.sharing.rawValue]
          + [$0.lockstep, $0.oneWorker, $0.twoWorkers, $0.twoRuns].map { NumberText.abbreviated($0) }
          + [NumberText.fixed($0.speedup, places: 2), NumberText.fixed($0.machineSpeedup, places: 2)]
      }, notes: ["steps/s, best of 11; two runs share nothing, so they show what the machine allows"])
    lines += table(
      ["recording", "time, of unrecorded", "quartiles", "pairs", "bytes/update"],
      report.recording.map {
        [
          "\($0.sharing.rawValue), \(counted($0.workers, "worker"))", NumberText.fixed($0.medianRatio, places: 4),
          $0.quartiles.map { NumberText.fixed($0, places: 3) }.joined(separator: " to "), "\($0.pairs)",
          NumberText.fixed($0.bytesPerUpdate, places: 1),
        ]
      })
    lines += table(
      ["every interleaving of", "schedules/s", "accesses each"],
      report.search.map {
        [
          $0.name, NumberText.abbreviated($0.schedulesPerSecond), NumberText.fixed($0.accessesPerSchedule, places: 1),
        ]
      })
    lines += table(
      ["debugger", "µs", "median"],
      report.debugging.map {
        [$0.name] + [$0.nanoseconds, $0.medianNanoseconds].map { NumberText.fixed($0 / 1000, places: 0) }
      })
    lines += table(
      ["shrinking", "accesses", "preemptions", "to accesses", "to preemptions", "tried", "seconds"],
      report.shrinking.map {
        [$0.name]
          + [$0.accesses, $0.preemptions, $0.shrunkAccesses, $0.shrunkPreemptions, $0.candidates]
          .map(NumberText.grouped) + [NumberText.fixed($0.seconds, places: 2)]
      })
    return lines.joined(separator: "\n")
  }
}

extension BenchCommand.Part {
  /// How many steps of the progress it takes.
  fileprivate var measurements: Int {
    switch self {
    case .kernels, .search, .debugging: 1
    case .training: trainingMeasurements
    case .threads: SharingProtocol.intended.count
    case .recording, .shrinking: 2
    }
  }
}
