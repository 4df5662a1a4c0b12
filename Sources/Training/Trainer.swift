// Training for real: a thread a worker, each making its worker's accesses as fast as it can. The workers, the model and
// the board are those of lockstep; all that is here is who calls `step`, and how everybody is brought to a stop.

import DeterministicMath
import Foundation
import Sharing
import Synchronization

/// Why a run cannot be made on threads. The description is one sentence.
public struct ThreadError: Error, CustomStringConvertible {
  /// How many threads were wanted, and why there are not so many.
  public let description: String

  init(workers: Int, reason: String) {
    description = "there are not \(workers) threads to be had (\(reason)); train with fewer workers, or in lockstep"
  }
}

/// A training run on threads.
///
/// Threads are made once. Between two accesses a thread looks at one word, by which it is asked to stand still; it does
/// so only before a whole push, pull or claim, never in the middle of one. Use a trainer from one thread.
public final class Trainer {
  /// What a run has done so far, for whoever watches.
  public struct Progress: Sendable, Equatable {
    /// Steps of all environments.
    public var environmentSteps = 0
    /// Pushes.
    public var updates = 0
    /// The mean staleness of all updates.
    public var meanStaleness = 0.0
    /// The smoothed reward per step.
    public var smoothed = 0.0
    /// How many episodes have finished.
    public var episodes = 0

    /// Nothing yet.
    public init() {}
  }

  /// What the threads are asked to do.
  private enum Order: UInt8, AtomicRepresentable {
    case run
    case stand
    case leave
  }

  /// A thread's place: its worker and its part of the world. The thread owns it, except while it stands still or has
  /// ended.
  private final class Seat: @unchecked Sendable {
    var worker: Worker
    var world: TrainingWorld
    var log: AccessLog
    var accesses = 0
    var thread: pthread_t?
    /// Copies of the thread's own counts, written often and read rarely by somebody else.
    let environmentSteps = Atomic<Int>(0)
    let updates = Atomic<Int>(0)
    let totalLag = Atomic<Int>(0)

    init(worker: Worker, world: TrainingWorld, blocks: Int, isRecorded: Bool) {
      self.worker = worker
      self.world = world
      log = AccessLog(world.plan.configuration, blocks: blocks, capacity: isRecorded ? AccessLog.usualCapacity : 0)
    }

    @inline(__always)
    func publish() {
      environmentSteps.store(world.statistics.environmentSteps, ordering: .relaxed)
      updates.store(world.statistics.updates, ordering: .relaxed)
      totalLag.store(world.statistics.totalLag, ordering: .relaxed)
    }
  }

  /// What threads and trainer share.
  private final class Floor: Sendable {
    let order = Atomic<Order>(.run)
    /// Guards the two counts and announces their changes.
    let condition = NSCondition()
    /// How many threads stand still, and how many have ended.
    nonisolated(unsafe) var standing = 0
    nonisolated(unsafe) var ended = 0
    /// The threads that have not ended.
    let running = DispatchGroup()
  }

  private let seats: [Seat]
  private let floor = Floor()
  private let recorder: TraceRecorder?
  private let earlier: RunStatistics
  private var isStarted = false

  /// A run that goes on from `world` and `workers`.
  /// - Parameters:
  ///   - world: the shared objects, and what was done before; no other driver may use them meanwhile.
  ///   - workers: all of the run.
  ///   - recorder: takes the tickets of all accesses. Protocols without locks have none.
  public init(_ world: TrainingWorld, _ workers: [Worker], recorder: TraceRecorder? = nil) {
    precondition(
      recorder == nil || world.plan.configuration.sharing.isLocked, "accesses without locks cannot be recorded")
    earlier = world.statistics
    board = world.board
    self.recorder = recorder
    seats = workers.map { worker in
      var part = TrainingWorld(world.plan, model: world.model, board: world.board)
      part.witnessesPulls = recorder != nil
      return Seat(worker: worker, world: part, blocks: world.model.blocks.count, isRecorded: recorder != nil)
    }
  }

  deinit { if isStarted { leave() } }

  // MARK: Driving

  /// Makes the threads.
  /// - Throws: `ThreadError` where the system gives none more; then no thread is left running.
  public func start() throws(ThreadError) {
    precondition(!isStarted, "a trainer starts once")
    isStarted = true
    for seat in seats {
      let body = Body(seat: seat, floor: floor, recorder: recorder)
      let argument = Unmanaged.passRetained(body).toOpaque()
      floor.running.enter()
      #if canImport(Darwin)
        let code = pthread_create(&seat.thread, nil, { Trainer.main($0) }, argument)
      #else
        var thread = pthread_t()
        let code = pthread_create(&thread, nil, { Trainer.main($0!) }, argument)
        seat.thread = thread
      #endif
      guard code == 0 else {
        Unmanaged<Body>.fromOpaque(argument).release()
        seat.thread = nil
        floor.running.leave()
        leave()
        throw ThreadError(workers: seats.count, reason: String(cString: strerror(code)))
      }
    }
  }

  /// What a thread is given.
  private final class Body: Sendable {
    let seat: Seat
    let floor: Floor
    let recorder: TraceRecorder?

    init(seat: Seat, floor: Floor, recorder: TraceRecorder?) {
      self.seat = seat
      self.floor = floor
      self.recorder = recorder
    }
  }

  private static func main(_ argument: UnsafeMutableRawPointer) -> UnsafeMutableRawPointer? {
    run(Unmanaged<Body>.fromOpaque(argument).takeRetainedValue())
    return nil
  }

  /// The whole life of a thread.
  private static func run(_ body: Body) {
    let (seat, floor, recorder) = (body.seat, body.floor, body.recorder)
    while true {
      drive(seat, floor.order, recorder)
      if let recorder { recorder.append(&seat.log, of: seat.worker.number) }
      floor.condition.lock()
      // Under the lock, or a pause at the same moment could take the place of this order.
      if seat.world.failure != nil { floor.order.store(.leave, ordering: .relaxed) }
      if floor.order.load(ordering: .relaxed) == .leave || seat.worker.nextAccess == nil { break }
      floor.standing += 1
      floor.condition.broadcast()
      while floor.order.load(ordering: .relaxed) == .stand { floor.condition.wait() }
      floor.standing -= 1
      floor.condition.unlock()
    }
    floor.ended += 1
    floor.condition.broadcast()
    floor.condition.unlock()
    floor.running.leave()
  }

  /// Makes accesses until there are none left, or an order comes and a whole push, pull or claim lies ahead.
  private static func drive(_ seat: Seat, _ order: borrowing Atomic<Order>, _ recorder: TraceRecorder?) {
    while true {
      let phase = seat.worker.phase
      if phase.beginsRecord {
        seat.publish()
        if phase == .finished || phase == .failed || order.load(ordering: .relaxed) != .run { return }
        if let recorder, seat.log.isFull { recorder.append(&seat.log, of: seat.worker.number) }
      }
      guard seat.worker.isEnabled(in: seat.world) else {
        // Somebody else's push is missing. It comes within a flush, or there is an order to stop.
        sched_yield()
        continue
      }
      seat.worker.step(&seat.world)
      seat.accesses &+= 1
      if recorder != nil { seat.log.note(phase, ticket: seat.world.ticket, pulled: seat.worker.pulled) }
    }
  }

  // MARK: Watching and stopping

  /// Waits until all threads have ended, at most so many seconds.
  /// - Returns: whether they have.
  public func wait(seconds: Double) -> Bool {
    // A clock that nobody sets, which `NSCondition` does not have.
    floor.running.wait(timeout: .now() + seconds) == .success
  }

  /// Brings every worker to stand before a whole push, pull, claim or end of an episode, or to its own end. Until
  /// `resume`, the state may be looked at.
  public func pause() {
    precondition(isStarted, "nobody is on the way yet")
    floor.condition.lock()
    if floor.order.load(ordering: .relaxed) == .run { floor.order.store(.stand, ordering: .relaxed) }
    while floor.standing + floor.ended < seats.count { floor.condition.wait() }
    floor.condition.unlock()
  }

  /// Lets everybody go on after `pause`.
  public func resume() {
    floor.condition.lock()
    if floor.order.load(ordering: .relaxed) == .stand { floor.order.store(.run, ordering: .relaxed) }
    floor.condition.broadcast()
    floor.condition.unlock()
  }

  /// Ends the run: every worker stops before a whole push, pull or claim, and its thread ends.
  public func leave() {
    floor.condition.lock()
    floor.order.store(.leave, ordering: .relaxed)
    floor.condition.broadcast()
    floor.condition.unlock()
    for seat in seats {
      if let thread = seat.thread { pthread_join(thread, nil) }
      seat.thread = nil
    }
  }

  /// What has been done so far; somewhat behind while the run goes on.
  public var progress: Progress {
    var progress = Progress()
    var lag = Int(0)
    for seat in seats {
      progress.environmentSteps += seat.environmentSteps.load(ordering: .relaxed)
      progress.updates += seat.updates.load(ordering: .relaxed)
      lag += seat.totalLag.load(ordering: .relaxed)
    }
    progress.environmentSteps += earlier.environmentSteps
    progress.updates += earlier.updates
    progress.meanStaleness = progress.updates == 0 ? 0 : Double(lag + earlier.totalLag) / Double(progress.updates)
    progress.smoothed = board.smoothed
    progress.episodes = board.finishedEpisodes
    return progress
  }

  /// The counters and results, which may be looked at while the run goes on.
  public let board: EpisodeBoard

  // MARK: The state, while everybody stands still or has ended

  /// The workers.
  public var workers: [Worker] { seats.map(\.worker) }

  /// The shared objects, with the statistics of all threads and of what was done before.
  public var world: TrainingWorld {
    var statistics = earlier
    for seat in seats { statistics.add(seat.world.statistics) }
    let shared = seats[0].world
    return TrainingWorld(shared.plan, model: shared.model, board: shared.board, statistics: statistics)
  }

  /// How many accesses each worker has made on its thread.
  public var accesses: [Int] { seats.map(\.accesses) }

  /// Whether every worker has made all its accesses.
  public var isFinished: Bool { workers.allSatisfy { $0.phase == .finished } }

  /// Why a worker could not go on.
  public var failure: WorkerFailure? { seats.lazy.compactMap(\.world.failure).first }
}
