// The lock of the shared model and the board. The standard library's `Mutex` would do, but on Linux the thread
// sanitizer does not see it: it reports races where there are none, and about every second contended run hangs (Swift
// 6.3.1).

#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// A value that only one thread at a time can reach. Workers' accesses are numbered: the number is the access's ticket,
/// and the tickets of all accesses to all values are all that a recording needs to repeat a run.
struct Guarded<Value: Sendable & ~Copyable>: ~Copyable, @unchecked Sendable {
  private struct Contents: ~Copyable {
    var lock = pthread_mutex_t()
    var accesses: UInt64 = 0
    var value: Value

    init(value: consuming Value) { self.value = value }
  }

  /// What belongs to one lock stands on cache lines that nothing else does: threads that use different locks must not
  /// wait for each other. Two lines, because processors fetch them in pairs.
  private static var alignment: Int { 128 }

  private let contents: UnsafeMutablePointer<Contents>

  init(_ initialValue: consuming Value) {
    let size = (MemoryLayout<Contents>.size + Self.alignment - 1) / Self.alignment * Self.alignment
    contents = UnsafeMutableRawPointer.allocate(byteCount: size, alignment: Self.alignment)
      .bindMemory(to: Contents.self, capacity: 1)
    contents.initialize(to: Contents(value: initialValue))
    var attributes = pthread_mutexattr_t()
    pthread_mutexattr_init(&attributes)
    #if canImport(Glibc)
      // Accesses are shorter than a sleep and an awakening: wait a moment before going to sleep.
      pthread_mutexattr_settype(&attributes, CInt(PTHREAD_MUTEX_ADAPTIVE_NP))
    #endif
    let code = pthread_mutex_init(&contents.pointee.lock, &attributes)
    precondition(code == 0, "the system has no mutex left")
    pthread_mutexattr_destroy(&attributes)
  }

  deinit {
    pthread_mutex_destroy(&contents.pointee.lock)
    contents.deinitialize(count: 1)
    UnsafeMutableRawPointer(contents).deallocate()
  }

  /// Runs `body`, an access of a worker, while no other thread runs one.
  /// - Returns: what `body` returns, and how many accesses were made before.
  @inline(__always)
  borrowing func access<Result>(_ body: (inout Value) -> Result) -> (result: Result, ticket: UInt64) {
    pthread_mutex_lock(&contents.pointee.lock)
    defer { pthread_mutex_unlock(&contents.pointee.lock) }
    let ticket = contents.pointee.accesses
    contents.pointee.accesses = ticket &+ 1
    return (body(&contents.pointee.value), ticket)
  }

  /// As `access`, for values that `body` reaches by itself, `withoutLock`.
  @inline(__always)
  borrowing func whileLocked<Result>(_ body: () -> Result) -> (result: Result, ticket: UInt64) {
    pthread_mutex_lock(&contents.pointee.lock)
    defer { pthread_mutex_unlock(&contents.pointee.lock) }
    let ticket = contents.pointee.accesses
    contents.pointee.accesses = ticket &+ 1
    return (body(), ticket)
  }

  /// Runs `body`, which looks from outside and takes no ticket, while no other thread runs one.
  @inline(__always)
  borrowing func withLock<Result>(_ body: (inout Value) -> Result) -> Result {
    pthread_mutex_lock(&contents.pointee.lock)
    defer { pthread_mutex_unlock(&contents.pointee.lock) }
    return body(&contents.pointee.value)
  }

  /// Runs `body` without the lock: for values that need none, such as atomics.
  @inline(__always)
  borrowing func withoutLock<Result>(_ body: (borrowing Value) -> Result) -> Result { body(contents.pointee.value) }
}
