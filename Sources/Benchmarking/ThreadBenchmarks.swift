// What threads bring and what recording costs: whole runs of the full system, one beside the other, so that the
// machine's moods fall on both.

import Dispatch
import Experiments
import Foundation
import Reporting
import Sharing
import Training

/// How training on threads compares, for one protocol: the best of several rounds, in environment steps per second.
public struct ThreadScaling: Sendable, Codable {
  /// How the model is shared.
  public var sharing: SharingProtocol
  /// One worker's in lockstep.
  public var lockstep: Double
  /// One worker's on a thread.
  public var oneWorker: Double
  /// Two workers' on two threads.
  public var twoWorkers: Double
  /// Two runs' of one worker each, at once on two threads with nothing in common: what the machine can give.
  public var twoRuns: Double

  /// Two workers over one: at most 2.
  public var speedup: Double { twoWorkers / oneWorker }
  /// Two runs that share nothing over one: what the machine allows.
  public var machineSpeedup: Double { twoRuns / oneWorker }
}

/// What recording costs, for one protocol and number of workers.
public struct RecordingCost: Sendable, Codable {
  /// How the model is shared.
  public var sharing: SharingProtocol
  /// How many workers there were, each on its thread.
  public var workers: Int
  /// The median over pairs of runs of the recorded run's time per step over the other's.
  public var medianRatio: Double
  /// The quartiles of those ratios.
  public var quartiles: [Double]
  /// How many pairs there were.
  public var pairs: Int
  /// The trace's bytes per update.
  public var bytesPerUpdate: Double
}

private func configuration(_ sharing: SharingProtocol, workers: Int, steps: Int) -> Configuration {
  var configuration = Preset.sjtu.configuration
  (configuration.sharing, configuration.workers) = (sharing, workers)
  configuration.episodes = max(1, steps / configuration.maxSteps)
  configuration.episodeClaim = .takeFromBudget
  return configuration
}

private func seconds(_ work: () throws -> Void) rethrows -> Double {
  let begin = DispatchTime.now().uptimeNanoseconds
  try work()
  return Double(DispatchTime.now().uptimeNanoseconds - begin) * 1e-9
}

/// Runs trainers at once and waits for all.
/// - Returns: their environment steps per second, together.
private func rate(_ trainers: [Trainer]) throws -> Double {
  let time = try seconds {
    for trainer in trainers { try trainer.start() }
    for trainer in trainers { while !trainer.wait(seconds: 60) {} }
  }
  for trainer in trainers { trainer.leave() }
  return Double(trainers.reduce(0) { $0 + $1.progress.environmentSteps }) / time
}

private func median(_ values: [Double]) -> Double { values.sorted()[values.count / 2] }

/// Measures one worker in lockstep and on a thread, two on two threads, and two runs that share nothing.
/// - Parameter repetitions: rounds, of which the best runs count; each has one run of each kind.
public func measureScaling(
  _ sharing: SharingProtocol, steps: Int = 400_000, repetitions: Int = 11
) throws -> ThreadScaling {
  let (one, two) = (configuration(sharing, workers: 1, steps: steps), configuration(sharing, workers: 2, steps: steps))
  func trainer(_ configuration: Configuration) throws -> Trainer {
    let (world, workers) = try configuration.makeRun()
    return Trainer(world, workers)
  }
  var rates: [[Double]] = [[], [], [], []]
  for _ in 0..<repetitions {
    var simulation = try one.makeSimulation(.roundRobin, scheduleSeed: 0)
    let time = seconds { simulation.run() }
    rates[0].append(Double(simulation.world.statistics.environmentSteps) / time)
    rates[1].append(try rate([try trainer(one)]))
    rates[2].append(try rate([try trainer(two)]))
    rates[3].append(try rate([try trainer(one), try trainer(one)]))
  }
  return ThreadScaling(
    sharing: sharing, lockstep: rates[0].max()!, oneWorker: rates[1].max()!, twoWorkers: rates[2].max()!,
    twoRuns: rates[3].max()!)
}

/// Measures pairs of runs, one of each pair recorded, which comes first by turns.
/// - Throws: where no file can be written in the system's folder for temporary files.
public func measureRecording(
  _ sharing: SharingProtocol, workers count: Int, steps: Int = 200_000, pairs: Int = 51
) throws -> RecordingCost {
  let configuration = configuration(sharing, workers: count, steps: steps)
  var bytesPerUpdate = 0.0
  func run(isRecorded: Bool) throws -> Double {
    let (world, workers) = try configuration.makeRun()
    guard isRecorded else { return try rate([Trainer(world, workers)]) }
    let path = NSTemporaryDirectory() + "a3c-bench-\(ProcessInfo.processInfo.processIdentifier).trace"
    defer { try? FileManager.default.removeItem(atPath: path) }
    let recorder = try TraceRecorder(AtomicFile(path: path, force: true), of: world)
    let trainer = Trainer(world, workers, recorder: recorder)
    let rate = try rate([trainer])
    bytesPerUpdate = Double(recorder.size) / Double(trainer.progress.updates)
    return rate
  }
  var ratios: [Double] = []
  for pair in 0..<pairs {
    let isFirst = pair.isMultiple(of: 2)
    let first = try run(isRecorded: isFirst)
    let second = try run(isRecorded: !isFirst)
    ratios.append(isFirst ? second / first : first / second)
  }
  ratios.sort()
  return RecordingCost(
    sharing: sharing, workers: count, medianRatio: median(ratios),
    quartiles: [ratios[pairs / 4], ratios[3 * pairs / 4]],
    pairs: pairs, bytesPerUpdate: bytesPerUpdate)
}
