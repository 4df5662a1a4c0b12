// All commands of the program: which of them the first word means, and what the program says of itself.

/// What a command line asks for.
enum Selection: Sendable {
  /// Nothing in particular: say what the program is.
  case overview
  /// The help of a command.
  case help(Command)
  /// A command to run.
  case run(Command, Arguments)
}

/// The commands of a program.
struct CommandTable: Sendable {
  /// What the user writes for the program.
  let program: String
  /// What it is, in a sentence or two.
  let about: String
  /// Command lines to begin with, each with what it does.
  let firstSteps: [(command: String, purpose: String)]
  /// The commands, in the order of the overview.
  let commands: [Command]

  /// Finds out what `words`, those after the program's name, ask for.
  ///
  /// No words, `--help` and `help` ask for the overview; `help NAME`, and `--help` or `-h` anywhere after a command's
  /// name, for that command's help.
  /// - Throws: `UsageError` where they make no sense.
  func select(_ words: [String]) throws(UsageError) -> Selection {
    guard let first = words.first else { return .overview }
    let rest = Array(words.dropFirst())
    if ["help", "--help", "-h"].contains(first) {
      guard let name = rest.first else { return .overview }
      guard rest.count == 1 else { throw UsageError("'\(rest[1])' is left over: '\(program) help' takes one command") }
      return .help(try command(name))
    }
    let command = try command(first)
    if rest.contains("--help") || rest.contains("-h") { return .help(command) }
    return .run(command, try command.parse(rest, program: program))
  }

  private func command(_ name: String) throws(UsageError) -> Command {
    if let command = commands.first(where: { $0.name == name }) { return command }
    let names = commands.map(\.name)
    let meant = suggestion(for: name, among: names)
    let remedy = meant.isEmpty ? "; the commands are \(names.joined(separator: ", "))" : meant
    throw UsageError("\(program) has no command '\(name)'\(remedy)")
  }
}
