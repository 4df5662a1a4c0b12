// How a worker looks from outside: which access it stands before, how long its private work takes on a virtual clock,
// and what of it belongs to the state of a run.

import DeterministicMath
import Lockstep

extension Worker {
  /// The shared access that `step` makes next.
  public var nextAccess: Access? {
    switch phase {
    case .claiming:
      Access(
        configuration.episodeClaim == .lookAtFinished ? .read : .update,
        SharedObject.episodeCounter.number(blocks: blockCount))
    case .exchanging: Access(.update, SharedObject.model.number(blocks: blockCount))
    case .pullingAll: Access(.read, SharedObject.model.number(blocks: blockCount))
    case .updating(let block): Access(.update, block)
    case .loading(let block): Access(.read, block)
    case .storing(let block): Access(.write, block)
    case .pulling(let block): Access(.read, block)
    case .counting: Access(.update, SharedObject.episodeCounter.number(blocks: blockCount))
    case .smoothing: Access(.update, SharedObject.smoothedReward.number(blocks: blockCount))
    case .reading: Access(.read, SharedObject.smoothedReward.number(blocks: blockCount))
    case .publishing: Access(.update, SharedObject.results.number(blocks: blockCount))
    case .finished: nil
    }
  }

  /// The virtual time before the next access, in ticks of a nominal 10 ns: what the work costs a worker that runs at
  /// full speed, in round numbers. Only ratios matter, and only for how realistic the lag of `timed` schedules is.
  public var delay: Int {
    switch phase {
    case .exchanging, .updating(0), .loading(0): 300
    case .updating, .loading, .storing: 6
    case .pulling, .pullingAll: 3
    case .claiming, .counting, .smoothing, .reading, .publishing: 5
    case .finished: 1
    }
  }

  /// Feeds everything that decides what the worker does next, and what it has found so far, to `digest`.
  public func digest(into digest: inout StateDigest) {
    digest.combine(number)
    digest.combine(nextAccess.map { $0.object << 3 + Int($0.kind.rawValue) } ?? -1)
    for count in [updates, episodes, totalSteps, episodeSteps, lag] { digest.combine(count) }
    for flag in [hasPulled, pullIsTorn, episodeIsOver] { digest.combine(flag) }
    digest.combine(episodeReturn)
    digest.combine(smoothedAsRead)
    digest.combine(pullWriters)
    digest.combine(loadedVersion)
    for version in base { digest.combine(version) }
    digest.combine(actionNoise.counter)
    digest.combine(startStates.counter)
    environment.digest(into: &digest)
    digest.combine(contentsOf: local)
    digest.combine(contentsOf: gradient)
    digest.combine(contentsOf: loaded)
  }
}
