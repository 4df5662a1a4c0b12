// Two options that name one file would let one output overwrite the other, however differently the paths are written.

import Foundation

/// Where a file or folder really is, or will be.
struct OutputPath: Hashable {
  /// The path from the root, with links followed as far as there is something.
  let absolute: String

  /// The place that `path` names.
  init(_ path: String) {
    // Part by part: `..` after a link is the folder above the link's aim, and what is still to come has no links.
    var place = path.hasPrefix("/") ? "" : FileManager.default.currentDirectoryPath
    for part in path.split(separator: "/") where part != "." {
      if part == ".." {
        place = String(place[..<(place.lastIndex(of: "/") ?? place.startIndex)])
      } else {
        place += place.hasSuffix("/") ? part : "/\(part)"
        if let resolved = realpath(place, nil) {
          place = String(cString: resolved)
          free(resolved)
        }
      }
    }
    absolute = place.isEmpty ? "/" : place
  }
}
