// The curves of many seeds of one variant: what the middle of them is at each point, how sure that is, and what can be
// asked of each seed by itself.

import DeterministicMath

/// A seed whose run did not come to its end.
public struct StoppedSeed: Hashable, Sendable, Codable {
  /// Which one.
  public let seed: UInt64
  /// Why, in a line.
  public let reason: String
}

/// The curves of all seeds of a variant that came to their end, over the same points.
public struct CurveEnsemble: Hashable, Sendable {
  /// How many bootstrap samples the intervals are made of.
  public static let resamples = 2000
  /// The confidence of the intervals.
  public static let confidence = 0.95

  /// The seeds, in the order of the curves.
  public let seeds: [UInt64]
  /// Where the points are: how many episodes or updates had passed.
  public let x: [Int]
  /// For each seed, its values at all `x`.
  public let curves: [[Double]]
  /// For each seed, the score of the policy that it ended with.
  public let scores: [Double]
  /// The seeds that stopped before their end, and why. No mean has them; a frequency counts them.
  public let stopped: [StoppedSeed]

  /// The ensemble of these seeds' curves; `nil` where none came to its end.
  /// - Precondition: all that did have the same points, at least one.
  public init?(_ runs: [(seed: UInt64, curve: SeedCurve)]) {
    var whole: [(seed: UInt64, points: [CurvePoint], score: Double)] = []
    var stopped: [StoppedSeed] = []
    for (seed, curve) in runs {
      switch curve.ending {
      case .scored(let score): whole.append((seed, curve.points, score))
      case .stopped(let reason): stopped.append(StoppedSeed(seed: seed, reason: reason))
      }
    }
    guard let first = whole.first else { return nil }
    x = first.points.map(\.x)
    precondition(!x.isEmpty, "a curve has at least one point")
    for run in whole { precondition(run.points.map(\.x) == x, "seed \(run.seed) has points of its own") }
    seeds = whole.map(\.seed)
    curves = whole.map { $0.points.map(\.y) }
    scores = whole.map(\.score)
    self.stopped = stopped
  }

  /// For each seed, the greatest value of its curve.
  public var bests: [Double] { curves.map { $0.max()! } }

  /// For each seed, the last value of its curve.
  public var ends: [Double] { curves.map { $0.last! } }

  /// For each seed, where its curve first is above `level`; `nil` where it never is.
  public func crossings(of level: Double) -> [Int?] {
    curves.map { curve in curve.firstIndex { $0 > level }.map { x[$0] } }
  }

  /// The interquartile mean of all seeds at each `x`.
  public var interquartileMeans: [Double] {
    x.indices.map { point in Sample(curves.map { $0[point] }).interquartileMean }
  }

  /// The bootstrap interval of the interquartile mean at each `x`. Whole seeds are drawn, the same ones for all `x`, so
  /// the band is of curves and not of unrelated points; ensembles are drawn one by one (stratified by variant, as in
  /// Agarwal et al. 2021).
  public var interquartileBand: [ClosedRange<Double>] {
    var stream = RandomStream(seed: 0, worker: 0, purpose: .bootstrap)
    let draws = (0..<Self.resamples).map { _ in
      var times = [Int](repeating: 0, count: seeds.count)
      for _ in seeds { times[stream.below(seeds.count)] += 1 }
      return times
    }
    let tail = (1 - Self.confidence) / 2
    return x.indices.map { point in
      let order = seeds.indices.sorted { curves[$0][point] < curves[$1][point] }
      let sample = Sample(
        draws.map { times in
          Self.interquartileMean(order.lazy.map { (curves[$0][point], times[$0]) }, count: seeds.count)
        })
      return sample.quantile(tail)...sample.quantile(1 - tail)
    }
  }

  /// As `Sample.interquartileMean`, of ascending values that each come several times or never: no resample of a curve
  /// has to be laid out, or sorted, anew at every point.
  static func interquartileMean(_ values: some Sequence<(value: Double, times: Int)>, count: Int) -> Double {
    var sum = 0.0
    var below = 0
    for (value, times) in values where times > 0 {
      let quarters = min(4 * (below + times), 3 * count) - max(4 * below, count)
      if quarters > 0 { sum += Double(quarters) * value }
      below += times
    }
    return sum / Double(2 * count)
  }
}

extension Sample {
  /// How much greater the interquartile mean of this sample is than that of `other`, with the percentile bootstrap
  /// interval of the difference; each sample is drawn from by itself.
  public func advantage(over other: Sample) -> (difference: Double, interval: ClosedRange<Double>) {
    var stream = RandomStream(seed: 0, worker: 0, purpose: .bootstrap)
    let differences = Sample(
      (0..<CurveEnsemble.resamples).map { _ in
        let mine = resampled(from: &stream).interquartileMean
        return mine - other.resampled(from: &stream).interquartileMean
      })
    let tail = (1 - CurveEnsemble.confidence) / 2
    return (
      interquartileMean - other.interquartileMean, differences.quantile(tail)...differences.quantile(1 - tail)
    )
  }

  /// The interval of the interquartile mean.
  public var interquartileInterval: ClosedRange<Double> {
    bootstrapInterval(
      confidence: CurveEnsemble.confidence, resamples: CurveEnsemble.resamples,
      stream: RandomStream(seed: 0, worker: 0, purpose: .bootstrap), of: \.interquartileMean)
  }
}

/// How many of a number of seeds did something.
public struct Frequency: Hashable, Sendable {
  /// How many did.
  public let count: Int
  /// Of how many.
  public let total: Int

  /// `count` of `total`.
  /// - Precondition: 0 ≤ `count` ≤ `total`, and there is at least one.
  public init(_ count: Int, of total: Int) {
    precondition(total >= 1 && (0...total).contains(count), "\(count) of \(total) is no frequency")
    self.count = count
    self.total = total
  }

  /// The 95 % interval of the probability (Wilson 1927), which is no point even where none or all did.
  public var interval: ClosedRange<Double> {
    let (n, share, z) = (Double(total), Double(count) / Double(total), 1.959963984540054)
    let scale = 1 + z * z / n
    let centre = (share + z * z / (2 * n)) / scale
    let half = z / scale * (share * (1 - share) / n + z * z / (4 * n * n)).squareRoot()
    return max(0, centre - half)...min(1, centre + half)
  }
}
