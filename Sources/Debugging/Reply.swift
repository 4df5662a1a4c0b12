// What a debugger answers, as data: a screen makes lines of it, and JSON is written as it is.

import Races
import Sharing

/// The answer to one command.
public enum Reply: Hashable, Sendable {
  /// Where the walk stands now.
  case arrival(Arrival)
  /// Why an access shows a hazard; its accesses are numbered from 0.
  case explanation(Explanation)
  /// Accesses in their order.
  case history([Stop])
  /// Rows of cells.
  case table(Table)
  /// Numbers in a row.
  case numbers(title: String, [Float])
  /// Names and what they have.
  case facts([Fact])
  /// A sentence.
  case remark(String)

  /// A name and what it has.
  public struct Fact: Hashable, Sendable, Encodable {
    /// The name.
    public var name: String
    /// The value.
    public var value: Cell

    init(_ name: String, _ value: Cell) {
      self.name = name
      self.value = value
    }
  }

  /// A value in a table.
  public enum Cell: Hashable, Sendable {
    case text(String)
    case count(Int)
    case single(Float)
    case double(Double)
    case none
  }

  /// Rows of cells under names.
  public struct Table: Hashable, Sendable {
    /// What it shows.
    public var title: String
    /// The names of the columns.
    public var columns: [String]
    /// One cell a column.
    public var rows: [[Cell]]
  }
}

extension Reply.Cell: Encodable {
  /// The value alone.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    switch self {
    case .text(let text): try container.encode(text)
    case .count(let count): try container.encode(count)
    case .single(let value): try container.encode(value)
    case .double(let value): try container.encode(value)
    case .none: try container.encodeNil()
    }
  }
}

extension Reply: Encodable {
  private struct Name: CodingKey {
    let stringValue: String
    var intValue: Int? { nil }
    init(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
  }

  /// One member that is called after the kind of answer; a table's rows have the names of its columns.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: Name.self)
    func name(_ text: String) -> Name { Name(stringValue: text) }
    switch self {
    case .arrival(let arrival): try container.encode(arrival, forKey: name("at"))
    case .explanation(let explanation): try container.encode(explanation, forKey: name("explanation"))
    case .history(let stops): try container.encode(stops, forKey: name("history"))
    case .remark(let text): try container.encode(text, forKey: name("remark"))
    case .numbers(let title, let values):
      try container.encode(title, forKey: name("title"))
      try container.encode(values, forKey: name("values"))
    case .facts(let facts):
      var members = container.nestedContainer(keyedBy: Name.self, forKey: name("facts"))
      for fact in facts { try members.encode(fact.value, forKey: name(fact.name)) }
    case .table(let table):
      try container.encode(table.title, forKey: name("title"))
      var rows = container.nestedUnkeyedContainer(forKey: name("rows"))
      for row in table.rows {
        var members = rows.nestedContainer(keyedBy: Name.self)
        for (column, cell) in zip(table.columns, row) { try members.encode(cell, forKey: name(column)) }
      }
    }
  }
}
