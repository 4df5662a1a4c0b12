// The published systems by name. A preset is data: every number of a publication, and its quirks as settings.

import Learning
import Sharing

/// A published system.
public struct Preset: Sendable {
  /// The name that the command line takes.
  public let name: String
  /// What it reproduces, in a line.
  public let summary: String
  /// All its numbers.
  public let configuration: Configuration

  /// All presets, in the order of the documentation.
  public static let all: [Preset] = [.sjtu]

  /// The preset of this name.
  public static func named(_ name: String) -> Preset? { all.first { $0.name == name } }

  /// The A3C report of the SJTU course CS489 (PyTorch 1.3.1, gym 0.18.0), experiment group 1. The report does not say
  /// whether rewards were scaled; docs/replay.md has what either choice leads to.
  public static let sjtu = Preset(
    name: "sjtu", summary: "A3C on Pendulum-v0, lock-free, as in the SJTU CS489 report (12 workers)",
    configuration: Configuration(
      preset: "sjtu",
      environment: "Pendulum-v0",
      workers: 12,
      episodes: 1000,
      maxSteps: 4000,
      sharing: .hogwild,
      granularity: .tensor,
      flushLength: 10,
      discount: 0.9,
      entropyWeight: 0.005,
      adam: Adam(learningRate: 1e-4, beta1: 0.96, beta2: 0.999, epsilon: 1e-8, weightDecay: 0),
      actorUnits: 200,
      criticUnits: 100,
      initialDeviation: 0.1,
      deviationFloor: 1e-4,
      meanScale: 1,
      rewardScaling: .raw,
      pullsInitially: false,
      limitIsTerminal: true,
      stepCount: .privateToWorker,
      episodeClaim: .lookAtFinished,
      seed: 0))
}
