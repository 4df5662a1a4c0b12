// The shared model under real threads: what lockstep tests of the workers is also true when they run at once. Run it
// under the thread sanitizer too: swift test --sanitize=thread --filter ThreadsTests.

import Environments
import Experiments
import Foundation
import Synchronization
import Testing
import Training

@testable import Sharing

@Suite struct ThreadsTests {
  @Test(arguments: SharingProtocol.asynchronous)
  func workersOnThreadsOfTheirOwnLoseNoVersion(sharing: SharingProtocol) throws {
    for claim in [EpisodeClaim.takeFromBudget, .lookAtFinished] {
      let configuration = Configuration.small(sharing, workers: 4, episodes: 40) {
        $0.episodeClaim = claim
        $0.stepCount = .shared
        $0.maxSteps = 30
      }
      let (plan, environment) = (try configuration.makeRun().world.plan, Pendulum())
      let model = plan.makeModel()
      let board = EpisodeBoard(budget: configuration.episodes, workers: configuration.workers)
      let finished = Mutex<[(worker: Worker, statistics: RunStatistics)]>([])
      let group = DispatchGroup()
      for number in 0..<configuration.workers {
        group.enter()
        Thread {
          var world = TrainingWorld(plan, model: model, board: board)
          var worker = Worker(number: number, plan: plan, environment: environment, model: model)
          while worker.nextAccess != nil { worker.step(&world) }
          finished.withLock { $0.append((worker, world.statistics)) }
          group.leave()
        }.start()
      }
      group.wait()

      let pushesFlushes = SharingProtocol.flushwise.contains(sharing)
      let results = finished.withLock { $0 }
      let updates = results.reduce(0) { $0 + $1.worker.updates }
      TrainingWorld(plan, model: model, board: board).checkInvariants(of: results.map(\.worker))
      #expect(results.count == configuration.workers)
      #expect(updates == results.reduce(0) { $0 + $1.statistics.updates } && updates >= 40 * (pushesFlushes ? 10 : 1))
      #expect(model.blocks.indices.allSatisfy { model.provenance(of: $0).version == UInt64(updates) })
      if pushesFlushes { #expect(model.blocks.indices.allSatisfy { model.steps(of: $0) == updates }) }
      #expect(model.parameters.allSatisfy(\.isFinite) && (model.slot(0) + model.slot(1)).allSatisfy(\.isFinite))

      let played = board.allResults.count
      let overruns = results.reduce(0) { $0 + $1.statistics.count(of: .episodeOverrun) }
      #expect(played == 40 + overruns && board.finishedEpisodes == played && board.begunEpisodes == played)
      if claim == .takeFromBudget { #expect(overruns == 0) }
      if sharing != .hogwild {
        #expect(results.allSatisfy { $0.statistics.count(of: .lostUpdate) == 0 })
      }
      if sharing == .locked { #expect(results.allSatisfy { $0.statistics.count(of: .tornPull) == 0 }) }
    }
  }
}
