// The reduced search meets everything that all interleavings meet, each class of them once; and a reduction with a
// mistake in it does not.

import PropertyTesting
import Testing

@testable import Lockstep

@Suite struct ExplorationTests {
  @Test func eachClassOfInterleavingsIsRunExactlyOnce() {
    var interleavings = 0
    var schedules = 0
    var redundant = 0
    expectProperty("the search meets what all interleavings meet", of: SmallProgram.generator, cases: 2000) { program in
      let all = Everything(program)
      let found = Everything(exploring: program)
      interleavings += all.schedules
      schedules += found.schedules
      redundant += found.redundant
      return found.ends == all.ends && found.forms == all.forms && found.schedules == all.forms.count
        && found.classes == all.forms.count
    }
    print(
      "\(interleavings) interleavings, \(schedules) classes, \(redundant) redundant: "
        + "a mean reduction by \(Double(interleavings) / Double(schedules + redundant))")
    #expect(schedules < interleavings / 4, "nothing was reduced")
  }

  @Test(arguments: 0...2)
  func withABoundEveryEndThatSoFewPreemptionsLeadToIsMet(bound: Int) {
    var more = 0
    var interleavings = 0
    var schedules = 0
    expectProperty("nothing within the bound is missed", of: SmallProgram.generator, cases: 1000) { program in
      let all = Everything(program, preemptionBound: bound)
      let found = Everything(exploring: program, preemptionBound: bound)
      interleavings += all.schedules
      schedules += found.schedules
      if found.schedules > found.classes { more += 1 }
      return found.ends == all.ends && found.forms == all.forms && found.classes == all.forms.count
        && found.mostPreemptions <= bound
    }
    print("bound \(bound): \(interleavings) interleavings, \(schedules) schedules, \(more) with duplicates")
  }
}

/// What all schedules of a program, or all that a search runs, meet.
private struct Everything {
  var ends: Set<EndState> = []
  var forms: Set<[Int]> = []
  var schedules = 0
  var redundant = 0
  var classes = 0
  var mostPreemptions = 0

  /// Every interleaving.
  init(_ program: SmallProgram, preemptionBound: Int = .max) {
    let start = program.run()
    everySchedule(of: start) { choices, end in
      guard preemptionBound == .max || preemptions(choices, of: start) <= preemptionBound else { return }
      add(choices, end, of: start)
    }
  }

  /// What the search runs.
  init(
    exploring program: SmallProgram, preemptionBound: Int? = nil,
    reduction: ScheduleTree.Reduction = ScheduleTree.Reduction()
  ) {
    let start = program.run()
    var exploration = Exploration(
      from: start, stepLimit: 100, interval: 3, preemptionBound: preemptionBound,
      tree: ScheduleTree(
        first: start.processes.map(\.nextAccess), enabled: ProcessMask(start.candidates),
        preemptionBound: preemptionBound, reduction: reduction))
    while let outcome = exploration.next() {
      add(outcome.choices, outcome.end, of: start)
      if preemptionBound != nil { mostPreemptions = max(mostPreemptions, preemptions(outcome.choices, of: start)) }
    }
    redundant = exploration.redundant
    classes = exploration.classes
  }

  private mutating func add(
    _ choices: [Int], _ end: Simulation<Program<Memory>, Replayed>, of start: Simulation<Program<Memory>, Replayed>
  ) {
    schedules += 1
    ends.insert(EndState(end))
    forms.insert(normalForm(choices, of: start))
  }
}
