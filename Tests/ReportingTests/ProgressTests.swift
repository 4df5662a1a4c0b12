// Progress with a clock that the test winds and a sink that it reads.

import Testing

@testable import Reporting

/// A clock that stands still until it is wound, and what was written.
private final class Stage {
  var time = 100.0
  var written: [String] = []
  var terminal = Terminal(isInteractive: true, columns: 80, hasColour: false, hasUnicode: false)

  func meter(total: Int?, style: ProgressStyle? = nil, startingAt: Int = 0) -> ProgressMeter {
    ProgressMeter(
      "replay", total: total, unit: "steps", startingAt: startingAt, style: style, terminal: { self.terminal },
      clock: { self.time }, sink: { self.written.append($0) })
  }
}

private let erasure = "\r\u{1B}[K"

@Suite("Progress") struct ProgressTests {
  @Test func `a live line has bar, percentage, rate and time left`() {
    let stage = Stage()
    let meter = stage.meter(total: 4_000_000)
    stage.time += 1
    meter.update(1_000_000)
    #expect(
      stage.written == ["\rreplay  #########..........................   25 %  1.00 M steps/s  3.00 s left\u{1B}[K"])
    #expect(stage.written[0].count == 80 + 3)
    meter.finish()
    #expect(stage.written.last == erasure)
  }

  @Test func `where some units take longer than others, the share of the work tells the time left`() {
    let stage = Stage()
    let meter = stage.meter(total: 4_000_000)
    stage.time += 1
    meter.update(2_000_000, share: 0.25)
    #expect(stage.written[0].contains("  25 %  2.00 M steps/s  3.00 s left"))
    stage.time += 1
    meter.update(2_000_000, share: 0)
    #expect(stage.written[1].contains("   0 %  1.00 M steps/s") && !stage.written[1].contains("left"))
  }

  @Test func `a live line is redrawn ten times a second at most`() {
    let stage = Stage()
    let meter = stage.meter(total: 1000)
    for step in 0..<1000 {
      stage.time += 1.0 / 1024
      meter.update(step)
    }
    #expect((9...10).contains(stage.written.count))
  }

  @Test func `a narrow terminal keeps what matters most, on one line`() {
    for columns in 1...100 {
      let stage = Stage()
      stage.terminal.columns = columns
      let meter = stage.meter(total: 100)
      stage.time += 1
      meter.update(50)
      let line = stage.written[0].dropFirst().dropLast(3)
      #expect(line.count <= max(1, columns - 1))
      if columns > 15 { #expect(line.contains("50 %")) }
      if columns > 50 { #expect(line.contains("#")) }
    }
  }

  @Test func `the whole is claimed only at the end`() {
    let stage = Stage()
    let meter = stage.meter(total: 1000)
    stage.time += 1
    meter.update(999)
    #expect(stage.written[0].contains(" 99 %"))
    stage.time += 1
    meter.update(1000)
    #expect(stage.written[1].contains("100 %"))
  }

  @Test func `a log gets a line at each tenth but not more than one in five seconds`() {
    let stage = Stage()
    stage.terminal.isInteractive = false
    let meter = stage.meter(total: 100)
    for step in 1...100 {
      stage.time += 0.25
      meter.update(step)
    }
    #expect(stage.written.map { $0.prefix(12) } == ["replay: 20 %", "replay: 40 %", "replay: 60 %", "replay: 80 %"])
    #expect(stage.written[0] == "replay: 20 %, 4 steps/s, 20.0 s left\n")
    meter.finish()
    meter.finish()
    #expect(stage.written.count == 5)
    #expect(stage.written[4] == "replay: 100 steps in 25.0 s, 4 steps/s\n")
  }

  @Test func `a log of very slow work gets a line a minute`() {
    let stage = Stage()
    let meter = stage.meter(total: 1_000_000, style: .plain)
    for step in 1...121 {
      stage.time += 1
      meter.update(step)
    }
    #expect(stage.written.count == 2)
  }

  @Test func `silence is silent`() {
    let stage = Stage()
    let meter = stage.meter(total: 10, style: .silent)
    stage.time += 100
    meter.update(5)
    meter.note("unheard")
    meter.finish()
    #expect(stage.written == [])
    #expect(ProgressStyle.suited(to: stage.terminal, quiet: true) == .silent)
    #expect(ProgressStyle.suited(to: stage.terminal, quiet: false) == .live)
  }

  @Test func `an unknown total has a count and a rate`() {
    let stage = Stage()
    let meter = stage.meter(total: nil)
    stage.time += 2
    meter.update(5000)
    #expect(stage.written == ["\rreplay  5,000 steps  2.50 k steps/s\u{1B}[K"])
  }

  @Test func `a log of work that nobody knows the length of gets a line now and then`() {
    let stage = Stage()
    let meter = stage.meter(total: nil, style: .plain)
    var times: [Int] = []
    for second in 1...200 {
      stage.time += 1
      meter.update(second)
      if stage.written.count > times.count { times.append(second) }
    }
    #expect(times == [5, 10, 20, 40, 80, 140, 200])
    #expect(stage.written[0] == "replay: 5 steps, 1 steps/s\n")
  }

  @Test(arguments: [("schedules", "1 schedule in"), ("accesses", "1 access in"), ("updates", "1 update in")])
  func `one is no plural`(unit: String, text: String) {
    var written: [String] = []
    let meter = ProgressMeter("a", total: nil, unit: unit, style: .plain, clock: { 0 }, sink: { written.append($0) })
    meter.update(1)
    meter.finish()
    #expect(written.count == 1 && written[0].hasPrefix("a: \(text) "), "\(written)")
  }

  @Test func `work done before does not count towards the rate`() {
    let stage = Stage()
    let meter = stage.meter(total: 1000, style: .plain, startingAt: 900)
    stage.time += 5
    meter.update(950)
    #expect(stage.written == [])
    meter.finish()
    #expect(stage.written == ["replay: 50 steps in 5.00 s, 10 steps/s\n"])
  }

  @Test func `a note stands above the live line`() {
    let stage = Stage()
    let meter = stage.meter(total: 10)
    stage.time += 1
    meter.update(5)
    let line = stage.written[0]
    meter.note("worker 3 finished")
    #expect(stage.written == [line, erasure, "worker 3 finished\n", line])
  }

  @Test func `a meter that an error lets go of leaves a clean line`() {
    let stage = Stage()
    do {
      let meter = stage.meter(total: 10)
      stage.time += 1
      meter.update(5)
    }
    #expect(stage.written.last == erasure)
  }
}
