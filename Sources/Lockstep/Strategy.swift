// A strategy is the whole difference between one interleaving and another: it says whose access comes next.
// One file a strategy; limits, statistics and checks wrap a strategy rather than grow inside one.

/// Picks the next process, access after access.
public protocol Strategy {
  /// Chooses a member of `runnable` (never empty); `nil` stops the run.
  mutating func choose(from runnable: RunnableSet) -> Int?

  /// Tells that `process`, chosen last or from outside, has made `access`; `next` is the access that it makes next,
  /// `delay` ticks of private work away, or it has finished (both `nil`).
  mutating func didStep(_ process: Int, access: Access, next: Access?, delay: Int?)

  /// The time of the latest access on the strategy's clock, in ticks; `nil` where it has none.
  var virtualTime: Double? { get }
}

extension Strategy {
  /// Most strategies know only the order.
  @inlinable
  public var virtualTime: Double? { nil }

  /// Strategies without memory have nothing to note.
  @inlinable
  public mutating func didStep(_ process: Int, access: Access, next: Access?, delay: Int?) {}
}

/// Any strategy, chosen while the program runs.
public struct AnyStrategy: Strategy {
  @usableFromInline var base: any Strategy

  /// Hides the type of `base`.
  @inlinable
  public init(_ base: any Strategy) { self.base = base }

  /// What the hidden strategy chooses.
  @inlinable
  public mutating func choose(from runnable: RunnableSet) -> Int? { base.choose(from: runnable) }

  /// Tells the hidden strategy.
  @inlinable
  public mutating func didStep(_ process: Int, access: Access, next: Access?, delay: Int?) {
    base.didStep(process, access: access, next: next, delay: delay)
  }

  /// What the hidden strategy's clock says.
  @inlinable
  public var virtualTime: Double? { base.virtualTime }
}

extension RandomNumberGenerator {
  /// A number in `0 ..< bound` by multiplication: one draw whatever its value, so draws can be counted; the bias is
  /// below bound / 2^64. The standard library's own method is free to change from one version to the next.
  @inlinable
  mutating func draw(below bound: UInt64) -> UInt64 { next().multipliedFullWidth(by: bound).high }
}
