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
    let stepsBefore = totalSteps
    do throws(WorkerFailure.Cause) {
      var hasGradient: Bool
      repeat { hasGradient = try collectFlush(&world) } while plan.configuration.sharing == .overwrite && !episodeIsOver
      world.statistics.environmentSteps += totalSteps - stepsBefore
      if hasGradient { beginPush() } else { beginFinish() }
    } catch {
      fail(error, &world)
    }
  }

  /// Plays one flush with the net as it stands, and keeps its gradient.
  /// - Returns: whether there is one; if not, the episode is over and the flush goes on with the next.
  private mutating func collectFlush(_ world: inout TrainingWorld) throws(WorkerFailure.Cause) -> Bool {
    let bench = world.bench
    do {
      // A second reference to the numbers, not a copy: nothing writes to them in this scope.
      let net = netOrGradient
      let isDue = try net.withUnsafeBufferPointer { net throws(WorkerFailure.Cause) in
        bench.beginRollout(plan.network, net)
        var isDue = false
        repeat { isDue = try play(net, bench) } while !isDue && !episodeIsOver
        if !plan.configuration.flushesAtEpisodeEnd {
          notes.rollout += bench.playedSteps
          guard isDue else { return false }
          repeatRollout(net, bench)
        }
        try differentiate(net, bench)
        return true
      }
      guard isDue else { return false }
    }
    try keepGradient(&world)
    return true
  }

  /// Puts the steps that were noted on the bench, to differentiate them by `net`, and forgets them.
  mutating func repeatRollout(_ net: UnsafeBufferPointer<Float>, _ bench: Bench) {
    bench.beginRollout(plan.network, net)
    bench.repeatSteps(notes.rollout)
    bench.cuts = notes.cuts
    (notes.rollout, notes.cuts) = ([], [])
  }

  /// Puts the gradient in the place of the local net; under `overwrite`, adds it to the local net.
  mutating func keepGradient(_ world: inout TrainingWorld) throws(WorkerFailure.Cause) {
    let bench = world.bench
    if !world.poisonings.isEmpty { world.poison(bench.gradient, ofWorker: number, update: updates) }
    let isLocal = plan.configuration.sharing == .overwrite
    if world.witnessesFlushes { bench.keepPulled(netOrGradient) }
    if isLocal {
      if let element = bench.firstNonFinite(), world.refusesNonFinite {
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
    let reward = bench.reward(outcome.reward, shapedBy: plan.configuration.rewardShaping, in: environment)
    bench.rewards.append(plan.configuration.rewardScaling(reward))
    totalSteps += 1
    episodeSteps += 1
    episodeReturn += outcome.reward
    let isCutOff = outcome.truncated || episodeSteps == plan.configuration.maxSteps
    episodeIsOver = outcome.terminated || isCutOff
    let isDue =
      flushSteps % plan.configuration.flushLength == 0 || (episodeIsOver && plan.configuration.flushesAtEpisodeEnd)
    guard isDue || episodeIsOver else { return false }
    bench.ending = outcome.terminated ? .terminated : isCutOff ? .truncated : .continues
    let isTerminal = outcome.terminated || (isCutOff && plan.configuration.limitIsTerminal)
    bench.bootstrap =
      isTerminal ? .endOfTask(terminalValue) : .nextState(skipsTail ? 0 : try value(net, bench))
    if !isDue { notes.cuts.append(RolloutCut(step: notedSteps + bench.rewards.count - 1, bootstrap: bench.bootstrap)) }
    return isDue
  }

  /// The steps that flushes are counted by.
  var flushSteps: Int { plan.configuration.flushCounter == .episode ? episodeSteps : totalSteps }

  /// How many steps of the flush were noted in earlier accesses.
  private var notedSteps: Int { notes.rollout.count / (plan.network.observations + plan.network.actions + 1) }

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
      let sample = policy.sample(index, row: row, from: &actionNoise, on: bench.tape)
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

  /// The gradient of the flush's loss.
  func differentiate(
    _ net: UnsafeBufferPointer<Float>, _ bench: Bench
  ) throws(WorkerFailure.Cause) {
    let terms = bench.differentiate(plan, isAttached: isAttached(bench.bootstrap))
    bench.terms = terms
    let loss = bench.tape.value(of: terms.total)
    guard loss.isFinite else {
      // In the last flush of an episode nobody may have asked for a value before, so this is where its bias shows.
      if let cause = causeInNet(net) { throw cause }
      let (name, value) = largestParameter(of: net)
      throw .loss(loss, name, value)
    }
    bench.tape.backward(from: terms.total, into: bench.gradient)
    // In rounds it is the mean of all that is applied, and limited.
    if let limit = plan.gradientNormLimit, plan.configuration.sharing != .synchronous { limit.limit(bench.gradient) }
  }
}
