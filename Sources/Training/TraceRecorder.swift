// Writes a trace while its run goes on: each worker's log in pieces, as they fill up, and cuts when everybody stands
// still. What is in the file can be read and replayed at any moment, even if the program is killed.

import Foundation
import Reporting
import Sharing

/// A trace that is being written. Workers' threads append to it at once.
public final class TraceRecorder: @unchecked Sendable {
  private let file: GrowingFile
  private let lock = NSLock()

  /// Begins the trace of a run.
  /// - Parameters:
  ///   - file: where it goes.
  ///   - world: the run, before its first recorded access.
  ///   - checkpoint: the state from which a resumed run goes on, with its digest; `nil` at the beginning of a run.
  /// - Throws: `FileWriteError`.
  /// - Precondition: the run's protocol holds locks.
  public init(
    _ file: AtomicFile, of world: TrainingWorld, from checkpoint: (bytes: [UInt8], digest: String)? = nil
  ) throws {
    precondition(world.plan.configuration.sharing.isLocked, "accesses without locks cannot be recorded")
    let header = TraceHeader(
      configuration: world.plan.configuration, blocks: world.model.blocks.count,
      startingDigest: checkpoint?.digest)
    var beginning = TraceFrame.signature
    TraceFrame.append(.header, try TraceFrame.payload(header), to: &beginning)
    if let checkpoint { TraceFrame.append(.state, checkpoint.bytes, to: &beginning) }
    self.file = try file.grow(from: beginning)
  }

  /// The path of the trace.
  public var path: String { file.path }

  /// How many bytes the trace has.
  public var size: Int { file.size }

  /// Why nothing more is recorded, if so.
  public var error: FileWriteError? { file.error }

  /// Notes a moment at which every worker stands still.
  /// - Parameter accesses: how many accesses each worker has made since the beginning of the recording.
  /// - Throws: `FileWriteError`.
  /// - Returns: the cut.
  @discardableResult
  public func cut(_ world: TrainingWorld, _ workers: [Worker], accesses: [Int]) throws -> TraceCut {
    let cut = TraceCut(workers, in: world, accesses: accesses)
    try append(.cut, try TraceFrame.payload(cut))
    return cut
  }

  /// Ends the trace; the last cut precedes.
  /// - Throws: `FileWriteError`.
  public func end(_ ending: TraceEnding) throws {
    try append(.end, try TraceFrame.payload(TraceEnd(ending: ending)))
    try file.synchronize()
  }

  /// Adds a worker's log, in whole records, and forgets it there. Where that is not possible any more, `error` says
  /// why.
  func append(_ log: inout AccessLog, of worker: Int) {
    guard log.count > 0 else { return }
    let number = UInt32(worker).littleEndian
    withUnsafeBytes(of: number) { number in
      // The error is kept by the file.
      try? append(.log, number, log.contents)
    }
    log.removeAll()
  }

  private func append(_ kind: TraceFrame.Kind, _ payload: [UInt8]) throws {
    try payload.withUnsafeBytes { try append(kind, $0, UnsafeRawBufferPointer(start: nil, count: 0)) }
  }

  private func append(
    _ kind: TraceFrame.Kind, _ first: UnsafeRawBufferPointer, _ second: UnsafeRawBufferPointer
  ) throws {
    let head = TraceFrame.head(kind, length: first.count + second.count)
    // The frame's check depends on its place.
    try lock.withLock {
      var check = TraceFrame.check(offset: file.size, first, second).littleEndian
      try withUnsafeBytes(of: &check) { check in
        try head.withUnsafeBytes { try file.append($0, first, second, check) }
      }
    }
  }
}
