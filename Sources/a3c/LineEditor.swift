// A line of text under somebody's fingers. It knows keys, not terminals, so that tests can type.

/// A key, as far as an editor of one line cares.
enum Key: Equatable {
  case character(Character)
  case enter, tab
  case left, right, home, end, up, down
  case backspace, delete
  /// Deletes to the end of the line (control-K), to its beginning (control-U), or the word before the cursor
  /// (control-W).
  case cutToEnd, cutToBeginning, cutWord
  /// Gives the line up (control-C).
  case cancel
  /// Ends the input where the line is empty (control-D).
  case endOfInput

  /// The key whose bytes come next; `nil` where there are no more, or where they are none that is known.
  /// - Parameters:
  ///   - byte: waits for a byte.
  ///   - rest: a byte that comes at once, as those of an escape sequence do.
  static func read(_ byte: () -> UInt8?, rest: () -> UInt8?) -> Key?? {
    guard let first = byte() else { return .none }
    switch first {
    case 0x01: return .some(.home)
    case 0x03: return .some(.cancel)
    case 0x04: return .some(.endOfInput)
    case 0x05: return .some(.end)
    case 0x08, 0x7f: return .some(.backspace)
    case 0x09: return .some(.tab)
    case 0x0a, 0x0d: return .some(.enter)
    case 0x0b: return .some(.cutToEnd)
    case 0x15: return .some(.cutToBeginning)
    case 0x17: return .some(.cutWord)
    case 0x1b: return .some(escaped(rest))
    case 0x00..<0x20: return .some(nil)
    default: return .some(character(first, rest))
    }
  }

  /// A key that sends an escape sequence: `ESC [` or `ESC O`, digits, and a letter or `~`.
  private static func escaped(_ rest: () -> UInt8?) -> Key? {
    let introducers = [UInt8(ascii: "["), UInt8(ascii: "O")]
    guard let introducer = rest(), introducers.contains(introducer) else { return nil }
    var parameters = ""
    while let byte = rest() {
      switch byte {
      case 0x30...0x3f: parameters.unicodeScalars.append(Unicode.Scalar(byte))
      case UInt8(ascii: "A"): return .up
      case UInt8(ascii: "B"): return .down
      case UInt8(ascii: "C"): return .right
      case UInt8(ascii: "D"): return .left
      case UInt8(ascii: "H"): return .home
      case UInt8(ascii: "F"): return .end
      case UInt8(ascii: "~"):
        return switch parameters {
        case "1", "7": .home
        case "3": .delete
        case "4", "8": .end
        default: nil
        }
      default: return nil
      }
    }
    return nil
  }

  /// A character whose UTF-8 begins with `first`.
  private static func character(_ first: UInt8, _ rest: () -> UInt8?) -> Key? {
    var bytes = [first]
    let length = first < 0x80 ? 1 : first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2
    while bytes.count < length, let byte = rest() { bytes.append(byte) }
    let text = String(validating: bytes, as: UTF8.self)
    return text?.first.map(Key.character)
  }
}

/// One line as it is edited, with the lines before it.
struct LineEditor {
  /// What a key led to.
  enum Outcome: Equatable {
    /// The line is still edited.
    case editing
    /// There are several ways to go on, to be shown.
    case choices([String])
    /// The line is done.
    case line(String)
    /// It was given up.
    case cancelled
    /// There will be no more lines.
    case ended
  }

  /// The line.
  private(set) var text: [Character] = []
  /// How many characters are before the cursor.
  private(set) var cursor = 0

  private let earlier: [String]
  /// Which of the earlier lines is shown; their count for the new one.
  private var position: Int
  /// The new line, while an earlier one is shown.
  private var unfinished: [Character] = []

  /// An empty line after `earlier` ones, the latest last.
  init(after earlier: [String]) {
    self.earlier = earlier
    position = earlier.count
  }

  /// Follows a key.
  /// - Parameter completions: the words that the text before the cursor could go on with in the place of its last.
  mutating func press(_ key: Key, completions: (String) -> [String]) -> Outcome {
    switch key {
    case .character(let character):
      text.insert(character, at: cursor)
      cursor += 1
    case .left: cursor = max(0, cursor - 1)
    case .right: cursor = min(text.count, cursor + 1)
    case .home: cursor = 0
    case .end: cursor = text.count
    case .up: show(position - 1)
    case .down: show(position + 1)
    case .backspace: if cursor > 0 { cut(cursor - 1..<cursor) }
    case .delete: if cursor < text.count { cut(cursor..<cursor + 1) }
    case .cutToEnd: cut(cursor..<text.count)
    case .cutToBeginning: cut(0..<cursor)
    case .cutWord:
      let spaces = text[..<cursor].reversed().prefix { $0 == " " }.count
      let letters = text[..<(cursor - spaces)].reversed().prefix { $0 != " " }.count
      cut(cursor - spaces - letters..<cursor)
    case .tab: return complete(completions)
    case .enter: return .line(String(text))
    case .cancel: return .cancelled
    case .endOfInput:
      if text.isEmpty { return .ended }
      if cursor < text.count { cut(cursor..<cursor + 1) }
    }
    return .editing
  }

  private mutating func cut(_ range: Range<Int>) {
    text.removeSubrange(range)
    cursor = range.lowerBound
  }

  private mutating func show(_ wanted: Int) {
    guard 0...earlier.count ~= wanted else { return }
    if position == earlier.count { unfinished = text }
    position = wanted
    text = wanted == earlier.count ? unfinished : Array(earlier[wanted])
    cursor = text.count
  }

  /// Goes on as far as all completions agree.
  private mutating func complete(_ completions: (String) -> [String]) -> Outcome {
    let before = String(text[..<cursor])
    let words = completions(before)
    guard let first = words.first else { return .editing }
    let begun = text[..<cursor].reversed().prefix { $0 != " " }.count
    let common = words.dropFirst().reduce(Substring(first)) { Substring($0.commonPrefix(with: $1)) }
    var addition = Array(common.dropFirst(begun))
    if words.count == 1 { addition.append(" ") }
    guard !addition.isEmpty else { return .choices(words) }
    text.insert(contentsOf: addition, at: cursor)
    cursor += addition.count
    return .editing
  }
}
