// A debugger's answers as lines of text, for people and for scripts that compare them.

import Debugging
import Reporting
import Sharing

/// Makes lines of answers.
struct DebugScreen {
  /// Where they are shown.
  let terminal: Terminal

  /// The lines of an answer.
  func lines(_ reply: Reply) -> [String] {
    switch reply {
    case .arrival(let arrival): lines(arrival)
    case .explanation(let explanation):
      [terminal.emphasised("\(explanation.hazard.rawValue): \(explanation.hazard.meaning)", .strong)]
        + terminal.paragraphLines(explanation.sentences)
    case .history(let stops): stops.isEmpty ? ["no access was made yet"] : lines(stops)
    case .remark(let text): [text]
    case .facts(let facts): terminal.keyValueLines(facts.map { ($0.name, text($0.value)) }, indent: 0)
    case .table(let table):
      [terminal.emphasised(table.title, .strong)]
        + terminal.tableLines(header: table.columns, rows: table.rows.map { $0.map(text) })
    case .numbers(let title, let values): [terminal.emphasised(title, .strong)] + lines(values)
    }
  }

  private func lines(_ arrival: Arrival) -> [String] {
    var lines: [String] = []
    switch arrival.reason {
    case .breakpoints(let numbers):
      lines.append("breakpoint \(numbers.map(String.init).joined(separator: ", "))")
    case .end(let why): lines.append(terminal.emphasised("the end: \(why)", .strong))
    case .interrupted: lines.append("interrupted")
    case .beginning, .arrived: break
    }
    let length = arrival.length.map { " of \(NumberText.grouped($0))" } ?? ""
    guard let stop = arrival.stop else { return lines + ["0\(length)  the beginning, before the first access"] }
    return lines + [line(stop, length: length)]
  }

  private func lines(_ stops: [Stop]) -> [String] {
    let places = stops.map { NumberText.grouped($0.place).count }.max() ?? 0
    let names = stops.map { who($0).count }.max() ?? 0
    let words = stops.map(\.access.count).max() ?? 0
    return stops.map { line($0, places: places, names: names, words: words) }
  }

  private func who(_ stop: Stop) -> String { "\(stop.name), update \(stop.update)" }

  /// Place, who, which of its updates, the access, versions and hazards.
  private func line(_ stop: Stop, length: String = "", places: Int = 0, names: Int = 0, words: Int = 0) -> String {
    var parts = [
      NumberText.grouped(stop.place).padded(toAtLeast: places, atStart: true) + length,
      who(stop).padded(toAtLeast: names), stop.access.padded(toAtLeast: words),
    ]
    if let versions = stop.versions {
      let text =
        versions.before == versions.after
        ? "version \(versions.after)" : "version \(versions.before) \(arrow) \(versions.after)"
      parts.append(text)
    }
    if !stop.hazards.isEmpty {
      parts.append(terminal.emphasised(stop.hazards.map(\.rawValue).joined(separator: ", "), .alarming))
    }
    let line = parts.joined(separator: "  ")
    return String(line.reversed().drop { $0 == " " }.reversed())
  }

  private var arrow: String { terminal.hasUnicode ? "→" : "->" }

  /// Eight numbers a line, each line with the place of its first.
  private func lines(_ values: [Float]) -> [String] {
    let rows = stride(from: 0, to: values.count, by: 8).map { first in
      ["[\(first)]"] + (first..<first + 8).map { $0 < values.count ? "\(values[$0])" : "" }
    }
    let widths = (0...8).map { column in rows.map { $0[column].count }.max() ?? 0 }
    return rows.map { row in
      let line = zip(row, widths).map { $0.padded(toAtLeast: $1, atStart: true) }.joined(separator: "  ")
      return "  " + String(line.reversed().drop { $0 == " " }.reversed())
    }
  }

  private func text(_ cell: Reply.Cell) -> String {
    switch cell {
    case .text(let text): text
    case .count(let count): NumberText.grouped(count)
    case .single(let value): "\(value)"
    case .double(let value): "\(value)"
    case .none: ""
    }
  }
}

extension String {
  /// This text filled with spaces to `width` characters.
  fileprivate func padded(toAtLeast width: Int, atStart: Bool = false) -> String {
    let fill = String(repeating: " ", count: max(0, width - count))
    return atStart ? fill + self : self + fill
  }
}
