// How long a long failing schedule takes to shrink: a real training run, and in it a race that two certain workers come
// to only after some ten thousand accesses.

import DeterministicMath
import Dispatch
import Experiments
import Lockstep
import Sharing
import Training

/// What shrinking a failing schedule of a training run came to.
public struct ShrinkingTiming: Sendable, Codable {
  /// How many workers there were.
  public var workers: Int
  /// Accesses of the schedule, up to where it failed.
  public var accesses: Int
  /// Its switches away from a worker that could have gone on.
  public var preemptions: Int
  /// Accesses of the smallest schedule that was found to fail.
  public var shrunkAccesses: Int
  /// Preemptions in that schedule.
  public var shrunkPreemptions: Int
  /// How many schedules were tried.
  public var candidates: Int
  /// How many accesses were made in these.
  public var effort: Int
  /// The time from the failing schedule to the smallest.
  public var seconds: Double
}

/// Runs the full `sjtu` system under `hogwild`, with twelve workers chosen at random, until worker 3 loses an update of
/// worker 7 in the last block, and shrinks the schedule. Of all seeds of the schedule it is the first that comes to this
/// after 9,500 to 10,500 accesses.
public func measureShrinking() throws -> ShrinkingTiming {
  var configuration = Preset.sjtu.configuration
  (configuration.sharing, configuration.workers, configuration.episodes) = (.hogwild, 12, .max)
  let (world, workers) = try configuration.makeRun()
  let start = Simulation(world: WitnessingWorld(training: world), processes: workers.map(Witness.init))
  let lost = LostUpdate(block: world.model.blocks.count - 1, of: 7, by: 3)

  let choices = (0..<1000 as Range<UInt64>).lazy.map { schedule(from: start, seed: $0, until: lost) }
    .first { 9_500...10_500 ~= $0.count }!
  let effort = 100_000_000
  let begin = DispatchTime.now().uptimeNanoseconds
  var shrinker = ScheduleShrinker(choices, from: start, effort: effort) { $0.world.lost == lost }!
  let size = shrinker.size
  shrinker.shrink()
  let nanoseconds = DispatchTime.now().uptimeNanoseconds - begin
  return ShrinkingTiming(
    workers: workers.count, accesses: size.accesses, preemptions: size.preemptions,
    shrunkAccesses: shrinker.size.accesses, shrunkPreemptions: shrinker.size.preemptions,
    candidates: shrinker.candidates, effort: effort - shrinker.effort, seconds: Double(nanoseconds) * 1e-9)
}

/// Who makes each access of a random run that stops where `lost` is lost, or soon after 10,500 accesses.
private func schedule(from start: Simulation<Witness, Replayed>, seed: UInt64, until lost: LostUpdate) -> [Int] {
  let stream = RandomStream(seed: seed, worker: 0, purpose: .schedule)
  var run = start.snapshot(drivenBy: RandomWalk(generator: stream))
  var choices: [Int] = []
  while run.world.lost != lost, choices.count <= 10_500, let step = run.advance() { choices.append(step.process) }
  return choices
}

/// An update that a store did not see and overwrote.
private struct LostUpdate: Equatable {
  /// The block that was stored.
  var block: Int
  /// Whose update is lost.
  var of: Int
  /// Who stored.
  var by: Int
}

/// A training world that tells what the latest access lost.
private struct WitnessingWorld: World {
  var training: TrainingWorld
  var lost: LostUpdate?

  func snapshot() -> Self { Self(training: training.snapshot(), lost: lost) }
}

/// A worker, and whose updates its stores lose.
private struct Witness: Process {
  var worker: Worker

  var nextAccess: Access? { worker.nextAccess }

  mutating func step(_ world: inout WitnessingWorld) {
    var stored: (block: Int, lastWriter: Int)?
    if case .storing(let block) = worker.phase {
      stored = (block, world.training.model.provenance(of: block).lastWriter)
    }
    worker.step(&world.training)
    let isLost = world.training.statistics.witnessed.contains(HazardSet(.lostUpdate))
    world.lost = isLost ? stored.map { LostUpdate(block: $0.block, of: $0.lastWriter, by: worker.number) } : nil
  }
}
