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
  /// What keeps it from going on, in words; `nil` where it can go on or has finished.
  func waitDescription(in world: Shared) -> String?
  /// Where it stands in a worker's program; `nil` outside of any.
  var workerPhase: Worker.Phase? { get }
  /// The worker that it is or drives; `nil` for a process that has none, or does not know it yet.
  func worker(in world: Shared) -> Worker?
  /// The hazards that the last access showed.
  static func witnessed(in world: Shared) -> HazardSet
  /// The model, the board and the statistics of the program's workers.
  static func training(in world: Shared) -> TrainingWorld
  /// The names of the shared objects, in the order of their numbers.
  static func objectNames(in world: Shared) -> [String]
  /// The program around the workers; `nil` for workers alone.
  static func launch(in world: Shared) -> LaunchProgram?
  /// The digest of the whole state. Nobody may be in the middle of an access.
  static func digest(of processes: [Self], in world: Shared) -> StateDigest
}

extension Participant {
  /// Nothing: most processes never wait.
  public func waitDescription(in world: Shared) -> String? { nil }
  /// Outside.
  public var workerPhase: Worker.Phase? { nil }
  /// None.
  public func worker(in world: Shared) -> Worker? { nil }
  /// None.
  public static func launch(in world: Shared) -> LaunchProgram? { nil }
}

extension Worker: Participant {
  /// `worker` and its number.
  public var name: String { "worker \(number)" }

  /// What the next access is, with the block's name.
  public func nextAccessDescription(in world: TrainingWorld) -> String? {
    phase.words(world.model.blocks, configuration: plan.configuration)
  }

  /// The rest of the round.
  public func waitDescription(in world: TrainingWorld) -> String? {
    isEnabled(in: world) ? nil : "\(name) waits for the others' gradients of round \(updates)"
  }

  /// `phase`.
  public var workerPhase: Phase? { phase }

  /// The worker itself.
  public func worker(in world: TrainingWorld) -> Worker? { self }

  /// What the statistics noted.
  public static func witnessed(in world: TrainingWorld) -> HazardSet { world.statistics.witnessed }

  /// The world itself.
  public static func training(in world: TrainingWorld) -> TrainingWorld { world }

  /// The names of blocks, counters, the whole model and what belongs to its blocks.
  public static func objectNames(in world: TrainingWorld) -> [String] {
    let blocks = world.model.blocks
    return (0..<SharedObject.count(blocks: blocks.count)).map {
      SharedObject(number: $0, blocks: blocks.count).name(blocks: blocks)
    }
  }

  /// The digest of model, board and workers.
  public static func digest(of processes: [Worker], in world: TrainingWorld) -> StateDigest {
    world.digest(of: processes)
  }
}
