// `a3c curves`: published learning curves beside many seeds of this program's, and what that says of the conclusions
// that were drawn from them.

import Experiments
import Foundation
import Reporting
import Sharing

/// Runs published results over many seeds.
struct CurvesCommand {
  static let name = Option<String?>(
    operand: .result, help: "a published result, or the first word of several; without one they are listed")
  static let all = Option<Bool>(flag: "all", help: "run all published results")
  static let ours = Option<Bool>(
    flag: "ours", help: "run this project's own: its tuned presets, and what it asks of the published systems")
  static let seeds = Option<Int>(
    "seeds", .count(1...10_000), default: 20,
    help: "how many seeds; results that count frequencies take twice or five times as many")
  static let fromSeed = Option<UInt64>("from-seed", .seed, default: 1, help: "the first seed")
  static let quirks = Option<QuirkSetting>(
    "quirks", .choice("NAME"), default: .on,
    help: "the programs as published (on), with every quirk repaired (off), or both")
  static let jobs = Option<Int?>(
    "jobs", .count(1...1024),
    help: "how many runs to make at a time, which changes no result (default: the number of cores)")
  static let out = Option<String>(
    "out", .path("DIR"), default: "curves", help: "the folder for results; what is finished there is not run again")
  static let published = Option<String>(
    "published", .path("DIR"), default: "golden/published", help: "the folder of the published curves")
  static let page = Option<String?>(
    "page", .path("F.md"), help: "write a page of the results, with its pictures in images/curves beside it")
  static let json = Option<Bool>(flag: "json", help: "print one JSON document and nothing else")

  static let declaration = Command(
    "curves", summary: "reproduce published learning curves over many seeds, and test what was concluded from them",
    discussion: """
      Each seed is one lockstep run, as a3c replay makes it. Every result gets a folder with curve.csv and curve.svg \
      (the interquartile mean of the seeds, its 95 % stratified bootstrap band, every seed behind it and the published \
      curve on top), and conclusions.txt, which answers each published conclusion: supported, contradicted or \
      undecided, with the numbers. A seed that is finished is not run again, unless a setting changed, or \
      its first three flushes a worker or its first update come out otherwise. A seed that diverges is counted and \
      left out of the means. Ctrl-C keeps what is finished, and the same command goes on from there.
      """,
    options: [name, all, ours, seeds, fromSeed, quirks, jobs, out, published, page, json],
    examples: [
      "a3c curves", "a3c curves sjtu-figure-1 --seeds 20", "a3c curves sjtu --quirks both",
      "a3c curves --all --seeds 20", "a3c curves --ours --jobs 1",
    ])

  /// Whether the quirks of the published programs are on.
  enum QuirkSetting: String, CaseIterable, Sendable {
    case on, off, both
  }

  private let arguments: Arguments
  /// What is listed or run.
  let results: [PublishedResult]

  /// Settles which of the `known` results are meant.
  init(_ arguments: Arguments, among known: [PublishedResult] = PublishedResult.all) throws(UsageError) {
    self.arguments = arguments
    let (all, ours) = (arguments[Self.all], arguments[Self.ours])
    guard let name = arguments[Self.name] else {
      let others = Self.declaration.options.map(\.name).filter { $0 != "json" && arguments.given.contains($0) }
      if let option = others.first, !all, !ours {
        throw UsageError("--\(option) needs a result to run: name one, or say --all; a3c curves lists them")
      }
      results = all || ours ? known.filter { $0.isOurs ? ours : all } : known
      return
    }
    guard !all, !ours else {
      throw UsageError("--\(all ? "all" : "ours") means many results, and '\(name)' one; leave one of them out")
    }
    let named = known.filter { $0.name == name }
    results = named.isEmpty ? known.filter { $0.name.hasPrefix("\(name)-") } : named
  }

  /// The words that ask for the same results.
  static func resultWords(_ arguments: Arguments) -> [String] {
    arguments[name].map { [$0] } ?? [all, ours].filter { arguments[$0] }.map { "--\($0.name)" }
  }

  /// The words that ask for the same runs of a result.
  static func runWords(_ arguments: Arguments) -> [String] {
    var words = ["--seeds \(arguments[seeds])"]
    if arguments[fromSeed] != 1 { words.append("--from-seed \(arguments[fromSeed])") }
    if arguments[quirks] != .on { words.append("--quirks \(arguments[quirks].rawValue)") }
    return words
  }

  /// Lists the results, or runs them and reports.
  /// - Returns: the exit code.
  func run() throws -> Int32 {
    let isJSON = arguments[Self.json]
    guard !Self.resultWords(arguments).isEmpty else {
      print(isJSON ? try ResultList(results).json() : ResultList(results).screen(on: .standardOutput))
      return 0
    }
    Interruption.listen()
    let reports: [CurveReport]
    do { reports = try self.reports() } catch let stop as CurveQueue.Interrupted {
      tell("a3c: \(stop)")
      return Interruption.exitCode!
    }
    print(isJSON ? try reports.json() : reports.map { $0.screen(on: .standardOutput) }.joined(separator: "\n\n"))
    return 0
  }

  /// Runs what is not there yet, with progress on standard error, and writes the files of every result.
  func reports(style: ProgressStyle = .suited(to: .standardError, quiet: false)) throws -> [CurveReport] {
    let published = try PublishedFolder(
      path: arguments[Self.published], isDefault: !arguments.given.contains(Self.published.name))
    var folders = NewFolders()
    do {
      let pending = try results.map { try PendingResult($0, arguments) }
      // Published curves first: an hour of runs must not end at a file that is not there.
      let curves = try pending.map { try $0.publishedCurves(in: published) }
      for path in pending.flatMap(\.folders) { try folders.make(path) }
      if let page = arguments[Self.page] { try folders.make(CurvePage.pictures(of: page)) }
      let files = try makeRuns(of: pending, style: style)
      // A result of which no seed came to its end keeps no other from being reported.
      var stop: StoppedRun?
      var reports: [CurveReport] = []
      for (pending, curves) in zip(pending, curves) {
        do {
          reports.append(try CurveReport(pending, curves: files, published: curves))
        } catch let error as StoppedRun { stop = stop ?? error }
      }
      if let page = arguments[Self.page] { try CurvePage(reports, arguments).save(at: page) }
      if let stop { throw stop }
      return reports
    } catch {
      folders.takeAway()
      throw error
    }
  }

  /// Makes the runs that are not there yet.
  /// - Returns: all curves by their files' paths.
  private func makeRuns(of pending: [PendingResult], style: ProgressStyle) throws -> [String: SeedCurve] {
    var curves: [String: SeedCurve] = [:]
    var missing: [CurveFile] = []
    var paths: Set<String> = []
    for (path, run) in pending.flatMap(\.runs) where paths.insert(path).inserted {
      try CurveQueue.Interrupted.check()
      let file = CurveFile(path: path, run: run)
      curves[path] = try file.load()
      if curves[path] == nil { missing.append(file) }
    }
    let queue = CurveQueue(missing, style: missing.isEmpty ? .silent : style)
    let threads = arguments[Self.jobs] ?? ProcessInfo.processInfo.activeProcessorCount
    return curves.merging(try queue.run(threads: threads)) { _, new in new }
  }
}
