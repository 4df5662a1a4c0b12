// The other half of an explanation: a failing schedule beside the most similar one that does not fail shows which order
// the failure hangs on.

extension ScheduleShrinker {
  /// The schedule most like `choices` that does not show the failure, however it is completed there: one access is made
  /// earlier or later, past as few others as will do. `nil` if there is none among the `limit` most similar ones.
  public func nearestPassing(limit: Int = 2_000) -> [Int]? {
    var tried = 0
    for distance in 1..<max(1, choices.count) {
      for position in choices.indices {
        for target in [position - distance, position + distance] where choices.indices.contains(target) {
          // Past an access of its own process it would only change places with that one.
          guard choices[position + (target - position).signum()] != choices[position] else { continue }
          guard tried < limit else { return nil }
          tried += 1
          var candidate = choices
          candidate.insert(candidate.remove(at: position), at: target)
          if passes(candidate, from: min(position, target)) { return candidate }
        }
      }
    }
    return nil
  }
}
