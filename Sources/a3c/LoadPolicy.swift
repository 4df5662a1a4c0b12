// Where the commands for trained policies get them from.

import Environments
import Experiments
import Foundation
import Sharing
import Training

/// The policy at `path`: the configuration that it was trained with, and its parameters in the order of the network's
/// layout.
///
/// `path` is the folder of a run or of its checkpoint; or a file of weights, `NAME.safetensors`, with the tensors of
/// preset `sjtu` under PyTorch's names and in its shapes; or `untrained:SEED`, preset `sjtu` before the first update,
/// with the weights that SEED names.
/// - Returns: also the moments by which the first worker normalised observations, where the configuration has that.
/// - Throws: one sentence where there is none.
func loadPolicy(
  _ path: String
) throws -> (configuration: Configuration, parameters: [Float], moments: RunningMoments?) {
  var configuration = Preset.sjtu.configuration
  if path.hasPrefix("untrained:") {
    guard let seed = ValueKind<UInt64>.seed.read(String(path.dropFirst(10))) else {
      throw UsageError("'\(path)' names no seed; give untrained:SEED with \(ValueKind<UInt64>.seed.allowed)")
    }
    configuration.seed = seed
    return (configuration, try configuration.makeRun().world.model.parameters, nil)
  }
  if path.hasSuffix(".safetensors") { return (configuration, try configuration.parameters(inFile: path), nil) }
  let checkpoint = try Checkpoint(path: path)
  let moments = try checkpoint.configuration.observationMoments(of: checkpoint.workers[0])
  return (checkpoint.configuration, checkpoint.model.parameters, moments)
}
