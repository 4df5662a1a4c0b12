// The other half of an explanation: a failing schedule beside the most similar one that does not fail shows which order
// the failure hangs on.

extension ScheduleShrinker {
  /// The schedule most like `choices` that does not show the failure, however it is completed there: an access, or a
  /// whole stretch of one process, is made earlier or later, or a process goes on a little longer before it is switched
  /// away from; past, or for, as few accesses as will do. `nil` if there is none among the `limit` most similar ones.
  public func nearestPassing(limit: Int = 2_000) -> [Int]? {
    var tried = 0
    // A process that goes on may have to finish what it is about, which can take longer than all of a short schedule.
    for distance in 1..<max(64, choices.count) {
      for (candidate, prefix) in moves(by: distance) + shifts(by: distance) + extensions(by: distance) {
        guard tried < limit else { return nil }
        tried += 1
        if passes(candidate, from: prefix) { return candidate }
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
    return zip(starts, starts.dropFirst() + [choices.count]).flatMap { start, end -> [(candidate: [Int], prefix: Int)] in
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
