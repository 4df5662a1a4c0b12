// Accesses in words, for everybody who reads a schedule.

extension Worker.Phase {
  /// The access that a worker of `configuration` makes in this phase, such as `store actor.weight`; `nil` for none.
  public func words(_ blocks: [Block], configuration: Configuration) -> String? {
    switch self {
    case .claiming:
      configuration.episodeClaim == .lookAtFinished ? "look at the episode counter" : "take an episode"
    case .exchanging: "exchange the model"
    case .updating(let block): "update \(blocks[block].name)"
    case .loading(let block): "load \(blocks[block].name)"
    case .storing(let block): "store \(blocks[block].name)"
    case .pulling(let block): "read \(blocks[block].name)"
    case .pullingAll: "read the model"
    case .viewing(let block): "view \(blocks[block].name)"
    case .viewingAll: "view the model"
    case .decaying(let block): "decay moments of \(blocks[block].name)"
    case .accumulating(let block): "add gradient to moments of \(blocks[block].name)"
    case .applying(let block): "apply moments of \(blocks[block].name)"
    case .assigning(let block): "assign gradient of \(blocks[block].name)"
    case .fetching(let block): "fetch gradient of \(blocks[block].name)"
    case .overwriting(let block): "overwrite \(blocks[block].name)"
    case .meeting: "put the gradient into the round"
    case .leaving: "leave the rounds"
    case .incrementing(let block): "increment step of \(blocks[block].name)"
    case .readingFirstStep(let block): "read step of \(blocks[block].name) for β₁"
    case .readingSecondStep(let block): "read step of \(blocks[block].name) for β₂"
    case .counting: "count an episode"
    case .loadingCount: "load the episode count"
    case .storingCount: "store the episode count"
    case .smoothing: "smooth the reward"
    case .checking: "check the smoothed reward"
    case .setting: "set the smoothed reward"
    case .reading: "read the smoothed reward"
    case .publishing: "publish a result"
    case .finished, .failed: nil
    }
  }
}
