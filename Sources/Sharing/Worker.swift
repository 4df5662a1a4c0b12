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

import Autodiff
import DeterministicMath
import Environments
import Learning
import Lockstep

/// One asynchronous actor-learner with its local net, its environment and its random streams.
public struct Worker: Process {
  /// The access before which a worker stands.
  public enum Phase: Hashable, Sendable {
    /// Looks whether there is an episode left to play.
    case claiming
    /// Pushes and pulls the whole model at once (`locked`).
    case exchanging
    /// Reads the whole model at once (`locked`, before the first flush).
    case pullingAll
    /// Updates a block (`sharded`).
    case updating(Int)
    /// Loads a block, to compute its update on the copy (`hogwild`).
    case loading(Int)
    /// Stores the computed block (`hogwild`).
    case storing(Int)
    /// Reads a block into the local net.
    case pulling(Int)
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
  }

  /// The worker's number, from 0.
  public let number: Int
  /// Where it stands.
  public internal(set) var phase = Phase.claiming
  /// How many updates it has pushed.
  public internal(set) var updates = 0
  /// How many episodes it has finished.
  public internal(set) var episodes = 0

  let configuration: Configuration
  let network: SeparateNetwork
  let loss: ActorCriticLoss
  let blockCount: Int
  var environment: any Environment
  var actionNoise: RandomStream
  var startStates: RandomStream

  /// The local net, and the gradient of the flush that is being pushed.
  public internal(set) var local: [Float]
  var gradient: [Float]
  /// A block between `loading` and `storing`, with its optimizer slots.
  var loaded: [Float]
  var loadedVersion: UInt64 = 0
  /// The version of each block in the local net; nil before the first pull.
  var base: [UInt64]
  var hasPulled = false
  /// The writers of the first block of the pull under way, and whether a later block had others.
  var pullWriters: UInt64 = 0
  var pullIsTorn = false
  /// How far the most outdated block of the push under way has moved on.
  var lag = 0

  /// Steps of all episodes together; flushes happen at its multiples.
  var totalSteps = 0
  var episodeSteps = 0
  var episodeReturn = 0.0
  var episodeIsOver = true
  var smoothedAsRead = 0.0
  var observation: [Double]
  var action: [Double]

  /// A worker before its first access, with a random net of its own.
  public init(
    number: Int, configuration: Configuration, network: SeparateNetwork, environment: any Environment,
    model: SharedModel
  ) {
    self.number = number
    self.configuration = configuration
    self.network = network
    self.environment = environment
    loss = ActorCriticLoss(entropyWeight: configuration.entropyWeight)
    blockCount = model.blocks.count
    let id = UInt32(number)
    actionNoise = RandomStream(seed: configuration.seed, worker: id, purpose: .action)
    startStates = RandomStream(seed: configuration.seed, worker: id, purpose: .environment)
    var weights = RandomStream(seed: configuration.seed, worker: id, purpose: .initialisation)
    local = network.initialParameters(deviation: configuration.initialDeviation, from: &weights)
    gradient = [Float](repeating: 0, count: local.count)
    loaded = [Float](repeating: 0, count: configuration.sharing == .hogwild ? model.largestLoad : 0)
    base = [UInt64](repeating: 0, count: blockCount)
    observation = [Double](repeating: 0, count: environment.observationSpace.dimension)
    action = [Double](repeating: 0, count: environment.actionSpace.dimension)
  }

  /// Makes the next shared access, then the private work up to the one after it.
  public mutating func step(_ world: inout TrainingWorld) {
    world.statistics.beginAccess()
    switch phase {
    case .claiming: claim(&world)
    case .exchanging: exchange(&world)
    case .pullingAll: pullAll(&world)
    case .updating(let block): update(block, &world)
    case .loading(let block): load(block, &world)
    case .storing(let block): store(block, &world)
    case .pulling(let block): pull(block, &world)
    case .counting:
      world.board.countFinished()
      phase = .smoothing
    case .smoothing:
      world.board.smooth(episodeReturn / Double(episodeSteps))
      phase = .reading
    case .reading:
      smoothedAsRead = world.board.smoothed
      phase = .publishing
    case .publishing:
      world.board.publish(
        EpisodeResult(worker: number, episodeReturn: episodeReturn, steps: episodeSteps, smoothed: smoothedAsRead))
      episodes += 1
      phase = .claiming
    case .finished: preconditionFailure("a finished worker has no access left")
    }
  }

  // MARK: Episodes

  private mutating func claim(_ world: inout TrainingWorld) {
    let isLeft =
      switch configuration.episodeClaim {
      case .lookAtFinished: world.board.finishedEpisodes < world.board.budget
      case .takeFromBudget: world.board.claim()
      }
    guard isLeft else {
      phase = .finished
      return
    }
    if world.board.begin() { world.statistics.note(.episodeOverrun) }
    environment.reset(using: &startStates)
    episodeSteps = 0
    episodeReturn = 0
    if configuration.pullsInitially && !hasPulled { beginPull() } else { collect(&world) }
  }

  // MARK: Collecting

  /// Plays up to the next flush and computes its gradient.
  private mutating func collect(_ world: inout TrainingWorld) {
    let bench = world.bench
    let tape = bench.tape
    let parameters = local
    parameters.withUnsafeBufferPointer { parameters in
      bench.clearRollout()
      repeat {
        let action = act(bench, parameters)
        let outcome = environment.step(action.span)
        bench.rewards.append(configuration.rewardScaling(outcome.reward))
        totalSteps += 1
        episodeSteps += 1
        episodeReturn += outcome.reward
        let isCutOff = outcome.truncated || episodeSteps >= configuration.maxSteps
        episodeIsOver = outcome.terminated || isCutOff
        if episodeIsOver || totalSteps % configuration.flushLength == 0 {
          let isTerminal = outcome.terminated || (isCutOff && configuration.limitIsTerminal)
          fillTargets(bench, bootstrap: isTerminal ? 0 : valueOfNextState(bench, parameters))
          break
        }
      } while true

      let rows = bench.rewards.count
      tape.reset(parameters: parameters)
      let states = tape.constant(bench.states, rows: rows, columns: network.observations)
      let actions = tape.constant(bench.actions, rows: rows, columns: network.actions)
      let targets = tape.constant(rows: rows, columns: 1)
      let column = tape.values(of: targets)
      for row in 0..<rows { column[row] = Float(bench.targets[row]) }
      let terms = loss(network, states: states, actions: actions, targets: targets, on: tape)
      gradient.withUnsafeMutableBufferPointer { tape.backward(from: terms.total, into: $0) }
    }
    world.statistics.environmentSteps += bench.rewards.count
    beginPush(&world)
  }

  /// Samples an action from the local policy. The environment clips it; the density is the sample's own.
  private mutating func act(_ bench: Bench, _ parameters: UnsafeBufferPointer<Float>) -> [Double] {
    let tape = bench.tape
    tape.reset(parameters: parameters)
    let state = observe(on: tape)
    bench.states.append(contentsOf: tape.values(of: state))
    let policy = network.policy(in: state, on: tape)
    for index in action.indices {
      let mean = tape.value(of: policy.mean, column: index)
      let deviation = tape.value(of: policy.deviation, column: index)
      let sample = mean + deviation * actionNoise.gaussianFloat()
      bench.actions.append(sample)
      action[index] = Double(sample)
    }
    return action
  }

  /// V(s') of the local net.
  private mutating func valueOfNextState(_ bench: Bench, _ parameters: UnsafeBufferPointer<Float>) -> Double {
    let tape = bench.tape
    tape.reset(parameters: parameters)
    return Double(tape.value(of: network.value(of: observe(on: tape), on: tape)))
  }

  /// The current observation as a row on the tape.
  private mutating func observe(on tape: Tape<Float>) -> Variable {
    let environment = environment
    var span = observation.mutableSpan
    environment.observe(into: &span)
    let state = tape.constant(rows: 1, columns: observation.count)
    let row = tape.values(of: state)
    for index in observation.indices { row[index] = Float(observation[index]) }
    return state
  }

  /// n-step returns `v ← r + γ v`, from the bootstrap value back to the first reward.
  private func fillTargets(_ bench: Bench, bootstrap: Double) {
    bench.targets.removeAll(keepingCapacity: true)
    bench.targets.append(contentsOf: bench.rewards)
    bench.targets.withUnsafeMutableBufferPointer { targets in
      flushReturns(of: UnsafeBufferPointer(targets), bootstrap: bootstrap, discount: configuration.discount, into: targets)
    }
  }

  // MARK: Pushing

  private mutating func beginPush(_ world: inout TrainingWorld) {
    lag = 0
    switch configuration.sharing {
    case .locked: phase = .exchanging
    case .sharded: phase = .updating(0)
    case .hogwild: phase = .loading(0)
    }
  }

  private mutating func update(_ block: Int, _ world: inout TrainingWorld) {
    let (model, step, author) = (world.model, stepNumber, author)
    let met = gradient.withUnsafeBufferPointer {
      model.update(block, gradient: $0.baseAddress!, step: step, by: author)
    }
    noteMet(met, block)
    if block + 1 < blockCount { phase = .updating(block + 1) } else { endPush(&world) }
  }

  private mutating func load(_ block: Int, _ world: inout TrainingWorld) {
    let (model, step) = (world.model, stepNumber)
    let gradient = gradient
    let met = loaded.withUnsafeMutableBufferPointer { buffer in
      gradient.withUnsafeBufferPointer {
        model.loadRacing(block, into: buffer.baseAddress!, gradient: $0.baseAddress!, step: step)
      }
    }
    loadedVersion = met.version
    noteMet(met, block)
    phase = .storing(block)
  }

  private mutating func store(_ block: Int, _ world: inout TrainingWorld) {
    let (model, author) = (world.model, author)
    let overwritten = loaded.withUnsafeBufferPointer {
      model.storeRacing(block, from: $0.baseAddress!, by: author)
    }
    if overwritten.version != loadedVersion { world.statistics.note(.lostUpdate) }
    if block + 1 < blockCount { phase = .loading(block + 1) } else { endPush(&world) }
  }

  private mutating func exchange(_ world: inout TrainingWorld) {
    let model = world.model
    model.withModelLock {
      updateAll(model)
      beginPull()
      readAll(model)
    }
    notePush(&world)
    endPull(&world)
  }

  private mutating func updateAll(_ model: SharedModel) {
    let (step, author) = (stepNumber, author)
    for block in 0..<blockCount {
      let met = gradient.withUnsafeBufferPointer {
        model.updateUnlocked(block, gradient: $0.baseAddress!, step: step, by: author)
      }
      noteMet(met, block)
    }
  }

  private mutating func endPush(_ world: inout TrainingWorld) {
    notePush(&world)
    beginPull()
  }

  private var author: Author { Author(worker: number, update: updates) }

  private var stepNumber: StepNumber {
    configuration.stepCount == .privateToWorker ? .own(updates + 1) : .shared
  }

  private mutating func noteMet(_ met: Provenance, _ block: Int) {
    lag = max(lag, Int(met.version &- base[block]))
  }

  private mutating func notePush(_ world: inout TrainingWorld) {
    if hasPulled { world.statistics.noteStaleness(lag) } else { world.statistics.note(.noInitialPull) }
    updates += 1
    world.statistics.updates += 1
  }

  // MARK: Pulling

  private mutating func beginPull() {
    pullIsTorn = false
    phase = configuration.sharing == .locked ? .pullingAll : .pulling(0)
  }

  private mutating func pull(_ block: Int, _ world: inout TrainingWorld) {
    let model = world.model
    let isRacing = configuration.sharing == .hogwild
    let found = local.withUnsafeMutableBufferPointer {
      isRacing ? model.readRacing(block, into: $0.baseAddress!) : model.read(block, into: $0.baseAddress!)
    }
    noteFound(found, block)
    if block + 1 < blockCount { phase = .pulling(block + 1) } else { endPull(&world) }
  }

  private mutating func pullAll(_ world: inout TrainingWorld) {
    let model = world.model
    model.withModelLock { readAll(model) }
    endPull(&world)
  }

  private mutating func readAll(_ model: SharedModel) {
    for block in 0..<blockCount {
      let found = local.withUnsafeMutableBufferPointer { model.readUnlocked(block, into: $0.baseAddress!) }
      noteFound(found, block)
    }
  }

  private mutating func noteFound(_ found: Provenance, _ block: Int) {
    base[block] = found.version
    if block == 0 { pullWriters = found.writers } else if found.writers != pullWriters { pullIsTorn = true }
  }

  private mutating func endPull(_ world: inout TrainingWorld) {
    if pullIsTorn { world.statistics.note(.tornPull) }
    hasPulled = true
    // The pull that follows the last push of an episode is the last act of its loop; a pull before the first flush
    // has an episode before it that has no step yet.
    if episodeIsOver && episodeSteps > 0 { phase = .counting } else { collect(&world) }
  }
}
