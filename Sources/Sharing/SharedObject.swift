// The shared objects by number, as strategies, detectors and traces see them.

import Lockstep

/// A shared object of a training run. The blocks come first in the numbering, then the others.
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
  /// A block of the model's one gradient, under `gradient-slot` and `bind-once`.
  case gradient(Int)
  /// A block's count of updates, where it is read twice.
  case stepCount(Int)

  /// The object that an access names, in a model of `blocks` blocks.
  /// - Precondition: there is such an object.
  public init(number: Int, blocks: Int) {
    switch number - blocks {
    case 0: self = .episodeCounter
    case 1: self = .smoothedReward
    case 2: self = .results
    case 3: self = .model
    case ..<0: self = .block(number)
    case let rest:
      precondition(rest < 4 + 2 * blocks, "there is no object \(number) around a model of \(blocks) blocks")
      self = rest < 4 + blocks ? .gradient(rest - 4) : .stepCount(rest - 4 - blocks)
    }
  }

  /// How many objects there are around a model of `blocks` blocks.
  public static func count(blocks: Int) -> Int { 3 * blocks + 4 }

  /// The object's number beside a model of `blocks` blocks.
  public func number(blocks: Int) -> Int {
    switch self {
    case .block(let block): block
    case .episodeCounter: blocks
    case .smoothedReward: blocks + 1
    case .results: blocks + 2
    case .model: blocks + 3
    case .gradient(let block): blocks + 4 + block
    case .stepCount(let block): 2 * blocks + 4 + block
    }
  }
}

extension SharedObject {
  /// What it is called beside a model of `blocks`: `actor.weight`, `episode counter`.
  public func name(blocks: [Block]) -> String {
    switch self {
    case .block(let block): blocks[block].name
    case .episodeCounter: "episode counter"
    case .smoothedReward: "smoothed reward"
    case .results: "results"
    case .model: "model"
    case .gradient(let block): "gradient of \(blocks[block].name)"
    case .stepCount(let block): "step count of \(blocks[block].name)"
    }
  }
}

extension Access {
  /// The access in words, such as `store actor.weight`.
  public func description(blocks: [Block]) -> String {
    switch SharedObject(number: object, blocks: blocks.count) {
    case .block(let block):
      let verb =
        switch kind {
        case .read: "read"
        case .write: "store"
        default: "update"
        }
      return "\(verb) \(blocks[block].name)"
    case .episodeCounter: return kind == .read ? "look at the episode counter" : "count an episode"
    case .smoothedReward: return kind == .read ? "read the smoothed reward" : "smooth the reward"
    case .results: return "publish a result"
    case .model: return kind == .read ? "read the model" : "exchange the model"
    case .gradient(let block): return "\(kind == .read ? "fetch" : "assign") the gradient of \(blocks[block].name)"
    case .stepCount(let block): return "\(kind == .read ? "read" : "increment") the step count of \(blocks[block].name)"
    }
  }
}
