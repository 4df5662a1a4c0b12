// A run access by access, as a page needs it that lets a person walk it: not states, but what each access did, from
// which any state follows. It knows nothing of learning: processes take copies of shared objects and change them.

/// Successive accesses of a run, with the state before the first of them.
public struct AccessHistory: Sendable, Equatable {
  /// What an access does to the objects that it touches.
  public enum Effect: String, Sendable, CaseIterable {
    /// Takes a copy.
    case read
    /// Reads in order to store later what comes of it.
    case load
    /// Replaces the contents, whatever they are by now.
    case store
    /// Reads and changes in one access.
    case update
    /// Reads and changes in one access, and takes a copy of the result.
    case exchange
    /// A step of a change that takes several, of which the last makes the version.
    case part
    /// Neither: a lock is taken or given back.
    case lock

    /// Whether there is another version afterwards.
    public var isChange: Bool { self == .store || self == .update || self == .exchange }
    /// Whether the process has a copy of the latest version afterwards.
    public var isCopy: Bool { self == .read || self == .exchange }
  }

  /// What one or many accesses do.
  public struct Operation: Hashable, Sendable {
    /// What is done.
    public var effect: Effect
    /// To which objects: indices into `AccessHistory.objects`.
    public var objects: Range<Int>
    /// The same in words, such as `store actor.weight`.
    public var words: String

    /// Makes an operation.
    public init(_ effect: Effect, _ objects: Range<Int>, words: String) {
      self.effect = effect
      self.objects = objects
      self.words = words
    }
  }

  /// One access.
  public struct Entry: Sendable, Equatable {
    /// Who made it: index into `AccessHistory.processes`.
    public var process: Int
    /// What it did: index into `AccessHistory.operations`.
    public var operation: Int
    /// The version of the operation's first object after it, as the run had it.
    public var version: Int
    /// How many updates the process had completed before it.
    public var update: Int

    /// Makes an access.
    public init(process: Int, operation: Int, version: Int, update: Int) {
      self.process = process
      self.operation = operation
      self.version = version
      self.update = update
    }
  }

  /// Something that processes share.
  public struct Object: Sendable, Equatable {
    /// What it is called.
    public var name: String
    /// Whether processes work on copies of it that may be stale; of other objects the page shows no copies.
    public var isCopied: Bool

    /// Makes an object.
    public init(name: String, isCopied: Bool) {
      self.name = name
      self.isCopied = isCopied
    }
  }

  /// What a hazard's id stands for.
  public struct HazardKind: Sendable, Equatable {
    /// The id, such as `lost-update`.
    public var id: String
    /// What it means, in a few words.
    public var meaning: String

    /// Makes a kind.
    public init(id: String, meaning: String) {
      self.id = id
      self.meaning = meaning
    }
  }

  /// Where a hazard showed.
  public struct Finding: Sendable, Equatable {
    /// Index into `AccessHistory.hazards`.
    public var hazard: Int
    /// The number of the access that showed it, from 1.
    public var access: Int
    /// The number of the other access that it takes, where that is known.
    public var cause: Int?

    /// Makes a finding.
    public init(hazard: Int, access: Int, cause: Int? = nil) {
      self.hazard = hazard
      self.access = access
      self.cause = cause
    }
  }

  /// The heading.
  public var title: String
  /// The command that repeats the run; with `--until K` it stops after access K.
  public var command: String
  /// The names of those who make accesses.
  public var processes: [String]
  /// What they share.
  public var objects: [Object]
  /// The state before the first access.
  public var start: State
  /// How many accesses were made before the first.
  public var skipped: Int
  /// What can be done.
  public var operations: [Operation]
  /// What was done, in order.
  public var accesses: [Entry]
  /// The kinds of hazards that showed.
  public var hazards: [HazardKind]
  /// Where they showed, in order.
  public var findings: [Finding]

  /// Makes a history.
  /// - Precondition: every index is in its list, and every finding's access is shown.
  public init(
    title: String, command: String, processes: [String], objects: [Object], start: State, skipped: Int,
    operations: [Operation], accesses: [Entry], hazards: [HazardKind], findings: [Finding]
  ) {
    precondition(start.objects.count == objects.count, "a start for \(start.objects.count) of \(objects.count) objects")
    precondition(start.copies.count == processes.count * objects.count, "a start with \(start.copies.count) copies")
    precondition(skipped >= 0, "\(skipped) accesses before the first")
    precondition(
      operations.allSatisfy { !$0.objects.isEmpty && objects.indices.contains($0.objects.upperBound - 1) },
      "an operation on an object that is not there")
    precondition(
      accesses.allSatisfy { processes.indices.contains($0.process) && operations.indices.contains($0.operation) },
      "an access of a process or an operation that is not there")
    precondition(
      findings.allSatisfy {
        hazards.indices.contains($0.hazard) && accesses.indices.contains($0.access - skipped - 1)
          && 1..<$0.access ~= $0.cause ?? 1
      }, "a finding at an access that is not shown")
    self.title = title
    self.command = command
    self.processes = processes
    self.objects = objects
    self.start = start
    self.skipped = skipped
    self.operations = operations
    self.accesses = accesses
    self.hazards = hazards
    self.findings = findings
  }
}

extension AccessHistory {
  /// Everything that accesses change.
  public struct State: Sendable, Equatable {
    /// A shared object.
    public struct Object: Sendable, Equatable {
      /// How often it was changed.
      public var version = 0
      /// How many changes are in it; fewer than `version` where a store overwrote what it had not seen.
      public var updates = 0
      /// Who changed it last.
      public var lastWriter: Int?
      /// The number of the access that did.
      public var lastWrite: Int?

      /// An object as it was made.
      public init() {}
    }

    /// What one process has of one object.
    public struct Copy: Sendable, Equatable {
      /// The version of its copy.
      public var version: Int?
      /// How many changes are in its copy.
      public var updates = 0
      /// Between a load and its store: the version that was loaded.
      public var loaded: Int?
      /// Between a load and its store: how many changes were in what was loaded.
      public var loadedUpdates = 0

      /// No copy.
      public init() {}
    }

    /// By number.
    public var objects: [Object]
    /// Of each process one for each object.
    public var copies: [Copy]

    /// The state before anything was done.
    public init(processes: Int, objects: Int) {
      self.objects = Array(repeating: Object(), count: objects)
      copies = Array(repeating: Copy(), count: processes * objects)
    }

    /// What `process` has of `object`.
    public func copy(of object: Int, by process: Int) -> Copy { copies[process * objects.count + object] }

    /// Goes on by one access of `process`, the access number `number`.
    public mutating func apply(_ operation: Operation, by process: Int, number: Int) {
      for object in operation.objects {
        let place = process * objects.count + object
        if operation.effect.isChange {
          // A store keeps nothing but what its process has seen.
          let own = copies[place]
          let seen = own.loaded == nil ? own.updates : own.loadedUpdates
          objects[object].updates = (operation.effect == .store ? seen : objects[object].updates) + 1
          objects[object].version += 1
          objects[object].lastWriter = process
          objects[object].lastWrite = number
          copies[place].loaded = nil
        }
        if operation.effect.isCopy {
          copies[place].version = objects[object].version
          copies[place].updates = objects[object].updates
        }
        if operation.effect == .load {
          copies[place].loaded = objects[object].version
          copies[place].loadedUpdates = objects[object].updates
        }
      }
    }
  }
}
