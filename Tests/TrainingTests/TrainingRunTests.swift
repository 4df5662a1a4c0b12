// That a run is put together from a configuration alone.

import Environments
import Experiments
import Sharing
import Testing

@testable import Training

@Suite struct TrainingRunTests {
  @Test func anUnknownEnvironmentIsRefusedByName() {
    var configuration = Preset.sjtu.configuration
    configuration.environment = "Pendulum-v9"
    #expect(throws: UnknownEnvironment.self) { try configuration.makeRun() }
  }

  @Test func aSettingWithoutAValueCanBeGivenOneAndLoseIt() throws {
    var configuration = Preset.sjtu.configuration
    configuration.sharing = .locked
    try configuration.set("stalenessBound", to: "4")
    #expect(configuration.stalenessBound == 4)
    try configuration.set("discount", to: "0.5")
    #expect(configuration.stalenessBound == 4 && configuration.discount == 0.5)
    try configuration.set("stalenessBound", to: "null")
    #expect(configuration.stalenessBound == nil)
    #expect(throws: ConfigurationError.self) { try configuration.set("stalenessBound", to: "-1") }
    #expect(throws: ConfigurationError.self) { try configuration.set("stalenessBounds", to: "1") }
  }

  @Test func gradientsThatWereDroppedAreCountedAcrossACheckpoint() throws {
    let configuration = Configuration.small(.locked, workers: 4) {
      ($0.stalenessBound, $0.episodes) = (0, 6)
    }
    var run = try configuration.makeSimulation(.random, scheduleSeed: 1)
    var resumed: TrainingSimulation?
    while run.advance() != nil {
      if run.world.statistics.refused == 2, resumed == nil {
        resumed = try TrainingSimulation(Checkpoint(run.checkpoint.bytes()))
      }
    }
    resumed?.run()
    #expect(run.world.statistics.refused > 2 && resumed?.world.statistics.refused == run.world.statistics.refused)
  }
}
