// Traces of schedules: written, read, replayed, compared, and refused where they are damaged.

import Foundation
import Lockstep
import Sharing
import Testing

@testable import Training

@Suite struct TraceScheduleTests {
  /// The first `count` choices of a random walk, and the run after them.
  private static func walk(
    _ sharing: SharingProtocol, _ count: Int, seed: UInt64 = 5
  ) throws -> (choices: [Int], end: TrainingSimulation) {
    var run = try Configuration.small(sharing, workers: 3).makeSimulation(.random, scheduleSeed: seed)
    var choices: [Int] = []
    while choices.count < count, let step = run.advance() { choices.append(step.process) }
    return (choices, run)
  }

  private static func trace(_ sharing: SharingProtocol, _ count: Int) throws -> [UInt8] {
    let (choices, end) = try walk(sharing, count)
    return Trace.bytes(of: choices, endingIn: end)
  }

  @Test(arguments: SharingProtocol.allCases, [0, 1, 57, 100_000])
  func `a schedule of any protocol is replayed to the same state`(sharing: SharingProtocol, count: Int) throws {
    let (choices, end) = try Self.walk(sharing, count)
    let trace = try Trace(Data(Trace.bytes(of: choices, endingIn: end)))
    #expect(trace.choices == choices)
    #expect(trace.header.configuration == end.world.plan.configuration)
    #expect(trace.ending == (end.status == .finished ? .finished : .stopped))
    #expect(trace.accesses.reduce(0, +) == choices.count)
    #expect(trace.updates == end.world.statistics.updates)
    #expect(trace.disorder() == nil && trace.difference(from: trace) == nil)
    var replay = try TraceReplay(trace)
    try replay.run()
    #expect(replay.accesses == choices.count)
    #expect(replay.cuts.map(\.digest) == ["\(end.digest)"])
  }

  @Test func `a schedule with another choice is another run, and its replay says so`() throws {
    let (choices, end) = try Self.walk(.hogwild, 60)
    for position in [0, 20, 59] {
      var changed = choices
      changed[position] = (choices[position] + 1) % 3
      // The state on record is that of the schedule as it was.
      var parts = try Parts(Trace.bytes(of: choices, endingIn: end))
      parts.choices = ScheduleCode.encode(changed)
      var counts = [0, 0, 0]
      for process in changed { counts[process] += 1 }
      parts.cut.accesses = counts
      let trace = try Trace(Data(try parts.encoded()))
      #expect(trace.difference(from: try Trace(Data(Trace.bytes(of: choices, endingIn: end)))) != nil)
      var replay = try TraceReplay(trace)
      let divergence = #expect(throws: TraceDivergence.self) { try replay.run() }
      #expect(divergence?.kind == .state)
    }
  }

  @Test func `a choice of a worker that has none left is found where it is made`() throws {
    let (choices, end) = try Self.walk(.locked, 100_000)
    var parts = try Parts(Trace.bytes(of: choices, endingIn: end))
    parts.choices = ScheduleCode.encode(choices + [0])
    parts.cut.accesses[0] += 1
    var replay = try TraceReplay(try Trace(Data(try parts.encoded())))
    let divergence = #expect(throws: TraceDivergence.self) { try replay.run() }
    #expect(divergence?.kind == .order && divergence?.access == choices.count && divergence?.worker == 0)
  }

  @Test func `any byte that is changed is noticed, and any end but the last is an early one`() throws {
    let bytes = try Self.trace(.hogwild, 40)
    for position in bytes.indices {
      var damaged = bytes
      damaged[position] ^= 0x10
      let error = #expect(throws: TraceError.self) { try Trace(Data(damaged)) }
      #expect(error?.description.hasPrefix("byte ") == true)
      if position > 9, let trace = try? Trace(Data(bytes[..<position])) { #expect(trace.ending == nil) }
    }
  }

  @Test func `a schedule has one code`() throws {
    let schedules = [[], [0], [0, 0, 1, 1, 1, 0], Array(repeating: 131, count: 1000) + [70_000], [2, 1, 2, 1]]
    for schedule in schedules {
      #expect(try ScheduleCode.encode(schedule).withUnsafeBytes { try ScheduleCode.decode($0) } == schedule)
    }
  }

  @Test(
    arguments: [
      ([0], 1, "the choices end in a number"),
      ([0x80], 0, "the choices end in a number"),
      ([0, 0], 0, "a stretch of choices that is empty or goes on with the one before"),
      ([1, 2, 1, 1], 2, "a stretch of choices that is empty or goes on with the one before"),
      ([0x81, 0x00, 1], 0, "a number with leading zeros"),
      ([0xff, 0xff, 0x7f, 1], 0, "a number of choices that is not below 131072"),
      ([0, 0xff, 0xff, 0xff, 0x7f], 1, "a number of choices that is not below 16777217"),
      ([0, 0x80, 0x80, 0x80, 0x08, 1, 1], 4, "more than 16777216 choices"),
      ([0, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0], 1, "a number of choices that is not below 16777217"),
    ] as [([UInt8], Int, String)])
  func `what is no code is refused where it is none`(bytes: [UInt8], position: Int, reason: String) {
    let damage = #expect(throws: ScheduleCode.Damage.self) {
      try bytes.withUnsafeBytes { try ScheduleCode.decode($0) }
    }
    #expect(damage?.reason == reason)
    #expect(damage?.position == position || reason.hasPrefix("more than"))
  }

  @Test func `a schedule that ends in a failure says so, and whose program it is`() throws {
    var run = try Configuration.small(.hogwild) { $0.adam.learningRate = 1e38 }.makeSimulation(.random, scheduleSeed: 5)
    var choices: [Int] = []
    while run.world.failure == nil, let step = run.advance() { choices.append(step.process) }
    #expect(run.world.failure != nil)
    for program in [nil, "launch"] {
      let trace = try Trace(Data(Trace.bytes(of: choices, endingIn: run, program: program)))
      #expect(trace.ending == .failed && trace.header.program == program)
    }
  }

  @Test func `a choice of nobody, logs beside choices, and a program that is not known are refused`() throws {
    let (choices, end) = try Self.walk(.sharded, 40)
    func error(_ change: (inout Parts) -> Void) throws -> String? {
      var parts = try Parts(Trace.bytes(of: choices, endingIn: end))
      change(&parts)
      let bytes = Data(try parts.encoded())
      return #expect(throws: TraceError.self) { _ = try TraceReplay(try Trace(bytes)) }?.description
    }
    let nobody = try error { $0.choices = ScheduleCode.encode(choices + [3]) }
    #expect(nobody?.contains("a choice of process 3, of 3") == true)
    #expect(try error { $0.header.program = "launcher" }?.contains("the program 'launcher'") == true)
    #expect(try error { $0.log = [0, 0, 0, 0] }?.contains("a log beside choices") == true)
    #expect(try error { $0.cut.accesses[1] += 1 }?.contains("a cut after other accesses") == true)
    #expect(try error { $0.choices = nil }?.contains("a cut after other accesses") == true)
  }

  /// A trace of a schedule taken apart, to be put together again with right checksums.
  private struct Parts {
    var header: TraceHeader
    var choices: [UInt8]?
    var log: [UInt8]?
    var cut: TraceCut
    var ending: TraceEnding

    init(_ bytes: [UInt8]) throws {
      let trace = try Trace(Data(bytes))
      header = trace.header
      choices = ScheduleCode.encode(try #require(trace.choices))
      cut = try #require(trace.cuts.first)
      ending = try #require(trace.ending)
    }

    func encoded() throws -> [UInt8] {
      var bytes = TraceFrame.signature
      TraceFrame.append(.header, try TraceFrame.payload(header), to: &bytes)
      if let choices { TraceFrame.append(.choices, choices, to: &bytes) }
      if let log { TraceFrame.append(.log, log, to: &bytes) }
      TraceFrame.append(.cut, try TraceFrame.payload(cut), to: &bytes)
      TraceFrame.append(.end, try TraceFrame.payload(TraceEnd(ending: ending)), to: &bytes)
      return bytes
    }
  }
}
