// One command: what it declares, and the reading of its words. Everything is read before anything runs, so a run of an
// hour never fails for a misspelt option.

/// The values of a command's options.
struct Arguments: Sendable {
  fileprivate let values: [String: any Sendable]
  /// The names of the options that were given, rather than left at their defaults.
  let given: Set<String>
  /// What was read.
  let words: [String]

  /// The value of `option`.
  /// - Precondition: the command declares `option`.
  subscript<Value>(option: Option<Value>) -> Value {
    guard let value = values[option.name] else {
      preconditionFailure("\(option.spelling) is not declared by the command that was read")
    }
    return value as! Value
  }
}

/// A command of the program.
struct Command: Sendable {
  /// What the user writes for it.
  let name: String
  /// What it does, in one line that completes "a3c replay: …".
  let summary: String
  /// What else is worth knowing before using it, in a sentence or two.
  let discussion: String
  /// What it takes, in the order of the help.
  let options: [any OptionDeclaration]
  /// Whole command lines to copy.
  let examples: [String]

  /// Declares a command.
  /// - Precondition: no two options have the same name, and none is called `help`.
  init(
    _ name: String, summary: String, discussion: String = "", options: [any OptionDeclaration], examples: [String] = []
  ) {
    let names = options.map(\.name)
    precondition(Set(names).count == names.count && !names.contains("help"), "\(name) declares an option twice")
    self.name = name
    self.summary = summary
    self.discussion = discussion
    self.options = options
    self.examples = examples
  }

  /// Reads the words after the command's name.
  /// - Throws: `UsageError` for an unknown, repeated or missing option, a missing or wrong value, and leftover words.
  func parse(_ words: [String], program: String = "a3c") throws(UsageError) -> Arguments {
    let call = "\(program) \(name)"
    let named = options.filter { $0.form != .operand }
    var operands = options.filter { $0.form == .operand }[...]
    var given: [String: [String]] = [:]
    var rest = words[...]
    while let word = rest.popFirst() {
      guard word.hasPrefix("-") && word != "-" else {
        guard let operand = operands.popFirst() else {
          throw UsageError("'\(word)' is left over: \(call) takes \(taken); '\(call) --help' describes them")
        }
        given[operand.name] = [word]
        continue
      }
      let parts = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
      guard let option = named.first(where: { $0.spelling == parts[0] }) else {
        let name = String(parts[0].drop { $0 == "-" })
        let meant = suggestion(for: name, among: named.map(\.name), prefix: "--")
        throw UsageError(
          "\(call) has no option '\(parts[0])'\(meant.isEmpty ? "; '\(call) --help' lists them" : meant)")
      }
      if option.form != .repeated, given[option.name] != nil {
        throw UsageError("\(option.spelling) is given twice; give it once")
      }
      if option.form == .flag {
        guard parts.count == 1 else {
          throw UsageError("\(option.spelling) takes no value, not '\(parts[1])'; write \(option.spelling) alone")
        }
        given[option.name] = [""]
      } else if parts.count == 2 {
        given[option.name, default: []].append(parts[1])
      } else if let value = rest.first, !value.hasPrefix("--") {
        rest.removeFirst()
        given[option.name, default: []].append(value)
      } else {
        throw UsageError("\(option.spelling) needs a value; write \(option.usage)")
      }
    }
    var values: [String: any Sendable] = [:]
    for option in options {
      let words = given[option.name] ?? []
      if words.isEmpty, option.isRequired { throw UsageError("\(call) needs \(option.usage); add it") }
      values[option.name] = try option.value(of: words)
    }
    return Arguments(values: values, given: Set(given.keys), words: words)
  }

  /// What the command takes besides its name, in a few words.
  private var taken: String {
    let operands = options.filter { $0.form == .operand }.map(\.placeholder)
    return (operands + ["options"]).joined(separator: " and ")
  }
}
