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
struct Guarded<Value: Sendable>: ~Copyable, @unchecked Sendable {
  private let lock: UnsafeMutablePointer<pthread_mutex_t>
  private let value: UnsafeMutablePointer<Value>
  private let accesses: UnsafeMutablePointer<UInt64>

  init(_ initialValue: Value) {
    lock = .allocate(capacity: 1)
    lock.initialize(to: pthread_mutex_t())
    precondition(pthread_mutex_init(lock, nil) == 0, "the system has no mutex left")
    value = .allocate(capacity: 1)
    value.initialize(to: initialValue)
    accesses = .allocate(capacity: 1)
    accesses.initialize(to: 0)
  }

  deinit {
    pthread_mutex_destroy(lock)
    lock.deallocate()
    value.deinitialize(count: 1)
    value.deallocate()
    accesses.deallocate()
  }

  /// Runs `body`, an access of a worker, while no other thread runs one.
  /// - Returns: what `body` returns, and how many accesses were made before.
  @inline(__always)
  borrowing func access<Result>(_ body: (inout Value) -> Result) -> (result: Result, ticket: UInt64) {
    pthread_mutex_lock(lock)
    defer { pthread_mutex_unlock(lock) }
    let ticket = accesses.pointee
    accesses.pointee = ticket &+ 1
    return (body(&value.pointee), ticket)
  }

  /// Runs `body`, which looks from outside and takes no ticket, while no other thread runs one.
  @inline(__always)
  borrowing func withLock<Result>(_ body: (inout Value) -> Result) -> Result {
    pthread_mutex_lock(lock)
    defer { pthread_mutex_unlock(lock) }
    return body(&value.pointee)
  }
}
