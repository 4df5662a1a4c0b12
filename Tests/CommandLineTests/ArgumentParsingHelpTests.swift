// The layout of help texts, character by character, for a command that uses every form of option.

import Testing

@testable import a3c

private let replay = Command(
  "replay", summary: "replay asynchronous workers in one thread, bit for bit",
  discussion: "The same seed gives the same digest on every machine, whatever its processor, its operating system or "
    + "the build.",
  options: [
    Option("seed", .seed, default: 42, help: "the interleaving to replay"),
    Option(
      "schedule", .choice("STRATEGY", ["timed", "random"]), default: "timed",
      help: "who makes the next access: timed (a discrete-event clock with realistic lag) or random (uniformly)"),
    Option("a-rather-long-option-name", .path(), help: "has its explanation on the next line"),
    Option(repeated: "hazard", .text("ID", allowed: "an id"), help: "a hazard to look for"),
    Option(required: "trace", .path(), help: "a recorded run"),
    Option(flag: "json", help: "print one JSON document"),
    Option(operand: .text("NAME", allowed: "a name"), help: "what to call it"),
  ],
  examples: ["a3c replay --seed 7"])

private let table = CommandTable(
  program: "a3c",
  about: "a3c makes the race of asynchronous actor-critic learning repeatable: one integer names an interleaving.",
  firstSteps: [("a3c replay --seed 42", "replay one interleaving"), ("a3c hazards", "list what can go wrong")],
  commands: [replay, Command("hazards", summary: "list the known races", options: [])])

@Suite("Help") struct ArgumentParsingHelpTests {
  @Test func `a command's help is laid out in columns`() {
    #expect(
      table.help(for: replay) == """
        a3c replay: replay asynchronous workers in one thread, bit for bit

        Usage:
          a3c replay [--seed N] [--schedule STRATEGY] [--a-rather-long-option-name FILE]
                     [--hazard ID]… --trace FILE [--json] [NAME]

        The same seed gives the same digest on every machine, whatever its processor,
        its operating system or the build.

        Words:
          NAME  what to call it

        Options:
          --seed N             the interleaving to replay (default 42)
          --schedule STRATEGY  who makes the next access: timed (a discrete-event clock
                               with realistic lag) or random (uniformly) (default timed)
          --a-rather-long-option-name FILE
                               has its explanation on the next line
          --hazard ID          a hazard to look for (may be repeated)
          --trace FILE         a recorded run (required)
          --json               print one JSON document
          --help               print this and exit

        Examples:
          a3c replay --seed 7

        """)
  }

  @Test func `bare a3c says what it is and what to copy`() {
    #expect(
      table.overview == """
        a3c makes the race of asynchronous actor-critic learning repeatable: one integer
        names an interleaving.

        Begin with:

          # replay one interleaving
          a3c replay --seed 42

          # list what can go wrong
          a3c hazards

        Commands:
          replay   replay asynchronous workers in one thread, bit for bit
          hazards  list the known races

        'a3c COMMAND --help' describes a command.

        """)
  }

  @Test func `no line is longer than 80 characters and none ends in a space`() {
    for line in (table.overview + table.help(for: replay)).split(separator: "\n") {
      #expect(line.count <= 80, "\(line)")
      #expect(line.last != " ", "\(line)")
    }
  }
}
