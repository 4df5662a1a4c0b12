// The sets that observations and actions are drawn from, as far as networks and policies need to know them.

/// A set of vectors that are observed or acted with.
public enum Space: Sendable, Equatable {
  /// Vectors between `lower` and `upper`, inclusive, element by element.
  case box(lower: [Double], upper: [Double])
  /// The integers from 0 up to, not including, `count`.
  case discrete(count: Int)

  /// How many scalars one element of the space is written as; a discrete choice is one.
  public var dimension: Int {
    switch self {
    case .box(let lower, _): lower.count
    case .discrete: 1
    }
  }
}
