// The strategies by which a search chooses its schedules, by the names that the command line takes.

import DeterministicMath
import Lockstep
import Sharing

/// How the schedules of a search are chosen.
public enum SearchStrategy: Hashable, Sendable, CustomStringConvertible {
  /// All of the following in turns, but the last.
  case portfolio
  /// Every worker makes one access in turn; a single schedule.
  case roundRobin
  /// Every access is anybody's, with equal chance.
  case random
  /// Workers run at nearly equal speed on a virtual clock.
  case timed
  /// Random priorities with D − 1 changes (`PriorityWalk`).
  case pct(depth: Int)
  /// Changes of the model are held back until K others have passed (`Lagging`).
  case lag(Int)
  /// Every schedule of so many preemptions at most, once (`Exploration`).
  case exhaustive(preemptions: Int?)

  /// What `init` reads, in words.
  public static let allowed =
    "portfolio, round-robin, random, timed, pct:D with D from 1 to 100, "
    + "lag:K with K from 0 to 1000000, exhaustive, or exhaustive:P with at most P preemptions"

  /// Reads the name of a strategy; `nil` where there is none of that name.
  public init?(_ text: some StringProtocol) {
    let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
    let number = parts.count == 2 ? Int(parts[1]) : nil
    guard parts.count == 1 || number != nil else { return nil }
    switch (parts[0], number) {
    case ("portfolio", nil): self = .portfolio
    case ("round-robin", nil): self = .roundRobin
    case ("random", nil): self = .random
    case ("timed", nil): self = .timed
    case ("pct", let depth?) where 1...100 ~= depth: self = .pct(depth: depth)
    case ("lag", let lag?) where 0...1_000_000 ~= lag: self = .lag(lag)
    case ("exhaustive", let bound) where bound ?? 0 >= 0: self = .exhaustive(preemptions: bound)
    default: return nil
    }
  }

  /// As `init` reads it.
  public var description: String {
    switch self {
    case .portfolio: "portfolio"
    case .roundRobin: "round-robin"
    case .random: "random"
    case .timed: "timed"
    case .pct(let depth): "pct:\(depth)"
    case .lag(let lag): "lag:\(lag)"
    case .exhaustive(let bound): bound.map { "exhaustive:\($0)" } ?? "exhaustive"
    }
  }

  /// The members of the portfolio that chooses `schedules` schedules in all.
  ///
  /// Most hazards show in any schedule in which workers alternate, so the simplest comes first; a few preemptions in
  /// otherwise serial runs show those that alternation hides; long lags come last.
  func members<P: Participant>(of start: Simulation<P, Replayed>, schedules: Int) -> [Portfolio.Member] {
    precondition(schedules >= 1, "a search of \(schedules) schedules")
    switch self {
    case .portfolio:
      let kinds: [SearchStrategy] = [.pct(depth: 2), .random, .pct(depth: 3), .lag(1), .timed, .lag(4)]
      let rest = schedules - 1
      return [Self.roundRobin.member(of: start, schedules: 1)]
        + kinds.enumerated().map { position, kind in
          kind.member(of: start, schedules: (rest + kinds.count - 1 - position) / kinds.count)
        }
    case .roundRobin: return [member(of: start, schedules: 1)]
    default: return [member(of: start, schedules: schedules)]
    }
  }

  /// One strategy of a portfolio.
  private func member<P: Participant>(of start: Simulation<P, Replayed>, schedules: Int) -> Portfolio.Member {
    let first = start.processes.map(\.nextAccess)
    let delays = start.processes.map(\.delay)
    let blocks = P.training(in: start.world).model.blocks.count
    let board = blocks..<SharedObject.model.number(blocks: blocks)
    let others = SharedObject.count(blocks: blocks)
    func stream(_ seed: UInt64, _ member: UInt32) -> RandomStream {
      RandomStream(seed: seed, worker: member, purpose: .schedule)
    }
    let make: (UInt64) -> any Strategy
    switch self {
    case .roundRobin: make = { _ in RoundRobin() }
    case .random: make = { RandomWalk(generator: stream($0, 0)) }
    case .timed: make = { Timed(delays: delays, generator: stream($0, 1)) }
    case .pct(let depth):
      let length = Self.length(of: start)
      make = { seed in
        var stream = stream(seed, UInt32(2 + depth))
        return PriorityWalk(processes: first.count, depth: depth, length: length, generator: &stream)
      }
    case .lag(let lag):
      make = { seed in
        let base = RandomWalk(generator: stream(seed, 1000 + UInt32(lag)))
        return Lagging(lag, first: first, base, holds: { $0 < others && !board.contains($0) })
      }
    case .portfolio, .exhaustive: preconditionFailure("\(self) is no member of a portfolio")
    }
    return Portfolio.Member(description, schedules: schedules, strategy: make)
  }

  /// How many accesses a run of the program makes, as far as a change of priority may lie.
  private static func length<P: Participant>(of start: Simulation<P, Replayed>) -> Int {
    var run = start.snapshot(drivenBy: StepLimit(10_000, RoundRobin()))
    run.run()
    return max(1, run.accesses)
  }
}
