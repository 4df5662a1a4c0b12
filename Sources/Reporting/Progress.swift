// Tells a person that long work goes on: one live line on a terminal, a few plain lines in a log, or nothing. It reads
// the clock, which nothing that reaches a result may do.

import Foundation

/// How progress is shown.
public enum ProgressStyle: Sendable, Equatable {
  /// One line that is redrawn at most ten times a second.
  case live
  /// A line at each tenth of the work, but at most one in 5 s and at least one a minute, and a last one. Where nobody
  /// knows how much there is to do, a line after 5 s, 10 s, 20 s and so on.
  case plain
  /// Nothing is written.
  case silent

  /// Live on a terminal and plain elsewhere, unless `quiet`.
  public static func suited(to terminal: Terminal, quiet: Bool) -> ProgressStyle {
    quiet ? .silent : terminal.isInteractive ? .live : .plain
  }
}

/// Shows how far a piece of work is, on standard error.
///
/// A live line is erased by `finish()`, and also when an error lets go of the meter: whatever is written next begins on
/// a clean line. Use from one thread.
public final class ProgressMeter {
  private let label: String
  private let unit: String
  private let total: Int?
  private let style: ProgressStyle
  private let terminal: () -> Terminal
  private let clock: () -> Double
  private let sink: (String) -> Void
  private let startTime: Double
  private let startCount: Int
  private var done: Int
  private var lastShown: Double
  private var lastTenth: Int
  private var isLineDrawn = false
  private var isFinished = false
  private var share: Double?
  private var notes: [String] = []

  /// Starts the clock.
  /// - Parameters:
  ///   - label: what is being done, such as `replay`.
  ///   - total: how many `unit` there will be; `nil` when nobody knows.
  ///   - unit: the plural of what is counted, such as `steps`.
  ///   - startingAt: how many were there already, such as in a resumed run; they do not count towards the rate.
  ///   - style: how to show it; by default what suits the terminal.
  ///   - terminal: asked before every redrawing, because windows change their size.
  ///   - clock: seconds that never run backwards.
  ///   - sink: takes what is to be written.
  public init(
    _ label: String, total: Int?, unit: String, startingAt: Int = 0, style: ProgressStyle? = nil,
    terminal: @escaping () -> Terminal = { .standardError },
    clock: @escaping () -> Double = ProgressMeter.monotonicSeconds,
    sink: @escaping (String) -> Void = ProgressMeter.writeToStandardError
  ) {
    self.label = label
    self.total = total
    self.unit = unit
    self.style = style ?? .suited(to: terminal(), quiet: false)
    self.terminal = terminal
    self.clock = clock
    self.sink = sink
    startTime = clock()
    startCount = startingAt
    done = startingAt
    lastShown = self.style == .live ? -.infinity : startTime
    lastTenth = 0
    lastTenth = tenth
  }

  deinit { eraseLine() }

  /// Says that `done` units are finished. Cheap enough for every update: it reads the clock, and seldom writes.
  /// - Parameters:
  ///   - share: which part of the work since the start that is, where some units take longer than others.
  ///   - notes: what else is worth showing, the most important first.
  public func update(_ done: Int, share: Double? = nil, notes: [String] = []) {
    self.done = done
    self.share = share
    self.notes = notes
    guard style != .silent, !isFinished else { return }
    let now = clock()
    let sinceShown = now - lastShown
    let isNews = total == nil ? now - startTime >= 2 * (lastShown - startTime) : tenth > lastTenth && done != total
    if style == .live {
      if sinceShown >= 0.1 { drawLine(now) }
    } else if sinceShown >= 60 || (sinceShown >= 5 && isNews) {
      writeLine(now)
    }
  }

  /// Writes `message` on a line of its own, above the live line.
  public func note(_ message: String) {
    guard style != .silent else { return }
    eraseLine()
    sink(message + "\n")
    if style == .live, !isFinished { drawLine(clock()) }
  }

  /// Ends the work: the live line is erased, a log gets a last line. Calling it again does nothing.
  public func finish() {
    guard !isFinished else { return }
    isFinished = true
    eraseLine()
    guard style == .plain else { return }
    let elapsed = clock() - startTime
    sink("\(label): \(counted(done - startCount)) in \(NumberText.duration(seconds: elapsed)), \(rate(elapsed))\n")
  }

  private var fraction: Double? {
    guard let total, total > 0 else { return nil }
    return min(1, max(0, share ?? Double(done) / Double(total)))
  }

  /// So many of the unit; one `accesses` is an access, and of other units one has no s.
  private func counted(_ count: Int) -> String {
    let singular = unit.dropLast(unit.hasSuffix("sses") ? 2 : 1)
    return count == 1 ? "1 \(singular)" : "\(NumberText.grouped(count)) \(unit)"
  }

  private var tenth: Int { fraction.map { Int($0 * 10) } ?? 0 }

  private func rate(_ elapsed: Double) -> String {
    let perSecond = elapsed > 0 ? Double(done - startCount) / elapsed : 0
    return NumberText.abbreviated(perSecond, unit: "\(unit)/s")
  }

  /// The facts from the most important one to the least; a narrow terminal loses the last ones first.
  private func facts(_ now: Double) -> [String] {
    let elapsed = now - startTime
    // The percentage is rounded down, so that 100 % is said only when all of it is done.
    let percentage = fraction.map { "\(Int($0 * 100)) %".padded(to: 5, atStart: true) }
    var facts = [percentage ?? counted(done), rate(elapsed)]
    let finished = share ?? Double(done - startCount)
    if let total, finished > 0, elapsed > 0 {
      let rest = share.map { 1 - $0 } ?? Double(total - done)
      let seconds = max(0, rest) * elapsed / finished
      facts.append("\(NumberText.duration(seconds: seconds)) left")
    }
    return facts + notes
  }

  private func drawLine(_ now: Double) {
    lastShown = now
    let terminal = terminal()
    // The last column stays free: writing there wraps on some terminals.
    let room = max(1, terminal.columns - 1)
    var facts = facts(now)
    while facts.count > 1, ([label] + facts).joined(separator: "  ").count > room { facts.removeLast() }
    let text = facts.joined(separator: "  ")
    let barWidth = min(40, room - label.count - text.count - 4)
    var line = "\(label)  \(text)".shortened(to: room)
    if let fraction, barWidth >= 8 {
      let filled = terminal.bar(fraction, width: barWidth)
      let track = String(repeating: terminal.hasUnicode ? "·" : ".", count: barWidth - filled.count)
      line = "\(label)  \(terminal.emphasised(filled, .copyable))\(terminal.emphasised(track, .faint))  \(text)"
    }
    sink("\r\(line)\u{1B}[K")
    isLineDrawn = true
  }

  private func writeLine(_ now: Double) {
    lastShown = now
    lastTenth = tenth
    sink("\(label): \(facts(now).joined(separator: ", ").drop { $0 == " " })\n")
  }

  private func eraseLine() {
    guard isLineDrawn else { return }
    isLineDrawn = false
    sink("\r\u{1B}[K")
  }

  /// Seconds since some moment in the past, which a change of the wall clock does not move.
  public static func monotonicSeconds() -> Double {
    Double(DispatchTime.now().uptimeNanoseconds) / 1e9
  }

  /// Writes to standard error. That nobody reads there any more is no reason to fail.
  public static func writeToStandardError(_ text: String) {
    try? FileHandle.standardError.write(contentsOf: Data(text.utf8))
  }
}
