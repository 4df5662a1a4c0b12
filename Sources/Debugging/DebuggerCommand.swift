// The debugger's commands as values: what a line of the user's comes to once it has been read.

/// What somebody asks of a debugger.
public enum DebuggerCommand: Hashable, Sendable {
  /// Whose accesses `next` and `previous` go to.
  public enum Target: Hashable, Sendable {
    /// Those of the process that made the latest access.
    case same
    /// Those of a process.
    case process(Int)
    /// Those to a block.
    case block(Int)
  }

  /// What `print` shows.
  public enum Subject: String, CaseIterable, Sendable {
    case weights, moments, gradient, rollout, advantages, noise, board, statistics, digest
  }

  /// A tensor, or one element of it.
  public struct Selection: Hashable, Sendable {
    /// The number of the tensor in the layout.
    public var tensor: Int
    /// The element's place in it, row-major.
    public var element: Int?

    /// A tensor, or the element of it that is given.
    public init(tensor: Int, element: Int? = nil) {
      self.tensor = tensor
      self.element = element
    }
  }

  /// Which run to compare with, or where to put one: the rest of the line, for whoever can read files.
  public enum Other: Hashable, Sendable {
    /// The run of a seed.
    case seed(UInt64)
    /// The same run in another interleaving.
    case scheduleSeed(UInt64)
    /// A recorded run.
    case trace(String)
  }

  case step(Int)
  case back(Int)
  case goTo(Int)
  case next(Target)
  case previous(Target)
  case goOn
  case goBack
  case breakWhen(Condition)
  case listBreakpoints
  /// Deletes one breakpoint, or all.
  case deleteBreakpoint(Int?)
  case show(Subject, process: Int?, Selection?)
  case whereabouts
  /// Says why the latest access shows a hazard.
  case explain
  case history(Int)
  case switchTo(Int)
  case unswitch
  case difference(Other)
  case save(String)
  /// Describes one command, or lists all.
  case help(String?)
  case quit
}

/// Why a line cannot be followed.
public struct DebuggerError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The sentence, apart from a suggestion.
  public let description: String
  /// Where a word is not known: the word, and those that would be.
  public let unknown: Unknown?

  /// A word beside the known ones.
  public struct Unknown: Hashable, Sendable {
    /// What was given.
    public var word: String
    /// What could have been.
    public var known: [String]
  }

  /// An error with this sentence.
  public init(_ description: String, unknown: Unknown? = nil) {
    self.description = description
    self.unknown = unknown
  }
}
