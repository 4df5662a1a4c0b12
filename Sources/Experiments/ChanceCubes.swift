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

  /// Which part of the variance `factor` alone decides, whatever the others are: 1 where the outcome is a function of
  /// it, about 0 where it decides nothing or only together with others. `nil` where all outcomes are equal.
  public func shareAlone(_ factor: ChanceFactors) -> Double? {
    Self.shareAlone(factor, Self.mean(squares))
  }

  /// Which part of the variance is left where `factor` alone is exchanged: 0 where it changes nothing, 1 where another
  /// one makes as much of a difference as another run does. `nil` where all outcomes are equal.
  public func shareInAll(_ factor: ChanceFactors) -> Double? {
    Self.shareInAll(factor, Self.mean(squares))
  }

  /// The percentile bootstrap interval of `shareAlone`, whole cubes being drawn.
  public func intervalAlone(_ factor: ChanceFactors) -> ClosedRange<Double>? {
    interval { Self.shareAlone(factor, $0) }
  }

  /// The percentile bootstrap interval of `shareInAll`, likewise.
  public func intervalInAll(_ factor: ChanceFactors) -> ClosedRange<Double>? {
    interval { Self.shareInAll(factor, $0) }
  }

  private static func shareAlone(_ factor: ChanceFactors, _ variances: SIMD8<Double>) -> Double? {
    let all = variances[Int(ChanceFactors.all.rawValue)]
    return all == 0 ? nil : 1 - variances[Int(ChanceFactors.all.subtracting(factor).rawValue)] / all
  }

  private static func shareInAll(_ factor: ChanceFactors, _ variances: SIMD8<Double>) -> Double? {
    let all = variances[Int(ChanceFactors.all.rawValue)]
    return all == 0 ? nil : variances[Int(factor.rawValue)] / all
  }

  private func interval(of share: (SIMD8<Double>) -> Double?) -> ClosedRange<Double>? {
    var stream = RandomStream(seed: 0, worker: 0, purpose: .bootstrap)
    let squares = squares
    let shares = (0..<CurveEnsemble.resamples).compactMap { _ in
      share(Self.mean(squares.map { _ in squares[stream.below(squares.count)] }))
    }
    guard !shares.isEmpty else { return nil }
    let tail = (1 - CurveEnsemble.confidence) / 2
    return Sample(shares).quantile(tail)...Sample(shares).quantile(1 - tail)
  }

  /// The mean over cubes, for each set of factors.
  private static func mean(_ squares: [SIMD8<Double>]) -> SIMD8<Double> {
    squares.reduce(SIMD8<Double>()) { $0 + $1 } / Double(squares.count)
  }

  /// For each cube, half the mean squares of the differences that exchanging each set of factors makes.
  private var squares: [SIMD8<Double>] {
    outcomes.map { cube in
      var squares = SIMD8<Double>()
      for factors in 0..<8 {
        squares[factors] = (0..<8).reduce(0.0) { sum, corner in
          let difference = cube[corner] - cube[corner ^ factors]
          return sum + difference * difference / 16
        }
      }
      return squares
    }
  }
}
