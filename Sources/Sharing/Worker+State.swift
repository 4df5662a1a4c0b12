// A worker as data, so that a run can be put on a disk and taken up again.

import DeterministicMath
import Environments
import Learning

extension Worker.Phase: LosslessStringConvertible, Codable {
  /// The phases of one access each.
  static let simple: [Self] = [
    .claiming, .exchanging, .pullingAll, .viewingAll, .counting, .loadingCount, .storingCount, .smoothing, .checking,
    .setting, .reading, .publishing, .meeting, .leaving, .finished, .failed,
  ]
  /// The phases that go through the blocks.
  static let blockwise: [@Sendable (Int) -> Self] = [
    { .updating($0) }, { .loading($0) }, { .storing($0) }, { .pulling($0) }, { .viewing($0) }, { .decaying($0) },
    { .accumulating($0) }, { .applying($0) }, { .assigning($0) }, { .fetching($0) }, { .overwriting($0) },
    { .incrementing($0) }, { .readingFirstStep($0) }, { .readingSecondStep($0) },
  ]

  /// The phase's name, with the block where it has one: `claiming`, `updating 3`.
  public var description: String { block.map { "\(name) \($0)" } ?? name }

  private var name: String {
    switch self {
    case .claiming: "claiming"
    case .exchanging: "exchanging"
    case .updating: "updating"
    case .loading: "loading"
    case .storing: "storing"
    case .pulling: "pulling"
    case .pullingAll: "pullingAll"
    case .viewing: "viewing"
    case .viewingAll: "viewingAll"
    case .decaying: "decaying"
    case .accumulating: "accumulating"
    case .applying: "applying"
    case .assigning: "assigning"
    case .fetching: "fetching"
    case .overwriting: "overwriting"
    case .meeting: "meeting"
    case .leaving: "leaving"
    case .incrementing: "incrementing"
    case .readingFirstStep: "readingFirstStep"
    case .readingSecondStep: "readingSecondStep"
    case .counting: "counting"
    case .loadingCount: "loadingCount"
    case .storingCount: "storingCount"
    case .smoothing: "smoothing"
    case .checking: "checking"
    case .setting: "setting"
    case .reading: "reading"
    case .publishing: "publishing"
    case .finished: "finished"
    case .failed: "failed"
    }
  }

  /// Reads a description.
  public init?(_ description: String) {
    let words = description.split(separator: " ", maxSplits: 1)
    let block = words.count == 2 ? Int(words[1]) : nil
    let phases = block.map { block in Self.blockwise.map { $0(block) } } ?? Self.simple
    guard let phase = phases.first(where: { $0.description == description }) else { return nil }
    self = phase
  }

  /// Reads what `encode(to:)` writes.
  public init(from decoder: any Decoder) throws {
    let text = try decoder.singleValueContainer().decode(String.self)
    guard let phase = Self(text) else {
      throw DecodingError.dataCorrupted(
        DecodingError.Context(codingPath: decoder.codingPath, debugDescription: "'\(text)' is no phase"))
    }
    self = phase
  }

  /// Writes the description.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(description)
  }

  /// The block that it names, if any.
  public var block: Int? {
    switch self {
    case .updating(let block), .loading(let block), .storing(let block), .pulling(let block), .viewing(let block),
      .decaying(let block), .accumulating(let block), .applying(let block), .assigning(let block),
      .fetching(let block), .overwriting(let block), .incrementing(let block), .readingFirstStep(let block),
      .readingSecondStep(let block):
      block
    case .claiming, .exchanging, .pullingAll, .viewingAll, .counting, .loadingCount, .storingCount, .smoothing,
      .checking, .setting, .reading, .publishing, .meeting, .leaving, .finished, .failed:
      nil
    }
  }

  /// Whether a worker of `configuration` can be here.
  func isPossible(in configuration: Configuration) -> Bool {
    let sharing = configuration.sharing
    return switch self {
    case .exchanging: sharing == .locked
    case .pullingAll: sharing == .locked || sharing == .synchronous
    case .meeting, .leaving: sharing == .synchronous
    case .viewingAll: sharing == .locked && configuration.acting == .sharedNet
    case .viewing: sharing != .locked && configuration.acting == .sharedNet
    case .pulling: sharing != .locked && sharing != .synchronous
    case .updating: sharing == .sharded || sharing == .gradientSlot || sharing == .bindOnce
    case .loading, .storing: sharing == .hogwild
    case .decaying, .accumulating, .applying: sharing == .inPlace
    case .assigning, .fetching: sharing == .gradientSlot || sharing == .bindOnce
    case .overwriting: sharing == .overwrite
    case .incrementing, .readingFirstStep, .readingSecondStep: configuration.stepCount == .readTwice
    case .counting: configuration.episodeCount == .indivisible
    case .loadingCount, .storingCount: configuration.episodeCount == .loadThenStore
    case .smoothing: configuration.rewardSmoothing != .checkThenSet
    case .checking, .setting: configuration.rewardSmoothing == .checkThenSet
    case .claiming, .reading, .publishing, .finished, .failed: true
    }
  }
}

extension Worker {
  /// Everything that decides what a worker does next, and what it has found so far.
  public struct State: Hashable, Sendable, Codable {
    /// Where it stands.
    public var phase: Phase
    /// Updates pushed.
    public var updates: Int
    /// Episodes finished.
    public var episodes: Int
    /// The counter of the random stream of its actions.
    public var actionNoise: UInt64
    /// The counter of the random stream of its start states.
    public var startStates: UInt64
    /// The environment's state.
    public var environment: [Double]
    /// Steps of all episodes together.
    public var totalSteps: Int
    /// Steps of this episode.
    public var episodeSteps: Int
    /// The sum of the episode's rewards, unscaled.
    public var episodeReturn: Double
    /// Whether the flush that is being pushed was the episode's last.
    public var episodeIsOver: Bool
    /// The smoothed reward as last read.
    public var smoothedAsRead: Double
    /// Whether the local net ever came from the shared model.
    public var hasPulled: Bool
    /// Whether the pull under way, or the last one, met blocks of different writers.
    public var pullIsTorn: Bool
    /// How many versions the most outdated block of the push under way was behind.
    public var lag: Int
    /// What is kept between two accesses that are one elsewhere; `nil` for nothing.
    var notes: Notes?
    /// The return of the first step of the last flush, where a slip keeps it.
    public var lastReturn: Double?
    /// The local net, or its gradient while a push is under way.
    public var netOrGradient: [Float] = []
    /// A block between load and store, with its optimizer slots (`hogwild`).
    public var loaded: [Float] = []
    /// The version of each block in the local net, then that of `loaded`, then the writers of the pull under way.
    public var versions: [UInt64] = []
    /// The gradient that a slip keeps from flush to flush; else empty.
    public var keptGradient: [Float] = []

    /// The arrays are stored beside, not in the text.
    private enum CodingKeys: String, CodingKey {
      case phase, updates, episodes, actionNoise, startStates, environment, totalSteps, episodeSteps, episodeReturn,
        episodeIsOver, smoothedAsRead, hasPulled, pullIsTorn, lag, notes, lastReturn
    }
  }

  /// The worker's state.
  public var state: State {
    State(
      phase: phase, updates: updates, episodes: episodes, actionNoise: actionNoise.counter,
      startStates: startStates.counter, environment: environment.state, totalSteps: totalSteps,
      episodeSteps: episodeSteps, episodeReturn: episodeReturn, episodeIsOver: episodeIsOver,
      smoothedAsRead: smoothedAsRead, hasPulled: hasPulled, pullIsTorn: pullIsTorn, lag: lag,
      notes: notes == Notes() ? nil : notes, lastReturn: plan.configuration.slips.staleBootstrap ? lastReturn : nil,
      netOrGradient: netOrGradient, loaded: loaded, versions: base + [loadedVersion, pullWriters],
      keptGradient: keptGradient)
  }

  /// Puts the worker into `state`.
  /// - Throws: `ConfigurationError` where it cannot be a state of this worker.
  public mutating func restore(_ state: State) throws(ConfigurationError) {
    func check(_ holds: Bool, _ what: String) throws(ConfigurationError) {
      if !holds { throw ConfigurationError(description: "worker \(number) has \(what)") }
    }
    try check(state.netOrGradient.count == netOrGradient.count, "a net of \(state.netOrGradient.count) parameters")
    try check(state.loaded.count == loaded.count, "a loaded block of \(state.loaded.count) numbers")
    try check(state.versions.count == blockCount + 2, "\(state.versions.count) versions")
    try check(
      state.keptGradient.count == keptGradient.count, "a kept gradient of \(state.keptGradient.count) parameters")
    let staleBootstrap = plan.configuration.slips.staleBootstrap
    try check((state.lastReturn != nil) == staleBootstrap, "\(staleBootstrap ? "no" : "a") last return")
    try check(
      state.environment.count == environment.state.count, "an environment of \(state.environment.count) numbers")
    let counts = [state.updates, state.episodes, state.totalSteps, state.episodeSteps, state.lag]
    try check(counts.allSatisfy { $0 >= 0 }, "a negative count")
    try check(counts.allSatisfy { $0 < 1 << 40 }, "a count of more than 40 bits")
    try check(state.lag <= RunStatistics.greatestLag, "a staleness of \(state.lag)")
    try check(state.phase.block.map { 0..<blockCount ~= $0 } ?? true, "phase '\(state.phase)'")
    try check(
      state.phase.isPossible(in: plan.configuration), "phase '\(state.phase)' of another protocol")
    let notes = state.notes ?? Notes()
    try check(
      [notes.firstStep, notes.secondStep, notes.count, notes.countWrites, notes.localSteps].allSatisfy {
        0..<1 << 40 ~= $0
      }, "impossible notes")
    let width = plan.network.observations + plan.network.actions + 1
    try check(
      notes.rollout.count.isMultiple(of: width) && notes.rollout.count < width * plan.configuration.flushLength,
      "a rollout of \(notes.rollout.count) numbers")
    let ends = notes.cuts.map(\.step)
    try check(
      ends.allSatisfy { 0..<notes.rollout.count / width ~= $0 } && zip(ends, ends.dropFirst()).allSatisfy(<),
      "impossible ends of episodes")
    try check(0...1 ~= notes.rateScale, "a learning rate times \(notes.rateScale)")
    if case .updating = state.phase, plan.configuration.stepCount == .readTwice {
      try check(notes.firstStep > 0 && notes.secondStep > 0, "an update whose step was not read")
    }
    if case .readingSecondStep = state.phase { try check(notes.firstStep > 0, "a step that was not read") }
    self.notes = notes
    phase = state.phase
    updates = state.updates
    episodes = state.episodes
    actionNoise.counter = state.actionNoise
    startStates.counter = state.startStates
    environment.state = state.environment
    totalSteps = state.totalSteps
    episodeSteps = state.episodeSteps
    episodeReturn = state.episodeReturn
    episodeIsOver = state.episodeIsOver
    smoothedAsRead = state.smoothedAsRead
    hasPulled = state.hasPulled
    (pullIsTorn, tearIsNoted) = (state.pullIsTorn, state.pullIsTorn)
    lag = state.lag
    netOrGradient = state.netOrGradient
    loaded = state.loaded
    keptGradient = state.keptGradient
    lastReturn = state.lastReturn ?? 0
    base = Array(state.versions[..<blockCount])
    (loadedVersion, pullWriters) = (state.versions[blockCount], state.versions[blockCount + 1])
    stepNumber = stepNumberOfPush
  }
}
