// When a search looks at a run, and how it lets a run go on whose choices are used up: the same for whoever finds a
// failing schedule and for whoever makes it smaller, or the one would not see what the other saw.

/// When a run is asked whether it shows what is looked for.
public enum Inspection: Hashable, Sendable {
  /// After every access; a schedule is over as soon as it shows it, and processes need not finish.
  case afterEveryAccess
  /// When nobody can go on, or at the step limit. A schedule whose choices are used up is completed: the process that
  /// went last goes on for as long as it can, then the least that can.
  case atTheEnd
}

extension Simulation {
  /// Who goes on after `latest` once the choices of a schedule are used up; `nil` at the end of the run.
  @inlinable
  func successor(after latest: Int?) -> Int? {
    guard status == .running else { return nil }
    if let latest, candidates.contains(latest) { return latest }
    return candidates.first(from: 0)
  }
}
