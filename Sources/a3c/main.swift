// The program: finds the command that is meant, runs it, and turns every way out into a sentence and an exit code.
// 0: fine. 1: a check failed or a run did not repeat itself. 2: bad usage or unreadable input.

import Foundation
import Reporting
import Verification

let program = CommandTable(
  program: "a3c",
  about: """
    a3c replays asynchronous actor-critic training (A3C) in a single thread, bit for bit, from one integer: every \
    interleaving of the workers has a seed, every run a digest, every race its name. And it checks its own numbers \
    against the software that they come from.
    """,
  firstSteps: [
    ("a3c replay --seed 42", "twelve workers race over one network; the digest is the same everywhere"),
    ("a3c replay --seed 42 --until 600 --timeline race.svg", "draw who did what when, hazards marked"),
    ("a3c verify", "check the numbers against Gym, PyTorch and exact tables"),
  ],
  commands: [ReplayCommand.declaration, VerifyCommand.declaration, BenchCommand.declaration])

/// Writes a complaint or a remark where it never mixes with results.
func tell(_ text: String) { FileHandle.standardError.write(Data((text + "\n").utf8)) }

/// Runs what `words` ask for.
/// - Returns: the exit code.
func run(_ words: [String]) throws -> Int32 {
  switch try program.select(words) {
  case .overview: print(program.overview, terminator: "")
  case .help(let command): print(program.help(for: command), terminator: "")
  case .run(let command, let arguments):
    switch command.name {
    case ReplayCommand.declaration.name: return try ReplayCommand(arguments).run()
    case VerifyCommand.declaration.name: return try VerifyCommand(arguments).run()
    case BenchCommand.declaration.name: return try BenchCommand(arguments).run()
    default: preconditionFailure("\(command.name) is declared but not run")
    }
  }
  return 0
}

do {
  exit(try run(Array(CommandLine.arguments.dropFirst())))
} catch {
  tell("a3c: \(error)")
  exit(2)
}
