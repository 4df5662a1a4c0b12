// What an option's value may be: how it is called in the help, what is allowed in words, and how it is read.

/// A kind of value on the command line.
struct ValueKind<Value: Sendable>: Sendable {
  /// What stands for the value in the help, such as `N`.
  let placeholder: String
  /// What is allowed, to complete "takes …": `an integer from 1 to 64`.
  let allowed: String
  /// Words among which to look for what a wrong one was meant to be.
  let choices: [String]
  /// How a value is written in the help.
  let describe: @Sendable (Value) -> String
  /// The value of a word, or `nil` where it has none.
  let read: @Sendable (String) -> Value?

  /// Declares a kind.
  init(
    placeholder: String, allowed: String, choices: [String] = [],
    describe: @escaping @Sendable (Value) -> String = { "\($0)" }, read: @escaping @Sendable (String) -> Value?
  ) {
    self.placeholder = placeholder
    self.allowed = allowed
    self.choices = choices
    self.describe = describe
    self.read = read
  }
}

extension ValueKind<Int> {
  /// How many of something, in decimal digits alone.
  static func count(_ range: ClosedRange<Int> = 1...Int.max) -> ValueKind {
    let allowed =
      range.upperBound == .max
      ? "an integer from \(range.lowerBound) up" : "an integer from \(range.lowerBound) to \(range.upperBound)"
    return ValueKind(placeholder: "N", allowed: allowed) { word in
      guard isDigits(word), let value = Int(word), range.contains(value) else { return nil }
      return value
    }
  }
}

extension Int {
  /// The sum, or the greatest integer where the sum is greater: what comes every so often, for a large enough number,
  /// never comes.
  func addingSaturated(_ count: Int) -> Int {
    let (sum, isTooMuch) = addingReportingOverflow(count)
    return isTooMuch ? .max : sum
  }
}

extension ValueKind<UInt64> {
  /// A seed: any 64-bit pattern, in decimal or hexadecimal.
  static var seed: ValueKind {
    ValueKind(
      placeholder: "N", allowed: "an integer from 0 to \(UInt64.max), in decimal or as 0x and hexadecimal digits"
    ) {
      word in
      let isHexadecimal = word.hasPrefix("0x") || word.hasPrefix("0X")
      let digits = isHexadecimal ? String(word.dropFirst(2)) : word
      // `UInt64.init` would take a sign.
      guard let first = digits.first, first != "+", first != "-" else { return nil }
      return UInt64(digits, radix: isHexadecimal ? 16 : 10)
    }
  }
}

extension ValueKind<Double> {
  /// A decimal number.
  static func number(_ range: ClosedRange<Double>) -> ValueKind {
    ValueKind(placeholder: "X", allowed: "a number from \(range.lowerBound) to \(range.upperBound)") { word in
      guard word.allSatisfy({ "0123456789+-.eE".contains($0) }), let value = Double(word), range.contains(value) else {
        return nil
      }
      return value
    }
  }
}

extension ValueKind<String> {
  /// The path of a file or folder.
  static func path(_ placeholder: String = "FILE") -> ValueKind { .text(placeholder, allowed: "a path") }

  /// Any text that is not empty.
  static func text(_ placeholder: String, allowed: String) -> ValueKind {
    ValueKind(placeholder: placeholder, allowed: allowed) { $0.isEmpty ? nil : $0 }
  }

  /// One of `names`.
  static func choice(_ placeholder: String, _ names: [String]) -> ValueKind {
    ValueKind(placeholder: placeholder, allowed: "one of \(names.joined(separator: ", "))", choices: names) { word in
      names.contains(word) ? word : nil
    }
  }
}

extension ValueKind where Value: CaseIterable & RawRepresentable<String> {
  /// One of the cases, by its raw value.
  static func choice(_ placeholder: String, of type: Value.Type = Value.self) -> ValueKind {
    let names = Value.allCases.map(\.rawValue)
    return ValueKind(
      placeholder: placeholder, allowed: "one of \(names.joined(separator: ", "))", choices: names,
      describe: { $0.rawValue }, read: { Value(rawValue: $0) })
  }
}

/// Whether `word` is one ASCII digit or more.
private func isDigits(_ word: String) -> Bool {
  !word.isEmpty && word.utf8.allSatisfy { (0x30...0x39).contains($0) }
}
