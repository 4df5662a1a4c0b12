// Which source of chance decides how a run ends: pairs of runs exchange their schedules, their noise and their initial
// weights one by one, so that every effect is seen with the others held fixed.

import DeterministicMath

/// The outcomes of pairs of runs A and B and of all mixtures of them: each cube has eight runs, one for each set of
/// factors that are B's while the others are A's.
///
/// The shares are Sobol's indices, estimated as in Jansen, "Analysis of variance designs for model output" (1999): half
/// the mean square of the differences between runs that differ in some factors alone, over that between runs that
/// differ in all.
public struct ChanceCubes: Hashable, Sendable {
  /// For each cube, the outcomes by the raw value of the factors that are B's.
  public let outcomes: [[Double]]

  /// The cubes of these outcomes.
  /// - Precondition: there is at least one cube, each with eight outcomes.
  public init(_ outcomes: [[Double]]) {
    precondition(!outcomes.isEmpty && outcomes.allSatisfy { $0.count == 8 }, "a cube has eight outcomes")
    self.outcomes = outcomes
  }

  /// The cubes of seeds of which every second is its predecessor's partner.
  /// - Parameters:
  ///   - own: the outcomes of the runs that are all a seed's own.
  ///   - exchanged: those of the runs that have one factor of the partner's.
  /// - Precondition: all have outcomes of the same seeds, two at least; a last one without a partner is left out.
  public init(own: [Double], exchanged: [(factor: ChanceFactors, outcomes: [Double])]) {
    self.init(
      stride(from: 0, to: own.count - 1, by: 2).map { first in
        var cube = [Double](repeating: 0, count: 8)
        for (seed, origin) in [(first, ChanceFactors()), (first + 1, .all)] {
          cube[Int(origin.rawValue)] = own[seed]
          for (factor, outcomes) in exchanged {
            cube[Int(origin.symmetricDifference(factor).rawValue)] = outcomes[seed]
          }
        }
        return cube
      })
  }

  /// Half the mean square of the differences that exchanging `factors`, and nothing else, makes.
  public func variance(exchanging factors: ChanceFactors) -> Double {
    Self.variances(of: outcomes)[Int(factors.rawValue)]
  }

  /// Which part of the variance `factor` alone decides, whatever the others are: 1 where the outcome is a function of
  /// it, about 0 where it decides nothing or only together with others. `nil` where all outcomes are equal.
  public func shareAlone(_ factor: ChanceFactors) -> Double? {
    Self.shareAlone(factor, Self.variances(of: outcomes))
  }

  /// Which part of the variance is left where `factor` alone is exchanged: 0 where it changes nothing, 1 where another
  /// one makes as much of a difference as another run does. `nil` where all outcomes are equal.
  public func shareInAll(_ factor: ChanceFactors) -> Double? {
    Self.shareInAll(factor, Self.variances(of: outcomes))
  }

  /// The percentile bootstrap interval of `shareAlone`, whole cubes being drawn.
  public func intervalAlone(_ factor: ChanceFactors) -> ClosedRange<Double>? {
    interval { Self.shareAlone(factor, $0) }
  }

  /// The percentile bootstrap interval of `shareInAll`, likewise.
  public func intervalInAll(_ factor: ChanceFactors) -> ClosedRange<Double>? {
    interval { Self.shareInAll(factor, $0) }
  }

  private static func shareAlone(_ factor: ChanceFactors, _ variances: [Double]) -> Double? {
    let all = variances[Int(ChanceFactors.all.rawValue)]
    return all == 0 ? nil : 1 - variances[Int(ChanceFactors.all.subtracting(factor).rawValue)] / all
  }

  private static func shareInAll(_ factor: ChanceFactors, _ variances: [Double]) -> Double? {
    let all = variances[Int(ChanceFactors.all.rawValue)]
    return all == 0 ? nil : variances[Int(factor.rawValue)] / all
  }

  private func interval(of share: ([Double]) -> Double?) -> ClosedRange<Double>? {
    var stream = RandomStream(seed: 0, worker: 0, purpose: .bootstrap)
    let shares = (0..<CurveEnsemble.resamples).compactMap { _ in
      share(Self.variances(of: outcomes.map { _ in outcomes[stream.below(outcomes.count)] }))
    }
    guard !shares.isEmpty else { return nil }
    let tail = (1 - CurveEnsemble.confidence) / 2
    return Sample(shares).quantile(tail)...Sample(shares).quantile(1 - tail)
  }

  /// For each set of factors, half the mean square of the differences that exchanging it makes.
  private static func variances(of cubes: [[Double]]) -> [Double] {
    (0..<8).map { factors in
      let squares = cubes.reduce(0.0) { sum, cube in
        (0..<8).reduce(sum) { $0 + (cube[$1] - cube[$1 ^ factors]) * (cube[$1] - cube[$1 ^ factors]) }
      }
      return squares / Double(16 * cubes.count)
    }
  }
}
