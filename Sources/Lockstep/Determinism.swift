// The check that a program repeats itself. Everything else here rests on that: a schedule names a run only of a program
// that depends on nothing but the schedule.

/// The first place where a second run of the same program did something else.
public struct Divergence: Hashable, Sendable, CustomStringConvertible {
  /// How many accesses both runs made alike before the one that tells them apart; 0 too when they begin differently.
  public var index: Int
  /// What the first run did there, and what state that left.
  public var first: String
  /// What the second run did there, and what state that left.
  public var second: String

  /// A divergence after `index` equal accesses.
  public init(index: Int, first: String, second: String) {
    self.index = index
    self.first = first
    self.second = second
  }

  /// Both runs in one line.
  public var description: String { "after \(index) equal accesses: first run \(first); second run \(second)" }
}

/// Runs a program twice and compares, access after access, what was done, who can go on, and a digest of the state. A
/// difference means that something outside the seed (a clock, an address, an order of hashing) reaches the program;
/// without this check such a leak shows only as a final result that disagrees.
/// - Parameters:
///   - make: builds the run from its beginning, each time anew.
///   - digest: what to compare of a run's state; the whole state finds a leak at the access through which it enters.
/// - Returns: the first difference, or `nil`.
@inlinable
public func runTwice<P: Process, S: Strategy, Digest: Equatable>(
  _ make: () -> Simulation<P, S>, digest: (Simulation<P, S>) -> Digest
) -> Divergence? {
  var (first, second) = (make(), make())
  var index = 0
  var moments = (Moment(first, after: nil, digest(first)), Moment(second, after: nil, digest(second)))
  while moments.0 == moments.1 {
    guard first.status == .running else { return nil }
    index = first.accesses
    let steps = (first.advance(), second.advance())
    moments = (Moment(first, after: steps.0, digest(first)), Moment(second, after: steps.1, digest(second)))
  }
  return Divergence(index: index, first: moments.0.description, second: moments.1.description)
}

/// Runs a program twice and compares what was done and who can go on, but no values: a leak is found where it first
/// changes the control flow, if it ever does.
/// - Parameter make: builds the run from its beginning, each time anew.
/// - Returns: the first difference, or `nil`.
@inlinable
public func runTwice<P: Process, S: Strategy>(_ make: () -> Simulation<P, S>) -> Divergence? {
  runTwice(make, digest: { _ in "not compared" })
}

/// All that is compared of a run between two of its accesses.
@usableFromInline
struct Moment<P: Process, S: Strategy, Digest: Equatable>: Equatable, CustomStringConvertible {
  @usableFromInline var step: Simulation<P, S>.Step?
  @usableFromInline var status: Simulation<P, S>.Status
  @usableFromInline var candidates: RunnableSet
  @usableFromInline var state: Digest

  /// The moment at which `run` is, `step` having been its latest access.
  @inlinable
  init(_ run: Simulation<P, S>, after step: Simulation<P, S>.Step?, _ state: Digest) {
    self.step = step
    self.state = state
    status = run.status
    candidates = run.candidates
  }

  @usableFromInline
  var description: String {
    let made = step.map { "makes \($0.access) in process \($0.process)" } ?? "makes no access"
    return "\(made) and is \(status), candidates \(candidates.members), state \(state)"
  }
}
