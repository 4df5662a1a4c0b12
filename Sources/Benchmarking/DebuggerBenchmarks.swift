// What a step back costs far into a run: with the debugger as its users have it, commands and answers included.

import Debugging
import Experiments
import Training

/// Steps back from access 1,000,000 of the full `sjtu` system: one, and one of a hundred in a row.
public func measureDebugger() throws -> [Timing] {
  let run = try Preset.sjtu.configuration.makeDebuggedRun(.timed, scheduleSeed: 1)
  var debugger = Debugger(run)
  _ = try debugger.follow(.goTo(1_000_000))
  // A copy goes back to a snapshot of its own, so every repetition begins where the first did.
  func measureBack(_ name: String, times: Int) -> Timing {
    measure(name, units: times, repetitions: 7) {
      var copy = debugger
      for _ in 0..<times { _ = try! copy.follow(.back(1)) }
    }
  }
  return [
    measureBack("back from access 1,000,000", times: 1),
    measureBack("back, 100 times in a row", times: 100),
  ]
}
