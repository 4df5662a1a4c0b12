// Folders for files that are still to come. If one of them cannot be made, or what should go into them cannot, those
// that were made are taken away again, so that a refused command leaves nothing behind.

import Foundation

/// Folders that were made, in the order of their making.
struct NewFolders {
  private var made: [String] = []

  /// Makes the folder `path` and those above it, as far as they are not there.
  /// - Throws: one sentence, where it cannot be made.
  mutating func make(_ path: String) throws(UsageError) {
    var missing: [String] = []
    var folder = path
    while folder.count > 1, folder.hasSuffix("/") { folder.removeLast() }
    while !folder.isEmpty, !FileManager.default.fileExists(atPath: folder) {
      missing.append(folder)
      folder = folder.lastIndex(of: "/").map { String(folder[..<$0]) } ?? ""
    }
    for folder in missing.reversed() {
      if mkdir(folder, 0o777) == 0 {
        made.append(folder)
      } else if errno != EEXIST {
        throw UsageError(
          "the folder \(path) cannot be made: \(folder): \(String(cString: strerror(errno))); give another path")
      }
    }
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), isFolder.boolValue else {
      throw UsageError("\(path) is no folder; give the path of a folder, or of one to be made")
    }
  }

  /// Makes the first folder of `paths` that is not there; several programs that ask at once get one each.
  /// - Throws: one sentence, where none can be made.
  mutating func makeFirst(of paths: some Sequence<String>) throws(UsageError) -> String {
    for path in paths {
      if let slash = path.lastIndex(of: "/") { try make(String(path[..<slash])) }
      if mkdir(path, 0o777) == 0 {
        made.append(path)
        return path
      }
      guard errno == EEXIST else {
        throw UsageError("the folder \(path) cannot be made: \(String(cString: strerror(errno))); give another --out")
      }
    }
    throw UsageError("every folder for the run is taken; give another --out")
  }

  /// Takes away those that were made and are still empty.
  func takeAway() { for folder in made.reversed() { rmdir(folder) } }
}
