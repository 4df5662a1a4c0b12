// A run that could not go on: an answer, not bad usage, so the exit code is 1.

import Sharing

/// A worker's failure, with the command that repeats it.
struct StoppedRun: Error, CustomStringConvertible {
  let failure: WorkerFailure
  let repro: String

  var description: String { "the run stopped: \(failure); repeat with: \(repro)" }
}
