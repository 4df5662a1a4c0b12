// A file that grows has whole additions only, whatever happens to the disk or who adds at the same time.

import Foundation
import Testing

@testable import Reporting

/// A folder of its own that goes when the test ends.
private final class Folder {
  let path: String

  init() throws {
    path = NSTemporaryDirectory() + "a3c-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit {
    chmod(path, 0o755)
    try? FileManager.default.removeItem(atPath: path)
  }

  func path(of name: String) -> String { "\(path)/\(name)" }

  func text(_ name: String) throws -> String { try String(contentsOfFile: path(of: name), encoding: .utf8) }

  func grow(_ name: String, from text: String = "", force: Bool = false) throws -> GrowingFile {
    try AtomicFile(path: path(of: name), force: force).grow(from: Array(text.utf8))
  }
}

/// The sentence that `body` fails with; empty where it succeeds.
private func failure(_ body: () throws -> Void) -> String {
  do {
    try body()
    return ""
  } catch { return "\(error)" }
}

@Suite("Growing files") struct GrowingFileTests {
  @Test func `additions stand behind the beginning, at once and in order`() throws {
    let folder = try Folder()
    let file = try folder.grow("log", from: "begin\n")
    #expect(try folder.text("log") == "begin\n" && file.size == 6)
    try file.append("ünïcode\n")
    #expect(try folder.text("log") == "begin\nünïcode\n" && file.size == 16)
    try [1, 2].withUnsafeBytes { first in
      try [3].withUnsafeBytes { second in try file.append(first, UnsafeRawBufferPointer(start: nil, count: 0), second) }
    }
    #expect(file.size == 16 + 3 * MemoryLayout<Int>.size && file.error == nil && file.path == folder.path(of: "log"))
    try file.synchronize()
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["log"])
  }

  @Test func `a file that is there is refused, or replaced by force`() throws {
    let folder = try Folder()
    _ = try folder.grow("log", from: "old")
    #expect(failure { _ = try folder.grow("log", from: "new") }.contains("is already there"))
    #expect(try folder.text("log") == "old")
    _ = try folder.grow("log", from: "new", force: true)
    #expect(try folder.text("log") == "new")
  }

  @Test func `a file is continued from where it is to be kept`() throws {
    let folder = try Folder()
    try folder.grow("log").append("kept, and cut off")
    let file = try GrowingFile(continuing: folder.path(of: "log"), keeping: 4)
    #expect(try folder.text("log") == "kept" && file.size == 4)
    try file.append(" on")
    #expect(try folder.text("log") == "kept on" && file.size == 7)
  }

  @Test func `a file that is shorter, or is not there, cannot be continued`() throws {
    let folder = try Folder()
    try folder.grow("log").append("short")
    let path = folder.path(of: "log")
    #expect(
      failure { _ = try GrowingFile(continuing: path, keeping: 6) }
        == "\(path) has 5 bytes, not the 6 that were written; move it away")
    #expect(try folder.text("log") == "short")
    let missing = folder.path(of: "missing")
    #expect(failure { _ = try GrowingFile(continuing: missing, keeping: 0) }.contains("missing cannot be written"))
    #expect(!FileManager.default.fileExists(atPath: missing))
  }

  @Test func `what several threads add does not mix`() throws {
    let folder = try Folder()
    let file = try folder.grow("log")
    let group = DispatchGroup()
    for writer in 0..<4 {
      group.enter()
      Thread {
        for line in 0..<200 {
          try? file.append("\(writer) \(line) " + String(repeating: "abcdefghij"[writer], count: 40 * writer) + "\n")
        }
        group.leave()
      }.start()
    }
    group.wait()
    let text = try folder.text("log")
    let lines = text.split(separator: "\n").map { $0.split(separator: " ") }
    #expect(lines.count == 800 && file.size == text.utf8.count)
    for writer in 0..<4 {
      let own = lines.filter { $0[0] == "\(writer)" }
      #expect(own.map { $0[1] } == (0..<200).map { "\($0)" })
      let rest = String(repeating: "abcdefghij"[writer], count: 40 * writer)
      #expect(own.allSatisfy { writer == 0 ? $0.count == 2 : $0[2] == rest })
    }
  }

  @Test func `where no file can be made the sentence says so`() throws {
    let folder = try Folder()
    #expect(
      failure { _ = try folder.grow("nowhere/log") }
        == "\(folder.path)/nowhere/log cannot be written: there is no folder \(folder.path)/nowhere; create it or give "
        + "another path")
    _ = try folder.grow("file")
    #expect(failure { _ = try folder.grow("file/log") }.contains("is not a folder"))
    // Nothing is forbidden to the superuser.
    if geteuid() != 0 {
      chmod(folder.path, 0o555)
      #expect(failure { _ = try folder.grow("log") }.contains("nothing may be written in \(folder.path)"))
    }
  }

  #if os(Linux)
    @Test func `a file that cannot be continued is closed`() async {
      await #expect(processExitsWith: .success) {
        let folder = try Folder()
        try folder.grow("log").append("short")
        func opened() throws -> Int { try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count }
        let before = try opened()
        for _ in 0..<8 { _ = try? GrowingFile(continuing: folder.path(of: "log"), keeping: 6) }
        let after = try opened()
        try #require(after == before)
      }
    }

    /// A disk that is full in the middle of an addition, by the system's limit of a file's size.
    @Test func `an addition that does not fit is taken back, and nothing is added any more`() async {
      await #expect(processExitsWith: .success) {
        signal(SIGXFSZ, SIG_IGN)
        var limits = rlimit(rlim_cur: 1000, rlim_max: 1000)
        try #require(setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limits) == 0)
        let folder = try Folder()
        let file = try folder.grow("log", from: "beginning\n")
        let line = String(repeating: "x", count: 63) + "\n"
        for _ in 0..<15 { try file.append(line) }
        // 30 bytes are left.
        let first = failure { try file.append(line) }
        try #require(first.contains("log cannot be written: "))
        let text = try folder.text("log")
        try #require(text == "beginning\n" + String(repeating: line, count: 15))
        try #require(file.size == 10 + 15 * 64 && file.error?.description == first)
        let later = [failure { try file.append("y") }, failure { try file.synchronize() }]
        try #require(later == [first, first])
        let length = try folder.text("log").utf8.count
        try #require(length == file.size)
      }
    }
  #endif
}

extension String {
  fileprivate subscript(_ offset: Int) -> String { String(self[index(startIndex, offsetBy: offset)]) }
}
