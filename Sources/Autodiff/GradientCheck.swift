// Checks a gradient against central differences of the loss alone, so it shares no code and no mistake with the tape.

/// A tensor's name and its place in a flat array of parameters.
public struct NamedTensor: Sendable, Equatable {
  /// The name, such as `sigma.weight`.
  public let name: String
  /// The places of its elements, row-major.
  public let range: Range<Int>

  /// Names a part of the flat array.
  public init(_ name: String, _ range: Range<Int>) {
    self.name = name
    self.range = range
  }
}

/// A comparison of analytic derivatives with central differences, element by element, in Double.
///
/// The derivative of each element is estimated as (f(x + h) − f(x − h)) / 2h at h = 2⁻¹⁴ max(1, |x|) and at a quarter
/// of it. Their difference bounds the truncation error; where it is too large, or where the slopes to the left and to
/// the right do not approach each other as the step shrinks, the step is quartered again, until rounding would hide
/// the answer. Slopes that still disagree then are reported as a kink, which has no derivative to compare with.
public struct GradientCheck: Sendable {
  /// The largest error that passes, as a fraction of the tensor's largest derivative.
  public var tolerance: Double

  /// Makes a check that allows errors up to `tolerance` of each tensor's largest derivative.
  public init(tolerance: Double = 1e-7) {
    self.tolerance = tolerance
  }

  /// Compares `analytic` with differences of `loss` around `point`.
  /// - Parameters:
  ///   - analytic: the derivatives to check, laid out as `point`.
  ///   - point: all parameters, flat.
  ///   - tensors: the parts of `point` to check, with their names.
  ///   - loss: the function; it must depend on its argument only. It is called four times an element, more
  ///     where the function is rough.
  public func report(
    on analytic: [Double], at point: [Double], tensors: [NamedTensor], loss: ([Double]) -> Double
  ) -> GradientReport {
    precondition(analytic.count == point.count, "there is one derivative for each parameter")
    var probe = DifferenceProbe(of: loss, at: point, tolerance: tolerance)
    var report = GradientReport(tolerance: tolerance)
    for tensor in tensors {
      precondition(point.indices.contains(tensor.range), "\(tensor.name) is not within the point")
      let estimates = tensor.range.map { probe.slope(of: loss, along: $0) }
      let derivatives = estimates.map(\.value) + analytic[tensor.range]
      let scale = derivatives.reduce(0) { $1.isFinite ? max($0, abs($1)) : $0 }
      let elements = zip(tensor.range, estimates).map { place, estimate in
        GradientReport.Element(
          tensor: tensor.name, index: place - tensor.range.lowerBound, analytic: analytic[place], estimate: estimate,
          scale: scale, tolerance: tolerance)
      }
      report.add(elements)
    }
    return report
  }
}

/// What a gradient check found.
public struct GradientReport: Sendable, CustomStringConvertible {
  /// What the elements of a check together amount to.
  public enum Outcome: String, Sendable {
    /// Every element was compared and agrees.
    case passes
    /// Some element is wrong.
    case fails
    /// No element is wrong, but some are at a kink or could not be resolved, so nothing is proven of them.
    case undecided
  }

  /// How one derivative compares.
  public enum Verdict: Sendable, Equatable {
    /// Within the tolerance.
    case agrees
    /// Beyond the tolerance.
    case disagrees
    /// The loss has a kink, with these slopes on its sides, and the analytic derivative is a subgradient: at or
    /// between them.
    case kink(left: Double, right: Double)
    /// The loss has a kink, and the analytic derivative is outside of its slopes.
    case outsideKink(left: Double, right: Double)
    /// The differences never settled to the tolerance, or are not finite.
    case unresolved
  }

  /// One derivative.
  public struct Element: Sendable, CustomStringConvertible {
    /// The tensor's name.
    public let tensor: String
    /// The element's place within the tensor.
    public let index: Int
    /// The derivative under test.
    public let analytic: Double
    /// The central difference.
    public let numeric: Double
    /// Their difference, as a fraction of the tensor's largest derivative; zero where all of the tensor's are zero,
    /// infinite where it is not a number.
    public let error: Double
    /// How it compares.
    public let verdict: Verdict
  }

  /// The largest error that passes.
  public let tolerance: Double
  /// How many derivatives were compared.
  public private(set) var count = 0
  /// The element with the largest error away from kinks, for each tensor that has one.
  public private(set) var worstOfTensors: [Element] = []
  /// The elements that are wrong: that disagree, or lie outside of a kink's slopes.
  public private(set) var failures: [Element] = []
  /// The elements at which the loss has a kink.
  public private(set) var kinks: [Element] = []
  /// The elements whose numeric derivative could not be found to the tolerance.
  public private(set) var unresolved: [Element] = []

  fileprivate init(tolerance: Double) { self.tolerance = tolerance }

  /// The element with the largest error away from kinks; `nil` when there is none.
  public var worst: Element? { worstOfTensors.max { $0.error < $1.error } }

  /// What the elements together amount to. A check of no elements is undecided.
  public var outcome: Outcome {
    if !failures.isEmpty { return .fails }
    return kinks.isEmpty && unresolved.isEmpty && count > 0 ? .passes : .undecided
  }

  /// Whether every element was compared and agrees.
  public var passes: Bool { outcome == .passes }

  /// The outcome, the worst element of each tensor, and every element that is wrong, at a kink or unresolved (the
  /// first twenty of each).
  public var description: String {
    var lines = ["gradient check \(outcome): \(count) derivatives, tolerance \(tolerance)"]
    lines += worstOfTensors.map { "  worst of \($0.tensor): \($0)" }
    for (title, elements) in [("wrong", failures), ("kink", kinks), ("unresolved", unresolved)] {
      lines += elements.prefix(20).map { "  \(title): \($0)" }
      if elements.count > 20 { lines.append("  \(title): and \(elements.count - 20) more") }
    }
    return lines.joined(separator: "\n")
  }

  fileprivate mutating func add(_ elements: [Element]) {
    count += elements.count
    var worst: Element?
    for element in elements {
      switch element.verdict {
      case .agrees: break
      case .disagrees: failures.append(element)
      case .unresolved: unresolved.append(element)
      case .kink: kinks.append(element)
      case .outsideKink:
        kinks.append(element)
        failures.append(element)
      }
      if !element.isAtKink && element.error >= (worst?.error ?? 0) { worst = element }
    }
    if let worst { worstOfTensors.append(worst) }
  }
}

extension GradientReport.Element {
  /// Whether the loss has a kink there.
  public var isAtKink: Bool {
    switch verdict {
    case .kink, .outsideKink: true
    case .agrees, .disagrees, .unresolved: false
    }
  }

  /// The element by name and index, both derivatives, and what is wrong with them if anything.
  public var description: String {
    let place = "\(tensor)[\(index)]"
    switch verdict {
    case .agrees, .disagrees: return "\(place) analytic \(analytic), numeric \(numeric), error \(error)"
    case .unresolved: return "\(place) analytic \(analytic), numeric \(numeric) did not settle"
    case .kink(let left, let right):
      let side = analytic == left ? "equal to the left" : analytic == right ? "equal to the right" : "between the"
      return "\(place) analytic \(analytic) is \(side) of slopes \(left) and \(right)"
    case .outsideKink(let left, let right):
      return "\(place) analytic \(analytic) is outside of slopes \(left) and \(right)"
    }
  }

  fileprivate init(
    tensor: String, index: Int, analytic: Double, estimate: SlopeEstimate, scale: Double, tolerance: Double
  ) {
    self.tensor = tensor
    self.index = index
    self.analytic = analytic
    numeric = estimate.value
    let difference = abs(analytic - estimate.value)
    error = difference.isNaN ? .infinity : difference == 0 ? 0 : difference / scale
    let allowed = tolerance * scale + estimate.rounding
    if estimate.isKink {
      let low = min(estimate.left, estimate.right)
      let high = max(estimate.left, estimate.right)
      verdict =
        (low - allowed...high + allowed).contains(analytic)
        ? .kink(left: estimate.left, right: estimate.right) : .outsideKink(left: estimate.left, right: estimate.right)
    } else if !(estimate.truncation <= allowed) {
      verdict = .unresolved
    } else {
      verdict = difference <= allowed ? .agrees : .disagrees
    }
  }
}

/// A numeric derivative with what is known of its accuracy.
private struct SlopeEstimate {
  /// The slope to the left, (f(x) − f(x − h)) / h.
  var left: Double
  /// The slope to the right, (f(x + h) − f(x)) / h.
  var right: Double
  /// The central difference.
  var value: Double
  /// How much the central difference changed when the step was last quartered.
  var truncation = Double.infinity
  /// How far the rounding of the loss may have moved a slope.
  var rounding: Double
  /// Whether the slopes stay apart as the step shrinks.
  var isKink = false

  var jump: Double { abs(right - left) }
  var uncertainty: Double { truncation + rounding }
}

/// A point that is moved along one parameter at a time, with the loss there.
private struct DifferenceProbe {
  private var point: [Double]
  private let center: Double
  private let tolerance: Double

  /// By how much of its value the loss is taken to be rounded.
  private static let lossRounding = 16 * Double.ulpOfOne
  private static let largestStep = 0x1p-14
  private static let smallestStep = 0x1p-26

  init(of loss: ([Double]) -> Double, at point: [Double], tolerance: Double) {
    self.point = point
    self.tolerance = tolerance
    center = loss(point)
  }

  mutating func slope(of loss: ([Double]) -> Double, along place: Int) -> SlopeEstimate {
    let unit = max(1, abs(point[place]))
    var step = Self.largestStep
    var coarse = difference(of: loss, along: place, step: step * unit)
    var best = coarse
    while true {
      step /= 4
      var fine = difference(of: loss, along: place, step: step * unit)
      fine.truncation = abs(fine.value - coarse.value)
      // A smooth loss's slopes approach each other by a factor of four, those at a kink not at all.
      fine.isKink = fine.jump > coarse.jump / 2 && fine.jump > 2 * fine.rounding
      let isLast = step <= Self.smallestStep
      if fine.isKink {
        if isLast || fine.jump < 16 * fine.rounding { return fine }
      } else {
        if fine.truncation <= tolerance * abs(fine.value) + fine.rounding { return fine }
        if !(best.uncertainty <= fine.uncertainty) { best = fine }
        if isLast { return best }
      }
      coarse = fine
    }
  }

  private mutating func difference(of loss: ([Double]) -> Double, along place: Int, step: Double) -> SlopeEstimate {
    let x = point[place]
    let above = x + step
    let below = x - step
    point[place] = above
    let up = loss(point)
    point[place] = below
    let down = loss(point)
    point[place] = x
    return SlopeEstimate(
      left: (center - down) / (x - below), right: (up - center) / (above - x), value: (up - down) / (above - below),
      rounding: Self.lossRounding * max(abs(up), abs(down), abs(center)) / step)
  }
}
