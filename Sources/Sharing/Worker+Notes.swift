// What a worker keeps between two accesses where a setting makes two of what is one elsewhere.

import DeterministicMath

extension Worker {
  /// Empty under the settings of every sound program.
  struct Notes: Hashable, Sendable, Codable {
    /// The two reads of a step count (`readTwice`).
    var firstStep = 0
    var secondStep = 0
    /// The count of episodes and how often it had been written (`loadThenStore`).
    var count = 0
    var countWrites = 0
    /// Updates of the worker's own optimizer (`overwrite`).
    var localSteps = 0
    /// The steps of the flush so far: state, action and reward of each (`sharedNet`, and flushes of several episodes).
    var rollout: [Double] = []
    /// Where episodes end in it, the last step not among them.
    var cuts: [RolloutCut] = []
    /// What the learning rate is multiplied by in this episode.
    var rateScale = 1.0

    /// Feeds what is noted to `digest`; nothing where nothing is.
    func digest(into digest: inout StateDigest) {
      guard self != Notes() else { return }
      for number in [firstStep, secondStep, count, countWrites, localSteps, rollout.count] { digest.combine(number) }
      for number in rollout { digest.combine(number) }
      for cut in cuts {
        digest.combine(cut.step)
        digest.combine(cut.bootstrap.value)
        digest.combine(cut.bootstrap.isEndOfTask)
      }
      if rateScale != 1 { digest.combine(rateScale) }
    }
  }
}
