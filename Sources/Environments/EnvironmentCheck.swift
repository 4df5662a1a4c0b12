// Tests whether an environment keeps the promises that training, replay and checkpoints rest on. Part of the library,
// so that whoever writes an environment can ask for it in a test of one line.

import DeterministicMath

/// Plays an environment at random and looks for broken promises.
///
///     #expect(EnvironmentCheck().breaches(of: MyEnvironment()) == [])
///
/// Numbers of a state are also set one by one to values that they had at other times, to learn whether the digest
/// sees them; a state must bear that.
public struct EnvironmentCheck: Sendable {
  /// What an environment promises.
  public enum Property: String, CaseIterable, Sendable, Codable {
    /// Bounds fit each other and never change.
    case spaces
    /// Each element is written, is a number within its bounds, and looking at it changes nothing.
    case observations
    /// Rewards are finite, whatever actions of the space are taken.
    case rewards
    /// The same random numbers and actions give the same bits.
    case determinism
    /// A copy and its original go on independently, and alike.
    case copies
    /// An episode is decided by the random numbers of its reset, not by what came before.
    case resets
    /// A step terminates or is truncated, not both, and what ends every episode at the same step says `truncated`.
    case endings
    /// Put into a state that it was in, an environment goes on from there with the same bits.
    case state
    /// The digest sees every number of the state.
    case digest
  }

  /// What was found about one property.
  public struct Finding: Sendable, Codable, Equatable {
    /// The property.
    public let property: Property
    /// How often it was looked at; 0 where there was nothing to look at.
    public let cases: Int
    /// The first breach: where, what was expected and what was met. `nil` if there was none.
    public let breach: String?
  }

  /// Names the start states and the actions.
  public let seed: UInt64
  /// How many episodes are played.
  public let episodes: Int
  /// How many steps an episode may take.
  public let steps: Int

  /// A check of `episodes` episodes of at most `steps` steps.
  /// - Precondition: both are positive.
  public init(seed: UInt64 = 0, episodes: Int = 10, steps: Int = 1000) {
    precondition(episodes > 0 && steps > 0, "a check plays 1 episode of 1 step at least")
    self.seed = seed
    self.episodes = episodes
    self.steps = steps
  }

  /// What was found about each property, in the order of `Property`.
  /// - Parameter timeLimit: where episodes that do not terminate must be truncated; `nil` if they may go on.
  public func findings(of environment: some Environment, timeLimit: Int? = nil) -> [Finding] {
    var examination = Examination(environment, self, timeLimit: timeLimit)
    examination.run()
    return Property.allCases.map { property in
      Finding(
        property: property, cases: examination.cases[property, default: 0], breach: examination.breaches[property])
    }
  }

  /// The properties that do not hold.
  public func breaches(of environment: some Environment, timeLimit: Int? = nil) -> [Finding] {
    findings(of: environment, timeLimit: timeLimit).filter { $0.breach != nil }
  }
}

/// One environment under examination.
private struct Examination<Subject: Environment> {
  private let subject: Subject
  private let check: EnvironmentCheck
  private let timeLimit: Int?
  private(set) var cases: [EnvironmentCheck.Property: Int] = [:]
  private(set) var breaches: [EnvironmentCheck.Property: String] = [:]
  private var visited: [[Double]] = []

  init(_ subject: Subject, _ check: EnvironmentCheck, timeLimit: Int?) {
    self.subject = subject
    self.check = check
    self.timeLimit = timeLimit
  }

  mutating func run() {
    examine(subject.observationSpace, "observation")
    examine(subject.actionSpace, "action")
    guard breaches.isEmpty else { return }  // Nothing can be played without spaces.
    var plays: [Play] = []
    for episode in 0..<check.episodes { plays.append(examineEpisode(episode)) }
    examineLengths(of: plays)
    examineDigest()
  }

  private mutating func expect(
    _ property: EnvironmentCheck.Property, _ holds: Bool, _ breach: @autoclosure () -> String
  ) {
    cases[property, default: 0] += 1
    if !holds && breaches[property] == nil { breaches[property] = breach() }
  }

  private mutating func expect(_ property: EnvironmentCheck.Property, _ difference: String?, _ situation: String) {
    expect(property, difference == nil, "\(situation): \(difference!)")
  }

  private mutating func examine(_ space: Space, _ what: String) {
    switch space {
    case .discrete(let count): expect(.spaces, count > 0, "the \(what) space has \(count) choices; it needs 1 or more")
    case .box(let lower, let upper):
      expect(
        .spaces, lower.count == upper.count && !lower.isEmpty,
        "the \(what) space has \(lower.count) lower and \(upper.count) upper bounds; it needs as many, and 1 or more")
      for (index, bounds) in zip(lower, upper).enumerated() {
        expect(.spaces, bounds.0 <= bounds.1, "\(what) \(index) is bounded by \(bounds.0) and \(bounds.1)")
      }
    }
  }

  /// Plays one episode and everything that should equal it.
  private mutating func examineEpisode(_ episode: Int) -> Play {
    let start = RandomStream(seed: check.seed, worker: UInt32(episode), purpose: .environment)
    func begun(_ environment: Subject) -> Subject {
      var (environment, source) = (environment, start)
      environment.reset(using: &source)
      return environment
    }
    let actions = Actions(of: subject.actionSpace, seed: check.seed, episode: episode)
    let name = "episode \(episode) of seed \(check.seed)"

    let first = Play(begun(subject), actions, steps: check.steps)
    examine(first, name)
    let length = first.outcomes.count
    expect(.determinism, Play(begun(subject), actions, steps: length).difference(from: first), "\(name), played again")
    expect(
      .resets, Play(begun(first.end), actions, steps: length).difference(from: first),
      "\(name), after a reset at its end")

    for moment in Set([0, length / 2, length - 1]).sorted() {
      let before = Play(begun(subject), actions, steps: moment)
      var rest = actions
      rest.skip(moment)
      let place = "\(name), after step \(moment)"
      expect(
        .resets, Play(begun(before.end), actions, steps: min(length, 10)).difference(from: first.prefix(10)),
        "\(place), after a reset there")

      let (original, copy) = (before.end, before.end)
      let digest = copy.digestAlone
      let expected = Play(original, rest, steps: length - moment)
      expect(.copies, copy.digestAlone == digest, "\(place): the original's steps changed the copy")
      expect(.copies, Play(copy, rest, steps: length - moment).difference(from: expected), "\(place), a copy's steps")

      let state = before.end.state
      visited.append(state)
      for (kind, other) in [("a fresh environment", subject), ("one at an episode's end", first.end)] {
        var restored = other
        expect(.state, restored.state.count == state.count, "\(place): the state is not always as many numbers")
        guard restored.state.count == state.count else { continue }
        restored.state = state
        expect(
          .state, restored.state.hasSameBits(as: state), "\(place): the state of \(kind) is not what it was set to")
        expect(
          .state, Play(restored, rest, steps: length - moment).difference(from: expected), "\(place), set to \(kind)")
      }
    }
    visited.append(first.end.state)
    return first
  }

  /// Looks at what one episode showed.
  private mutating func examine(_ play: Play, _ name: String) {
    for (step, observation) in play.observations.enumerated() {
      let place = "\(name), after step \(step)"
      expect(
        .observations, observation.first.hasSameBits(as: observation.second),
        "\(place): observed twice, \(observation.first) became \(observation.second): an element is not written, or "
          + "observing changes it")
      if let index = observation.first.firstIndex(where: { !$0.isFinite }) {
        let fault = play.end.fault.map { "; the environment says: \($0)" } ?? ""
        expect(.observations, false, "\(place): observation \(index) is \(observation.first[index])\(fault)")
      }
      expect(.observations, play.isWithinBounds(observation.first), "\(place): \(observation.first) is out of bounds")
    }
    for (step, outcome) in play.outcomes.enumerated() {
      let place = "\(name), step \(step + 1)"
      let fault = play.end.fault.map { "; the environment says: \($0)" } ?? ""
      expect(.rewards, outcome.reward.isFinite, "\(place): the reward is \(outcome.reward)\(fault)")
      expect(.endings, !(outcome.terminated && outcome.truncated), "\(place) both terminated and was truncated")
      if let timeLimit {
        let isCut = outcome.truncated || (step + 1 == timeLimit && outcome.terminated)
        expect(
          .endings, isCut == (step + 1 == timeLimit),
          "\(place) was \(outcome.truncated ? "" : "not ")truncated, where the time limit is \(timeLimit)")
      }
    }
    expect(
      .spaces,
      play.end.observationSpace == subject.observationSpace && play.end.actionSpace == subject.actionSpace
        && play.end.name == subject.name, "\(name): spaces or name are others at its end")
  }

  /// Several episodes that all terminate at the same step are a time limit that says it is none, unless an observation
  /// tells the time.
  private mutating func examineLengths(of plays: [Play]) {
    let length = plays[0].outcomes.count
    guard plays.count >= 5, length > 1, plays.allSatisfy({ $0.outcomes.last!.terminated }) else { return }
    let showsTime = plays[0].observations[0].first.indices.contains { index in
      let last = plays[0].observations[length].first[index]
      return plays.allSatisfy {
        $0.observations.last!.first[index] == last && !$0.observations.dropLast().contains { $0.first[index] == last }
      }
    }
    expect(
      .endings, showsTime || !plays.allSatisfy { $0.outcomes.count == length },
      "all \(plays.count) episodes terminated at step \(length), which no observation foretells: say truncated, so "
        + "that the last state keeps its value")
  }

  /// Sets single numbers of visited states to the values that they had in others.
  private mutating func examineDigest() {
    for (position, state) in visited.enumerated() {
      let other = visited[(position + 1) % visited.count]
      guard state.count == other.count, breaches[.state] == nil else { return }
      for index in state.indices where state[index] != other[index] {
        var (environment, changed) = (subject, subject)
        environment.state = state
        var mixed = state
        mixed[index] = other[index]
        changed.state = mixed
        expect(
          .digest, changed.digestAlone != environment.digestAlone,
          "number \(index) of the state may be \(state[index]) or \(other[index]), all others as in \(state): the "
            + "digest is the same")
      }
    }
  }

  /// What an episode showed.
  private struct Play {
    /// The observations from the first state to the last, each made twice over different numbers.
    var observations: [(first: [Double], second: [Double])] = []
    var digests: [UInt64] = []
    var outcomes: [StepOutcome] = []
    var end: Subject

    /// Goes on from `environment` until the episode is over or has taken `steps` steps.
    init(_ environment: Subject, _ actions: Actions, steps: Int) {
      end = environment
      var actions = actions
      look()
      while outcomes.count < steps, outcomes.last?.done != true {
        let action = actions.next()
        outcomes.append(end.step(action.span))
        look()
      }
    }

    private mutating func look() {
      func observation(over filler: Double) -> [Double] {
        var observation = Array(repeating: filler, count: end.observationSpace.dimension)
        var span = observation.mutableSpan
        end.observe(into: &span)
        return observation
      }
      observations.append((observation(over: 0), observation(over: 1)))
      digests.append(end.digestAlone)
    }

    /// The first `steps` steps, as if the episode had not gone on.
    func prefix(_ steps: Int) -> Play {
      var play = self
      play.outcomes = Array(outcomes.prefix(steps))
      play.observations = Array(observations.prefix(steps + 1))
      play.digests = Array(digests.prefix(steps + 1))
      return play
    }

    func isWithinBounds(_ observation: [Double]) -> Bool {
      switch end.observationSpace {
      case .discrete(let count): Int(exactly: observation[0]).map { 0..<count ~= $0 } ?? false
      case .box(let lower, let upper):
        observation.indices.allSatisfy { !(observation[$0] < lower[$0] || observation[$0] > upper[$0]) }
      }
    }

    /// Where this play is not the other in every bit, and how; `nil` if it is.
    func difference(from other: Play) -> String? {
      for step in 0..<max(digests.count, other.digests.count) {
        guard step < min(digests.count, other.digests.count) else {
          return "\(outcomes.count) steps in place of \(other.outcomes.count)"
        }
        if step > 0 {
          let (outcome, expected) = (outcomes[step - 1], other.outcomes[step - 1])
          guard
            outcome.reward.bitPattern == expected.reward.bitPattern && outcome.terminated == expected.terminated
              && outcome.truncated == expected.truncated
          else { return "step \(step) gave \(outcome) in place of \(expected)" }
        }
        let (observation, expected) = (observations[step].first, other.observations[step].first)
        guard observation.hasSameBits(as: expected) else {
          return "after \(step) steps \(observation) was observed in place of \(expected)"
        }
        guard digests[step] == other.digests[step] else {
          return "after \(step) steps the digest was another, though the observation was the same"
        }
      }
      return nil
    }
  }
}

/// Random actions of a space: held for a while each, its corners as often as its inside, and every choice at times.
private struct Actions {
  private let space: Space
  private var stream: RandomStream
  private var held: [Double] = []
  private var left = 0
  private var changes = 0

  init(of space: Space, seed: UInt64, episode: Int) {
    self.space = space
    stream = RandomStream(seed: seed, worker: UInt32(episode), purpose: .test)
    changes = episode
  }

  mutating func next() -> [Double] {
    if left == 0 {
      held = drawn()
      left = 1 + stream.below(20)
      changes += 1
    }
    left -= 1
    return held
  }

  mutating func skip(_ count: Int) { for _ in 0..<count { _ = next() } }

  private mutating func drawn() -> [Double] {
    switch space {
    case .discrete(let count): return [Double(changes % 2 == 0 ? (changes / 2) % count : stream.below(count))]
    case .box(let lower, let upper):
      return zip(lower, upper).map { lower, upper in
        let low = lower.isFinite ? lower : min(-1000, upper)
        let high = upper.isFinite ? upper : max(1000, low)
        return switch stream.below(4) {
        case 0: low
        case 1: high
        default: stream.uniform(in: low...high)
        }
      }
    }
  }
}

extension Environment {
  /// The digest of this environment alone.
  fileprivate var digestAlone: UInt64 {
    var digest = StateDigest()
    self.digest(into: &digest)
    return digest.value
  }
}

extension [Double] {
  /// Whether both have the same numbers, zeros of either sign told apart and any NaN equal to another.
  fileprivate func hasSameBits(as other: [Double]) -> Bool {
    elementsEqual(other) { $0.bitPattern == $1.bitPattern || ($0.isNaN && $1.isNaN) }
  }
}
