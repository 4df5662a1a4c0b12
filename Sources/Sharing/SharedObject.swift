// The shared objects by number, as strategies, detectors and traces see them.

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

  /// The object that an access names, in a model of `blocks` blocks.
  /// - Precondition: there is such an object.
  public init(number: Int, blocks: Int) {
    switch number - blocks {
    case 0: self = .episodeCounter
    case 1: self = .smoothedReward
    case 2: self = .results
    case 3: self = .model
    default:
      precondition(0..<blocks ~= number, "there is no object \(number) around a model of \(blocks) blocks")
      self = .block(number)
    }
  }

  /// The object's number beside a model of `blocks` blocks.
  public func number(blocks: Int) -> Int {
    switch self {
    case .block(let block): block
    case .episodeCounter: blocks
    case .smoothedReward: blocks + 1
    case .results: blocks + 2
    case .model: blocks + 3
    }
  }
}
