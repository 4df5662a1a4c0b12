// The catalogue holds what it promises: every race is found in the program that has it, made small, and explained by
// another's access; no interleaving of the repaired program shows it, and some interleaving of the faulty one does,
// looked at in the same way. Every slip differs from its repair.

import Experiments
import Lockstep
import Races
import Sharing
import Testing
import Training

extension CatalogueEntry: CustomTestStringConvertible {
  /// The entry's name.
  public var testDescription: String { id }

  fileprivate var hazard: Hazard {
    guard case .interleaving(let hazard) = kind else { preconditionFailure("\(id) is a slip") }
    return hazard
  }

  fileprivate var quirk: Quirk {
    guard case .slip(let quirk) = kind else { preconditionFailure("\(id) is a race") }
    return quirk
  }
}

/// What a hunt came to, whatever the program's processes are.
private struct Hunted: SpecimenVisitor {
  struct Finding {
    var explanation: Explanation?
    var events: [AccessEvent]
    var size: (preemptions: Int, processes: Int, updates: Int)
    var passing: [Int]?
  }

  struct Outcome {
    var finding: Finding?
    var effort: (schedules: Int, explored: Double?, cut: Int?)
  }

  let hazard: Hazard
  var strategy = SearchStrategy.portfolio
  var schedules = 200
  var seed: UInt64 = 0

  func visit<P: Participant>(_ program: TrainingProgram<P>) throws -> Outcome {
    let hunt = RaceHunt(program, for: .hazard(hazard), by: strategy, schedules: schedules, seed: seed)
    let (effort, found) = try hunt.search()
    let finding = try found.map { found in
      let race = try hunt.shrink(found.choices)
      return Finding(
        explanation: race.explanation, events: race.events,
        size: (race.size.minimal.preemptions, race.processes, race.updates), passing: race.passing)
    }
    return Outcome(
      finding: finding, effort: (effort.schedules, effort.exploration?.explored, effort.exploration?.cut))
  }
}

@Suite struct CatalogueTests {
  @Test func `every hazard and every quirk has one entry`() {
    let ids = CatalogueEntry.all.map(\.id)
    #expect(ids.count == 26 && Set(ids).count == 26)
    #expect(CatalogueEntry.races.count == 14 && CatalogueEntry.slips.count == 12)
    #expect(Set(Hazard.allCases.map(\.rawValue)).isSubset(of: ids))
    #expect(Set(Quirk.allCases.map(\.rawValue)).isSubset(of: ids))
    for entry in CatalogueEntry.all {
      #expect(CatalogueEntry.named(entry.id)?.id == entry.id && entry.faulty != entry.repaired)
      #expect(entry.mechanism.hasSuffix(".") && ![entry.source, entry.evidence, entry.repair].contains(""))
    }
    #expect(CatalogueEntry.named("lost-updates") == nil)
  }

  @Test(arguments: CatalogueEntry.races)
  func `a race is found from a cold start, shrunk to a few accesses of two workers, and explained`(
    entry: CatalogueEntry
  ) throws {
    for seed in 0..<UInt64(3) {
      var specimen = entry.faulty
      specimen.configuration.seed = seed
      var hunt = Hunted(hazard: entry.hazard, seed: seed)
      let outcome = try specimen.accept(&hunt)
      let finding = try #require(outcome.finding, "seed \(seed)")
      // Beside two workers there may be a parent.
      #expect(finding.size.preemptions <= 2 && finding.size.processes <= (specimen.launch == nil ? 2 : 3))
      #expect(outcome.effort.schedules <= 10 && finding.events.count <= 24)
      let explanation = try #require(finding.explanation)
      let other = try #require(explanation.other)
      #expect(explanation.hazard == entry.hazard && other.process != explanation.met.process)
      #expect(explanation.sentences.allSatisfy { $0.hasSuffix(".") })
      guard entry.hazard != .earlyExitJoin else { continue }
      #expect(other.object == explanation.met.object && other.index < explanation.met.index)
      #expect(explanation.shown == finding.events.last && explanation.shown.hazards.contains(entry.hazard))
      #expect(finding.passing != nil)
    }
  }

  @Test(arguments: CatalogueEntry.races)
  func `a search of the repaired program finds nothing`(entry: CatalogueEntry) throws {
    var hunt = Hunted(hazard: entry.hazard, schedules: 100)
    #expect(try entry.repaired.accept(&hunt).finding == nil)
  }

  @Test(arguments: CatalogueEntry.races)
  func `no interleaving of the small repaired program shows the race, and the faulty one fails the same proof`(
    entry: CatalogueEntry
  ) throws {
    var proof = Hunted(hazard: entry.hazard, strategy: .exhaustive(preemptions: nil), schedules: .max)
    let proved = try entry.small(entry.repaired).accept(&proof)
    #expect(proved.finding == nil && proved.effort.explored == 1 && proved.effort.cut == 0)
    #expect(proved.effort.schedules > 100, "a program with hardly an interleaving proves nothing")
    let refuted = try entry.small(entry.faulty).accept(&proof)
    #expect(refuted.finding != nil)
  }

  @Test(arguments: CatalogueEntry.slips)
  func `a slip differs from its repair, which differs from itself in nothing`(entry: CatalogueEntry) throws {
    let comparison = try QuirkComparison(of: entry.quirk, in: entry.faulty.configuration)
    #expect(comparison.first != nil && comparison.updates > 0)
    let itself = try QuirkComparison(
      entry.repaired.configuration, entry.repaired.configuration, schedule: .roundRobin, scheduleSeed: 0, updates: 30)
    #expect(itself.first == nil)
  }

  @Test func `the element that shows a race most is named where numbers differ`() throws {
    func tensor(_ id: String) throws -> String? {
      let entry = try #require(CatalogueEntry.named(id))
      var hunt = Hunted(hazard: entry.hazard)
      return try entry.faulty.accept(&hunt).finding?.explanation?.element?.tensor
    }
    for id in ["overwrite", "lost-update", "torn-pull", "stale-push", "view-acting"] {
      #expect(try tensor(id) != nil, "\(id)")
    }
    for id in ["gradient-slot", "bind-once"] { #expect(try tensor(id)?.hasSuffix(".grad") == true, "\(id)") }
    #expect(try tensor("half-moment")?.hasSuffix(".exp_avg") == true)
    #expect(try tensor("split-step") == "the step count of block 0")
    // Counters and waits are no numbers of the model.
    for id in ["lost-count", "early-exit-join"] { #expect(try tensor(id) == nil, "\(id)") }
  }
}
