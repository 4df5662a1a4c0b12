// What the closing screen is made of: aligned facts, tables, bars and sparklines as plain lines of text. The terminal
// they are for is a value, so every layout is testable and none looks at the machine by itself.

import Foundation

/// What the reader's end of a stream can show.
public struct Terminal: Sendable, Equatable {
  /// Whether a terminal that can move its cursor reads the stream, so that a line may be redrawn.
  public var isInteractive: Bool
  /// Characters in a line.
  public var columns: Int
  /// Whether ANSI colours may be written.
  public var hasColour: Bool
  /// Whether characters beyond ASCII may be written.
  public var hasUnicode: Bool

  /// Describes a terminal.
  public init(isInteractive: Bool, columns: Int = 80, hasColour: Bool = false, hasUnicode: Bool = true) {
    self.isInteractive = isInteractive
    self.columns = columns
    self.hasColour = hasColour
    self.hasUnicode = hasUnicode
  }

  /// Reads off the environment what a stream can show: `COLUMNS` overrides the window's width (80 where neither is
  /// known), `NO_COLOR` (https://no-color.org: present and not empty) and `TERM=dumb` switch colour off, and the
  /// locale's variables must name UTF-8.
  public init(isTerminal: Bool, windowColumns: Int?, environment: [String: String]) {
    let canMoveCursor = isTerminal && environment["TERM"] != "dumb"
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"].compactMap { environment[$0] }.first { !$0.isEmpty } ?? ""
    let declaredColumns = environment["COLUMNS"].flatMap { Int($0) }.flatMap { $0 > 0 ? $0 : nil }
    self.init(
      isInteractive: canMoveCursor,
      columns: declaredColumns ?? windowColumns ?? 80,
      hasColour: canMoveCursor && (environment["NO_COLOR"] ?? "").isEmpty,
      hasUnicode: ["utf-8", "utf8"].contains { locale.lowercased().hasSuffix($0) })
  }

  /// The terminal behind this process's standard error, as it is now.
  public static var standardError: Terminal { Terminal(descriptor: STDERR_FILENO) }

  /// The terminal behind this process's standard output, as it is now.
  public static var standardOutput: Terminal { Terminal(descriptor: STDOUT_FILENO) }

  private init(descriptor: Int32) {
    var size = winsize()
    let isKnown = ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 0
    self.init(
      isTerminal: isatty(descriptor) == 1, windowColumns: isKnown ? Int(size.ws_col) : nil,
      environment: ProcessInfo.processInfo.environment)
  }
}

/// A way to set text off; used only where the terminal has colour.
public enum Emphasis: String, Sendable, CaseIterable {
  /// Headings.
  case strong = "1"
  /// What may be passed over.
  case faint = "2"
  /// A failure or a hazard.
  case alarming = "31"
  /// Something that held.
  case reassuring = "32"
  /// Something to copy, such as a command.
  case copyable = "36"
}

extension Terminal {
  /// `text` set off by `emphasis`, or as it is where there is no colour.
  public func emphasised(_ text: String, _ emphasis: Emphasis) -> String {
    hasColour && !text.isEmpty ? "\u{1B}[\(emphasis.rawValue)m\(text)\u{1B}[0m" : text
  }

  /// Facts as lines `key  value`, the values aligned. A value that is too long for the line is not cut: digests and
  /// commands are there to be copied.
  /// - Parameters:
  ///   - wrapsValues: whether a long value goes on below itself, where values are sentences.
  ///   - whole: the keys of values that stay on one line all the same.
  public func keyValueLines(
    _ facts: [(key: String, value: String)], indent: Int = 2, wrapsValues: Bool = false, whole: Set<String> = []
  ) -> [String] {
    let width = facts.map(\.key.count).max() ?? 0
    let margin = String(repeating: " ", count: indent)
    return facts.flatMap { fact in
      // On a narrow screen a value still gets words, not letters.
      let room = max(columns - indent - width - 2, 24)
      let lines = wrapsValues && !whole.contains(fact.key) ? fact.value.wrapped(to: room) : [fact.value]
      return (lines.isEmpty ? [""] : lines).enumerated().map { index, line in
        margin + emphasised((index == 0 ? fact.key : "").padded(to: width), .faint) + "  " + line
      }
    }
  }

  /// Sentences as paragraphs that are wrapped where the terminal ends.
  public func paragraphLines(_ sentences: [String], indent: Int = 2) -> [String] {
    let margin = String(repeating: " ", count: indent)
    return sentences.flatMap { $0.wrapped(to: max(columns - indent, 24)) }.map { margin + $0 }
  }

  /// A table: a header, then rows. A column whose cells all begin like a number is set to the right.
  /// - Precondition: every row has as many cells as the header.
  public func tableLines(header: [String], rows: [[String]], indent: Int = 2) -> [String] {
    precondition(rows.allSatisfy { $0.count == header.count }, "a row has not one cell for each column of the header")
    let widths = header.indices.map { column in rows.map(\.[column].count).reduce(header[column].count, max) }
    let isNumeric = header.indices.map { column in
      !rows.isEmpty && rows.allSatisfy { $0[column].first.map { $0.isNumber || "+-−".contains($0) } ?? true }
    }
    func line(_ cells: [String]) -> String {
      let padded = cells.indices.map { cells[$0].padded(to: widths[$0], atStart: isNumeric[$0]) }
      return String(repeating: " ", count: indent) + padded.joined(separator: "  ").withoutTrailingSpaces
    }
    return [emphasised(line(header), .strong)] + rows.map(line)
  }

  /// The shape of a curve in one line of at most `width` characters; what is not finite is left blank. Longer curves
  /// are averaged over stretches of equal length.
  public func sparkline(_ values: [Double], width: Int = 60) -> String {
    let cells = min(max(width, 0), values.count)
    let means = (0..<cells).map { cell -> Double in
      let stretch = values[(cell * values.count / cells)..<((cell + 1) * values.count / cells)].filter(\.isFinite)
      return stretch.isEmpty ? .nan : stretch.reduce(0, +) / Double(stretch.count)
    }
    let finite = means.filter(\.isFinite)
    let levels = Array(hasUnicode ? "▁▂▃▄▅▆▇█" : "_.,-=+*#")
    guard let low = finite.min(), let high = finite.max() else { return String(repeating: " ", count: cells) }
    return String(
      means.map { mean -> Character in
        guard mean.isFinite else { return " " }
        guard high > low else { return levels[levels.count / 2] }
        // Halved first: the difference of two large numbers need not be finite.
        let fraction = (mean / 2 - low / 2) / (high / 2 - low / 2)
        return levels[min(levels.count - 1, Int(fraction * Double(levels.count)))]
      })
  }

  /// A bar of `fraction` (clamped to 0...1) of `width` characters; anything above zero shows.
  func bar(_ fraction: Double, width: Int) -> String {
    let clamped = fraction.isNaN ? 0 : min(max(fraction, 0), 1)
    let partsPerCell = hasUnicode ? 8 : 1
    let parts = Int((clamped * Double(width * partsPerCell)).rounded())
    let shown = clamped > 0 ? max(1, parts) : 0
    guard hasUnicode else { return String(repeating: "#", count: shown) }
    let partial = shown.isMultiple(of: 8) ? "" : String(Array("▏▎▍▌▋▊▉")[shown % 8 - 1])
    return String(repeating: "█", count: shown / 8) + partial
  }
}

extension String {
  /// This text filled with spaces to `width` characters, at its end or at its start.
  func padded(to width: Int, atStart: Bool = false) -> String {
    let fill = String(repeating: " ", count: max(0, width - count))
    return atStart ? fill + self : self + fill
  }

  /// This text without the spaces at its end.
  var withoutTrailingSpaces: String { String(reversed().drop { $0 == " " }.reversed()) }

  /// This text, cut to `limit` characters with an ellipsis where it is longer.
  func shortened(to limit: Int) -> String {
    count <= limit ? self : limit < 1 ? "" : "\(prefix(limit - 1))…"
  }

  /// The words of this text in lines of at most `width` characters; a longer word is broken.
  func wrapped(to width: Int) -> [String] {
    var lines: [String] = []
    var line = ""
    for word in split(separator: " ") {
      if !line.isEmpty, line.count + 1 + word.count <= width {
        line += " \(word)"
        continue
      }
      if !line.isEmpty { lines.append(line) }
      var rest = word
      while rest.count > width {
        lines.append(String(rest.prefix(width)))
        rest = rest.dropFirst(width)
      }
      line = String(rest)
    }
    return line.isEmpty ? lines : lines + [line]
  }
}
