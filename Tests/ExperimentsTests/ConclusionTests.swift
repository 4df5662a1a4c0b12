// Each kind of conclusion, on curves made so that it must be supported, contradicted or left open; and the published
// results as data.

import DeterministicMath
import Sharing
import Testing

@testable import Experiments

/// So many seeds of curves with one point, at `start`, `start` + 1, …
private func row(_ count: Int, from start: Double) -> CurveEnsemble {
  ensemble((0..<count).map { [start + Double($0)] })
}

private func judge(
  _ conclusion: Conclusion, _ ensembles: [String: CurveEnsemble], published: [String: PublishedCurve] = [:]
) -> Verdict {
  conclusion.judge(ResultCurves(ensembles: ensembles, published: published)).verdict
}

@Suite struct ConclusionTests {
  @Test func `a printed best is one of the seeds' where it lies within their range`() {
    let conclusion = Conclusion.isOne(.best, 5, ofSeedsOf: ["a"])
    #expect(judge(conclusion, ["a": row(20, from: 0)]) == .supported)
    #expect(judge(conclusion, ["a": row(20, from: 6)]) == .contradicted)
    // 19 seeds leave a run like them outside in one case of ten; 18 in more.
    #expect(judge(conclusion, ["a": row(19, from: 6)]) == .contradicted)
    #expect(judge(conclusion, ["a": row(18, from: 6)]) == .undecided)
  }

  @Test func `of settings that are left open, one has to agree`() {
    let conclusion = Conclusion.isOne(.best, 5, ofSeedsOf: ["a", "b"])
    #expect(judge(conclusion, ["a": row(20, from: 0), "b": row(20, from: 6)]) == .supported)
    #expect(judge(conclusion, ["a": row(20, from: 6), "b": row(3, from: 6)]) == .undecided)
    #expect(judge(conclusion, ["a": row(20, from: 6), "b": row(20, from: 7)]) == .contradicted)
  }

  @Test(
    arguments: [
      (1.0, 20, Verdict.supported), (0.95, 20, .supported), (0.94, 20, .undecided), (0.7, 20, .undecided),
      (0.2, 20, .contradicted), (0.2, 5, .undecided),
    ])
  func `a published curve is one of the seeds' where nearly all of it is within`(
    share: Double, seeds: Int, verdict: Verdict
  ) {
    let curves = ensemble((0..<seeds).map { seed in (0..<100).map { _ in Double(seed) } })
    let y = (0..<100).map { Double($0) < 100 * share ? 2.0 : -50 }
    let published = PublishedCurve(x: (1...100).map { Double($0) }, y: y, accuracy: 0)
    #expect(judge(.curveIsOne(ofSeedsOf: ["a"]), ["a": curves], published: ["a": published]) == verdict)
  }

  /// Parallel seeds: the last is within nowhere, and the first where the published curve is the least of all.
  @Test(arguments: [(0.7, 2), (0.5, 2), (0.4, 1)])
  func `the evidence says how many of the seeds are within no more`(share: Double, count: Int) {
    let curves = ensemble((0..<20).map { seed in (0..<100).map { _ in Double(seed) } })
    let y = (0..<100).map { Double($0) < 100 * share ? 2.0 : -50 }
    let published = PublishedCurve(x: (1...100).map { Double($0) }, y: y, accuracy: 0)
    let finding = Conclusion.curveIsOne(ofSeedsOf: ["a"]).judge(
      ResultCurves(ensembles: ["a": curves], published: ["a": published]))
    #expect(finding.evidence.hasSuffix("and as few or fewer do of \(count) of these in its place"))
  }

  @Test func `a published curve beside the seeds' is no evidence`() {
    let published = PublishedCurve(x: [7], y: [2], accuracy: 0)
    #expect(judge(.curveIsOne(ofSeedsOf: ["a"]), ["a": row(20, from: 0)], published: ["a": published]) == .undecided)
  }

  @Test func `one setting is greater where chance does not explain it`() {
    let conclusion = Conclusion.greater(.best, in: "a", thanIn: "b", "a is better")
    #expect(judge(conclusion, ["a": row(20, from: 30), "b": row(20, from: 0)]) == .supported)
    #expect(judge(conclusion, ["a": row(20, from: 0), "b": row(20, from: 30)]) == .contradicted)
    #expect(judge(conclusion, ["a": row(20, from: 1), "b": row(20, from: 0)]) == .undecided)
    // A single seed has an interval of no width, which says nothing; few have one that says too much.
    for few in [1, 5] {
      #expect(judge(conclusion, ["a": row(few, from: 30), "b": row(20, from: 0)]) == .undecided)
      #expect(judge(conclusion, ["a": row(20, from: 30), "b": row(few, from: 0)]) == .undecided)
    }
    #expect(judge(conclusion, ["a": row(6, from: 30), "b": row(6, from: 0)]) == .supported)
  }

  @Test func `what usually happens happens to more than half`() {
    let conclusion = Conclusion.usually("a", "it is negative", "are negative") { $0[0] < 0 }
    #expect(judge(conclusion, ["a": row(20, from: -18)]) == .supported)
    #expect(judge(conclusion, ["a": row(20, from: -10)]) == .undecided)
    #expect(judge(conclusion, ["a": row(20, from: -2)]) == .contradicted)
  }

  @Test func `a level is reached where the interval is above it`() {
    let conclusion = Conclusion.reaches(.end, 5, in: "a", "it reaches 5")
    #expect(judge(conclusion, ["a": row(20, from: 6)]) == .supported)
    #expect(judge(conclusion, ["a": row(20, from: -4)]) == .undecided)
    #expect(judge(conclusion, ["a": row(20, from: -20)]) == .contradicted)
    #expect(judge(conclusion, ["a": row(5, from: 6)]) == .undecided)
    #expect(judge(conclusion, ["a": row(6, from: 6)]) == .supported)
  }

  @Test func `what stays below a level is the contrary of what reaches it`() {
    let conclusion = Conclusion.staysBelow(.end, 5, in: "a", "it does not reach 5")
    #expect(judge(conclusion, ["a": row(20, from: 6)]) == .contradicted)
    #expect(judge(conclusion, ["a": row(20, from: -4)]) == .undecided)
    #expect(judge(conclusion, ["a": row(20, from: -20)]) == .supported)
  }

  @Test func `a source of chance decides what follows from it alone`() {
    let labels: [(factor: ChanceFactors, label: String)] = [(.schedule, "s"), (.noise, "n"), (.weights, "w")]
    func decides(_ factor: ChanceFactors, _ ensembles: [String: CurveEnsemble]) -> Verdict {
      judge(.follows(.end, from: factor, named: "it", own: "own", exchanged: labels), ensembles)
    }
    // The end is the number of the weights' seed: that of the partner where weights are exchanged.
    let squares = (0..<40).map { [Double($0 * $0)] }
    let own = ensemble(squares)
    let swapped = ensemble((0..<40).map { squares[$0 ^ 1] })
    let ensembles = ["own": own, "s": own, "n": own, "w": swapped]
    #expect(decides(.weights, ensembles) == .supported)
    #expect(decides(.noise, ensembles) == .contradicted)
    // Seeds from 2 on would stand beside strangers.
    let shifted = ensembles.mapValues { ensemble in
      CurveEnsemble(
        zip(ensemble.seeds, ensemble.ends).map {
          ($0 + 1, SeedCurve(points: [CurvePoint(x: 1, y: $1)], ending: .scored(0)))
        })!
    }
    #expect(decides(.weights, shifted) == .undecided)
    // A seed that diverged leaves its partner alone.
    var broken = ensembles
    broken["n"] = CurveEnsemble(
      zip(own.seeds, own.ends).map {
        let point = CurvePoint(x: 1, y: $1)
        return ($0, SeedCurve(points: [point], ending: $0 == 8 ? .stopped("it is too hot") : .scored(0)))
      })
    #expect(decides(.weights, broken) == .undecided)
    let few = ["own": own, "s": own, "n": own, "w": swapped].mapValues { ensemble(Array($0.curves.prefix(4))) }
    #expect(decides(.weights, few) == .undecided)
    let equal = ensemble((0..<8).map { _ in [1.0] })
    #expect(decides(.weights, ["own": equal, "s": equal, "n": equal, "w": equal]) == .undecided)
  }

  @Test func `statistics of seeds are what they are called`() {
    let curves = ensemble([[1, 3, 2], [0, 0, 1]], scores: [7, 8])
    func values(_ statistic: SeedStatistic) -> [Double] { statistic.values(curves) }
    #expect(values(.best) == [3, 1])
    #expect(values(.end) == [2, 1])
    #expect(values(.score) == [7, 8])
    #expect(values(.mean) == [2, 1.0 / 3])
    // 18² and 19² at the end, 0 and 1 at the beginning.
    let long = ensemble([(0..<20).map { Double($0 * $0) }])
    #expect(SeedStatistic.lastTenth.values(long) == [342.5])
    #expect(SeedStatistic.gain.values(long) == [342])
    #expect(values(.value(at: 2)) == [3, 0])
    #expect(values(.value(at: 9)) == [2, 1])
    #expect(values(.crossing(of: 0.5)) == [1, 3])
    #expect(values(.crossing(of: 2.5)) == [2, 3], "a curve that never is above counts as its end")
    #expect(values(.passes(0.5)) == [1, 1] && values(.passes(1)) == [1, 0])
    #expect(values(.passage(of: 2.5)) == [2], "or not at all, where the place itself is asked for")
    #expect(values(.firstAbove(2.5)).count == 1 && values(.firstAbove(0.5)).count == 2)
    #expect(values(.firstAbove(2.5))[0] > 2.5 && values(.firstAbove(0.5)).allSatisfy { $0 > 0.5 })
  }
}

@Suite struct ConclusionOriginTests {
  @Test func `the opposite of a conclusion has the opposite answer, and the same numbers`() {
    let greater = Conclusion.greater(.best, in: "a", thanIn: "b", "A is better")
    let denied = greater.denied(as: "A is no better")
    #expect(denied.statement == "A is no better" && denied.labels == ["a", "b"])
    for (a, b, verdict) in [(9, 0, Verdict.contradicted), (0, 9, .supported), (0, 0, .undecided)] {
      let curves = ResultCurves(
        ensembles: ["a": row(8, from: Double(a)), "b": row(8, from: Double(b))], published: [:])
      #expect(denied.judge(curves).verdict == verdict)
      #expect(denied.judge(curves).evidence == greater.judge(curves).evidence)
    }
  }

  @Test func `a question of ours is one, and its answer the same`() {
    let conclusion = Conclusion.isOne(.best, 5, ofSeedsOf: ["a"])
    #expect(!conclusion.isOurs && conclusion.asOurs.isOurs)
    #expect(!conclusion.denied(as: "no").isOurs && conclusion.asOurs.denied(as: "no").isOurs)
    #expect(judge(conclusion.asOurs, ["a": row(20, from: 0)]) == .supported)
  }
}

@Suite struct PublishedResultTests {
  @Test func `names are distinct`() {
    let names = PublishedResult.all.map(\.name)
    #expect(Set(names).count == names.count)
  }

  @Test(arguments: 1...5)
  func `a figure is run by each reading of its report, as it is called`(number: Int) throws {
    let result = try #require(PublishedResult.named("sjtu-figure-\(number)"))
    #expect(result.variants.map(\.label) == ["raw", "scaled", "raw, clipped", "scaled, clipped"])
    #expect(result.seedFactor == ([3, 5].contains(number) ? 5 : 1), "of these a frequency over 100 seeds is asked for")
    for variant in result.variants {
      let scaling = variant.label.hasPrefix("raw") ? RewardScaling.raw : RewardScaling(shift: 8.1, factor: 1 / 8.1)
      #expect(variant.configuration.rewardScaling == scaling)
      #expect(variant.configuration.quirks.contains(.clippedDensity) == variant.label.hasSuffix("clipped"))
      let file = try #require(variant.published)
      #expect(file.name == "a3c-pendulum-curve\(number).csv" && file.xColumn == "episode")
      #expect(file.yColumn == "avg_reward")
    }
  }

  /// Twenty seeds of curves that stand at −9, and at `level` and a little more from place `start` on.
  private func steps(to level: Double, from start: Int) -> CurveEnsemble {
    ensemble((0..<20).map { seed in (1...30).map { $0 < start ? -9 : level + 0.001 * Double(seed) } })
  }

  @Test(
    arguments: [
      (3, -5.374, -5.2, Verdict.supported, Verdict.contradicted), (3, -5.374, -5.6, .supported, .supported),
      (3, -5.374, -4.9, .contradicted, .contradicted), (5, -7.807, -6, .supported, .contradicted),
      (5, -7.807, -8, .supported, .supported), (5, -7.807, -4.9, .contradicted, .contradicted),
    ])
  func `a run never learns that never rises above -5`(
    number: Int, printed: Double, level: Double, never: Verdict, noMore: Verdict
  ) throws {
    let result = try #require(PublishedResult.named("sjtu-figure-\(number)"))
    for reading in result.variants.map(\.label) {
      for (statement, verdict) in [
        ("Such a run never learns (\(reading))", never), ("Its best is no more than \(printed) (\(reading))", noMore),
      ] {
        let conclusion = try #require(result.conclusions.first { $0.statement == statement })
        #expect(judge(conclusion, [reading: steps(to: level, from: 3)]) == verdict)
        #expect(conclusion.isOurs == (number == 3), "the report concludes nothing from figure 3 alone")
      }
    }
  }

  /// What each comparison says of runs that are the better and the earlier the more steps or workers they have.
  @Test(arguments: [
    ("sjtu-step-limits", ["4000 steps", "3000 steps", "500 steps"], [true, true, true, false]),
    ("sjtu-workers", ["12 workers", "6 workers", "4 workers"], [true, true, true, true]),
  ])
  func `figures are compared in the report's direction`(name: String, settings: [String], holds: [Bool]) throws {
    let result = try #require(PublishedResult.named(name))
    let curves = [steps(to: -0.1, from: 4), steps(to: -0.3, from: 12), steps(to: -0.5, from: 20)]
    for reading in ["raw", "scaled", "scaled, clipped"] {
      let conclusions = result.conclusions.filter { $0.labels.allSatisfy { $0.hasSuffix(" \(reading)") } }
      for (curves, expected) in [(curves, holds), (curves.reversed(), holds.map { !$0 })] {
        let labelled = Dictionary(uniqueKeysWithValues: zip(settings, curves).map { ("\($0), \(reading)", $1) })
        #expect(conclusions.map { judge($0, labelled) } == expected.map { $0 ? .supported : .contradicted })
      }
    }
    #expect(result.conclusions.count == 3 * holds.count)
    #expect(result.variants.allSatisfy { $0.home.hasPrefix("sjtu-figure-") }, "no run is made twice")
  }

  @Test(arguments: [("sjtu-chance", "raw"), ("sjtu-chance-clipped", "raw, clipped")])
  func `chance is taken apart in runs of figure 5, of which it takes its own`(name: String, label: String) throws {
    let figure = try #require(PublishedResult.named("sjtu-figure-5")?.variants.first { $0.label == label })
    let result = try #require(PublishedResult.named(name))
    #expect(result.seedFactor == 2)
    #expect(result.variants.allSatisfy { $0.configuration == figure.configuration })
    #expect((result.variants[0].home, result.variants[0].name) == (figure.home, figure.name))
    #expect(result.variants.map(\.exchanged) == [[], .schedule, .noise, .weights])
    #expect(result.variants.dropFirst().allSatisfy { $0.home == name })
    let asksWhetherItLearns = result.conclusions.contains {
      $0.statement == "Whether -5 is passed follows from the noise alone"
    }
    #expect(asksWhetherItLearns == (label != "raw"))
  }

  @Test(arguments: PublishedResult.all.map(\.name))
  func `every conclusion of a result can be judged, and says why`(name: String) throws {
    let result = try #require(PublishedResult.named(name))
    let curves = ensemble((0..<4).map { seed in (0..<50).map { Double(seed - $0) / 10 } })
    let published = PublishedCurve(x: [1, 2], y: [0, 1], accuracy: 0.1)
    let labels = result.variants.map(\.label)
    let files = result.variants.filter { $0.published != nil }.map(\.label)
    let all = ResultCurves(
      ensembles: Dictionary(uniqueKeysWithValues: labels.map { ($0, curves) }),
      published: Dictionary(uniqueKeysWithValues: files.map { ($0, published) }))
    for conclusion in result.conclusions {
      #expect(!conclusion.judge(all).evidence.isEmpty, "\(conclusion.statement)")
      #expect(!conclusion.statement.hasSuffix("."), "\(conclusion.statement)")
    }
  }

  @Test(arguments: PublishedResult.all.map(\.name))
  func `every variant is a configuration that can be run, with its quirks or without`(name: String) throws {
    for variant in try #require(PublishedResult.named(name)).variants {
      for variant in [variant, variant.repaired] {
        try variant.configuration.validate()
        #expect(variant.run(seed: 3).configuration.seed == (variant.exchanged.contains(.noise) ? 4 : 3))
      }
      #expect(!variant.configuration.quirks.isEmpty == (variant.repaired.configuration != variant.configuration))
      #expect(variant.repaired.configuration.quirks == [])
      #expect(!variant.repaired.configuration.loss.takesDensityOfSigma)
      #expect(variant.repaired.name != variant.name)
    }
  }

  @Test func `a swing-up is solved above 400`() throws {
    let result = try #require(PublishedResult.named("swingup"))
    let statement = "By single steps a run is solved by episode 380"
    let solved = try #require(result.conclusions.first { $0.statement == statement })
    #expect(judge(solved, ["n = 1": ensemble((0..<20).map { _ in [0, 400.5] })]) == .supported)
    #expect(judge(solved, ["n = 1": ensemble((0..<20).map { _ in [399.5, 400] })]) == .contradicted)
  }

  @Test func `what is exchanged is the partner's, and all else one's own`() throws {
    let configuration = Preset.sjtu.configuration
    func run(_ seed: UInt64, _ exchanged: ChanceFactors) -> [UInt64] {
      let variant = CurveVariant(
        "a", home: "a", configuration: configuration, measure: .smoothedReward, exchanged: exchanged)
      let run = variant.run(seed: seed)
      return [run.scheduleSeed, run.configuration.seed, run.configuration.weightsSeed ?? run.configuration.seed]
    }
    #expect(run(5, []) == [5, 5, 5] && run(6, .all) == [5, 5, 5])
    #expect(run(5, .schedule) == [6, 5, 5] && run(5, .noise) == [5, 6, 5] && run(5, .weights) == [5, 5, 6])
    #expect(run(2, [.noise, .weights]) == [2, 1, 1])
  }

  @Test func `runs that several results look at are the same in all of them`() {
    let variants = PublishedResult.all.flatMap(\.variants)
    var runs: [String: CurveRun] = [:]
    for variant in variants {
      let (place, run) = ("\(variant.home)/\(variant.name)", variant.run(seed: 1))
      #expect(runs[place] == nil || runs[place] == run, "\(place)")
      runs[place] = run
    }
    #expect(runs.count < variants.count)
  }
}
