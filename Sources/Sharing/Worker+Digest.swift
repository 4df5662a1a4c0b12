// What of a worker belongs to the state of a run, in the order in which digests take it.

import DeterministicMath

extension Worker {
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
    digest.combine(contentsOf: netOrGradient)
    digest.combine(contentsOf: loaded)
    notes.digest(into: &digest)
    if keepsGradient { digest.combine(contentsOf: keptGradient) }
    if plan.configuration.slips.staleBootstrap { digest.combine(lastReturn) }
  }
}
