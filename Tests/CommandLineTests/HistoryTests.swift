// What the page of a replay says of a run, against the run itself: versions, copies, and what comes next.

import Experiments
import Foundation
import Lockstep
import Reporting
import Sharing
import Testing
import Training

@testable import a3c

@Suite("Histories of replays") struct HistoryTests {
  /// A replay that keeps its accesses.
  private func replay(_ arguments: String) throws -> (report: RunReport, recorder: TimelineRecorder) {
    let folder = try TemporaryFolder()
    let words = arguments.split(separator: " ").map(String.init) + ["--html", folder.path("run.html")]
    let (report, recorder) = try ReplayCommand(ReplayCommand.declaration.parse(words)).replay(style: .silent)
    return (report, try #require(recorder))
  }

  private func history(_ recorder: TimelineRecorder, last count: Int = TimelineRecorder.pageLimit) -> AccessHistory {
    recorder.history(title: "", command: "", last: count)
  }

  /// The state after the first `count` accesses of a history, and the accesses that disagree with it.
  private func walk(_ history: AccessHistory, _ count: Int? = nil) -> (end: AccessHistory.State, wrong: [Int]) {
    var state = history.start
    var wrong: [Int] = []
    for (index, access) in history.accesses.prefix(count ?? .max).enumerated() {
      let operation = history.operations[access.operation]
      state.apply(operation, by: access.process, number: history.skipped + index + 1)
      if state.objects[operation.objects.lowerBound].version != access.version { wrong.append(index) }
    }
    return (state, wrong)
  }

  /// Where a state and the program's report of it differ.
  private func differences(_ state: AccessHistory.State, _ report: RunReport) throws -> [String] {
    let (blocks, workers) = (try #require(report.blocks), try #require(report.stopped))
    var differences: [String] = []
    for (number, block) in blocks.enumerated() {
      let object = state.objects[number]
      if object.version != Int(block.version) { differences.append("version of \(block.block)") }
      if object.lastWriter != block.lastWriter { differences.append("writer of \(block.block)") }
      for (place, worker) in workers.enumerated()
      where state.copy(of: number, by: place).version ?? 0 != worker.versions[number] {
        differences.append("copy of \(block.block) by \(worker.name)")
      }
    }
    return differences
  }

  private static let runs = [
    "--seed 1 --until 700", "--seed 2 --protocol sharded --schedule random --until 800",
    "--seed 3 --protocol locked --workers 5 --until 90", "--seed 4 --schedule round-robin --workers 3 --until 999",
    "--seed 5 --workers 3 --max-steps 20 --granularity chunk:100 --until 2000",
    "--seed 6 --workers 4 --max-steps 10 --repair no-initial-pull --until 600",
    "--seed 7 --workers 3 --protocol in-place --schedule random --until 800",
    "--seed 8 --workers 3 --protocol gradient-slot --schedule random --until 800",
    "--seed 8 --workers 3 --protocol bind-once --until 800",
    "--seed 9 --workers 3 --protocol overwrite --max-steps 20 --until 800",
    "--seed 10 --workers 2 --protocol sharded --set stepCount=readTwice --schedule random --until 700",
    "--seed 11 --workers 3 --max-steps 15 --set acting=sharedNet --schedule random --until 900",
    "--seed 12 --workers 4 --max-steps 4 --protocol sharded --schedule random --set episodeCount=loadThenStore "
      + "--set rewardSmoothing=checkThenSet --until 2000",
  ]

  @Test(arguments: runs) func `walking a history leads to the state of the run`(arguments: String) throws {
    let (report, recorder) = try replay(arguments)
    let history = history(recorder)
    let (end, wrong) = walk(history)
    #expect(history.accesses.count == report.accesses && wrong.isEmpty)
    #expect(try differences(end, report).isEmpty)
    let blocks = end.objects.prefix(try #require(report.blocks).count)
    #expect(blocks.allSatisfy { $0.updates <= $0.version })
    let lost = blocks.contains { $0.updates < $0.version }
    #expect(lost == (report.hazards["lost-update"]! + report.hazards["overwrite"]! > 0))
    // Without the last change of a block the walk leads elsewhere.
    let last = try #require(
      history.accesses.lastIndex { access in
        let operation = history.operations[access.operation]
        return operation.effect.isChange && blocks.indices.contains(operation.objects.lowerBound)
      })
    #expect(try !differences(walk(history, last).end, report).isEmpty)
  }

  @Test func `an access that was altered disagrees with those around it`() throws {
    var history = history(try replay("--seed 1 --until 700").recorder)
    history.accesses[300].version += 1
    #expect(walk(history).wrong == [300])
  }

  @Test func `a window begins in the state that the accesses before it lead to`() throws {
    let recorder = try replay("--seed 1 --until 700").recorder
    let whole = history(recorder)
    for count in [1, 250, 699] {
      let window = history(recorder, last: count)
      #expect(window.skipped == 700 - count && window.accesses == whole.accesses.suffix(count))
      #expect(window.start == walk(whole, 700 - count).end)
      #expect(window.findings == whole.findings.filter { $0.access > 700 - count })
    }
  }

  @Test func `a page has the last accesses up to its limit`() throws {
    let (report, recorder) = try replay("--seed 8 --workers 4 --until 20300")
    let history = history(recorder)
    #expect(history.accesses.count == TimelineRecorder.pageLimit && history.skipped == 300)
    #expect(history.start == walk(self.history(try replay("--seed 8 --workers 4 --until 300").recorder)).end)
    let (end, wrong) = walk(history)
    #expect(wrong.isEmpty)
    #expect(try differences(end, report).isEmpty)
  }

  @Test func `a lost update is found with the store that is lost`() throws {
    let (report, recorder) = try replay("--seed 1 --until 700")
    let history = history(recorder)
    let kind = try #require(history.hazards.firstIndex { $0.id == "lost-update" })
    let lost = history.findings.filter { $0.hazard == kind }
    #expect(lost.count == report.hazards["lost-update"])
    for finding in lost {
      let (effect, cause) = (history.accesses[finding.access - 1], history.accesses[try #require(finding.cause) - 1])
      #expect(history.operations[cause.operation].effect == .store)
      #expect(cause.operation == effect.operation && cause.version == effect.version - 1)
    }
  }

  /// The hazards of two accesses that each of `runs` shows.
  private static let hazardsOfTwo: [Set<String>] = [
    ["lost-update"], [], [], ["lost-update"], ["lost-update"], ["lost-update"], ["half-moment"], ["gradient-slot"], [],
    ["overwrite"], ["split-step"], ["lost-update", "view-acting"], ["lost-count", "running-reward"],
  ]

  @Test(arguments: zip(runs, hazardsOfTwo))
  func `a hazard is found with another worker's change of the same object`(
    arguments: String, expected: Set<String>
  ) throws {
    let history = history(try replay(arguments).recorder)
    var caused: Set<String> = []
    for finding in history.findings {
      guard let number = finding.cause else { continue }
      let (effect, cause) = (history.accesses[finding.access - 1], history.accesses[number - 1])
      let (done, did) = (history.operations[effect.operation], history.operations[cause.operation])
      #expect(effect.process != cause.process && done.objects == did.objects)
      #expect(did.effect.isChange || did.effect == .part)
      caused.insert(history.hazards[finding.hazard].id)
    }
    #expect(caused == expected)
  }

  @Test func `an update that was turned away changes nothing`() throws {
    var configuration = Preset.sjtu.configuration
    (configuration.sharing, configuration.stalenessBound) = (.locked, 4)
    var simulation = try configuration.makeSimulation(.random, scheduleSeed: 1)
    var recorder = TimelineRecorder(simulation, limit: 1000)
    for _ in 0..<400 {
      let step = simulation.advance()
      recorder.record(try #require(step), in: simulation)
    }
    let history = history(recorder)
    let refused = try #require(history.operations.firstIndex { $0.words == "exchange the model, refused" })
    #expect(history.operations[refused].effect == .read)
    #expect(history.accesses.count { $0.operation == refused } == simulation.world.statistics.refused)
    #expect(walk(history).wrong.isEmpty)
  }

  @Test func `a picture of a part of a run says which accesses it shows`() throws {
    let recorder = try replay("--seed 1 --until 2700").recorder
    #expect(recorder.timeline(title: "Run", subtitle: "", last: 4000).title == "Run")
    #expect(recorder.timeline(title: "Run", subtitle: "", last: 40).title == "Run, accesses 2,661 to 2,700")
  }

  @Test func `a history may begin where a run goes on`() throws {
    var configuration = Preset.sjtu.configuration
    (configuration.sharing, configuration.workers) = (.sharded, 3)
    var simulation = try configuration.makeSimulation(.random, scheduleSeed: 1)
    for _ in 0..<500 { _ = simulation.advance() }
    var recorder = TimelineRecorder(simulation, limit: 1000)
    for _ in 0..<400 {
      let step = simulation.advance()
      recorder.record(try #require(step), in: simulation)
    }
    let (end, wrong) = walk(history(recorder))
    #expect(history(recorder).start.objects[0].version > 0 && wrong.isEmpty)
    for block in simulation.world.model.blocks.indices {
      #expect(end.objects[block].version == Int(simulation.world.model.provenance(of: block).version))
      for worker in simulation.processes {
        #expect(end.copy(of: block, by: worker.number).version == Int(worker.base[block]))
      }
    }
  }

  @Test func `the page of a recorded run is written`() throws {
    let folder = try TemporaryFolder()
    let settings = ["--protocol", "sharded", "--workers", "2", "--max-steps", "30"]
    for words in [
      ["train", "--episodes", "3", "--record", "a.trace"] + settings,
      ["replay", "--trace", "a.trace", "--html", "a.html"],
    ] {
      let run = try ProgramRun(words, in: folder.url)
      #expect(run.exitCode == 0, "\(run.errors)")
    }
    let page = try String(contentsOfFile: folder.path("a.html"), encoding: .utf8)
    #expect(page.contains("<h1>sjtu, sharded, recorded: 2 workers</h1>"))
    #expect(page.contains(#""command":"a3c replay --trace a.trace""#))
  }
}
