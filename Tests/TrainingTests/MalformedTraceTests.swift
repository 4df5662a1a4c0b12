// What a trace is that is not one: cut anywhere it is read up to its last whole frame, and damaged anywhere it is
// refused with a sentence that says where.

import Foundation
import Sharing
import Testing

@testable import Training

@Suite struct MalformedTraceTests {
  private static let corpus = MalformedCorpus("trace")

  /// Why a trace cannot be replayed; `nil` where it can.
  private func refusal(_ bytes: [UInt8]) throws -> String? {
    do {
      let trace = try Trace(Data(bytes))
      if let launch = trace.header.launch {
        _ = try TraceReplay(trace, of: launch)
      } else {
        _ = try TraceReplay(trace)
      }
      return nil
    } catch let error as TraceError {
      return error.description
    }
  }

  // MARK: The corpus

  @Test func everyDamagedTraceIsRefusedInTheIndexsWords() throws {
    let cases = try Self.cases()
    try Self.corpus.check(cases.map { ($0.name, ["\($0.name).trace": $0.bytes]) }) { name in
      try refusal(Array(Data(contentsOf: Self.corpus.folder.appending(path: "\(name).trace"))))
    }
    for (name, bytes) in cases {
      let sentence = try refusal(bytes)
      #expect((sentence == nil) == name.hasPrefix("whole"), "\(name)")
      #expect(sentence?.hasPrefix("byte ") ?? true && sentence?.count ?? 0 < 300, "\(name)")
    }
  }

  /// A run of one worker and one update, and what can be wrong with its trace.
  private static func cases() throws -> [(name: String, bytes: [UInt8])] {
    let tiny = Configuration.small(.locked, workers: 1) {
      ($0.episodes, $0.maxSteps, $0.network.actor, $0.network.critic) = (1, 1, [1], [1])
    }
    let whole = try RecordedRun.inLockstep(tiny).trace
    let original = try EditableTrace(whole)
    func changed(_ change: (inout EditableTrace) throws -> Void) throws -> [UInt8] {
      var trace = original
      try change(&trace)
      return try trace.encoded()
    }
    /// Where the frames begin.
    var frames: [Int] = []
    var end = TraceFrame.signature.count
    try whole.withUnsafeBytes { bytes in
      while let frame = try TraceFrame.read(bytes, at: end) {
        frames.append(frame.offset)
        end = frame.end
      }
    }
    let header = Array(whole[..<frames[1]])
    func appended(_ kind: TraceFrame.Kind, _ payload: [UInt8], to start: [UInt8]? = nil) -> [UInt8] {
      var bytes = start ?? header
      EditableTrace.append(kind, payload, to: &bytes)
      return bytes
    }
    func appended(_ kind: TraceFrame.Kind, _ text: String, to start: [UInt8]? = nil) -> [UInt8] {
      appended(kind, Array(text.utf8), to: start)
    }
    func claiming(_ kind: UInt8, _ length: Int) -> [UInt8] {
      var bytes = header
      EditableTrace.append(kind, [1, 2, 3], claiming: length, to: &bytes)
      return bytes
    }
    func flipped(_ offset: Int) -> [UInt8] {
      var bytes = whole
      bytes[offset] ^= 0x10
      return bytes
    }
    /// The header with a piece of its JSON changed, and nothing after it.
    func configured(_ old: String, _ new: String) throws -> [UInt8] {
      let json = String(decoding: try EditableTrace.json(original.header), as: UTF8.self)
      precondition(json.contains(old), "the header has no \(old): \(json)")
      return appended(.header, json.replacingOccurrences(of: old, with: new), to: TraceFrame.signature)
    }
    let launch = LaunchProgram(binding: .late, joining: .afterAllEndMarks, queueCapacity: 1)
    var launched = original.header
    launched.launch = launch
    let launchedHeader = appended(.header, try EditableTrace.json(launched), to: TraceFrame.signature)
    /// The header of a program around the worker with a piece of its JSON changed.
    func launchConfigured(_ old: String, _ new: String) throws -> [UInt8] {
      let json = String(decoding: try EditableTrace.json(launched), as: UTF8.self)
      precondition(json.contains(old), "the header has no \(old): \(json)")
      return appended(.header, json.replacingOccurrences(of: old, with: new), to: TraceFrame.signature)
    }
    var half = try tiny.makeSimulation(.random, scheduleSeed: 1)
    _ = half.advance()
    let checkpoint = Checkpoint(half.world, half.processes)
    let other = try { () throws -> Checkpoint in
      let (world, workers) = try Configuration.small(.locked, workers: 2).makeRun()
      return Checkpoint(world, workers)
    }()
    var resumed = original
    (resumed.header.startingDigest, resumed.state) = (checkpoint.digest, try checkpoint.bytes())
    (resumed.logs, resumed.cuts, resumed.ending) = ([[]], [], nil)
    func resumedWith(_ change: (inout EditableTrace) throws -> Void) throws -> [UInt8] {
      var trace = resumed
      try change(&trace)
      return try trace.encoded()
    }
    return [
      ("whole", whole),
      ("whole-resumed", try resumed.encoded()),
      ("whole-but-torn", Array(whole.dropLast(3))),
      ("empty-file", []),
      ("other-file", Array("PK\u{3}\u{4} is something else".utf8)),
      ("signature-cut", Array(whole.prefix(8))),
      ("version-3", whole.enumerated().map { $0.offset == 8 ? 3 : $0.element }),
      ("header-missing", TraceFrame.signature),
      ("header-cut", Array(whole.prefix(100))),
      ("header-not-first", appended(.cut, "{}", to: TraceFrame.signature)),
      ("header-not-json", appended(.header, "blocks: 10", to: TraceFrame.signature)),
      ("header-empty", appended(.header, "", to: TraceFrame.signature)),
      ("header-array", appended(.header, "[1, 2]", to: TraceFrame.signature)),
      ("header-without-blocks", try configured("\"blocks\":10,", "")),
      ("header-twice", header + header.dropFirst(TraceFrame.signature.count)),
      ("header-again", appended(.header, try EditableTrace.json(original.header))),
      ("head-damaged", flipped(frames[1])),
      ("head-check-damaged", flipped(frames[1] + 2)),
      ("length-damaged", flipped(frames[1] + 4)),
      ("contents-damaged", flipped(frames[1] + 9)),
      ("check-damaged", flipped(frames[2] - 1)),
      ("frame-of-no-kind", claiming(0x5a, 3)),
      ("frame-too-long", claiming(TraceFrame.Kind.log.rawValue, TraceFrame.longestPayload + 1)),
      ("frame-longest-of-all", claiming(TraceFrame.Kind.log.rawValue, 1 << 32 - 1)),
      ("frame-moved", header + whole[frames[2]...]),
      ("log-of-nobody", appended(.log, [0, 0, 0])),
      ("log-of-unknown-worker", appended(.log, [1, 0, 0, 0, 5, 0])),
      ("log-of-impossible-worker", appended(.log, [255, 255, 255, 255, 5, 0])),
      ("log-with-no-kind-of-record", appended(.log, [0, 0, 0, 0, 7, 0])),
      ("log-with-no-kind-later", appended(.log, [0, 0, 0, 0, 5, 0, 1, 0] + [1, 2, 3, 4, 5, 6, 7, 8] + [0])),
      ("log-with-endless-ticket", appended(.log, [0, 0, 0, 0, 5] + [UInt8](repeating: 0x80, count: 9) + [0x81, 0])),
      ("log-with-ticket-of-65-bits", appended(.log, [0, 0, 0, 0, 5] + [UInt8](repeating: 0x80, count: 9) + [2])),
      (
        "log-with-tickets-that-overflow",
        appended(.log, [0, 0, 0, 0, 5] + [UInt8](repeating: 0xff, count: 9) + [1, 5, 1])
      ),
      ("log-ends-in-ticket", appended(.log, [0, 0, 0, 0, 5, 0x80])),
      ("log-ends-in-record", appended(.log, [0, 0, 0, 0, 6, 0, 0])),
      ("log-ends-in-witness", appended(.log, [0, 0, 0, 0, 1, 0, 1, 2, 3])),
      ("cut-not-json", appended(.cut, "cut")),
      ("cut-without-digest", appended(.cut, "{\"accesses\":[0]}")),
      ("cut-after-other-accesses", try changed { $0.cuts[0].accesses[0] += 1000 }),
      ("cut-of-other-workers", try changed { $0.cuts[0].accesses.append(0) }),
      ("state-in-the-middle", appended(.state, "", to: Array(whole[..<frames[2]]))),
      ("state-without-digest", appended(.state, "")),
      ("state-missing", try resumedWith { $0.state = nil }),
      ("state-twice", appended(.state, try checkpoint.bytes(), to: try resumed.encoded())),
      ("state-empty", try resumedWith { $0.state = [] }),
      ("state-cut", try resumedWith { $0.state = Array($0.state!.dropLast(10)) }),
      ("state-of-other-run", try resumedWith { $0.state = try other.bytes() }),
      ("state-of-other-moment", try resumedWith { $0.header.startingDigest = other.digest }),
      ("state-with-length-of-nothing", try resumedWith { $0.state = [UInt8](repeating: 255, count: 8) }),
      ("end-not-json", appended(.end, "}")),
      ("end-of-no-kind", appended(.end, "{\"ending\":\"exhausted\"}")),
      ("end-without-ending", appended(.end, "{}")),
      ("end-without-cut", try changed { $0.cuts = [] }),
      ("bytes-after-end", whole + [0]),
      ("frame-after-end", appended(.cut, "{}", to: whole)),
      ("blocks-of-another-cut", try configured("\"blocks\":10", "\"blocks\":11")),
      ("blocks-negative", try configured("\"blocks\":10", "\"blocks\":-1")),
      ("hogwild", try configured("\"sharing\":\"locked\"", "\"sharing\":\"hogwild\"")),
      ("protocol-unknown", try configured("\"sharing\":\"locked\"", "\"sharing\":\"free\"")),
      ("environment-unknown", try configured("Pendulum-v0", "Pendulum-v9")),
      ("workers-none", try configured("\"workers\":1", "\"workers\":0")),
      ("workers-negative", try configured("\"workers\":1", "\"workers\":-1")),
      ("workers-too-many", try configured("\"workers\":1", "\"workers\":1000000000")),
      ("workers-beyond-64-bits", try configured("\"workers\":1", "\"workers\":100000000000000000000")),
      ("workers-fractional", try configured("\"workers\":1", "\"workers\":1.5")),
      ("workers-text", try configured("\"workers\":1", "\"workers\":\"1\"")),
      ("workers-missing", try configured(",\"workers\":1", "")),
      ("units-too-many", try configured("\"actor\":[1]", "\"actor\":[1000000000]")),
      ("units-none", try configured("\"critic\":[1]", "\"critic\":[0]")),
      (
        "units-times-workers-too-many",
        try changed { ($0.header.configuration.workers, $0.header.configuration.network.actor) = (60_000, [60_000]) }
      ),
      ("chunk-none", try configured("\"granularity\":\"tensor\"", "\"granularity\":\"chunk:0\"")),
      ("chunk-too-large", try configured("\"granularity\":\"tensor\"", "\"granularity\":\"chunk:9999999\"")),
      ("granularity-unknown", try configured("\"granularity\":\"tensor\"", "\"granularity\":\"row\"")),
      ("flush-length-none", try configured("\"flushLength\":3", "\"flushLength\":0")),
      ("steps-none", try configured("\"maxSteps\":1", "\"maxSteps\":0")),
      ("episodes-negative", try configured("\"episodes\":1", "\"episodes\":-5")),
      ("discount-above-1", try configured("\"discount\":0.9", "\"discount\":1.01")),
      ("discount-not-a-number", try configured("\"discount\":0.9", "\"discount\":\"nan\"")),
      ("learning-rate-overflows", try configured("\"learningRate\":0.0001", "\"learningRate\":1e400")),
      ("beta-1", try configured("\"beta1\":0.96", "\"beta1\":1")),
      ("whole-schedule", appended(.choices, [0, 3])),
      ("whole-schedule-of-launch", appended(.choices, [0, 2, 1, 2], to: launchedHeader)),
      ("choices-of-unknown-worker", appended(.choices, [0, 1, 1, 1])),
      ("choices-of-unknown-thread", appended(.choices, [0, 1, 2, 1], to: launchedHeader)),
      ("choices-of-impossible-process", appended(.choices, [0xff, 0xff, 0x7f, 1])),
      ("choices-of-too-long-a-stretch", appended(.choices, [0, 0xff, 0xff, 0xff, 0x7f])),
      ("choices-too-many-together", appended(.choices, [0, 0x80, 0x80, 0x80, 0x08, 1, 1])),
      ("choices-of-empty-stretch", appended(.choices, [0, 0])),
      ("choices-that-go-on", appended(.choices, [0, 1, 0, 1])),
      ("choices-end-in-number", appended(.choices, [0, 0x80])),
      ("choices-end-in-stretch", appended(.choices, [0, 1, 1])),
      ("choices-with-leading-zero", appended(.choices, [0x80, 0, 1])),
      ("choices-in-the-middle", appended(.choices, [0, 1], to: Array(whole[..<frames[2]]))),
      ("choices-twice", appended(.choices, [0, 1], to: appended(.choices, [0, 1]))),
      ("choices-beside-log", appended(.log, [0, 0, 0, 0, 5, 0], to: appended(.choices, [0, 1]))),
      (
        "choices-with-other-cut",
        appended(.cut, try EditableTrace.json(original.cuts[0]), to: appended(.choices, [0, 2]))
      ),
      ("launch-of-recording", try changed { $0.header.launch = launch }),
      ("launch-without-choices", launchedHeader),
      ("launch-with-queue-for-nothing", try launchConfigured("\"queueCapacity\":1", "\"queueCapacity\":0")),
      ("launch-with-binding-unknown", try launchConfigured("\"binding\":\"late\"", "\"binding\":\"later\"")),
      ("launch-without-joining", try launchConfigured("\"joining\":\"afterAllEndMarks\",", "")),
    ]
  }

  #if os(Linux)
    /// What a header asks for is not made when the trace is opened, however much the settings allow.
    @Test func openingATraceTakesNoMemoryForItsRun() async {
      await #expect(processExitsWith: .success) {
        var header = try EditableTrace(RecordedRun.inLockstep(.small(.sharded)).trace).header
        (header.configuration.workers, header.configuration.network.actor) = (1000, [65_000])
        header.configuration.granularity = .chunk(1)
        header.blocks = 6 * 65_000 + 23
        var bytes = TraceFrame.signature
        EditableTrace.append(.header, try EditableTrace.json(header), to: &bytes)
        // The local nets alone would take 1.5 GB, and the blocks 200 MB.
        try withMemory(of: 64 << 20) { _ = try Trace(Data(bytes)) }
      }
      await #expect(processExitsWith: .failure) {
        try withMemory(of: 64 << 20) {
          UnsafeMutableRawPointer.allocate(byteCount: 1 << 28, alignment: 1).storeBytes(of: 1, as: Int.self)
        }
      }
    }
  #endif

  // MARK: Cut anywhere

  @Test func aTraceThatIsCutAnywhereIsReadUpToItsLastWholeFrame() throws {
    let run = try RecordedRun.inLockstep(.small(.sharded))
    let whole = try Trace(Data(run.trace))
    var (refused, complete, cuts) = (0, Set<Int>(), Set<Int>())
    for count in 0..<run.trace.count {
      let trace: Trace
      do {
        trace = try Trace(Data(run.trace[..<count]))
      } catch {
        refused += 1
        #expect(complete.isEmpty, "\(count) bytes are refused, and fewer were read: \(error)")
        continue
      }
      #expect(trace.ending == nil && trace.size.complete + trace.size.torn == count)
      #expect(trace.cuts == Array(whole.cuts.prefix(trace.cuts.count)))
      guard complete.insert(trace.size.complete).inserted else { continue }
      cuts.insert(trace.cuts.count)
      var replay = try TraceReplay(trace)
      try replay.run()
      #expect(replay.cuts == trace.cuts)
      #expect(replay.accesses >= trace.cuts.last?.accesses.reduce(0, +) ?? 0)
      #expect(replay.accesses <= trace.accesses.reduce(0, +))
    }
    #expect(refused > 8 && complete.count > 10 && cuts == Set(0...whole.cuts.count))
  }

  // MARK: Flipped anywhere

  @Test func aTraceWithAnyBitFlippedIsRefusedAtItsFrame() throws {
    let whole = try RecordedRun.inLockstep(.small(.sharded)).trace
    let frames = try Self.frames(of: whole)
    for offset in whole.indices {
      var damaged = whole
      damaged[offset] ^= 1 << UInt8((offset * 5) % 8)
      let frame = frames.last { $0 <= offset } ?? (offset < 8 ? 0 : 8)
      let error = #expect(throws: TraceError.self) { try Trace(Data(damaged)) }
      #expect(error?.description.hasPrefix("byte \(frame): ") == true, "byte \(offset): \(String(describing: error))")
    }
  }

  /// The contents of a frame that is not there whole cannot be checked, and nothing is taken from them.
  @Test func aBitFlippedInATornFrameIsRefusedInItsHeadAndOtherwiseIgnored() throws {
    let whole = try RecordedRun.inLockstep(.small(.sharded)).trace
    let frames = try Self.frames(of: whole)
    for frame in frames.dropFirst() {
      let end = frames.first { $0 > frame } ?? whole.count
      let torn = Array(whole[..<(end - 1)])
      for offset in frame..<torn.count {
        var damaged = torn
        damaged[offset] ^= 1 << UInt8(offset % 8)
        if offset < frame + 8 {
          let error = #expect(throws: TraceError.self) { try Trace(Data(damaged)) }
          #expect(error?.description.hasPrefix("byte \(frame): ") == true)
        } else {
          let trace = try Trace(Data(damaged))
          #expect(trace.size == (frame, torn.count - frame))
        }
      }
    }
  }

  private static func frames(of bytes: [UInt8]) throws -> [Int] {
    try bytes.withUnsafeBytes { bytes in
      var (frames, end) = ([Int](), TraceFrame.signature.count)
      while let frame = try TraceFrame.read(bytes, at: end) {
        frames.append(frame.offset)
        end = frame.end
      }
      return frames
    }
  }
}

#if os(Linux)
  /// Runs `body` with so many bytes of address space more than there are. For exit tests only: the limit stays.
  func withMemory(of bytes: UInt, _ body: () throws -> Void) throws {
    let statistics = try String(contentsOfFile: "/proc/self/statm", encoding: .utf8)
    let pages = try #require(statistics.split(separator: " ").first.flatMap { UInt($0) })
    let limit = pages * UInt(sysconf(Int32(_SC_PAGESIZE))) + bytes
    var limits = rlimit(rlim_cur: limit, rlim_max: limit)
    try #require(setrlimit(__rlimit_resource_t(RLIMIT_AS.rawValue), &limits) == 0)
    try body()
  }
#endif
