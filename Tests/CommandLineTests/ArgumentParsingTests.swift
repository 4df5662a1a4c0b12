// Every way of getting a command line wrong, and what the program says to it. The commands are those of a
// demonstration, so that the parser is tested apart from what the product's commands happen to take.

import Testing

@testable import a3c

private enum Speed: String, CaseIterable { case slow, moderate, fast }

private let seed = Option("seed", .seed, default: 1, help: "the interleaving to replay")
private let workers = Option("workers", .count(1...64), default: 4, help: "how many workers run")
private let episodes = Option("episodes", .count(), default: 10, help: "when to stop")
private let rate = Option("rate", .number(0...1), default: 0.5, help: "a fraction")
private let schedule = Option(
  "schedule", .choice("S", ["timed", "random", "round-robin"]), default: "timed", help: "order")
private let speed = Option("speed", .choice("SPEED", of: Speed.self), default: .moderate, help: "how fast")
private let timeline = Option("timeline", .path(), help: "where to draw the schedule")
private let hazards = Option(repeated: "hazard", .text("ID", allowed: "a hazard's id"), help: "what to look for")
private let json = Option(flag: "json", help: "print one JSON document")
private let trace = Option(required: "trace", .path(), help: "the run to compare with")
private let curve = Option(operand: .choice("NAME", ["pendulum", "cartpole"]), help: "the curve to reproduce")

private let replay = Command(
  "replay", summary: "replay asynchronous workers in one thread",
  options: [seed, workers, episodes, rate, schedule, speed, timeline, hazards, json])
private let compare = Command("compare", summary: "compare two runs", options: [trace])
private let curves = Command("curves", summary: "reproduce a curve", options: [curve, json])
private let table = CommandTable(
  program: "a3c", about: "A demonstration.", firstSteps: [("a3c replay --seed 42", "replay one interleaving")],
  commands: [replay, compare, curves])

/// The sentence that `words` are refused with; records a failure where they are accepted.
private func refusal(_ words: String...) -> String {
  do {
    _ = try table.select(words)
    Issue.record("'\(words.joined(separator: " "))' was accepted")
    return ""
  } catch {
    return error.description
  }
}

@Suite("Arguments") struct ArgumentParsingTests {
  @Test func `options that are not given have their defaults`() throws {
    let arguments = try replay.parse([])
    #expect(arguments[seed] == 1)
    #expect(arguments[workers] == 4)
    #expect(arguments[rate] == 0.5)
    #expect(arguments[schedule] == "timed")
    #expect(arguments[speed] == .moderate)
    #expect(arguments[timeline] == nil)
    #expect(arguments[hazards] == [])
    #expect(!arguments[json])
    #expect(arguments.given == [])
  }

  @Test func `a value may follow as the next word or after an equals sign`() throws {
    for words in [["--seed", "7", "--timeline", "a=b.svg"], ["--seed=7", "--timeline=a=b.svg"]] {
      let arguments = try replay.parse(words)
      #expect(arguments[seed] == 7)
      #expect(arguments[timeline] == "a=b.svg")
      #expect(arguments.given == ["seed", "timeline"])
    }
  }

  @Test func `typed values are read`() throws {
    let arguments = try replay.parse([
      "--json", "--speed", "fast", "--rate", "1e-1", "--hazard", "torn-pull", "--hazard=lost-update", "--workers", "64",
    ])
    #expect(arguments[json])
    #expect(arguments[speed] == .fast)
    #expect(arguments[rate] == 0.1)
    #expect(arguments[hazards] == ["torn-pull", "lost-update"])
    #expect(arguments[workers] == 64)
  }

  @Test(arguments: [
    ("0", 0), ("42", 42), ("18446744073709551615", UInt64.max), ("0xff", 255), ("0XFFFFFFFFFFFFFFFF", UInt64.max),
    ("007", 7),
  ])
  func `a seed is decimal or hexadecimal, with all 64 bits`(word: String, value: UInt64) throws {
    #expect(try replay.parse(["--seed", word])[seed] == value)
  }

  @Test(arguments: [
    "1.5", "abc", "-1", "+1", "18446744073709551616", "0x", "0x1g", "0x-1", "0x10000000000000000", "", " 1", "1e3",
  ])
  func `what is no 64-bit integer is no seed`(word: String) {
    #expect(
      refusal("replay", "--seed", word)
        == "--seed takes an integer from 0 to 18446744073709551615, in decimal or as 0x and hexadecimal digits, "
        + "not '\(word)'")
  }

  @Test(arguments: ["0", "-3", "65", "2.0", "four", "+4", "99999999999999999999", "４"])
  func `a count outside its range is refused with the range`(word: String) {
    #expect(refusal("replay", "--workers", word) == "--workers takes an integer from 1 to 64, not '\(word)'")
  }

  @Test func `an open range has no upper bound to name`() {
    #expect(refusal("replay", "--episodes=0") == "--episodes takes an integer from 1 up, not '0'")
  }

  @Test(arguments: ["1.5", "-0.1", "nan", "inf", "0x1p-1", "half"])
  func `a number outside its range, or not finite, is refused`(word: String) {
    #expect(refusal("replay", "--rate", word) == "--rate takes a number from 0.0 to 1.0, not '\(word)'")
  }

  @Test func `an unknown option suggests the one that was meant`() {
    #expect(refusal("replay", "--sed", "42") == "a3c replay has no option '--sed'; did you mean '--seed'?")
    #expect(refusal("replay", "--sede=42") == "a3c replay has no option '--sede'; did you mean '--seed'?")
    #expect(refusal("replay", "-seed", "42") == "a3c replay has no option '-seed'; did you mean '--seed'?")
    #expect(refusal("replay", "--Work", "2") == "a3c replay has no option '--Work'; did you mean '--workers'?")
  }

  @Test func `an unknown option that is near to none points to the help`() {
    #expect(
      refusal("replay", "--volcano") == "a3c replay has no option '--volcano'; 'a3c replay --help' lists them")
    #expect(refusal("replay", "--") == "a3c replay has no option '--'; 'a3c replay --help' lists them")
  }

  @Test func `an unknown command suggests the one that was meant`() {
    #expect(refusal("replya") == "a3c has no command 'replya'; did you mean 'replay'?")
    #expect(refusal("help", "curvs") == "a3c has no command 'curvs'; did you mean 'curves'?")
    #expect(refusal("zebra") == "a3c has no command 'zebra'; the commands are replay, compare, curves")
  }

  @Test func `an unknown choice lists the choices and suggests one`() {
    #expect(
      refusal("replay", "--schedule", "randon")
        == "--schedule takes one of timed, random, round-robin, not 'randon'; did you mean 'random'?")
    #expect(refusal("replay", "--speed", "x") == "--speed takes one of slow, moderate, fast, not 'x'")
    #expect(
      refusal("curves", "pendulun") == "NAME takes one of pendulum, cartpole, not 'pendulun'; did you mean 'pendulum'?")
  }

  @Test func `a single option is given once`() {
    #expect(refusal("replay", "--seed", "1", "--seed=1") == "--seed is given twice; give it once")
    #expect(refusal("replay", "--json", "--json") == "--json is given twice; give it once")
  }

  @Test func `a missing value is not taken from the next option`() {
    #expect(refusal("replay", "--seed") == "--seed needs a value; write --seed N")
    #expect(refusal("replay", "--timeline", "--json") == "--timeline needs a value; write --timeline FILE")
  }

  @Test func `a flag takes no value`() {
    #expect(refusal("replay", "--json=yes") == "--json takes no value, not 'yes'; write --json alone")
  }

  @Test func `leftover words are refused`() {
    #expect(
      refusal("replay", "42") == "'42' is left over: a3c replay takes options; 'a3c replay --help' describes them")
    #expect(
      refusal("curves", "pendulum", "cartpole")
        == "'cartpole' is left over: a3c curves takes NAME and options; 'a3c curves --help' describes them")
    #expect(refusal("help", "replay", "now") == "'now' is left over: 'a3c help' takes one command")
  }

  @Test func `a required option is asked for`() throws {
    #expect(refusal("compare") == "a3c compare needs --trace FILE; add it")
    #expect(try compare.parse(["--trace", "run.trace"])[trace] == "run.trace")
  }

  @Test func `an operand may be left out and stand anywhere`() throws {
    #expect(try curves.parse([])[curve] == nil)
    #expect(try curves.parse(["--json", "pendulum"])[curve] == "pendulum")
    #expect(try curves.parse(["pendulum", "--json"])[json])
  }

  @Test func `the first word selects`() throws {
    guard case .overview = try table.select([]) else { return #expect(Bool(false), "no words") }
    guard case .overview = try table.select(["--help"]) else { return #expect(Bool(false), "--help") }
    guard case .help(let helped) = try table.select(["help", "curves"]) else { return #expect(Bool(false), "help") }
    #expect(helped.name == "curves")
    // Help is given even where the other words make no sense.
    guard case .help(let asked) = try table.select(["replay", "--sed", "--help"]) else {
      return #expect(Bool(false), "--help after a mistake")
    }
    #expect(asked.name == "replay")
    guard case .run(let command, let arguments) = try table.select(["replay", "--seed", "9"]) else {
      return #expect(Bool(false), "a command")
    }
    #expect(command.name == "replay")
    #expect(arguments[seed] == 9)
  }
}

@Suite("Suggestions") struct ArgumentParsingSuggestionTests {
  @Test(arguments: [
    ("", "", 0), ("", "abc", 3), ("seed", "seed", 0), ("sed", "seed", 1), ("replya", "replay", 1),
    ("kitten", "sitting", 3),
    ("ab", "ba", 1), ("ca", "abc", 3), ("abcd", "badc", 2),
  ])
  func `the distance counts insertions, deletions, replacements and swaps`(a: String, b: String, distance: Int) {
    #expect(editDistance(a, b) == distance)
    #expect(editDistance(b, a) == distance)
  }

  @Test func `only a near word is suggested`() {
    let known = ["seed", "preset", "workers"]
    #expect(nearest(to: "sead", among: known) == "seed")
    #expect(nearest(to: "SEED", among: known) == "seed")
    #expect(nearest(to: "saad", among: known) == nil)
    #expect(nearest(to: "wrokes", among: known) == "workers")
    #expect(nearest(to: "p", among: known) == nil)
    #expect(nearest(to: "x", among: []) == nil)
  }
}
