// The processes of a launched program as state machines: the parent, and a thread for each worker. A thread drives the
// same `Worker` that trains, through its own `step`; nothing of the algorithm is written down here.
//
//     parent                                        thread k
//       for worker in workers                         begin, once started
//         loop variable ← worker        binding       read the loop variable           (late binding only)
//         start thread k                starting      make all accesses of the worker, but put its results into the
//       take results until the end mark(s)              queue instead of publishing them
//       join thread 0, thread 1, …                    put an end mark
//                                                     end

import Lockstep

/// The parent of a launched program, or one of its threads.
public struct LaunchProcess: Process, Sendable {
  /// Where a process stands. The first four are the parent's.
  public enum Place: Hashable, Sendable {
    /// Sets the loop variable to the worker.
    case binding(Int)
    /// Starts the thread.
    case starting(Int)
    /// Takes a result or an end mark from the queue.
    case taking
    /// Waits for the thread to end.
    case joining(Int)
    /// Begins to run, once started.
    case beginning
    /// Reads the loop variable, to know which worker to run.
    case lookingUp
    /// Makes the worker's next access.
    case working(Worker.Phase, Access)
    /// Puts the end mark into the queue.
    case marking
    /// Ends.
    case ending
    /// Has no access left.
    case finished
  }

  /// The number of the process: 0 for the parent, k + 1 for thread k.
  public let number: Int
  /// Where it stands.
  public internal(set) var place: Place
  /// The worker that a thread runs, once it knows.
  public internal(set) var worker: Int?
  /// How many updates it has pushed.
  public internal(set) var updates = 0
  /// How long the private work before the next access takes, as `Worker.delay`.
  public internal(set) var delay = 1
  let objects: LaunchObjects

  init(number: Int, objects: LaunchObjects) {
    self.number = number
    self.objects = objects
    place = number == 0 ? .binding(0) : .beginning
  }

  /// The number of a thread, from 0.
  var thread: Int { number - 1 }

  /// The access that the next `step` makes.
  public var nextAccess: Access? {
    switch place {
    case .binding: Access(.write, objects.loopVariable)
    case .starting(let thread): Access(.write, objects.gate(of: thread))
    case .taking: Access(.update, objects.queue)
    case .joining(let thread): Access(.read, objects.end(of: thread))
    case .beginning: Access(.read, objects.gate(of: thread))
    case .lookingUp: Access(.read, objects.loopVariable)
    case .working(.publishing, _), .marking: Access(.update, objects.queue)
    case .working(_, let access): access
    case .ending: Access(.write, objects.end(of: thread))
    case .finished: nil
    }
  }

  /// What the next access waits for.
  public var need: LaunchNeed {
    switch place {
    case .taking: .item
    case .joining(let thread): .end(thread)
    case .beginning: .start(thread)
    case .working(.publishing, _), .marking: .room
    case .binding, .starting, .lookingUp, .working, .ending: .nothing
    case .finished: .finished
    }
  }

  /// It waits to be started, for room in the queue or something in it, and for threads to end.
  public var canBlock: Bool { true }

  /// Whether what the next access needs is there.
  public func isEnabled(in world: LaunchWorld) -> Bool { world.meets(need) }

  /// Makes the next access.
  public mutating func step(_ world: inout LaunchWorld) {
    world.training.statistics.beginAccess()
    switch place {
    case .binding(let worker): bind(worker, &world)
    case .starting(let thread): start(thread, &world)
    case .taking: take(&world)
    case .joining(let thread): join(thread)
    case .beginning: begin(&world)
    case .lookingUp: run(world.loopVariable, &world)
    case .working(let phase, let access): work(phase, access, &world)
    case .marking: mark(&world)
    case .ending: end(&world)
    case .finished: preconditionFailure("a process that has finished has no access left")
    }
    world.needs[number] = need
    world.noteDeadlock()
  }

  // MARK: Parent

  private mutating func bind(_ worker: Int, _ world: inout LaunchWorld) {
    world.loopVariable = worker
    place = .starting(worker)
  }

  private mutating func start(_ thread: Int, _ world: inout LaunchWorld) {
    world.started[thread] = world.loopVariable
    place = thread + 1 < objects.threads ? .binding(thread + 1) : .taking
  }

  private mutating func take(_ world: inout LaunchWorld) {
    if let result = world.queue.removeFirst() {
      world.taken.append(result)
    } else {
      world.endMarksTaken += 1
    }
    if world.endMarksTaken == world.endMarksAwaited { place = .joining(0) }
  }

  private mutating func join(_ thread: Int) {
    place = thread + 1 < objects.threads ? .joining(thread + 1) : .finished
  }

  // MARK: Thread

  private mutating func begin(_ world: inout LaunchWorld) {
    switch world.program.binding {
    case .late: place = .lookingUp
    case .atStart: run(world.started[thread]!, &world)
    }
  }

  /// Begins to run a worker.
  private mutating func run(_ worker: Int, _ world: inout LaunchWorld) {
    world.runners[worker] += 1
    if world.runners[worker] > 1 { world.training.statistics.note(.lateBinding) }
    self.worker = worker
    world.workers[worker].phase = .claiming
    goOn(with: world.workers[worker])
  }

  /// Makes the worker's access at `phase`, which is this thread's place in the worker's program and may not be that of
  /// another thread that runs the same worker.
  private mutating func work(_ phase: Worker.Phase, _ access: Access, _ world: inout LaunchWorld) {
    let worker = self.worker!
    let earlier = world.workers[worker].updates
    world.workers[worker].phase = phase
    precondition(world.workers[worker].nextAccess == access, "worker \(worker) does not stand before \(access)")
    world.workers[worker].step(&world.training)
    updates += world.workers[worker].updates - earlier
    if phase == .publishing { world.put(world.training.board.allResults.last!) }
    goOn(with: world.workers[worker])
  }

  /// Stands where `worker` does, or at the end of the thread.
  private mutating func goOn(with worker: Worker) {
    delay = worker.delay
    place =
      switch worker.phase {
      case .finished: .marking
      // An exception ends the thread, and nobody puts a mark for it.
      case .failed: .ending
      default: .working(worker.phase, worker.nextAccess!)
      }
  }

  private mutating func mark(_ world: inout LaunchWorld) {
    world.put(nil)
    place = .ending
  }

  private mutating func end(_ world: inout LaunchWorld) {
    world.ended[thread] = true
    place = .finished
  }
}
