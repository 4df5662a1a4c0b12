// The page that walks a run, and the history behind it: what a store loses, what may stand in the file, and that the
// same history gives the same bytes.

import Foundation
import Testing

@testable import Reporting

/// Two processes that add to one counter; whoever stores last wins.
private func race(_ order: [(process: Int, effect: AccessHistory.Effect)]) -> AccessHistory {
  let effects = AccessHistory.Effect.allCases
  var version = 0
  let accesses = order.map { step in
    if step.effect.isChange { version += 1 }
    return AccessHistory.Entry(
      process: step.process, operation: effects.firstIndex(of: step.effect)!, version: version, update: 0)
  }
  let lost = AccessHistory.Finding(hazard: 0, access: accesses.count, cause: accesses.count - 1)
  return AccessHistory(
    title: "Two incrementers", command: "a3c replay", processes: ["one", "two"],
    objects: [AccessHistory.Object(name: "counter", isCopied: true)],
    start: AccessHistory.State(processes: 2, objects: 1), skipped: 0,
    operations: effects.map { AccessHistory.Operation($0, 0..<1, words: "\($0) the counter") }, accesses: accesses,
    hazards: [AccessHistory.HazardKind(id: "lost-update", meaning: "an update is gone")],
    findings: accesses.count > 1 ? [lost] : [])
}

private let lostUpdate = race([(0, .load), (1, .load), (0, .store), (1, .store)])

/// The part of a page between two marks.
private func part(of page: String, from begin: String, to end: String) throws -> Substring {
  let start = try #require(page.range(of: begin)?.upperBound)
  return page[start..<(try #require(page[start...].range(of: end)?.lowerBound))]
}

/// The data of a page, as its script reads it.
private func data(of page: String) throws -> [String: Any] {
  let json = try part(of: page, from: #"id="history">"#, to: "</script>")
  return try #require(try JSONSerialization.jsonObject(with: Data(json.utf8)) as? [String: Any])
}

@Suite("Access histories") struct AccessHistoryTests {
  /// The state after all accesses.
  private func end(of history: AccessHistory) -> AccessHistory.State {
    var state = history.start
    for (index, access) in history.accesses.enumerated() {
      state.apply(history.operations[access.operation], by: access.process, number: index + 1)
    }
    return state
  }

  @Test func `a store loses what was stored since its load, and nothing else does`() {
    func counts(_ order: [(Int, AccessHistory.Effect)]) -> [Int] {
      let object = end(of: race(order)).objects[0]
      return [object.version, object.updates]
    }
    #expect(counts([(0, .load), (1, .load), (0, .store), (1, .store)]) == [2, 1])
    #expect(counts([(0, .load), (0, .store), (1, .load), (1, .store)]) == [2, 2])
    #expect(counts([(0, .load), (1, .update), (1, .exchange), (0, .store)]) == [3, 1])
    #expect(counts([(0, .load), (0, .store), (1, .update), (0, .store)]) == [3, 1])
    #expect(counts([(0, .read), (1, .update), (0, .part), (0, .store)]) == [2, 1])
    #expect(counts([(0, .load), (1, .read), (1, .lock), (1, .part)]) == [0, 0])
  }

  @Test func `a copy is of the version that was read, and a load is over with its store`() {
    let before = end(of: race([(0, .update), (1, .read), (0, .update), (0, .load)]))
    #expect(before.copy(of: 0, by: 1).version == 1)
    #expect(before.copy(of: 0, by: 0).version == nil && before.copy(of: 0, by: 0).loaded == 2)
    let after = end(of: race([(0, .update), (1, .exchange), (0, .update), (0, .load), (0, .store)]))
    #expect(after.copy(of: 0, by: 1).version == 2 && after.copy(of: 0, by: 0).loaded == nil)
    #expect(after.objects[0].lastWriter == 0 && after.objects[0].lastWrite == 5)
  }

  @Test func `an operation on many objects acts on each`() {
    var state = AccessHistory.State(processes: 2, objects: 4)
    state.apply(AccessHistory.Operation(.exchange, 1..<3, words: "exchange"), by: 1, number: 1)
    #expect(state.objects.map(\.version) == [0, 1, 1, 0])
    #expect((0..<4).map { state.copy(of: $0, by: 1).version } == [nil, 1, 1, nil])
    #expect((0..<4).allSatisfy { state.copy(of: $0, by: 0) == AccessHistory.State.Copy() })
  }
}

@Suite("Pages that walk a run") struct ReplayPageTests {
  @Test func `the data are the history`() throws {
    let data = try data(of: try ReplayPage.render(lostUpdate))
    let accesses = try #require(data["accesses"] as? [String: [Int]])
    #expect(accesses["process"] == [0, 1, 0, 1] && accesses["version"] == [0, 0, 1, 2])
    #expect((data["findings"] as? [String: [Int]])?["cause"] == [3])
    #expect((data["start"] as? [String: [Int]])?["lastWriter"] == [-1])
    #expect(data["processes"] as? [String] == ["one", "two"])
  }

  @Test func `every column of the data is of what it is called`() throws {
    typealias History = AccessHistory
    var start = History.State(processes: 1, objects: 2)
    start.objects[1].version = 11
    start.objects[1].updates = 12
    start.objects[1].lastWriter = 0
    start.objects[1].lastWrite = 14
    start.copies[1].version = 21
    start.copies[1].updates = 22
    start.copies[1].loaded = 23
    start.copies[1].loadedUpdates = 24
    let history = History(
      title: "t", command: "c", processes: ["one"],
      objects: [History.Object(name: "a", isCopied: true), History.Object(name: "b", isCopied: false)], start: start,
      skipped: 14, operations: [History.Operation(.exchange, 0..<2, words: "w")],
      accesses: [History.Entry(process: 0, operation: 0, version: 31, update: 32)],
      hazards: [History.HazardKind(id: "lost-update", meaning: "m")],
      findings: [History.Finding(hazard: 0, access: 15), History.Finding(hazard: 0, access: 15, cause: 14)])
    let data = try data(of: try ReplayPage.render(history))
    #expect(
      data["start"] as? [String: [Int]] == [
        "version": [0, 11], "updates": [0, 12], "lastWriter": [-1, 0], "lastWrite": [-1, 14], "copy": [-1, 21],
        "copyUpdates": [0, 22], "loaded": [-1, 23], "loadedUpdates": [0, 24],
      ])
    #expect(data["copied"] as? [Int] == [0] && data["skipped"] as? Int == 14)
    #expect(data["objects"] as? [String] == ["a", "b"])
    let operation = try #require((data["operations"] as? [[String: Any]])?.first)
    #expect(operation["first"] as? Int == 0 && operation["end"] as? Int == 2)
    #expect(operation["effect"] as? String == "exchange" && operation["words"] as? String == "w")
    #expect(
      data["accesses"] as? [String: [Int]] == ["process": [0], "operation": [0], "version": [31], "update": [32]])
    #expect(data["findings"] as? [String: [Int]] == ["hazard": [0, 0], "access": [15, 15], "cause": [-1, 14]])
  }

  @Test func `a finding whose cause does not come before it is a programmer's error`() async {
    await #expect(processExitsWith: .failure) {
      _ = AccessHistory(
        title: "", command: "", processes: ["one"], objects: [AccessHistory.Object(name: "a", isCopied: true)],
        start: AccessHistory.State(processes: 1, objects: 1), skipped: 0,
        operations: [AccessHistory.Operation(.read, 0..<1, words: "")],
        accesses: [AccessHistory.Entry(process: 0, operation: 0, version: 0, update: 0)],
        hazards: [AccessHistory.HazardKind(id: "lost-update", meaning: "")],
        findings: [AccessHistory.Finding(hazard: 0, access: 1, cause: 1)])
    }
  }

  @Test func `no text of a run can become markup or end the script`() throws {
    let attack = #"</script><script>alert(1)</script><!--<b title="x">&'"#
    var history = lostUpdate
    (history.title, history.command, history.processes[0]) = (attack, attack, attack)
    history.operations[0].words = attack
    let page = try ReplayPage.render(history)
    let plain = try ReplayPage.render(lostUpdate)
    for tag in ["<script", "</script", "<!--", "<b "] {
      #expect(page.components(separatedBy: tag).count == plain.components(separatedBy: tag).count, "\(tag)")
    }
    let data = try data(of: page)
    #expect(data["command"] as? String == attack && (data["processes"] as? [String])?.first == attack)
    #expect(page.contains("<h1>&lt;/script&gt;"))
    // Without the other spelling of `<` it would.
    let json = String(decoding: try JSONEncoder().encode(["<!--<script>"]), as: UTF8.self)
    #expect(json.contains("<!--<script>") && !ReplayPage.escapedForScript(json).contains("<"))
  }

  @Test func `the page needs nothing but itself`() throws {
    let page = try ReplayPage.render(lostUpdate)
    #expect(Self.references(in: page).isEmpty, "\(Self.references(in: page))")
    #expect(page.contains("content=\"default-src 'none'; "))
    for example in [
      #"<img src="a.png">"#, #"<link href="a.css">"#, "a { background: url(a.png) }", "import('a.js')", "fetch('a')",
      "@import 'a.css'", "https://example.org/a.js", "eval('1')", "new Function('1')", "box.innerHTML = text",
    ] {
      #expect(!Self.references(in: page + example).isEmpty, "\(example)")
    }
  }

  /// What in a page could load something, or run text.
  private static func references(in page: String) -> [Substring] {
    let pattern =
      #/\b(src|href)\s*=|url\(|@import|\bimport\b|fetch\(|XMLHttpRequest|eval\(|Function\(|innerHTML|https?:[^'"]+/#
    return page.matches(of: pattern.ignoresCase()).map(\.output.0).filter { $0 != "http://www.w3.org/2000/svg" }
  }

  @Test func `every element that the script looks for is there, and no id twice`() throws {
    let page = try ReplayPage.render(lostUpdate)
    let ids = page.matches(of: #/ id="([A-Za-z]+)"/#).map { String($0.output.1) }
    #expect(Set(ids).count == ids.count)
    let wanted = page.matches(of: #/(?:byId|onClick)\('([A-Za-z]+)'/#).map { String($0.output.1) }
    #expect(wanted.count > 40)
    // The script makes the cursor itself.
    #expect(Set(wanted).subtracting(ids) == ["cursor"])
  }

  @Test func `the same history gives the same bytes, and few`() throws {
    let page = try ReplayPage.render(lostUpdate)
    #expect(page == (try ReplayPage.render(lostUpdate)))
    let order = (0..<20_000).map { (process: $0 % 2, effect: $0 % 4 < 2 ? AccessHistory.Effect.load : .store) }
    let long = try ReplayPage.render(race(order))
    #expect(long.utf8.count - page.utf8.count < 20 * order.count)
  }

  @Test func `a history without accesses is a page too`() throws {
    let data = try data(of: try ReplayPage.render(race([])))
    #expect((data["accesses"] as? [String: [Int]])?["process"] == [])
  }
}
