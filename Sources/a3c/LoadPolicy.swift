// Where the commands for trained policies get them from.

import Experiments
import Sharing
import Training

/// The policy at `path`: the configuration that it was trained with, and its parameters in the order of the network's
/// layout. `untrained:SEED` is the policy of preset `sjtu` before the first update, with the weights that SEED names.
/// - Throws: `UsageError` where there is none.
func loadPolicy(_ path: String) throws -> (configuration: Configuration, parameters: [Float]) {
  guard path.hasPrefix("untrained:"), let seed = ValueKind<UInt64>.seed.read(String(path.dropFirst(10))) else {
    throw UsageError("'\(path)' is no checkpoint; give untrained:SEED for the weights that a run of SEED begins with")
  }
  var configuration = Preset.sjtu.configuration
  configuration.seed = seed
  let model = try configuration.makeRun().world.model
  return (configuration, model.parameters)
}
