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
    if let registration = try? Environments.registration(of: environment),
      case .discrete = registration.unlimited.actionSpace
    {
      throw ConfigurationError(
        description: "environment \(environment) has discrete actions and the policy is Gaussian; choose another")
    }
    try check("workers", workers, 1...65_536)
    try check("episodes", episodes, 1...Int.max)
    try check("maxSteps", maxSteps, 1...Int.max)
    try check("flushLength", flushLength, 1...65_536)
    try check("actorUnits", actorUnits, 1...65_536)
    try check("criticUnits", criticUnits, 1...65_536)
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
      acting == .localNet || sharing != .overwrite,
      "acting sharedNet and sharing overwrite exclude each other: weights that are trained locally are acted by")
    // Both networks have one hidden layer between small ends: some ten parameters a unit.
    try check("workers × units", workers * (actorUnits + criticUnits), 1...Self.largestCount / 16)
    try check("flushLength × units", flushLength * (actorUnits + criticUnits), 1...Self.largestCount / 16)
    try check("discount", discount, 0...1)
    try check("entropyWeight", entropyWeight, -1e6...1e6)
    try check("deviationFloor", deviationFloor, 0...1e6)
    try check("meanScale", meanScale, -1e6...1e6)
    try check("initialDeviation", Double(initialDeviation), 0...1e6)
    try check("rewardScaling.shift", rewardScaling.shift, -1e300...1e300)
    try check("rewardScaling.factor", rewardScaling.factor, -1e300...1e300)
    try check("adam.learningRate", adam.learningRate, -1e38...1e38)
    try check("adam.beta1", adam.beta1, 0...(1.0).nextDown)
    try check("adam.beta2", adam.beta2, 0...(1.0).nextDown)
    try check("adam.epsilon", adam.epsilon, 0...1e38)
    try check("adam.weightDecay", adam.weightDecay, -1e38...1e38)
    try check(
      sharing != .overwrite || !(slips.neverCleared || slips.firstGradientForever),
      "slips that keep a gradient need one that is pushed, and sharing overwrite pushes none; leave them out")
    guard !(slips.neverCleared && slips.firstGradientForever) else {
      throw ConfigurationError(
        description: "slips.neverCleared and slips.firstGradientForever exclude each other; set one of them to false")
    }
  }
}
