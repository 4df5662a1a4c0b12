// A program with a quirk beside the same program without it: both make the same choices of whose access comes next, and
// draw the same noise, so whatever differs is the quirk's doing.

import Environments
import Learning
import Lockstep
import Sharing
import Training

/// Where two runs first differ, and how the difference grows.
public struct QuirkComparison: Hashable, Sendable, Codable {
  /// A number that one run has and the other has not.
  public struct Difference: Hashable, Sendable, Codable {
    /// Whose gradient it is, or whose push wrote it.
    public var worker: Int
    /// Which of that worker's updates, from 0.
    public var update: Int
    /// The access of the first run after which it was seen, from 0.
    public var access: Int
    /// What that access was.
    public var operation: String
    /// The first number that differs, such as `sigma.weight[17]`.
    public var element: String
    /// What it is in the first run, the one with the quirk.
    public var value: Float
    /// What it is in the second run, the repaired one.
    public var repaired: Float

    /// By how much the first is greater.
    public var absolute: Double { Double(value) - Double(repaired) }
    /// `absolute` relative to the repaired value; `nil` where that is 0.
    public var relative: Double? { repaired == 0 ? nil : absolute / Double(repaired).magnitude }
  }

  /// How far the two models are apart.
  public struct Growth: Hashable, Sendable, Codable {
    /// How many updates have been made since just before the first difference, all workers together.
    public var updates: Int
    /// The greatest difference of a parameter.
    public var greatest: Double
    /// The Euclidean norm of all differences, relative to that of the repaired parameters.
    public var relative: Double
  }

  /// How large the optimizer's steps are, relative to what they are meant to be.
  public struct StepSize: Hashable, Sendable, Codable {
    /// In the last update of which round, from 1; in each, every worker makes one update.
    public var round: Int
    /// The size as a multiple of the intended.
    public var ratio: Double
  }

  /// After how many updates growth is measured.
  public static let milestones = [1, 10, 100]

  /// What is compared; `nil` for two configurations of the caller's choice.
  public var quirk: Quirk?
  /// The first run's configuration.
  public var configuration: Configuration
  /// Whose order both follow.
  public var schedule: Schedule
  /// Which interleaving of the schedule.
  public var scheduleSeed: UInt64
  /// How many updates were compared.
  public private(set) var updates = 0
  /// The first gradient that differs.
  public private(set) var gradient: Difference?
  /// The first shared parameter that differs.
  public private(set) var parameter: Difference?
  /// The models' distance at each milestone that was reached.
  public private(set) var growth: [Growth] = []
  /// For `private-step`: the step sizes in the rounds of `milestones`, if all workers had the same gradient.
  public var stepSizes: [StepSize] = []

  /// The first difference of all; `nil` where the runs are the same.
  public var first: Difference? {
    guard let gradient, let parameter else { return gradient ?? parameter }
    return (gradient.access, gradient.update) <= (parameter.access, parameter.update) ? gradient : parameter
  }

  /// Compares `configuration`, which has `quirk`, with its repair.
  /// - Parameter updates: how many updates are compared at most.
  /// - Precondition: it has the quirk.
  /// - Throws: where there is no environment of the configured name.
  public init(
    of quirk: Quirk, in configuration: Configuration, schedule: Schedule = .roundRobin, scheduleSeed: UInt64 = 0,
    updates: Int = 400
  ) throws(UnknownEnvironment) {
    precondition(quirk.isPresent(in: configuration), "the configuration has no \(quirk.rawValue) to compare with")
    var repaired = configuration
    quirk.repair(&repaired)
    try self.init(configuration, repaired, schedule: schedule, scheduleSeed: scheduleSeed, updates: updates)
    self.quirk = quirk
    if quirk == .privateStep, let adam = configuration.optimizer.adam {
      stepSizes = Self.milestones.map {
        StepSize(round: $0, ratio: adam.privateStepSize(workers: configuration.workers, round: $0))
      }
    }
  }

  /// Compares any two configurations whose workers make the same accesses.
  /// - Parameter updates: how many updates are compared at most.
  /// - Throws: where there is no environment of a configured name.
  public init(
    _ first: Configuration, _ second: Configuration, schedule: Schedule, scheduleSeed: UInt64, updates limit: Int
  ) throws(UnknownEnvironment) {
    configuration = first
    self.schedule = schedule
    self.scheduleSeed = scheduleSeed
    var pair = try Pair(first, second, schedule: schedule, scheduleSeed: scheduleSeed)
    var origin: Int?
    while updates < limit, growth.count < Self.milestones.count {
      let before = updates
      guard let choice = pair.advance() else { return }
      updates = pair.updates
      if gradient == nil, let found = pair.differingGradient() {
        gradient = pair.difference(found, after: choice, update: pair.first.processes[choice.process].updates)
      }
      if parameter == nil, choice.access.kind != .read, let found = pair.differingParameter() {
        parameter = pair.difference(found, after: choice, update: pair.earlier.first.updates)
      }
      if origin == nil, self.first != nil { origin = before }
      if let origin, growth.count < Self.milestones.count, updates - origin >= Self.milestones[growth.count] {
        growth.append(pair.distance(updates: updates - origin))
      }
    }
  }
}

/// Two runs that go on together.
private struct Pair {
  typealias Run = Simulation<Worker, RoundRobin>

  var first: Run
  var second: Run
  /// The worker that went last, in both runs, as it was before.
  var earlier: (first: Worker, second: Worker)
  /// Chooses for both.
  private var strategy: ScheduleStrategy

  init(
    _ first: Configuration, _ second: Configuration, schedule: Schedule, scheduleSeed: UInt64
  ) throws(UnknownEnvironment) {
    func run(_ configuration: Configuration) throws(UnknownEnvironment) -> Run {
      var (world, workers) = try configuration.makeRun()
      world.witnessesFlushes = true
      return Run(world: world, processes: workers, strategy: RoundRobin())
    }
    self.first = try run(first)
    self.second = try run(second)
    precondition(
      first.workers == second.workers && self.first.world.plan.network.layout == self.second.world.plan.network.layout,
      "runs of other workers or other nets cannot be compared")
    earlier = (self.first.processes[0], self.second.processes[0])
    strategy = ScheduleStrategy(schedule, for: self.first.processes, seed: scheduleSeed)
  }

  var updates: Int { min(first.world.statistics.updates, second.world.statistics.updates) }

  /// Lets the same worker make its next access in both runs; `nil` where the runs are over, or do not make the same
  /// accesses any more.
  mutating func advance() -> Run.Step? {
    guard first.status == .running, let process = strategy.choose(from: first.candidates),
      second.candidates.contains(process), first.processes[process].nextAccess == second.processes[process].nextAccess
    else { return nil }
    earlier = (first.processes[process], second.processes[process])
    let step = first.advance(process)
    second.advance(process)
    // A pull before the first push that only one of them makes takes no turn of its own.
    while first.processes[process].isInInitialPull && !second.processes[process].isInInitialPull {
      first.advance(process)
    }
    while second.processes[process].isInInitialPull && !first.processes[process].isInInitialPull {
      second.advance(process)
    }
    guard first.world.failure == nil, second.world.failure == nil else { return nil }
    let next = first.processes[process].nextAccess
    strategy.didStep(
      process, access: step.access, next: next, delay: next == nil ? nil : first.processes[process].delay)
    return step
  }

  /// The first element of the gradient that the last step has made, if any, in which the runs differ.
  func differingGradient() -> (element: Int, first: Float, second: Float)? {
    let worker = earlier.first.number
    guard let one = first.processes[worker].flush(since: earlier.first, in: first.world),
      let other = second.processes[worker].flush(since: earlier.second, in: second.world)
    else { return nil }
    return Self.difference(one.pushed, other.pushed)
  }

  func differingParameter() -> (element: Int, first: Float, second: Float)? {
    Self.difference(first.world.model.parameters, second.world.model.parameters)
  }

  private static func difference(_ one: [Float], _ other: [Float]) -> (element: Int, first: Float, second: Float)? {
    one.indices.first { one[$0].bitPattern != other[$0].bitPattern }.map { ($0, one[$0], other[$0]) }
  }

  func difference(
    _ found: (element: Int, first: Float, second: Float), after step: Run.Step, update: Int
  ) -> QuirkComparison.Difference {
    QuirkComparison.Difference(
      worker: step.process, update: update, access: step.index + 1,
      operation: earlier.first.nextAccessDescription(in: first.world) ?? "",
      element: first.world.plan.network.layout.name(ofParameter: found.element), value: found.first,
      repaired: found.second)
  }

  func distance(updates: Int) -> QuirkComparison.Growth {
    let (one, other) = (first.world.model.parameters, second.world.model.parameters)
    let differences = zip(one, other).map { Double($0) - Double($1) }
    func norm(_ numbers: [Double]) -> Double { numbers.reduce(0) { $0 + $1 * $1 }.squareRoot() }
    let size = norm(other.map { Double($0) })
    return QuirkComparison.Growth(
      updates: updates, greatest: differences.reduce(0) { max($0, $1.magnitude) },
      relative: size == 0 ? 0 : norm(differences) / size)
  }
}

extension Worker {
  /// Whether it stands in the pull before its first push.
  fileprivate var isInInitialPull: Bool {
    switch phase {
    case .pulling, .pullingAll: updates == 0
    default: false
    }
  }
}

extension Adam {
  /// How large a step is in the last update of a round when each of `workers` equal workers corrects the bias of the
  /// shared moments by a count of its own, as a multiple of the step under one count. It is measured on a parameter
  /// whose gradient is always 1.
  /// - Parameter round: from 1; in a round every worker makes one update.
  public func privateStepSize(workers: Int, round: Int) -> Double {
    precondition(workers >= 1 && round >= 1, "\(workers) workers in round \(round); both are at least 1")
    func lastStep(_ number: (_ update: Int) -> Int) -> Double {
      var (parameter, slots, last) = (0.0, [0.0, 0], 0.0)
      let gradient = 1.0
      for update in 1...workers * round {
        let before = parameter
        withUnsafePointer(to: gradient) { gradient in
          slots.withUnsafeMutableBufferPointer { slots in
            self.update(
              OptimizerBlock(
                count: 1, parameters: &parameter, gradient: gradient, slots: slots.baseAddress!, slotStride: 1),
              step: number(update))
          }
        }
        last = parameter - before
      }
      return last
    }
    return lastStep { ($0 - 1) / workers + 1 } / lastStep { $0 }
  }
}
