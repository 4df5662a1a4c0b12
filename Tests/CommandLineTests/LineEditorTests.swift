// Typing at the prompt: what keys do to a line, and which bytes are which keys.

import Testing

@testable import a3c

/// The keys that terminals send as `bytes`; `nil` for those that are none.
private func keys(_ bytes: [UInt8]) -> [Key?] {
  var rest = bytes[...]
  var keys: [Key?] = []
  while let key = Key.read({ rest.popFirst() }, rest: { rest.popFirst() }) { keys.append(key) }
  return keys
}

/// What `typed` makes of an empty line.
private func edited(
  _ typed: [Key], after earlier: [String] = [], completions: (String) -> [String] = { _ in [] }
) -> (text: String, cursor: Int, outcome: LineEditor.Outcome) {
  var editor = LineEditor(after: earlier)
  var outcome = LineEditor.Outcome.editing
  for key in typed { outcome = editor.press(key, completions: completions) }
  return (String(editor.text), editor.cursor, outcome)
}

private func letters(_ text: String) -> [Key] { text.map(Key.character) }

@Suite struct LineEditorTests {
  @Test func `keys move through a line and change it where the cursor is`() {
    let cases: [(keys: [Key], text: String, cursor: Int)] = [
      (letters("step 3"), "step 3", 6),
      (letters("tep") + [.home, .character("s"), .end, .character("!")], "step!", 5),
      (letters("stop") + [.left, .left, .delete, .character("e")], "step", 3),
      (letters("stepp") + [.backspace], "step", 4),
      ([.left, .backspace, .delete, .right], "", 0),
      (letters("step 3") + [.left, .left, .cutToEnd], "step", 4),
      (letters("step 3") + [.left, .cutToBeginning], "3", 0),
      (letters("break on  ") + [.cutWord], "break ", 6),
      (letters("ü→") + [.left, .backspace], "→", 0),
    ]
    for (keys, text, cursor) in cases {
      let result = edited(keys)
      #expect(result.text == text && result.cursor == cursor && result.outcome == .editing)
    }
  }

  @Test func `a line is done, given up, or the last`() {
    #expect(edited(letters("back") + [.home, .enter]).outcome == .line("back"))
    #expect(edited(letters("back") + [.cancel]).outcome == .cancelled)
    #expect(edited([.endOfInput]).outcome == .ended)
    #expect(edited(letters("ab") + [.home, .endOfInput]).text == "b")
  }

  @Test func `earlier lines come back, and the new one is not lost`() {
    let earlier = ["step", "where"]
    #expect(edited(letters("ba") + [.up], after: earlier).text == "where")
    #expect(edited(letters("ba") + [.up, .up, .up], after: earlier).text == "step")
    #expect(edited(letters("ba") + [.up, .up, .down, .down], after: earlier).text == "ba")
    #expect(edited([.down], after: earlier).text == "")
  }

  @Test func `a tab goes on as far as all completions agree`() {
    func complete(_ typed: String, _ words: [String]) -> (text: String, outcome: LineEditor.Outcome) {
      let result = edited(letters(typed) + [.tab]) { _ in words }
      return (result.text, result.outcome)
    }
    #expect(complete("st", ["step"]) == ("step ", .editing))
    #expect(complete("print si", ["sigma.weight", "sigma.bias"]) == ("print sigma.", .editing))
    #expect(complete("s", ["step", "save"]) == ("s", .choices(["step", "save"])))
    #expect(complete("x", []) == ("x", .editing))
    let middle = edited(letters("st 3") + [.left, .left, .tab]) { $0 == "st" ? ["step"] : [] }
    #expect(middle.text == "step  3" && middle.cursor == 5)
  }

  @Test func `bytes are the keys that terminals send`() {
    #expect(keys(Array("aü".utf8)) == [.character("a"), .character("ü")])
    #expect(keys([0x01, 0x05, 0x0b, 0x15, 0x17]) == [.home, .end, .cutToEnd, .cutToBeginning, .cutWord])
    #expect(
      keys([0x03, 0x04, 0x7f, 0x08, 0x09, 0x0d]) == [.cancel, .endOfInput, .backspace, .backspace, .tab, .enter])
    let sequences: [(String, Key?)] = [
      ("[A", .up), ("[B", .down), ("[C", .right), ("[D", .left), ("[H", .home), ("[F", .end), ("OH", .home),
      ("OF", .end),
      ("[1~", .home), ("[4~", .end), ("[7~", .home), ("[8~", .end), ("[3~", .delete), ("[5~", nil), ("[1;5Z", nil),
      ("x", nil),
    ]
    for (text, key) in sequences { #expect(keys([0x1b] + Array(text.utf8)) == [key], "ESC \(text)") }
    #expect(keys([0x1b]) == [nil] && keys([0x00]) == [nil] && keys([0xff, 0xff]) == [nil] && keys([]) == [])
  }
}
