// What a search needs of a program: to begin it again, also smaller.

import Lockstep
import Sharing
import Training

/// A training program, everything that decides a run beside the order of its accesses.
public struct TrainingProgram<P: Participant> {
  /// What is trained.
  public let configuration: Configuration
  private let begin: (Configuration) throws -> (world: P.Shared, processes: [P])

  /// A program.
  /// - Parameter begin: makes the shared world and the processes before their first accesses.
  public init(
    _ configuration: Configuration, begin: @escaping (Configuration) throws -> (world: P.Shared, processes: [P])
  ) {
    self.configuration = configuration
    self.begin = begin
  }

  /// The same program of another configuration.
  public func with(_ configuration: Configuration) -> TrainingProgram {
    TrainingProgram(configuration, begin: begin)
  }

  /// The run before its first access.
  /// - Throws: where the configuration cannot be run.
  public func start() throws -> Simulation<P, Replayed> {
    let (world, processes) = try begin(configuration)
    return Simulation(world: world, processes: processes, strategy: Replayed([]))
  }
}

extension TrainingProgram where P == LaunchProcess {
  /// The workers of `configuration`, each on a thread that a parent starts and waits for.
  public init(_ configuration: Configuration, launchedBy program: LaunchProgram) {
    self.init(configuration) { configuration in
      let (world, workers) = try configuration.makeRun()
      return program.launch(workers, in: world)
    }
  }
}

extension TrainingProgram where P == Worker {
  /// The workers of `configuration` alone.
  public init(_ configuration: Configuration) {
    self.init(configuration) { configuration in
      let (world, workers) = try configuration.makeRun()
      return (world, workers)
    }
  }
}
