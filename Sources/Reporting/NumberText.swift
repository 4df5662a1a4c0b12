// How numbers are written for people and into figures: by integer arithmetic and without a locale, so that the same
// value gives the same characters on every machine.

/// Numbers as text.
public enum NumberText {
  /// `value` with exactly `places` decimals, rounded half away from zero; never `-0.00`.
  ///
  /// Values whose digits do not fit a double's 53 bits, and those that are not finite, are written as Swift does.
  /// - Precondition: `places` is in 0...12.
  public static func fixed(_ value: Double, places: Int) -> String {
    precondition((0...12).contains(places), "between 0 and 12 decimals, not \(places)")
    let scaled = (value.magnitude * powerOfTen(places)).rounded(.toNearestOrAwayFromZero)
    guard scaled < 0x1p53 else { return "\(value)" }
    let sign = value < 0 && scaled > 0 ? "-" : ""
    let digits = String(Int64(scaled))
    guard places > 0 else { return sign + digits }
    let padded = String(repeating: "0", count: max(0, places + 1 - digits.count)) + digits
    return "\(sign)\(padded.dropLast(places)).\(padded.suffix(places))"
  }

  /// `value` with at most `places` decimals: trailing zeros, and a decimal point that then ends the text, are dropped.
  public static func trimmed(_ value: Double, places: Int) -> String {
    var text = fixed(value, places: places)
    guard text.contains("."), !text.contains("e") else { return text }
    while text.last == "0" { text.removeLast() }
    if text.last == "." { text.removeLast() }
    return text
  }

  /// An integer with thousands separators: `4,000,000`.
  public static func grouped(_ value: Int) -> String {
    let digits = Array(String(value.magnitude))
    var text = value < 0 ? "-" : ""
    for (index, digit) in digits.enumerated() {
      if index > 0, (digits.count - index).isMultiple(of: 3) { text.append(",") }
      text.append(digit)
    }
    return text
  }

  /// At most three significant digits, with a decimal prefix: `1.92 M`, `34.0 k`, `512`; with a `unit`,
  /// `1.92 M steps`.
  public static func abbreviated(_ value: Double, unit: String = "") -> String {
    let suffix = unit.isEmpty ? "" : " \(unit)"
    let magnitude = value.magnitude
    guard magnitude >= 999.5, value.isFinite else {
      let places = magnitude < 9.995 ? 2 : magnitude < 99.95 ? 1 : 0
      return trimmed(value, places: places) + suffix
    }
    var scaled = value
    for prefix in ["k", "M", "G", "T"] {
      scaled /= 1000
      for places in [2, 1, 0] {
        let digits = (scaled.magnitude * powerOfTen(places)).rounded(.toNearestOrAwayFromZero)
        if digits < 1000 { return "\(fixed(scaled, places: places)) \(prefix)\(suffix)" }
      }
    }
    return "\(value)\(suffix)"
  }

  /// A length of time: `0.31 s`, `12.4 s`, `2 min 05 s`, `1 h 02 min`.
  public static func duration(seconds: Double) -> String {
    guard seconds.magnitude < 1e9 else { return "unknown time" }
    if seconds < 9.995 { return "\(fixed(max(0, seconds), places: 2)) s" }
    if seconds < 59.95 { return "\(fixed(seconds, places: 1)) s" }
    let whole = Int(seconds.rounded())
    if whole < 3600 { return "\(whole / 60) min \(twoDigits(whole % 60)) s" }
    return "\(whole / 3600) h \(twoDigits(whole % 3600 / 60)) min"
  }

  /// A fraction as a percentage with one decimal: `12.5 %`.
  public static func percent(_ fraction: Double) -> String { "\(fixed(fraction * 100, places: 1)) %" }

  private static func twoDigits(_ value: Int) -> String { value < 10 ? "0\(value)" : "\(value)" }

  /// Ten to the power of `exponent`, by multiplying or dividing that many times.
  static func powerOfTen(_ exponent: Int) -> Double {
    (0..<abs(exponent)).reduce(1.0) { power, _ in exponent < 0 ? power / 10 : power * 10 }
  }
}
