// Many runs on a few threads. Each run is a simulation of one thread, so what comes out is the same whatever their
// number; only the order in which files appear is not.

import Experiments
import Foundation
import Reporting
import Sharing

/// Runs that are to be made.
final class CurveQueue: @unchecked Sendable {
  /// A signal asked the runs to stop.
  struct Interrupted: Error, CustomStringConvertible {
    let signal: String

    /// Throws where a signal has come.
    static func check() throws(Interrupted) {
      if let signal = Interruption.signalName { throw Interrupted(signal: signal) }
    }

    var description: String {
      "stopped by \(signal): what is finished is kept, and the same command goes on from there"
    }
  }

  private let files: [CurveFile]
  private let lock = NSLock()
  private let meter: ProgressMeter
  private var next = 0
  /// What was made so far, by the files' paths.
  private var curves: [String: SeedCurve] = [:]
  /// For each run, how many of its steps are done, as far as its threads have said.
  private var done: [Int]
  /// For each run, about how long a step takes.
  private let stepWork: [Double]
  /// About how long all runs take.
  private let work: Double
  private var failure: (any Error)?

  /// The runs of `files`.
  init(_ files: [CurveFile], style: ProgressStyle) {
    self.files = files
    done = [Int](repeating: 0, count: files.count)
    stepWork = files.map(\.run.stepWork)
    work = files.reduce(0) { $0 + Double($1.run.expectedSteps) * $1.run.stepWork }
    meter = ProgressMeter(
      "curves", total: files.reduce(0) { $0 + $1.run.expectedSteps }, unit: "steps", style: style)
  }

  /// Makes all of them, `threads` at a time.
  /// - Returns: the curves by their files' paths.
  /// - Throws: the first error, `Interrupted` where a signal came; runs that had finished by then are kept.
  func run(threads: Int) throws -> [String: SeedCurve] {
    DispatchQueue.concurrentPerform(iterations: min(threads, files.count)) { _ in
      while let number = take() {
        do {
          let file = files[number]
          let (length, steps) = (file.run.length, file.run.expectedSteps)
          let curve = try file.run.run { passed in
            try Interrupted.check()
            self.advance(number, to: Int(Double(steps) * min(1, Double(passed) / Double(length))))
          }
          try file.save(curve)
          lock.withLock { curves[file.path] = curve }
          advance(number, to: steps)
        } catch {
          lock.withLock { failure = failure ?? error }
        }
      }
    }
    meter.finish()
    if let failure { throw failure }
    return curves
  }

  private func take() -> Int? {
    lock.withLock {
      guard failure == nil, next < files.count else { return nil }
      next += 1
      return next - 1
    }
  }

  /// Which part of the work is done: a step of one system takes a hundred times as long as one of another.
  private var share: Double {
    zip(done, stepWork).reduce(0) { $0 + Double($1.0) * $1.1 } / work
  }

  private func advance(_ number: Int, to steps: Int) {
    lock.withLock {
      done[number] = steps
      meter.update(
        done.reduce(0, +), share: share,
        notes: ["\(curves.count) of \(counted(files.count, "run"))", files[number].path])
    }
  }
}

extension CurveRun {
  /// About how many environment steps it takes, to tell how long it will.
  fileprivate var expectedSteps: Int {
    switch measure.clock {
    case .episodes: length * configuration.maxSteps
    case .updates: length * configuration.flushLength
    }
  }

  /// About how long a step takes, in parts of which each parameter adds one, and two more to the update that a flush
  /// has; the rest is the environment's. So it fits what sjtu, a2c-step, a2c-epoch and swingup were seen to take within
  /// a quarter.
  var stepWork: Double {
    let parameters = configuration.network.parameterCount(observations: 3, outputs: 1)
    return 1500 + parameters * (1 + 2 / Double(configuration.flushLength))
  }
}
