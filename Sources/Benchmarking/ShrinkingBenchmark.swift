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
  /// What was run, and when it was asked whether it had failed.
  public var name: String
  /// Accesses of the schedule.
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

/// Runs the `sjtu` system under `hogwild`, with twelve workers chosen at random, until worker 3 loses an update of worker 7
/// in the last block, and shrinks the schedule. Of all seeds it takes the first that comes to this after 9,500 to 10,500
/// accesses.
/// - Parameter inspection: with `atTheEnd`, sixteen episodes of 200 steps are run to their end, wherever the update is lost.
public func measureShrinking(_ inspection: Inspection) throws -> ShrinkingTiming {
  var configuration = Preset.sjtu.configuration
  (configuration.sharing, configuration.workers, configuration.maxSteps) = (.hogwild, 12, 200)
  configuration.episodeClaim = .takeFromBudget
  configuration.episodes = inspection == .atTheEnd ? 16 : .max
  let (world, workers) = try configuration.makeRun()
  let start = Simulation(
    world: WitnessingWorld(training: world, block: world.model.blocks.count - 1), processes: workers.map(Witness.init))
  func shows<S: Strategy>(_ run: Simulation<Witness, S>) -> Bool {
    inspection == .atTheEnd ? run.world.wasLost : run.world.isLost
  }

  func failingSchedule(seed: UInt64) -> [Int]? {
    let stream = RandomStream(seed: seed, worker: 0, purpose: .schedule)
    var run = start.snapshot(drivenBy: RandomWalk(generator: stream))
    var choices: [Int] = []
    while choices.count <= 10_500, inspection == .atTheEnd || !shows(run), let step = run.advance() {
      choices.append(step.process)
    }
    return shows(run) && 9_500...10_500 ~= choices.count ? choices : nil
  }
  let choices = (0..<1000 as Range<UInt64>).lazy.compactMap(failingSchedule).first!
  let effort = 100_000_000
  let begin = DispatchTime.now().uptimeNanoseconds
  var shrinker = ScheduleShrinker(choices, from: start, inspection: inspection, effort: effort, shows: shows)!
  let size = shrinker.size
  shrinker.shrink()
  let nanoseconds = DispatchTime.now().uptimeNanoseconds - begin
  return ShrinkingTiming(
    name: "\(workers.count) workers, asked \(inspection == .atTheEnd ? "at the end" : "after every access")",
    accesses: size.accesses, preemptions: size.preemptions, shrunkAccesses: shrinker.size.accesses,
    shrunkPreemptions: shrinker.size.preemptions, candidates: shrinker.candidates, effort: effort - shrinker.effort,
    seconds: Double(nanoseconds) * 1e-9)
}

/// A training world that tells whether worker 3 lost an update of worker 7.
private struct WitnessingWorld: World {
  var training: TrainingWorld
  /// The block in which it is looked for.
  let block: Int
  /// Whether the latest access lost one.
  var isLost = false
  /// Whether any access did.
  var wasLost = false

  func snapshot() -> Self {
    var copy = self
    copy.training = training.snapshot()
    return copy
  }
}

/// A worker that looks over whose update it stores.
private struct Witness: Process {
  var worker: Worker

  var nextAccess: Access? { worker.nextAccess }

  mutating func step(_ world: inout WitnessingWorld) {
    let isAtStake =
      worker.number == 3 && worker.phase == .storing(world.block)
      && world.training.model.provenance(of: world.block).lastWriter == 7
    worker.step(&world.training)
    world.isLost = isAtStake && world.training.statistics.witnessed.contains(HazardSet(.lostUpdate))
    world.wasLost = world.wasLost || world.isLost
  }
}
