// Which run a session debugs: the one of a seed, or a recorded one. Both make the same kind of run.

import Debugging
import Lockstep
import Sharing
import Training

/// What names a run.
enum DebugSource {
  /// The run of a configuration in an interleaving.
  case seeded(Configuration, Schedule, scheduleSeed: UInt64)
  /// A recording.
  case recorded(path: String)

  /// The run, before any access.
  func makeRun() throws -> DebuggedRun {
    switch self {
    case .seeded(let configuration, let schedule, let seed):
      try configuration.makeDebuggedRun(schedule, scheduleSeed: seed)
    case .recorded(let path): try loadTrace(path).makeDebuggedRun()
    }
  }

  /// The run that `diff` means beside this one.
  func other(_ other: DebuggerCommand.Other) throws -> DebugSource {
    switch other {
    case .trace(let path): return .recorded(path: path)
    case .seed(let seed):
      var (configuration, schedule) = try settings
      configuration.seed = seed
      return .seeded(configuration, schedule, scheduleSeed: seed)
    case .scheduleSeed(let seed):
      let (configuration, schedule) = try settings
      return .seeded(configuration, schedule, scheduleSeed: seed)
    }
  }

  /// What determines the run beside its interleaving, and the family of that.
  private var settings: (Configuration, Schedule) {
    get throws {
      switch self {
      case .seeded(let configuration, let schedule, _): (configuration, schedule)
      case .recorded(let path): (try loadTrace(path).header.configuration, .timed)
      }
    }
  }

  /// Whether nothing was done before the run's first access.
  var beginsAtItsBeginning: Bool {
    get throws {
      switch self {
      case .seeded: true
      case .recorded(let path): try loadTrace(path).header.startingDigest == nil
      }
    }
  }
}
