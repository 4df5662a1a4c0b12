// A system by name: all its numbers, and for each where it is from. The published ones are in PublishedPresets.swift,
// this project's own in TunedPresets.swift.

import Learning
import Sharing
import Training

/// A system that can be trained, replayed and explored by its name.
public struct Preset: Sendable {
  /// The name that the command line takes.
  public let name: String
  /// What it is, in a line.
  public let summary: String
  /// Where its numbers are from, unless `origins` says something else.
  public let source: String
  /// Where single numbers are from, by the names of settings, or of groups of settings.
  public let origins: [String: String]
  /// All its numbers.
  public let configuration: Configuration

  /// A system of these parts. The configuration gets its name.
  public init(
    _ name: String, summary: String, source: String, origins: [String: String] = [:], configuration: Configuration
  ) {
    self.name = name
    self.summary = summary
    self.source = source
    self.origins = origins
    var named = configuration
    named.preset = name
    self.configuration = named
  }

  /// All presets, in the order of the documentation.
  public static let all = published + tuned

  /// The preset of this name.
  public static func named(_ name: String) -> Preset? { all.first { $0.name == name } }

  /// Where the number of a setting is from; empty for what the system does without.
  public func origin(of setting: String) -> String {
    // The longest name that the setting is, or is in.
    let found = origins.keys.filter { setting == $0 || setting.hasPrefix($0 + ".") }.max { $0.count < $1.count }
    if let found { return origins[found]! }
    return Self.doesWithout.contains(setting.prefix { $0 != "." }) && isAbsent(setting) ? "" : source
  }

  /// What most systems do without.
  private static let doesWithout: Set<Substring> = [
    "acting", "annealsLearningRate", "criticRate", "criticTarget", "episodeCount", "flushCounter",
    "flushesAtEpisodeEnd",
    "gradientNormLimit", "lambda", "normalizesAdvantages", "normalizesObservations", "rewardShaping",
    "rewardSmoothing", "slips", "stalenessBound", "weightsSeed",
  ]

  /// Whether the setting is what it is where nobody speaks of it.
  private func isAbsent(_ setting: String) -> Bool {
    let silent = Configuration(
      preset: name, environment: configuration.environment, workers: 1, episodes: 1, maxSteps: 1, sharing: .locked,
      granularity: .tensor, flushLength: 1, discount: 1, loss: configuration.loss, network: configuration.network,
      optimizer: configuration.optimizer, rewardScaling: .raw, pullsInitially: true, limitIsTerminal: false,
      stepCount: .shared, episodeClaim: .takeFromBudget, seed: 0)
    func value(_ configuration: Configuration) -> String? {
      configuration.settings.first { $0.name == setting }?.value
    }
    if setting == "lambda" { return configuration.advantage == .nStep }
    return value(silent) == value(configuration)
  }

  /// The same system with other numbers.
  public func changed(
    _ name: String, summary: String, origins changedOrigins: [String: String] = [:],
    _ change: (inout Configuration) -> Void
  ) -> Preset {
    var configuration = configuration
    change(&configuration)
    return Preset(
      name, summary: summary, source: source, origins: origins.merging(changedOrigins) { $1 },
      configuration: configuration)
  }
}
