// The actor-learner: Algorithm S3 of Mnih et al. (2016) as a resumable state machine. Between two steps a worker
// stands before a shared access. `step` makes that access and then the private work up to the next one, so whoever
// calls `step`, a thread of its own or the lockstep simulator, runs the same program.
//
//     while an episode is left to play                      claim
//       repeat
//         act, step the environment, t times                collect      (private)
//         dθ ← gradient of the flush's loss                 collect      (private)
//         shared θ ← optimizer(shared θ, dθ)                push
//         local θ ← shared θ                                pull
//       until the episode ends
//       count it, smooth its reward, publish the result     finish

import DeterministicMath
import Environments
import Learning
import Lockstep

/// One asynchronous actor-learner with its local net, its environment and its random streams.
public struct Worker: Process, Sendable {
  /// The access before which a worker stands.
  public enum Phase: Hashable, Sendable {
    /// Looks whether there is an episode left to play.
    case claiming
    /// Pushes and pulls the whole model at once (`locked`).
    case exchanging
    /// Updates a block (`sharded`).
    case updating(Int)
    /// Loads a block, to compute its update on the copy (`hogwild`).
    case loading(Int)
    /// Stores the computed block (`hogwild`).
    case storing(Int)
    /// Reads a block into the local net (`sharded`, `hogwild`).
    case pulling(Int)
    /// Reads the whole model at once (`locked`, before the first flush).
    case pullingAll
    /// Counts the finished episode.
    case counting
    /// Adds its reward per step to the smoothed one.
    case smoothing
    /// Reads the smoothed reward.
    case reading
    /// Puts the result on the list.
    case publishing
    /// Has no access left.
    case finished
    /// Could not go on.
    case failed
  }

  /// The worker's number, from 0.
  public let number: Int
  /// Where it stands.
  public internal(set) var phase = Phase.claiming
  /// How many updates it has pushed.
  public internal(set) var updates = 0
  /// How many episodes it has finished.
  public internal(set) var episodes = 0

  let plan: TrainingPlan
  let blockCount: Int
  var environment: any Environment
  var actionNoise: RandomStream
  var startStates: RandomStream

  /// θ of the local net from a pull until the flush's gradient has been computed; dθ from there until the next pull. No
  /// access needs both, and a thousand workers find more room in the caches.
  var netOrGradient: [Float]
  /// A block between `loading` and `storing`, with its optimizer slots.
  var loaded: [Float]
  var loadedVersion: UInt64 = 0
  /// The version of each block in the local net; 0 before the first pull, which `hasPulled` tells apart.
  var base: [UInt64]
  var hasPulled = false
  /// The writers of the first block of the pull under way, and whether a later block had others.
  var pullWriters: UInt64 = 0
  var pullIsTorn = false
  /// The step number of the push under way, which `updates` decides.
  var stepNumber = StepNumber.shared
  /// How many versions the most outdated block of the push under way was behind.
  var lag = 0

  /// Steps of all episodes together; flushes happen at its multiples.
  var totalSteps = 0
  var episodeSteps = 0
  /// The sum of the episode's rewards, unscaled.
  var episodeReturn = 0.0
  /// Whether the flush that is being pushed was the episode's last.
  var episodeIsOver = false
  var smoothedAsRead = 0.0

  /// What the last pull brought, where pulls are witnessed; no part of the state.
  public internal(set) var pulled = PullWitness(checksum: 0, sample: 0)
  private var checksum = PullChecksum()

  /// A worker before its first access, with a random net of its own.
  /// - Parameters:
  ///   - number: names its random streams; from 0, one for each worker of the run.
  ///   - plan: what all workers of the run do.
  ///   - environment: what it acts in; any state, as every episode begins with a reset.
  ///   - model: the model that it will share.
  public init(number: Int, plan: TrainingPlan, environment: any Environment, model: SharedModel) {
    precondition(
      plan.network.layout.count == model.parameterCount,
      "a local net of \(plan.network.layout.count) parameters and a shared model of \(model.parameterCount)")
    self.number = number
    self.plan = plan
    self.environment = environment
    blockCount = model.blocks.count
    actionNoise = plan.stream(of: UInt32(number), for: .action)
    startStates = plan.stream(of: UInt32(number), for: .environment)
    netOrGradient = plan.initialParameters(of: UInt32(number))
    loaded = [Float](repeating: 0, count: plan.configuration.sharing == .hogwild ? model.largestLoad : 0)
    base = [UInt64](repeating: 0, count: blockCount)
  }

  /// Makes the next shared access, then the private work up to the one after it.
  public mutating func step(_ world: inout TrainingWorld) {
    world.statistics.beginAccess()
    switch phase {
    case .claiming: claim(&world)
    case .exchanging: exchange(&world)
    case .updating(let block): update(block, &world)
    case .loading(let block): load(block, &world)
    case .storing(let block): store(block, &world)
    case .pulling(let block): pull(block, &world)
    case .pullingAll: pullAll(&world)
    case .counting: count(&world)
    case .smoothing: smooth(&world)
    case .reading: read(&world)
    case .publishing: publish(&world)
    case .finished, .failed: preconditionFailure("a worker that has ended has no access left")
    }
  }

  // MARK: Claim

  private mutating func claim(_ world: inout TrainingWorld) {
    let claim = world.board.claim(by: plan.configuration.episodeClaim)
    world.ticket = claim.ticket
    guard claim.isLeft else {
      phase = .finished
      return
    }
    if claim.isOverrun { world.statistics.note(.episodeOverrun) }
    environment.reset(using: &startStates)
    episodeSteps = 0
    episodeReturn = 0
    episodeIsOver = false
    if plan.configuration.pullsInitially && !hasPulled { beginPull() } else { collect(&world) }
  }

  // MARK: Collect

  /// Plays up to the next flush and puts its gradient in the place of the local net; or fails, with the shared model
  /// as it was.
  private mutating func collect(_ world: inout TrainingWorld) {
    let bench = world.bench
    do throws(WorkerFailure.Cause) {
      // A second reference to the numbers, not a copy: nothing writes to them in this scope.
      let net = netOrGradient
      try net.withUnsafeBufferPointer { net throws(WorkerFailure.Cause) in
        let bootstrap = try play(net, bench)
        try differentiate(net, bench, bootstrap: bootstrap)
      }
    } catch {
      world.failure = WorkerFailure(worker: number, episode: episodes, update: updates, cause: error)
      phase = .failed
      return
    }
    if let element = bench.copyGradient(to: &netOrGradient) {
      let cause = WorkerFailure.Cause.gradient(
        plan.network.layout.name(ofParameter: element), bench.gradient[element])
      world.failure = WorkerFailure(worker: number, episode: episodes, update: updates, cause: cause)
      phase = .failed
      return
    }
    world.statistics.environmentSteps += bench.rewards.count
    beginPush()
  }

  /// Acts until the next flush is due.
  /// - Returns: the value of the state after the last step; 0 where that ended the task.
  private mutating func play(
    _ net: UnsafeBufferPointer<Float>, _ bench: Bench
  ) throws(WorkerFailure.Cause) -> Double {
    bench.beginRollout(plan.network, net)
    while true {
      guard act(bench) else { throw causeOfPolicy(net, bench) }
      let outcome = bench.step(&environment)
      guard outcome.reward.isFinite else { throw .reward(outcome.reward, episodeSteps + 1, environment.fault) }
      bench.rewards.append(plan.configuration.rewardScaling(outcome.reward))
      totalSteps += 1
      episodeSteps += 1
      episodeReturn += outcome.reward
      let isCutOff = outcome.truncated || episodeSteps == plan.configuration.maxSteps
      episodeIsOver = outcome.terminated || isCutOff
      if episodeIsOver || totalSteps % plan.configuration.flushLength == 0 {
        let isTerminal = outcome.terminated || (isCutOff && plan.configuration.limitIsTerminal)
        return isTerminal ? 0 : try value(net, bench)
      }
    }
  }

  /// The value of the current state.
  private func value(_ net: UnsafeBufferPointer<Float>, _ bench: Bench) throws(WorkerFailure.Cause) -> Double {
    let value = bench.value(of: environment, by: plan.network)
    guard value.isFinite else { throw causeOfPolicy(net, bench) }
    return value
  }

  /// Samples an action from the local policy. The environment clips it; the density is the sample's own.
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
      bench.keepAction(sample, index)
    }
    return isFinite
  }

  /// Why there is no finite action or value: an observation, a parameter, or an overflow on the way from them.
  private func causeOfPolicy(_ net: UnsafeBufferPointer<Float>, _ bench: Bench) -> WorkerFailure.Cause {
    if let element = bench.observation.firstIndex(where: { !$0.isFinite }) {
      return .observation(element, bench.observation[element], episodeSteps + 1, environment.fault)
    }
    if let element = net.firstIndex(where: { !$0.isFinite }) {
      return .parameter(plan.network.layout.name(ofParameter: element), net[element])
    }
    let (name, value) = largestParameter(of: net)
    return .action(episodeSteps + 1, name, value)
  }

  /// The parameter with the greatest magnitude, by its name and value.
  private func largestParameter(of net: UnsafeBufferPointer<Float>) -> (name: String, value: Float) {
    let element = net.indices.max { net[$0].magnitude < net[$1].magnitude }!
    return (plan.network.layout.name(ofParameter: element), net[element])
  }

  /// The gradient of the flush's loss, with the n-step returns as the critic's targets.
  private func differentiate(
    _ net: UnsafeBufferPointer<Float>, _ bench: Bench, bootstrap: Double
  ) throws(WorkerFailure.Cause) {
    let rollout = bench.rollout(bootstrap: bootstrap, discount: plan.configuration.discount)
    let terms = plan.loss(
      plan.network, policy: bench.policy, states: rollout.states, actions: rollout.actions, targets: rollout.targets,
      on: bench.tape)
    let loss = bench.tape.value(of: terms.total)
    guard loss.isFinite else {
      let (name, value) = largestParameter(of: net)
      throw .loss(loss, name, value)
    }
    bench.tape.backward(from: terms.total, into: bench.gradient)
  }

  // MARK: Push

  private mutating func beginPush() {
    lag = 0
    stepNumber = stepNumberOfPush
    switch plan.configuration.sharing {
    case .locked: phase = .exchanging
    case .sharded: phase = .updating(0)
    case .hogwild: phase = .loading(0)
    }
  }

  /// The step number of the push that comes next, or is under way.
  var stepNumberOfPush: StepNumber {
    plan.configuration.stepCount == .privateToWorker
      ? .own(plan.configuration.adam.prepare(step: updates + 1)) : .shared
  }

  /// Push and pull of `locked`.
  private mutating func exchange(_ world: inout TrainingWorld) {
    let model = world.model
    world.ticket = model.withModelLock {
      for block in 0..<blockCount {
        noteMet(model.updateUnlocked(block, gradient: netOrGradient, step: stepNumber, by: author), block)
      }
      readAllUnlocked(model, witnessed: world.witnessesPulls)
    }
    notePush(&world)
    endPull(&world)
  }

  private mutating func update(_ block: Int, _ world: inout TrainingWorld) {
    let met = world.model.update(block, gradient: netOrGradient, step: stepNumber, by: author)
    world.ticket = met.ticket
    noteMet(met.result, block)
    if block + 1 < blockCount { phase = .updating(block + 1) } else { endPush(&world) }
  }

  private mutating func load(_ block: Int, _ world: inout TrainingWorld) {
    let met = world.model.loadRacing(block, into: &loaded, gradient: netOrGradient, step: stepNumber)
    loadedVersion = met.version
    noteMet(met, block)
    phase = .storing(block)
  }

  private mutating func store(_ block: Int, _ world: inout TrainingWorld) {
    let overwritten = world.model.storeRacing(block, from: loaded, by: author)
    if overwritten.version != loadedVersion { world.statistics.note(.lostUpdate) }
    if block + 1 < blockCount { phase = .loading(block + 1) } else { endPush(&world) }
  }

  private mutating func endPush(_ world: inout TrainingWorld) {
    notePush(&world)
    beginPull()
  }

  private mutating func noteMet(_ met: Provenance, _ block: Int) {
    lag = max(lag, Int(met.version &- base[block]))
  }

  private mutating func notePush(_ world: inout TrainingWorld) {
    if hasPulled { world.statistics.noteStaleness(lag) } else { world.statistics.note(.noInitialPull) }
    updates += 1
    world.statistics.updates += 1
  }

  private var author: Author { Author(worker: number, update: updates) }

  // MARK: Pull

  private mutating func beginPull() {
    phase = plan.configuration.sharing == .locked ? .pullingAll : .pulling(0)
  }

  private mutating func pull(_ block: Int, _ world: inout TrainingWorld) {
    if plan.configuration.sharing == .hogwild {
      noteFound(world.model.readRacing(block, into: &netOrGradient), block)
    } else {
      let found = read(block, world.model, witnessed: world.witnessesPulls)
      world.ticket = found.ticket
      noteFound(found.result, block)
    }
    if block + 1 < blockCount { phase = .pulling(block + 1) } else { endPull(&world) }
  }

  private mutating func read(
    _ block: Int, _ model: SharedModel, witnessed: Bool
  ) -> (result: Provenance, ticket: UInt64) {
    guard witnessed else { return model.read(block, into: &netOrGradient, checksum: nil) }
    if block == 0 { checksum = PullChecksum() }
    return model.read(block, into: &netOrGradient, checksum: &checksum)
  }

  private mutating func pullAll(_ world: inout TrainingWorld) {
    let model = world.model
    world.ticket = model.withModelLock { readAllUnlocked(model, witnessed: world.witnessesPulls) }
    endPull(&world)
  }

  private mutating func readAllUnlocked(_ model: SharedModel, witnessed: Bool) {
    if witnessed {
      checksum = PullChecksum()
      for block in 0..<blockCount {
        noteFound(model.readUnlocked(block, into: &netOrGradient, checksum: &checksum), block)
      }
    } else {
      for block in 0..<blockCount {
        noteFound(model.readUnlocked(block, into: &netOrGradient, checksum: nil), block)
      }
    }
  }

  private mutating func noteFound(_ found: Provenance, _ block: Int) {
    base[block] = found.version
    if block == 0 {
      pullWriters = found.writers
      pullIsTorn = false
    } else if found.writers != pullWriters {
      pullIsTorn = true
    }
  }

  private mutating func endPull(_ world: inout TrainingWorld) {
    if pullIsTorn { world.statistics.note(.tornPull) }
    hasPulled = true
    if world.witnessesPulls {
      pulled = PullWitness(
        checksum: checksum.value, sample: netOrGradient[PullWitness.sampled(updates, of: netOrGradient.count)])
      if world.keepsPulledNets { world.bench.keepPulled(netOrGradient) }
    }
    if episodeIsOver { phase = .counting } else { collect(&world) }
  }

  // MARK: Finish

  private mutating func count(_ world: inout TrainingWorld) {
    world.ticket = world.board.countFinished()
    phase = .smoothing
  }

  private mutating func smooth(_ world: inout TrainingWorld) {
    world.ticket = world.board.smooth(episodeReturn / Double(episodeSteps))
    phase = .reading
  }

  private mutating func read(_ world: inout TrainingWorld) {
    (smoothedAsRead, world.ticket) = world.board.readSmoothed()
    phase = .publishing
  }

  private mutating func publish(_ world: inout TrainingWorld) {
    world.ticket = world.board.publish(
      EpisodeResult(worker: number, episodeReturn: episodeReturn, steps: episodeSteps, smoothed: smoothedAsRead))
    episodes += 1
    phase = .claiming
  }
}
