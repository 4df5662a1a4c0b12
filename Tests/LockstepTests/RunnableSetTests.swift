// The bit set agrees with a set of integers, also where one word ends and the next begins.

import Lockstep
import Testing

@Suite struct RunnableSetTests {
  @Test(arguments: [1, 2, 63, 64, 65, 127, 128, 129, 200])
  func theSetAgreesWithASetOfIntegersAfterRandomOperations(processes: Int) {
    var generator = SplitMix64(seed: UInt64(processes))
    var set = RunnableSet(processes: processes, all: false)
    var model: Set<Int> = []
    for operation in 0..<300 {
      let process = Int.random(in: 0..<processes, using: &generator)
      // Alternately mostly filling and mostly emptying, so that both extremes are met.
      if Int.random(in: 0..<10, using: &generator) < (operation / 100 == 1 ? 1 : 9) {
        set.insert(process)
        model.insert(process)
      } else {
        set.remove(process)
        model.remove(process)
      }
      let members = model.sorted()
      let start = Int.random(in: 0...processes, using: &generator)
      let agrees =
        set.count == model.count && set.isEmpty == model.isEmpty && set.members == members
        && members.indices.allSatisfy { set.member(rank: $0) == members[$0] }
        && set.contains(process) == model.contains(process)
        && set.first(from: start) == members.first { $0 >= start } ?? members.first
      guard agrees else {
        Issue.record("operation \(operation): \(set.members) instead of \(members), from \(start)")
        return
      }
    }
  }

  @Test(arguments: [0, 1, 63, 64, 65, 128])
  func aFullSetHoldsEveryProcessAndAnEmptyOneNone(processes: Int) {
    let all = RunnableSet(processes: processes, all: true)
    #expect(all.members == Array(0..<processes) && all.count == processes)
    let none = RunnableSet(processes: processes, all: false)
    #expect(none.members == [] && none.isEmpty && none.first(from: 0) == nil)
    #expect((all == none) == (processes == 0))
  }

  @Test func setsAreEqualWhenTheirMembersAre() {
    var set = RunnableSet(processes: 70, all: true)
    set.remove(65)
    #expect(set != RunnableSet(processes: 70, all: true))
    set.insert(65)
    #expect(set == RunnableSet(processes: 70, all: true))
  }

  @Test(arguments: [0, 3, 64])
  func noSetContainsANumberThatNoProcessHas(processes: Int) {
    let set = RunnableSet(processes: processes, all: true)
    #expect(![-1, processes, 64, 127, .min, .max].contains(where: set.contains))
  }

  @Test func askingForWhatCannotBeIsAProgrammersError() async {
    await #expect(processExitsWith: .failure) {
      var set = RunnableSet(processes: 3, all: false)
      set.insert(3)
    }
    await #expect(processExitsWith: .failure) { _ = RunnableSet(processes: 3, all: true).member(rank: 3) }
    await #expect(processExitsWith: .failure) { _ = RunnableSet(processes: -1, all: true) }
  }
}
