// Two programs that write into one folder would destroy each other's checkpoints and mix their metrics, so whoever
// works in a folder holds its lock.

import Foundation

/// The right to work in a folder. It ends with the program, however that ends, and leaves nothing in the folder.
final class FolderLock {
  private let descriptor: Int32

  /// Takes the lock of the folder at `path`, which is there.
  /// - Throws: one sentence where somebody else holds it.
  init(_ path: String) throws(UsageError) {
    descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else {
      throw UsageError("\(path) cannot be opened: \(String(cString: strerror(errno))); give another folder")
    }
    // Some file systems have no locks; there nobody is told.
    guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK else {
      close(descriptor)
      throw UsageError("another a3c is at work in \(path); wait for its end, or give another folder")
    }
  }

  deinit { close(descriptor) }
}
