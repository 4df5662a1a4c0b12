// What a worker works in: the things that all workers share, and a bench of its driver's that holds no state of the
// run. Lockstep has one such world; threads have one each, over the same model and board.

import Autodiff
import DeterministicMath
import Learning
import Lockstep

/// The shared objects of a training run, with one driver's scratch memory and statistics.
public struct TrainingWorld: World {
  /// The shared model.
  public private(set) var model: SharedModel
  /// The shared counters and results.
  public private(set) var board: EpisodeBoard
  /// What this driver's workers did.
  public internal(set) var statistics = RunStatistics()
  /// Scratch memory of the private work; nothing in it outlives a step.
  let bench: Bench

  /// A world around a new shared model.
  public init(_ configuration: Configuration, model: SharedModel) {
    self.model = model
    board = EpisodeBoard(budget: configuration.episodes, workers: configuration.workers)
    bench = Bench(flushLength: configuration.flushLength)
  }

  public func snapshot() -> TrainingWorld {
    var copy = self
    copy.model = model.copy()
    copy.board = board.copy()
    return copy
  }
}

/// The scratch memory of one driver: the tape, and the rollout between two pushes.
final class Bench {
  let tape = Tape<Float>()
  var states: [Float] = []
  var actions: [Float] = []
  var rewards: [Double] = []
  var targets: [Double] = []

  init(flushLength: Int) {
    states.reserveCapacity(64 * flushLength)
    actions.reserveCapacity(8 * flushLength)
    rewards.reserveCapacity(flushLength)
    targets.reserveCapacity(flushLength)
  }

  func clearRollout() {
    states.removeAll(keepingCapacity: true)
    actions.removeAll(keepingCapacity: true)
    rewards.removeAll(keepingCapacity: true)
  }
}

/// The numbers of the shared objects, as strategies and detectors see them: first the blocks, then these.
public enum SharedObject: Hashable, Sendable {
  /// A block of the model.
  case block(Int)
  /// The counter of finished episodes.
  case episodeCounter
  /// The smoothed reward.
  case smoothedReward
  /// The list of results.
  case results
  /// The model as a whole, under protocol `locked`.
  case model

  /// The object that an access names, in a model of `blocks` blocks.
  public init(number: Int, blocks: Int) {
    switch number - blocks {
    case 0: self = .episodeCounter
    case 1: self = .smoothedReward
    case 2: self = .results
    case 3: self = .model
    default: self = .block(number)
    }
  }

  func number(blocks: Int) -> Int {
    switch self {
    case .block(let block): block
    case .episodeCounter: blocks
    case .smoothedReward: blocks + 1
    case .results: blocks + 2
    case .model: blocks + 3
    }
  }
}
