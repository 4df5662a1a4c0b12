// Shows observations in units of their own spread so far, without which some published settings do not learn.

import DeterministicMath

/// An environment whose observations are normalised by the running mean and deviation of all that were met.
///
/// Every state that a reset or a step leads to counts once, however often it is observed, and its own observation is
/// normalised with it counted. Moments outlive resets. Evaluate with `isFrozen`, as the published programs do.
public struct NormalizedObservation<Base: Environment>: Environment {
  /// The environment within, in its current state.
  public private(set) var base: Base
  /// Mean and deviation of the observations met.
  public private(set) var moments: RunningMoments
  /// Whether the moments stay what they are.
  public var isFrozen: Bool
  /// Room for an observation.
  private var observation: [Double]

  /// Normalises the observations of `base`, by `moments` to begin with; by default no observation was met.
  /// - Precondition: `moments` are of as many elements as an observation has.
  public init(_ base: Base, moments: RunningMoments? = nil, isFrozen: Bool = false) {
    let dimension = base.observationSpace.dimension
    precondition(
      moments?.dimension ?? dimension == dimension,
      "observations of \(base.name) have \(dimension) elements, the moments \(moments?.dimension ?? 0)")
    self.base = base
    self.moments = moments ?? RunningMoments(dimension: dimension)
    self.isFrozen = isFrozen
    observation = Array(repeating: 0, count: dimension)
  }

  /// The name of the environment within.
  public var name: String { base.name }

  /// As many numbers as the environment within observes, without bounds.
  public var observationSpace: Space { .symmetric(Array(repeating: .infinity, count: moments.dimension)) }

  /// The actions of the environment within.
  public var actionSpace: Space { base.actionSpace }

  /// Resets the environment within and counts the first observation.
  public mutating func reset(using source: inout some UniformSource) {
    base.reset(using: &source)
    countObservation()
  }

  /// Observes the environment within, and normalises.
  public func observe(into observation: inout MutableSpan<Double>) {
    base.observe(into: &observation)
    moments.normalize(&observation)
  }

  /// Steps the environment within and counts the next observation.
  public mutating func step(_ action: Span<Double>) -> StepOutcome {
    let outcome = base.step(action)
    countObservation()
    return outcome
  }

  private mutating func countObservation() {
    if isFrozen { return }
    var latest: [Double] = []
    swap(&latest, &observation)  // Out of the way of `moments`, and back: no memory is allocated.
    var span = latest.mutableSpan
    base.observe(into: &span)
    moments.push(latest.span)
    swap(&latest, &observation)
  }

  /// Feeds the environment within, the moments, and whether they are frozen.
  public func digest(into digest: inout StateDigest) {
    base.digest(into: &digest)
    moments.digest(into: &digest)
    digest.combine(isFrozen)
  }

  /// The moments, whether they are frozen (0 or 1), then the state of the environment within.
  public var state: [Double] {
    get { moments.state + [isFrozen ? 1 : 0] + base.state }
    set {
      let count = moments.state.count
      precondition(
        newValue.count > count && [0, 1].contains(newValue[count]),
        "a normalised state is that of \(moments.dimension) moments, 0 or 1, and the state of the environment within")
      moments.state = Array(newValue[..<count])
      isFrozen = newValue[count] == 1
      base.state = Array(newValue[(count + 1)...])
    }
  }

  /// What is wrong with the environment within.
  public var fault: String? { base.fault }
}
