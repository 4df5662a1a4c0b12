// What a configuration that comes from a file must satisfy before anything is built from it: sizes that fit into
// memory, and numbers for which the algorithm is defined.

import Environments

/// Why a configuration cannot be run. The description is one sentence.
public struct ConfigurationError: Error, Equatable, CustomStringConvertible {
  /// Which setting, what it is, what is allowed.
  public let description: String

  /// An error with this sentence.
  public init(description: String) { self.description = description }
}

extension Configuration {
  /// The most parameters and workers that a configuration may ask for together: 4 GiB of local nets.
  static let largestCount = 1 << 30

  /// Checks every setting.
  /// - Throws: `ConfigurationError` for the first that is out of its range.
  public func validate() throws(ConfigurationError) {
    func check(_ name: String, _ value: Int, _ range: ClosedRange<Int>) throws(ConfigurationError) {
      guard range.contains(value) else {
        throw ConfigurationError(
          description: "\(name) is \(value); from \(range.lowerBound) to \(range.upperBound) is allowed")
      }
    }
    func check(_ name: String, _ value: Double, _ range: ClosedRange<Double>) throws(ConfigurationError) {
      guard range.contains(value) else {
        throw ConfigurationError(
          description: "\(name) is \(value); from \(range.lowerBound) to \(range.upperBound) is allowed")
      }
    }
    // It names folders and is shown on terminals.
    guard !preset.isEmpty, preset.count <= 64,
      preset.allSatisfy({ $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-") })
    else { throw ConfigurationError(description: "preset is no name of letters, digits and hyphens") }
    // Of one that is not known, which is refused later, as many numbers as environments have.
    var (observations, outputs) = (8, 8)
    if let registration = try? Environments.registration(of: environment) {
      observations = registration.unlimited.observationSpace.dimension
      outputs = registration.unlimited.actionSpace.outputs
      switch (network.head, registration.unlimited.actionSpace) {
      case (.gaussian, .discrete):
        throw ConfigurationError(
          description: "environment \(environment) has discrete actions and the policy is Gaussian; choose another")
      case (.categorical, .box):
        throw ConfigurationError(
          description:
            "environment \(environment) has actions of numbers and the policy is of choices; choose another")
      case (.gaussian, .box), (.categorical, .discrete): break
      }
    }
    try check("workers", workers, 1...65_536)
    try check("episodes", episodes, 1...Int.max)
    try check("maxSteps", maxSteps, 1...Int.max)
    try check("flushLength", flushLength, 1...65_536)
    for (name, layers) in [("trunk", network.trunk), ("actor", network.actor), ("critic", network.critic)] {
      try check("number of network.\(name) layers", layers.count, 0...16)
      for units in layers { try check("network.\(name)", units, 1...65_536) }
    }
    switch granularity {
    case .chunk(let number), .parts(let number): try check("granularity \(granularity)", number, 1...1_000_000)
    case .tensor: break
    }
    func check(_ holds: Bool, _ rule: String) throws(ConfigurationError) {
      if !holds { throw ConfigurationError(description: rule) }
    }
    if let stalenessBound { try check("stalenessBound", stalenessBound, 0...Int.max) }
    try check(
      stalenessBound == nil || sharing == .locked,
      "stalenessBound needs sharing locked, where a push is one access; leave it out")
    try check(
      stepCount != .readTwice || sharing == .sharded,
      "stepCount readTwice needs sharing sharded, whose blocks it counts; choose another step count")
    try check(
      sharing != .synchronous || acting == .localNet,
      "sharing synchronous and acting sharedNet exclude each other; change one of them")
    try check(
      sharing != .synchronous || flushesAtEpisodeEnd,
      "sharing synchronous and flushesAtEpisodeEnd false exclude each other; change one of them")
    try check(
      acting == .localNet || sharing != .overwrite,
      "acting sharedNet and sharing overwrite exclude each other: weights that are trained locally are acted by")
    let parameters = network.parameterCount(observations: observations, outputs: outputs)
    try check(
      Double(workers) * parameters <= Double(Self.largestCount),
      "workers × parameters is \(Double(workers) * parameters); up to \(Self.largestCount) is allowed")
    let units = (network.trunk + network.actor + network.critic).reduce(0, +)
    try check("flushLength × units", flushLength * max(units, 1), 1...Self.largestCount / 16)
    try check("discount", discount, 0...1)
    try check("lambda", lambda, 0...1)
    try check("loss.entropyWeight", loss.entropyWeight, -1e6...1e6)
    try check("loss.criticWeight", loss.criticWeight, 0...1e6)
    try check("loss.probabilityFloor", loss.probabilityFloor, 0...1)
    for (name, value) in network.numbers { try check(name, value, -1e6...1e6) }
    if let floor = network.deviationFloor { try check("the floor of network.head's deviation", floor, 0...1e6) }
    if case .normal(let deviation) = network.initialisation {
      try check("network.initialisation.normal.deviation", Double(deviation), 0...1e6)
    }
    try check("rewardScaling.shift", rewardScaling.shift, -1e300...1e300)
    try check("rewardScaling.factor", rewardScaling.factor, -1e300...1e300)
    for (name, value, range) in optimizer.ranges { try check("optimizer.\(name)", value, range) }
    if let criticRate { try check("criticRate", criticRate, -1e38...1e38) }
    if let gradientNormLimit { try check("gradientNormLimit", gradientNormLimit, 1e-12...1e38) }
    try check(
      advantage == .generalized || (!normalizesAdvantages && criticTarget == .returns),
      "normalizesAdvantages true and criticTarget lambdaReturns need advantage gae; change them together")
    try check(
      rewardShaping == .none || (environment.hasPrefix("MountainCar") && !normalizesObservations),
      "rewardShaping exponential is for mountain cars whose observations are not normalised; leave it out")
    try check(
      flushesAtEpisodeEnd || flushCounter != .episode,
      "flushCounter episode needs flushesAtEpisodeEnd true; leave it out")
    try check(
      criticTarget == .returns || !slips.attachedBootstrap,
      "slips.attachedBootstrap is for the returns as critic's targets, not for lambda-returns; change one of them")
    for (excludes, name) in [
      (sharing == .overwrite, "sharing overwrite"), (acting == .sharedNet, "acting sharedNet"),
      (slips.attachedBootstrap, "slips.attachedBootstrap true"),
    ] {
      try check(
        flushesAtEpisodeEnd || !excludes,
        "\(name) and flushesAtEpisodeEnd false exclude each other; change one of them")
    }
    try check(
      sharing != .overwrite || !(slips.neverCleared || slips.firstGradientForever),
      "slips that keep a gradient need one that is pushed, and sharing overwrite pushes none; leave them out")
    guard !(slips.neverCleared && slips.firstGradientForever) else {
      throw ConfigurationError(
        description: "slips.neverCleared and slips.firstGradientForever exclude each other; set one of them to false")
    }
  }
}
