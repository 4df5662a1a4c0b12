// A preset is data: a system that is made of existing parts is one value, and nothing else knows of it.

import Environments
import Learning
import Lockstep
import Sharing
import Testing
import Training

@testable import Experiments

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
    #expect(player.play(episode: 0, .greedy).steps == 20)
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
