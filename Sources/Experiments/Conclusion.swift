// What a publication says of its runs, put as questions to many seeds: each conclusion is a value that looks at the
// curves and answers supported, contradicted or undecided, with the numbers.

import Reporting

/// The answer to a conclusion.
public enum Verdict: String, Hashable, Sendable, Codable {
  /// The seeds agree with it, beyond what chance explains.
  case supported
  /// The seeds disagree with it, beyond what chance explains.
  case contradicted
  /// There are too few seeds to tell, or they stand between.
  case undecided
}

/// A conclusion's answer with its numbers.
public struct Finding: Hashable, Sendable {
  /// The answer.
  public let verdict: Verdict
  /// The numbers that it rests on, as a clause.
  public let evidence: String

  /// Makes a finding.
  public init(_ verdict: Verdict, _ evidence: String) {
    self.verdict = verdict
    self.evidence = evidence
  }
}

/// The curves that a conclusion looks at.
public struct ResultCurves: Sendable {
  /// The seeds' curves by the labels of the variants.
  public let ensembles: [String: CurveEnsemble]
  /// The published curves, likewise.
  public let published: [String: PublishedCurve]

  /// Makes them.
  public init(ensembles: [String: CurveEnsemble], published: [String: PublishedCurve]) {
    self.ensembles = ensembles
    self.published = published
  }

  /// The seeds' curves of the variant `label`.
  /// - Precondition: there is such a variant.
  public subscript(label: String) -> CurveEnsemble {
    guard let ensemble = ensembles[label] else { preconditionFailure("there is no variant '\(label)'") }
    return ensemble
  }
}

/// A published conclusion.
public struct Conclusion: Sendable {
  /// What the publication says, as a sentence without its full stop.
  public let statement: String
  /// The labels of the variants that it looks at.
  public let labels: [String]
  /// Whether the publication does not say so: this project asks.
  public private(set) var isOurs = false
  private let judgement: @Sendable (ResultCurves) -> Finding

  /// A conclusion about the variants `labels`, which `judge` answers.
  public init(_ statement: String, of labels: [String], judge: @escaping @Sendable (ResultCurves) -> Finding) {
    self.statement = statement
    self.labels = labels
    judgement = judge
  }

  /// The same as a question of this project's.
  public var asOurs: Conclusion {
    var ours = self
    ours.isOurs = true
    return ours
  }

  /// The opposite, by the same numbers.
  public func denied(as statement: String) -> Conclusion {
    let judgement = judgement
    var denied = Conclusion(statement, of: labels) { curves in
      let finding = judgement(curves)
      switch finding.verdict {
      case .supported: return Finding(.contradicted, finding.evidence)
      case .contradicted: return Finding(.supported, finding.evidence)
      case .undecided: return finding
      }
    }
    denied.isOurs = isOurs
    return denied
  }

  /// The answer; what it rests on says how many seeds are missing in it.
  public func judge(_ curves: ResultCurves) -> Finding {
    let finding = judgement(curves)
    let missing = labels.reduce(0) { $0 + curves[$1].stopped.count }
    guard missing > 0 else { return finding }
    return Finding(finding.verdict, "\(finding.evidence); \(Self.seeds(missing)) diverged")
  }
}

/// A number of each seed.
public struct SeedStatistic: Sendable {
  /// What it is, to complete "the IQM of …".
  public let name: String
  /// How many decimals it is written with.
  let places: Int
  /// The number of each seed, in the order of the seeds.
  let values: @Sendable (CurveEnsemble) -> [Double]

  /// The greatest value of the curve.
  public static let best = SeedStatistic(name: "the best value", places: 3) { $0.bests }
  /// The last value of the curve.
  public static let end = SeedStatistic(name: "the last value", places: 3) { $0.ends }
  /// The mean of the curve.
  public static let mean = SeedStatistic(name: "the mean of the curve", places: 3) { ensemble in
    ensemble.curves.map { Sample($0).mean }
  }
  /// The score of the last weights.
  public static let score = SeedStatistic(name: "the greedy return", places: 1) { $0.scores }
  /// The value where `x` first is `place` or more.
  public static func value(at place: Int) -> SeedStatistic {
    SeedStatistic(name: "the value at \(NumberText.grouped(place))", places: 3) { ensemble in
      let index = ensemble.x.firstIndex { $0 >= place } ?? ensemble.x.count - 1
      return ensemble.curves.map { $0[index] }
    }
  }
  /// The mean of the last tenth of the curve.
  public static let lastTenth = SeedStatistic(name: "the mean of the last tenth", places: 1) { ensemble in
    ensemble.curves.map { Sample($0.suffix(max(1, $0.count / 10))).mean }
  }
  /// How much greater the mean of the last tenth of the curve is than that of the first.
  public static let gain = SeedStatistic(name: "the gain from the first tenth to the last", places: 1) { ensemble in
    ensemble.curves.map { curve in
      let tenth = max(1, curve.count / 10)
      return Sample(curve.suffix(tenth)).mean - Sample(curve.prefix(tenth)).mean
    }
  }
  /// Where the curve first is above `level`; the curve's end for one that never is, so that it counts as late.
  public static func crossing(of level: Double) -> SeedStatistic {
    SeedStatistic(name: "where \(NumberText.trimmed(level, places: 3)) is passed", places: 0) { ensemble in
      ensemble.crossings(of: level).map { Double($0 ?? ensemble.x.last!) }
    }
  }
  /// Where the curve first is above `level`, of those that ever are: the others have no such place.
  public static func passage(of level: Double) -> SeedStatistic {
    SeedStatistic(name: "where \(NumberText.trimmed(level, places: 3)) is passed", places: 0) { ensemble in
      ensemble.crossings(of: level).compactMap { $0.map(Double.init) }
    }
  }

  /// The first value of the curve above `level`, of those that ever are.
  public static func firstAbove(_ level: Double) -> SeedStatistic {
    SeedStatistic(name: "the first value above \(NumberText.trimmed(level, places: 3))", places: 1) { ensemble in
      ensemble.curves.compactMap { curve in curve.first { $0 > level } }
    }
  }

  /// 1 where the curve ever is above `level`, and 0 where it never is.
  public static func passes(_ level: Double) -> SeedStatistic {
    SeedStatistic(name: "whether \(NumberText.trimmed(level, places: 3)) is passed", places: 0) { ensemble in
      ensemble.crossings(of: level).map { $0 == nil ? 0 : 1 }
    }
  }

  func text(_ value: Double) -> String { NumberText.fixed(value, places: places) }

  func text(_ interval: ClosedRange<Double>) -> String {
    "\(text(interval.lowerBound)) to \(text(interval.upperBound))"
  }
}

extension Conclusion {
  /// How probable it may be, at most, that seeds of one distribution look as they do, for what they look like to count.
  /// A run like K others lies outside their range with probability 2/(K + 1), so 20 seeds suffice and 18 do not.
  static let significance = 0.1
  /// With fewer seeds intervals of means mislead: so many lie on one side of the truth in one case of thirty-two.
  static let leastSeeds = 6

  /// "The published curve is one of ours": it lies within the range of the seeds of one of `labels`, each of which
  /// is taken to be a possible setting that the publication leaves open.
  ///
  /// Supported where 95 % of its points lie within the least and the greatest of the seeds, give or take what it could
  /// be read with; contradicted where fewer than half do. How much a run of the same kind may be outside, the seeds'
  /// own curves tell, each in its place: that is part of the evidence, and does not decide.
  public static func curveIsOne(ofSeedsOf labels: [String]) -> Conclusion {
    Conclusion("The published curve lies within the range of the seeds' curves", of: labels) { curves in
      anyOf(labels) { label in
        let ensemble = curves[label]
        guard let shares = curves.published[label]!.sharesWithin(ensemble) else {
          return Finding(.undecided, "no point of it is where the seeds have some")
        }
        let noMore = shares.dropFirst().count { $0 <= shares[0] }
        let evidence =
          "\(NumberText.percent(shares[0])) of its points lie within \(seeds(ensemble.seeds.count)), and as few or "
          + "fewer do of \(noMore) of these in its place"
        if shares[0] >= 0.95 { return Finding(.supported, evidence) }
        return Finding(shares[0] < 0.5 && isMany(ensemble.seeds.count) ? .contradicted : .undecided, evidence)
      }
    }
  }

  /// "The published number is one of ours": it lies within the range of the seeds of one of `labels`.
  public static func isOne(
    _ statistic: SeedStatistic, _ published: Double, ofSeedsOf labels: [String]
  ) -> Conclusion {
    Conclusion("\(statistic.name) is \(statistic.text(published))".capitalizedSentence, of: labels) { curves in
      anyOf(labels) { label in
        let (values, all) = (statistic.values(curves[label]), curves[label].seeds.count)
        guard !values.isEmpty else {
          return Finding(isMany(all) ? .contradicted : .undecided, "nowhere in \(seeds(all))")
        }
        let sample = Sample(values)
        let range = statistic.text(sample.minimum...sample.maximum)
        let missing = values.count == all ? "" : " of \(all)"
        let evidence = "\(range) in \(seeds(sample.count))\(missing), \(described(sample, statistic))"
        if (sample.minimum...sample.maximum).contains(published) { return Finding(.supported, evidence) }
        return Finding(isMany(sample.count) ? .contradicted : .undecided, evidence)
      }
    }
  }

  /// "One setting gives more than the other": supported or contradicted where the interval of the difference of the
  /// interquartile means leaves out 0.
  public static func greater(
    _ statistic: SeedStatistic, in label: String, thanIn other: String, _ statement: String
  ) -> Conclusion {
    Conclusion(statement, of: [label, other]) { curves in
      let (mine, theirs) = (Sample(statistic.values(curves[label])), Sample(statistic.values(curves[other])))
      let (difference, interval) = mine.advantage(over: theirs)
      let evidence =
        "the IQM of \(statistic.name) is \(statistic.text(mine.interquartileMean)) (\(label)) and "
        + "\(statistic.text(theirs.interquartileMean)) (\(other)), a difference of \(statistic.text(difference)), "
        + "95 % interval \(statistic.text(interval))"
      guard min(mine.count, theirs.count) >= leastSeeds, !interval.contains(0) else {
        return Finding(.undecided, evidence)
      }
      return Finding(difference > 0 ? .supported : .contradicted, evidence)
    }
  }

  /// "A run does so": supported where more than half of all possible seeds do, contradicted where fewer do, as far as
  /// the interval of the frequency can tell, whatever those would have done that diverged.
  public static func usually(
    _ label: String, _ statement: String, _ description: String,
    where isTrue: @escaping @Sendable ([Double]) -> Bool
  ) -> Conclusion {
    Conclusion(statement, of: [label]) { curves in
      let ensemble = curves[label]
      let (stopped, all) = (ensemble.stopped.count, ensemble.seeds.count + ensemble.stopped.count)
      let frequency = Frequency(ensemble.curves.count(where: isTrue), of: all)
      let low = frequency.interval.lowerBound
      let high = Frequency(frequency.count + stopped, of: all).interval.upperBound
      let evidence =
        "\(label): \(frequency.count) of \(seeds(frequency.total)) \(description), 95 % interval "
        + "\(NumberText.percent(low)) to \(NumberText.percent(high))"
      return Finding(low > 0.5 ? .supported : high < 0.5 ? .contradicted : .undecided, evidence)
    }
  }

  /// "It does not reach so much", decided as `reaches`.
  public static func staysBelow(
    _ statistic: SeedStatistic, _ level: Double, in label: String, _ statement: String
  ) -> Conclusion {
    reaches(statistic, level, in: label, "").denied(as: statement)
  }

  /// "How a run ends follows from one source of chance": supported where the interval of its share alone is above one
  /// half.
  /// - Parameters:
  ///   - own: the label of the runs that are all a seed's own.
  ///   - exchanged: those of the runs that have one factor of their partner's.
  public static func follows(
    _ statistic: SeedStatistic, from factor: ChanceFactors, named name: String, own: String,
    exchanged: [(factor: ChanceFactors, label: String)]
  ) -> Conclusion {
    let statement = "\(statistic.name) follows from \(name) alone".capitalizedSentence
    return Conclusion(statement, of: [own] + exchanged.map(\.label)) { curves in
      func values(_ label: String) -> [Double] { statistic.values(curves[label]) }
      guard ([own] + exchanged.map(\.label)).allSatisfy({ curves[$0].stopped.isEmpty }) else {
        return Finding(.undecided, "some seeds have lost their partners")
      }
      // Partners are 1 and 2, 3 and 4, and so on.
      guard curves[own].seeds[0] % 2 == 1 else {
        return Finding(.undecided, "seed \(curves[own].seeds[0]) is the second of its pair; begin with an odd one")
      }
      guard values(own).count >= leastSeeds else { return Finding(.undecided, "there are too few seeds") }
      let cubes = ChanceCubes(own: values(own), exchanged: exchanged.map { ($0.factor, values($0.label)) })
      guard let alone = cubes.shareAlone(factor), let interval = cubes.intervalAlone(factor),
        let all = cubes.shareInAll(factor), let intervalInAll = cubes.intervalInAll(factor)
      else { return Finding(.undecided, "all seeds have the same") }
      func text(_ interval: ClosedRange<Double>) -> String {
        "\(NumberText.percent(interval.lowerBound)) to \(NumberText.percent(interval.upperBound))"
      }
      let evidence =
        "of the variance between \(seeds(values(own).count)), \(NumberText.percent(alone)) follow from it whatever "
        + "the other two are (\(text(interval))), and \(NumberText.percent(all)) are left where it alone is "
        + "exchanged (\(text(intervalInAll)))"
      return Finding(
        interval.lowerBound > 0.5 ? .supported : interval.upperBound < 0.5 ? .contradicted : .undecided, evidence)
    }
  }

  /// "It reaches so much": the interval of the interquartile mean decides.
  public static func reaches(
    _ statistic: SeedStatistic, _ level: Double, in label: String, _ statement: String
  ) -> Conclusion {
    Conclusion(statement, of: [label]) { curves in
      let sample = Sample(statistic.values(curves[label]))
      let interval = sample.interquartileInterval
      let reached = Frequency(sample.values.count { $0 > level }, of: sample.count)
      let evidence =
        "\(label): \(statistic.name) has \(described(sample, statistic)); \(reached.count) of \(seeds(reached.total)) "
        + "are above \(statistic.text(level))"
      guard sample.count >= leastSeeds, !interval.contains(level) else { return Finding(.undecided, evidence) }
      return Finding(interval.lowerBound > level ? .supported : .contradicted, evidence)
    }
  }

  /// Whether a run outside the range of so many others is one in ten at most.
  static func isMany(_ seeds: Int) -> Bool { 2 / Double(seeds + 1) <= significance }

  private static func seeds(_ count: Int) -> String { "\(count) seed\(count == 1 ? "" : "s")" }

  private static func described(_ sample: Sample, _ statistic: SeedStatistic) -> String {
    "IQM \(statistic.text(sample.interquartileMean)), 95 % interval \(statistic.text(sample.interquartileInterval))"
  }

  /// Of settings that the publication leaves open, one has to agree with it.
  private static func anyOf(_ labels: [String], _ judge: (String) -> Finding) -> Finding {
    let findings = labels.map(judge)
    let evidence = zip(labels, findings).map { "\($0): \($1.evidence)" }.joined(separator: "; ")
    for verdict in [Verdict.supported, .undecided] where findings.contains(where: { $0.verdict == verdict }) {
      return Finding(verdict, evidence)
    }
    return Finding(.contradicted, evidence)
  }
}

extension String {
  /// This text with a capital at its beginning.
  public var capitalizedSentence: String { prefix(1).uppercased() + dropFirst() }
}
