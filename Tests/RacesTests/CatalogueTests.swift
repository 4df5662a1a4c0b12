// Every hazard that needs an interleaving is found in the program that has it and explained by another's access, and is
// not found in the repaired program.

import Lockstep
import Races
import Sharing
import Testing
import Training

/// A program with a hazard, and the repair.
private struct Entry: Sendable, CustomTestStringConvertible {
  let hazard: Hazard
  let sharing: SharingProtocol
  let fault: @Sendable (inout Configuration) -> Void
  let repair: @Sendable (inout Configuration) -> Void

  init(
    _ hazard: Hazard, _ sharing: SharingProtocol, fault: @escaping @Sendable (inout Configuration) -> Void = { _ in },
    repair: @escaping @Sendable (inout Configuration) -> Void = { $0.sharing = .locked }
  ) {
    (self.hazard, self.sharing, self.fault, self.repair) = (hazard, sharing, fault, repair)
  }

  var testDescription: String { hazard.rawValue }
  var program: TrainingProgram<Worker> { .small(sharing, fault) }
  var repaired: TrainingProgram<Worker> {
    .small(sharing) {
      fault(&$0)
      repair(&$0)
    }
  }
}

private let catalogue = [
  Entry(.lostUpdate, .hogwild),
  Entry(.halfMoment, .inPlace),
  Entry(.tornPull, .sharded),
  Entry(.gradientSlot, .gradientSlot),
  Entry(.bindOnce, .bindOnce),
  Entry(.overwrite, .overwrite),
  Entry(.splitStep, .sharded, fault: { $0.stepCount = .readTwice }, repair: { $0.stepCount = .shared }),
  Entry(.episodeOverrun, .locked, repair: { $0.episodeClaim = .takeFromBudget }),
  Entry(.lostCount, .locked, fault: { $0.episodeCount = .loadThenStore }, repair: { $0.episodeCount = .indivisible }),
  Entry(
    .runningReward, .locked, fault: { $0.rewardSmoothing = .checkThenSet }, repair: { $0.rewardSmoothing = .flagged }),
  Entry(.viewActing, .sharded, fault: { $0.acting = .sharedNet }, repair: { $0.acting = .localNet }),
]

@Suite struct CatalogueTests {
  @Test(arguments: catalogue)
  fileprivate func `a hazard is found and explained by another's access, and not in the repaired program`(
    entry: Entry
  ) throws {
    let race = try #require(try race(.hazard(entry.hazard), in: entry.program))
    #expect(race.choices.count < 150)
    let explanation = try #require(race.explanation)
    let other = try #require(explanation.other)
    #expect(other.process != explanation.met.process)
    #expect(other.object == explanation.met.object && other.index < explanation.met.index)
    #expect(explanation.shown == race.events.last && explanation.shown.process == explanation.met.process)
    #expect(explanation.shown.hazards.contains(entry.hazard))
    #expect(explanation.sentences.allSatisfy { $0.hasSuffix(".") })
    #expect(try RacesTests.race(.hazard(entry.hazard), in: entry.repaired, schedules: 30) == nil)
  }

  @Test func `a gradient and a parameter are named where they differ`() throws {
    func tensor(_ hazard: Hazard, _ sharing: SharingProtocol) throws -> String? {
      try race(.hazard(hazard), in: .small(sharing))?.explanation?.element?.tensor
    }
    // Whoever decays moments that are still 0 changes no number.
    #expect(try tensor(.halfMoment, .inPlace) == nil)
    #expect(try tensor(.overwrite, .overwrite) != nil)
    #expect(try tensor(.gradientSlot, .gradientSlot)?.hasSuffix(".grad") == true)
    #expect(try tensor(.lostUpdate, .hogwild) == "actor.weight")
  }

  @Test(arguments: [Hazard.lateBinding, .earlyExitJoin])
  func `what goes wrong around the workers is found, and not where it is repaired`(hazard: Hazard) throws {
    let configuration = TrainingProgram.small(.locked).configuration
    let published = LaunchProgram(binding: .late, joining: .afterFirstEndMark, queueCapacity: 1)
    let race = try #require(
      try race(.hazard(hazard), in: TrainingProgram(configuration, launchedBy: published)))
    let explanation = try #require(race.explanation)
    #expect(explanation.hazard == hazard && explanation.other?.name == "parent")
    #expect(explanation.met.name.hasPrefix("thread"))
    let repaired = LaunchProgram(binding: .atStart, joining: .afterAllEndMarks, queueCapacity: 1)
    #expect(
      try RacesTests.race(.hazard(hazard), in: TrainingProgram(configuration, launchedBy: repaired), schedules: 30)
        == nil)
  }
}
