// Where the ticks of an axis go: at round numbers, and written with as many decimals as their distance needs.

/// The ticks of an axis.
struct Axis: Equatable {
  /// The tick values, ascending, all within the range (but for rounding).
  let ticks: [Double]
  /// The distance between two ticks: 1, 2 or 5 times a power of ten.
  let step: Double
  /// Decimals that tell neighbouring ticks apart.
  private let places: Int

  /// Ticks over `range`, about `count` of them and never more than twice as many; `minimumStep` keeps counts whole.
  init(over range: ClosedRange<Double>, count: Int, minimumStep: Double = 0) {
    let length = range.upperBound - range.lowerBound
    let wanted = max(length / Double(max(count, 1)), minimumStep)
    guard wanted > 0, length.isFinite else {
      (ticks, step, places) = ([range.lowerBound], 1, 0)
      return
    }
    var exponent = 0
    while exponent < 300, NumberText.powerOfTen(exponent + 1) <= wanted { exponent += 1 }
    while exponent > -300, NumberText.powerOfTen(exponent) > wanted { exponent -= 1 }
    var mantissa = 10.0
    for candidate in [5.0, 2, 1] where candidate * NumberText.powerOfTen(exponent) >= wanted { mantissa = candidate }
    // Small steps are divided out, so that 3 × 0.1 is 3 / 10 and prints as such.
    func value(_ index: Double) -> Double {
      exponent < 0
        ? index * mantissa / NumberText.powerOfTen(-exponent) : index * mantissa * NumberText.powerOfTen(exponent)
    }
    step = value(1)
    places = min(12, max(0, mantissa == 10 ? -exponent - 1 : -exponent))
    // A bound that rounding has put just beyond its tick still has it: 0.3 / 0.1 is below 3.
    let first = (range.lowerBound / step - 1e-9).rounded(.up)
    let last = (range.upperBound / step + 1e-9).rounded(.down)
    ticks = first <= last ? (0...Int(min(last - first, 1000))).map { value(first + Double($0)) } : []
  }

  /// A tick's text: `4,000`, `0.25`, `1.5 M`.
  func label(_ tick: Double) -> String {
    if tick.magnitude >= 1_000_000, step.magnitude >= 1000 { return NumberText.abbreviatedExactly(tick) }
    if places == 0, tick.magnitude < 1e15 { return NumberText.grouped(Int(tick)) }
    return NumberText.fixed(tick, places: places)
  }
}

extension NumberText {
  /// A round number with a decimal prefix and all of its digits: `1.25 M`.
  fileprivate static func abbreviatedExactly(_ value: Double) -> String {
    for (prefix, power) in [("G", 1e9), ("M", 1e6)] where value.magnitude >= power {
      return "\(trimmed(value / power, places: 6)) \(prefix)"
    }
    return "\(value)"
  }
}
