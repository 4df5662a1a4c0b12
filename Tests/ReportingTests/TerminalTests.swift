// The closing screen, line by line.

import Testing

@testable import Reporting

private let unicode = Terminal(isInteractive: true, columns: 80, hasColour: false, hasUnicode: true)
private let ascii = Terminal(isInteractive: false, columns: 80, hasColour: false, hasUnicode: false)
private let colourful = Terminal(isInteractive: true, columns: 80, hasColour: true, hasUnicode: true)

@Suite("Terminal") struct TerminalTests {
  @Test func `the environment decides what may be written`() {
    func terminal(_ environment: [String: String], isTerminal: Bool = true, columns: Int? = 100) -> Terminal {
      Terminal(isTerminal: isTerminal, windowColumns: columns, environment: environment)
    }
    let rich = Terminal(isInteractive: true, columns: 100, hasColour: true, hasUnicode: true)
    #expect(terminal(["LANG": "en_US.UTF-8"]) == rich)
    #expect(terminal(["LANG": "C.utf8", "NO_COLOR": ""]).hasColour)
    #expect(!terminal(["NO_COLOR": "1"]).hasColour)
    #expect(!terminal([:], isTerminal: false).hasColour)
    #expect(!terminal([:], isTerminal: false).isInteractive)
    #expect(!terminal(["TERM": "dumb"]).isInteractive)
    #expect(!terminal(["LC_ALL": "C", "LANG": "en_US.UTF-8"]).hasUnicode)
    #expect(terminal(["LC_ALL": "", "LANG": "en_US.UTF-8"]).hasUnicode)
    #expect(terminal(["COLUMNS": "40"]).columns == 40)
    #expect(terminal(["COLUMNS": "wide"]).columns == 100)
    #expect(terminal(["COLUMNS": "0"], columns: nil).columns == 80)
  }

  @Test func `values are aligned`() {
    #expect(
      unicode.keyValueLines([("seed", "42"), ("environment steps", "4,000,000")]) == [
        "  seed               42",
        "  environment steps  4,000,000",
      ])
  }

  @Test func `a sentence goes on below itself, and a command stays whole`() {
    let narrow = Terminal(isInteractive: false, columns: 34)
    let facts = [("a", "words that do not fit one line"), ("bb", "short")]
    #expect(
      narrow.keyValueLines(facts, wrapsValues: true) == [
        "  a   words that do not fit one",
        "      line",
        "  bb  short",
      ])
    #expect(narrow.keyValueLines(facts)[0] == "  a   words that do not fit one line")
    #expect(narrow.keyValueLines([("", "")], wrapsValues: true).count == 1)
  }

  @Test func `colour wraps the text and nothing else`() {
    #expect(colourful.emphasised("42", .alarming) == "\u{1B}[31m42\u{1B}[0m")
    #expect(unicode.emphasised("42", .alarming) == "42")
    #expect(colourful.keyValueLines([("a", "1"), ("bb", "2")])[0] == "  \u{1B}[2ma \u{1B}[0m  1")
  }

  @Test func `numbers are set to the right and words to the left`() {
    #expect(
      unicode.tableLines(
        header: ["hazard", "count", "first"], rows: [["lost-update", "1,204", "update 17"], ["torn", "3", ""]]) == [
          "  hazard       count  first",
          "  lost-update  1,204  update 17",
          "  torn             3",
        ])
    #expect(unicode.tableLines(header: ["hazard", "count"], rows: []) == ["  hazard  count"])
  }

  @Test func `a sparkline follows the curve`() {
    #expect(unicode.sparkline([0, 1, 2, 3, 4, 5, 6, 7]) == "▁▂▃▄▅▆▇█")
    #expect(ascii.sparkline([0, 7]) == "_#")
    #expect(unicode.sparkline([1, .nan, 3]) == "▁ █")
    #expect(unicode.sparkline([0, 2, 9, 11], width: 2) == "▁█")
    #expect(unicode.sparkline([5, 5, 5]) == "▅▅▅")
    #expect(unicode.sparkline([.nan, .infinity]) == "  ")
    #expect(unicode.sparkline([]) == "")
    #expect(unicode.sparkline([-.greatestFiniteMagnitude, .greatestFiniteMagnitude]) == "▁█")
    #expect(unicode.sparkline((0..<1000).map(Double.init), width: 60).count == 60)
  }

  @Test func `few values get a row each`() {
    let histogram = Histogram(counts: [1, 0, 3, 0])
    #expect(histogram.rows.map(\.values) == [0...0, 1...1, 2...2])
    #expect(
      unicode.histogramLines(histogram, barWidth: 6) == [
        "  0  ██      1   25.0 %",
        "  1          0    0.0 %",
        "  2  ██████  3   75.0 %",
      ])
    #expect(ascii.histogramLines(histogram, barWidth: 6)[2] == "  2  ######  3   75.0 %")
  }

  @Test func `many values are gathered by powers of two and none is lost`() {
    let counts = [Int](repeating: 1, count: 100_000)
    let histogram = Histogram(counts: counts)
    #expect(histogram.rows.count == 12)
    #expect(histogram.rows.prefix(4).map(\.values) == [0...0, 1...1, 2...3, 4...7])
    #expect(histogram.rows.map(\.count).reduce(0, +) == 100_000)
    #expect(histogram.rows.last?.values == 1024...99_999)
    #expect(unicode.histogramLines(histogram)[2].hasPrefix("         2–3  ▏"))
  }

  @Test(arguments: [HistogramBins.automatic, .linear, .powersOfTwo])
  func `rows cover all values once, whatever the bins`(bins: HistogramBins) {
    for largest in [0, 1, 11, 12, 13, 47, 48, 1000, 4096] {
      var counts = [Int](repeating: 0, count: largest + 1)
      counts[largest] = 5
      counts[0] += 2
      let rows = Histogram(counts: counts, bins: bins).rows
      #expect(rows.count <= 12)
      #expect(rows.first?.values.lowerBound == 0)
      #expect(zip(rows, rows.dropFirst()).allSatisfy { $0.values.upperBound + 1 == $1.values.lowerBound })
      #expect(rows.map(\.count).reduce(0, +) == 7)
      #expect(rows.last?.values.contains(largest) == true)
    }
  }

  @Test func `nothing counted is nothing drawn`() {
    #expect(Histogram(counts: [0, 0]).rows.isEmpty)
    #expect(unicode.histogramLines(Histogram(counts: [])) == [])
  }

  @Test func `a narrow terminal shortens the bars`() {
    let narrow = Terminal(isInteractive: true, columns: 30)
    for line in narrow.histogramLines(Histogram(counts: [5, 100, 3])) { #expect(line.count <= 30) }
  }

  @Test func `text is wrapped at words, and long words are broken`() {
    #expect("one two three".wrapped(to: 7) == ["one two", "three"])
    #expect("abcdefghij k".wrapped(to: 4) == ["abcd", "efgh", "ij k"])
    #expect("".wrapped(to: 4) == [])
    #expect("abcdef".shortened(to: 4) == "abc…")
    #expect("abcd".shortened(to: 4) == "abcd")
  }

  @Test func `paragraphs end where the terminal does, and each begins a line`() {
    let narrow = Terminal(isInteractive: true, columns: 30)
    let sentences = ["One two three four five six seven.", "Eight."]
    #expect(narrow.paragraphLines(sentences) == ["  One two three four five six", "  seven.", "  Eight."])
    #expect(narrow.paragraphLines(sentences, indent: 0)[0] == "One two three four five six")
    // Words, not letters.
    #expect(Terminal(isInteractive: true, columns: 3).paragraphLines(sentences)[0] == "  One two three four five")
  }

  @Test func `a value that is to be copied stays whole beside wrapped ones`() {
    let narrow = Terminal(isInteractive: true, columns: 40)
    let facts = [("what", String(repeating: "word ", count: 20)), ("how", String(repeating: "--a b ", count: 20))]
    let lines = narrow.keyValueLines(facts, wrapsValues: true, whole: ["how"])
    #expect(lines.dropLast().allSatisfy { $0.count <= 40 } && lines.last!.count > 100)
  }
}
