// The options that describe a run, whoever drives it: `a3c replay` and `a3c train` take the same ones.

import Experiments
import Learning
import Reporting
import Sharing

/// Options that make a configuration.
enum ConfigurationOptions {
  static let preset = Option<String>(
    "preset", .choice("NAME", Preset.all.map(\.name)), default: "sjtu", help: "the published system")
  static let workers = Option<Int?>(
    "workers", .count(1...65_536), help: "how many workers race (default: the preset's, 12 for sjtu)")
  static let maxSteps = Option<Int?>(
    "max-steps", .count(),
    help: "the step limit of an episode (default: the preset's, 4000 for sjtu)")
  static let sharing = Option<SharingProtocol?>(
    "protocol", .choice("NAME"),
    help: """
      how the model is shared: locked, sharded, hogwild, or synchronous (A2C); or with a known fault: in-place, \
      gradient-slot, bind-once or overwrite (default: the preset's)
      """)
  static let granularity = Option<Granularity>(
    "granularity", .granularity, default: .tensor, help: "how the model is cut into blocks")
  static let rewards = Option<Rewards?>(
    "rewards", .choice("NAME"),
    help: "what the learner sees: raw, or scaled, (r + 8.1)/8.1 (default: the preset's)")
  static let advantage = Option<Advantage?>(
    "advantage", .choice("NAME"), help: "what the actor is told: n-step, or gae (default: the preset's)")
  static let repair = Option<[Quirk]>(
    repeated: "repair", .choice("QUIRK"), help: "switch a quirk of the published program off; may be given again")
  static let repaired = Option<Bool>(flag: "repaired", help: "switch all quirks of the published program off")
  static let set = Option<[Setting]>(
    repeated: "set", .setting, help: "change any setting, such as optimizer.learningRate=1e-3; may be given again")

  static let all: [any OptionDeclaration] = [
    preset, workers, maxSteps, sharing, granularity, rewards, advantage, repair, repaired, set,
  ]

  /// The options that change one setting, by its name.
  private static let optionsOfSettings = [
    "seed": "seed", "episodes": "episodes", "workers": workers.name, "maxSteps": maxSteps.name, "sharing": sharing.name,
    "granularity": granularity.name, "rewardScaling": rewards.name, "rewardScaling.shift": rewards.name,
    "rewardScaling.factor": rewards.name, "advantage": advantage.name,
  ]

  /// The rewards that the learner sees.
  enum Rewards: String, CaseIterable, Sendable {
    case raw, scaled

    var scaling: RewardScaling {
      switch self {
      case .raw: .raw
      case .scaled: .scaled
      }
    }
  }

  /// A setting by name.
  struct Setting: Sendable, CustomStringConvertible {
    let name: String
    let value: String

    var description: String { "\(name)=\(value)" }
  }

  /// The configuration that the options describe.
  /// - Throws: where a setting cannot be what it was given.
  static func configuration(
    _ arguments: Arguments, seed: UInt64, episodes: Int?
  ) throws(ConfigurationError) -> Configuration {
    var configuration = Preset.named(arguments[preset])!.configuration
    configuration.seed = seed
    if let episodes { configuration.episodes = episodes }
    if let workers = arguments[workers] { configuration.workers = workers }
    if let maxSteps = arguments[maxSteps] { configuration.maxSteps = maxSteps }
    try change(&configuration, as: arguments)
    return configuration
  }

  /// Changes what the options ask for, of those that say nothing of a run's size.
  /// - Throws: where a setting cannot be what it was given.
  static func change(_ configuration: inout Configuration, as arguments: Arguments) throws(ConfigurationError) {
    var names: Set<String> = []
    for setting in arguments[set] {
      let isNew = names.insert(setting.name).inserted
      let option = optionsOfSettings[setting.name].flatMap { arguments.given.contains($0) ? "--\($0)" : nil }
      guard let other = option ?? (isNew ? nil : "another --set") else { continue }
      throw ConfigurationError(
        description: "\(other) and --set \(setting) are about the same setting; leave one of them out")
    }
    if arguments.given.contains(granularity.name) { configuration.granularity = arguments[granularity] }
    if let rewards = arguments[rewards] { configuration.rewardScaling = rewards.scaling }
    if let sharing = arguments[sharing] { configuration.sharing = sharing }
    if let advantage = arguments[advantage] { configuration.take(advantage) }
    for quirk in arguments[repair] { quirk.repair(&configuration) }
    if arguments[repaired] { configuration.repair() }
    try configuration.set(arguments[set].map { ($0.name, $0.value) })
  }

  /// The words that describe the same configuration to a shell, without seed and episodes.
  static func words(_ arguments: Arguments) -> [String] {
    var words: [String] = []
    func add<Value>(_ option: Option<Value>, _ value: String) {
      if arguments.given.contains(option.name) { words.append("--\(option.name) \(value)") }
    }
    add(preset, arguments[preset])
    add(workers, "\(arguments[workers] ?? 0)")
    add(maxSteps, "\(arguments[maxSteps] ?? 0)")
    add(sharing, arguments[sharing]?.rawValue ?? "")
    add(granularity, "\(arguments[granularity])")
    add(rewards, arguments[rewards]?.rawValue ?? "")
    add(advantage, arguments[advantage]?.rawValue ?? "")
    if arguments[repaired] { words.append("--repaired") }
    words += Quirk.allCases.filter(arguments[repair].contains).map { "--repair \($0.rawValue)" }
    words += arguments[set].map { "--set \($0.description.quotedForShell)" }
    return words
  }
}

extension ValueKind<ConfigurationOptions.Setting> {
  /// `NAME=VALUE`.
  static var setting: ValueKind {
    ValueKind(placeholder: "NAME=VALUE", allowed: "NAME=VALUE") { word in
      let parts = word.split(separator: "=", maxSplits: 1).map(String.init)
      guard parts.count == 2 else { return nil }
      return ConfigurationOptions.Setting(name: parts[0], value: parts[1])
    }
  }
}

extension ValueKind<Granularity> {
  /// How a model is cut.
  static var granularity: ValueKind {
    let largest = 1_000_000
    return ValueKind(
      placeholder: "tensor|chunk:N|parts:N", allowed: "tensor, or chunk:N or parts:N with N from 1 to \(largest)",
      choices: ["tensor"]
    ) { word in
      guard let granularity = Granularity(word) else { return nil }
      switch granularity {
      case .chunk(let number), .parts(let number): return number > largest ? nil : granularity
      case .tensor: return granularity
      }
    }
  }
}

extension Configuration {
  /// Takes another advantage; what only a generalized one can have goes with it.
  fileprivate mutating func take(_ advantage: Advantage) {
    self.advantage = advantage
    if advantage == .nStep { (normalizesAdvantages, criticTarget) = (false, .returns) }
  }
}
