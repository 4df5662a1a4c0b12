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

  @Test func `a schedule that ends in a failure says so`() throws {
    var run = try Configuration.small(.hogwild) { $0.optimizer.learningRate = 1e38 }.makeSimulation(
      .random, scheduleSeed: 5)
    var choices: [Int] = []
    while run.world.failure == nil, let step = run.advance() { choices.append(step.process) }
    let trace = try Trace(Data(Trace.bytes(of: choices, endingIn: run)))
    #expect(run.world.failure != nil && trace.ending == .failed && trace.header.launch == nil)
  }

  /// The round-robin run of a program around workers up to where nobody can go on, and its trace.
  private static func launched(
    _ program: LaunchProgram
  ) throws -> (choices: [Int], end: Simulation<LaunchProcess, RoundRobin>, trace: [UInt8]) {
    let (training, workers) = try Configuration.small(.locked, workers: 2).makeRun()
    let (world, processes) = program.launch(workers, in: training)
    var run = Simulation(world: world, processes: processes, strategy: RoundRobin())
    var choices: [Int] = []
    while let step = run.advance() { choices.append(step.process) }
    return (choices, run, Trace.bytes(of: choices, endingIn: run))
  }

  @Test(
    arguments: [
      LaunchProgram(binding: .late, joining: .afterAllEndMarks, queueCapacity: 8),
      LaunchProgram(binding: .atStart, joining: .afterFirstEndMark, queueCapacity: 1),
      LaunchProgram(binding: .atStart, joining: .afterAllEndMarks, queueCapacity: 2),
    ])
  func `a schedule of a program around workers is replayed to the same state`(program: LaunchProgram) throws {
    let (choices, end, bytes) = try Self.launched(program)
    let trace = try Trace(Data(bytes))
    #expect(trace.header.launch == program && trace.choices == choices && trace.accesses.count == 3)
    #expect(trace.ending == (end.status == .finished ? .finished : .stopped))
    #expect(trace.disorder() == nil && trace.difference(from: trace) == nil)
    var replay = try TraceReplay(trace, of: program)
    try replay.run()
    #expect(replay.accesses == choices.count && "\(replay.simulation.status)" == "\(end.status)")
    let digest = LaunchProcess.digest(of: end.processes, in: end.world)
    #expect(replay.cuts.map(\.digest) == ["\(digest)"])
  }

  @Test func `another program around the workers is another run, and a choice of who waits says for what`() throws {
    let program = LaunchProgram(binding: .atStart, joining: .afterFirstEndMark, queueCapacity: 1)
    let (choices, _, bytes) = try Self.launched(program)
    var parts = try Parts(bytes)
    parts.header.launch?.queueCapacity = 2
    let other = try Trace(Data(try parts.encoded()))
    #expect(try other.difference(from: Trace(Data(bytes))) == "the runs have different programs around their workers")
    var replay = try TraceReplay(other, of: try #require(other.header.launch))
    #expect(throws: TraceDivergence.self) { try replay.run() }

    parts = try Parts(bytes)
    parts.choices = ScheduleCode.encode([1] + choices)
    parts.cut.accesses[1] += 1
    var stuck = try TraceReplay(try Trace(Data(try parts.encoded())), of: program)
    let divergence = #expect(throws: TraceDivergence.self) { try stuck.run() }
    #expect(divergence?.access == 0)
    #expect(
      divergence?.description
        == "access 0 (thread 0, update 0): an access is on record, thread 0 waits to be started here")
    let moved = try Trace(Data(try parts.encoded())).difference(from: Trace(Data(bytes)))
    #expect(moved == "access 0 is made by thread 0 and by parent")
  }

  @Test func `a header without a program around workers is of workers alone`() throws {
    let json = String(
      decoding: try TraceFrame.payload(try Trace(Data(Self.trace(.sharded, 5))).header), as: UTF8.self)
    #expect(!json.contains("launch"))
    #expect(try JSONDecoder().decode(TraceHeader.self, from: Data(json.utf8)).launch == nil)
  }

  @Test func `a choice of nobody, logs beside choices, and logs of a program around workers are refused`() throws {
    let (choices, end) = try Self.walk(.sharded, 40)
    func error(_ change: (inout Parts) -> Void) throws -> String? {
      var parts = try Parts(Trace.bytes(of: choices, endingIn: end))
      change(&parts)
      let bytes = Data(try parts.encoded())
      return #expect(throws: TraceError.self) { _ = try TraceReplay(try Trace(bytes)) }?.description
    }
    let nobody = try error { $0.choices = ScheduleCode.encode(choices + [3]) }
    #expect(nobody?.contains("a choice of process 3, of 3") == true)
    let program = LaunchProgram(binding: .late, joining: .afterAllEndMarks, queueCapacity: 8)
    #expect(
      try error { ($0.header.launch, $0.choices, $0.log) = (program, nil, [0, 0, 0, 0]) }?
        .contains("a program around workers, of which there is no recording") == true)
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
