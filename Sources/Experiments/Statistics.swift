// What is said of a handful of returns: robust aggregates and intervals for them, as Agarwal et al. ask for in "Deep
// reinforcement learning at the edge of the statistical precipice" (2021). All of it gives the same bits everywhere.

import DeterministicMath

/// A sample of real numbers. It is kept in ascending order, so whatever is computed of it does not depend on the order
/// in which the numbers came.
public struct Sample: Hashable, Sendable {
  /// The numbers in ascending order.
  public let values: [Double]

  /// The sample of these numbers.
  /// - Precondition: there is at least one, and all are finite.
  public init(_ values: some Sequence<Double>) { self.init(ascending: values.sorted()) }

  private init(ascending values: [Double]) {
    precondition(!values.isEmpty, "a sample has at least one number")
    // NaN compares false with everything, so it could stand anywhere.
    precondition(values.allSatisfy(\.isFinite), "a sample has only finite numbers")
    self.values = values
  }

  /// How many numbers there are, n.
  public var count: Int { values.count }

  /// The least number.
  public var minimum: Double { values[0] }

  /// The greatest number.
  public var maximum: Double { values[count - 1] }

  /// The arithmetic mean.
  public var mean: Double { values.reduce(0, +) / Double(count) }

  /// The square root of the unbiased variance, which divides by n − 1; `nil` for a single number.
  public var standardDeviation: Double? {
    guard count > 1 else { return nil }
    let mean = mean
    let squares = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
    return (squares / Double(count - 1)).squareRoot()
  }

  /// The interquartile mean (IQM): the mean of the middle half of the numbers.
  ///
  /// Number i (from 0) counts by as much of [i, i + 1] as lies within [n/4, 3n/4], so that exactly half of the sample
  /// counts whatever n is: of five numbers the middle three, by 3/4, 1 and 3/4. Where 4 divides n, this is the trimmed
  /// mean that Agarwal et al. compute; for other n, theirs keeps more than half.
  public var interquartileMean: Double {
    // In quarters of a number, which are whole.
    let sum = values.indices.reduce(0.0) { sum, index in
      let quarters = min(4 * index + 4, 3 * count) - max(4 * index, count)
      return quarters > 0 ? sum + Double(quarters) * values[index] : sum
    }
    return sum / Double(2 * count)
  }

  /// The quantile of `probability`, interpolated linearly between the numbers of ranks below and above
  /// (n − 1) `probability`: the seventh definition of Hyndman and Fan (1996), NumPy's default.
  /// - Precondition: `probability` is in 0...1.
  public func quantile(_ probability: Double) -> Double {
    precondition((0...1).contains(probability), "a probability is in 0...1, not \(probability)")
    let rank = Double(count - 1) * probability
    let below = Int(rank)
    let above = min(below + 1, count - 1)
    // Rounding must not carry it over the next number, or a quantile could be above that of a larger probability.
    return min(values[below] + (values[above] - values[below]) * (rank - Double(below)), values[above])
  }

  /// A bootstrap sample: as many numbers, drawn from these with replacement.
  public func resampled(from stream: inout RandomStream) -> Sample {
    var drawn = [Int](repeating: 0, count: count)
    for _ in values { drawn[stream.below(count)] += 1 }
    // Laid out in the order of the ranks, they need no sorting.
    var resample: [Double] = []
    resample.reserveCapacity(count)
    for (value, times) in zip(values, drawn) { resample.append(contentsOf: repeatElement(value, count: times)) }
    return Sample(ascending: resample)
  }

  /// The percentile bootstrap interval of `statistic` (Efron and Tibshirani, An Introduction to the Bootstrap, 1993,
  /// §13.3): the quantiles that cut `1 − confidence` off its values in `resamples` bootstrap samples, half at each end.
  ///
  /// Equal streams give equal bootstrap samples, so intervals of several statistics can be compared.
  /// - Precondition: `confidence` is in 0...1; there is at least one resample; every value of `statistic` is finite.
  public func bootstrapInterval(
    confidence: Double = 0.95, resamples: Int = 2000, stream: RandomStream, of statistic: (Sample) -> Double
  ) -> ClosedRange<Double> {
    precondition((0...1).contains(confidence), "a confidence is in 0...1, not \(confidence)")
    var stream = stream
    let replicates = Sample((0..<resamples).map { _ in statistic(resampled(from: &stream)) })
    let tail = (1 - confidence) / 2
    return replicates.quantile(tail)...replicates.quantile(1 - tail)
  }
}
