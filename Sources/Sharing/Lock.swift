// The lock of the shared model and the board. The standard library's `Mutex` would do, but on Linux the thread
// sanitizer does not see it: it reports races where there are none, and about every second contended run hangs (Swift
// 6.3.1).

#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// A value that only one thread at a time can reach.
struct Guarded<Value: Sendable>: ~Copyable, @unchecked Sendable {
  private let lock: UnsafeMutablePointer<pthread_mutex_t>
  private let value: UnsafeMutablePointer<Value>

  init(_ initialValue: Value) {
    lock = .allocate(capacity: 1)
    lock.initialize(to: pthread_mutex_t())
    precondition(pthread_mutex_init(lock, nil) == 0, "the system has no mutex left")
    value = .allocate(capacity: 1)
    value.initialize(to: initialValue)
  }

  deinit {
    pthread_mutex_destroy(lock)
    lock.deallocate()
    value.deinitialize(count: 1)
    value.deallocate()
  }

  /// Runs `body` while no other thread runs one.
  @inline(__always)
  borrowing func withLock<Result>(_ body: (inout Value) -> Result) -> Result {
    pthread_mutex_lock(lock)
    defer { pthread_mutex_unlock(lock) }
    return body(&value.pointee)
  }
}
