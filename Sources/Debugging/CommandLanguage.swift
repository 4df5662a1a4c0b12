// The words of the debugger: one table from which lines are read, help is made, and words are completed.

import Learning
import Lockstep
import Sharing

/// What lines may speak of: the names of a run's processes, blocks and tensors.
public struct Vocabulary: Hashable, Sendable {
  /// The processes by name.
  public var processes: [String]
  /// The blocks by name.
  public var blocks: [String]
  /// The tensors.
  public var layout: ParameterLayout

  /// The names in a run.
  public init<P: Participant, S: Strategy>(_ run: Simulation<P, S>) {
    let training = P.training(in: run.world)
    processes = run.processes.map(\.name)
    blocks = training.model.blocks.map(\.name)
    layout = training.plan.network.layout
  }
}

/// A word that begins a line.
public struct CommandWord: Sendable {
  /// The word.
  public let word: String
  /// What follows it, as the help shows it.
  public let usage: String
  /// What it does.
  public let help: String
  /// What can follow it, for completion.
  public let followers: [String]
  fileprivate let read: @Sendable (inout Phrase) throws(DebuggerError) -> DebuggerCommand

  fileprivate init(
    _ word: String, _ usage: String, _ help: String, followers: [String] = [],
    read: @escaping @Sendable (inout Phrase) throws(DebuggerError) -> DebuggerCommand
  ) {
    self.word = word
    self.usage = usage.isEmpty ? word : "\(word) \(usage)"
    self.help = help
    self.followers = followers
    self.read = read
  }
}

extension DebuggerCommand {
  /// All words that begin a line, in the order of the help.
  public static let words: [CommandWord] = [
    CommandWord("step", "[N]", "make the next access, or the next N") { phrase throws(DebuggerError) in
      .step(try phrase.count() ?? 1)
    },
    CommandWord("back", "[N]", "take the latest access back, or the latest N") { phrase throws(DebuggerError) in
      .back(try phrase.count() ?? 1)
    },
    CommandWord("goto", "N", "go to where N accesses have been made") { phrase throws(DebuggerError) in
      guard let place = try phrase.count(from: 0) else { throw DebuggerError("goto needs a number of accesses") }
      return .goTo(place)
    },
    CommandWord(
      "next", "[worker W | block B]", "go to the next access of a worker or to a block (without: of the same worker)",
      followers: ["worker", "block"]
    ) { phrase throws(DebuggerError) in .next(try phrase.target()) },
    CommandWord(
      "previous", "[worker W | block B]", "the same, backwards", followers: ["worker", "block"]
    ) { phrase throws(DebuggerError) in .previous(try phrase.target()) },
    CommandWord("continue", "", "go on to the next place with a breakpoint, or to the end") { _ in .goOn },
    CommandWord("reverse-continue", "", "go back to the latest one, or to the beginning") { _ in .goBack },
    CommandWord(
      "break",
      "[on] hazard [ID] | [on] block B [version V] | [on] worker W | when NAME[I] > X | list | delete [N]",
      "stop where a hazard shows, a block is touched or reaches a version, a worker goes, or a parameter becomes so",
      followers: ["on", "hazard", "block", "worker", "when", "list", "delete"]
    ) { phrase throws(DebuggerError) in try phrase.breakpoint() },
    CommandWord(
      "print", "WHAT [of W] [NAME | NAME[I]]",
      "show weights, moments, gradient, rollout, advantages, noise, board, statistics or digest; shared, or a worker's",
      followers: Subject.allCases.map(\.rawValue)
    ) { phrase throws(DebuggerError) in try phrase.subject() },
    CommandWord("where", "", "show each worker's next access, and how stale its net is") { _ in .whereabouts },
    CommandWord("explain", "", "say why the latest access shows a hazard: which accesses collide, and in what") { _ in
      .explain
    },
    CommandWord("history", "[N]", "show the latest accesses, 10 or N") { phrase throws(DebuggerError) in
      .history(try phrase.count() ?? 10)
    },
    CommandWord(
      "switch", "W | off", "let worker W go next, whoever would have; off: forget the switches from here on",
      followers: ["off"]
    ) { phrase throws(DebuggerError) in try phrase.turn() },
    CommandWord(
      "diff", "--seed M | --schedule-seed M | --trace F", "walk this run and another to their first difference",
      followers: ["--seed", "--schedule-seed", "--trace"]
    ) { phrase throws(DebuggerError) in .difference(try phrase.other()) },
    CommandWord("save", "F", "write who went when, up to here, to a file") { phrase throws(DebuggerError) in
      guard let path = phrase.next() else { throw DebuggerError("save needs the path of a file") }
      return .save(path)
    },
    CommandWord("help", "[COMMAND]", "list the commands, or describe one") { phrase throws(DebuggerError) in
      guard let word = phrase.next() else { return .help(nil) }
      return .help(try DebuggerCommand.word(word).word)
    },
    CommandWord("quit", "", "end") { _ in .quit },
  ]

  /// Reads a line.
  /// - Returns: `nil` for a line without words, or with a comment alone, which begins with `#`.
  /// - Throws: what cannot be followed in it.
  public init?(_ line: some StringProtocol, _ vocabulary: Vocabulary) throws(DebuggerError) {
    var phrase = Phrase(line, vocabulary)
    guard let first = phrase.next() else { return nil }
    let word = try Self.word(first)
    self = try word.read(&phrase)
    if let rest = phrase.next() {
      throw DebuggerError("'\(rest)' is left over; write \(word.usage)")
    }
  }

  /// The word that `beginning` is, or is the beginning of.
  static func word(_ beginning: String) throws(DebuggerError) -> CommandWord {
    if let exact = words.first(where: { $0.word == beginning }) { return exact }
    return words[try unique(beginning, among: words.map(\.word), what: "command")]
  }

  /// Words that `line`, up to the cursor, could go on with: whole last words.
  public static func completions(of line: String, _ vocabulary: Vocabulary) -> [String] {
    var given = line.split(separator: " ").map(String.init)
    let last = line.hasSuffix(" ") || line.isEmpty ? "" : given.removeLast()
    let known: [String]
    if let first = given.first, let command = try? word(first) {
      switch given.last! {
      case "hazard": known = Hazard.allCases.map(\.rawValue)
      case "on": known = ["hazard", "block", "worker"]
      case "block": known = vocabulary.blocks
      case "when": known = vocabulary.layout.tensors.map(\.name)
      case "help": known = words.map(\.word)
      default:
        let isSubject = command.word == "print" && given.count > 1
        known = isSubject ? ["of"] + vocabulary.layout.tensors.map(\.name) : given.count == 1 ? command.followers : []
      }
    } else {
      known = given.isEmpty ? words.map(\.word) : []
    }
    return known.filter { $0.hasPrefix(last) }
  }
}

/// The position of the only one of `known` that `beginning` is, or is the beginning of.
private func unique(_ beginning: String, among known: [String], what: String) throws(DebuggerError) -> Int {
  if let exact = known.firstIndex(of: beginning) { return exact }
  let meant = known.indices.filter { known[$0].hasPrefix(beginning) }
  if meant.count == 1 { return meant[0] }
  guard meant.isEmpty || beginning.isEmpty else {
    let names = meant.map { known[$0] }
    throw DebuggerError("'\(beginning)' could be \(names.joined(separator: ", ")); write more of it")
  }
  throw DebuggerError(
    "there is no \(what) '\(beginning)'", unknown: DebuggerError.Unknown(word: beginning, known: known))
}

/// A line as it is read, word by word.
private struct Phrase {
  private var words: ArraySlice<String>
  private let vocabulary: Vocabulary

  init(_ line: some StringProtocol, _ vocabulary: Vocabulary) {
    self.vocabulary = vocabulary
    words = String(line).split(whereSeparator: \.isWhitespace).map(String.init)[...]
    if words.first?.hasPrefix("#") == true { words = [] }
  }

  /// The next word.
  mutating func next() -> String? { words.popFirst() }

  /// The next word, if it is this one.
  mutating func take(_ word: String) -> Bool {
    guard let first = words.first, first.count <= word.count, word.hasPrefix(first) else { return false }
    words.removeFirst()
    return true
  }

  /// A count, if one follows.
  mutating func count(from least: Int = 1) throws(DebuggerError) -> Int? {
    guard let word = next() else { return nil }
    guard word.utf8.allSatisfy({ 0x30...0x39 ~= $0 }), let count = Int(word), count >= least else {
      throw DebuggerError("'\(word)' is no count; write an integer from \(least) up")
    }
    return count
  }

  /// A process, by its number or its name.
  mutating func process() throws(DebuggerError) -> Int {
    guard let word = next() else { throw DebuggerError("the number of a worker is missing") }
    if let number = Int(word), vocabulary.processes.indices.contains(number) { return number }
    if let number = vocabulary.processes.firstIndex(of: word) { return number }
    throw DebuggerError("there is no worker '\(word)'; they are 0 to \(vocabulary.processes.count - 1)")
  }

  /// A block, by its number or its name.
  mutating func block() throws(DebuggerError) -> Int {
    guard let word = next() else { throw DebuggerError("the number or the name of a block is missing") }
    if let number = Int(word) {
      if vocabulary.blocks.indices.contains(number) { return number }
      throw DebuggerError("there is no block \(number); they are 0 to \(vocabulary.blocks.count - 1)")
    }
    return try unique(word, among: vocabulary.blocks, what: "block")
  }

  mutating func target() throws(DebuggerError) -> DebuggerCommand.Target {
    guard !words.isEmpty else { return .same }
    if take("worker") { return .process(try process()) }
    if take("block") { return .block(try block()) }
    throw DebuggerError("'\(words.first!)' is neither 'worker' nor 'block'")
  }

  mutating func breakpoint() throws(DebuggerError) -> DebuggerCommand {
    guard !words.isEmpty else { return .listBreakpoints }
    let places = ["hazard", "block", "worker"]
    let kinds = take("on") ? places : places + ["when", "list", "delete"]
    guard let word = next() else { throw DebuggerError("write break on hazard, break on block B or break on worker W") }
    switch kinds[try unique(word, among: kinds, what: "breakpoint")] {
    case "hazard":
      guard let id = next() else { return .breakWhen(.hazard(nil)) }
      let ids = Hazard.allCases.map(\.rawValue)
      return .breakWhen(.hazard(Hazard(rawValue: ids[try unique(id, among: ids, what: "hazard")])))
    case "block":
      let block = try block()
      guard !words.isEmpty else { return .breakWhen(.block(block)) }
      guard take("version") else { throw DebuggerError("'\(words.first!)' is not 'version'") }
      guard let version = try count() else { throw DebuggerError("the number of a version is missing") }
      return .breakWhen(.version(block: block, UInt64(version)))
    case "worker": return .breakWhen(.process(try process()))
    case "when": return .breakWhen(try comparison())
    case "list": return .listBreakpoints
    default: return .deleteBreakpoint(try count())
    }
  }

  /// `NAME[I] > X`, with spaces or without.
  private mutating func comparison() throws(DebuggerError) -> Condition {
    let text = words.joined()
    words = []
    let form = "write break when NAME[I] > X, such as \(example) > 0.5"
    let found = Condition.Comparison.allCases.lazy.compactMap { comparison in
      text.firstRange(of: comparison.rawValue).map { (comparison, $0) }
    }.first
    guard let (comparison, range) = found else { throw DebuggerError("'\(text)' compares nothing; \(form)") }
    guard let bound = Float(text[range.upperBound...]), bound.isFinite else {
      throw DebuggerError("'\(text[range.upperBound...])' is no number; \(form)")
    }
    let selection = try selection(String(text[..<range.lowerBound]))
    guard let element = selection.element else { throw DebuggerError("which element is meant? \(form)") }
    return .parameter(vocabulary.layout.tensors[selection.tensor].range.offset + element, comparison, bound)
  }

  private var example: String { "\(vocabulary.layout.tensors.first?.name ?? "weight")[3]" }

  /// A tensor or an element of it, by its name.
  private func selection(_ text: String) throws(DebuggerError) -> DebuggerCommand.Selection {
    let parts = text.split(separator: "[", maxSplits: 1, omittingEmptySubsequences: false)
    let tensors = vocabulary.layout.tensors
    let tensor = try unique(String(parts[0]), among: tensors.map(\.name), what: "tensor")
    guard parts.count == 2 else { return DebuggerCommand.Selection(tensor: tensor) }
    let count = tensors[tensor].range.count
    guard parts[1].hasSuffix("]"), let element = Int(parts[1].dropLast()), 0..<count ~= element else {
      throw DebuggerError("'[\(parts[1])' is no element of \(tensors[tensor].name); they are [0] to [\(count - 1)]")
    }
    return DebuggerCommand.Selection(tensor: tensor, element: element)
  }

  mutating func subject() throws(DebuggerError) -> DebuggerCommand {
    let subjects = DebuggerCommand.Subject.allCases
    guard let word = next() else {
      throw DebuggerError("print needs what to show: \(subjects.map(\.rawValue).joined(separator: ", "))")
    }
    let subject = subjects[try unique(word, among: subjects.map(\.rawValue), what: "state")]
    var owner: Int?
    if words.first == "of" {
      words.removeFirst()
      _ = words.first.map { $0 != "worker" } ?? true ? nil : words.popFirst()
      owner = try process()
    }
    var chosen: DebuggerCommand.Selection?
    if [.weights, .moments, .gradient].contains(subject), let text = next() { chosen = try selection(text) }
    return .show(subject, process: owner, chosen)
  }

  mutating func turn() throws(DebuggerError) -> DebuggerCommand {
    if words.first == "off" {
      words.removeFirst()
      return .unswitch
    }
    if words.first == "worker" { words.removeFirst() }
    return .switchTo(try process())
  }

  mutating func other() throws(DebuggerError) -> DebuggerCommand.Other {
    let kinds = ["--seed", "--schedule-seed", "--trace"]
    guard let word = next() else { throw DebuggerError("diff needs the other run: --seed M or --trace F") }
    let kind = try unique(word, among: kinds, what: "option of diff")
    guard let value = next() else { throw DebuggerError("\(kinds[kind]) needs a value") }
    if kind == 2 { return .trace(value) }
    guard let seed = UInt64(value), value.first != "+" else {
      throw DebuggerError("'\(value)' is no seed; write an integer from 0 up")
    }
    return kind == 0 ? .seed(seed) : .scheduleSeed(seed)
  }
}
