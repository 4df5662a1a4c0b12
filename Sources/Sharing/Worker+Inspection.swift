// What a debugger shows of a worker and of the model it shares, number by number. No worker decides anything by it.

extension Worker {
  /// What the place of the local net holds.
  public enum LocalNumbers: Hashable, Sendable {
    /// Parameters.
    case net
    /// The gradient of the flush that is being pushed.
    case gradient
    /// Parameters in the blocks before this one, which a pull has reached; in the others what was there before it.
    case pulled(upTo: Int)
  }

  /// What `netOrGradient` of the state holds now.
  public var localNumbers: LocalNumbers {
    switch phase {
    case .claiming, .counting, .loadingCount, .storingCount, .smoothing, .checking, .setting, .reading, .publishing,
      .finished:
      // Who acts by the shared net pulls nothing after a push.
      plan.configuration.acting == .sharedNet && updates > 0 ? .gradient : .net
    case .failed, .overwriting, .leaving: .net
    case .pulling(let block), .viewing(let block): .pulled(upTo: block)
    case .pullingAll, .viewingAll: .pulled(upTo: 0)
    case .exchanging, .updating, .loading, .storing, .decaying, .accumulating, .applying, .assigning, .fetching,
      .meeting, .incrementing, .readingFirstStep, .readingSecondStep:
      .gradient
    }
  }

  /// The parameters of the local net, or what else `localNumbers` says, in the order of the flat buffer.
  public var localParameters: [Float] { netOrGradient }

  /// The version of each block in the local net, or in the net that the gradient was computed on.
  public var pulledVersions: [UInt64] { base }

  /// The version of a block that the worker knows: the one that it loaded where it is about to store the block, or else
  /// the one that it pulled.
  public func versionSeen(of block: Int) -> UInt64 { phase == .storing(block) ? loadedVersion : base[block] }

  /// Steps of all its episodes together.
  public var environmentSteps: Int { totalSteps }

  /// How many random numbers were drawn for its actions, and for its start states.
  public var noiseCounters: (actions: UInt64, startStates: UInt64) { (actionNoise.counter, startStates.counter) }
}

extension SharedModel {
  /// One parameter, by its place in the flat buffer.
  public func parameter(_ index: Int) -> Float {
    let block = blocks.first { $0.range.contains(index) }!
    return storage[block.storage + index - block.range.lowerBound]
  }

  /// The names of the optimizer slots, in the order of `slot`.
  public var slotNames: [String] { optimizer.slots.map(\.name) }
}
