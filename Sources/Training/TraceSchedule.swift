// Traces of schedules: a lockstep run as the list of who makes each access. Such a trace holds no tickets, so it can be
// of a run without locks, and it may end anywhere. docs/formats.md describes the same bytes.

import Lockstep
import Sharing

extension Trace {
  /// The most accesses that a trace of a schedule may have.
  public static let longestSchedule = ScheduleCode.longest

  /// The trace of a schedule.
  /// - Parameters:
  ///   - choices: who makes each access.
  ///   - end: the run after them, from its beginning.
  public static func bytes<P: Participant, S: Strategy>(of choices: [Int], endingIn end: Simulation<P, S>) -> [UInt8] {
    precondition(end.accesses == choices.count, "\(end.accesses) accesses of \(choices.count) choices")
    precondition(choices.count <= ScheduleCode.longest, "a schedule of \(choices.count) accesses")
    let world = P.training(in: end.world)
    let header = TraceHeader(
      configuration: world.plan.configuration, blocks: world.model.blocks.count, startingDigest: nil,
      launch: P.launch(in: end.world))
    var accesses = [Int](repeating: 0, count: end.processes.count)
    for process in choices { accesses[process] += 1 }
    let cut = TraceCut(end.processes, in: end.world, accesses: accesses)
    let ending: TraceEnding = world.failure != nil ? .failed : end.status == .finished ? .finished : .stopped
    var bytes = TraceFrame.signature
    // All of these have a JSON form.
    TraceFrame.append(.header, try! TraceFrame.payload(header), to: &bytes)
    TraceFrame.append(.choices, ScheduleCode.encode(choices), to: &bytes)
    TraceFrame.append(.cut, try! TraceFrame.payload(cut), to: &bytes)
    TraceFrame.append(.end, try! TraceFrame.payload(TraceEnd(ending: ending)), to: &bytes)
    return bytes
  }
}

/// The code of a schedule: for each stretch of accesses of one process, its number and the stretch's length, in LEB128.
enum ScheduleCode {
  /// Why bytes are no schedule.
  struct Damage: Error, Equatable {
    /// How many bytes precede what makes no sense.
    var position: Int
    var reason: String
  }

  /// The most accesses: what a few bytes can ask for must fit into memory.
  static let longest = 1 << 24
  /// The most processes.
  private static let mostProcesses = 1 << 17

  static func encode(_ choices: [Int]) -> [UInt8] {
    var bytes: [UInt8] = []
    func append(_ value: Int) {
      var rest = value
      while rest >= 0x80 {
        bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
        rest >>= 7
      }
      bytes.append(UInt8(rest))
    }
    var begin = 0
    while begin < choices.count {
      let end = choices[begin...].firstIndex { $0 != choices[begin] } ?? choices.count
      append(choices[begin])
      append(end - begin)
      begin = end
    }
    return bytes
  }

  /// Reads what `encode` writes, and nothing else: each schedule has one form.
  static func decode(_ bytes: UnsafeRawBufferPointer) throws(Damage) -> [Int] {
    var choices: [Int] = []
    var position = 0
    func number(below limit: Int) throws(Damage) -> Int {
      let begin = position
      var value = 0
      var shift = 0
      while true {
        guard position < bytes.count else { throw Damage(position: begin, reason: "the choices end in a number") }
        let byte = bytes[position]
        position += 1
        value |= Int(byte & 0x7f) << shift
        guard value < limit, shift <= 28 else {
          throw Damage(position: begin, reason: "a number of choices that is not below \(limit)")
        }
        if byte < 0x80 {
          guard byte != 0 || shift == 0 else { throw Damage(position: begin, reason: "a number with leading zeros") }
          return value
        }
        shift += 7
      }
    }
    while position < bytes.count {
      let begin = position
      let process = try number(below: mostProcesses)
      let count = try number(below: longest + 1)
      guard count > 0, process != choices.last else {
        throw Damage(position: begin, reason: "a stretch of choices that is empty or goes on with the one before")
      }
      guard choices.count + count <= longest else {
        throw Damage(position: begin, reason: "more than \(longest) choices")
      }
      choices += repeatElement(process, count: count)
    }
    return choices
  }
}
