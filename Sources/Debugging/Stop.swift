// A place of a run as it is shown: the access that led to it.

import Lockstep
import Sharing

/// The access that led to a place of a run.
public struct Stop: Hashable, Sendable, Encodable {
  /// A block's version before and after the access.
  public struct Versions: Hashable, Sendable, Encodable {
    /// Before.
    public var before: UInt64
    /// After.
    public var after: UInt64
  }

  /// The place: how many accesses have been made, with this one.
  public var place: Int
  /// The number of the process that made it.
  public var process: Int
  /// Who that is.
  public var name: String
  /// How many updates it had pushed before.
  public var update: Int
  /// The access in words.
  public var access: String
  /// The versions of the block that it touched, or of the first block where it touched the whole model.
  public var versions: Versions?
  /// The hazards that it showed, in the order of the catalogue.
  public var hazards: [Hazard]
}

/// Why a walk stands where it stands.
public enum StopReason: Hashable, Sendable, Encodable {
  /// It was told to go there.
  case arrived
  /// A breakpoint, or several, by their numbers.
  case breakpoints([Int])
  /// There is nothing before.
  case beginning
  /// Nothing follows; why, in a clause.
  case end(String)
  /// Somebody interrupted it.
  case interrupted

  /// One word, and what belongs to it.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    switch self {
    case .arrived: try container.encode("arrived")
    case .breakpoints(let numbers):
      try container.encode("breakpoint \(numbers.map(String.init).joined(separator: ", "))")
    case .beginning: try container.encode("beginning")
    case .end(let why): try container.encode("end: \(why)")
    case .interrupted: try container.encode("interrupted")
    }
  }
}
