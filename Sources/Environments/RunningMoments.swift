// Mean and deviation of vectors that come one after the other (Welford 1962), in the order of operations of the
// published programs that normalise by them.

import DeterministicMath

/// The running mean and sample standard deviation of each element of a sequence of vectors.
public struct RunningMoments: Sendable, Equatable {
  /// How many vectors have come.
  public private(set) var count = 0
  /// The mean of each element.
  public private(set) var means: [Double]
  /// The sum of the squared deviations from the mean, of each element.
  private var squares: [Double]

  /// Moments of no vectors yet, of `dimension` elements each.
  public init(dimension: Int) {
    means = Array(repeating: 0, count: dimension)
    squares = means
  }

  /// How many elements a vector has.
  public var dimension: Int { means.count }

  /// Takes one vector more.
  /// - Precondition: `vector` has `dimension` elements.
  public mutating func push(_ vector: Span<Double>) {
    precondition(vector.count == dimension, "a vector of \(dimension) elements is expected, not \(vector.count)")
    count += 1
    for index in 0..<vector.count {
      let excess = vector[index] - means[index]
      means[index] += excess / Double(count)
      squares[index] += excess * (vector[index] - means[index])
    }
  }

  /// The standard deviation of element `index` of a sample (n − 1); 0 of one vector.
  public func deviation(_ index: Int) -> Double {
    count > 1 ? (squares[index] / Double(count - 1)).squareRoot() : 0
  }

  /// Each element of `vector` minus its mean, over its deviation plus 10⁻⁸.
  /// - Precondition: `vector` has `dimension` elements.
  public func normalize(_ vector: inout MutableSpan<Double>) {
    precondition(vector.count == dimension, "a vector of \(dimension) elements is expected, not \(vector.count)")
    for index in 0..<vector.count { vector[index] = (vector[index] - means[index]) / (deviation(index) + 1e-8) }
  }

  /// Feeds all of it.
  public func digest(into digest: inout StateDigest) {
    digest.combine(count)
    digest.combine(contentsOf: means)
    digest.combine(contentsOf: squares)
  }

  /// The count, the means, then the sums of squared deviations: 1 + 2 · `dimension` numbers.
  public var state: [Double] {
    get { [Double(count)] + means + squares }
    set {
      precondition(
        newValue.count == 1 + 2 * dimension && Int(exactly: newValue[0]).map { $0 >= 0 } == true,
        "the state of \(dimension) moments is a count and \(2 * dimension) numbers")
      count = Int(newValue[0])
      means = Array(newValue[1...dimension])
      squares = Array(newValue[(1 + dimension)...])
    }
  }
}
