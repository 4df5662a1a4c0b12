// Lines from somebody at a terminal. The terminal is in raw mode only while a line is read, and is put back on every
// way out of that, signals included.

import Foundation
import Reporting
import Synchronization

/// The settings to put back; meaningful while `isRaw`.
nonisolated(unsafe) private var settingsBefore = termios()
/// Whether the terminal is in raw mode.
private let isRaw = Atomic<Bool>(false)
/// Whether control-C was pressed during a command.
private let isInterruptionAsked = Atomic<Bool>(false)

/// A prompt at the terminal of standard input and output.
struct Prompt {
  /// What stands before the line.
  let text: String
  private var earlier: [String] = []

  /// A prompt where both streams are a terminal that can move its cursor; `nil` elsewhere.
  init?(_ text: String) {
    guard isatty(STDIN_FILENO) == 1, Terminal.standardOutput.isInteractive else { return nil }
    self.text = text
    isRaw.store(false, ordering: .relaxed)
    signal(SIGINT) { _ in isInterruptionAsked.store(true, ordering: .relaxed) }
    for number in [SIGTERM, SIGHUP, SIGQUIT] {
      signal(number) { number in
        if isRaw.load(ordering: .relaxed) { tcsetattr(STDIN_FILENO, TCSANOW, &settingsBefore) }
        signal(number, SIG_DFL)
        raise(number)
      }
    }
  }

  /// Whether control-C was pressed since the last time that this was asked.
  static func isInterrupted() -> Bool { isInterruptionAsked.exchange(false, ordering: .relaxed) }

  /// The next line; `nil` at the end of the input.
  /// - Parameter completions: the words that the text before the cursor could go on with in the place of its last.
  mutating func line(completions: (String) -> [String]) -> String? {
    fflush(nil)
    guard tcgetattr(STDIN_FILENO, &settingsBefore) == 0 else { return readLine() }
    var raw = settingsBefore
    raw.c_lflag &= ~tcflag_t(ICANON | ECHO | ISIG | IEXTEN)
    raw.c_iflag &= ~tcflag_t(ICRNL | IXON)
    isRaw.store(true, ordering: .relaxed)
    tcsetattr(STDIN_FILENO, TCSADRAIN, &raw)
    defer {
      tcsetattr(STDIN_FILENO, TCSADRAIN, &settingsBefore)
      isRaw.store(false, ordering: .relaxed)
      Self.write("\n")
      _ = Self.isInterrupted()
    }
    var editor = LineEditor(after: earlier)
    draw(editor)
    while let key = Key.read({ Self.byte(wait: -1) }, rest: { Self.byte(wait: 50) }) {
      guard let key else { continue }
      switch editor.press(key, completions: completions) {
      case .editing: break
      case .choices(let words): Self.write("\n\(words.joined(separator: "  "))\n")
      case .line(let line):
        if !line.isEmpty, line != earlier.last { earlier.append(line) }
        return line
      case .cancelled:
        Self.write("\n")
        editor = LineEditor(after: earlier)
      case .ended: return nil
      }
      draw(editor)
    }
    return nil
  }

  /// Shows the line, or as much of it around the cursor as there is room for.
  private func draw(_ editor: LineEditor) {
    let room = max(8, Terminal.standardOutput.columns - text.count - 1)
    let first = max(0, editor.cursor - room)
    let shown = String(editor.text[first...].prefix(room))
    Self.write("\r\(text)\(shown)\u{1B}[K\r\u{1B}[\(text.count + editor.cursor - first)C")
  }

  /// A byte of standard input; `nil` at its end, or when none comes within `wait` milliseconds (-1 waits for ever).
  private static func byte(wait: Int32) -> UInt8? {
    var descriptor = pollfd(fd: STDIN_FILENO, events: Int16(POLLIN), revents: 0)
    var ready: Int32
    repeat { ready = poll(&descriptor, 1, wait) } while ready < 0 && errno == EINTR
    var byte: UInt8 = 0
    guard ready > 0, read(STDIN_FILENO, &byte, 1) == 1 else { return nil }
    return byte
  }

  private static func write(_ text: String) {
    print(text, terminator: "")
    fflush(nil)
  }
}
