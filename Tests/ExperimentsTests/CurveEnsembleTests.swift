// Curves of many seeds: their middle and its band against values worked by hand and against the statistics of single
// samples, and the runs that they are made of.

import DeterministicMath
import Learning
import Lockstep
import PropertyTesting
import Sharing
import Testing
import Training

@testable import Experiments

/// An ensemble of curves over 1, 2, …
func ensemble(_ curves: [[Double]], scores: [Double]? = nil) -> CurveEnsemble {
  CurveEnsemble(
    curves.enumerated().map { number, curve in
      let points = curve.enumerated().map { CurvePoint(x: $0 + 1, y: $1) }
      return (UInt64(number + 1), SeedCurve(points: points, ending: .scored(scores?[number] ?? 0)))
    })!
}

extension SeedCurve {
  /// The score; `nil` where the run stopped.
  fileprivate var score: Double? {
    guard case .scored(let score) = ending else { return nil }
    return score
  }
}

@Suite struct CurveEnsembleTests {
  @Test func `the middle, bests, ends and crossings are those worked by hand`() {
    let curves = ensemble([[1, 5, 2], [2, 4, 8], [3, 3, 3], [9, 0, 4]])
    #expect(curves.interquartileMeans == [2.5, 3.5, 3.5])
    #expect(curves.bests == [5, 8, 3, 9])
    #expect(curves.ends == [2, 8, 3, 4])
    #expect(curves.crossings(of: 3) == [2, 2, nil, 1])
  }

  @Test func `a seed that stopped is in no mean, and counted`() {
    let (whole, broken) = ([1.0, 2], SeedCurve(points: [CurvePoint(x: 1, y: 9)], ending: .stopped("it was too hot")))
    let kept = SeedCurve(points: whole.enumerated().map { CurvePoint(x: $0 + 1, y: $1) }, ending: .scored(3))
    guard let curves = CurveEnsemble([(4, broken), (5, kept)]) else {
      Issue.record("a seed came to its end")
      return
    }
    #expect(curves.seeds == [5] && curves.curves == [whole] && curves.scores == [3])
    #expect(curves.stopped == [StoppedSeed(seed: 4, reason: "it was too hot")])
    #expect(CurveEnsemble([(4, broken)]) == nil)
    let finding = Conclusion.usually("a", "It ends", "end") { _ in true }.judge(
      ResultCurves(ensembles: ["a": curves], published: [:]))
    #expect(finding.evidence.contains("1 of 2 seeds end"))
  }

  @Test func `the mean of repeated values is that of the sample with all of them`() {
    let values = Generator { choices in choices.draw(.array(of: .integer(in: 0...4), count: 1...12)) }
    expectProperty("repetitions count as often as they come", of: values) { times in
      let total = times.reduce(0, +)
      guard total > 0 else { return true }
      let all = times.enumerated().flatMap { [Double](repeating: Double($0 * $0), count: $1) }
      let pairs = times.enumerated().map { (value: Double($0 * $0), times: $1) }
      return CurveEnsemble.interquartileMean(pairs, count: total) == Sample(all).interquartileMean
    }
  }

  @Test func `at each point the band is the sample's bootstrap interval`() {
    // Ascending in the seeds at the first point, where the samples of both are drawn alike.
    let values = [-8.0, -7, -7, -3, -1, -0.5]
    let band = ensemble(values.map { [$0, -$0] }).interquartileBand
    #expect(band[0] == Sample(values).interquartileInterval)
    #expect(band[0].lowerBound < band[0].upperBound)
  }

  @Test func `whole seeds are drawn, the same at every point`() {
    let band = ensemble([1, 2, 4, 8, 16].map { [$0, $0 + 100, $0] }).interquartileBand
    #expect(band[0] == band[2])
    #expect(band[1] == band[0].lowerBound + 100...band[0].upperBound + 100)
  }

  @Test func `a frequency has Wilson's interval`() {
    // Worked by hand: 0 of 20 has the upper bound z²/(20 + z²).
    let square = 1.959963984540054 * 1.959963984540054
    let (none, half, all) = (Frequency(0, of: 20), Frequency(10, of: 20), Frequency(20, of: 20))
    #expect(none.interval.lowerBound == 0)
    #expect((none.interval.upperBound - square / (20 + square)).magnitude < 1e-15)
    #expect((half.interval.lowerBound - 0.2993).magnitude < 1e-4)
    #expect((half.interval.upperBound - 0.7007).magnitude < 1e-4)
    #expect((1 - all.interval.lowerBound - none.interval.upperBound).magnitude < 1e-15)
  }

  @Test func `an advantage is the difference of the middles, and its interval tells chance from more`() {
    let (low, high) = (Sample((0..<20).map { Double($0) }), Sample((0..<20).map { Double($0) + 30 }))
    let advantage = high.advantage(over: low)
    #expect(advantage.difference == 30)
    #expect(advantage.interval.contains(30) && !advantage.interval.contains(0))
    #expect(low.advantage(over: low).interval.contains(0))
  }
}

@Suite struct PublishedCurveTests {
  private let seeds = ensemble([[1, 2, 3, 4], [2, 3, 4, 5]])

  @Test func `the share within counts points between the least and the greatest seed`() {
    func share(_ x: [Double], _ y: [Double], _ accuracy: Double = 0) -> Double? {
      PublishedCurve(x: x, y: y, accuracy: accuracy).sharesWithin(seeds)?[0]
    }
    #expect(share([1, 2, 3, 4], [1, 3, 3.5, 5]) == 1)
    #expect(share([1, 2, 3, 4], [0.9, 3, 3.5, 5.1]) == 0.5)
    #expect(share([1, 2, 3, 4], [0.9, 3, 3.5, 5.1], 0.11) == 1)
    // The point above 1 and up to 2 is compared with 2.
    #expect(share([1.5], [1.5]) == 0 && share([1.5], [2.5]) == 1)
    // What lies outside the seeds' places is no evidence.
    #expect(share([0, 5, 1], [0, 0, 1]) == 1)
    #expect(share([0, 9], [1, 1]) == nil)
  }

  @Test func `each seed is compared with the other seeds and the published curve`() {
    func shares(_ y: [Double], _ accuracy: Double = 0) -> [Double]? {
      PublishedCurve(x: [1, 2, 3, 4], y: y, accuracy: accuracy).sharesWithin(seeds)
    }
    #expect(shares([1, 3, 3.5, 5]) == [1, 0.25, 0.5])
    #expect(shares([0, 0, 9, 9]) == [0, 0.5, 0.5])
    #expect(shares([0, 0, 9, 9], 1) == [0.25, 1, 1])
  }
}

@Suite struct CurveRunTests {
  private static let small: Configuration = {
    var configuration = Preset.sjtu.configuration
    configuration.workers = 3
    configuration.episodes = 5
    configuration.maxSteps = 30
    configuration.network.actor = [8]
    configuration.network.critic = [8]
    configuration.seed = 7
    return configuration
  }()

  /// The results of the same run, made by hand.
  private static func results() throws -> [EpisodeResult] { try simulation().world.board.allResults }

  /// The same run.
  private static func simulation() throws -> TrainingSimulation {
    var simulation = try small.makeSimulation(.timed, scheduleSeed: 7)
    simulation.run()
    return simulation
  }

  /// What its last weights are worth: 100 greedy episodes of Gym's length, from states that no training began in.
  private static func score(of simulation: TrainingSimulation) throws -> Double {
    let player = try PolicyPlayer(small, parameters: simulation.world.model.parameters, seed: ~7, maxSteps: 200)
    return Sample(try (0..<100).map { try player.play(episode: 1 << 31 + UInt32($0), .greedy).episodeReturn }).mean
  }

  @Test func `a curve has the smoothed rewards of the episodes that were asked for`() throws {
    let results = try Self.results()
    #expect(results.count > 5, "some overran the budget, or nothing shows that those are left out")
    let curve = try CurveRun(Self.small, measure: .smoothedReward).run()
    #expect(curve.points.map(\.x) == [1, 2, 3, 4, 5])
    #expect(curve.points.map(\.y) == results.prefix(5).map(\.smoothed))
    #expect(try #require(curve.score) == Self.score(of: Self.simulation()))
  }

  @Test func `returns are smoothed from the first on, or not at all`() throws {
    let returns = try Self.results().prefix(5).map(\.episodeReturn)
    let half = try CurveRun(Self.small, measure: .smoothedReturn(keeping: 0.5)).run().points.map(\.y)
    #expect(half.first == returns[0])
    #expect(half[1] == 0.5 * returns[0] + 0.5 * returns[1])
    #expect(try CurveRun(Self.small, measure: .smoothedReturn(keeping: 0)).run().points.map(\.y) == returns)
  }

  @Test(arguments: [CurveClock.episodes, .updates])
  func `a greedy curve has a point every so often, and the run ends with the last`(clock: CurveClock) throws {
    let measure = CurveMeasure.greedyScore(every: 2, of: clock, last: 5, episodes: 2)
    var passed: [Int] = []
    let curve = try CurveRun(Self.small, measure: measure).run { passed.append($0) }
    #expect(curve.points.map(\.x) == [2, 4])
    #expect(passed == [2, 4])
    #expect(curve.points[0].y != curve.points[1].y)
  }

  @Test func `the same run has the same curve, and each seed another`() throws {
    let run = CurveRun(Self.small, measure: .smoothedReward)
    let curve = try run.run()
    #expect(try run.run() == curve)
    var other = Self.small
    other.seed = 8
    #expect(try CurveRun(other, measure: .smoothedReward).run() != curve)
    #expect(try CurveRun(Self.small, scheduleSeed: 8, measure: .smoothedReward).run() != curve)
  }

  @Test func `a greedy curve of normalised observations goes by what the first worker has met`() throws {
    var normalized = Self.small
    normalized.normalizesObservations = true
    let measure = CurveMeasure.greedyScore(every: 5, of: .episodes, last: 5, episodes: 1)
    let score = try #require(try CurveRun(normalized, measure: measure).run().score)
    #expect(score.isFinite)
    // By weights alone, of which the normalisation is no part, it would be another.
    var simulation = try normalized.makeSimulation(.timed, scheduleSeed: 7)
    while simulation.world.board.finishedEpisodes < 5, simulation.advance() != nil {}
    let bare = try PolicyPlayer(Self.small, parameters: simulation.world.model.parameters, seed: ~7)
    let returns = try (0..<100).map { try bare.play(episode: 1 << 31 + UInt32($0), .greedy).episodeReturn }
    #expect(Sample(returns).mean != score)
  }

  @Test func `the beginning tells runs apart that differ in what they compute`() throws {
    let run = CurveRun(Self.small, measure: .smoothedReward)
    var faster = Self.small
    faster.discount = 0.91
    let beginning = try run.beginning().value
    #expect(try run.beginning().value == beginning)
    #expect(try CurveRun(faster, measure: .smoothedReward).beginning().value != beginning)
  }

  /// Under `overwrite` the shared model is first written at an episode's end, here after 300 steps; the flushes alone
  /// would end the beginning after 256.
  @Test(arguments: [SharingProtocol.hogwild, .overwrite])
  func `the beginning has an update of the shared model`(sharing: SharingProtocol) throws {
    var configuration = Self.small
    configuration.workers = 1
    configuration.maxSteps = 300
    configuration.sharing = sharing
    var begun = try CurveRun(configuration, measure: .smoothedReward).begun()
    #expect(begun.world.statistics.updates >= 1)
    #expect((begun.world.statistics.environmentSteps < 300) == (sharing == .hogwild))
    #expect(begun.advance() != nil)
  }

  @Test func `a run that meets a number that is none says so`() throws {
    var wild = Self.small
    try wild.set("optimizer.learningRate", to: "1e37")
    let curve = try CurveRun(wild, measure: .smoothedReward).run()
    guard case .stopped(let reason) = curve.ending else {
      Issue.record("a learning rate of 1e37 ended with \(curve.ending)")
      return
    }
    #expect(reason.contains("worker") && !reason.contains("\n"))
    #expect(curve.points.isEmpty)
  }

  @Test func `a run ends where its progress is refused`() {
    struct Enough: Error {}
    let measure = CurveMeasure.greedyScore(every: 1, of: .episodes, last: 5, episodes: 1)
    #expect(throws: Enough.self) { try CurveRun(Self.small, measure: measure).run { _ in throw Enough() } }
  }
}

@Suite struct ChanceCubesTests {
  /// Outcomes of cubes whose factors have values drawn at random, as a function of them.
  private static func cubes(
    _ outcome: (_ schedule: Double, _ noise: Double, _ weights: Double) -> Double
  ) -> ChanceCubes {
    var stream = RandomStream(seed: 1, worker: 0, purpose: .test)
    return ChanceCubes(
      (0..<400).map { _ in
        let values = (0..<3).map { _ in (stream.gaussian(), stream.gaussian()) }
        return (0..<8).map { corner in
          let chosen = values.enumerated().map { corner & (1 << $0) == 0 ? $1.0 : $1.1 }
          return outcome(chosen[0], chosen[1], chosen[2])
        }
      })
  }

  private static func isClose(_ value: Double?, _ expected: Double) -> Bool {
    value.map { ($0 - expected).magnitude < 0.1 } ?? false
  }

  @Test func `what only one factor decides is that factor's share`() {
    let cubes = Self.cubes { _, _, weights in weights }
    #expect(cubes.shareAlone(.weights) == 1 && cubes.shareInAll(.weights) == 1)
    for other in [ChanceFactors.schedule, .noise] {
      #expect(Self.isClose(cubes.shareAlone(other), 0) && cubes.shareInAll(other) == 0)
    }
  }

  @Test func `a sum is shared by its variances, and a product belongs to nobody alone`() {
    // Variances 4 and 1.
    let sum = Self.cubes { schedule, noise, _ in 2 * schedule + noise }
    #expect(Self.isClose(sum.shareAlone(.schedule), 0.8) && Self.isClose(sum.shareInAll(.schedule), 0.8))
    #expect(Self.isClose(sum.shareAlone(.noise), 0.2))
    let product = Self.cubes { schedule, noise, _ in schedule * noise }
    for factor in [ChanceFactors.schedule, .noise] {
      #expect(Self.isClose(product.shareAlone(factor), 0) && Self.isClose(product.shareInAll(factor), 1))
    }
  }

  @Test func `the interval has the share in it, and is narrower the more there is to see`() throws {
    let cubes = Self.cubes { schedule, noise, _ in 2 * schedule + noise }
    let few = ChanceCubes(Array(cubes.outcomes.prefix(20)))
    let (wide, narrow) = (try #require(few.intervalAlone(.schedule)), try #require(cubes.intervalAlone(.schedule)))
    let share = try #require(few.shareAlone(.schedule))
    #expect(narrow.contains(0.8) && wide.contains(share))
    #expect(narrow.upperBound - narrow.lowerBound < (wide.upperBound - wide.lowerBound) / 2)
  }

  @Test func `seeds and their partners make the eight corners`() {
    let cubes = ChanceCubes(
      own: [0, 7, 100], exchanged: [(.schedule, [1, 6, 101]), (.noise, [2, 5, 102]), (.weights, [4, 3, 104])])
    #expect(cubes.outcomes == [[0, 1, 2, 3, 4, 5, 6, 7]])
  }

  @Test func `where nothing varies, nobody has a share`() {
    let cubes = Self.cubes { _, _, _ in 3 }
    #expect(cubes.shareAlone(.noise) == nil && cubes.shareInAll(.noise) == nil && cubes.intervalAlone(.noise) == nil)
  }
}
