// That a run is put together from a configuration alone.

import Environments
import Experiments
import Testing
import Training

@Suite struct TrainingRunTests {
  @Test func anUnknownEnvironmentIsRefusedByName() {
    var configuration = Preset.sjtu.configuration
    configuration.environment = "Pendulum-v9"
    #expect(throws: UnknownEnvironment.self) { try configuration.makeRun() }
  }
}
