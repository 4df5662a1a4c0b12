// Slow processes for strategies without a clock, which know no other measure of time than whose turn it is.

/// Passes a process with factor k over k − 1 of the k times that `base` chooses it, if anybody else can go.
public struct Slowed<Base: Strategy>: Strategy {
  /// The strategy that chooses.
  public var base: Base
  /// By process: how many times it was passed over.
  @inlinable
  public var skips: [Int] { _skips }

  @usableFromInline let factors: [Int]
  @usableFromInline var _skips: [Int]
  /// By process: how many times since its latest access.
  @usableFromInline var recentSkips: [Int]

  /// Slows processes down, by their numbers; a factor of 1 leaves a process as it is.
  @inlinable
  public init(_ factors: [Int], _ base: Base) {
    precondition(factors.allSatisfy { $0 >= 1 }, "a process that is slower by a factor below 1")
    self.base = base
    self.factors = factors
    _skips = factors.map { _ in 0 }
    recentSkips = _skips
  }

  /// What `base` chooses, asked again where that is passed over.
  @inlinable
  public mutating func choose(from runnable: RunnableSet) -> Int? {
    var left = runnable
    while let process = base.choose(from: left) {
      if left.count == 1 || recentSkips[process] + 1 >= factors[process] {
        recentSkips[process] = 0
        return process
      }
      _skips[process] += 1
      recentSkips[process] += 1
      left.remove(process)
    }
    return nil
  }

  /// Tells `base`.
  @inlinable
  public mutating func didStep(_ process: Int, access: Access, next: Access?, delay: Int?) {
    base.didStep(process, access: access, next: next, delay: delay)
  }

  /// What the base's clock says.
  @inlinable
  public var virtualTime: Double? { base.virtualTime }
}
