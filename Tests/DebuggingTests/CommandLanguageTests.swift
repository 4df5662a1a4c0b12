// Lines are read as they are meant, or refused with a sentence that says what is allowed.

import Debugging
import Lockstep
import Sharing
import Testing

private let vocabulary = Vocabulary(smallRun())

private func read(_ line: String) throws(DebuggerError) -> DebuggerCommand? { try DebuggerCommand(line, vocabulary) }

private func complaint(_ line: String) -> String? {
  do {
    _ = try read(line)
    return nil
  } catch {
    return error.description
  }
}

@Suite struct CommandLanguageTests {
  @Test func `every word is read, and so is its shortest unambiguous beginning`() throws {
    let lines: [(String, DebuggerCommand)] = [
      ("step", .step(1)), ("st 12", .step(12)), ("back 3", .back(3)), ("goto 0", .goTo(0)), ("g 1", .goTo(1)),
      ("next", .next(.same)),
      ("n worker 2", .next(.process(2))), ("previous", .previous(.same)), ("prev b sigma.w", .previous(.block(4))),
      ("continue", .goOn), ("c", .goOn),
      ("reverse-continue", .goBack), ("r", .goBack), ("break on hazard", .breakWhen(.hazard(nil))),
      ("break on hazard lost-u", .breakWhen(.hazard(.lostUpdate))), ("break block 3", .breakWhen(.block(3))),
      ("br block mu.bias version 7", .breakWhen(.version(block: 3, 7))), ("break worker 1", .breakWhen(.process(1))),
      ("break when actor.weight[3] > 0.5", .breakWhen(.parameter(3, .greater, 0.5))),
      ("break when actor.bias[1]<=-2e-3", .breakWhen(.parameter(13, .atMost, -0.002))), ("break", .listBreakpoints),
      ("break hazard", .breakWhen(.hazard(nil))), ("break hazard torn-pull", .breakWhen(.hazard(.tornPull))),
      ("break on block 3", .breakWhen(.block(3))), ("break on worker 1", .breakWhen(.process(1))),
      ("break on block mu.bias version 7", .breakWhen(.version(block: 3, 7))),
      ("break list", .listBreakpoints), ("break delete", .deleteBreakpoint(nil)),
      ("break delete 2", .deleteBreakpoint(2)), ("print weights", .show(.weights, process: nil, nil)),
      ("pri weights of 2 mu.bias[0]", .show(.weights, process: 2, .init(tensor: 3, element: 0))),
      ("print g of worker 1 mu.weight", .show(.gradient, process: 1, .init(tensor: 2, element: nil))),
      ("where", .whereabouts), ("explain", .explain), ("e", .explain),
      ("hist", .history(10)), ("history 4", .history(4)), ("switch 2", .switchTo(2)),
      ("switch off", .unswitch), ("diff --seed 3", .difference(.seed(3))),
      ("diff --schedule-seed 3", .difference(.scheduleSeed(3))),
      ("diff --trace a.trace", .difference(.trace("a.trace"))),
      ("save a.txt", .save("a.txt")), ("help", .help(nil)), ("help br", .help("break")), ("quit", .quit),
    ]
    for (line, command) in lines { #expect(try read(line) == command, "\(line)") }
    for word in DebuggerCommand.words {
      #expect(lines.contains { $0.0.hasPrefix(word.word) }, "no line begins with \(word.word)")
    }
    for line in ["", "   ", "# step", "#"] { #expect(try read(line) == nil) }
  }

  @Test func `what cannot be read is refused with a sentence`() {
    let lines = [
      ("s", "'s' could be step, switch, save; write more of it"), ("fly", "there is no command 'fly'"),
      ("step x", "'x' is no count; write an integer from 1 up"), ("step 0", "'0' is no count"),
      ("step -1", "'-1' is no count"), ("step 99999999999999999999", "is no count"),
      ("step 1 2", "'2' is left over; write step [N]"), ("goto", "goto needs a number"),
      ("next worker 3", "there is no worker '3'; they are 0 to 2"), ("next block", "the name of a block is missing"),
      ("next thing", "'thing' is neither 'worker' nor 'block'"), ("break block 10", "there is no block 10"),
      ("break block actor", "'actor' could be actor.weight, actor.bias"), ("break on x", "there is no breakpoint 'x'"),
      ("break on", "write break on hazard"), ("break on list", "there is no breakpoint 'list'"),
      ("break on hazard x", "there is no hazard 'x'"), ("break when mu.bias[0]", "compares nothing"),
      ("break when mu.bias > 1", "which element is meant?"), ("break when mu.bias[1] > 1", "they are [0] to [0]"),
      ("break when mu.bias[0] > nan", "is no number"), ("print", "print needs what to show"),
      ("print all", "there is no state 'all'"), ("print weights zeta", "there is no tensor 'zeta'"),
      ("print board of 9", "there is no worker '9'"), ("switch", "the number of a worker is missing"),
      ("diff", "diff needs the other run"), ("diff --seed", "--seed needs a value"),
      ("diff --seed -3", "'-3' is no seed"), ("save", "save needs the path"), ("help fly", "there is no command 'fly'"),
    ]
    for (line, sentence) in lines {
      #expect(complaint(line)?.contains(sentence) == true, "\(line): \(complaint(line)!)")
    }
  }

  @Test func `a whole name is that name, though others begin with it`() throws {
    var vocabulary = vocabulary
    vocabulary.blocks = ["part 1", "part 10", "part"].map { $0.replacing(" ", with: "-") }
    #expect(try DebuggerCommand("break block part", vocabulary) == .breakWhen(.block(2)))
    #expect(try DebuggerCommand("break block part-1", vocabulary) == .breakWhen(.block(0)))
    #expect(throws: DebuggerError.self) { try DebuggerCommand("break block par", vocabulary) }
  }

  @Test func `an unknown word is told with those that are known`() throws {
    let error = #expect(throws: DebuggerError.self) { try read("bakc") }
    #expect(error?.unknown?.word == "bakc" && error?.unknown?.known.contains("back") == true)
    #expect(#expect(throws: DebuggerError.self) { try read("step x") }?.unknown == nil)
  }

  @Test func `words are completed by what can stand there`() {
    func completions(_ line: String) -> [String] { DebuggerCommand.completions(of: line, vocabulary) }
    #expect(completions("st") == ["step"] && completions("s") == ["step", "switch", "save"])
    #expect(completions("").count == DebuggerCommand.words.count)
    #expect(completions("break on ") == ["hazard", "block", "worker"])
    #expect(completions("break on hazard lost") == ["lost-update", "lost-count"])
    #expect(completions("print we") == ["weights"] && completions("print weights mu") == ["mu.weight", "mu.bias"])
    #expect(completions("next block critic.w") == ["critic.weight"] && completions("fly ") == [])
  }
}
