// What a checkpoint is that is not one: each damage is refused with a sentence that says what is wrong, before anything
// is built from it.

import DeterministicMath
import Foundation
import Sharing
import Testing

@testable import Training

@Suite struct MalformedCheckpointTests {
  private static let corpus = MalformedCorpus("checkpoint")

  /// Why the checkpoint in this folder cannot be gone on from; `nil` where it can.
  private func refusal(_ folder: URL) -> String? {
    do {
      _ = try Checkpoint(path: folder.path).makeRun()
      return nil
    } catch {
      return "\(error)".replacingOccurrences(of: folder.path, with: "checkpoint")
    }
  }

  @Test func everyDamagedCheckpointIsRefusedInTheIndexsWords() throws {
    let cases = try Self.cases()
    try Self.corpus.check(cases) { name in
      let sentence = refusal(Self.corpus.folder.appending(path: name))
      #expect((sentence == nil) == name.hasPrefix("whole"), "\(name)")
      #expect(sentence?.count ?? 0 < 300 && sentence?.contains("DecodingError") != true, "\(name)")
      return sentence
    }
  }

  @Test func aFolderWithoutACheckpointIsRefused() throws {
    let folder = try TemporaryFolder()
    #expect(
      refusal(URL(fileURLWithPath: folder.path))
        == "checkpoint: there is no checkpoint; give a folder that a3c train has written, with a run.json in it")
  }

  /// A small run in the middle, and what can be wrong with its two files.
  private static func cases() throws -> [(name: String, files: [String: [UInt8]])] {
    var run = try Configuration.small(.sharded) {
      ($0.maxSteps, $0.network.actor, $0.network.critic) = (2, [1], [1])
    }.makeSimulation(.timed, scheduleSeed: 1)
    for _ in 0..<60 { _ = run.advance() }
    while run.processes[1].phase != .updating(3) { _ = run.advance() }
    precondition(run.world.board.allResults.count > 0)
    let (json, tensors, name) = try run.checkpoint.encoded()
    let text = String(decoding: json, as: UTF8.self)

    func files(_ json: String, _ tensors: [UInt8]? = tensors, named file: String = name) -> [String: [UInt8]] {
      // With the checksum put right, so that what is wrong is found for its own sake.
      var files = ["run.json": Checkpoint.sealed(Array(json.utf8)) ?? Array(json.utf8)]
      if let tensors { files[file] = tensors }
      return files
    }
    /// run.json with a piece changed, once, and nothing beside it if it is refused before that is asked for.
    func changed(_ old: String, _ new: String, needsTensors: Bool = true) -> [String: [UInt8]] {
      guard let range = text.firstRange(of: old) else { preconditionFailure("there is no \(old) in \(text)") }
      return files(text.replacingCharacters(in: range, with: new), needsTensors ? tensors : nil)
    }
    /// Other tensors, with everything that run.json says of the file put right.
    func with(_ change: (inout Safetensors) -> Void) throws -> [String: [UInt8]] {
      var contents = try Safetensors(decoding: tensors)
      change(&contents)
      let bytes = contents.encoded()
      let json = text.replacingOccurrences(of: checksum(of: tensors), with: checksum(of: bytes))
        .replacingOccurrences(of: "\"bytes\" : \(tensors.count)", with: "\"bytes\" : \(bytes.count)")
      return files(json, bytes)
    }
    func replaced(_ name: String, _ tensor: Safetensors.Tensor?) throws -> [String: [UInt8]] {
      try with { contents in
        contents = Safetensors(
          tensors: contents.tensors.compactMap { $0.name == name ? tensor : $0 }, metadata: contents.metadata)
      }
    }
    func digest(_ value: String) -> String { "\"digest\" : \"\(value)\"" }

    let cases: [(String, [String: [UInt8]])] = [
      ("whole", files(text)),
      ("run-empty", files("", nil)),
      ("run-not-json", files("format = a3c checkpoint\n", nil)),
      ("run-cut", files(String(text.prefix(text.count / 2)), nil)),
      ("run-of-a-list", files("[1, 2, 3]", nil)),
      ("run-without-format", changed("\"format\" : \"a3c checkpoint\",", "", needsTensors: false)),
      ("format-other", changed("a3c checkpoint", "torch checkpoint", needsTensors: false)),
      ("version-3", changed("\"version\" : 2", "\"version\" : 3", needsTensors: false)),
      ("version-text", changed("\"version\" : 2", "\"version\" : \"2\"", needsTensors: false)),
      ("digest-missing", changed(digest("\(run.digest)") + ",", "", needsTensors: false)),
      ("digest-other", changed(digest("\(run.digest)"), digest("0123456789abcdef"))),
      ("tensors-missing", files(text, nil)),
      ("tensors-elsewhere", changed(name, "../\(name)", needsTensors: false)),
      ("tensors-at-a-path", changed(name, "/dev/zero", needsTensors: false)),
      ("tensors-without-name", changed(name, "", needsTensors: false)),
      ("tensors-of-another-size", changed("\"bytes\" : \(tensors.count)", "\"bytes\" : \(tensors.count + 1)")),
      ("tensors-with-another-checksum", changed(checksum(of: tensors), "0123456789abcdef")),
      ("tensors-with-a-bit-flipped", files(text, tensors.enumerated().map { $0 == 3000 ? $1 ^ 1 : $1 })),
      ("tensors-cut", files(text, tensors.dropLast(1))),
      ("tensors-not-safetensors", try Self.damaged(text, tensors, name)),
      ("tensor-missing", try replaced("actor.weight", nil)),
      (
        "tensor-of-another-shape",
        try replaced("actor.weight", .init("actor.weight", shape: [3, 1], values: .f32([0, 0, 0])))
      ),
      (
        "tensor-of-another-type",
        try replaced("actor.weight", .init("actor.weight", shape: [1, 3], values: .f64([0, 0, 0])))
      ),
      (
        "tensor-with-another-value",
        try replaced("actor.weight", .init("actor.weight", shape: [1, 3], values: .f32([0, 0, 0])))
      ),
      (
        "steps-negative",
        try replaced("blocks.steps", .init("blocks.steps", shape: [10], values: .i64(Array(repeating: -1, count: 10))))
      ),
      (
        "steps-too-many",
        try replaced(
          "blocks.steps", .init("blocks.steps", shape: [10], values: .i64(Array(repeating: .max, count: 10))))
      ),
      (
        "blocks-missing",
        try replaced("blocks.version", .init("blocks.version", shape: [9], values: .u64(Array(repeating: 0, count: 9))))
      ),
      ("worker-net-cut", try replaced("worker.1.net", .init("worker.1.net", shape: [1], values: .f32([0])))),
      ("worker-versions-missing", try replaced("worker.0.versions", nil)),
      ("results-missing", try replaced("results.return", nil)),
      ("configuration-missing", changed("\"configuration\"", "\"settings\"")),
      ("workers-none", changed("\"workers\" : 2", "\"workers\" : 0")),
      ("workers-too-many", changed("\"workers\" : 2", "\"workers\" : 1000000000")),
      ("workers-other", changed("\"workers\" : 2", "\"workers\" : 3")),
      ("units-too-many", changed("\"actor\" : [\n        1\n", "\"actor\" : [\n        1000000000\n")),
      ("units-other", changed("\"actor\" : [\n        1\n", "\"actor\" : [\n        60000\n")),
      ("granularity-other", changed("\"granularity\" : \"tensor\"", "\"granularity\" : \"chunk:1\"")),
      ("granularity-of-nothing", changed("\"granularity\" : \"tensor\"", "\"granularity\" : \"chunk:0\"")),
      ("flush-length-none", changed("\"flushLength\" : 3", "\"flushLength\" : 0")),
      ("steps-none", changed("\"maxSteps\" : 2", "\"maxSteps\" : 0")),
      ("discount-not-a-number", changed("\"discount\" : 0.9", "\"discount\" : \"nan\"")),
      ("learning-rate-infinite", changed("\"learningRate\" : 0.0001", "\"learningRate\" : \"inf\"")),
      ("environment-unknown", changed("Pendulum-v0", "Pendulum-v2")),
      ("sharing-other", changed("\"sharing\" : \"sharded\"", "\"sharing\" : \"locked\"")),
      ("sharing-without-locks", changed("\"sharing\" : \"sharded\"", "\"sharing\" : \"hogwild\"")),
      ("seed-negative", changed("\"seed\" : 7", "\"seed\" : -7")),
      ("finished-negative", changed("\"finished\" : ", "\"finished\" : -")),
      ("results-too-many", changed("\"results\" : 2", "\"results\" : 3")),
      ("results-negative", changed("\"results\" : 2", "\"results\" : -1")),
      ("smoothed-text", changed("\"smoothed\" : ", "\"smoothed\" : \"much\", \"was\" : ")),
      ("updates-negative", changed("\"environmentSteps\" : ", "\"environmentSteps\" : -")),
      ("updates-too-many", changed("\"environmentSteps\" : ", "\"environmentSteps\" : 9999999999999")),
      ("staleness-of-more-updates", changed("\"staleness\" : [", "\"staleness\" : [\n      1000000,")),
      ("hazards-negative", changed("\"no-initial-pull\" : 2", "\"no-initial-pull\" : -2")),
      ("phase-unknown", changed("\"phase\" : \"updating 3\"", "\"phase\" : \"thinking\"")),
      ("phase-of-no-block", changed("\"phase\" : \"updating 3\"", "\"phase\" : \"updating 99\"")),
      ("phase-of-a-negative-block", changed("\"phase\" : \"updating 3\"", "\"phase\" : \"updating -1\"")),
      ("phase-of-another-block", changed("\"phase\" : \"updating 3\"", "\"phase\" : \"updating 4\"")),
      ("phase-of-another-protocol", changed("\"phase\" : \"updating 3\"", "\"phase\" : \"exchanging\"")),
      ("worker-updates-negative", changed("\"updates\" : \(run.processes[0].updates)\n", "\"updates\" : -1\n")),
      ("worker-updates-largest", changed("\"updates\" : \(run.processes[0].updates)\n", "\"updates\" : \(Int.max)\n")),
      ("worker-environment-cut", changed("\"environment\" : [", "\"environment\" : [\n        0.5,")),
      ("worker-noise-negative", changed("\"actionNoise\" : ", "\"actionNoise\" : -")),
      ("worker-noise-other", changed("\"actionNoise\" : ", "\"actionNoise\" : 1")),
      ("schedule-unknown", changed("\"schedule\" : \"timed\"", "\"schedule\" : \"fair\"")),
      ("schedule-of-nobody", changed("\"process\" : 1", "\"process\" : 2")),
      ("schedule-of-one-twice", changed("\"process\" : 1", "\"process\" : 0")),
    ]
    return cases.map { name, files in
      (name, Dictionary(uniqueKeysWithValues: files.map { ("\(name)/\($0.key)", $0.value) }))
    }
  }

  /// A file of tensors that is none, of the size and with the checksum that run.json says.
  private static func damaged(_ text: String, _ tensors: [UInt8], _ name: String) throws -> [String: [UInt8]] {
    let bytes = Array("no safetensors".utf8)
    let json = text.replacingOccurrences(of: checksum(of: tensors), with: checksum(of: bytes))
      .replacingOccurrences(of: "\"bytes\" : \(tensors.count)", with: "\"bytes\" : \(bytes.count)")
    return ["run.json": Checkpoint.sealed(Array(json.utf8)) ?? Array(json.utf8), name: bytes]
  }

  private static func checksum(of bytes: [UInt8]) -> String {
    var digest = StateDigest()
    bytes.withUnsafeBytes { digest.combine(contentsOf: $0) }
    return "\(digest)"
  }

  // MARK: Too long, or too many

  @Test func aHistogramOfStalenessThatIsTooLongIsRefused() throws {
    let folder = try TemporaryFolder()
    let run = try Configuration.small(.sharded).makeSimulation(.random, scheduleSeed: 1).after(30)
    let (json, tensors, name) = try run.checkpoint.encoded()
    try folder.put(tensors, in: name)
    for count in [5000, 1 << 20 + 1] {
      let list = String(repeating: "0, ", count: count - 1) + "0"
      let text = String(decoding: json, as: UTF8.self).replacing(
        /"staleness" : \[[^\]]*\]/, with: "\"staleness\" : [\(list)]")
      try folder.put(try #require(Checkpoint.sealed(Array(text.utf8))), in: Checkpoint.runFile)
      let found = refusal(URL(fileURLWithPath: folder.path))
      #expect(found == (count == 5000 ? nil : "checkpoint/run.json: its statistics are impossible"))
    }
  }

  @Test func everyTruncationOfACheckpointInATraceIsRefused() throws {
    let whole = try Configuration.small(.locked).makeSimulation(.random, scheduleSeed: 1).after(9).checkpoint.bytes()
    #expect(try Checkpoint(whole).digest.count == 16)
    for count in stride(from: 0, to: whole.count, by: 11) {
      #expect(throws: (any Error).self) { try Checkpoint(Array(whole[..<count])) }
    }
  }
}
