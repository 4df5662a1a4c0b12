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
    /// Reads a block of the shared net to act by it (`sharedNet`).
    case viewing(Int)
    /// Reads the whole shared net to act by it (`sharedNet` under `locked`).
    case viewingAll
    /// Lets the moments of a block decay (`inPlace`).
    case decaying(Int)
    /// Adds the gradient of a block to its moments (`inPlace`).
    case accumulating(Int)
    /// Lets the parameters of a block follow its moments (`inPlace`).
    case applying(Int)
    /// Puts a block of the gradient into the model's (`gradientSlot`, `bindOnce`).
    case assigning(Int)
    /// Takes the block of the model's gradient that will be applied (`gradientSlot`, `bindOnce`).
    case fetching(Int)
    /// Writes a block of the local net over the shared one (`overwrite`).
    case overwriting(Int)
    /// Puts the gradient into the round (`synchronous`).
    case meeting
    /// Leaves all rounds to come (`synchronous`).
    case leaving
    /// Adds one to a block's step count (`readTwice`).
    case incrementing(Int)
    /// Reads a block's step count for the first moment (`readTwice`).
    case readingFirstStep(Int)
    /// Reads it again for the second (`readTwice`).
    case readingSecondStep(Int)
    /// Counts the finished episode.
    case counting
    /// Reads the count of episodes, to write one more (`loadThenStore`).
    case loadingCount
    /// Writes the count of episodes (`loadThenStore`).
    case storingCount
    /// Adds its reward per step to the smoothed one.
    case smoothing
    /// Reads the smoothed reward, to see whether there is one (`checkThenSet`).
    case checking
    /// Writes the smoothed reward (`checkThenSet`).
    case setting
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
  /// A block between `loading` and `storing`, with its optimizer slots; under `overwrite` the slots of the worker's own
  /// optimizer.
  var loaded: [Float]
  var loadedVersion: UInt64 = 0
  /// The version of each block in the local net; 0 before the first pull, which `hasPulled` tells apart.
  public internal(set) var base: [UInt64]
  var hasPulled = false
  /// The writers of the first block of the pull under way, and whether a later block had others.
  var pullWriters: UInt64 = 0
  var pullIsTorn = false
  /// Whether that was noted.
  var tearIsNoted = false
  /// Whether the access under way found the net changed since the last action.
  var viewHasChanged = false
  /// The step number of the push under way, which `updates` decides.
  var stepNumber = StepNumber.shared(rateScale: 1)
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

  /// What it keeps between the accesses of settings that split in two what others do in one.
  var notes = Notes()

  /// The gradient that is pushed in place of the flush's own, where a slip keeps one from flush to flush; else empty.
  var keptGradient: [Float] = []
  /// The return of the first step of the last flush; 0 but under `staleBootstrap`.
  var lastReturn = 0.0

  /// What the last pull brought, where pulls are witnessed; no part of the state.
  public internal(set) var pulled = PullWitness(checksum: 0, sample: 0)
  var checksum = PullChecksum()

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
    actionNoise = plan.actionNoise(of: number)
    startStates = plan.stream(of: UInt32(number), for: .environment)
    netOrGradient = plan.initialParameters(of: UInt32(number))
    switch plan.configuration.sharing {
    case .hogwild: loaded = [Float](repeating: 0, count: model.largestLoad)
    case .overwrite: loaded = plan.initialSlots
    default: loaded = []
    }
    base = [UInt64](repeating: 0, count: blockCount)
    if keepsGradient { keptGradient = [Float](repeating: 0, count: netOrGradient.count) }
  }

  /// A worker waits only under `synchronous`: for the rest of the round, before it reads what the round has made.
  public var canBlock: Bool { plan.configuration.sharing == .synchronous }

  /// Whether the round is complete in which this worker's last gradient is.
  public func isEnabled(in world: TrainingWorld) -> Bool {
    guard phase == .pullingAll, let barrier = world.model.barrier else { return true }
    return barrier.round >= updates
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
    case .viewing(let block): view(block, &world)
    case .viewingAll: viewAll(&world)
    case .decaying(let block): perform(.decay, block, &world)
    case .accumulating(let block): perform(.accumulate, block, &world)
    case .applying(let block): perform(.apply, block, &world)
    case .assigning(let block): assign(block, &world)
    case .fetching(let block): fetch(block, &world)
    case .overwriting(let block): overwrite(block, &world)
    case .meeting: meet(&world)
    case .leaving: leave(&world)
    case .incrementing(let block): increment(block, &world)
    case .readingFirstStep(let block): readFirstStep(block, &world)
    case .readingSecondStep(let block): readSecondStep(block, &world)
    case .counting: count(&world)
    case .loadingCount: loadCount(&world)
    case .storingCount: storeCount(&world)
    case .smoothing: smooth(&world)
    case .checking: checkSmoothed(&world)
    case .setting: setSmoothed(&world)
    case .reading: read(&world)
    case .publishing: publish(&world)
    case .finished, .failed: preconditionFailure("a worker that has ended has no access left")
    }
  }

  // MARK: Claim

  private mutating func claim(_ world: inout TrainingWorld) {
    let claim = world.board.claim(by: plan.configuration.episodeClaim)
    world.ticket = claim.ticket
    guard let gone = claim.gone else {
      phase = plan.configuration.sharing == .synchronous ? .leaving : .finished
      return
    }
    if plan.configuration.annealsLearningRate {
      notes.rateScale = 1 - Double(gone) / Double(world.board.budget)
    }
    if claim.isOverrun { world.statistics.note(.episodeOverrun) }
    environment.reset(using: &startStates)
    episodeSteps = 0
    episodeReturn = 0
    episodeIsOver = false
    if plan.configuration.sharing == .overwrite || (plan.configuration.pullsInitially && !hasPulled) {
      beginPull()
    } else {
      beginFlush(&world)
    }
  }
}
