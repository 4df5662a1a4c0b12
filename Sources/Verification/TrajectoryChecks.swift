// Compares an environment with its recorded episodes: every step from its recorded state, whole episodes from their
// starts, and resets.

import Environments

/// The checks that an environment passes if it is the recorded one.
package func trajectoryChecks(of recorded: RecordedEnvironment) -> [ReferenceCheck] {
  [oneStepCheck(of: recorded), episodeCheck(of: recorded), resetCheck(of: recorded)]
}

/// Every transition from its recorded state, and every observation. Where a value is so large that a unit in its last
/// place is more than the tolerance, one such unit is allowed.
private func oneStepCheck(of recorded: RecordedEnvironment) -> ReferenceCheck {
  let file = recorded.table()
  return ReferenceCheck(files: [file]) { folder in
    var values = CheckTally("\(file) one step", tolerance: recorded.oneStepTolerance)
    var singles = CheckTally("\(file) rounded to single precision, in units in the last place", tolerance: 1)
    var differing = 0
    let visits = try visits(of: recorded, in: folder)
    for visit in visits {
      var same = true
      func compare(_ actual: Double, _ expected: Double, _ column: String) {
        same = same && actual == expected
        values.compare(
          actual, expected, scale: max(1, expected.ulp / recorded.oneStepTolerance),
          at: "line \(visit.line), \(column)")
      }
      /// Compares what is a sum with `rounded`, a single-precision number, or that number itself.
      func compare(_ actual: Double, _ expected: Double, with rounded: Double, _ column: String) {
        guard recorded.isSingle else { return compare(actual, expected, column) }
        same = same && actual == expected
        let unit = max(Double(Float(rounded).ulp), recorded.oneStepTolerance)
        singles.compare(actual, expected, scale: unit, at: "line \(visit.line), \(column)")
      }
      let observation = recorded.observation(of: visit.state)
      for (index, column) in recorded.observation.enumerated() {
        compare(observation[index], visit.observation[index], with: visit.observation[index], column)
      }
      if let taken = visit.taken {
        let (next, outcome) = recorded.step(from: visit.state, taken.action)
        for (index, column) in recorded.state.enumerated() { compare(next[index], taken.next[index], "next \(column)") }
        compare(outcome.reward, taken.reward, with: 0.001 * (taken.action * taken.action), "reward")
        compare(outcome.terminated ? 1 : 0, taken.done ? 1 : 0, "done")
      }
      if !same { differing += 1 }
    }
    let rows = CheckResult(
      name: "\(file) rows that differ in any bit, as a fraction", cases: visits.count,
      worst: Double(differing) / Double(visits.count), tolerance: recorded.differingRows,
      detail: "\(visits.count - differing) of \(visits.count) rows identical")
    return [values.result] + (recorded.isSingle ? [singles.result] : []) + [rows]
  }
}

/// Whole episodes from their starts, each step from the state that the one before it computed.
///
/// A rounding error grows in an unstable motion; how much, a twin shows that starts beside the recorded state, by a
/// unit in the last place of 1 in each number. An error is as large as 1e-9, or as `toleratedTwins` such deviations.
private func episodeCheck(of recorded: RecordedEnvironment) -> ReferenceCheck {
  let episodes = recorded.table("-episodes")
  return ReferenceCheck(files: [recorded.table(), episodes]) { folder in
    let list = try folder.table(episodes, required: ["episode", "start", "steps", "ended_done"])
    let visitsOfEpisode = Dictionary(grouping: try visits(of: recorded, in: folder), by: \.episode)
    var values = CheckTally("\(episodes) open loop", tolerance: openLoopTolerance)
    var endings = CheckTally("\(episodes) terminations, step by step", tolerance: 0)
    var starts = CheckTally("\(episodes) seeded starts, bit for bit", tolerance: 0)
    var seeded = false
    for row in list.rows.indices {
      let episode = try list.int(row, "episode")
      let steps = try list.int(row, "steps")
      guard let visits = visitsOfEpisode[episode], visits.count == steps + 1 else {
        throw list.damaged(row, "steps", expected: "the number of steps of episode \(episode) in \(recorded.table())")
      }
      guard try list.bool(row, "ended_done") == (visits.last { $0.taken != nil }?.taken?.done ?? false) else {
        throw list.damaged(row, "ended_done", expected: "the last done of episode \(episode) in \(recorded.table())")
      }
      var state = visits[0].state
      if let seed = try seed(of: list, row) {
        seeded = true
        let start = recorded.firstStates(seed: seed, count: 1)[0]
        for (index, column) in recorded.state.enumerated() {
          starts.compareBits(start[index], state[index], at: "episode \(episode), \(column)")
        }
        state = start
      }
      var twin = state.map { $0 + max(1, abs($0)) * Double.ulpOfOne }
      for visit in visits {
        guard let taken = visit.taken else { continue }
        let (next, outcome) = recorded.step(from: state, taken.action)
        let (twinNext, twinOutcome) = recorded.step(from: twin, taken.action)
        let deviation = zip(next + [outcome.reward], twinNext + [twinOutcome.reward]).map { abs($0 - $1) }.max()!
        let scale = max(1, toleratedTwins * deviation / openLoopTolerance)
        for (index, column) in recorded.state.enumerated() {
          values.compare(next[index], taken.next[index], scale: scale, at: "line \(visit.line), next \(column)")
        }
        values.compare(outcome.reward, taken.reward, scale: scale, at: "line \(visit.line), reward")
        // One that two such near states do not share may come a step earlier or later by rounding.
        let isExpected = outcome.terminated == taken.done || twinOutcome.terminated == taken.done
        endings.add(exact: isExpected, at: "line \(visit.line), done")
        (state, twin) = (next, twinNext)
      }
    }
    return [values.result, endings.result] + (seeded ? [starts.result] : [])
  }
}

private let openLoopTolerance = 1e-9
private let toleratedTwins = 16.0

/// The states that the first resets after seeding start in.
private func resetCheck(of recorded: RecordedEnvironment) -> ReferenceCheck {
  let file = recorded.table("-resets")
  return ReferenceCheck(files: [file]) { folder in
    let table = try folder.table(file, required: ["seed", "reset"] + recorded.state)
    var values = CheckTally("\(file), bit for bit", tolerance: 0)
    for row in table.rows.indices {
      let reset = try table.int(row, "reset")
      guard 0...1000 ~= reset else { throw table.damaged(row, "reset", expected: "a count of earlier resets") }
      let seed = try table.seed(row, "seed", table.text(row, "seed"))
      let state = recorded.firstStates(seed: seed, count: reset + 1)[reset]
      for (index, column) in recorded.state.enumerated() {
        values.compareBits(state[index], try table.double(row, column), at: "line \(row + 2), \(column)")
      }
    }
    return [values.result]
  }
}

/// Single steps from states of their own: the state after a step is in the columns `next_…`.
func singleStepCheck(
  of recorded: RecordedEnvironment, table suffix: String, hasRewards: Bool, tolerance: Double, note: String
) -> ReferenceCheck {
  let file = recorded.table(suffix)
  return ReferenceCheck(files: [file]) { folder in
    let table = try folder.table(
      file,
      required: recorded.state + ["action"] + recorded.state.map { "next_\($0)" } + (hasRewards ? ["reward"] : []))
    var values = CheckTally(file, tolerance: tolerance)
    for row in table.rows.indices {
      let state = try recorded.state.map { try table.double(row, $0) }
      let (next, outcome) = recorded.step(from: state, try recorded.action(of: table, row))
      for (index, column) in recorded.state.enumerated() {
        values.compare(next[index], try table.double(row, "next_\(column)"), at: "line \(row + 2), next_\(column)")
      }
      if hasRewards { values.compare(outcome.reward, try table.double(row, "reward"), at: "line \(row + 2), reward") }
    }
    var result = values.result
    result.detail += "; \(note)"
    return [result]
  }
}

/// One row of a trajectory table: a state that an episode visited, and the step taken there unless it was the last.
private struct Visit {
  var line: Int
  var episode: Int
  var state: [Double]
  var observation: [Double]
  var taken: (action: Double, next: [Double], reward: Double, done: Bool)?
}

/// The rows of the trajectory table. The state after a step is that of the next row, which must belong to the same
/// episode and be one step later.
private func visits(of recorded: RecordedEnvironment, in folder: ReferenceFolder) throws -> [Visit] {
  let table = try folder.table(
    recorded.table(),
    required: ["episode", "t"] + recorded.state + recorded.observation + ["action", "reward", "done"])
  func numbers(_ columns: [String], _ row: Int) throws -> [Double] { try columns.map { try table.double(row, $0) } }
  func observation(_ row: Int) throws -> [Double] {
    try recorded.isSingle
      ? recorded.observation.map { try table.single(row, $0) } : numbers(recorded.observation, row)
  }
  return try table.rows.indices.map { row in
    var visit = Visit(
      line: row + 2, episode: try table.int(row, "episode"), state: try numbers(recorded.state, row),
      observation: try observation(row))
    let follows = row > 0 && table.text(row - 1, "episode") == table.text(row, "episode")
    let t = try follows ? table.int(row - 1, "t") + 1 : 0
    guard try table.int(row, "t") == t else { throw table.damaged(row, "t", expected: "\(t)") }
    let last = row + 1 == table.rows.count || table.text(row + 1, "episode") != table.text(row, "episode")
    guard last == table.text(row, "action").isEmpty else {
      throw table.damaged(row, "action", expected: last ? "empty, as in an episode's last row" : "a number")
    }
    if !last {
      visit.taken = (
        try recorded.action(of: table, row), try numbers(recorded.state, row + 1), try table.double(row, "reward"),
        try table.bool(row, "done")
      )
    }
    return visit
  }
}

extension RecordedEnvironment {
  /// The action of a row; one that the environment refuses is no action.
  fileprivate func action(of table: ReferenceTable, _ row: Int) throws -> Double {
    if isSingle { return try table.single(row, "action") }
    let action = try table.double(row, "action")
    if case .discrete(let count) = environment.actionSpace, !(0..<count).contains(Int(exactly: action) ?? -1) {
      throw table.damaged(row, "action", expected: "an integer from 0 to \(count - 1)")
    }
    return action
  }
}

extension ReferenceTable {
  /// The cell as a single-precision number, rounded once, from the decimal.
  fileprivate func single(_ row: Int, _ column: String) throws -> Double {
    guard let value = Float(text(row, column)) else { throw damaged(row, column, expected: "a number") }
    return Double(value)
  }
}

/// The seed of an episode that starts with a reset, `nil` for a start that is given.
private func seed(of list: ReferenceTable, _ row: Int) throws -> UInt64? {
  let start = list.text(row, "start")
  if start == "given" { return nil }
  guard start.hasPrefix("seed ") else { throw list.damaged(row, "start", expected: "'seed N' or 'given'") }
  return try list.seed(row, "start", start.dropFirst("seed ".count))
}
