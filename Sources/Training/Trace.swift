// A recorded run, read back: its description, the accesses of every worker, and the moments at which all stood still.

import DeterministicMath
import Foundation
import Lockstep
import Sharing

/// What a recording says of its run at the beginning.
public struct TraceHeader: Hashable, Sendable, Codable {
  /// Everything that determines the run beside the order of its accesses.
  public var configuration: Configuration
  /// How many blocks the model has, which the configuration implies.
  public var blocks: Int
  /// The digest of the state from which the run goes on; `nil` where it begins at its beginning.
  public var startingDigest: String?
  /// How the workers are started and awaited; `nil` for workers alone.
  public var launch: LaunchProgram?

  /// How many processes the run has: the workers, or with a program around them its parent and their threads.
  var processes: Int { configuration.workers + (launch == nil ? 0 : 1) }

  /// Who the process of this number is: `worker 3`, `parent`, `thread 3`.
  func name(of process: Int) -> String { launch == nil ? "worker \(process)" : LaunchProcess.name(of: process) }

  /// Whether `text` has the form of a digest.
  static func isDigest(_ text: String) -> Bool { text.wholeMatch(of: /[0-9a-f]{16}/) != nil }
}

/// A moment at which every worker stood between two records, and what had been done by then.
public struct TraceCut: Hashable, Sendable, Codable {
  /// The digest of the whole state.
  public var digest: String
  /// How many accesses each worker has on record up to here.
  public var accesses: [Int]
  /// How many updates the run had made, with those before the recording.
  public var updates: Int
  /// How many environment steps.
  public var environmentSteps: Int
  /// How many episodes.
  public var episodes: Int
  /// How often each hazard was seen that was.
  public var hazards: [String: Int]
  /// The staleness of all updates together.
  public var totalStaleness: Int

  /// The cut at a state of a run.
  init<P: Participant>(_ processes: [P], in shared: P.Shared, accesses: [Int]) {
    let world = P.training(in: shared)
    digest = "\(P.digest(of: processes, in: shared))"
    self.accesses = accesses
    updates = world.statistics.updates
    environmentSteps = world.statistics.environmentSteps
    episodes = world.board.finishedEpisodes
    hazards = world.statistics.hazards
    totalStaleness = world.statistics.totalLag
  }

  /// What is not the same in `other` after the same accesses: both values of the first, each with its name.
  func difference(from other: TraceCut) -> (mine: String, others: String)? {
    func values(_ cut: TraceCut) -> [String] {
      ["digest \(cut.digest)", "updates \(cut.updates)", "environmentSteps \(cut.environmentSteps)"]
        + ["episodes \(cut.episodes)", "totalStaleness \(cut.totalStaleness)"]
        + Hazard.allCases.map { "\($0.rawValue) \(cut.hazards[$0.rawValue] ?? 0)" }
    }
    return zip(values(self), values(other)).first { $0 != $1 }.map { ($0, $1) }
  }
}

/// How a recording ended.
public enum TraceEnding: String, Hashable, Sendable, Codable {
  /// Every worker made all its accesses.
  case finished
  /// Somebody stopped the run.
  case stopped
  /// A worker could not go on.
  case failed
}

/// The last frame.
struct TraceEnd: Codable {
  var ending: TraceEnding
}

/// A trace as it was read.
public struct Trace: Sendable {
  /// The run.
  public let header: TraceHeader
  /// The moments at which the whole state is on record, in order.
  public let cuts: [TraceCut]
  /// How the recording ended; `nil` where it broke off.
  public let ending: TraceEnding?
  /// How many bytes of complete frames there are, and how many come after the last of them.
  public let size: (complete: Int, torn: Int)
  /// How many accesses each worker has on record; in a trace of a schedule, each process.
  public let accesses: [Int]
  /// Of a trace of a schedule: who makes each access. `nil` where workers have logs.
  public let choices: [Int]?
  /// How many updates are on record.
  public let updates: Int
  /// How many bytes the accesses take.
  public let logBytes: Int

  /// Each process's log; empty in a trace of a schedule.
  let logs: [[UInt8]]
  /// The checkpoint from which the run goes on, and where its frame begins.
  let state: (bytes: [UInt8], offset: Int)?

  /// Reads a trace and checks everything that can be checked without repeating the run: the frames, their order, and
  /// that every log consists of whole records.
  /// - Throws: `TraceError` where something is not as it should be.
  public init(_ file: Data) throws(TraceError) {
    let parsed = file.withUnsafeBytes { bytes in
      Result { () throws(TraceError) in try Contents(bytes) }
    }
    let contents = try parsed.get()
    header = contents.header
    cuts = contents.cuts
    ending = contents.ending
    size = (contents.end, file.count - contents.end)
    accesses = contents.accesses
    choices = contents.choices
    updates = choices == nil ? contents.updates : cuts.last?.updates ?? 0
    logBytes = contents.logs.reduce(0) { $0 + $1.count }
    logs = contents.logs
    state = contents.state
  }

  /// Reads the trace at `path`.
  /// - Throws: a sentence that names the file.
  public init(path: String) throws {
    let file: Data
    do {
      file = try Data(contentsOf: URL(fileURLWithPath: path), options: .mappedIfSafe)
    } catch {
      throw UnreadableFile(path: path, error: error)
    }
    do {
      try self.init(file)
    } catch {
      throw UnreadableFile(path: path, reason: "\(error)")
    }
  }

  /// The accesses of all workers, of which none may be made before `extend`.
  public var record: TraceRecord { TraceRecord(self) }
}

extension Trace {
  /// What the frames hold.
  private struct Contents {
    var header: TraceHeader
    var cuts: [TraceCut] = []
    var ending: TraceEnding?
    /// How many last tickets all readers together may keep in mind: one a block and worker that has a log.
    private static let mostTickets = 1 << 24
    /// How many workers have a log.
    private var writers = 0
    /// How many updates were made before the recording.
    private var earlierUpdates: Int?

    var end: Int
    var accesses: [Int]
    var choices: [Int]?
    var updates = 0
    var logs: [[UInt8]]
    var state: (bytes: [UInt8], offset: Int)?
    private var readers: [AccessLogReader]

    init(_ file: UnsafeRawBufferPointer) throws(TraceError) {
      let signature = TraceFrame.signature
      guard file.count >= signature.count, file.prefix(8).elementsEqual(signature.prefix(8)) else {
        throw TraceError(0, "this is no trace, which begins with A3CTRACE; give a file that a3c train --record wrote")
      }
      guard file[8] == TraceFrame.version else {
        throw TraceError(
          8, "the trace has version \(file[8]), and this a3c reads \(TraceFrame.version); use the a3c that wrote it")
      }
      guard let first = try TraceFrame.read(file, at: signature.count), first.kind == .header else {
        throw TraceError(signature.count, "the trace has no whole header; record the run again")
      }
      header = try Self.decode(TraceHeader.self, file, first)
      let blocks: Int
      do {
        try header.configuration.validate()
        blocks = header.configuration.granularity.blockCount(of: try header.configuration.makeNetwork().layout)
      } catch {
        throw TraceError(first.offset, "the header describes no run: \(error)")
      }
      guard header.blocks == blocks else {
        throw TraceError(
          first.offset, "the header has \(header.blocks) blocks, and its configuration \(blocks); record the run again")
      }
      accesses = [Int](repeating: 0, count: header.processes)
      logs = [[UInt8]](repeating: [], count: header.processes)
      readers = [AccessLogReader](repeating: AccessLogReader(blocks: header.blocks), count: header.processes)
      end = first.end
      while ending == nil, let frame = try TraceFrame.read(file, at: end) {
        switch frame.kind {
        case .header: throw TraceError(frame.offset, "a second header; record the run again")
        case .state:
          guard frame.offset == first.end else {
            throw TraceError(frame.offset, "a state in the middle of the run; record the run again")
          }
          guard header.startingDigest != nil else {
            throw TraceError(frame.offset, "a state of which the header does not tell; record the run again")
          }
          state = (Array(file[frame.payload]), frame.offset)
        case .log:
          try checkIsRecordable(first)
          guard choices == nil else {
            throw TraceError(frame.offset, "a log beside choices; record the run again")
          }
          try readLog(file, frame)
        case .choices:
          guard frame.offset == first.end else {
            throw TraceError(frame.offset, "choices in the middle of the run; search for the schedule again")
          }
          try readChoices(file, frame)
        case .cut:
          let cut = try Self.decode(TraceCut.self, file, frame)
          guard cut.accesses == accesses else {
            throw TraceError(frame.offset, "a cut after other accesses than those on record; record the run again")
          }
          guard TraceHeader.isDigest(cut.digest), 0..<1 << 40 ~= cut.updates,
            choices != nil || isPlausible(cut.updates - updates)
          else {
            throw TraceError(frame.offset, "a cut that cannot be of this run; record the run again")
          }
          cuts.append(cut)
        case .end: ending = try Self.decode(TraceEnd.self, file, frame).ending
        }
        end = frame.end
      }
      if choices == nil { try checkIsRecordable(first) }
      guard header.startingDigest == nil || state != nil else {
        throw TraceError(first.end, "the state is missing from which the run goes on; record the run again")
      }
      if ending != nil {
        guard end == file.count else {
          throw TraceError(end, "\(file.count - end) bytes after the end of the trace; cut them off")
        }
        guard cuts.last?.accesses == accesses else {
          throw TraceError(end, "the trace ends without a last cut; record the run again")
        }
      }
    }

    /// Whether a cut may tell of so many more updates than are on record: of those before the recording, if it goes on
    /// from a checkpoint, and of equally many at each cut.
    private mutating func isPlausible(_ earlier: Int) -> Bool {
      // A push that was refused looks on record like any other.
      if header.configuration.stalenessBound != nil { return true }
      if earlierUpdates == nil { earlierUpdates = header.startingDigest == nil ? 0 : earlier }
      return earlier >= 0 && earlier == earlierUpdates
    }

    private mutating func readLog(_ file: UnsafeRawBufferPointer, _ frame: TraceFrame) throws(TraceError) {
      guard frame.payload.count >= 4 else { throw TraceError(frame.offset, "a log of nobody; record the run again") }
      let number = file.loadUnaligned(fromByteOffset: frame.payload.lowerBound, as: UInt32.self)
      let worker = Int(UInt32(littleEndian: number))
      guard worker < logs.count else {
        throw TraceError(frame.offset, "a log of worker \(worker), of \(logs.count); record the run again")
      }
      if logs[worker].isEmpty { writers += 1 }
      guard writers <= Self.mostTickets / max(1, header.blocks) else {
        throw TraceError(
          frame.offset, "\(writers) workers with \(header.blocks) blocks each are more than a recording may have")
      }
      let piece = UnsafeRawBufferPointer(rebasing: file[frame.payload.dropFirst(4)])
      let begin = frame.payload.lowerBound + 4
      var position = 0
      do {
        while let access = try readers[worker].next(piece, at: &position) {
          accesses[worker] += 1
          if access.countsPush(blocks: header.blocks) { updates += 1 }
        }
      } catch {
        throw TraceError(begin + error.position, "\(error.reason); record the run again")
      }
      guard position == piece.count, readers[worker].isBetweenRecords else {
        throw TraceError(begin + position, "the frame ends in the middle of a record; record the run again")
      }
      logs[worker] += piece
    }

    /// - Throws: where there are schedules of such runs, and no recordings.
    private func checkIsRecordable(_ frame: TraceFrame) throws(TraceError) {
      guard header.configuration.sharing.isLocked else {
        throw TraceError(frame.offset, "the header describes a run without locks, of which there is no recording")
      }
      guard header.launch == nil else {
        throw TraceError(
          frame.offset, "the header describes a program around workers, of which there is no recording")
      }
    }

    /// Reads who makes each access.
    private mutating func readChoices(_ file: UnsafeRawBufferPointer, _ frame: TraceFrame) throws(TraceError) {
      let payload = UnsafeRawBufferPointer(rebasing: file[frame.payload])
      do throws(ScheduleCode.Damage) {
        let schedule = try ScheduleCode.decode(payload)
        let processes = schedule.max().map { $0 + 1 } ?? 0
        guard processes <= accesses.count else {
          throw ScheduleCode.Damage(
            position: 0, reason: "a choice of process \(processes - 1), of \(accesses.count)")
        }
        for process in schedule { accesses[process] += 1 }
        choices = schedule
      } catch {
        throw TraceError(
          frame.payload.lowerBound + error.position, "\(error.reason); search for the schedule again")
      }
    }

    private static func decode<Value: Decodable>(
      _ type: Value.Type, _ file: UnsafeRawBufferPointer, _ frame: TraceFrame
    ) throws(TraceError) -> Value {
      do {
        return try JSONDecoder().decode(Value.self, from: Data(file[frame.payload]))
      } catch {
        throw TraceError(
          frame.offset, "the frame's JSON is not what it should be: \(reason(of: error)); record the run again")
      }
    }
  }
}

/// The accesses of a trace, from cut to cut.
public struct TraceRecord: RecordedAccesses, Sendable {
  private let logs: [[UInt8]]
  private var readers: [AccessLogReader]
  /// Where in its log each worker's next access begins.
  private var positions: [Int]
  /// How many accesses each worker may still make before the cut.
  private var left: [Int]
  /// The accesses that each worker made last, and makes next.
  private var made: [LoggedAccess?]
  private var upcoming: [LoggedAccess?]

  init(_ trace: Trace) {
    logs = trace.logs
    readers = [AccessLogReader](repeating: AccessLogReader(blocks: trace.header.blocks), count: logs.count)
    positions = [Int](repeating: 0, count: logs.count)
    made = [LoggedAccess?](repeating: nil, count: logs.count)
    upcoming = made
    left = positions
  }

  /// Lets each worker make so many accesses more.
  public mutating func extend(by accesses: [Int]) { for worker in left.indices { left[worker] += accesses[worker] } }

  /// The access that `process` makes next, as it is on record; `next` has told of it.
  func upcoming(of process: Int) -> LoggedAccess? { upcoming[process] }

  /// The access that `process` has made last, as it is on record.
  func lastAccess(of process: Int) -> LoggedAccess? { made[process] }

  /// The next access of `process` before the cut.
  public mutating func next(of process: Int) -> RecordedAccess? {
    made[process] = upcoming[process]
    upcoming[process] = nil
    guard left[process] > 0 else { return nil }
    left[process] -= 1
    upcoming[process] = logs[process].withUnsafeBytes { bytes in
      // What was read when the trace was opened can be read again.
      try! readers[process].next(bytes, at: &positions[process])
    }
    return upcoming[process]?.access
  }
}
