// An algorithm that is not A3C, under the engine: asynchronous SGD with a parameter server and a queue of minibatches,
// and a race in the queue. docs/your-own-algorithm.md shows this file; it imports nothing but the engine.

import Lockstep

/// What the workers share.
struct Server: World {
  /// Pairs (x, y) near y = 3x, to which y = weight · x is fitted.
  static let minibatches = [[(1.0, 3.1), (2.0, 5.8)], [(1.5, 4.5), (0.5, 1.6)], [(2.5, 7.4), (1.0, 2.9)]]

  static let (queue, model) = (0, 1)
  func name(of object: Int) -> String { ["queue", "model"][object] }

  /// The queue: the first minibatch that nobody has taken.
  var next = 0
  var isEmpty: Bool { next == Self.minibatches.count }

  /// The model: its weight, and how often each minibatch was applied to it.
  var weight = 0.0
  var applied = minibatches.map { _ in 0 }

  mutating func take() -> Int {
    next += 1
    return next - 1
  }
}

/// Trains on minibatches of the queue until it is empty.
struct Worker: Process {
  /// The access before which a worker stands.
  enum Phase {
    case looking
    case taking
    case pulling(minibatch: Int)
    case pushing(minibatch: Int, gradient: Double)
    case finished
  }

  /// Whether looking into the queue and taking from it are one access.
  let takesAtOnce: Bool
  var phase = Phase.looking

  var nextAccess: Access? {
    switch phase {
    case .looking: Access(takesAtOnce ? .update : .read, Server.queue)
    case .taking: Access(.update, Server.queue)
    case .pulling: Access(.read, Server.model)
    case .pushing: Access(.update, Server.model)
    case .finished: nil
    }
  }

  var canBlock: Bool { true }

  /// Taking waits until there is something to take.
  func isEnabled(in server: Server) -> Bool {
    if case .taking = phase { !server.isEmpty } else { true }
  }

  mutating func step(_ server: inout Server) {
    switch phase {
    case .looking where server.isEmpty: phase = .finished
    case .looking: phase = takesAtOnce ? .pulling(minibatch: server.take()) : .taking
    case .taking: phase = .pulling(minibatch: server.take())
    case .pulling(let minibatch):
      let errors = Server.minibatches[minibatch].map { x, y in (server.weight * x - y) * x }
      phase = .pushing(minibatch: minibatch, gradient: errors.reduce(0, +))
    case .pushing(let minibatch, let gradient):
      server.weight -= 0.1 * gradient
      server.applied[minibatch] += 1
      phase = .looking
    case .finished: preconditionFailure("a worker that has finished has no access left")
    }
  }
}

/// Finds the race, makes it small, and proves the repair.
/// - Returns: what it has to say, line by line.
func debugSession() -> [String] {
  var lines: [String] = []
  func start(takesAtOnce: Bool) -> Simulation<Worker, Replayed> {
    Simulation(world: Server(), processes: Array(repeating: Worker(takesAtOnce: takesAtOnce), count: 2))
  }

  // One seed is one interleaving.
  let racy = start(takesAtOnce: false)
  var run = racy.snapshot(drivenBy: RandomWalk(generator: SplitMix64(seed: 1)))
  run.run()
  lines.append("seed 1: \(run.status) after \(run.accesses) accesses, applied \(run.world.applied)")

  // Several strategies in turns, until a schedule deadlocks.
  let result = search(Portfolio(for: racy, schedules: 1000), from: racy) { $0.status == .deadlocked }
  guard let finding = result.finding else { return lines + ["no deadlock found"] }
  lines.append("schedule \(result.schedules.reduce(0, +)) deadlocks: \(finding.strategy), seed \(finding.seed)")

  // The simplest schedule that does, and one like it that does not.
  var shrinker = ScheduleShrinker(finding.choices, from: racy) { $0.status == .deadlocked }!
  lines.append("found: \(shrinker.size)")
  shrinker.shrink()
  lines += ["shrunk: \(shrinker.size)", racy.table(of: shrinker.choices)]
  if let passing = shrinker.nearestPassing() { lines += ["passes:", racy.table(of: passing)] }

  // Every class of schedules, with the race and without.
  for takesAtOnce in [false, true] {
    var exploration = Exploration(from: start(takesAtOnce: takesAtOnce))
    var weights: Set<Double> = []
    while let outcome = exploration.next() { weights.insert(outcome.end.world.weight) }
    lines.append(
      "\(takesAtOnce ? "repaired" : "with the race"): \(exploration.classes) classes of schedules, "
        + "\(exploration.deadlocked) deadlock, \(weights.count) final weights")
  }
  return lines
}
