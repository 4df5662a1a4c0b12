// What searches, explanations and the debugger need to know of a process of a training program: workers are such, and
// so is whatever starts them and waits for them.

import DeterministicMath
import Lockstep

/// A process of a training program.
public protocol Participant: Process {
  /// Who it is in reports: `worker 3`, `parent`.
  var name: String { get }
  /// How many updates it has pushed.
  var updates: Int { get }
  /// `nextAccess` in words, such as `store actor.weight`; `nil` when it has finished.
  func nextAccessDescription(in world: Shared) -> String?
  /// The hazards that the last access showed.
  static func witnessed(in world: Shared) -> HazardSet
  /// The model, the board and the statistics of the program's workers.
  static func training(in world: Shared) -> TrainingWorld
  /// The digest of the whole state. Nobody may be in the middle of an access.
  static func digest(of processes: [Self], in world: Shared) -> StateDigest
}

extension Worker: Participant {
  /// `worker` and its number.
  public var name: String { "worker \(number)" }

  /// What the next access is, with the block's name.
  public func nextAccessDescription(in world: TrainingWorld) -> String? {
    phase.words(world.model.blocks, configuration: plan.configuration)
  }

  /// What the statistics noted.
  public static func witnessed(in world: TrainingWorld) -> HazardSet { world.statistics.witnessed }

  /// The world itself.
  public static func training(in world: TrainingWorld) -> TrainingWorld { world }

  /// The digest of model, board and workers.
  public static func digest(of processes: [Worker], in world: TrainingWorld) -> StateDigest {
    world.digest(of: processes)
  }
}
