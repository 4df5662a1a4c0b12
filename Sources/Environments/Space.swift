// The sets that observations and actions are drawn from, as far as networks and policies need to know them.

/// A set of vectors that are observed or acted with.
public enum Space: Sendable, Equatable {
  /// Vectors between `lower` and `upper`, inclusive, element by element.
  case box(lower: [Double], upper: [Double])
  /// The integers from 0 up to, not including, `count`.
  case discrete(count: Int)

  /// The vectors within ±`limit`, element by element.
  public static func symmetric(_ limit: [Double]) -> Space { .box(lower: limit.map { -$0 }, upper: limit) }

  /// How many scalars one element of the space is written as; a discrete choice is one.
  public var dimension: Int {
    switch self {
    case .box(let lower, _): lower.count
    case .discrete: 1
    }
  }

  /// How many outputs of a network describe a policy over the space: one for each scalar, or one for each choice.
  public var outputs: Int {
    switch self {
    case .box(let lower, _): lower.count
    case .discrete(let count): count
    }
  }
}

extension Span<Double> {
  /// The choice that an action of `Space.discrete(count:)` is.
  /// - Precondition: there is one element, an integer from 0 up to, not including, `count`.
  public func choice(among count: Int) -> Int {
    precondition(self.count == 1, "an action of a discrete space has 1 element, not \(self.count)")
    guard let choice = Int(exactly: self[0]), 0..<count ~= choice else {
      preconditionFailure("a choice among \(count) is an integer from 0 to \(count - 1), not \(self[0])")
    }
    return choice
  }
}
