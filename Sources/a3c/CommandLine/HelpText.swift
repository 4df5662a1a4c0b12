// Help made from the declarations, so that it cannot disagree with what is accepted. Lines have at most 80 characters,
// except where a word or a command to copy is longer.

extension CommandTable {
  /// What bare `a3c` prints: what it is, commands to copy, all commands.
  var overview: String {
    var blocks = [HelpText.paragraph(about)]
    blocks.append(
      (["Begin with:"] + firstSteps.flatMap { ["", "  # \($0.purpose)", "  \($0.command)"] }).joined(separator: "\n"))
    blocks.append((["Commands:"] + HelpText.columns(commands.map { ($0.name, $0.summary) })).joined(separator: "\n"))
    blocks.append("'\(program) COMMAND --help' describes a command.")
    return blocks.joined(separator: "\n\n") + "\n"
  }

  /// What `a3c NAME --help` prints.
  func help(for command: Command) -> String { HelpText.text(of: command, program: program) }
}

/// The layout of help texts.
private enum HelpText {
  static let width = 80
  /// The widest left column; longer entries get a line of their own.
  static let columnLimit = 26

  static func text(of command: Command, program: String) -> String {
    let call = "\(program) \(command.name)"
    var blocks = [paragraph("\(call): \(command.summary)")]
    let uses = command.options.map { option in
      option.isRequired ? option.usage : "[\(option.usage)]\(option.form == .repeated ? "…" : "")"
    }
    blocks.append("Usage:\n" + hanging("  \(call) ", uses).joined(separator: "\n"))
    if !command.discussion.isEmpty { blocks.append(paragraph(command.discussion)) }
    let operands = command.options.filter { $0.form == .operand }
    let options = command.options.filter { $0.form != .operand }
    if !operands.isEmpty {
      blocks.append((["Words:"] + columns(operands.map { ($0.usage, explanation($0)) })).joined(separator: "\n"))
    }
    let rows = options.map { ($0.usage, explanation($0)) } + [("--help", "print this and exit")]
    blocks.append((["Options:"] + columns(rows)).joined(separator: "\n"))
    if !command.examples.isEmpty {
      blocks.append((["Examples:"] + command.examples.map { "  \($0)" }).joined(separator: "\n"))
    }
    return blocks.joined(separator: "\n\n") + "\n"
  }

  private static func explanation(_ option: any OptionDeclaration) -> String {
    var remarks: [String] = []
    if option.isRequired { remarks.append("required") }
    if option.form == .repeated { remarks.append("may be repeated") }
    if let text = option.defaultText { remarks.append("default \(text)") }
    return option.help + (remarks.isEmpty ? "" : " (\(remarks.joined(separator: "; ")))")
  }

  /// Two columns: short texts, and what they mean.
  static func columns(_ rows: [(name: String, meaning: String)]) -> [String] {
    let nameWidth = rows.map(\.name.count).filter { $0 <= columnLimit }.max() ?? 0
    let indent = String(repeating: " ", count: nameWidth + 4)
    return rows.flatMap { row -> [String] in
      let meaning = lines(of: row.meaning.split(separator: " ").map(String.init), width: width - indent.count)
      let isLong = row.name.count > nameWidth
      let name = "  \(row.name)" + String(repeating: " ", count: max(0, nameWidth - row.name.count) + 2)
      let first = isLong ? ["  \(row.name)"] : [name + (meaning.first ?? "")]
      return first + (isLong ? meaning[...] : meaning.dropFirst()).map { indent + $0 }
    }
  }

  static func paragraph(_ text: String) -> String {
    lines(of: text.split(separator: " ").map(String.init), width: width).joined(separator: "\n")
  }

  /// `head` followed by `parts`, which are not broken, in lines indented below the end of `head`.
  private static func hanging(_ head: String, _ parts: [String]) -> [String] {
    let indent = String(repeating: " ", count: head.count)
    let lines = lines(of: parts, width: width - head.count)
    guard let first = lines.first else { return [String(head.dropLast())] }
    return [head + first] + lines.dropFirst().map { indent + $0 }
  }

  /// `words` in lines of at most `width` characters; a longer word has a line of its own.
  private static func lines(of words: [String], width: Int) -> [String] {
    words.reduce(into: []) { lines, word in
      if let last = lines.last, last.count + 1 + word.count <= width {
        lines[lines.count - 1] = "\(last) \(word)"
      } else {
        lines.append(word)
      }
    }
  }
}
