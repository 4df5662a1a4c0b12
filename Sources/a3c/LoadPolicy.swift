// Where the commands for trained policies get them from.

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
/// - Throws: one sentence where there is none.
func loadPolicy(_ path: String) throws -> (configuration: Configuration, parameters: [Float]) {
  var configuration = Preset.sjtu.configuration
  if path.hasPrefix("untrained:") {
    guard let seed = ValueKind<UInt64>.seed.read(String(path.dropFirst(10))) else {
      throw UsageError("'\(path)' names no seed; give untrained:SEED with \(ValueKind<UInt64>.seed.allowed)")
    }
    configuration.seed = seed
    return (configuration, try configuration.makeRun().world.model.parameters)
  }
  if path.hasSuffix(".safetensors") { return (configuration, try configuration.parameters(inFile: path)) }
  let checkpoint = try Checkpoint(path: path)
  return (checkpoint.configuration, checkpoint.model.parameters)
}
