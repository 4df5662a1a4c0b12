// The published curves, as CSV files that somebody read off figures and logs.

import Experiments
import Foundation

/// A folder of published curves.
struct PublishedFolder {
  let path: String

  /// The folder `path`.
  /// - Parameter isDefault: whether nobody asked for this very folder.
  /// - Throws: `UsageError` where there is none.
  init(path: String, isDefault: Bool) throws(UsageError) {
    self.path = path
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), isFolder.boolValue else {
      let remedy = isDefault ? "name one with --published DIR, or go to a checkout of a3c" : "give the path of one"
      throw UsageError("there is no folder \(path) here; \(remedy)")
    }
  }

  /// The curve of `file`.
  /// - Throws: `UsageError` where the file is not there, has not the columns, or has a cell that is no number.
  func curve(_ file: PublishedFile) throws(UsageError) -> PublishedCurve {
    let name = "\(path)/\(file.name)"
    guard let text = try? String(contentsOfFile: name, encoding: .utf8) else {
      throw UsageError("\(name) cannot be read; give the folder of the published curves with --published DIR")
    }
    let lines = text.split(whereSeparator: \.isNewline)
    let header = lines.first?.split(separator: ",", omittingEmptySubsequences: false).map(String.init) ?? []
    guard let x = header.firstIndex(of: file.xColumn), let y = header.firstIndex(of: file.yColumn) else {
      throw UsageError("\(name) has no columns \(file.xColumn) and \(file.yColumn); take the file of a checkout of a3c")
    }
    var points: [(x: Double, y: Double)] = []
    for (number, line) in lines.enumerated().dropFirst() {
      let cells = line.split(separator: ",", omittingEmptySubsequences: false)
      guard cells.count == header.count, let x = Double(cells[x]), let y = Double(cells[y]), x.isFinite, y.isFinite,
        points.last.map({ $0.x <= x }) ?? true
      else { throw UsageError("\(name):\(number + 1): '\(line)' is no point of a curve; take the file of a checkout") }
      points.append((x, y))
    }
    return PublishedCurve(x: points.map(\.x), y: points.map(\.y), accuracy: file.accuracy)
  }
}

extension ValueKind<String> {
  /// A published result, or the part before a hyphen that the names of several begin with.
  static var result: ValueKind {
    let names = PublishedResult.all.map(\.name)
    return ValueKind(
      placeholder: "NAME", allowed: "a published result (a3c curves lists them)", choices: names
    ) { word in
      names.contains { $0 == word || $0.hasPrefix("\(word)-") } ? word : nil
    }
  }
}
