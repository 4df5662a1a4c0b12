// Measures how long work takes. It reads the clock, so nothing that reaches a result may depend on this module; only
// the command line does.

import Dispatch

/// One measured kind of work.
public struct Timing: Sendable, Codable {
  /// What was done, with its sizes.
  public var name: String
  /// The least time one unit of it took, in nanoseconds: of all repetitions the one that was disturbed least.
  public var nanoseconds: Double
  /// The median of the repetitions.
  public var medianNanoseconds: Double
  /// Floating-point operations of one unit; 0 where they are not the point.
  public var operations: Double

  /// Billions of floating-point operations a second, at the least time.
  public var gigaflops: Double { nanoseconds > 0 ? operations / nanoseconds : 0 }
}

/// Repeats `work` and keeps the least and the median time of one unit.
/// - Parameters:
///   - units: how many units one call of `work` does.
///   - repetitions: how often `work` is timed, after one call that is not.
public func measure(
  _ name: String, operations: Double = 0, units: Int, repetitions: Int = 15, _ work: () -> Void
) -> Timing {
  work()
  var times: [Double] = []
  for _ in 0..<max(repetitions, 1) {
    let begin = DispatchTime.now().uptimeNanoseconds
    work()
    times.append(Double(DispatchTime.now().uptimeNanoseconds - begin) / Double(units))
  }
  times.sort()
  return Timing(
    name: name, nanoseconds: times[0], medianNanoseconds: times[times.count / 2], operations: operations)
}
