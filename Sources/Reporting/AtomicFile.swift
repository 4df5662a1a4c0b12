// Files appear whole or not at all: they are written under a temporary name in the same folder, then renamed. A run
// that takes an hour asks beforehand whether its result will have a place.

import Foundation

/// Why a file cannot be written. The description is one sentence for the user.
public struct FileWriteError: Error, CustomStringConvertible, Equatable {
  /// The sentence: which path, why, and what to do.
  public let description: String
}

/// A place where a file will be written; making one checks that it can be.
public struct AtomicFile: Sendable, Equatable {
  /// The path as the user gave it.
  public let path: String
  /// Whether a file that is already there may be replaced.
  public let mayReplace: Bool
  /// Where the file really goes: `path` with symbolic links followed, so that a link stays a link.
  private let target: String

  /// Checks that a file can be written at `path`: that its folder takes a new file (by making one and taking it away
  /// again) and that nothing is there, or only a regular file that `force` allows to replace.
  /// - Throws: `FileWriteError` when it can't.
  public init(path: String, force: Bool) throws(FileWriteError) {
    guard !path.isEmpty, !path.contains("\0") else {
      throw FileWriteError(description: "'\(path)' is not the name of a file; give a path to write to")
    }
    self.path = path
    mayReplace = force
    target = Self.followingLinks(path)
    try refuseOccupied()
    let temporary = try createTemporary(permissions: nil)
    close(temporary.descriptor)
    unlink(temporary.path)
  }

  /// Writes `text` as UTF-8.
  /// - Throws: `FileWriteError`; then whatever was at the path before is still there, unharmed.
  public func save(_ text: String) throws(FileWriteError) { try save(Array(text.utf8)) }

  /// Writes `bytes`.
  /// - Throws: `FileWriteError`; then whatever was at the path before is still there, unharmed.
  public func save(_ bytes: [UInt8]) throws(FileWriteError) {
    let permissions = try refuseOccupied()
    let temporary = try createTemporary(permissions: permissions)
    let outcome = Result { () throws(FileWriteError) in try fill(temporary.descriptor, with: bytes) }
    close(temporary.descriptor)
    do {
      try outcome.get()
      try install(temporary.path)
    } catch {
      unlink(temporary.path)
      throw error
    }
  }

  /// Begins a file that grows: with `beginning` it appears whole, and what is added later stays readable up to the last
  /// complete addition, even if the program is killed.
  /// - Throws: `FileWriteError`; then whatever was at the path before is still there, unharmed.
  public func grow(from beginning: [UInt8]) throws(FileWriteError) -> GrowingFile {
    let permissions = try refuseOccupied()
    let temporary = try createTemporary(permissions: permissions)
    do {
      try fill(temporary.descriptor, with: beginning)
      try install(temporary.path)
    } catch {
      close(temporary.descriptor)
      unlink(temporary.path)
      throw error
    }
    return GrowingFile(file: self, descriptor: temporary.descriptor, size: beginning.count)
  }

  /// Throws when what is at the target must stay; otherwise gives the permissions of the file to be replaced.
  @discardableResult
  private func refuseOccupied() throws(FileWriteError) -> mode_t? {
    var status = stat()
    guard lstat(target, &status) == 0 else {
      if errno == ENOENT { return nil }
      throw cannotWrite(errno)
    }
    switch status.st_mode & S_IFMT {
    case S_IFREG:
      guard mayReplace else { throw alreadyThere() }
      return status.st_mode & 0o7777
    case S_IFDIR:
      throw FileWriteError(description: "\(path) is a folder; give the name of a file to write")
    default:
      throw FileWriteError(description: "\(path) is not a regular file; give another name to write to")
    }
  }

  private var folder: String {
    // Not `deletingLastPathComponent`, which traps on names of one character (Foundation of Swift 6.3.1, Linux).
    guard let slash = target.lastIndex(of: "/") else { return "." }
    return slash == target.startIndex ? "/" : String(target[..<slash])
  }

  /// Makes an empty file beside the target, under a name that nothing else has.
  private func createTemporary(permissions: mode_t?) throws(FileWriteError) -> (descriptor: Int32, path: String) {
    for attempt in 0..<100 {
      let temporary = "\(folder)/.a3c-\(getpid())-\(attempt).tmp"
      let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
      if descriptor >= 0 {
        if let permissions { fchmod(descriptor, permissions) }
        return (descriptor, temporary)
      }
      if errno != EEXIST { throw cannotWrite(errno) }
    }
    throw FileWriteError(
      description: "\(path) cannot be written: \(folder) is full of left-over .a3c-*.tmp files; delete them")
  }

  private func fill(_ descriptor: Int32, with bytes: [UInt8]) throws(FileWriteError) {
    var written = 0
    while written < bytes.count {
      let count = bytes[written...].withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { throw cannotWrite(errno) }
      written += count
    }
    guard fsync(descriptor) == 0 || errno == EINVAL else { throw cannotWrite(errno) }
  }

  /// Gives the temporary file its name in one step; where this succeeds the temporary name is gone. A link, unlike a
  /// renaming, refuses a name that was taken meanwhile.
  private func install(_ temporary: String) throws(FileWriteError) {
    if !mayReplace {
      if link(temporary, target) == 0 {
        unlink(temporary)
        return
      }
      if errno == EEXIST { throw alreadyThere() }
      // The file system has no links: look once more, then rename.
      try refuseOccupied()
    }
    guard rename(temporary, target) == 0 else { throw cannotWrite(errno) }
  }

  /// The sentence for the system's error `code`.
  func cannotWrite(_ code: Int32) -> FileWriteError {
    let reason: String
    switch code {
    case ENOENT: reason = "there is no folder \(folder); create it or give another path"
    case ENOTDIR: reason = "\(folder) is not a folder; give a path within a folder"
    case EACCES, EPERM: reason = "nothing may be written in \(folder); give a path in a folder of yours"
    case EROFS: reason = "\(folder) is on a read-only disk; give a path elsewhere"
    case ENOSPC, EDQUOT: reason = "the disk is full; free some space or give a path elsewhere"
    case EFBIG: reason = "it may not grow any more; raise the limit (ulimit -f) or give a path elsewhere"
    case ENAMETOOLONG: reason = "the name is too long; give a shorter one"
    default: reason = "\(String(cString: strerror(code))); give another path"
    }
    return FileWriteError(description: "\(path) cannot be written: \(reason)")
  }

  private func alreadyThere() -> FileWriteError {
    FileWriteError(description: "\(path) is already there; give another name, or --force to replace it")
  }

  private static func followingLinks(_ path: String) -> String {
    guard let resolved = realpath(path, nil) else { return path }
    defer { free(resolved) }
    return String(cString: resolved)
  }
}
