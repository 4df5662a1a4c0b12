// The program's commands, and what runs each. Apart from main.swift, whose globals exist only once it has run, so that
// tests read the same table.

import Foundation
import Reporting

/// All that `a3c` can do.
let program = CommandTable(
  program: "a3c",
  about: """
    a3c trains by asynchronous actor-critic (A3C) on real threads, and replays such training in a single thread, bit \
    for bit, from one integer or from a recording of the threads: every interleaving has a name, every run a digest, \
    every race its witness. And it checks its own numbers against the software that they come from.
    """,
  firstSteps: [
    ("a3c replay --seed 42", "twelve workers race over one network; the digest is the same everywhere"),
    ("a3c replay --seed 42 --until 900 --timeline race.svg", "draw who did what when, hazards marked"),
    ("a3c train --protocol sharded --record run.trace", "train on threads; a3c replay --trace run.trace repeats it"),
    ("a3c verify", "check the numbers against Gym, PyTorch and exact tables"),
  ],
  commands: [
    ReplayCommand.declaration, ExploreCommand.declaration, HazardsCommand.declaration, DebugCommand.declaration,
    TrainCommand.declaration, TraceCommand.declaration, EvaluateCommand.declaration, RolloutCommand.declaration,
    PresetsCommand.declaration, VerifyCommand.declaration, CurvesCommand.declaration,
    CheckEnvironmentCommand.declaration, BenchCommand.declaration,
  ])

/// Writes a complaint or a remark where it never mixes with results.
func tell(_ text: String) { ProgressMeter.writeToStandardError(text + "\n") }

/// Sends on what was printed.
/// - Throws: where it does not reach the reader (on a full disk, say), which is no success.
func flushOutput() throws(UsageError) {
  guard fflush(nil) == 0 else {
    let reason = String(cString: strerror(errno))
    throw UsageError("standard output cannot be written: \(reason); give it another place")
  }
}

/// Runs what `words` ask for.
/// - Returns: the exit code.
func run(_ words: [String]) throws -> Int32 {
  switch try program.select(words) {
  case .overview: print(program.overview, terminator: "")
  case .help(let command): print(program.help(for: command), terminator: "")
  case .run(let command, let arguments):
    switch command.name {
    case ReplayCommand.declaration.name: return try ReplayCommand(arguments).run()
    case DebugCommand.declaration.name: return try DebugCommand(arguments).run()
    case TrainCommand.declaration.name: return try TrainCommand(arguments).run()
    case TraceCommand.declaration.name: return try TraceCommand(arguments).run()
    case EvaluateCommand.declaration.name: return try EvaluateCommand(arguments).run()
    case RolloutCommand.declaration.name: return try RolloutCommand(arguments).run()
    case HazardsCommand.declaration.name: return try HazardsCommand(arguments).run()
    case ExploreCommand.declaration.name: return try ExploreCommand(arguments).run()
    case PresetsCommand.declaration.name: return try PresetsCommand(arguments).run()
    case VerifyCommand.declaration.name: return try VerifyCommand(arguments).run()
    case CurvesCommand.declaration.name: return try CurvesCommand(arguments).run()
    case CheckEnvironmentCommand.declaration.name: return try CheckEnvironmentCommand(arguments).run()
    case BenchCommand.declaration.name: return try BenchCommand(arguments).run()
    default: preconditionFailure("\(command.name) is declared but not run")
    }
  }
  return 0
}
