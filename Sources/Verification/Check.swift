// What `a3c verify` runs and what the tests run: the same checks over a folder of reference values.

import Foundation

/// The outcome of one check over a reference folder.
public struct CheckResult: Sendable, Codable, Equatable {
  /// What was compared, such as `environments/pendulum-v0 one step`.
  public var name: String
  /// How many rows or elements were compared.
  public var cases: Int
  /// The largest difference seen, in the unit of `tolerance`.
  public var worst: Double
  /// The largest difference allowed.
  public var tolerance: Double
  /// Where the worst difference is, and other facts worth a line (such as the fraction of identical bits).
  public var detail: String
  /// Parts of the reference that the check has no counterpart for, and did not compare.
  public var skipped: [String]
  /// Whether every case is within the tolerance. A comparison with NaN on one side only never passes.
  public var pass: Bool

  /// Makes a result that passes when `worst` is at most `tolerance`.
  public init(name: String, cases: Int, worst: Double, tolerance: Double, detail: String = "", skipped: [String] = []) {
    self.name = name
    self.cases = cases
    self.worst = worst
    self.tolerance = tolerance
    self.detail = detail
    self.skipped = skipped
    pass = cases > 0 && worst <= tolerance
  }
}

/// Collects the cases of one check and remembers the worst of them.
public struct CheckTally: Sendable {
  private let name: String
  private let tolerance: Double
  private var cases = 0
  private var worst = 0.0
  private var identical = 0
  private var place = ""

  /// Starts a tally for the check called `name`.
  public init(_ name: String, tolerance: Double) {
    self.name = name
    self.tolerance = tolerance
  }

  /// Counts one case whose difference from the expected value is `difference`, in the unit of the tolerance.
  public mutating func add(difference: Double, identical same: Bool, at where_: @autoclosure () -> String) {
    cases += 1
    if same { identical += 1 }
    let size = difference.isNaN ? Double.infinity : difference
    if size > worst || (cases == 1 && !same) {
      worst = size
      place = where_()
    }
  }

  /// Counts one case, compared as `|actual - expected| / scale`; two NaNs and equal infinities agree.
  public mutating func compare(
    _ actual: Double, _ expected: Double, scale: Double = 1, at where_: @autoclosure () -> String
  ) {
    let same = actual == expected || (actual.isNaN && expected.isNaN)
    add(
      difference: same ? 0 : abs(actual - expected) / scale, identical: same,
      at: "\(where_()): \(actual) where \(expected) is expected")
  }

  /// The fraction of cases whose bits agree.
  public var identicalFraction: Double { cases == 0 ? 0 : Double(identical) / Double(cases) }

  /// The finished result.
  public var result: CheckResult {
    let agreement = "\(identical) of \(cases) identical"
    return CheckResult(
      name: name, cases: cases, worst: worst, tolerance: tolerance,
      detail: place.isEmpty ? agreement : "\(agreement); worst at \(place)")
  }
}

/// A folder in the format of golden/reference/README.md.
public struct ReferenceFolder: Sendable {
  /// Where the folder is.
  public let url: URL

  /// Opens the folder at `path`.
  /// - Throws: `ReferenceError` when there is no folder there.
  public init(path: String) throws {
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), isFolder.boolValue else {
      throw ReferenceError("\(path) is not a folder; give one in the format of golden/reference/README.md")
    }
    url = URL(fileURLWithPath: path, isDirectory: true)
  }

  /// Reads the table `name` (a path within the folder).
  /// - Throws: `ReferenceError` when it is missing, not UTF-8, or damaged.
  public func table(_ name: String, required: [String]) throws -> ReferenceTable {
    guard let data = FileManager.default.contents(atPath: url.appendingPathComponent(name).path) else {
      throw ReferenceError("\(name) is missing in \(url.path); add it or check the folder's name")
    }
    guard let text = String(data: data, encoding: .utf8) else {
      throw ReferenceError("\(name) is not UTF-8 text, so it is damaged; copy it again")
    }
    return try ReferenceTable(name: name, text: text, required: required)
  }

  /// The paths of all files in the folder, within it, sorted.
  public func files() -> [String] {
    guard let walk = FileManager.default.enumerator(atPath: url.path) else { return [] }
    return walk.compactMap { $0 as? String }.filter { path in
      var isFolder: ObjCBool = false
      let exists = FileManager.default.fileExists(
        atPath: url.appendingPathComponent(path).path, isDirectory: &isFolder)
      return exists && !isFolder.boolValue
    }.sorted()
  }

  /// Whether the folder has a file or folder of this name.
  public func has(_ name: String) -> Bool {
    FileManager.default.fileExists(atPath: url.appendingPathComponent(name).path)
  }
}

/// A named part of a reference folder and the code that checks it.
public struct ReferenceCheck: Sendable {
  /// The files of the folder that the check reads; all must be there.
  public let files: [String]
  /// Runs the check.
  public let run: @Sendable (ReferenceFolder) throws -> [CheckResult]

  /// Declares a check over `files`.
  public init(files: [String], run: @escaping @Sendable (ReferenceFolder) throws -> [CheckResult]) {
    self.files = files
    self.run = run
  }
}
