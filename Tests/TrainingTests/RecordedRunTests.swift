// A run on real threads, recorded, is repeated by one thread bit for bit.

import Foundation
import PropertyTesting
import Testing

@testable import Sharing
@testable import Training

@Suite struct RecordedRunTests {
  /// The environment variable that says how many runs to make; .ci/check-recordings sets it to 1000.
  private static let count = ProcessInfo.processInfo.environment["A3C_RECORDED_RUNS"]

  @Test func recordedRunsReplayIdentically() throws {
    let count = try Self.count.map { try #require(Int($0), "A3C_RECORDED_RUNS is '\($0)'; give a number") } ?? 40
    var (identical, stale, cuts) = (0, 0, 0)
    for number in 0..<count {
      let run = try RecordedRun.onThreads(number: number)
      if let difference = try run.difference() {
        Issue.record("recorded run \(number): \(difference)\n\(run.configuration)")
      } else {
        identical += 1
      }
      stale += run.statistics.count(of: .stalePush)
      cuts += try Trace(Data(run.trace)).cuts.count
    }
    if Self.count != nil { print("\(identical) of \(count) recorded runs replay identically") }
    #expect(stale > count && cuts > count, "workers that never meet show nothing")
  }

  /// What the numbers name is of every kind that there is.
  @Test func theFirstRunsHaveEverySetting() {
    let settings = (0..<120).map { number in
      var choices = Choices(seed: 1, case: number)
      return choices.draw(Configuration.recordable)
    }
    #expect(Set(settings.map(\.sharing)) == Set(SharingProtocol.allCases.filter(\.isLocked)))
    #expect(Set(settings.map(\.episodeCount)).count == 2 && Set(settings.map(\.rewardSmoothing)).count == 3)
    #expect(Set(settings.map(\.acting)).count == 2 && Set(settings.map(\.stalenessBound)).count == 4)
    #expect(Set(settings.map(\.stepCount)).count == 3 && Set(settings.map(\.episodeClaim)).count == 2)
    #expect(Set(settings.map(\.pullsInitially)).count == 2 && Set(settings.map(\.limitIsTerminal)).count == 2)
    #expect(settings.contains { $0.granularity == .tensor } && settings.contains { $0.granularity == .chunk(1) })
    #expect(settings.contains { $0.workers == 1 } && settings.contains { $0.workers == 16 })
  }

  @Test(arguments: [SharingProtocol.locked, .sharded])
  func aLockstepRunIsRecordedAndReplayedInTheSameWay(sharing: SharingProtocol) throws {
    for schedule in Schedule.allCases {
      for pullsInitially in [false, true] {
        let run = try RecordedRun.inLockstep(
          .small(sharing, workers: 3) { $0.pullsInitially = pullsInitially }, schedule)
        #expect(try run.difference() == nil)
        #expect(try run.trace == RecordedRun.inLockstep(run.configuration, schedule).trace)
      }
    }
  }

  @Test func aReplayThatIsNotOfTheRunDiffers() throws {
    let run = try RecordedRun.inLockstep(.small(.sharded))
    let other = try RecordedRun.inLockstep(.small(.sharded), seed: 2)
    let changes: [(name: String, change: (inout RecordedRun) -> Void)] = [
      ("trace", { $0.trace = other.trace }), ("digest", { $0.digest = other.digest }),
      ("statistics", { $0.statistics = other.statistics }), ("results", { $0.results.swapAt(0, 1) }),
      (
        "failure",
        { $0.failure = WorkerFailure(worker: 0, episode: 0, update: 0, cause: .loss(.nan, "value.bias[0]", 1)) }
      ),
    ]
    for (name, change) in changes {
      var changed = run
      change(&changed)
      #expect(try changed.difference() != nil, "\(name)")
    }
  }
}
