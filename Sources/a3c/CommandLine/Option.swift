// The declarations that a command is made of. An option is its own typed key: `arguments[seed]` is a `UInt64` because
// `seed` was declared as one.

/// How a word takes its place on the command line.
enum OptionForm: Sendable, Equatable {
  /// `--name VALUE`, at most once.
  case single
  /// `--name VALUE`, as often as wanted.
  case repeated
  /// `--name` alone.
  case flag
  /// A word without a name.
  case operand
}

/// What a command's parser and help need to know of any option.
protocol OptionDeclaration: Sendable {
  /// The name without dashes; an operand's placeholder.
  var name: String { get }
  /// How it is given.
  var form: OptionForm { get }
  /// What stands for its value in the help; empty for a flag.
  var placeholder: String { get }
  /// One line on what it does.
  var help: String { get }
  /// Whether the command can do without it.
  var isRequired: Bool { get }
  /// What it is when it is not given, as the help says it; `nil` where that is nothing.
  var defaultText: String? { get }
  /// What its words mean; `words` is empty where it was not given.
  func value(of words: [String]) throws(UsageError) -> any Sendable
}

extension OptionDeclaration {
  /// What the user writes: `--seed`, or `NAME` for an operand.
  var spelling: String { form == .operand ? placeholder : "--\(name)" }

  /// The spelling and what stands for the value: `--seed N`.
  var usage: String { form == .flag || form == .operand ? spelling : "\(spelling) \(placeholder)" }
}

/// An option whose value is a `Value`.
struct Option<Value: Sendable>: OptionDeclaration {
  let name: String
  let form: OptionForm
  let placeholder: String
  let help: String
  let isRequired: Bool
  let defaultText: String?
  private let read: @Sendable ([String]) throws(UsageError) -> Value

  func value(of words: [String]) throws(UsageError) -> any Sendable { try read(words) }

  /// An option that is `fallback` unless it is given.
  init(_ name: String, _ kind: ValueKind<Value>, default fallback: Value, help: String) {
    self.init(name, .single, kind, help: help, defaultText: kind.describe(fallback)) { words throws(UsageError) in
      guard let word = words.first else { return fallback }
      return try kind.value(of: word, for: "--\(name)")
    }
  }

  /// An option that must be given.
  init(required name: String, _ kind: ValueKind<Value>, help: String) {
    self.init(name, .single, kind, help: help, isRequired: true) { words throws(UsageError) in
      try kind.value(of: words[0], for: "--\(name)")
    }
  }

  /// An option that is `nil` unless it is given.
  init<Wrapped>(_ name: String, _ kind: ValueKind<Wrapped>, help: String) where Value == Wrapped? {
    self.init(name, .single, kind, help: help) { words throws(UsageError) in
      guard let word = words.first else { return nil }
      return try kind.value(of: word, for: "--\(name)")
    }
  }

  /// An option that may be given several times; its value has all of them in order.
  init<Element>(repeated name: String, _ kind: ValueKind<Element>, help: String) where Value == [Element] {
    self.init(name, .repeated, kind, help: help) { words throws(UsageError) in
      var values: [Element] = []
      for word in words { values.append(try kind.value(of: word, for: "--\(name)")) }
      return values
    }
  }

  /// A word without a name, which may be left out. Operands are filled in the order of their declarations.
  init<Wrapped>(operand kind: ValueKind<Wrapped>, help: String) where Value == Wrapped? {
    self.init(kind.placeholder, .operand, kind, help: help) { words throws(UsageError) in
      guard let word = words.first else { return nil }
      return try kind.value(of: word, for: kind.placeholder)
    }
  }

  /// A word without a name, which must be given.
  init(requiredOperand kind: ValueKind<Value>, help: String) {
    self.init(kind.placeholder, .operand, kind, help: help, isRequired: true) { words throws(UsageError) in
      try kind.value(of: words[0], for: kind.placeholder)
    }
  }

  /// An option without a value, which is true when it is given.
  init(flag name: String, help: String) where Value == Bool {
    let kind = ValueKind<Bool>(placeholder: "", allowed: "no value") { _ in true }
    self.init(name, .flag, kind, help: help) { words throws(UsageError) in !words.isEmpty }
  }

  private init<Element>(
    _ name: String, _ form: OptionForm, _ kind: ValueKind<Element>, help: String, isRequired: Bool = false,
    defaultText: String? = nil, read: @escaping @Sendable ([String]) throws(UsageError) -> Value
  ) {
    self.name = name
    self.form = form
    placeholder = kind.placeholder
    self.help = help
    self.isRequired = isRequired
    self.defaultText = defaultText
    self.read = read
  }
}

extension ValueKind {
  /// The value of `word`, or the sentence that says why it has none.
  fileprivate func value(of word: String, for spelling: String) throws(UsageError) -> Value {
    if let value = read(word) { return value }
    let meant = suggestion(for: word, among: choices)
    throw UsageError("\(spelling) takes \(allowed), not '\(word)'\(meant)")
  }
}
