// What detectors saw. Versions and writer sets decide, at the access that shows the hazard. Each detector is exact in
// lockstep and wherever accesses hold a lock; on threads under `hogwild`, numbers and versions are not written at once,
// so there it can miss a hazard or see one twice.

/// A known race or slip of asynchronous actor-critic programs that a running worker can notice.
public enum Hazard: String, CaseIterable, Sendable, Codable {
  /// A store over a version that is not the one that was loaded: another worker's update of the block is gone.
  case lostUpdate = "lost-update"
  /// The blocks of one pull carry different sets of updates.
  case tornPull = "torn-pull"
  /// A gradient of version v was applied at version v + k.
  case stalePush = "stale-push"
  /// An episode was begun although as many as were asked for had been begun.
  case episodeOverrun = "episode-overrun"
  /// A flush was computed on a net that never came from the shared model.
  case noInitialPull = "no-initial-pull"
}

/// A set of hazards.
public struct HazardSet: OptionSet, Hashable, Sendable {
  /// One bit a hazard, the lowest for the first of `Hazard.allCases`.
  public let rawValue: UInt8

  /// The set with these bits.
  public init(rawValue: UInt8) { self.rawValue = rawValue }

  /// The set of just `hazard`.
  public init(_ hazard: Hazard) { self.init(rawValue: 1 << hazard.index) }

  /// The members in the order of the catalogue.
  public var members: [Hazard] { Hazard.allCases.filter { contains(HazardSet($0)) } }
}

extension Hazard {
  /// The position in `allCases`.
  var index: UInt8 {
    switch self {
    case .lostUpdate: 0
    case .tornPull: 1
    case .stalePush: 2
    case .episodeOverrun: 3
    case .noInitialPull: 4
    }
  }
}

/// What one driver's workers did and what was noticed. Threads keep one each and add them up.
public struct RunStatistics: Hashable, Sendable {
  /// Steps of all environments.
  public internal(set) var environmentSteps = 0
  /// Pushes.
  public internal(set) var updates = 0
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

  /// What was done before, as `counts` of hazards in the order of the catalogue and the histogram of staleness.
  /// - Precondition: one count a hazard, none negative.
  public init(environmentSteps: Int, updates: Int, staleness: [Int], hazards: [Int]) {
    precondition(hazards.count == Hazard.allCases.count, "\(hazards.count) counts of hazards")
    self.init()
    self.environmentSteps = environmentSteps
    self.updates = updates
    self.staleness += staleness
    totalLag = staleness.enumerated().reduce(0) { $0 + $1.offset * $1.element }
    counts = hazards
  }

  /// Adds what another driver's workers did.
  public mutating func add(_ other: RunStatistics) {
    environmentSteps += other.environmentSteps
    updates += other.updates
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
