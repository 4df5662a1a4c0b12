// The other half of an explanation: a failing schedule beside the most similar one that does not fail shows which order
// the failure hangs on.

extension ScheduleShrinker {
  /// The schedule most like `choices` that does not show the failure, however it is completed there: an access, or a
  /// whole stretch of one process, is made earlier or later, so that as few pairs as will do change their order; or
  /// else a process goes on a little longer before it is switched away from. `nil` if there is none among the `limit`
  /// most similar ones of either sort.
  /// - Parameter isCompleted: whether the failure is a state that a run may be bound for, such as a deadlock, so that a
  ///   schedule of the same accesses passes only if its completion does too. A failure of one access needs none.
  public func nearestPassing(limit: Int = 1_000, isCompleted: Bool = true) -> [Int]? {
    let distances = 1..<max(1, choices.count)
    // A process that goes on may have to finish what it is about, which can take longer than all of a short schedule.
    return firstPassing(limit, isCompleted, of: distances.lazy.map { moves(by: $0) + shifts(by: $0) })
      ?? firstPassing(limit, true, of: (1..<max(64, choices.count)).lazy.map { extensions(by: $0) })
  }

  private func firstPassing(
    _ limit: Int, _ isCompleted: Bool, of groups: some Sequence<[(candidate: [Int], prefix: Int)]>
  ) -> [Int]? {
    var tried = 0
    for group in groups {
      for (candidate, prefix) in group {
        guard tried < limit else { return nil }
        tried += 1
        if passes(candidate, from: prefix, isCompleted: isCompleted) { return candidate }
      }
    }
    return nil
  }

  /// The schedules in which one access is made so many places earlier or later, each with how many choices it begins
  /// with in common.
  private func moves(by distance: Int) -> [(candidate: [Int], prefix: Int)] {
    choices.indices.flatMap { position in
      [position - distance, position + distance].compactMap { target in
        // Past an access of its own process it would only change places with that one.
        guard choices.indices.contains(target),
          choices[position + (target - position).signum()] != choices[position]
        else { return nil }
        var candidate = choices
        candidate.insert(candidate.remove(at: position), at: target)
        return (candidate, min(position, target))
      }
    }
  }

  /// The schedules in which a stretch of several accesses of one process is made earlier or later, so that so many
  /// pairs of accesses change their order.
  private func shifts(by distance: Int) -> [(candidate: [Int], prefix: Int)] {
    let starts = choices.indices.filter { $0 == 0 || choices[$0] != choices[$0 - 1] }
    let stretches = zip(starts, starts.dropFirst() + [choices.count])
    return stretches.flatMap { start, end -> [(candidate: [Int], prefix: Int)] in
      let length = end - start
      guard length > 1, distance.isMultiple(of: length) else { return [] }
      return [start - distance / length, start + distance / length].compactMap { target in
        guard 0...choices.count - length ~= target else { return nil }
        var candidate = choices
        candidate.removeSubrange(start..<end)
        candidate.insert(contentsOf: choices[start..<end], at: target)
        return (candidate, min(start, target))
      }
    }
  }

  /// The schedules in which a process makes so many accesses more before another goes.
  private func extensions(by count: Int) -> [(candidate: [Int], prefix: Int)] {
    choices.indices.dropLast().filter { choices[$0] != choices[$0 + 1] }.map { last in
      (choices[...last] + Array(repeating: choices[last], count: count) + choices[(last + 1)...], last + 1)
    }
  }
}
