// A place for the files of one test.

import Foundation

/// A folder of its own that goes when nobody holds it any more.
final class TemporaryFolder {
  let path: String

  /// In memory where that is possible: recordings and checkpoints wait for the disk, and a busy one takes its time.
  private static let root =
    FileManager.default.isWritableFile(atPath: "/dev/shm") ? "/dev/shm/" : NSTemporaryDirectory()

  init() throws {
    path = Self.root + "a3c-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  func path(of name: String) -> String { "\(path)/\(name)" }

  func contents() throws -> [String] { try FileManager.default.contentsOfDirectory(atPath: path).sorted() }

  func bytes(of name: String) throws -> [UInt8] { Array(try Data(contentsOf: URL(fileURLWithPath: path(of: name)))) }

  func put(_ bytes: [UInt8], in name: String) throws {
    try Data(bytes).write(to: URL(fileURLWithPath: path(of: name)))
  }
}
