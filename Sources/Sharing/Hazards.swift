// What detectors saw. Versions and writer sets decide, at the access that shows the hazard. Each detector is exact in
// lockstep and wherever accesses hold a lock; on threads under `hogwild`, numbers and versions are not written at once,
// so there it can miss a hazard or see one twice.

/// A known race or slip of asynchronous actor-critic programs that a run can notice, in the order of the catalogue.
public enum Hazard: String, CaseIterable, Sendable, Codable {
  /// A store over a version that is not the one that was loaded: another worker's update of the block is gone.
  case lostUpdate = "lost-update"
  /// Between a worker's decay of a block's moments and the addition of its gradient, or between that and its step by
  /// them, another changed them: no serial order of the updates gives these moments, or this step.
  case halfMoment = "half-moment"
  /// The blocks of one pull carry different sets of updates.
  case tornPull = "torn-pull"
  /// A gradient of version v was applied at version v + k.
  case stalePush = "stale-push"
  /// A worker applied a gradient that another had put into the shared slot.
  case gradientSlot = "gradient-slot"
  /// A worker applied the gradient of the worker whose buffer is bound to the slot for ever.
  case bindOnce = "bind-once"
  /// A worker wrote its weights over a version newer than the one that it had loaded.
  case overwrite
  /// The two reads of the shared step count within one update differ.
  case splitStep = "split-step"
  /// An episode was begun although as many as were asked for had been begun.
  case episodeOverrun = "episode-overrun"
  /// A count of a finished episode overwrote another that it had not seen.
  case lostCount = "lost-count"
  /// The smoothed reward was initialised a second time.
  case runningReward = "running-reward"
  /// A worker was started by a second thread.
  case lateBinding = "late-binding"
  /// A flush was computed on a net that never came from the shared model.
  case noInitialPull = "no-initial-pull"
  /// Everybody waits: the parent for workers to end, and they for room in the queue that only the parent empties.
  case earlyExitJoin = "early-exit-join"
  /// The net changed between two actions of one flush.
  case viewActing = "view-acting"

  /// What it means, in a few words.
  public var meaning: String {
    switch self {
    case .lostUpdate: "a store overwrote an update it had not seen"
    case .halfMoment: "moments changed in the middle of their update"
    case .tornPull: "a pull mixed blocks of different updates"
    case .stalePush: "a gradient met a newer version than its own"
    case .gradientSlot: "a worker applied another's gradient"
    case .bindOnce: "a worker applied the bound worker's gradient"
    case .overwrite: "weights were written over newer ones"
    case .splitStep: "one update used two step counts"
    case .episodeOverrun: "an episode began when enough had begun"
    case .lostCount: "a count overwrote one it had not seen"
    case .runningReward: "the smoothed reward began a second time"
    case .lateBinding: "a worker was started by two threads"
    case .noInitialPull: "a gradient of a net that had never pulled"
    case .earlyExitJoin: "parent and workers wait for each other"
    case .viewActing: "the policy changed in the middle of a flush"
    }
  }
}

/// A set of hazards.
public struct HazardSet: OptionSet, Hashable, Sendable {
  /// One bit a hazard, the lowest for the first of `Hazard.allCases`.
  public let rawValue: UInt32

  /// The set with these bits.
  public init(rawValue: UInt32) { self.rawValue = rawValue }

  /// The set of just `hazard`.
  public init(_ hazard: Hazard) { self.init(rawValue: 1 << hazard.index) }

  /// The members in the order of the catalogue.
  public var members: [Hazard] { Hazard.allCases.filter { contains(HazardSet($0)) } }
}

extension Hazard {
  /// The position in `allCases`.
  var index: UInt32 {
    switch self {
    case .lostUpdate: 0
    case .halfMoment: 1
    case .tornPull: 2
    case .stalePush: 3
    case .gradientSlot: 4
    case .bindOnce: 5
    case .overwrite: 6
    case .splitStep: 7
    case .episodeOverrun: 8
    case .lostCount: 9
    case .runningReward: 10
    case .lateBinding: 11
    case .noInitialPull: 12
    case .earlyExitJoin: 13
    case .viewActing: 14
    }
  }
}

/// What one driver's workers did and what was noticed. Threads keep one each and add them up.
public struct RunStatistics: Hashable, Sendable {
  /// Steps of all environments.
  public internal(set) var environmentSteps = 0
  /// Pushes.
  public internal(set) var updates = 0
  /// Gradients that were dropped because they were older than the configured bound.
  public internal(set) var refused = 0
  /// `staleness[k]`: the updates of which the most outdated block was k versions old, for updates with a base.
  public private(set) var staleness: [Int] = []
  /// The staleness of all updates together.
  public private(set) var totalLag = 0
  /// The greatest staleness that is told from greater ones in `staleness`.
  public static let greatestLag = 1 << 20 - 1
  /// What the last access showed.
  public private(set) var witnessed: HazardSet = []
  private var counts = [Int](repeating: 0, count: Hazard.allCases.count)

  /// Nothing was done yet.
  public init() {
    // Room for the lags of ordinary runs, so that a steady state finds the list long enough.
    staleness.reserveCapacity(4096)
  }

  /// How often `hazard` was seen.
  public func count(of hazard: Hazard) -> Int { counts[Int(hazard.index)] }

  /// How often each hazard was seen, by its id, of those that were.
  public var hazards: [String: Int] {
    let seen = Hazard.allCases.filter { count(of: $0) > 0 }
    return Dictionary(uniqueKeysWithValues: seen.map { ($0.rawValue, count(of: $0)) })
  }

  /// What was done before, as `counts` of hazards in the order of the catalogue and the histogram of staleness.
  /// - Precondition: one count a hazard, none negative.
  public init(environmentSteps: Int, updates: Int, staleness: [Int], hazards: [Int], refused: Int = 0) {
    precondition(hazards.count == Hazard.allCases.count, "\(hazards.count) counts of hazards")
    self.init()
    self.environmentSteps = environmentSteps
    self.updates = updates
    self.refused = refused
    self.staleness += staleness
    totalLag = staleness.enumerated().reduce(0) { $0 + $1.offset * $1.element }
    counts = hazards
  }

  /// Adds what another driver's workers did.
  public mutating func add(_ other: RunStatistics) {
    environmentSteps += other.environmentSteps
    updates += other.updates
    refused += other.refused
    while staleness.count < other.staleness.count { staleness.append(0) }
    for (lag, count) in other.staleness.enumerated() { staleness[lag] += count }
    totalLag += other.totalLag
    for hazard in counts.indices { counts[hazard] += other.counts[hazard] }
  }

  /// The mean over all updates that had a base version; 0 if there were none.
  public var meanStaleness: Double {
    let updates = staleness.reduce(0, +)
    return updates == 0 ? 0 : Double(totalLag) / Double(updates)
  }

  /// The largest staleness seen.
  public var maxStaleness: Int { max(0, staleness.count - 1) }

  mutating func beginAccess() { witnessed = [] }

  mutating func note(_ hazard: Hazard) {
    counts[Int(hazard.index)] += 1
    witnessed.insert(HazardSet(hazard))
  }

  mutating func noteStaleness(_ lag: Int) {
    let place = min(lag, Self.greatestLag)
    while staleness.count <= place { staleness.append(0) }
    staleness[place] += 1
    totalLag += lag
    if lag > 0 { note(.stalePush) }
  }
}
