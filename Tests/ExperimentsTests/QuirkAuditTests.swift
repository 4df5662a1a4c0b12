// Each detector sees its own quirk and no other, and none sees anything in a repaired run.

import Experiments
import Sharing
import Testing
import Training

@Suite struct QuirkAuditTests {
  private func audit(_ configuration: Configuration, updates: Int = 60) throws -> QuirkAudit {
    try QuirkAudit(of: configuration, schedule: .timed, scheduleSeed: 3, updates: updates)
  }

  @Test(arguments: Quirk.deterministic)
  func `a run shows the quirk that it has and no other`(quirk: Quirk) throws {
    let audit = try audit(quirk.demonstration)
    // What the demonstration cannot do without.
    let expected = Set(quirk.demonstration.quirks)
    #expect(expected.isSubset(of: quirk == .staleBootstrap ? [quirk, .limitIsTerminal] : [quirk]))
    #expect(Set(audit.sightings.map(\.quirk)) == expected, "\(audit.sightings)")
    #expect(audit.counts.count == audit.sightings.count && audit.counts.allSatisfy { $0 > 0 })
  }

  @Test(arguments: Quirk.deterministic)
  func `a repaired run shows no quirk`(quirk: Quirk) throws {
    var configuration = quirk.demonstration
    for quirk in Quirk.allCases { quirk.repair(&configuration) }
    #expect(try audit(configuration).sightings.isEmpty)
  }

  /// Every protocol's accesses are understood, and no interleaving is mistaken for a quirk.
  @Test(arguments: [SharingProtocol.locked, .sharded, .hogwild], Schedule.allCases)
  func `no protocol and no schedule shows a quirk that is not there`(
    sharing: SharingProtocol, schedule: Schedule
  ) throws {
    for quirk in [Quirk.privateStep, .neverCleared] {
      var configuration = quirk.demonstration
      (configuration.sharing, configuration.workers) = (sharing, 3)
      let found = try QuirkAudit(of: configuration, schedule: schedule, scheduleSeed: 1, updates: 40)
      #expect(found.sightings.map(\.quirk) == [quirk])
      quirk.repair(&configuration)
      let repaired = try QuirkAudit(of: configuration, schedule: schedule, scheduleSeed: 1, updates: 40)
      #expect(repaired.sightings.isEmpty)
    }
  }

  @Test func `all quirks of the report are seen in the report's program`() throws {
    var configuration = Preset.sjtu.configuration
    (configuration.maxSteps, configuration.workers) = (25, 3)
    let audit = try audit(configuration)
    let found = audit.sightings
    #expect(Set(found.map(\.quirk)) == [.noInitialPull, .limitIsTerminal, .privateStep, .unscaledMean])
    // Every worker has one flush before its first pull, and every flush the unscaled mean.
    let counts = Dictionary(uniqueKeysWithValues: zip(found.map(\.quirk), audit.counts))
    #expect(counts[.noInitialPull] == 3 && counts[.unscaledMean]! >= 60)
    // The first flush of the first worker, and the first update that another has been made before.
    let pull = try #require(found.first { $0.quirk == .noInitialPull })
    #expect(pull.update == 0 && pull.access < 3)
    #expect(found.first { $0.quirk == .privateStep }?.evidence == "step number 1 in update number 2")
    #expect(found.first { $0.quirk == .unscaledMean }?.evidence == "the mean reaches ±1.0, and actions reach ±2.0")
  }

  @Test func `a mean that reaches beyond the actions is no unscaled one`() throws {
    var configuration = Quirk.unscaledMean.demonstration
    for (scale, count) in [(1.0, 1), (2, 0), (3, 0)] {
      configuration.network.meanScale = scale
      #expect(try audit(configuration, updates: 4).sightings.count == count, "\(scale)")
    }
  }

  @Test func `quirks that occur together are told apart`() throws {
    var configuration = Quirk.clippedDensity.demonstration
    let together: [Quirk] = [
      .clippedDensity, .entropyOfSigma, .attachedBootstrap, .neverCleared, .sameNoise, .limitIsTerminal,
      .staleBootstrap,
    ]
    for quirk in together { quirk.introduce(into: &configuration) }
    #expect(Set(try audit(configuration).sightings.map(\.quirk)) == Set(together))
    configuration.slips.neverCleared = false
    configuration.slips.firstGradientForever = true
    let found = Set(try audit(configuration).sightings.map(\.quirk))
    #expect(found == Set(together).subtracting([.neverCleared]).union([.firstGradientForever]))
  }
}
