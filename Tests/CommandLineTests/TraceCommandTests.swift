// `a3c trace` and `a3c replay --trace` from outside: what they say of sound recordings, and of damaged ones.

import Foundation
import Testing

@testable import Training
@testable import a3c

@Suite struct TraceCommandTests {
  /// A folder with two recordings, a.trace and b.trace, of runs that begin alike.
  private static func recordings() throws -> TemporaryFolder {
    let folder = try TemporaryFolder()
    for name in ["a", "b"] {
      let run = try ProgramRun(
        TrainCommandTests.small + ["--out", name, "--record", "\(name).trace", "--json"], in: folder.url)
      try run.output.write(toFile: folder.path("\(name).json"), atomically: true, encoding: .utf8)
    }
    return folder
  }

  private static func digest(_ name: String, in folder: TemporaryFolder) throws -> String? {
    let bytes = try Data(contentsOf: folder.url.appending(path: "\(name).json"))
    return (try JSONSerialization.jsonObject(with: bytes) as? [String: Any])?["digest"] as? String
  }

  @Test func `a recording is shown, verified, compared and replayed to the digest of its run`() throws {
    let folder = try Self.recordings()
    let digest = try Self.digest("a", in: folder)
    let shown = try ProgramRun(["trace", "show", "a.trace", "--json"], in: folder.url).json()
    let cuts = try #require(shown["cuts"] as? [[String: Any]])
    #expect(shown["ending"] as? String == "finished" && cuts.last?["digest"] as? String == digest)
    #expect(try ProgramRun(["trace", "show", "a.trace"], in: folder.url).output.contains(digest!))
    #expect(try ProgramRun(["trace", "verify", "a.trace"], in: folder.url).output.hasPrefix("sound: "))
    #expect(try ProgramRun(["trace", "diff", "a.trace", "a.trace"], in: folder.url).exitCode == 0)
    // Two runs of three threads that meet all the same are one run in a thousand.
    let difference = try ProgramRun(["trace", "diff", "a.trace", "b.trace"], in: folder.url)
    let isSame = try Self.digest("b", in: folder) == digest
    #expect(isSame || difference.exitCode == 1 && difference.output.hasPrefix("different: "))

    let replay = try ProgramRun(["replay", "--trace", "a.trace", "--json"], in: folder.url)
    let report = try replay.json()
    #expect(replay.exitCode == 0 && report["match"] as? Bool == true && report["firstDivergence"] is NSNull)
    #expect(report["digest"] as? String == digest && report["schedule"] as? String == "recorded")
    #expect(report["cuts"] as? Int == cuts.count && report["isComplete"] as? Bool == true)
    #expect(try ProgramRun(["replay", "--trace", "a.trace"], in: folder.url).output.contains("identical"))
  }

  @Test func `another run's recording diverges, with worker, update and access`() throws {
    let folder = try Self.recordings()
    // The trace of one seed with the header of another: what a replay does is no longer what is on record.
    let bytes = try Data(contentsOf: folder.url.appending(path: "a.trace"))
    let changed = try TraceEditing.replacing(#""seed":0"#, with: #""seed":1"#, inHeaderOf: bytes)
    try changed.write(to: folder.url.appending(path: "other.trace"))
    #expect(try ProgramRun(["trace", "verify", "other.trace"], in: folder.url).exitCode == 0)
    let run = try ProgramRun(["replay", "--trace", "other.trace", "--json"], in: folder.url)
    let report = try run.json()
    #expect(run.exitCode == 1 && report["match"] as? Bool == false)
    let divergence = try #require(report["firstDivergence"] as? [String: Any])
    for key in ["access"] { #expect(divergence[key] is NSNumber, "\(key)") }
    for key in ["kind", "recorded", "replayed"] { #expect(divergence[key] is String, "\(key)") }
    let screen = try ProgramRun(["replay", "--trace", "other.trace"], in: folder.url)
    #expect(screen.exitCode == 1 && screen.output.contains("not identical"))
  }

  @Test func `a damaged, foreign or missing trace is refused in one sentence with the offset`() throws {
    let folder = try Self.recordings()
    let whole = try Data(contentsOf: folder.url.appending(path: "a.trace"))
    func flipped(_ place: Int) -> Data {
      var bytes = whole
      bytes[place] ^= 0x10
      return bytes
    }
    let files: [(name: String, bytes: Data, sentence: String)] = [
      ("empty", Data(), "byte 0: "), ("short", whole.prefix(300), "byte 9: "),
      ("text", Data("hello\n".utf8), "byte 0: "),
      ("version", whole.prefix(8) + [9] + whole.dropFirst(9), "byte 8: the trace has version 9"),
      ("header", flipped(40), "byte 9: "), ("middle", flipped(whole.count / 2), "byte "),
      ("end", flipped(whole.count - 1), "byte "), ("more", whole + [0], "byte \(whole.count): 1 bytes after the end"),
      ("zeros", Data(count: 100_000), "byte 0: "),
    ]
    for (name, bytes, sentence) in files {
      try bytes.write(to: folder.url.appending(path: name))
      for words in [["trace", "show"], ["trace", "verify"], ["replay", "--trace"]] {
        let run = try ProgramRun(words + [name], in: folder.url)
        #expect(run.exitCode == 2 && run.output.isEmpty, "\(words) \(name)")
        #expect(run.errors.hasPrefix("a3c: \(name): \(sentence)"), "\(run.errors)")
        #expect(run.errors.split(separator: "\n").count == 1)
      }
    }
    for name in ["nowhere", "a", "/dev/zero", "/dev/null"] {
      let run = try ProgramRun(["trace", "verify", name], in: folder.url)
      #expect(run.exitCode == 2 && run.errors.hasPrefix("a3c: \(name): "), "\(run.errors)")
    }
    #expect(mkfifo(folder.path("pipe"), 0o600) == 0)
    for name in ["pipe", ".", "/dev/zero", "/dev/null"] {
      for words in [["trace", "show", name], ["trace", "diff", "a.trace", name], ["replay", "--trace", name]] {
        let run = try ProgramRun(words, in: folder.url)
        #expect(run.exitCode == 2 && run.errors.hasPrefix("a3c: \(name): it is not a regular file; "), "\(run.errors)")
      }
    }
    #expect(try ProgramRun(["trace", "verify", "a.trace"], in: folder.url).exitCode == 0)
  }

  @Test func `a trace that broke off is sound as far as it goes`() throws {
    let folder = try Self.recordings()
    let whole = try Data(contentsOf: folder.url.appending(path: "a.trace"))
    for length in [whole.count - 1, whole.count - 60, whole.count * 3 / 4] {
      try whole.prefix(length).write(to: folder.url.appending(path: "torn"))
      let verified = try ProgramRun(["trace", "verify", "torn"], in: folder.url)
      #expect(verified.exitCode == 0 && verified.output.contains("as far as it goes"), "\(verified.output)")
      let report = try ProgramRun(["replay", "--trace", "torn", "--json"], in: folder.url).json()
      #expect(report["match"] as? Bool == true && report["isComplete"] as? Bool == false)
    }
  }

  @Test func `words that make no sense are refused`() throws {
    for (words, sentence) in [
      (["trace"], "ACTION"), (["trace", "explain", "a"], "one of show, verify, diff"),
      (["trace", "diff", "a"], "give both"), (["trace", "show", "a", "b"], "left over"),
      (["replay", "--trace", "a", "--seed", "1"], "--seed too"), (["replay"], "--seed N or --trace F"),
    ] {
      let run = try ProgramRun(words)
      #expect(run.exitCode == 2 && run.errors.contains(sentence), "\(words): \(run.errors)")
    }
  }
}

/// Changes a trace so that all its checksums are right.
private enum TraceEditing {
  static func replacing(_ old: String, with new: String, inHeaderOf trace: Data) throws -> Data {
    let bytes = [UInt8](trace)
    let length = bytes[13..<17].reversed().reduce(0) { $0 << 8 | Int($1) }
    let header = String(decoding: bytes[17..<17 + length], as: UTF8.self)
    try #require(header.contains(old) && old.utf8.count == new.utf8.count)
    let payload = Array(header.replacing(old, with: new).utf8)
    let check = payload.withUnsafeBytes { TraceFrame.check(offset: 9, $0) }
    let end = 17 + length
    return Data(bytes[..<17] + payload + withUnsafeBytes(of: check.littleEndian) { Array($0) } + bytes[(end + 8)...])
  }
}
