// The strategies by the names that the command line takes.

import DeterministicMath
import Lockstep
import Sharing

/// A family of interleavings; with a seed it is one interleaving.
public enum Schedule: String, CaseIterable, Sendable, Codable {
  /// Every worker makes one access in turn.
  case roundRobin = "round-robin"
  /// Every access is anybody's, with equal chance.
  case random
  /// Workers run at nearly equal speed on a virtual clock.
  case timed

  /// The strategy for these workers. Its random stream is its own (purpose `schedule`), so another schedule seed
  /// changes nobody's noise.
  public func strategy(for workers: [Worker], seed: UInt64) -> AnyStrategy {
    let stream = RandomStream(seed: seed, worker: 0, purpose: .schedule)
    return switch self {
    case .roundRobin: AnyStrategy(RoundRobin())
    case .random: AnyStrategy(RandomWalk(generator: stream))
    case .timed: AnyStrategy(Timed(delays: workers.map(\.delay), generator: stream))
    }
  }
}
