// The log of a worker's accesses, byte by byte: what is written is read again, and what was never written is refused
// or read as something else, but stops nobody.

import Foundation
import Lockstep
import PropertyTesting
import Testing

@testable import Sharing
@testable import Training

/// Records of one worker, in order.
private struct Records: CustomStringConvertible {
  var blocks: Int
  var accesses: [LoggedAccess]

  /// What an `AccessLog` makes of the accesses when they are noted one by one, as on a worker's thread.
  func log() -> [UInt8] {
    var pulled = PullWitness(checksum: 0, sample: 0)
    var log = AccessLog(.small(.sharded), blocks: blocks, capacity: 1 << 16)
    var index = 0
    for access in accesses {
      if let witness = access.witness { pulled = witness }
      let phase = access.single.map { $0.phase(access.block(of: blocks)) } ?? access.kind.phase(index)
      log.note(phase, ticket: access.access.ticket, pulled: pulled)
      index = index + 1 == access.kind.count(blocks: blocks) ? 0 : index + 1
    }
    return Array(log.contents)
  }

  var description: String { "\(blocks) blocks: \(accesses.map { "\($0.kind) \($0.access) \($0.witness as Any)" })" }

  static let any = Generator<Records> { choices in
    let blocks = 1 + choices.below(12)
    var last = [UInt64](repeating: 0, count: SharedObject.count(blocks: blocks))
    var accesses: [LoggedAccess] = []
    func ticket(at object: Int) -> UInt64 {
      // Of any length in bits, up to the largest ticket that there is.
      let bits = UInt64(choices.below(65))
      let difference = bits == 0 ? 0 : UInt64(choices.below(1 << 31)) &* 0x9e37_79b9_7f4a_7c15 >> (64 - bits)
      last[object] =
        choices.below(40) == 0
        ? .max
        : last[object].addingReportingOverflow(difference).overflow
          ? .max : last[object] + difference
      return last[object]
    }
    for _ in 0..<choices.below(12) {
      let kind = choices.draw(.element(of: AccessRecord.allCases))
      for index in 0..<kind.count(blocks: blocks) {
        let single = kind == .single ? choices.draw(.element(of: SingleAccess.independent)) : nil
        let place = single?.object(choices.below(blocks)) ?? kind.object(index)!
        let object = place.number(blocks: blocks)
        var witness: PullWitness?
        if kind.hasWitness && index == kind.count(blocks: blocks) - 1 {
          let special: [UInt32] = [0, 0x7fc0_0000, 0x7f80_0001, 0xffff_ffff, 0xff80_0000, 0x8000_0000, 1]
          let sample = choices.below(2) == 0 ? choices.draw(.element(of: special)) : UInt32(choices.below(1 << 32))
          witness = PullWitness(checksum: UInt32(choices.below(1 << 32)), sample: Float(bitPattern: sample))
        }
        accesses.append(
          LoggedAccess(
            access: RecordedAccess(object: object, ticket: ticket(at: object)), kind: kind, witness: witness,
            single: single))
      }
    }
    return Records(blocks: blocks, accesses: accesses)
  }
}

extension AccessRecord {
  /// In which phase a worker makes access number `index` of such a record.
  fileprivate func phase(_ index: Int) -> Worker.Phase {
    switch self {
    case .exchange: .exchanging
    case .push: .updating(index)
    case .pull: .pulling(index)
    case .pullAll: .pullingAll
    case .claim: .claiming
    case .episode: [.counting, .smoothing, .reading, .publishing][index]
    case .single: .decaying(index)
    }
  }
}

extension SingleAccess {
  /// Those that no other setting makes a part of a longer record.
  fileprivate static let independent = allCases.filter {
    ![.updateFetched, .updateCounted, .count, .smooth, .read, .publish].contains($0)
  }

  fileprivate func phase(_ block: Int) -> Worker.Phase {
    switch self {
    case .view: .viewing(block)
    case .viewAll: .viewingAll
    case .decay: .decaying(block)
    case .accumulate: .accumulating(block)
    case .apply: .applying(block)
    case .assign: .assigning(block)
    case .fetch: .fetching(block)
    case .overwrite: .overwriting(block)
    case .increment: .incrementing(block)
    case .readFirstStep: .readingFirstStep(block)
    case .readSecondStep: .readingSecondStep(block)
    case .loadCount: .loadingCount
    case .storeCount: .storingCount
    case .check: .checking
    case .set: .setting
    case .updateFetched, .updateCounted: .updating(block)
    case .count: .counting
    case .smooth: .smoothing
    case .read: .reading
    case .publish: .publishing
    case .meet: .meeting
    case .leave: .leaving
    }
  }
}

extension LoggedAccess {
  /// The block that it names beside a model of so many; 0 for none.
  fileprivate func block(of blocks: Int) -> Int {
    switch SharedObject(number: access.object, blocks: blocks) {
    case .block(let block), .gradient(let block), .stepCount(let block): block
    case .episodeCounter, .smoothedReward, .results, .model: 0
    }
  }
}

/// The accesses of a log up to its end, or up to where it makes no sense.
private func read(
  _ log: [UInt8], blocks: Int
) -> (accesses: [LoggedAccess], end: Int, isBetweenRecords: Bool, damage: AccessLogReader.Damage?) {
  log.withUnsafeBytes { bytes in
    var reader = AccessLogReader(blocks: blocks)
    var (accesses, position) = ([LoggedAccess](), 0)
    do throws(AccessLogReader.Damage) {
      while let access = try reader.next(bytes, at: &position) { accesses.append(access) }
      return (accesses, position, reader.isBetweenRecords, nil)
    } catch {
      return (accesses, position, reader.isBetweenRecords, error)
    }
  }
}

/// As written: also the bits of numbers that are none.
private func bits(_ accesses: [LoggedAccess]) -> [[UInt64]] {
  accesses.map { access in
    [UInt64(access.access.object), access.access.ticket, UInt64(access.kind.rawValue)]
      + (access.single.map { [UInt64($0.rawValue)] } ?? [])
      + (access.witness.map { [UInt64($0.checksum), UInt64($0.sample.bitPattern)] } ?? [])
  }
}

@Suite struct AccessLogTests {
  @Test func whatIsWrittenIsRead() {
    expectProperty("a log has all accesses", of: Records.any, cases: 500) { records in
      let log = records.log()
      let found = read(log, blocks: records.blocks)
      return bits(found.accesses) == bits(records.accesses) && found.end == log.count && found.isBetweenRecords
        && found.damage == nil
    }
  }

  /// The bytes that the comment in AccessLog.swift promises, so that other programs can rely on them.
  @Test func theBytesAreThoseOfTheFormat() {
    func access(_ kind: AccessRecord, _ object: Int, _ ticket: UInt64, _ witness: PullWitness? = nil) -> LoggedAccess {
      LoggedAccess(access: RecordedAccess(object: object, ticket: ticket), kind: kind, witness: witness)
    }
    let witness = PullWitness(checksum: 0x0403_0201, sample: Float(bitPattern: 0x7fc0_0605))
    let records = Records(
      blocks: 2,
      accesses: [
        access(.claim, 2, 127), access(.push, 0, 128), access(.push, 1, 0), access(.pull, 0, 129),
        access(.pull, 1, 1 << 14, witness), access(.exchange, 5, .max, witness), access(.pullAll, 5, .max, witness),
        access(.episode, 2, 130), access(.episode, 3, 1), access(.episode, 3, 2), access(.episode, 4, 300),
      ])
    let expected: [[UInt8]] = [
      [5, 127], [2, 0x80, 1, 0], [3, 1, 0x80, 0x80, 1, 1, 2, 3, 4, 5, 6, 0xc0, 0x7f],
      [1] + [UInt8](repeating: 0xff, count: 9) + [1, 1, 2, 3, 4, 5, 6, 0xc0, 0x7f],
      [4, 0, 1, 2, 3, 4, 5, 6, 0xc0, 0x7f], [6, 3, 1, 1, 0xac, 2],
    ]
    #expect(records.log() == expected.flatMap { $0 })
  }

  @Test func everyTruncationReadsAPrefix() {
    expectProperty("what is there is read", of: Records.any, cases: 60) { records in
      let log = records.log()
      return log.indices.allSatisfy { count in
        let found = read(Array(log[..<count]), blocks: records.blocks)
        return found.damage == nil && found.end <= count
          && bits(found.accesses) == bits(Array(records.accesses.prefix(found.accesses.count)))
          && found.accesses.count < records.accesses.count
      }
    }
  }

  @Test func everyByteThatIsChangedIsReadAsSomethingElseOrRefusedWithinTheLog() {
    var refused = 0
    expectProperty("nothing passes unnoticed", of: Records.any, cases: 25) { records in
      let log = records.log()
      return log.indices.allSatisfy { place in
        (1...7).allSatisfy { change in
          var changed = log
          changed[place] ^= UInt8(change * 37 % 256)
          let found = read(changed, blocks: records.blocks)
          if let damage = found.damage {
            refused += 1
            return log.indices.contains(damage.position) && !damage.reason.isEmpty && found.end <= damage.position
          }
          return found.end <= log.count
            && (bits(found.accesses) != bits(records.accesses) || !found.isBetweenRecords)
        }
      }
    }
    #expect(refused > 500)
  }

  /// Nothing that a damaged log can ask for is more than there is.
  @Test(arguments: [
    ([7, SingleAccess.view.rawValue, 3, 0], "there is no block 3 of 3"),
    ([5] + [UInt8](repeating: 0x80, count: 9) + [2], "a ticket has more than 64 bits"),
    ([5] + [UInt8](repeating: 0xff, count: 9) + [1, 5, 1], "a ticket has more than 64 bits"),
  ])
  func whatAsksForTooMuchIsRefused(log: [UInt8], reason: String) {
    #expect(read(log, blocks: 3).damage?.reason == reason)
    // One less of each is right.
    let sound: [[UInt8]] = [[7, 1, 2, 0], [5] + [UInt8](repeating: 0x80, count: 9) + [1], [5, 0, 5, 1]]
    #expect(sound.allSatisfy { read($0, blocks: 3).damage == nil })
  }

  /// Each push is counted once, whatever it is made of.
  @Test func aPushIsCountedAtItsLastBlockWhereItsAccessesAreRecordedOneByOne() {
    func blocks(_ kind: AccessRecord, _ single: SingleAccess? = nil) -> [Int] {
      (0..<3).filter { block in
        LoggedAccess(access: RecordedAccess(object: block, ticket: 0), kind: kind, single: single).countsPush(blocks: 3)
      }
    }
    for single in SingleAccess.allCases {
      let endsPush = [.apply, .updateFetched, .overwrite, .updateCounted].contains(single)
      // A gradient that is put into a round touches the model, and no block.
      #expect(blocks(.single, single) == (single == .meet ? [0, 1, 2] : endsPush ? [2] : []), "\(single)")
    }
    #expect(blocks(.push) == [0] && blocks(.pull) == [])
  }

  /// A log is emptied between two records, so its buffer must hold a record more than its capacity.
  @Test func aRecordMoreThanTheCapacityFits() {
    let worker = try! Configuration.small(.sharded).makeRun().workers[0]
    for kind in AccessRecord.allCases {
      for blocks in [1, 4, 5, 300] {
        var log = AccessLog(.small(.sharded), blocks: blocks, capacity: 0)
        let isFullAtOnce = log.isFull
        #expect(isFullAtOnce)
        // Tickets that go up and down by nearly 2⁶⁴ take ten bytes each.
        for index in 0..<kind.count(blocks: blocks) {
          let ticket = kind == .episode && index == 2 ? 0 : UInt64.max - 1
          log.note(kind.phase(index), ticket: ticket, pulled: worker.pulled)
        }
        let tickets = kind.count(blocks: blocks) * 10 - (kind == .episode ? 9 : 0)
        let count = log.count
        #expect(count == 1 + tickets + (kind.hasWitness ? 8 : 0) + (kind == .single ? 2 : 0))
        log.removeAll()
        let left = log.contents.count
        #expect(left == 0)
      }
    }
  }

  /// What a recording costs, at the publication's own size.
  @Test func anUpdateOfThePublicationsNetTakesAtMost40Bytes() throws {
    var configuration = Configuration.small(.sharded, workers: 12)
    (configuration.network.actor, configuration.network.critic) = ([200], [100])
    (configuration.episodes, configuration.maxSteps, configuration.flushLength) = (24, 200, 10)
    let run = try RecordedRun.onThreads(configuration)
    let trace = try Trace(Data(run.trace))
    // All but the header and the last cut, which are of no update.
    let others = run.trace.count - trace.logBytes
    let perUpdate = Double(run.trace.count) / Double(trace.updates)
    #expect(trace.updates >= 24 * 20 && others > 500)
    #expect(perUpdate <= 40, "\(perUpdate) bytes an update: \(trace.logBytes) of accesses and \(others) of frames")
  }
}
