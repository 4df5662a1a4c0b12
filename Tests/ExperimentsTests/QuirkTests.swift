// The quirks of the presets: which there are, and that a repair changes one setting and nothing else.

import Experiments
import Foundation
import Sharing
import Testing
import Training

extension Slips {
  /// The catalogue's names of the slips.
  fileprivate static let names: Set = [
    "never-cleared", "first-gradient-forever", "same-noise", "clipped-density", "stale-bootstrap",
    "attached-bootstrap", "no-tail-bootstrap",
  ]
}

@Suite struct QuirkTests {
  @Test func thePresetOfTheReportHasTheDocumentedQuirks() {
    #expect(
      Preset.sjtu.configuration.quirks.map(\.rawValue)
        == ["no-initial-pull", "limit-is-terminal", "private-step", "unscaled-mean", "episode-overrun"])
  }

  @Test(arguments: Quirk.allCases)
  func aRepairChangesExactlyTheSettingOfTheQuirk(quirk: Quirk) {
    var clean = Preset.sjtu.configuration
    for quirk in Quirk.allCases { quirk.repair(&clean) }
    var expected = clean
    switch quirk {
    case .noInitialPull: expected.pullsInitially = false
    case .limitIsTerminal: expected.limitIsTerminal = true
    case .privateStep: expected.stepCount = .privateToWorker
    case .unscaledMean: expected.network.meanScale = 1
    case .episodeOverrun: expected.episodeClaim = .lookAtFinished
    case .neverCleared: expected.slips.neverCleared = true
    case .firstGradientForever: expected.slips.firstGradientForever = true
    case .sameNoise: expected.slips.sameNoise = true
    case .clippedDensity: expected.slips.clippedDensity = true
    case .staleBootstrap: expected.slips.staleBootstrap = true
    case .entropyOfSigma: expected.loss.entropy = .ofSigma
    case .attachedBootstrap: expected.slips.attachedBootstrap = true
    case .noTailBootstrap: expected.slips.noTailBootstrap = true
    }
    var changed = clean
    quirk.introduce(into: &changed)
    #expect(changed == expected && changed != clean && changed.quirks == [quirk])
    quirk.repair(&changed)
    #expect(changed == clean && changed.quirks == [])
    quirk.repair(&changed)
    #expect(changed == clean)
  }

  @Test func aRepairedPresetHasNoQuirkLeft() {
    var configuration = Preset.sjtu.configuration
    for quirk in Quirk.allCases { quirk.repair(&configuration) }
    #expect(configuration.quirks == [])
  }

  @Test(arguments: Quirk.allCases.map(\.rawValue).filter { Slips.names.contains($0) })
  func aSlipIsSetByItsName(id: String) throws {
    let quirk = try #require(Quirk(rawValue: id))
    var (named, introduced) = (Preset.sjtu.configuration, Preset.sjtu.configuration)
    let words = id.split(separator: "-")
    try named.set("slips." + words[0] + words.dropFirst().map(\.capitalized).joined(), to: "true")
    quirk.introduce(into: &introduced)
    #expect(named == introduced && named != Preset.sjtu.configuration)
  }

  @Test func aGradientCannotBeKeptInTwoWays() {
    var configuration = Preset.sjtu.configuration
    configuration.slips.neverCleared = true
    #expect { try configuration.set("slips.firstGradientForever", to: "true") } throws: {
      "\($0)" == "slips.neverCleared and slips.firstGradientForever exclude each other; set one of them to false"
    }
  }

  @Test func aMeanThatReachesBeyondTheBoundsIsNotUnscaled() {
    var configuration = Preset.sjtu.configuration
    configuration.network.meanScale = 3
    #expect(!Quirk.unscaledMean.isPresent(in: configuration))
    configuration.network.meanScale = 1.99
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
