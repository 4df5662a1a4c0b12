// What is said of one published result: the curves as a table and a picture, and its conclusions as sentences.

import Experiments
import Foundation
import Reporting

/// The outcome of a published result.
struct CurveReport: Encodable {
  /// A number of every seed of a variant, in the middle and with its uncertainty.
  struct Summary: Encodable {
    let iqm: Double
    let iqmInterval: [Double]
    let min: Double
    let max: Double

    init(_ values: [Double]) {
      let sample = Sample(values)
      let interval = sample.interquartileInterval
      iqm = sample.interquartileMean
      iqmInterval = [interval.lowerBound, interval.upperBound]
      min = sample.minimum
      max = sample.maximum
    }

    func text(places: Int) -> String {
      func text(_ value: Double) -> String { NumberText.fixed(value, places: places) }
      return "\(text(iqm)) (\(text(iqmInterval[0])) to \(text(iqmInterval[1])))"
    }
  }

  /// What is said of a variant.
  struct Variant: Encodable {
    let label: String
    /// The seeds that diverged, of which the rest has nothing.
    let stopped: [StoppedSeed]
    /// The greatest value of each seed's curve.
    let best: Summary
    /// The last value of each seed's curve.
    let end: Summary
    /// The mean return of greedy episodes with each seed's last weights.
    let greedyReturn: Summary

    /// The label, and how many seeds are missing.
    var title: String {
      stopped.isEmpty ? label : "\(label) (\(counted(stopped.count, "seed")) diverged and left out)"
    }
  }

  /// What is said of a conclusion.
  struct Answer: Encodable {
    let statement: String
    let verdict: Verdict
    let evidence: String
    /// Whether nobody published it: this project asks.
    let isOurs: Bool

    var sentence: String { "\(verdict.rawValue). \(statement): \(evidence).".capitalizedSentence }
  }

  let name: String
  let title: String
  let source: String
  let isOurs: Bool
  let remark: String
  let seeds: Int
  let firstSeed: UInt64
  let variants: [Variant]
  let conclusions: [Answer]
  /// The folder of its files.
  let folder: String
  let repro: String

  /// Computes and writes it all.
  init(
    _ pending: PendingResult, curves: [String: SeedCurve], published: [String: PublishedCurve]
  ) throws {
    let result = pending.result
    name = result.name
    title = result.title
    source = result.source
    (isOurs, remark) = (result.isOurs, result.remark)
    seeds = pending.seeds.count
    firstSeed = pending.seeds[0]
    folder = pending.folder
    repro = pending.repro
    var drawn: [DrawnVariant] = []
    var answers: [Answer] = []
    for set in pending.sets {
      let ensembles = try set.variants.map { try pending.ensemble($0, in: curves) }
      drawn += zip(set.variants, ensembles).map {
        DrawnVariant(title: set.title($0.label), ensemble: $1, published: published[$0.label])
      }
      let labels = zip(set.variants.map(\.label), ensembles)
      let all = ResultCurves(ensembles: Dictionary(uniqueKeysWithValues: labels), published: published)
      answers += result.conclusions.map { conclusion in
        let finding = conclusion.judge(all)
        return Answer(
          statement: conclusion.statement + (set.isRepaired ? ", without the quirks" : ""), verdict: finding.verdict,
          evidence: finding.evidence, isOurs: result.isOurs || conclusion.isOurs)
      }
    }
    conclusions = answers
    variants = drawn.map { variant in
      Variant(
        label: variant.title, stopped: variant.ensemble.stopped, best: Summary(variant.ensemble.bests),
        end: Summary(variant.ensemble.ends), greedyReturn: Summary(variant.ensemble.scores))
    }
    let measure = result.variants[0].measure
    let picture = CurvePicture(variants: drawn, seeds: pending.seeds, clock: measure.clock, label: measure.label)
    try AtomicFile(path: "\(folder)/curve.csv", force: true).save(picture.table)
    try AtomicFile(path: "\(folder)/curve.svg", force: true).save(
      picture.svg(title: title, subtitle: repro))
    try AtomicFile(path: "\(folder)/conclusions.txt", force: true).save(
      answers.map { $0.sentence + "\n" }.joined())
  }

  /// The closing screen.
  func screen(on terminal: Terminal) -> String {
    var lines = [terminal.emphasised(name, .strong) + ": \(title)", ""]
    lines += terminal.tableLines(
      header: ["\(counted(seeds, "seed")), IQM and 95 % interval", "best", "end", "greedy return"],
      rows: variants.map { variant in
        [
          variant.title, variant.best.text(places: 3), variant.end.text(places: 3),
          variant.greedyReturn.text(places: 1),
        ]
      })
    lines.append("")
    lines += terminal.keyValueLines(
      conclusions.map { ($0.verdict.rawValue, "\($0.statement): \($0.evidence).") } + [
        ("files", "\(folder)/curve.csv, curve.svg, conclusions.txt"), ("repeat", repro),
      ], wrapsValues: true)
    return lines.joined(separator: "\n")
  }
}

/// The results that there are.
struct ResultList: Encodable {
  /// One of them.
  struct Entry: Encodable {
    let name: String
    let title: String
    let source: String
    let isOurs: Bool
    let variants: [String]
    let conclusions: [String]
  }

  let results: [Entry]

  init(_ results: [PublishedResult]) {
    self.results = results.map { result in
      Entry(
        name: result.name, title: result.title, source: result.source, isOurs: result.isOurs,
        variants: result.variants.map(\.label), conclusions: result.conclusions.map(\.statement))
    }
  }

  /// The list for a terminal.
  func screen(on terminal: Terminal) -> String {
    let lines =
      results.flatMap { entry in
        [terminal.emphasised(entry.name, .strong) + (entry.isOurs ? " (ours)" : ""), "  \(entry.title)"]
          + ["  \(entry.source)"]
          + terminal.keyValueLines(
            [("runs", entry.variants.joined(separator: "; "))], wrapsValues: true)
      }
    let last = "run one with: a3c curves NAME; all that were published with: a3c curves --all"
    return (lines + ["", last]).joined(separator: "\n")
  }
}
