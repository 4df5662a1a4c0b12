// From a configuration to a run that can be stepped: the one place where model, workers and world are put together.

import DeterministicMath
import Environments
import Learning
import Lockstep
import Sharing

extension Configuration {
  /// The network that the configuration describes, for its environment.
  public func network(for environment: any Environment) -> SeparateNetwork {
    SeparateNetwork(
      observations: environment.observationSpace.dimension, actions: environment.actionSpace.dimension,
      actorUnits: actorUnits, criticUnits: criticUnits, meanScale: meanScale, deviationFloor: deviationFloor)
  }

  /// The shared world and the workers of the run, before any access.
  /// - Throws: when there is no environment of that name.
  public func makeRun() throws(UnknownEnvironment) -> (world: TrainingWorld, workers: [Worker]) {
    let environment = try Environments.registration(of: self.environment).unlimited
    let world = TrainingWorld(TrainingPlan(self, network: network(for: environment)))
    let workers = (0..<workers).map {
      Worker(number: $0, plan: world.plan, environment: environment, model: world.model)
    }
    return (world, workers)
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
  /// The digest of the whole state: model, optimizer, versions, counters, results and every worker.
  public var digest: StateDigest {
    var digest = StateDigest()
    world.model.digest(into: &digest)
    world.board.digest(into: &digest)
    for worker in processes { worker.digest(into: &digest) }
    return digest
  }
}

extension Simulation where P == Worker {
  /// Runs until `updates` pushes have been made since the beginning, or no access is left.
  public mutating func run(untilUpdates updates: Int) {
    while world.statistics.updates < updates, advance() != nil {}
  }
}
