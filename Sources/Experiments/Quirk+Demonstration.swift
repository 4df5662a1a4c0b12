// A run for each quirk in which it shows after a few updates: the smallest that has what the quirk needs.

import Learning
import Sharing

extension Quirk {
  /// A small run of `sjtu` that has this quirk and, where it can do without, no other: two workers, nets of 8 units,
  /// flushes of 3 steps, episodes of 8.
  public var demonstration: Configuration {
    var configuration = Preset.sjtu.configuration
    for quirk in Quirk.allCases { quirk.repair(&configuration) }
    (configuration.sharing, configuration.workers, configuration.episodes) = (.sharded, 2, 1000)
    (configuration.maxSteps, configuration.flushLength) = (8, 3)
    (configuration.network.actor, configuration.network.critic, configuration.seed) = ([8], [8], 7)
    switch self {
    case .privateStep:
      // The catalogue's figures are for these workers and this decay, that of `swingup`.
      configuration.workers = 12
      configuration.optimizer.adam?.beta1 = 0.95
    case .clippedDensity: configuration.network.deviationFloor = 2  // Nearly every second sample is out of bounds.
    case .staleBootstrap: configuration.limitIsTerminal = true  // Pendulum has no other end of the task.
    default: break
    }
    introduce(into: &configuration)
    return configuration
  }
}
