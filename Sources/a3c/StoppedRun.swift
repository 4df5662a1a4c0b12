// A run that could not go on: an answer, not bad usage, so the exit code is 1.

/// Why a run stopped, with the command that repeats it.
struct StoppedRun: Error, CustomStringConvertible {
  let reason: String
  let repro: String

  var description: String { "the run stopped: \(reason); repeat with: \(repro)" }
}
