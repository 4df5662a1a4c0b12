// A preset is data: a system that is made of existing parts is one value, and nothing else knows of it.

import Environments
import Learning
import Lockstep
import Sharing
import Testing

@testable import Experiments
@testable import Training

extension Preset {
  /// A seventh system: three synchronous workers on Acrobot with plain descent.
  fileprivate static let seventh = Preset(
    "seventh", summary: "A2C on Acrobot-v1 by plain descent", source: "this test",
    configuration: Configuration(
      preset: "", environment: "Acrobot-v1", workers: 3, episodes: 6, maxSteps: 40, sharing: .synchronous,
      granularity: .tensor, flushLength: 8, discount: 0.95, loss: .a3c,
      network: NetworkDesign(
        trunk: [6, 5], activation: .relu, head: .categorical(limitsProbabilities: false),
        initialisation: .xavierNormal(bias: 0)),
      optimizer: .gradientDescent(GradientDescent(learningRate: 0.01)), rewardScaling: .raw, pullsInitially: true,
      limitIsTerminal: false, stepCount: .shared, episodeClaim: .takeFromBudget, seed: 3))
}

@Suite struct PresetTests {
  @Test func aSeventhSystemIsOneValue() throws {
    let configuration = Preset.seventh.configuration
    try configuration.validate()
    #expect(configuration.preset == "seventh" && configuration.quirks.isEmpty)
    // It runs in lockstep, from a checkpoint in its middle, and on threads.
    var run = try configuration.makeSimulation(.timed, scheduleSeed: 1)
    let first = run.world.model.parameters
    run.run()
    #expect(run.status == .finished && run.world.board.finishedEpisodes == 6 && run.world.model.parameters != first)
    var again = try configuration.makeSimulation(.timed, scheduleSeed: 1)
    again.run()
    #expect(again.digest.value == run.digest.value)
    let (world, workers) = try configuration.makeRun()
    let trainer = Trainer(world, workers)
    try trainer.start()
    while !trainer.wait(seconds: 10) {}
    #expect(trainer.isFinished && trainer.board.finishedEpisodes == 6)
    let player = try PolicyPlayer(configuration, parameters: run.world.model.parameters, seed: 1, maxSteps: 20)
    #expect(try player.play(episode: 0, .greedy).steps == 20)
  }

  @Test(arguments: Preset.all.map(\.name)) func everyPresetCanBeRun(name: String) throws {
    var configuration = try #require(Preset.named(name)).configuration
    try configuration.validate()
    (configuration.episodes, configuration.maxSteps) = (min(configuration.workers, 3), 12)
    var run = try configuration.makeSimulation(.timed, scheduleSeed: 1)
    run.run()
    #expect(run.status == .finished && run.world.failure == nil)
    #expect(run.world.board.finishedEpisodes >= configuration.episodes)
  }

  @Test(arguments: Preset.all.map(\.name)) func everyPresetIsTakenUpInItsMiddle(name: String) throws {
    var configuration = try #require(Preset.named(name)).configuration
    (configuration.episodes, configuration.maxSteps) = (min(configuration.workers, 3), 12)
    let start = try configuration.makeSimulation(.timed, scheduleSeed: 1)
    var (whole, half) = (start.snapshot(), start.snapshot())
    whole.run()
    while half.accesses < whole.accesses / 2, half.advance() != nil {}
    let checkpoint = Checkpoint(half.world, half.processes, schedule: half.strategy)
    let (world, workers) = try Checkpoint(checkpoint.bytes()).makeRun()
    var resumed = TrainingSimulation(world: world, processes: workers, strategy: try #require(checkpoint.schedule))
    #expect(resumed.digest.value == half.digest.value && resumed.digest.value != whole.digest.value)
    resumed.run()
    #expect(resumed.digest.value == whole.digest.value)
  }

  /// The sizes and rates of every published system, as its document has them.
  struct Numbers: CustomTestStringConvertible {
    let (name, workers, episodes, maxSteps, flushLength): (String, Int, Int, Int, Int)
    let (discount, rate): (Double, Double)
    var criticRate: Double?

    init(
      _ name: String, _ workers: Int, _ episodes: Int, _ maxSteps: Int, _ flushLength: Int, _ discount: Double,
      _ rate: Double, critic criticRate: Double? = nil
    ) {
      (self.name, self.workers, self.episodes, self.maxSteps) = (name, workers, episodes, maxSteps)
      (self.flushLength, self.discount, self.rate, self.criticRate) = (flushLength, discount, rate, criticRate)
    }

    var testDescription: String { name }
  }

  private static let numbers = [
    Numbers("sjtu", 12, 1000, 4000, 10, 0.9, 1e-4), Numbers("a2c-step", 1, 3000, 200, 1, 0.99, 3e-4, critic: 3e-3),
    Numbers("a2c-step-mountain-car", 1, 7000, 200, 1, 0.99, 3e-4, critic: 3e-3),
    Numbers("a2c-epoch", 1, 7168, 200, 2048, 0.99, 3e-4), Numbers("a3c", 16, 2000, 500, 5, 0.99, 1e-2),
    Numbers("a3c-pendulum", 16, 4000, 200, 5, 0.99, 1e-3),
    Numbers("morvan", 4, 2000, 200, 10, 0.9, 1e-4, critic: 1e-3), Numbers("swingup-n1", 1, 400, 1000, 1, 0.95, 3e-5),
    Numbers("swingup", 1, 400, 1000, 8, 0.95, 4e-4), Numbers("swingup-n16", 1, 400, 1000, 16, 0.95, 4e-4),
    Numbers("swingup-threads", 4, 400, 1000, 8, 0.95, 4e-4),
    Numbers("swingup-processes-n1", 4, 400, 1000, 1, 0.95, 3e-5),
    Numbers("swingup-processes", 4, 400, 1000, 8, 0.95, 4e-4),
    Numbers("swingup-processes-n16", 4, 400, 1000, 16, 0.95, 4e-4),
  ]

  @Test func everyPublishedPresetHasItsNumbers() { #expect(Self.numbers.map(\.name) == Preset.published.map(\.name)) }

  @Test(arguments: numbers) func aPublishedPresetHasTheNumbersOfItsDocument(numbers: Numbers) throws {
    let configuration = try #require(Preset.named(numbers.name)).configuration
    #expect(configuration.workers == numbers.workers && configuration.episodes == numbers.episodes)
    #expect(configuration.maxSteps == numbers.maxSteps && configuration.flushLength == numbers.flushLength)
    #expect(configuration.discount == numbers.discount && configuration.criticRate == numbers.criticRate)
    #expect(configuration.optimizer.learningRate == numbers.rate)
  }

  @Test(arguments: Preset.all.map(\.name)) func aRepairedPresetHasNoQuirk(name: String) throws {
    var configuration = try #require(Preset.named(name)).configuration
    for quirk in Quirk.allCases { quirk.repair(&configuration) }
    #expect(configuration.quirks.isEmpty)
    try configuration.validate()
  }

  @Test func quirksAreThoseOfTheDocuments() throws {
    func quirks(_ name: String) throws -> [String] {
      try #require(Preset.named(name)).configuration.quirks.map(\.rawValue)
    }
    #expect(try quirks("a2c-step") == ["limit-is-terminal"])
    #expect(try quirks("a2c-epoch") == ["limit-is-terminal", "no-tail-bootstrap"])
    #expect(try quirks("a3c") == [])
    #expect(
      try quirks("morvan")
        == ["no-initial-pull", "limit-is-terminal", "episode-overrun", "clipped-density", "stale-bootstrap"])
    #expect(try quirks("swingup") == ["entropy-of-sigma"])
  }

  @Test func everyNumberHasAnOrigin() {
    let morvan = Preset.morvan
    #expect(morvan.origin(of: "discount") == morvan.source && morvan.origin(of: "workers").contains("choice"))
    #expect(morvan.origin(of: "optimizer.decay") == "TensorFlow's default")
    #expect(morvan.origin(of: "optimizer.learningRate") == morvan.source, "a group's origin is not its neighbour's")
    // What it does without is from nowhere; what it does not is from its document.
    #expect(morvan.origin(of: "slips.neverCleared") == "" && morvan.origin(of: "slips.clippedDensity") == morvan.source)
  }
}
