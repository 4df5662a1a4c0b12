// The quirks of the presets: which there are, and that a repair changes one setting and nothing else.

import Experiments
import Sharing
import Testing
import Training

@Suite struct QuirkTests {
  @Test func thePresetOfTheReportHasTheDocumentedQuirks() {
    #expect(
      Preset.sjtu.configuration.quirks.map(\.rawValue)
        == ["no-initial-pull", "limit-is-terminal", "private-step", "unscaled-mean", "episode-overrun"])
  }

  @Test(arguments: Quirk.allCases)
  func aRepairChangesExactlyTheSettingOfTheQuirk(quirk: Quirk) {
    var expected = Preset.sjtu.configuration
    switch quirk {
    case .noInitialPull: expected.pullsInitially = true
    case .limitIsTerminal: expected.limitIsTerminal = false
    case .privateStep: expected.stepCount = .shared
    case .unscaledMean: expected.meanScale = 2
    case .episodeOverrun: expected.episodeClaim = .takeFromBudget
    }
    var repaired = Preset.sjtu.configuration
    quirk.repair(&repaired)
    #expect(repaired == expected && repaired != Preset.sjtu.configuration)
    #expect(repaired.quirks == Quirk.allCases.filter { $0 != quirk })
    quirk.repair(&repaired)
    #expect(repaired == expected)
  }

  @Test func aRepairedPresetHasNoQuirkLeft() {
    var configuration = Preset.sjtu.configuration
    for quirk in Quirk.allCases { quirk.repair(&configuration) }
    #expect(configuration.quirks == [])
  }

  @Test func aMeanThatReachesBeyondTheBoundsIsNotUnscaled() {
    var configuration = Preset.sjtu.configuration
    configuration.meanScale = 3
    #expect(!Quirk.unscaledMean.isPresent(in: configuration))
    configuration.meanScale = 1.99
    #expect(Quirk.unscaledMean.isPresent(in: configuration))
  }

  @Test func anUnknownEnvironmentIsRefusedByName() {
    var configuration = Preset.sjtu.configuration
    configuration.environment = "Pendulum-v9"
    #expect { try configuration.makeRun() } throws: { "\($0)".contains("'Pendulum-v9'") }
    #expect(!Quirk.unscaledMean.isPresent(in: configuration))
  }

  @Test func aPresetIsFoundByItsName() {
    #expect(Preset.named("sjtu")?.configuration == Preset.sjtu.configuration)
    #expect(Preset.named("SJTU") == nil)
    #expect(Preset.all.allSatisfy { $0.name == $0.configuration.preset })
  }
}
