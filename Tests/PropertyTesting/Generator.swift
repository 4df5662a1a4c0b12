// Generators of test values: functions of `Choices`, written so that smaller choices give simpler values.

/// A recipe for random values. Compose generators by drawing from them:
///
///     let pair = Generator { ($0.draw(.integer(in: 0...9)), $0.draw(.double(in: -1...1))) }
public struct Generator<Value>: Sendable {
  fileprivate let make: @Sendable (inout Choices) -> Value

  /// A generator that computes its value from `choices`.
  public init(_ make: @escaping @Sendable (inout Choices) -> Value) { self.make = make }

  /// The generator of `transform` of this one's values.
  public func map<Image>(_ transform: @escaping @Sendable (Value) -> Image) -> Generator<Image> {
    Generator<Image> { transform($0.draw(self)) }
  }
}

extension Choices {
  /// A value of `generator`.
  public mutating func draw<Value>(_ generator: Generator<Value>) -> Value { generator.make(&self) }
}

extension Generator where Value == Int {
  /// Integers of `range`, all equally likely; shrinks towards the one nearest zero, from above before from below.
  public static func integer(in range: ClosedRange<Int>) -> Generator {
    Generator { choices in
      let origin = min(max(0, range.lowerBound), range.upperBound)
      let above = range.upperBound - origin
      let choice = choices.below(range.count)
      return choice <= above ? origin + choice : origin + above - choice
    }
  }
}

extension Generator where Value == Double {
  /// Numbers of `range` with six decimals; shrinks towards the one nearest zero, then to whole distances from it.
  /// The decimals are there to make arithmetic round, as it does on measured data.
  public static func double(in range: ClosedRange<Double>) -> Generator {
    Generator { choices in
      let origin = min(max(0, range.lowerBound), range.upperBound)
      let isBelow = choices.below(2) == 1
      let room = isBelow ? origin - range.lowerBound : range.upperBound - origin
      let whole = choices.below(Int(room.rounded(.up)) + 1)
      let millionths = choices.below(1_000_000)
      let distance = min(room, Double(whole) + Double(millionths) / 1_000_000)
      return isBelow ? origin - distance : origin + distance
    }
  }
}

extension Generator where Value: Sendable {
  /// One of `values`, all equally likely; shrinks towards the first.
  public static func element(of values: [Value]) -> Generator {
    Generator { values[$0.below(values.count)] }
  }
}

extension Generator {
  /// Arrays of `element` with a length in `count`; shrinks towards fewer and simpler elements.
  ///
  /// A decision before each further element says whether it comes, so an element can be cut from the record with
  /// nothing else changed. Lengths average the middle of `count` or less.
  public static func array<Element>(of element: Generator<Element>, count: ClosedRange<Int>) -> Generator
  where Value == [Element] {
    let average = (count.upperBound - count.lowerBound) / 2
    return Generator { choices in
      var elements: [Element] = []
      while elements.count < count.upperBound {
        let goesOn = choices.below(average + 2) > 0
        if !goesOn && elements.count >= count.lowerBound { break }
        elements.append(choices.draw(element))
      }
      return elements
    }
  }
}
