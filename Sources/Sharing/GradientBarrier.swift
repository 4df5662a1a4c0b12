// Where workers of the synchronous variant (A2C) meet: each round, every worker that still plays puts in a gradient,
// and whoever comes last applies their mean. The mean is taken in the order of the workers' numbers, so that the model
// does not depend on who was last: all schedules train the same.

import DeterministicMath
import Synchronization

/// The gradients of a round, one a worker. All but `round` is reached under the model's lock.
public final class GradientBarrier: @unchecked Sendable {
  /// What is at the barrier at one moment.
  public struct State: Hashable, Sendable {
    /// Rounds that were completed.
    public var round: Int
    /// For each worker whether its gradient of this round is in.
    public var hasArrived: [Bool]
    /// For each worker whether it will come no more.
    public var hasLeft: [Bool]
    /// What the learning rate is multiplied by in each worker's episode.
    public var rateScales: [Double]
    /// The gradients, worker by worker; 0 where none is in.
    public var gradients: [Float]

    /// Makes a state.
    public init(round: Int, hasArrived: [Bool], hasLeft: [Bool], rateScales: [Double], gradients: [Float]) {
      self.round = round
      self.hasArrived = hasArrived
      self.hasLeft = hasLeft
      self.rateScales = rateScales
      self.gradients = gradients
    }
  }

  private var contents: State
  private let count: Int
  private let completed: Atomic<Int>

  /// A barrier for `workers` workers with gradients of `count` parameters.
  init(workers: Int, count: Int) {
    contents = State(
      round: 0, hasArrived: Array(repeating: false, count: workers), hasLeft: Array(repeating: false, count: workers),
      rateScales: Array(repeating: 1, count: workers), gradients: Array(repeating: 0, count: workers * count))
    self.count = count
    completed = Atomic(0)
  }

  private init(_ state: State, count: Int) {
    contents = state
    self.count = count
    completed = Atomic(state.round)
  }

  /// An independent copy. No worker may be in the middle of an access.
  func copy() -> GradientBarrier { GradientBarrier(contents, count: count) }

  /// Everything at the barrier. No worker may be in the middle of an access.
  var state: State { contents }

  /// Whether `state` can be one of this barrier.
  func canBe(_ state: State) -> Bool {
    let workers = contents.hasArrived.count
    return state.round >= 0 && state.hasArrived.count == workers && state.hasLeft.count == workers
      && state.rateScales.count == workers && state.rateScales.allSatisfy { 0...1 ~= $0 }
      && state.gradients.count == contents.gradients.count
  }

  /// Puts `state` in the place of what is there.
  func restore(_ state: State) {
    precondition(canBe(state), "a state of another barrier")
    contents = state
    completed.store(state.round, ordering: .relaxed)
  }

  /// How many rounds were completed. Needs no lock.
  var round: Int { completed.load(ordering: .acquiring) }

  /// Puts the gradient of `worker` in.
  func arrive(_ worker: Int, _ gradient: UnsafePointer<Float>, rateScale: Double) {
    precondition(!contents.hasArrived[worker] && !contents.hasLeft[worker], "worker \(worker) is here twice")
    contents.hasArrived[worker] = true
    contents.rateScales[worker] = rateScale
    contents.gradients.withUnsafeMutableBufferPointer {
      ($0.baseAddress! + worker * count).update(from: gradient, count: count)
    }
  }

  /// Notes that `worker` will come no more.
  func leave(_ worker: Int) { contents.hasLeft[worker] = true }

  /// Completes the round if everybody is here who still comes, and somebody is.
  /// - Parameter apply: gets the mean gradient, which it may change, and the number and rate of the first worker in it.
  func complete(
    _ apply: (_ mean: UnsafeMutableBufferPointer<Float>, _ worker: Int, _ rateScale: Double) -> Void
  ) {
    let workers = contents.hasArrived.indices
    guard let first = contents.hasArrived.firstIndex(of: true),
      workers.allSatisfy({ contents.hasArrived[$0] || contents.hasLeft[$0] })
    else { return }
    contents.gradients.withUnsafeMutableBufferPointer { gradients in
      let mean = gradients.baseAddress! + first * count
      var arrived = 1
      for worker in workers where worker > first && contents.hasArrived[worker] {
        let other = gradients.baseAddress! + worker * count
        for index in 0..<count { mean[index] += other[index] }
        arrived += 1
      }
      let share = 1 / Float(arrived)
      for index in 0..<count { mean[index] *= share }
      apply(UnsafeMutableBufferPointer(start: mean, count: count), first, contents.rateScales[first])
    }
    for worker in workers where contents.hasArrived[worker] {
      (contents.hasArrived[worker], contents.rateScales[worker]) = (false, 1)
      for index in worker * count..<(worker + 1) * count { contents.gradients[index] = 0 }
    }
    contents.round += 1
    completed.store(contents.round, ordering: .releasing)
  }

  /// Feeds what decides how the round goes on.
  func digest(into digest: inout StateDigest) {
    digest.combine(contents.round)
    for flag in contents.hasArrived + contents.hasLeft { digest.combine(flag) }
    digest.combine(contentsOf: contents.rateScales)
    digest.combine(contentsOf: contents.gradients)
  }
}
