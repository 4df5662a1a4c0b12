// That the locks are there. Threads do the same again and again, each time in two halves that another thread would come
// between; what they leave behind shows whether one did.

import DeterministicMath
import Foundation
import Learning
import Synchronization
import Testing
import Training

@testable import Sharing

/// Adds 1 to each parameter, and in a slot what the parameter was.
private struct Counting: Optimizer {
  var slots: [OptimizerSlot] { [OptimizerSlot(name: "before", initialValue: 0)] }

  func prepare(step: Int) -> OptimizerStep { OptimizerStep(number: step) }

  func update<Scalar: Real>(_ block: OptimizerBlock<Scalar>, _ step: OptimizerStep) {
    for element in 0..<block.count {
      block.slots[element] = block.parameters[element]
      block.parameters[element] = block.slots[element] + 1
    }
  }
}

@Suite struct LockTests {
  private static let threads = 4
  private static let rounds = 20_000

  /// Runs `body` on several threads at once, each time with the thread's number and a model that all share.
  /// - Returns: the model.
  @discardableResult
  private func onThreads(
    optimizer: any Optimizer = Counting(), _ body: @escaping @Sendable (Int, SharedModel) -> Void
  ) throws -> SharedModel {
    let network = try Configuration.small(.sharded).makeRun().world.plan.network
    try #require(network.layout.count == Self.count)
    let model = SharedModel(
      parameters: Self.gradient, layout: network.layout, granularity: .tensor,
      optimizer: optimizer)
    let group = DispatchGroup()
    for number in 0..<Self.threads {
      group.enter()
      Thread {
        body(number, model)
        group.leave()
      }.start()
    }
    group.wait()
    return model
  }

  private static let count = 47
  private static let gradient = [Float](repeating: 0, count: count)

  @Test func updatesOfABlockExcludeEachOther() throws {
    let tickets = Mutex<[UInt64]>([])
    let model = try onThreads { number, model in
      var own: [UInt64] = []
      for round in 0..<Self.rounds {
        own.append(
          model.update(
            0, gradient: Self.gradient, step: .shared(rateScale: 1), by: Author(worker: number, update: round)
          ).ticket)
      }
      tickets.withLock { $0 += own }
    }
    let all = Self.threads * Self.rounds
    #expect(model.parameters[model.blocks[0].range].allSatisfy { $0 == Float(all) })
    #expect(model.provenance(of: 0).version == UInt64(all) && model.state.steps[0] == all)
    let areConsecutive = tickets.withLock { $0.sorted().elementsEqual(0..<UInt64(all)) }
    #expect(areConsecutive)
    #expect(model.parameters[model.blocks[0].range.upperBound...].allSatisfy { $0 == 0 })
  }

  @Test func readingABlockFindsNoUpdateHalfDone() throws {
    let torn = Atomic<Int>(0)
    try onThreads { number, model in
      var net = [Float](repeating: 0, count: Self.count)
      for round in 0..<Self.rounds {
        if number % 2 == 0 {
          _ = model.update(
            0, gradient: Self.gradient, step: .shared(rateScale: 1), by: Author(worker: number, update: round))
        } else {
          let found = model.read(0, into: &net, checksum: nil).result
          let block = net[model.blocks[0].range]
          if !block.allSatisfy({ $0 == Float(found.version) }) { torn.wrappingAdd(1, ordering: .relaxed) }
        }
      }
    }
    #expect(torn.load(ordering: .relaxed) == 0)
  }

  @Test func exchangesOfTheModelExcludeEachOther() throws {
    let torn = Atomic<Int>(0)
    let model = try onThreads { number, model in
      var net = [Float](repeating: 0, count: Self.count)
      for round in 0..<Self.rounds / 10 {
        _ = model.withModelLock {
          for block in model.blocks.indices {
            let author = Author(worker: number, update: round)
            _ = model.updateUnlocked(block, gradient: Self.gradient, step: .shared(rateScale: 1), by: author)
          }
          for block in model.blocks.indices { _ = model.readUnlocked(block, into: &net, checksum: nil) }
        }
        if Set(net).count != 1 { torn.wrappingAdd(1, ordering: .relaxed) }
      }
    }
    #expect(torn.load(ordering: .relaxed) == 0)
    #expect(model.parameters.allSatisfy { $0 == Float(Self.threads * Self.rounds / 10) })
  }

  /// The same without a lock, and with an optimizer that the thread sanitizer sees through: it must report this race,
  /// and .ci/check-sanitizers looks whether it does.
  @Test(.enabled(if: ProcessInfo.processInfo.environment["A3C_PLANTED_RACE"] == "1"))
  func aPlantedRaceLosesUpdates() throws {
    let model = try onThreads(optimizer: Adam()) { number, model in
      for round in 0..<Self.rounds {
        let author = Author(worker: number, update: round)
        _ = model.updateUnlocked(0, gradient: Self.gradient, step: .shared(rateScale: 1), by: author)
      }
    }
    #expect(model.provenance(of: 0).version < UInt64(Self.threads * Self.rounds))
  }
}
