// Statistics of samples: values worked by hand, laws that hold for every sample, and how often a bootstrap interval
// covers what it is an interval of.

import DeterministicMath
import Experiments
import PropertyTesting
import Testing

private func stream(_ seed: UInt64, _ worker: UInt32 = 0) -> RandomStream {
  RandomStream(seed: seed, worker: worker, purpose: .bootstrap)
}

@Suite struct SampleTests {
  @Test(
    arguments: [
      ([7], 7), ([1, 2], 1.5), ([1, 2, 6], (0.25 * 1 + 2 + 0.25 * 6) / 1.5), ([1, 2, 4, 9], 3),
      // 3/4, 1 and 3/4 of the middle three; then 1/2, 1, 1, 1/2 of the middle four; then 1/4, 1, 1, 1, 1/4 of five.
      ([0, 4, 8, 20, 100], (0.75 * 4 + 8 + 0.75 * 20) / 2.5), ([0, 1, 2, 4, 9, 50], (0.5 * 1 + 2 + 4 + 0.5 * 9) / 3),
      ([0, 1, 2, 4, 9, 16, 99], (0.25 * 1 + 2 + 4 + 9 + 0.25 * 16) / 3.5), ([0, 0, 1, 2, 4, 9, 90, 99], 4),
    ] as [([Double], Double)])
  func `the interquartile mean is the mean of exactly the middle half`(values: [Double], expected: Double) {
    #expect(Sample(values).interquartileMean == expected)
    #expect(Sample(values.reversed()).interquartileMean == expected)
  }

  @Test func `mean, deviation and extremes are those worked by hand`() {
    let sample = Sample([2, 4, 4, 4, 5, 5, 7, 9])
    #expect(sample.mean == 5)
    #expect(sample.standardDeviation == (32.0 / 7).squareRoot(), "over n - 1, not n")
    #expect(sample.minimum == 2 && sample.maximum == 9 && sample.count == 8)
    #expect(Sample([3]).standardDeviation == nil)
    #expect(Sample([3, 3, 3]).standardDeviation == 0)
  }

  @Test func `quantiles are NumPy's`() {
    // numpy.quantile([1, 2, 4, 8], q) by its definition: rank 3 q, interpolated.
    let sample = Sample([8, 1, 4, 2])
    let quantiles = [0, 0.25, 0.5, 0.9, 1].map { sample.quantile($0) }
    #expect(zip(quantiles, [1, 1.75, 3, 6.8, 8]).allSatisfy { ($0 - $1).magnitude < 1e-15 * 8 }, "\(quantiles)")
    #expect(Sample([5]).quantile(0.3) == 5)
  }

  @Test func `nothing depends on the order of the numbers`() {
    let shuffles = Generator { choices in
      let values = choices.draw(.array(of: .double(in: -2000...0), count: 1...30))
      var shuffled = values
      for index in shuffled.indices { shuffled.swapAt(index, choices.draw(.integer(in: index...shuffled.count - 1))) }
      return (values, shuffled)
    }
    expectProperty("a permutation has the same statistics", of: shuffles) { values, shuffled in
      ReturnStatistics(of: Sample(values), stream: stream(1))
        == ReturnStatistics(of: Sample(shuffled), stream: stream(1))
    }
  }

  @Test func `the interquartile mean is an average of the middle half`() {
    expectProperty("it lies between the quartiles", of: .array(of: .double(in: -9...9), count: 1...40)) { values in
      let sample = Sample(values)
      // The least number whose rank reaches n/4, and the greatest that 3n/4 does not pass.
      let lower = sample.values[values.count / 4]
      let upper = sample.values[values.count - 1 - values.count / 4]
      return (lower - 1e-12...upper + 1e-12).contains(sample.interquartileMean)
    }
    expectProperty("outliers move it by nothing", of: .array(of: .double(in: -9...9), count: 4...40)) { values in
      var stretched = Sample(values).values
      for index in 0..<stretched.count / 4 { stretched[stretched.count - 1 - index] += 1e6 }
      return Sample(stretched).interquartileMean == Sample(values).interquartileMean
    }
  }

  @Test func `every average goes along when the sample is moved or stretched`() {
    let cases = Generator { choices in
      (
        choices.draw(.array(of: .double(in: -100...100), count: 1...30)), choices.draw(.double(in: -5...5)),
        choices.draw(.double(in: 0...3))
      )
    }
    expectProperty("averages are equivariant", of: cases) { values, shift, factor in
      let moved = Sample(values.map { $0 * factor + shift })
      let sample = Sample(values)
      for (name, statistic) in averages {
        let expected = statistic(sample) * factor + shift
        guard try agree(statistic(moved), expected, tolerance: 1e-12, scale: 500, at: name) else { return false }
      }
      let deviation = try agree(
        moved.standardDeviation ?? 0, (sample.standardDeviation ?? 0) * factor, tolerance: 1e-9, scale: 500)
      return deviation
    }
  }

  @Test func `the mirrored sample has the mirrored averages`() {
    expectProperty("averages are odd", of: .array(of: .double(in: -100...100), count: 1...30)) { values in
      let (sample, mirrored) = (Sample(values), Sample(values.map { -$0 }))
      return try agree(mirrored.interquartileMean, -sample.interquartileMean, tolerance: 1e-13, scale: 100)
        && agree(mirrored.quantile(0.3), -sample.quantile(0.7), tolerance: 1e-12, scale: 100)
    }
  }

  @Test func `the properties can fail`() {
    let numbers = Generator.array(of: .double(in: -9...9), count: 1...40)
    func fails(_ holds: ([Double]) -> Bool) -> Bool { counterexample(of: numbers, holds: holds) != nil }
    #expect(fails { $0.reduce(0, +) == $0.reversed().reduce(0, +) }, "a sum depends on the order")
    #expect(fails { (Sample($0).quantile(0.25)...Sample($0).quantile(0.75)).contains(Sample($0).mean) })
    // The trimmed mean that cuts off whole numbers only keeps more than half wherever 4 does not divide n.
    #expect(
      fails {
        Sample(Sample($0).values.dropFirst($0.count / 4).dropLast($0.count / 4)).mean == Sample($0).interquartileMean
      })
  }
}

private let averages: [(String, @Sendable (Sample) -> Double)] = [
  ("mean", { $0.mean }), ("IQM", { $0.interquartileMean }), ("median", { $0.quantile(0.5) }),
]

@Suite struct BootstrapTests {
  @Test func `a bootstrap sample is drawn with replacement, each number as likely as the others`() {
    let sample = Sample([1, 2, 3, 4, 5])
    var source = stream(3)
    var counts = [Double: Int]()
    var sawRepetition = false
    for _ in 0..<4000 {
      let resample = sample.resampled(from: &source)
      #expect(resample.count == 5)
      sawRepetition = sawRepetition || Set(resample.values).count < 5
      for value in resample.values { counts[value, default: 0] += 1 }
    }
    // 4000 each is expected, with a standard deviation of 57.
    #expect(sawRepetition && sample.values.allSatisfy { abs(counts[$0]! - 4000) < 300 }, "\(counts)")
  }

  @Test func `an interval is a function of the sample and the stream`() {
    let sample = Sample((0..<20).map { Double($0 * $0) })
    func interval(_ seed: UInt64) -> ClosedRange<Double> {
      sample.bootstrapInterval(stream: stream(seed), of: \.interquartileMean)
    }
    #expect(interval(1) == interval(1))
    #expect(interval(1) != interval(2))
    #expect(interval(1).contains(sample.interquartileMean))
  }

  @Test func `an interval of equal numbers is a point`() {
    let interval = Sample([4, 4, 4]).bootstrapInterval(stream: stream(1), of: \.interquartileMean)
    #expect(interval == 4...4)
    #expect(Sample([4]).bootstrapInterval(stream: stream(1), of: \.mean) == 4...4)
  }

  @Test func `all of two numbers' bootstrap samples are counted at their exact rates`() {
    // The mean of two draws of {0, 1} is 0, 1/2, 1 with probabilities 1/4, 1/2, 1/4.
    let sample = Sample([0, 1])
    #expect(sample.bootstrapInterval(confidence: 0.4, stream: stream(1), of: \.mean) == 0.5...0.5)
    #expect(sample.bootstrapInterval(confidence: 0.6, stream: stream(1), of: \.mean) == 0...1)
  }

  @Test func `more confidence makes a wider interval`() {
    let sample = Sample((0..<30).map { Double($0 * $0 % 17) })
    let intervals = [0, 0.5, 0.8, 0.95, 1].map {
      sample.bootstrapInterval(confidence: $0, stream: stream(5), of: \.mean)
    }
    for (narrow, wide) in zip(intervals, intervals.dropFirst()) {
      #expect(wide.lowerBound < narrow.lowerBound && narrow.upperBound < wide.upperBound)
    }
  }

  /// How often, in 400 samples of 30 numbers, an interval of `statistic` has `truth` in it.
  private func coverage(
    confidence: Double = 0.95, of truth: Double, _ statistic: @Sendable (Sample) -> Double,
    drawing draw: (inout RandomStream) -> Double
  ) -> Double {
    let repetitions = 400
    let covered = (0..<repetitions).count { repetition in
      var source = RandomStream(seed: 11, worker: UInt32(repetition), purpose: .test)
      let sample = Sample((0..<30).map { _ in draw(&source) })
      let interval = sample.bootstrapInterval(
        confidence: confidence, resamples: 400, stream: stream(11, UInt32(repetition)), of: statistic)
      return interval.contains(truth)
    }
    return Double(covered) / Double(repetitions)
  }

  // Percentile intervals of 30 numbers cover a little less often than they say; 400 repetitions leave ±0.022 (2 σ).

  @Test func `95 % intervals cover the mean and the IQM of normal and uniform numbers nearly as often as they say`() {
    for (_, statistic) in averages.dropLast() {
      let normal = coverage(of: 3, statistic) { 3 + 2 * $0.gaussian() }
      #expect((0.90...0.98).contains(normal), "\(normal)")
      let uniform = coverage(of: 0.5, statistic) { $0.uniform() }
      #expect((0.90...0.98).contains(uniform), "\(uniform)")
    }
  }

  @Test func `the IQM of skewed numbers is covered, and is not their mean`() {
    // The quantile of 1 - q is -log q, and the integral of that is q - q log q; the middle half has length 1/2.
    func exponential(_ source: inout RandomStream) -> Double { -Double.log(1 - source.uniform()) }
    let middle = 2 * ((0.75 - 0.75 * Double.log(0.75)) - (0.25 - 0.25 * Double.log(0.25)))
    #expect((middle - 0.738376).magnitude < 1e-6)
    let covered = coverage(of: middle, \.interquartileMean, drawing: exponential)
    #expect((0.90...0.98).contains(covered), "\(covered)")
    // The controls: another target, and another confidence, give other rates.
    #expect(coverage(of: 1, \.interquartileMean, drawing: exponential) < 0.75)
    let halved = coverage(confidence: 0.5, of: middle, \.interquartileMean, drawing: exponential)
    #expect((0.42...0.58).contains(halved), "\(halved)")
  }
}
