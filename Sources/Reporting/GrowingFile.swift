// A file that is written while the program runs, such as a recording or a list of metrics. Unlike other files it cannot
// appear whole; instead an addition that fails is taken back. Where the program is killed in the middle of one, its
// beginning may be there: who reads such a file has to tell.

import Foundation

/// An open file to which bytes are added at the end. It is closed when nobody holds it any more.
///
/// Additions of several threads do not mix. Where one fails, what it wrote of itself is taken back, and nothing is
/// added any more.
public final class GrowingFile: @unchecked Sendable {
  private let file: AtomicFile
  private let descriptor: Int32
  private let lock = NSLock()
  private var length: Int
  private var failure: FileWriteError?

  init(file: AtomicFile, descriptor: Int32, size: Int) {
    self.file = file
    self.descriptor = descriptor
    length = size
  }

  deinit { close(descriptor) }

  /// The path as the user gave it.
  public var path: String { file.path }

  /// How many bytes the file has.
  public var size: Int { lock.withLock { length } }

  /// Why nothing is added any more.
  public var error: FileWriteError? { lock.withLock { failure } }

  /// Opens the file that is there, to go on with it.
  /// - Parameter size: how much of it is kept; what comes after is cut off.
  /// - Throws: `FileWriteError` where there is no such file, or it is shorter.
  public init(continuing path: String, keeping size: Int) throws(FileWriteError) {
    file = try AtomicFile(path: path, force: true)
    descriptor = open(path, O_WRONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw file.cannotWrite(errno) }
    let end = lseek(descriptor, 0, SEEK_END)
    guard end >= size, ftruncate(descriptor, off_t(size)) == 0, lseek(descriptor, off_t(size), SEEK_SET) >= 0 else {
      close(descriptor)
      throw FileWriteError(description: "\(path) has \(end) bytes, not the \(size) that were written; move it away")
    }
    length = size
  }

  /// Adds `parts`, one after the other, as one addition.
  /// - Throws: `FileWriteError`, now or because an earlier addition failed.
  public func append(_ parts: UnsafeRawBufferPointer...) throws(FileWriteError) {
    let outcome = lock.withLock { () -> Result<Void, FileWriteError> in
      if let failure { return .failure(failure) }
      for part in parts {
        var written = 0
        while written < part.count {
          let count = write(descriptor, part.baseAddress! + written, part.count - written)
          if count < 0, errno == EINTR { continue }
          if count <= 0 {
            let error = file.cannotWrite(errno)
            ftruncate(descriptor, off_t(length))
            failure = error
            return .failure(error)
          }
          written += count
        }
      }
      length += parts.reduce(0) { $0 + $1.count }
      return .success(())
    }
    try outcome.get()
  }

  /// Adds `text` as UTF-8.
  public func append(_ text: String) throws(FileWriteError) {
    let bytes = Array(text.utf8)
    let outcome = bytes.withUnsafeBytes { bytes in
      Result { () throws(FileWriteError) in try append(bytes) }
    }
    try outcome.get()
  }

  /// Waits until everything is on the disk.
  public func synchronize() throws(FileWriteError) {
    if let error { throw error }
    guard fsync(descriptor) == 0 || errno == EINVAL else { throw file.cannotWrite(errno) }
  }
}
