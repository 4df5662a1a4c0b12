// Two options that name one file would let one output overwrite the other, however differently the paths are written.

import Foundation

/// Where a file or folder really is, or will be.
struct OutputPath: Hashable {
  /// The path from the root, with links followed.
  let absolute: String

  /// The place that `path` names.
  init(_ path: String) {
    absolute = URL(fileURLWithPath: path).standardizedFileURL.resolvingSymlinksInPath().path
  }
}
