// Runs a property over many generated cases and reports the simplest counterexample with the command that repeats it.

import Foundation
import Testing

/// A case for which a property does not hold.
public struct Counterexample<Value> {
  /// The simplest failing value found.
  public let value: Value
  /// What the property threw for it; `nil` where it returned false.
  public let reason: (any Error)?
  /// The seed and case number under which a failing value was first drawn.
  public let run: PropertyRun
}

/// Which cases to run: all those of a seed, or a single one. Written as `seed` or `seed:case`.
public struct PropertyRun: LosslessStringConvertible, Equatable, Sendable {
  /// The environment variable that, set to such a text, overrides the seed of every property.
  public static let variable = "A3C_PROPERTY"

  /// What all random numbers derive from.
  public var seed: UInt64
  /// The only case to run; `nil` for all.
  public var onlyCase: Int?

  /// Makes a run of `seed`, restricted to one case where given.
  public init(seed: UInt64, onlyCase: Int? = nil) {
    self.seed = seed
    self.onlyCase = onlyCase
  }

  /// Parses `seed` or `seed:case`.
  public init?(_ text: String) {
    let parts = text.split(separator: ":", omittingEmptySubsequences: false)
    guard parts.count <= 2, let seed = UInt64(parts[0]) else { return nil }
    self.init(seed: seed)
    if parts.count == 2 {
      guard let number = UInt32(parts[1]) else { return nil }
      onlyCase = Int(number)
    }
  }

  /// `seed` or `seed:case`.
  public var description: String { onlyCase.map { "\(seed):\($0)" } ?? "\(seed)" }
}

/// Searches the cases of `run` for one where `holds` is false or throws, and shrinks the first.
/// - Returns: the counterexample, or `nil` when the property held in all cases.
public func counterexample<Value>(
  of generator: Generator<Value>, cases: Int = 200, run: PropertyRun = PropertyRun(seed: 1),
  holds: (Value) throws -> Bool
) -> Counterexample<Value>? {
  func failure(of value: Value) -> Result<Void, any Error>? {
    do { return try holds(value) ? nil : .success(()) } catch { return .failure(error) }
  }

  for number in run.onlyCase.map({ $0..<($0 + 1) }) ?? 0..<cases {
    var choices = Choices(seed: run.seed, case: number)
    guard failure(of: choices.draw(generator)) != nil else { continue }

    let simplest = shrunk(choices.record, limit: 10_000) { candidate in
      var choices = Choices(replaying: candidate)
      return failure(of: choices.draw(generator)) == nil ? nil : choices.record
    }
    var replayed = Choices(replaying: simplest)
    let value = replayed.draw(generator)
    var reason: (any Error)?
    if case .failure(let error)? = failure(of: value) { reason = error }
    return Counterexample(value: value, reason: reason, run: PropertyRun(seed: run.seed, onlyCase: number))
  }
  return nil
}

/// Expects `holds` to be true, without throwing, for all generated values; else records an issue with the shrunk
/// counterexample and the command that repeats it.
///
/// The environment variable `A3C_PROPERTY` (see `PropertyRun`) replaces `seed`.
public func expectProperty<Value>(
  _ name: String, of generator: Generator<Value>, cases: Int = 200, seed: UInt64 = 1,
  sourceLocation: SourceLocation = #_sourceLocation, holds: (Value) throws -> Bool
) {
  var run = PropertyRun(seed: seed)
  if let text = ProcessInfo.processInfo.environment[PropertyRun.variable] {
    guard let parsed = PropertyRun(text) else {
      Issue.record(
        "\(PropertyRun.variable) is '\(text)'; expected a seed or seed:case, such as 7:42",
        sourceLocation: sourceLocation)
      return
    }
    run = parsed
  }
  guard let found = counterexample(of: generator, cases: cases, run: run, holds: holds) else { return }
  let reason = found.reason.map { "\n  reason: \($0)" } ?? ""
  let filter = Test.current.map { " --filter '\($0.name.filter { $0 != "`" }.prefix { $0 != "(" })'" } ?? ""
  Issue.record(
    """
    '\(name)' does not hold
      counterexample: \(found.value)\(reason)
      repeat: \(PropertyRun.variable)=\(found.run) swift test\(filter)
    """, sourceLocation: sourceLocation)
}

/// Two numbers that should have agreed.
public struct Disagreement: Error, CustomStringConvertible {
  /// The sentence: both numbers, their difference, and how much is allowed.
  public let description: String
}

/// True when `actual` is within `tolerance` times `scale` of `expected`.
/// - Throws: `Disagreement` otherwise, also where a number is NaN, so that a failed property tells both numbers.
public func agree(
  _ actual: Double, _ expected: Double, tolerance: Double, scale: Double = 1, at place: @autoclosure () -> String = ""
) throws -> Bool {
  let difference = abs(actual - expected)
  if actual == expected || difference <= tolerance * scale { return true }
  throw Disagreement(
    description:
      "\(actual) where \(expected) is expected \(place()): off by \(difference), allowed \(tolerance * scale)")
}
