// The reduced search meets everything that all interleavings meet, each class of them once; and a reduction with a
// mistake in it does not.

import PropertyTesting
import Testing

@testable import Lockstep

@Suite struct ReductionTests {
  @Test func eachClassOfInterleavingsIsRunExactlyOnce() {
    var (interleavings, schedules, redundant) = (0, 0, 0)
    expectProperty("the search meets what all interleavings meet", of: SmallProgram.generator, cases: 2000) { program in
      let all = Everything(program).within(.max)
      let found = Everything(exploring: program)
      interleavings += all.count
      schedules += found.schedules.count
      redundant += found.redundant
      return found.schedules.ends == all.ends && found.schedules.forms == all.forms
        && found.schedules.count == all.forms.count && found.classes == all.forms.count
    }
    let factor = Double(interleavings) / Double(schedules + redundant)
    print("\(interleavings) interleavings, \(schedules) classes, \(redundant) given up: reduced by \(factor)")
    #expect(factor > 4 && schedules > 2000 && redundant < schedules / 18)
  }

  @Test func withABoundEveryEndThatSoFewPreemptionsLeadToIsMet() {
    var repeated = 0
    expectProperty("nothing within the bound is missed", of: SmallProgram.generator, cases: 400) { program in
      let everything = Everything(program)
      return (0...2).allSatisfy { bound in
        let all = everything.within(bound)
        let found = Everything(exploring: program, preemptionBound: bound)
        if found.schedules.count > found.classes { repeated += 1 }
        return found.schedules.ends == all.ends && found.schedules.forms == all.forms
          && found.classes == all.forms.count && found.schedules.allSatisfy { $0.form.preemptions <= bound }
      }
    }
    #expect(repeated > 0, "classes are told from schedules only where they differ")
  }

  /// The original algorithm, which looks only at the latest conflicting access, loses the class in which process 2
  /// reads before and process 1 after the write, once there are sleep sets.
  @Test func aRaceBehindALaterRaceIsReversedToo() {
    let program = SmallProgram(processes: [[.write(0)], [.read(1), .read(0)], [.read(0)]])
    #expect(Everything(exploring: program).schedules.forms == Everything(program).within(.max).forms)
    #expect(Everything(exploring: program).schedules.count == 4)
  }

  /// Process 2 could have taken the lock only before process 1 did, and never says so by taking it.
  @Test func aRaceWithAProcessThatWaitsForEverIsReversedToo() {
    let program = SmallProgram(processes: [[.release(0)], [.read(0), .acquire(0)], [.acquire(0)]])
    #expect(Everything(exploring: program).schedules.forms == Everything(program).within(.max).forms)
  }

  /// Under a bound process 1, which has to go first for its write to precede the read, may only be able to once process
  /// 2 has gone: then everybody who can must be tried.
  @Test(arguments: 0...2)
  func whereTheOneThatHasToGoCannotEverybodyElseIsTried(bound: Int) {
    let program = SmallProgram(processes: [[.read(1)], [.take(0), .write(1)], [.write(0)]])
    let found = Everything(exploring: program, preemptionBound: bound).schedules
    #expect(found.forms == Everything(program).within(bound).forms)
  }

  /// Each conflict forgotten, and sleepers that are not woken by a kind of access: the property above must notice.
  @Test(arguments: Mistake.all)
  fileprivate func aMistakeInTheReductionIsCaught(mistake: Mistake) {
    let found = counterexample(of: SmallProgram.generator, cases: 2000) { program in
      let all = Everything(program).within(.max)
      let found = Everything(exploring: program, reduction: mistake.reduction).schedules
      return found.ends == all.ends && found.forms == all.forms && found.count == all.forms.count
    }
    let accesses = found?.value.processes.joined().count
    #expect(accesses.map { 2...5 ~= $0 } == true, "a counterexample shrinks to the few accesses that it needs")
  }

  @Test func aSearchUnderABoundThatForgetsConflictsIsCaught() {
    let mistake = Mistake(.conflict, .read, .write)
    let found = counterexample(of: SmallProgram.generator, cases: 2000) { program in
      let found = Everything(exploring: program, preemptionBound: 1, reduction: mistake.reduction)
      return found.schedules.ends == Everything(program).within(1).ends
    }
    #expect(found != nil)
  }
}

/// What is wrong with a reduction.
private struct Mistake: CustomTestStringConvertible, Sendable {
  enum Part { case conflict, waking }

  var part: Part
  var earlier: Access.Kind
  var later: Access.Kind

  init(_ part: Part, _ earlier: Access.Kind, _ later: Access.Kind) {
    (self.part, self.earlier, self.later) = (part, earlier, later)
  }

  static let all = [
    Mistake(.conflict, .read, .write), Mistake(.conflict, .write, .read), Mistake(.conflict, .write, .write),
    Mistake(.conflict, .update, .update), Mistake(.conflict, .acquire, .acquire),
    Mistake(.waking, .read, .write), Mistake(.waking, .write, .read), Mistake(.waking, .write, .write),
    Mistake(.waking, .release, .acquire),
  ]

  var reduction: ScheduleTree.Reduction {
    let (earlier, later) = (earlier, later)
    let mistaken: HappensBefore.Dependence = {
      $0.conflicts(with: $1) && !($0.kind == earlier && $1.kind == later)
    }
    switch part {
    case .conflict: return ScheduleTree.Reduction(dependence: mistaken)
    case .waking: return ScheduleTree.Reduction(wakes: mistaken)
    }
  }

  var testDescription: String { "\(part) of \(earlier) with \(later) forgotten" }
}

/// The schedules of a program, all or those that a search runs.
private struct Everything {
  struct Schedule {
    var end: EndState
    var form: ScheduleForm
  }

  var schedules: [Schedule] = []
  var redundant = 0
  var classes = 0

  /// Every interleaving.
  init(_ program: SmallProgram) {
    let start = program.run()
    everySchedule(of: start) { add($0, $1, of: start) }
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
    while let outcome = exploration.next() { add(outcome.choices, outcome.end, of: start) }
    redundant = exploration.redundant
    classes = exploration.classes
  }

  func within(_ bound: Int) -> [Schedule] { schedules.filter { $0.form.preemptions <= bound } }

  private mutating func add(
    _ choices: [Int], _ end: Simulation<Program<Memory>, Replayed>, of start: Simulation<Program<Memory>, Replayed>
  ) {
    schedules.append(Schedule(end: EndState(end), form: ScheduleForm(choices, of: start)))
  }
}

extension [Everything.Schedule] {
  fileprivate var ends: Set<EndState> { Set(map(\.end)) }
  fileprivate var forms: Set<[Int]> { Set(map(\.form.normal)) }
}
