// A program of the catalogue as data: workers alone, or with the parent that starts them. Whoever works on a specimen
// does so through a generic function, since the two are processes of different types.

import Lockstep
import Sharing

/// A training program that a catalogue can name.
public struct Specimen: Hashable, Sendable, Codable {
  /// What is trained.
  public var configuration: Configuration
  /// What is around the workers; `nil` for workers alone.
  public var launch: LaunchProgram?

  /// Workers of `configuration`, started by `launch` if it is given.
  public init(_ configuration: Configuration, launchedBy launch: LaunchProgram? = nil) {
    self.configuration = configuration
    self.launch = launch
  }
}

/// What can be done with a program whatever its processes are.
public protocol SpecimenVisitor {
  /// What comes of it.
  associatedtype Result
  /// Does it.
  mutating func visit<P: Participant>(_ program: TrainingProgram<P>) throws -> Result
}

extension Specimen {
  /// Lets `visitor` work on the program.
  public func accept<Visitor: SpecimenVisitor>(_ visitor: inout Visitor) throws -> Visitor.Result {
    if let launch { return try visitor.visit(TrainingProgram(configuration, launchedBy: launch)) }
    return try visitor.visit(TrainingProgram(configuration))
  }
}
