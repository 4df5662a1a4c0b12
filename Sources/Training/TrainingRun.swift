// From a configuration to a run that can be stepped: the one place where model, workers and world are put together.

import DeterministicMath
import Environments
import Learning
import Lockstep
import Sharing

extension Configuration {
  /// The network that the configuration describes, for its environment.
  public func network(for environment: any Environment) -> ActorCriticNetwork {
    ActorCriticNetwork(
      network, observations: environment.observationSpace.dimension, outputs: environment.actionSpace.outputs)
  }

  /// The network that the configuration describes.
  /// - Throws: when there is no environment of the configured name.
  public func makeNetwork() throws(UnknownEnvironment) -> ActorCriticNetwork {
    network(for: try Environments.registration(of: environment).unlimited)
  }

  /// The shared world and the workers of the run, before any access.
  /// - Throws: when there is no environment of that name.
  public func makeRun() throws(UnknownEnvironment) -> (world: TrainingWorld, workers: [Worker]) {
    let world = try makeWorld()
    var workers: [Worker] = []
    for number in 0..<self.workers { workers.append(try makeWorker(number, in: world)) }
    return (world, workers)
  }

  /// The shared world of the run alone.
  func makeWorld() throws(UnknownEnvironment) -> TrainingWorld {
    TrainingWorld(TrainingPlan(self, network: try makeNetwork()))
  }

  /// One worker of the run in its world.
  func makeWorker(_ number: Int, in world: TrainingWorld) throws(UnknownEnvironment) -> Worker {
    func normalized(_ base: some Environment) -> any Environment { NormalizedObservation(base) }
    let unlimited = try Environments.registration(of: environment).unlimited
    let environment = normalizesObservations ? normalized(unlimited) : unlimited
    return Worker(number: number, plan: world.plan, environment: environment, model: world.model)
  }

  /// The moments by which a worker normalises observations; `nil` where workers do not.
  /// - Throws: when there is no environment of that name.
  public func observationMoments(of worker: Worker.State) throws(UnknownEnvironment) -> RunningMoments? {
    guard normalizesObservations else { return nil }
    let dimension = try Environments.registration(of: environment).unlimited.observationSpace.dimension
    var moments = RunningMoments(dimension: dimension)
    // They come first in the state of the environment that normalises.
    moments.state = Array(worker.environment.prefix(moments.state.count))
    return moments
  }

  /// A lockstep run under `schedule`, before any access.
  /// - Throws: when there is no environment of that name.
  public func makeSimulation(
    _ schedule: Schedule, scheduleSeed: UInt64
  ) throws(UnknownEnvironment) -> TrainingSimulation {
    let (world, workers) = try makeRun()
    return Simulation(
      world: world, processes: workers, strategy: ScheduleStrategy(schedule, for: workers, seed: scheduleSeed))
  }
}

extension Simulation where P == Worker {
  /// The digest of the whole state.
  public var digest: StateDigest { world.digest(of: processes) }

  /// Runs until `updates` pushes have been made since the beginning, or no access is left.
  public mutating func run(untilUpdates updates: Int) {
    while world.statistics.updates < updates, advance() != nil {}
  }
}
