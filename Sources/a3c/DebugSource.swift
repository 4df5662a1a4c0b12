// Which run a session debugs: the one of a seed, a recorded one, or the smallest that shows a hazard of the catalogue.

import Debugging
import Foundation
import Lockstep
import Races
import Sharing
import Training

/// What names a run.
enum DebugSource {
  /// The run of a configuration in an interleaving, with faults.
  case seeded(Configuration, Schedule, scheduleSeed: UInt64, faults: [Fault])
  /// A recording, or a schedule.
  case recorded(Trace)
  /// The smallest schedule that shows a hazard, to be walked from its end.
  case found(Hazard, Trace)

  /// The smallest schedule that shows the hazard of `entry`: searched, and made smaller, on the spot.
  /// - Parameter seed: names initial weights, noise, start states and all schedules that are tried.
  /// - Throws: `UsageError` where there is none to be found.
  static func minimal(of entry: CatalogueEntry, seed: UInt64) throws -> DebugSource {
    guard case .interleaving(let hazard) = entry.kind else {
      throw UsageError(
        "\(entry.id) is in every run of a program that has it, so there is no schedule to walk; "
          + "a3c hazards run \(entry.id) compares it with the repair")
    }
    var specimen = entry.faulty
    specimen.configuration.seed = seed
    var search = MinimalSchedule(hazard: hazard, seed: seed)
    return .found(hazard, try specimen.accept(&search))
  }

  /// The run, before any access.
  func makeRun() throws -> any Debuggable {
    switch self {
    case .seeded(let configuration, let schedule, let seed, []):
      return try configuration.makeDebuggedRun(schedule, scheduleSeed: seed)
    case .seeded(let configuration, let schedule, let seed, let faults):
      return try configuration.makeDebuggedRun(schedule, scheduleSeed: seed, faults: faults)
    case .recorded(let trace), .found(_, let trace): return try trace.makeDebuggedRun()
    }
  }

  /// The run that `diff` means beside this one.
  func other(_ other: DebuggerCommand.Other) throws -> DebugSource {
    var (configuration, schedule, faults) =
      switch self {
      case .seeded(let configuration, let schedule, _, let faults): (configuration, schedule, faults)
      case .recorded(let trace), .found(_, let trace): (trace.header.configuration, .timed, [])
      }
    switch other {
    case .trace(let path): return .recorded(try loadTrace(path))
    case .seed(let seed):
      configuration.seed = seed
      return .seeded(configuration, schedule, scheduleSeed: seed, faults: faults)
    case .scheduleSeed(let seed): return .seeded(configuration, schedule, scheduleSeed: seed, faults: faults)
    }
  }

  /// Why who went when, from the run's first access on, is not the whole run; `nil` where it is.
  var isNoSchedule: String? {
    switch self {
    case .seeded(_, _, _, []): nil
    case .seeded: "the run has faults, of which a trace tells nothing; walk it without --fault to save it"
    case .recorded(let trace), .found(_, let trace):
      trace.header.startingDigest.map { _ in
        "the run goes on from a checkpoint, which a trace of choices cannot; walk its first recording"
      }
    }
  }
}

/// Finds the smallest schedule of a hazard, as a trace.
private struct MinimalSchedule: SpecimenVisitor {
  let hazard: Hazard
  let seed: UInt64

  func visit<P: Participant>(_ program: TrainingProgram<P>) throws -> Trace {
    guard let race = try HuntRun(RaceHunt(program, for: .hazard(hazard), seed: seed)).race else {
      throw UsageError("\(hazard.rawValue) does not show with --seed \(seed); give another seed")
    }
    return try Trace(Data(Trace.bytes(of: race.choices, endingIn: race.end)))
  }
}
