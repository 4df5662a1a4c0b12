// What a search looks for: read from words, and reached where it should be.

import Lockstep
import Races
import Sharing
import Testing

@Suite struct GoalTests {
  @Test func `a condition is read with and without spaces, and written as it is read`() throws {
    #expect(try Goal(condition: "staleness > 8") == .outcome(Goal.Outcome(.staleness, .greater, 8)))
    #expect(try Goal(condition: "return<-6.5") == .outcome(Goal.Outcome(.return, .less, -6.5)))
    #expect(try Goal(condition: "nonfinite") == .nonfinite)
    #expect(try Goal(condition: "deadlock") == .deadlock)
    for quantity in Goal.Outcome.Quantity.allCases {
      for comparison in Goal.Outcome.Comparison.allCases {
        let goal = Goal.outcome(Goal.Outcome(quantity, comparison, 2.5))
        #expect(try Goal(condition: goal.description) == goal)
      }
    }
  }

  @Test(arguments: ["", "staleness", "> 8", "lag > 8", "staleness => 8", "staleness > x", "updates > inf", "a > b > c"])
  func `what is no condition is refused in one sentence that says what is one`(text: String) {
    let error = #expect(throws: GoalError.self) { try Goal(condition: text) }
    #expect(error?.description.contains("'\(text)' is no condition; give ") == true)
  }
}
