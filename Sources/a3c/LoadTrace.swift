// Where the commands for recordings get them from.

import Foundation
import Training

/// The trace at `path`.
/// - Throws: one sentence where there is none; a pipe or a device is none.
func loadTrace(_ path: String) throws -> Trace {
  var status = stat()
  if stat(path, &status) == 0, status.st_mode & S_IFMT != S_IFREG {
    throw UsageError("\(path): it is not a regular file; give the path of a trace that a3c train --record has written")
  }
  return try Trace(path: path)
}
