// The private work between a pull and a push: play up to the next flush, and differentiate its loss.

import DeterministicMath
import Environments
import Learning

extension Worker {
  /// Begins what leads to the next push.
  mutating func beginFlush(_ world: inout TrainingWorld) {
    if plan.configuration.acting == .sharedNet { beginView() } else { collect(&world) }
  }

  /// Plays up to the next flush and puts its gradient in the place of the local net; or fails, with the shared model
  /// as it was. Under `overwrite` it goes on so to the end of the episode.
  mutating func collect(_ world: inout TrainingWorld) {
    do throws(WorkerFailure.Cause) {
      repeat {
        try collectFlush(&world)
        world.statistics.environmentSteps += world.bench.rewards.count
      } while plan.configuration.sharing == .overwrite && !episodeIsOver
      beginPush()
    } catch {
      fail(error, &world)
    }
  }

  /// Plays one flush with the net as it stands, and keeps its gradient.
  private mutating func collectFlush(_ world: inout TrainingWorld) throws(WorkerFailure.Cause) {
    let bench = world.bench
    do {
      // A second reference to the numbers, not a copy: nothing writes to them in this scope.
      let net = netOrGradient
      try net.withUnsafeBufferPointer { net throws(WorkerFailure.Cause) in
        bench.beginRollout(plan.network, net)
        while try !play(net, bench) {}
        try differentiate(net, bench)
      }
    }
    try keepGradient(&world)
  }

  /// Puts the gradient in the place of the local net; under `overwrite`, adds it to the local net.
  mutating func keepGradient(_ world: inout TrainingWorld) throws(WorkerFailure.Cause) {
    let bench = world.bench
    if !world.poisonings.isEmpty { world.poison(bench.gradient, ofWorker: number, update: updates) }
    let isLocal = plan.configuration.sharing == .overwrite
    if world.witnessesFlushes { bench.keepPulled(netOrGradient) }
    if isLocal {
      if let element = bench.gradient.firstIndex(where: { !$0.isFinite }), world.refusesNonFinite {
        throw .gradient(plan.network.layout.name(ofParameter: element), bench.gradient[element])
      }
      trainLocally(bench)
    } else if let element = bench.copyGradient(to: &netOrGradient) ?? slipGradient(), world.refusesNonFinite {
      throw .gradient(plan.network.layout.name(ofParameter: element), netOrGradient[element])
    }
    if plan.configuration.slips.staleBootstrap { lastReturn = bench.targets[0] }
  }

  /// Stops, with the shared model as it was.
  mutating func fail(_ cause: WorkerFailure.Cause, _ world: inout TrainingWorld) {
    world.failure = WorkerFailure(worker: number, episode: episodes, update: updates, cause: cause)
    phase = .failed
  }

  /// Acts once.
  /// - Returns: whether a flush is due; then the bench has what its returns begin at.
  mutating func play(
    _ net: UnsafeBufferPointer<Float>, _ bench: Bench
  ) throws(WorkerFailure.Cause) -> Bool {
    guard act(bench) else { throw causeOfPolicy(net, bench) }
    let outcome = bench.step(&environment)
    guard outcome.reward.isFinite else { throw .reward(outcome.reward, episodeSteps + 1, environment.fault) }
    bench.rewards.append(plan.configuration.rewardScaling(outcome.reward))
    totalSteps += 1
    episodeSteps += 1
    episodeReturn += outcome.reward
    let isCutOff = outcome.truncated || episodeSteps == plan.configuration.maxSteps
    episodeIsOver = outcome.terminated || isCutOff
    guard episodeIsOver || totalSteps % plan.configuration.flushLength == 0 else { return false }
    bench.ending = outcome.terminated ? .terminated : isCutOff ? .truncated : .continues
    let isTerminal = outcome.terminated || (isCutOff && plan.configuration.limitIsTerminal)
    bench.bootstrap =
      isTerminal ? .endOfTask(terminalValue) : .nextState(skipsTail ? 0 : try value(net, bench))
    return true
  }

  /// The value of the current state.
  private func value(_ net: UnsafeBufferPointer<Float>, _ bench: Bench) throws(WorkerFailure.Cause) -> Double {
    let value = bench.value(of: environment, by: plan.network)
    guard value.isFinite else { throw causeOfPolicy(net, bench) }
    return value
  }

  /// Samples an action from the local policy. The environment clips it; the density is the sample's own,
  /// but for a slip.
  /// - Returns: whether the action is finite.
  private mutating func act(_ bench: Bench) -> Bool {
    bench.observe(environment)
    let (policy, row) = (bench.policy, bench.rewards.count)
    var isFinite = true
    for index in 0..<plan.network.actions {
      let mean = bench.tape.value(of: policy.mean, row: row, column: index)
      let deviation = bench.tape.value(of: policy.deviation, row: row, column: index)
      let sample = mean + deviation * actionNoise.gaussianFloat()
      isFinite = isFinite && sample.isFinite
      bench.keepAction(slipped(sample, index), index)
    }
    return isFinite
  }

  /// Why there is no finite action or value: an observation, a parameter, or an overflow on the way from them.
  private func causeOfPolicy(_ net: UnsafeBufferPointer<Float>, _ bench: Bench) -> WorkerFailure.Cause {
    if let element = bench.observation.firstIndex(where: { !$0.isFinite }) {
      return .observation(element, bench.observation[element], episodeSteps + 1, environment.fault)
    }
    if let cause = causeInNet(net) { return cause }
    let (name, value) = largestParameter(of: net)
    return .action(episodeSteps + 1, name, value)
  }

  /// The first parameter that is not finite, as a cause; `nil` where all are.
  private func causeInNet(_ net: UnsafeBufferPointer<Float>) -> WorkerFailure.Cause? {
    net.firstIndex { !$0.isFinite }.map { .parameter(plan.network.layout.name(ofParameter: $0), net[$0]) }
  }

  /// The parameter with the greatest magnitude, by its name and value.
  private func largestParameter(of net: UnsafeBufferPointer<Float>) -> (name: String, value: Float) {
    let element = net.indices.max { net[$0].magnitude < net[$1].magnitude }!
    return (plan.network.layout.name(ofParameter: element), net[element])
  }

  /// The gradient of the flush's loss, with the n-step returns as the critic's targets.
  func differentiate(
    _ net: UnsafeBufferPointer<Float>, _ bench: Bench
  ) throws(WorkerFailure.Cause) {
    let rollout = bench.rollout(discount: plan.configuration.discount)
    let terms = plan.loss(
      plan.network, policy: bench.policy, states: rollout.states, actions: rollout.actions,
      targets: slipped(rollout.targets, bench), on: bench.tape)
    bench.terms = terms
    let loss = bench.tape.value(of: terms.total)
    guard loss.isFinite else {
      // In the last flush of an episode nobody may have asked for a value before, so this is where its bias shows.
      if let cause = causeInNet(net) { throw cause }
      let (name, value) = largestParameter(of: net)
      throw .loss(loss, name, value)
    }
    bench.tape.backward(from: terms.total, into: bench.gradient)
  }
}
