// A published result as it was asked for: which seeds of which variants it takes, and where their files are.

import Experiments
import Sharing

/// A published result that is to be run.
struct PendingResult {
  /// The variants under one setting of the quirks.
  struct VariantSet {
    /// Whether every quirk is repaired.
    let isRepaired: Bool
    let variants: [CurveVariant]

    /// What the variant `label` is called where both settings are shown.
    func title(_ label: String) -> String { isRepaired ? "\(label), repaired" : label }
  }

  let result: PublishedResult
  let seeds: [UInt64]
  let sets: [VariantSet]
  /// The folder of all results.
  let out: String
  /// The command that makes it again.
  let repro: String

  /// The seeds and variants of `result` that `arguments` ask for.
  /// - Throws: `UsageError` where the seeds would be torn from their partners.
  init(_ result: PublishedResult, _ arguments: Arguments) throws(UsageError) {
    self.result = result
    let first = arguments[CurvesCommand.fromSeed]
    guard first % 2 == 1 || result.variants.allSatisfy(\.exchanged.isEmpty) else {
      throw UsageError(
        "--from-seed \(first) is the second of a pair, and \(result.name) exchanges what partners have; "
          + "give an odd one")
    }
    seeds = (0..<arguments[CurvesCommand.seeds] * result.seedFactor).map { first &+ UInt64($0) }
    let isRepaired: [Bool] =
      switch arguments[CurvesCommand.quirks] {
      case .on: [false]
      case .off: [true]
      case .both: [false, true]
      }
    sets = isRepaired.map { isRepaired in
      VariantSet(
        isRepaired: isRepaired, variants: isRepaired ? result.variants.map(\.repaired) : result.variants)
    }
    out = arguments[CurvesCommand.out]
    repro = (["a3c curves \(result.name)"] + CurvesCommand.runWords(arguments)).joined(separator: " ")
  }

  /// The folder of what is said of the result.
  var folder: String { "\(out)/\(result.name)" }

  /// The file of a seed of a variant.
  func path(_ variant: CurveVariant, seed: UInt64) -> String {
    "\(Self.folder(variant, in: out))/seed-\(seed).csv"
  }

  /// All folders that it writes to.
  var folders: [String] { [folder] + sets.flatMap(\.variants).map { Self.folder($0, in: out) } }

  /// All runs, with the paths of their files.
  var runs: [(path: String, run: CurveRun)] {
    sets.flatMap(\.variants).flatMap { variant in
      seeds.map { (path(variant, seed: $0), variant.run(seed: $0)) }
    }
  }

  /// The published curves by the labels of their variants.
  func publishedCurves(in folder: PublishedFolder) throws(UsageError) -> [String: PublishedCurve] {
    var curves: [String: PublishedCurve] = [:]
    for variant in result.variants {
      if let file = variant.published { curves[variant.label] = try folder.curve(file) }
    }
    return curves
  }

  /// The curves of a variant, of all that were read.
  /// - Throws: `StoppedRun` where no seed came to its end.
  func ensemble(_ variant: CurveVariant, in curves: [String: SeedCurve]) throws(StoppedRun) -> CurveEnsemble {
    let runs = seeds.map { ($0, curves[path(variant, seed: $0)]!) }
    if let ensemble = CurveEnsemble(runs) { return ensemble }
    guard case .stopped(let reason) = runs[0].1.ending else { preconditionFailure("a seed that ended is in no curve") }
    throw StoppedRun(
      reason: "no seed of \(result.name), \(variant.label), came to its end; seed \(seeds[0]): \(reason)",
      repro: repro)
  }

  private static func folder(_ variant: CurveVariant, in out: String) -> String {
    "\(out)/\(variant.home)/\(variant.name.replacing(", ", with: "-").replacing(" ", with: "-"))"
  }
}
