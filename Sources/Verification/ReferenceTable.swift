// Reads one CSV file of a reference folder strictly: a reference that is read leniently proves nothing.
// The format is the one of golden/reference/README.md: one header line, commas, no quotes, shortest round-trip numbers.

import Foundation

/// Why a reference file cannot be used. The description is one sentence for the user.
public struct ReferenceError: Error, CustomStringConvertible, Equatable {
  /// The sentence: what was found, where, and what was expected.
  public let description: String

  /// Makes an error from its sentence.
  public init(_ description: String) { self.description = description }
}

/// A CSV file in memory: a header and rows of the same length.
public struct ReferenceTable: Sendable {
  /// The file's path within its folder, for messages.
  public let name: String
  /// Column names in file order.
  public let columns: [String]
  /// Cells in file order, one array a row.
  public let rows: [[Substring]]
  private let index: [String: Int]

  /// Parses `text`.
  /// - Throws: `ReferenceError` naming the file and line when the header lacks one of `required`, a row has another
  ///   number of cells than the header, a line is not ended (a truncated file), or there are no rows.
  public init(name: String, text: String, required: [String]) throws {
    self.name = name
    guard text.hasSuffix("\n") else {
      throw ReferenceError(
        "\(name): the last line (byte \(text.utf8.count)) has no line end, so the file is cut off; copy it again")
    }
    var lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    lines.removeLast()
    let header = (lines.first ?? "").split(separator: ",", omittingEmptySubsequences: false).map(String.init)
    let missing = required.filter { !header.contains($0) }
    guard missing.isEmpty else {
      throw ReferenceError(
        "\(name): line 1 has no column '\(missing[0])'; expected \(required.joined(separator: ","))")
    }
    columns = header
    index = Dictionary(header.enumerated().map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
    var rows: [[Substring]] = []
    rows.reserveCapacity(lines.count)
    for (number, line) in lines.enumerated().dropFirst() {
      let cells = line.split(separator: ",", omittingEmptySubsequences: false)
      guard cells.count == header.count else {
        throw ReferenceError(
          "\(name): line \(number + 1) has \(cells.count) cells where the header has \(header.count)")
      }
      rows.append(cells)
    }
    guard !rows.isEmpty else { throw ReferenceError("\(name): there are no rows below the header") }
    self.rows = rows
  }

  /// The cell of `row` under `column`.
  public func text(_ row: Int, _ column: String) -> Substring { rows[row][position(of: column)] }

  /// The cell as a double; `nil` where it is empty.
  public func optionalDouble(_ row: Int, _ column: String) throws -> Double? {
    let cell = text(row, column)
    return cell.isEmpty ? nil : try number(cell, row, column)
  }

  /// The cell as a double.
  public func double(_ row: Int, _ column: String) throws -> Double { try number(text(row, column), row, column) }

  /// The cell as an integer.
  public func int(_ row: Int, _ column: String) throws -> Int {
    guard let value = Int(text(row, column)) else { throw damaged(row, column, expected: "an integer") }
    return value
  }

  /// The cell as 0 or 1.
  public func bool(_ row: Int, _ column: String) throws -> Bool {
    switch text(row, column) {
    case "0": return false
    case "1": return true
    default: throw damaged(row, column, expected: "0 or 1")
    }
  }

  /// The cell as a hexadecimal bit pattern.
  public func bits(_ row: Int, _ column: String) throws -> UInt64 {
    guard let value = UInt64(text(row, column), radix: 16) else {
      throw damaged(row, column, expected: "a hexadecimal bit pattern")
    }
    return value
  }

  /// The cell as a list of numbers, each parsed as `Scalar` (so singles are rounded once, from the decimal).
  public func list<Scalar: LosslessStringConvertible>(_ row: Int, _ column: String, of: Scalar.Type) throws -> [Scalar]
  {
    try text(row, column).split(separator: " ").map { item in
      guard let value = Scalar(String(item)) else { throw damaged(row, column, expected: "numbers") }
      return value
    }
  }

  /// The error for a cell that cannot be read, with its line and contents.
  public func damaged(_ row: Int, _ column: String, expected: String) -> ReferenceError {
    ReferenceError("\(name): line \(row + 2), column \(column): '\(text(row, column).prefix(40))' is not \(expected)")
  }

  private func number(_ cell: Substring, _ row: Int, _ column: String) throws -> Double {
    guard let value = Double(cell) else { throw damaged(row, column, expected: "a number") }
    return value
  }

  private func position(of column: String) -> Int {
    guard let position = index[column] else { preconditionFailure("\(name) was read without column \(column)") }
    return position
  }
}
