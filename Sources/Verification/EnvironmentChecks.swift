// Compares the environments and Gym's seeding with what gym 0.18.0 computed: the tables in environments/ of a reference
// folder. The pendulum is handed in, so that tests can show which wrong pendulums these checks reject.

import Environments

/// The checks of Pendulum-v0 and of Gym's seeding.
public let environmentChecks: [ReferenceCheck] = pendulumChecks(.shipped) + [seedingCheck]

/// The functions of a pendulum that the trajectory checks exercise.
package struct PendulumUnderTest: Sendable {
  /// A state: θ in radians, not wrapped, and θ̇ in rad/s.
  package typealias State = (theta: Double, thetaDot: Double)

  /// From a state and a requested torque to the next state, the reward and whether the episode terminated.
  package var step: @Sendable (State, _ torque: Double) -> (next: State, reward: Double, terminated: Bool)
  /// The first two components of the observation of a state.
  package var observe: @Sendable (State) -> (cosine: Double, sine: Double)

  /// A pendulum of these functions.
  package init(
    step: @escaping @Sendable (State, Double) -> (next: State, reward: Double, terminated: Bool),
    observe: @escaping @Sendable (State) -> (cosine: Double, sine: Double)
  ) {
    self.step = step
    self.observe = observe
  }

  /// `Pendulum`, through the functions that a worker calls.
  package static let shipped = PendulumUnderTest(
    step: { state, torque in
      var pendulum = Pendulum(theta: state.theta, thetaDot: state.thetaDot)
      let action = [torque]
      let outcome = pendulum.step(action.span)
      return ((pendulum.theta, pendulum.thetaDot), outcome.reward, outcome.done)
    },
    observe: { state in
      var observation = [Double](repeating: .nan, count: 3)
      var span = observation.mutableSpan
      Pendulum(theta: state.theta, thetaDot: state.thetaDot).observe(into: &span)
      return (observation[0], observation[1])
    })
}

/// All checks that a pendulum passes if its physics is that of Pendulum-v0.
package func pendulumChecks(_ pendulum: PendulumUnderTest) -> [ReferenceCheck] {
  [
    oneStepCheck(pendulum), episodeCheck(pendulum), resetCheck,
    singleActionCheck(
      pendulum, numpy: 1, tolerance: 1e-14, note: "the action is widened to double first, as here"),
    singleActionCheck(
      pendulum, numpy: 2, tolerance: 2e-8,
      note: "NumPy 2 rounds products with the action to single, by up to 1.2e-8; that rounding is not copied here"),
  ]
}

private let trajectories = "environments/pendulum-v0.csv"
private let episodes = "environments/pendulum-v0-episodes.csv"

/// Every transition from its recorded state, and every observation: within 1e-14, and 99 rows in 100 bit for bit.
/// Where θ has turned so far that a unit in the last place is more than 1e-14, one such unit is allowed.
private func oneStepCheck(_ pendulum: PendulumUnderTest) -> ReferenceCheck {
  ReferenceCheck(files: [trajectories]) { folder in
    var values = CheckTally("\(trajectories) one step", tolerance: 1e-14)
    var differing = 0
    let visits = try visits(in: folder)
    for visit in visits {
      var same = true
      func compare(_ actual: Double, _ expected: Double, _ column: String) {
        same = same && actual == expected
        values.compare(
          actual, expected, scale: max(1, expected.ulp / 1e-14), at: "line \(visit.line), \(column)")
      }
      let observation = pendulum.observe(visit.state)
      compare(observation.cosine, visit.observation.cosine, "obs_cos")
      compare(observation.sine, visit.observation.sine, "obs_sin")
      if let taken = visit.taken {
        let outcome = pendulum.step(visit.state, taken.action)
        compare(outcome.next.theta, taken.next.theta, "next theta")
        compare(outcome.next.thetaDot, taken.next.thetaDot, "next theta_dot")
        compare(outcome.reward, taken.reward, "reward")
        compare(outcome.terminated ? 1 : 0, taken.done ? 1 : 0, "done")
      }
      if !same { differing += 1 }
    }
    let rows = CheckResult(
      name: "\(trajectories) rows that differ in any bit, as a fraction", cases: visits.count,
      worst: Double(differing) / Double(visits.count), tolerance: 0.01,
      detail: "\(visits.count - differing) of \(visits.count) rows identical")
    return [values.result, rows]
  }
}

/// Whole episodes from their starts, each step from the state that the one before it computed.
private func episodeCheck(_ pendulum: PendulumUnderTest) -> ReferenceCheck {
  ReferenceCheck(files: [trajectories, episodes]) { folder in
    let list = try folder.table(episodes, required: ["episode", "start", "steps", "ended_done"])
    let recorded = Dictionary(grouping: try visits(in: folder), by: \.episode)
    var values = CheckTally("\(episodes) open loop", tolerance: 1e-9)
    var starts = CheckTally("\(episodes) seeded starts, bit for bit", tolerance: 0)
    var seeded = false
    for row in list.rows.indices {
      let episode = try list.int(row, "episode")
      let steps = try list.int(row, "steps")
      guard let visits = recorded[episode], visits.count == steps + 1 else {
        throw list.damaged(row, "steps", expected: "the number of steps of episode \(episode) in \(trajectories)")
      }
      guard try list.bool(row, "ended_done") == (visits.last { $0.taken != nil }?.taken?.done ?? false) else {
        throw list.damaged(row, "ended_done", expected: "the last done of episode \(episode) in \(trajectories)")
      }
      var state = visits[0].state
      if let seed = try seed(of: list, row) {
        seeded = true
        let start = firstStates(seed: seed, count: 1)[0]
        starts.compareBits(start.theta, state.theta, at: "episode \(episode), theta")
        starts.compareBits(start.thetaDot, state.thetaDot, at: "episode \(episode), theta_dot")
        state = start
      }
      for visit in visits {
        guard let taken = visit.taken else { continue }
        let outcome = pendulum.step(state, taken.action)
        values.compare(outcome.next.theta, taken.next.theta, at: "line \(visit.line), next theta")
        values.compare(outcome.next.thetaDot, taken.next.thetaDot, at: "line \(visit.line), next theta_dot")
        values.compare(outcome.reward, taken.reward, at: "line \(visit.line), reward")
        state = outcome.next
      }
    }
    return [values.result] + (seeded ? [starts.result] : [])
  }
}

/// The states that the first resets after seeding start in.
private let resetCheck: ReferenceCheck = {
  let file = "environments/pendulum-v0-resets.csv"
  return ReferenceCheck(files: [file]) { folder in
    let table = try folder.table(file, required: ["seed", "reset", "theta", "theta_dot"])
    var values = CheckTally("\(file), bit for bit", tolerance: 0)
    for row in table.rows.indices {
      let reset = try table.int(row, "reset")
      guard 0...1000 ~= reset else { throw table.damaged(row, "reset", expected: "a count of earlier resets") }
      let state = firstStates(seed: try table.seed(row, "seed", table.text(row, "seed")), count: reset + 1)[reset]
      values.compareBits(state.theta, try table.double(row, "theta"), at: "line \(row + 2), theta")
      values.compareBits(state.thetaDot, try table.double(row, "theta_dot"), at: "line \(row + 2), theta_dot")
    }
    return [values.result]
  }
}()

/// Single steps with a single-precision action, under the NumPy of the given major version.
private func singleActionCheck(
  _ pendulum: PendulumUnderTest, numpy version: Int, tolerance: Double, note: String
) -> ReferenceCheck {
  let file = "environments/pendulum-v0-float32-actions-numpy\(version).csv"
  return ReferenceCheck(files: [file]) { folder in
    let table = try folder.table(
      file, required: ["theta", "theta_dot", "action", "next_theta", "next_theta_dot", "reward"])
    var values = CheckTally(file, tolerance: tolerance)
    for row in table.rows.indices {
      guard let action = Float(table.text(row, "action")) else {
        throw table.damaged(row, "action", expected: "a number")
      }
      let state = (theta: try table.double(row, "theta"), thetaDot: try table.double(row, "theta_dot"))
      let outcome = pendulum.step(state, Double(action))
      values.compare(outcome.next.theta, try table.double(row, "next_theta"), at: "line \(row + 2), next_theta")
      values.compare(
        outcome.next.thetaDot, try table.double(row, "next_theta_dot"), at: "line \(row + 2), next_theta_dot")
      values.compare(outcome.reward, try table.double(row, "reward"), at: "line \(row + 2), reward")
    }
    var result = values.result
    result.detail += "; \(note)"
    return [result]
  }
}

/// Gym's hash of a seed, its key, and the first words and doubles of the generator.
private let seedingCheck: ReferenceCheck = {
  let file = "environments/gym-seeding.csv"
  let words = (0..<4).map { "u\($0)" }
  let doubles = (0..<4).map { "d\($0)" }
  return ReferenceCheck(files: [file]) { folder in
    let table = try folder.table(file, required: ["seed", "hash", "key_words"] + words + doubles)
    var values = CheckTally("\(file), bit for bit", tolerance: 0)
    for row in table.rows.indices {
      let seed = try table.seed(row, "seed", table.text(row, "seed"))
      let hash = GymRandom.hash(seed: seed)
      values.add(exact: hash == (try table.bits(row, "hash")), at: "line \(row + 2), hash")

      let expectedKey = table.text(row, "key_words").split(separator: " ").map { UInt32($0, radix: 16) }
      guard !expectedKey.contains(nil) else { throw table.damaged(row, "key_words", expected: "hexadecimal words") }
      let key = GymRandom.key(hash: hash)
      values.add(exact: key == expectedKey, at: "line \(row + 2), key_words")

      var generator = MersenneTwister(key: key)
      for column in words {
        values.add(exact: UInt64(generator.word()) == (try table.bits(row, column)), at: "line \(row + 2), \(column)")
      }
      var source = GymRandom(seed: seed)
      for column in doubles {
        values.compareBits(source.uniform(), try table.double(row, column), at: "line \(row + 2), \(column)")
      }
    }
    return [values.result]
  }
}()

/// One row of a trajectory file: a state that an episode visited, and the step taken there unless it was the last.
private struct Visit {
  var line: Int
  var episode: Int
  var state: PendulumUnderTest.State
  var observation: (cosine: Double, sine: Double)
  var taken: (action: Double, next: PendulumUnderTest.State, reward: Double, done: Bool)?
}

/// The rows of the trajectory file. The state after a step is that of the next row, which must belong to the same
/// episode and be one step later.
private func visits(in folder: ReferenceFolder) throws -> [Visit] {
  let table = try folder.table(
    trajectories,
    required: ["episode", "t", "theta", "theta_dot", "obs_cos", "obs_sin", "action", "reward", "done"])
  func state(_ row: Int) throws -> PendulumUnderTest.State {
    (theta: try table.double(row, "theta"), thetaDot: try table.double(row, "theta_dot"))
  }
  return try table.rows.indices.map { row in
    var visit = Visit(
      line: row + 2, episode: try table.int(row, "episode"), state: try state(row),
      observation: (try table.double(row, "obs_cos"), try table.double(row, "obs_sin")))
    let follows = row > 0 && table.text(row - 1, "episode") == table.text(row, "episode")
    let t = try follows ? table.int(row - 1, "t") + 1 : 0
    guard try table.int(row, "t") == t else { throw table.damaged(row, "t", expected: "\(t)") }
    let last = row + 1 == table.rows.count || table.text(row + 1, "episode") != table.text(row, "episode")
    let action = try table.optionalDouble(row, "action")
    guard last == (action == nil) else {
      throw table.damaged(row, "action", expected: last ? "empty, as in an episode's last row" : "a number")
    }
    if let action {
      visit.taken = (action, try state(row + 1), try table.double(row, "reward"), try table.bool(row, "done"))
    }
    return visit
  }
}

/// The seed of an episode that starts with a reset, `nil` for a start that is given.
private func seed(of list: ReferenceTable, _ row: Int) throws -> UInt64? {
  let start = list.text(row, "start")
  if start == "given" { return nil }
  guard start.hasPrefix("seed ") else { throw list.damaged(row, "start", expected: "'seed N' or 'given'") }
  return try list.seed(row, "start", start.dropFirst("seed ".count))
}

/// The states of the first `count` resets of a pendulum after seeding in Gym's way.
private func firstStates(seed: UInt64, count: Int) -> [PendulumUnderTest.State] {
  var source = GymRandom(seed: seed)
  var pendulum = Pendulum()
  return (0..<count).map { _ in
    pendulum.reset(using: &source)
    return (pendulum.theta, pendulum.thetaDot)
  }
}

extension ReferenceTable {
  /// `digits` of the cell as a seed, which may need all 64 bits.
  fileprivate func seed(_ row: Int, _ column: String, _ digits: Substring) throws -> UInt64 {
    guard let seed = UInt64(digits) else { throw damaged(row, column, expected: "a seed of 0 to 2^64 - 1") }
    return seed
  }
}

extension CheckTally {
  /// Counts one case that must agree exactly; the difference is 1 where it does not.
  fileprivate mutating func add(exact same: Bool, at place: @autoclosure () -> String) {
    add(difference: same ? 0 : 1, identical: same, at: place())
  }

  /// Counts one double that must agree in every bit.
  fileprivate mutating func compareBits(_ actual: Double, _ expected: Double, at place: @autoclosure () -> String) {
    add(
      exact: actual.bitPattern == expected.bitPattern,
      at: "\(place()): \(actual) where \(expected) is expected")
  }
}
