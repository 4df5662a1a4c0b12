// Each kind of conclusion, on curves made so that it must be supported, contradicted or left open; and the published
// results as data.

import DeterministicMath
import Sharing
import Testing

@testable import Experiments

/// So many seeds of curves with one point, at `start`, `start` + 1, …
private func row(_ count: Int, from start: Double) -> CurveEnsemble { ensemble((0..<count).map { [start + Double($0)] }) }

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

  @Test(arguments: [(1.0, 20, Verdict.supported), (0.7, 20, .undecided), (0.2, 20, .contradicted), (0.2, 5, .undecided)])
  func `a published curve is one of the seeds' where nearly all of it is within`(
    share: Double, seeds: Int, verdict: Verdict
  ) {
    let curves = ensemble((0..<seeds).map { seed in (0..<100).map { _ in Double(seed) } })
    let y = (0..<100).map { Double($0) < 100 * share ? 2.0 : -50 }
    let published = PublishedCurve(x: (1...100).map { Double($0) }, y: y, accuracy: 0)
    #expect(judge(.curveIsOne(ofSeedsOf: ["a"]), ["a": curves], published: ["a": published]) == verdict)
  }

  @Test func `one setting is greater where chance does not explain it`() {
    let conclusion = Conclusion.greater(.best, in: "a", thanIn: "b", "a is better")
    #expect(judge(conclusion, ["a": row(20, from: 30), "b": row(20, from: 0)]) == .supported)
    #expect(judge(conclusion, ["a": row(20, from: 0), "b": row(20, from: 30)]) == .contradicted)
    #expect(judge(conclusion, ["a": row(20, from: 1), "b": row(20, from: 0)]) == .undecided)
    // A single seed has an interval of no width, which says nothing.
    #expect(judge(conclusion, ["a": row(1, from: 30), "b": row(1, from: 0)]) == .undecided)
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
    #expect(judge(conclusion, ["a": row(1, from: 6)]) == .undecided)
  }

  @Test func `statistics of seeds are what they are called`() {
    let curves = ensemble([[1, 3, 2], [0, 0, 1]], scores: [7, 8])
    func values(_ statistic: SeedStatistic) -> [Double] { statistic.values(curves) }
    #expect(values(.best) == [3, 1])
    #expect(values(.end) == [2, 1])
    #expect(values(.score) == [7, 8])
    #expect(values(.value(at: 2)) == [3, 0])
    #expect(values(.value(at: 9)) == [2, 1])
    #expect(values(.crossing(of: 0.5)) == [1, 3])
    #expect(values(.crossing(of: 2.5)) == [2, 3], "a curve that never is above counts as its end")
  }
}

@Suite struct PublishedResultTests {
  @Test func `names are distinct, and no result's name is another's group`() {
    let names = PublishedResult.all.map(\.name)
    #expect(Set(names).count == names.count)
    for name in names { #expect(!names.contains { $0.hasPrefix("\(name)-") }, "\(name)") }
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
        #expect(variant.run(seed: 3).configuration.seed == 3)
      }
      #expect(!variant.configuration.quirks.isEmpty == (variant.repaired.configuration != variant.configuration))
      #expect(variant.repaired.configuration.quirks == [])
      #expect(variant.repaired.name != variant.name)
    }
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
