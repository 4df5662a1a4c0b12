// What `a3c bench` measures: the kernels, the environment and whole training, beside the machine's own peak, all in
// one process, so that ratios mean something on any machine.

import Autodiff
import DeterministicMath
import Environments
import Experiments
import Learning
import Lockstep
import Sharing
import Training

/// The machine's single-precision peak without fused multiply-add: multiplications and additions in equal numbers on
/// twelve independent vectors, which nothing but the arithmetic can slow down.
public func measurePeak() -> Timing {
  let rounds = 200_000
  return measure("peak, no FMA, SIMD8<Float>", operations: 12 * 16, units: rounds) {
    // A term that the last result decides, so that no two calls are the same.
    keep(multiplyAndAdd(rounds, 0.999_999, Float(1 + sink & 1) * 1e-7))
  }
}

@inline(never)
private func multiplyAndAdd(_ rounds: Int, _ factor: Float, _ term: Float) -> Float {
  let f = SIMD8(repeating: factor)
  let t = SIMD8(repeating: term)
  var a = SIMD8<Float>(1, 2, 3, 4, 5, 6, 7, 8)
  var (b, c, d, e, g, h) = (a + 1, a + 2, a + 3, a + 4, a + 5, a + 6)
  var (i, j, k, l, m) = (a + 7, a + 8, a + 9, a + 10, a + 11)
  for _ in 0..<rounds {
    a = a * f + t
    b = b * f + t
    c = c * f + t
    d = d * f + t
    e = e * f + t
    g = g * f + t
    h = h * f + t
    i = i * f + t
    j = j * f + t
    k = k * f + t
    l = l * f + t
    m = m * f + t
  }
  let sum = ((a + b) + (c + d)) + ((e + g) + (h + i)) + ((j + k) + (l + m))
  return (sum.lowHalf + sum.highHalf).sum()
}

/// Where results go that nobody looks at; a global, so that computing them cannot be optimised away.
nonisolated(unsafe) private var sink: UInt32 = 0

@inline(never)
private func keep(_ value: Float) { sink ^= value.bitPattern }

/// The kernels of the full `sjtu` network, its optimizer, its noise and its environment.
public func measureKernels() -> [Timing] {
  let network = ActorCriticNetwork(.sjtu, observations: 3, outputs: 1)
  var stream = RandomStream(seed: 1, worker: 0, purpose: .test)
  var parameters = network.initialParameters(from: &stream)
  var gradient = [Float](repeating: 0, count: parameters.count)
  var slots = [Float](repeating: 0, count: 2 * parameters.count)
  let tape = Tape<Float>()
  let loss = ActorCriticLoss(entropyWeight: 0.005)
  let states = (0..<30).map { _ in Float(stream.gaussian()) }
  let actions = (0..<10).map { _ in Float(stream.gaussian()) }
  let targets = (0..<10).map { _ in Float(stream.gaussian()) }
  var results: [Timing] = []

  func measureForward(rows: Int) {
    let name = "actor and critic forward, batch \(rows), on the tape"
    results.append(
      measure(name, operations: Double(rows) * 2800, units: 2000) {
        parameters.withUnsafeBufferPointer { parameters in
          for _ in 0..<2000 {
            tape.reset(parameters: parameters)
            let input = tape.constant(states, rows: 10, columns: 3, firstRows: rows)
            keep(network.policy(in: input, on: tape).greedyAction(row: 0, on: tape))
            keep(tape.value(of: network.value(of: input, on: tape)))
          }
        }
      })
  }
  measureForward(rows: 1)
  measureForward(rows: 10)
  results.append(
    measure("loss and gradient of a flush of 10", operations: 10 * (2800 + 3800), units: 1000) {
      parameters.withUnsafeBufferPointer { parameters in
        gradient.withUnsafeMutableBufferPointer { gradient in
          for _ in 0..<1000 {
            tape.reset(parameters: parameters)
            let input = tape.constant(states, rows: 10, columns: 3)
            let terms = loss(
              network, policy: network.policy(in: input, on: tape), features: input,
              actions: tape.constant(actions, rows: 10, columns: 1),
              targets: tape.constant(targets, rows: 10, columns: 1), on: tape)
            tape.backward(from: terms.total, into: gradient)
          }
        }
      }
    })
  let adam = Adam(learningRate: 1e-9)
  let count = parameters.count
  results.append(
    measure("Adam, \(count) parameters", operations: 14 * Double(count), units: 1000) {
      parameters.withUnsafeMutableBufferPointer { parameters in
        gradient.withUnsafeBufferPointer { gradient in
          slots.withUnsafeMutableBufferPointer { slots in
            let block = OptimizerBlock(
              count: count, parameters: parameters.baseAddress!, gradient: gradient.baseAddress!,
              slots: slots.baseAddress!, slotStride: count)
            let step = adam.prepare(step: 1000)
            for _ in 0..<1000 { adam.update(block, step) }
          }
        }
      }
    })
  results.append(
    measure("one Gaussian of a random stream", units: 10_000) {
      var sum: Float = 0
      for _ in 0..<10_000 { sum += stream.gaussianFloat() }
      keep(sum)
    })
  var pendulum: any Environment = Pendulum(theta: 1, thetaDot: 0)
  let torque = [0.5]
  results.append(
    measure("Pendulum-v0 step", units: 10_000) {
      var sum = 0.0
      for _ in 0..<10_000 { sum += pendulum.step(torque.span).reward }
      keep(Float(sum))
    })
  return results
}

extension Tape where Scalar == Float {
  /// The first rows of a longer matrix as a constant.
  fileprivate func constant(_ elements: [Float], rows: Int, columns: Int, firstRows: Int) -> Variable {
    let variable = constant(rows: firstRows, columns: columns)
    let values = values(of: variable)
    for index in values.indices { values[index] = elements[index] }
    return variable
  }
}

/// Floating-point operations of one environment step of `sjtu`: acting 2000, forward 2800 and backward 3800 of the
/// flush, and a tenth of Adam's 14 for each of 1703 parameters.
public let operationsPerStep = 2000.0 + 2800 + 3800 + 0.1 * 14 * 1703

/// A measured training run.
public struct TrainingTiming: Sendable {
  /// How the model was shared.
  public var sharing: SharingProtocol
  /// How many workers there were.
  public var workers: Int
  /// The time of one environment step.
  public var step: Timing
}

/// Whole training in lockstep on the full `sjtu` system: every protocol with 1, 4, 12 and 1000 workers.
/// - Parameter advanced: told after each measurement, of which there are `trainingMeasurements`.
public func measureTraining(advanced: () -> Void) throws -> [TrainingTiming] {
  var results: [TrainingTiming] = []
  for sharing in SharingProtocol.intended {
    for workers in measuredWorkers {
      var configuration = Preset.sjtu.configuration
      configuration.sharing = sharing
      configuration.workers = workers
      configuration.episodes = .max
      var simulation = try configuration.makeSimulation(.timed, scheduleSeed: 1)
      // Every worker has pushed and pulled before time is taken.
      let updates = 4000
      simulation.run(untilUpdates: 2 * workers)
      let name = "\(sharing.rawValue), \(workers) worker\(workers == 1 ? "" : "s")"
      let step = measure(name, operations: operationsPerStep, units: 10 * updates, repetitions: 7) {
        simulation.run(untilUpdates: simulation.world.statistics.updates + updates)
      }
      results.append(TrainingTiming(sharing: sharing, workers: workers, step: step))
      advanced()
    }
  }
  return results
}

private let measuredWorkers = [1, 4, 12, 1000]

/// How many measurements `measureTraining` makes.
public let trainingMeasurements = SharingProtocol.intended.count * measuredWorkers.count
