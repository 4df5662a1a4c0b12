// Files appear whole or not at all, and what was there before survives every failure.

import Foundation
import Synchronization
import Testing

@testable import Reporting

/// A folder of its own that goes when the test ends.
private final class Folder {
  let path: String

  init() throws {
    path = NSTemporaryDirectory() + "a3c-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  func contents() throws -> [String] { try FileManager.default.contentsOfDirectory(atPath: path).sorted() }

  func text(_ name: String) throws -> String { try String(contentsOfFile: "\(path)/\(name)", encoding: .utf8) }

  func put(_ text: String, in name: String) throws {
    try text.write(toFile: "\(path)/\(name)", atomically: false, encoding: .utf8)
  }
}

/// The sentence that `body` fails with; empty where it succeeds.
private func failure(_ body: () throws -> Void) -> String {
  do {
    try body()
    return ""
  } catch { return "\(error)" }
}

@Suite("Files") struct AtomicFileTests {
  @Test func `a file is written and nothing else is left`() throws {
    let folder = try Folder()
    let file = try AtomicFile(path: "\(folder.path)/out.svg", force: false)
    #expect(try folder.contents() == [])
    try file.save("ünïcode")
    #expect(try folder.contents() == ["out.svg"])
    #expect(try folder.text("out.svg") == "ünïcode")
  }

  @Test func `large and empty files are written whole`() throws {
    let folder = try Folder()
    let bytes = (0..<3_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
    try AtomicFile(path: "\(folder.path)/large", force: false).save(bytes)
    #expect(FileManager.default.contents(atPath: "\(folder.path)/large") == Data(bytes))
    try AtomicFile(path: "\(folder.path)/empty", force: false).save("")
    #expect(try folder.text("empty") == "")
  }

  @Test func `a file that is there is refused beforehand, and replaced by force`() throws {
    let folder = try Folder()
    let path = "\(folder.path)/out.svg"
    try folder.put("old", in: "out.svg")
    #expect(
      failure { _ = try AtomicFile(path: path, force: false) }
        == "\(path) is already there; give another name, or --force to replace it")
    try AtomicFile(path: path, force: true).save("new")
    #expect(try folder.text("out.svg") == "new")
  }

  @Test func `a file that appears meanwhile is not overwritten`() throws {
    let folder = try Folder()
    let file = try AtomicFile(path: "\(folder.path)/out.svg", force: false)
    try folder.put("somebody else's", in: "out.svg")
    #expect(failure { try file.save("mine") }.contains("is already there"))
    #expect(try folder.text("out.svg") == "somebody else's")
    #expect(try folder.contents() == ["out.svg"])
  }

  @Test func `of several who save at once exactly one succeeds, or with force all of them`() throws {
    let folder = try Folder()
    for force in [false, true] {
      let file = try AtomicFile(path: "\(folder.path)/\(force)", force: force)
      let outcomes = Mutex<[Int: String]>([:])
      let isDone = DispatchGroup()
      for writer in 0..<8 {
        isDone.enter()
        // Large enough that all of them find the name free before the first is done.
        let bytes = [UInt8](repeating: UInt8(writer), count: 1_000_000)
        Thread {
          let outcome = failure { try file.save(bytes) }
          outcomes.withLock { $0[writer] = outcome }
          isDone.leave()
        }.start()
      }
      isDone.wait()
      let winners = outcomes.withLock { $0.filter(\.value.isEmpty).keys.sorted() }
      #expect(winners.count == (force ? 8 : 1))
      let contents = FileManager.default.contents(atPath: file.path)
      #expect(winners.contains { contents == Data(repeating: UInt8($0), count: 1_000_000) })
    }
    #expect(try folder.contents() == ["false", "true"])
  }

  @Test func `saving twice is refused without force`() throws {
    let folder = try Folder()
    let file = try AtomicFile(path: "\(folder.path)/out.svg", force: false)
    try file.save("first")
    #expect(failure { try file.save("second") }.contains("is already there"))
    #expect(try folder.text("out.svg") == "first")
  }

  @Test func `a folder that goes away is a clear failure`() throws {
    let folder = try Folder()
    let inner = "\(folder.path)/inner"
    try FileManager.default.createDirectory(atPath: inner, withIntermediateDirectories: false)
    let file = try AtomicFile(path: "\(inner)/out.svg", force: false)
    try FileManager.default.removeItem(atPath: inner)
    #expect(
      failure { try file.save("text") }
        == "\(inner)/out.svg cannot be written: there is no folder \(inner); create it or give another path")
  }

  @Test func `what cannot be a file is refused before the run`() throws {
    let folder = try Folder()
    try folder.put("", in: "plain")
    for (path, reason) in [
      ("", "is not the name of a file"),
      ("\(folder.path)", "is a folder"),
      ("\(folder.path)/missing/out.svg", "there is no folder \(folder.path)/missing"),
      ("\(folder.path)/plain/out.svg", "\(folder.path)/plain is not a folder"),
      ("\(folder.path)/\(String(repeating: "x", count: 300))", "the name is too long"),
      ("/dev/null", "is not a regular file"),
    ] {
      #expect(failure { _ = try AtomicFile(path: path, force: true) }.contains(reason), "\(path)")
    }
    #expect(try folder.contents() == ["plain"])
  }

  @Test(.enabled(if: getuid() != 0, "everything is writable for the superuser"))
  func `a folder of somebody else is refused`() throws {
    #expect(failure { _ = try AtomicFile(path: "/a3c-out.svg", force: false) }.contains("nothing may be written in /"))
  }

  @Test func `replacing keeps permissions and symbolic links`() throws {
    let folder = try Folder()
    try folder.put("old", in: "real")
    chmod("\(folder.path)/real", 0o640)
    symlink("real", "\(folder.path)/link")
    try AtomicFile(path: "\(folder.path)/link", force: true).save("new")
    #expect(try folder.text("real") == "new")
    #expect(try FileManager.default.destinationOfSymbolicLink(atPath: "\(folder.path)/link") == "real")
    var status = stat()
    #expect(stat("\(folder.path)/real", &status) == 0 && status.st_mode & 0o777 == 0o640)
  }
}
