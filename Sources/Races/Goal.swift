// What a search looks for: a hazard of the catalogue, or what a run comes to.

import Lockstep
import Sharing

/// Why a text names no goal. The description is one sentence.
public struct GoalError: Error, Hashable, Sendable, CustomStringConvertible {
  /// What was given, and what is allowed.
  public let description: String
}

/// What a search looks for in a run.
public enum Goal: Hashable, Sendable, CustomStringConvertible {
  /// An access that shows the hazard. `early-exit-join` shows only as a deadlock.
  case hazard(Hazard)
  /// Any hazard but `stale-push` and `no-initial-pull`, which asynchronous runs have as a rule; also a deadlock.
  case anyHazard
  /// A number that the run comes to.
  case outcome(Outcome)
  /// A worker that fails because a number is not finite.
  case nonfinite
  /// Somebody has not finished, and nobody can go on.
  case deadlock

  /// A comparison of something that a run comes to with a bound.
  public struct Outcome: Hashable, Sendable, CustomStringConvertible {
    /// What is compared.
    public enum Quantity: String, CaseIterable, Hashable, Sendable {
      /// The greatest staleness of an update, in versions.
      case staleness
      /// The return of an episode: of any that has finished.
      case `return`
      /// The smoothed reward per step when the run ends.
      case smoothed
      /// Updates pushed by all workers.
      case updates
      /// Episodes finished.
      case episodes
    }

    /// How it is compared.
    public enum Comparison: String, CaseIterable, Hashable, Sendable {
      case atLeast = ">="
      case atMost = "<="
      case equal = "=="
      case greater = ">"
      case less = "<"

      func holds(_ value: Double, _ bound: Double) -> Bool {
        switch self {
        case .atLeast: value >= bound
        case .atMost: value <= bound
        case .equal: value == bound
        case .greater: value > bound
        case .less: value < bound
        }
      }
    }

    /// What is compared.
    public var quantity: Quantity
    /// How it is compared.
    public var comparison: Comparison
    /// With what.
    public var bound: Double

    /// A comparison.
    public init(_ quantity: Quantity, _ comparison: Comparison, _ bound: Double) {
      self.quantity = quantity
      self.comparison = comparison
      self.bound = bound
    }

    /// As `Goal.init` reads it.
    public var description: String {
      let number = bound == bound.rounded() && bound.magnitude < 1e15 ? "\(Int(bound))" : "\(bound)"
      return "\(quantity.rawValue) \(comparison.rawValue) \(number)"
    }

    /// Whether it holds of a run as it stands.
    func holds(in world: TrainingWorld) -> Bool {
      switch quantity {
      case .staleness: comparison.holds(Double(world.statistics.maxStaleness), bound)
      case .return: world.board.allResults.contains { comparison.holds($0.episodeReturn, bound) }
      case .smoothed: comparison.holds(world.board.smoothed, bound)
      case .updates: comparison.holds(Double(world.statistics.updates), bound)
      case .episodes: comparison.holds(Double(world.board.finishedEpisodes), bound)
      }
    }
  }

  /// Reads a condition: `nonfinite`, `deadlock`, or a comparison such as `staleness > 8`.
  /// - Throws: where it is none.
  public init(condition text: String) throws(GoalError) {
    let words = text.filter { $0 != " " }
    if words == "nonfinite" {
      self = .nonfinite
    } else if words == "deadlock" {
      self = .deadlock
    } else if let begin = words.firstIndex(where: { "<>=".contains($0) }),
      case let end = words[begin...].firstIndex(where: { !"<>=".contains($0) }) ?? words.endIndex,
      let quantity = Outcome.Quantity(rawValue: String(words[..<begin])),
      let comparison = Outcome.Comparison(rawValue: String(words[begin..<end])),
      let bound = Double(words[end...]), bound.isFinite
    {
      self = .outcome(Outcome(quantity, comparison, bound))
    } else {
      let quantities = Outcome.Quantity.allCases.map(\.rawValue).joined(separator: ", ")
      throw GoalError(
        description: "'\(text)' is no condition; give nonfinite, deadlock, or one of \(quantities), then "
          + ">, >=, <, <= or ==, then a number, such as 'staleness > 8'")
    }
  }

  /// A hazard's id, a condition as `init(condition:)` reads it, or `any hazard`.
  public var description: String {
    switch self {
    case .hazard(let hazard): hazard.rawValue
    case .anyHazard: "any hazard"
    case .outcome(let outcome): outcome.description
    case .nonfinite: "nonfinite"
    case .deadlock: "deadlock"
    }
  }

  /// When a run must be asked. What only grows, or has happened, is asked after every access, so that the schedule ends
  /// where it first holds; what may cease to hold is asked of whole runs.
  public var inspection: Inspection {
    guard case .outcome(let outcome) = self else { return .afterEveryAccess }
    switch (outcome.quantity, outcome.comparison) {
    case (.return, _): return .afterEveryAccess
    case (.staleness, .greater), (.staleness, .atLeast), (.updates, .greater), (.updates, .atLeast),
      (.episodes, .greater), (.episodes, .atLeast):
      return .afterEveryAccess
    default: return .atTheEnd
    }
  }

  /// Whether `run` is where it should be: its last access shows it, or it has come to it.
  public func isReached<P: Participant, S: Strategy>(in run: Simulation<P, S>) -> Bool {
    switch self {
    case .hazard(.earlyExitJoin), .deadlock: run.status == .deadlocked
    case .hazard(let hazard): P.witnessed(in: run.world).contains(HazardSet(hazard))
    case .anyHazard: run.status == .deadlocked || !P.witnessed(in: run.world).isDisjoint(with: Self.telling)
    case .outcome(let outcome): outcome.holds(in: P.training(in: run.world))
    case .nonfinite: P.training(in: run.world).failure != nil
    }
  }

  /// The hazard that a run shows in which this is reached; `nil` where that is no hazard.
  public func hazard<P: Participant, S: Strategy>(in run: Simulation<P, S>) -> Hazard? {
    switch self {
    case .hazard(let hazard): hazard
    case .anyHazard: P.witnessed(in: run.world).intersection(Self.telling).members.first ?? .earlyExitJoin
    case .deadlock: .earlyExitJoin
    case .outcome(let outcome):
      outcome.quantity == .staleness && P.witnessed(in: run.world).contains(HazardSet(.stalePush)) ? .stalePush : nil
    case .nonfinite: nil
    }
  }

  /// The hazards that tell something: those that `anyHazard` looks for.
  private static let telling = Hazard.allCases.filter { $0 != .stalePush && $0 != .noInitialPull }
    .reduce(into: HazardSet()) { $0.insert(HazardSet($1)) }
}
