// A replay that could not fail would show nothing: each thing that is changed in a trace, or in the middle of a replay,
// is found, and said to be where it is.

import DeterministicMath
import Foundation
import Lockstep
import Testing

@testable import Sharing
@testable import Training

@Suite struct TraceDivergenceTests {
  private static let sharded = Configuration.small(.sharded, workers: 3) {
    ($0.episodes, $0.pullsInitially) = (4, true)
  }

  /// What comes of replaying a trace after a change: `nil` where nothing is noticed.
  private func outcome(
    _ run: RecordedRun, _ change: (inout EditableTrace) -> Void
  ) throws -> (refusal: TraceError?, divergence: TraceDivergence?) {
    var trace = try EditableTrace(run.trace)
    change(&trace)
    do {
      var replay = try TraceReplay(Trace(Data(try trace.encoded())))
      try replay.run()
      return (nil, nil)
    } catch let error as TraceError {
      return (error, nil)
    } catch let error as TraceDivergence {
      return (nil, error)
    }
  }

  @Test func aTraceThatWasTakenApartAndPutTogetherReplays() throws {
    for sharing in [SharingProtocol.locked, .sharded] {
      let run = try RecordedRun.inLockstep(.small(sharing, workers: 3))
      var changed = run
      changed.trace = try EditableTrace(run.trace).encoded()
      #expect(try changed.difference() == nil)
      #expect(try outcome(run) { _ in } == (nil, nil))
    }
  }

  // MARK: Tickets

  @Test(arguments: [SharingProtocol.locked, .sharded])
  func anyTicketThatIsChangedIsFound(sharing: SharingProtocol) throws {
    let run = try RecordedRun.inLockstep(.small(sharing, workers: 3) { $0.pullsInitially = true })
    let original = try EditableTrace(run.trace)
    let blocks = original.header.blocks
    var kinds: [TraceDivergence.Kind: Int] = [:]
    for (worker, log) in original.logs.enumerated() {
      for position in log.indices {
        for bit in 0..<2 {
          let right = log[position].access
          let wrong = right.ticket ^ 1 << UInt64(bit)
          let found = try outcome(run) { $0.logs[worker][position].access.ticket = wrong }
          if let refusal = found.refusal {
            // Smaller than the worker's last one: then the difference has no 64 bits.
            #expect(refusal.description.hasSuffix(": a ticket has more than 64 bits; record the run again"))
            continue
          }
          let divergence = try #require(found.divergence, "worker \(worker), access \(position), ticket \(wrong)")
          kinds[divergence.kind, default: 0] += 1
          guard divergence.kind == .order else { continue }
          let object = Access(.update, right.object), read = Access(.read, right.object)
          let model = try run.configuration.makeRun().world.model
          #expect(
            [object, read].map { $0.description(blocks: model.blocks) }.contains(divergence.operation),
            "\(divergence) at object \(right.object) of \(blocks)")
          #expect(
            wrong < right.ticket
              ? divergence.recorded == "ticket \(wrong) is" || divergence.replayed.hasPrefix("ticket \(right.ticket) ")
              : divergence.replayed == "ticket \(right.ticket) is up and nobody has it"
                || divergence.recorded == "ticket \(wrong) is", "\(divergence)")
        }
      }
    }
    #expect(kinds[.order, default: 0] > 50, "\(kinds)")
    if sharing == .sharded { #expect(kinds[.pull, default: 0] > 0, "\(kinds)") }
  }

  @Test func aTicketThatNobodyHasIsNamedByWhoeverComesNext() throws {
    let run = try RecordedRun.inLockstep(.small(.locked))
    let original = try EditableTrace(run.trace)
    let position = original.logs[1].firstIndex { $0.kind == .exchange }!
    let ticket = original.logs[1][position].access.ticket
    let divergence = try outcome(run) { trace in
      for later in position..<trace.logs[1].count where trace.logs[1][later].access.object == 13 {
        trace.logs[1][later].access.ticket += 1000
      }
    }.divergence
    #expect(divergence?.kind == .order)
    #expect(divergence?.operation == "exchange the model")
    #expect(divergence?.replayed == "ticket \(ticket) is up and nobody has it")
    #expect(divergence.map { "\($0)".hasSuffix("on record, ticket \(ticket) is up and nobody has it here") } == true)
  }

  /// The order is complete, but another one: the first pull with another net tells.
  @Test func twoTicketsThatAreExchangedAreFoundAtTheFirstPullThatBringsAnotherNet() throws {
    let run = try RecordedRun.inLockstep(Self.sharded)
    var original = try EditableTrace(run.trace)
    original.cuts = [original.cuts.last!]
    let expected = try Self.pulls(original)
    var (located, named) = (0, 0)
    for (worker, log) in original.logs.enumerated() {
      for (position, access) in log.enumerated() where access.access.object < original.header.blocks {
        // The next access to the block, if it is another worker's.
        let next = RecordedAccess(object: access.access.object, ticket: access.access.ticket + 1)
        let other = original.logs.indices.first { number in original.logs[number].contains { $0.access == next } }
        guard let other, other != worker else { continue }
        var swapped = original
        swapped.logs[worker][position].access = next
        swapped.logs[other][swapped.logs[other].firstIndex { $0.access == next }!].access = access.access
        guard let pulls = try Self.pulls(swapped) else { continue }  // everybody waits for one another
        let first = zip(pulls.indices, pulls).first { $1.net != expected!.first($1.worker, $1.update)!.net }?.1
        let divergence = try outcome(run) { $0 = swapped }.divergence
        guard let first else {
          #expect(divergence?.kind != .pull)  // two pulls were exchanged, which changes versions at most
          continue
        }
        located += 1
        #expect(divergence?.kind == .pull)
        #expect(divergence?.worker == first.worker && divergence?.update == first.update)
        #expect(divergence?.access == first.access)
        guard let tensor = divergence?.tensor, let element = divergence?.element else { continue }
        named += 1
        let layout = try run.configuration.makeNetwork().layout
        let parameter = layout.tensors.first { $0.name == tensor }!.range.offset + element
        let values = [expected!.first(first.worker, first.update)!, first].map { Float(bitPattern: $0.net[parameter]) }
        #expect(values[0] != values[1])
        #expect(divergence?.recorded == "\(values[0])" && divergence?.replayed == "\(values[1])")
        #expect(
          divergence?.description
            == "access \(first.access) (worker \(first.worker), update \(first.update), read value.bias): "
            + "\(tensor)[\(element)] is \(values[0]) on record, \(values[1]) here")
      }
    }
    #expect(located > 20 && named > 3, "\(located), \(named)")
  }

  /// A net that was pulled, and when.
  fileprivate struct Pull {
    var worker: Int
    var update: Int
    var access: Int
    var net: [UInt32]
  }

  /// All pulls of a trace, without comparing anything; `nil` where the order cannot be followed.
  fileprivate static func pulls(_ trace: EditableTrace) throws -> [Pull]? {
    let trace = try Trace(Data(try trace.encoded()))
    var (world, workers) = try trace.header.configuration.makeRun()
    world.witnessesPulls = true
    world.keepsPulledNets = true
    var record = trace.record
    record.extend(by: trace.accesses)
    var run = Simulation<Worker, Ticketed<TraceRecord>>(
      world: world, processes: workers, strategy: Ticketed(record, first: workers.map(\.nextAccess)))
    var pulls: [Pull] = []
    while let step = run.advance() {
      guard run.strategy.record.lastAccess(of: step.process)?.witness != nil else { continue }
      pulls.append(
        Pull(
          worker: step.process, update: run.processes[step.process].updates, access: step.index,
          net: run.world.pulledNet.map(\.bitPattern)))
    }
    return run.status == .finished ? pulls : nil
  }

  // MARK: Witnesses

  @Test(arguments: [SharingProtocol.locked, .sharded])
  func anyBitOfAWitnessThatIsChangedIsFoundAtItsPull(sharing: SharingProtocol) throws {
    let run = try RecordedRun.inLockstep(.small(sharing))
    let layout = try run.configuration.makeNetwork().layout
    let original = try EditableTrace(run.trace)
    for (worker, log) in original.logs.enumerated() {
      let update = log[...].prefix { $0.witness == nil }.count
      for (number, position) in log.indices.filter({ log[$0].witness != nil }).enumerated() {
        let witness = log[position].witness!
        for bit in [0, 1, 9, 22, 23, 30, 31] {
          let checksum = witness.checksum ^ 1 << UInt32(bit)
          var found = try outcome(run) { $0.logs[worker][position].witness!.checksum = checksum }.divergence
          #expect(found?.kind == .pull && found?.worker == worker && found?.update == number + 1, "from \(update)")
          #expect(found?.tensor == nil && found?.element == nil)
          #expect(
            found?.recorded == "a net with checksum \(digits(checksum))"
              && found?.replayed == "one with \(digits(witness.checksum))")

          let sample = Float(bitPattern: witness.sample.bitPattern ^ 1 << UInt32(bit))
          found = try outcome(run) { $0.logs[worker][position].witness!.sample = sample }.divergence
          let parameter = PullWitness.sampled(number + 1, of: layout.count)
          let tensor = layout.tensors.first { parameter < $0.range.offset + $0.range.count }!
          #expect(found?.worker == worker && found?.update == number + 1)
          #expect(found?.tensor == tensor.name && found?.element == parameter - tensor.range.offset)
          #expect(found?.recorded == "\(sample)" && found?.replayed == "\(witness.sample)")
        }
      }
    }
  }

  private func digits(_ value: UInt32) -> String { String((UInt64(1) << 32 | UInt64(value)), radix: 16).suffix(8) + "" }

  // MARK: Numbers

  /// Whichever bit of whichever parameter changes between two accesses of a replay, the pull that meets it names the
  /// parameter and both of its values.
  @Test func aBitThatFlipsInTheModelIsNamedByTheNextPull() throws {
    var run = try RecordedRun.inLockstep(Self.sharded)
    var trace = try EditableTrace(run.trace)
    trace.cuts = [trace.cuts.last!]
    run.trace = try trace.encoded()
    var scout = try run.replay()
    var steps: [RecordedSimulation<Worker>.Step] = []
    while let step = try scout.advance() { steps.append(step) }
    let (blocks, layout) = (scout.simulation.world.model.blocks, scout.simulation.world.plan.network.layout)
    for (number, block) in blocks.enumerated() {
      let moments = steps.filter { $0.access == Access(.read, number) }.compactMap { step in
        Self.pullThatMeets(step, steps, blocks: blocks.count).map { (flip: step.index, end: $0) }
      }
      #expect(moments.count > 5)
      for moment in [moments[number % moments.count], moments[moments.count / 2]] {
        let element = moment.flip % block.range.count
        let tensor = layout.tensors.last { $0.range.offset <= block.range.lowerBound }!
        for bit in 0..<32 {
          var replay = try run.replay()
          for _ in 0..<moment.flip { _ = try replay.advance() }
          let place = replay.simulation.world.model.storage + block.storage + element
          let value = place.pointee
          place.pointee = Float(bitPattern: value.bitPattern ^ 1 << UInt32(bit))
          let found = #expect(throws: TraceDivergence.self) { try replay.run() }
          let expected = TraceDivergence(
            kind: .pull, worker: steps[moment.flip].process, update: found?.update, access: moment.end,
            operation: "read value.bias", tensor: tensor.name,
            element: block.range.lowerBound - tensor.range.offset + element, recorded: "\(value)",
            replayed: "\(Float(bitPattern: value.bitPattern ^ 1 << UInt32(bit)))")
          if found != expected { Issue.record("bit \(bit): \(String(describing: found)), not \(expected)") }
        }
      }
    }
  }

  /// The last access of the pull to which `step` belongs, if no other pull that reads its block later ends before.
  private static func pullThatMeets(
    _ step: RecordedSimulation<Worker>.Step, _ steps: [RecordedSimulation<Worker>.Step], blocks: Int
  ) -> Int? {
    func end(_ step: RecordedSimulation<Worker>.Step) -> Int {
      steps[step.index...].first { $0.process == step.process && $0.access == Access(.read, blocks - 1) }!.index
    }
    let later = steps[step.index...].filter { $0.access == step.access }
    return later.map(end).min() == end(step) ? end(step) : nil
  }

  // MARK: Cuts

  @Test func aCutWithAnotherDigestIsFound() throws {
    let run = try RecordedRun.inLockstep(.small(.sharded, workers: 3))
    let cuts = try EditableTrace(run.trace).cuts
    #expect(cuts.count > 2)
    for (number, cut) in cuts.enumerated() {
      let digest = "0123456789abcdef"
      let divergence = try outcome(run) { $0.cuts[number].digest = digest }.divergence
      #expect(divergence?.kind == .state && divergence?.worker == nil)
      #expect(
        divergence?.description
          == "access \(cut.accesses.reduce(0, +)): digest \(digest) on record, digest \(cut.digest) here")
    }
  }

  // MARK: Ends

  @Test func aWorkerThatHasMoreOnRecordThanItMakesIsFound() throws {
    let run = try RecordedRun.inLockstep(.small(.sharded))
    let divergence = try outcome(run) { trace in
      var more = trace.logs[1].last!
      more.access.ticket += 100
      trace.logs[1].append(more)
      trace.cuts[trace.cuts.count - 1].accesses[1] += 1
    }.divergence
    #expect(divergence?.kind == .failure && divergence?.worker == 1)
    #expect(divergence?.replayed == "the worker has ended")
  }
}

extension [TraceDivergenceTests.Pull] {
  fileprivate func first(_ worker: Int, _ update: Int) -> Element? {
    first { ($0.worker, $0.update) == (worker, update) }
  }
}
