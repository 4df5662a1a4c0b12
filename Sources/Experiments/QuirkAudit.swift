// Tells from what a run computes which quirks its program has, without a look at its settings: each is a property of a
// flush or of an update, or of the flushes of two workers side by side. The hazard catalogue's last column says which.

import Autodiff
import Environments
import Learning
import Lockstep
import Sharing
import Training

/// A place where a run shows a quirk.
public struct QuirkSighting: Hashable, Sendable, Codable {
  /// What it shows.
  public var quirk: Quirk
  /// Whose flush or update shows it.
  public var worker: Int
  /// Which of the worker's updates that is, from 0.
  public var update: Int
  /// The number of the access after which it was seen, from 0.
  public var access: Int
  /// What was seen, in a clause.
  public var evidence: String
}

/// The quirks that a run shows.
public struct QuirkAudit: Sendable {
  /// The first sighting of each quirk, in the order in which they were seen.
  public private(set) var sightings: [QuirkSighting] = []
  /// In how many flushes or updates each quirk was seen, in the order of `sightings`.
  public private(set) var counts: [Int] = []
  /// How many updates of each block have been begun.
  private var begun: [Int]
  private var workers: [Memory]

  /// What is remembered of a worker.
  private struct Memory {
    /// Its first numbers drawn.
    var noise: [Float] = []
    var firstGradient: [Float] = []
    var sumOfGradients: [Float] = []
  }

  /// How many numbers of a worker's noise are compared.
  private static let noiseKept = 16

  /// Looks at the first `updates` updates of `configuration` under a schedule.
  /// - Throws: where there is no environment of the configured name.
  public init(
    of configuration: Configuration, schedule: Schedule, scheduleSeed: UInt64, updates: Int
  ) throws(UnknownEnvironment) {
    var run = try configuration.makeSimulation(schedule, scheduleSeed: scheduleSeed)
    run.world.witnessesFlushes = true
    begun = Array(repeating: 0, count: run.world.model.blocks.count)
    workers = Array(repeating: Memory(), count: configuration.workers)
    while run.world.statistics.updates < updates, run.world.failure == nil {
      let before = run.processes
      guard let step = run.advance() else { return }
      look(at: run.processes[step.process], since: before[step.process], in: run.world, access: step.index + 1)
    }
  }

  private mutating func look(at worker: Worker, since earlier: Worker, in world: TrainingWorld, access: Int) {
    func sighting(_ quirk: Quirk, of update: Int, _ evidence: String) -> QuirkSighting {
      QuirkSighting(quirk: quirk, worker: worker.number, update: update, access: access, evidence: evidence)
    }
    if let (block, step) = worker.begunUpdate(since: earlier, in: world) {
      begun[block] += 1
      if step != begun[block] {
        note(sighting(.privateStep, of: earlier.updates, "step number \(step) in update number \(begun[block])"))
      }
    }
    if let flush = worker.flush(since: earlier, in: world) {
      let shown = ofRollout(flush, world) + ofLoss(flush, world) + ofGradient(flush, worker.number)
      for (quirk, evidence) in shown { note(sighting(quirk, of: worker.updates, evidence)) }
    }
  }

  private mutating func note(_ sighting: QuirkSighting) {
    if let known = sightings.firstIndex(where: { $0.quirk == sighting.quirk }) {
      counts[known] += 1
    } else {
      sightings.append(sighting)
      counts.append(1)
    }
  }

  private typealias Shown = [(Quirk, evidence: String)]

  /// What the states, the actions and the value behind the last step show.
  private func ofRollout(_ flush: FlushWitness, _ world: TrainingWorld) -> Shown {
    var shown: Shown = []
    if !flush.hasPulled { shown.append((.noInitialPull, "the net never came from the shared model")) }
    let (reach, bound) = (
      world.plan.configuration.network.meanReach, Quirk.unscaledMean.actionBound(of: world.plan.configuration)
    )
    if reach < bound { shown.append((.unscaledMean, "the mean reaches ±\(reach), and actions reach ±\(bound)")) }
    if let row = flush.samples.indices.first(where: { flush.samples[$0] != flush.actions[$0] }) {
      shown.append((.clippedDensity, "the density of \(flush.actions[row]) for the sample \(flush.samples[row])"))
    }
    if flush.ending == .truncated, flush.bootstrap != flush.nextValue {
      shown.append(
        (.limitIsTerminal, "the limit bootstraps from \(flush.bootstrap), and V of the state is \(flush.nextValue)"))
    }
    if flush.isEndOfTask, flush.bootstrap != 0 {
      shown.append((.staleBootstrap, "the end of the task bootstraps from \(flush.bootstrap)"))
    }
    if flush.ending == .continues, flush.bootstrap != flush.nextValue {
      shown.append(
        (.noTailBootstrap, "the episode goes on from \(flush.bootstrap), and V of the state is \(flush.nextValue)"))
    }
    return shown
  }

  /// What the terms of the loss show beside the same terms computed apart.
  private func ofLoss(_ flush: FlushWitness, _ world: TrainingWorld) -> Shown {
    var shown: Shown = []
    let (network, rows) = (world.plan.network, flush.targets.count)
    let tape = Tape<Float>()
    tape.reset()
    let deviations = tape.constant(flush.deviations, rows: rows, columns: network.actions)
    let entropies = tape.values(of: tape.normalEntropy(sigma: deviations))
    if let row = entropies.indices.first(where: { entropies[$0] != flush.entropies[$0] }) {
      let (deviation, right, found) = (flush.deviations[row], entropies[row], flush.entropies[row])
      shown.append((.entropyOfSigma, "the entropy of σ \(deviation) is \(right), not \(found)"))
    }

    var detached = flush.net
    flush.net.withUnsafeBufferPointer { net in
      tape.reset(parameters: net)
      let states = tape.constant(flush.states, rows: rows, columns: network.observations)
      let targets = tape.constant(flush.targets, rows: rows, columns: 1)
      let critic = tape.mean(
        tape.square(tape.subtract(targets, network.value(of: network.features(of: states, on: tape), on: tape))))
      detached.withUnsafeMutableBufferPointer { tape.backward(from: critic, into: $0) }
    }
    // The actor's part of the gradient is none of the critic's loss.
    let ofCritic = network.layout.tensors.filter { $0.name.hasPrefix("critic.") || $0.name.hasPrefix("value.") }
    let elements = ofCritic.flatMap { $0.range.offset..<$0.range.offset + $0.range.count }
    if let element = elements.first(where: { detached[$0] != flush.gradient[$0] }) {
      let (name, found) = (network.layout.name(ofParameter: element), flush.gradient[element])
      shown.append(
        (.attachedBootstrap, "the gradient of \(name) is \(found), and of constant targets \(detached[element])"))
    }
    return shown
  }

  /// What the worker's flushes show one after another, and beside those of other workers.
  private mutating func ofGradient(_ flush: FlushWitness, _ number: Int) -> Shown {
    var shown: Shown = []
    if workers[number].firstGradient.isEmpty {
      workers[number].firstGradient = flush.gradient
      workers[number].sumOfGradients = flush.gradient
    } else {
      for index in flush.gradient.indices { workers[number].sumOfGradients[index] += flush.gradient[index] }
    }
    if flush.pushed != flush.gradient {
      if flush.pushed == workers[number].sumOfGradients {
        shown.append((.neverCleared, "what is pushed is the sum of all the worker's gradients"))
      } else if flush.pushed == workers[number].firstGradient {
        shown.append((.firstGradientForever, "what is pushed is the worker's first gradient"))
      }
    }
    workers[number].noise += flush.noise.prefix(Self.noiseKept - workers[number].noise.count)
    let noise = workers[number].noise
    if let twin = workers.indices.first(where: { $0 != number && Self.agree(workers[$0].noise, noise) }) {
      shown.append((.sameNoise, "worker \(twin) has drawn the same noise, from \(noise[0]) on"))
    }
    return shown
  }

  /// Whether two workers have both drawn, and the same.
  private static func agree(_ one: [Float], _ other: [Float]) -> Bool {
    !one.isEmpty && zip(one, other).allSatisfy { $0 == $1 }
  }
}
