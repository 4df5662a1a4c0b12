// Looking into a run: what the model, the workers and the board hold where the walk stands.

import Learning
import Lockstep
import Sharing

extension Debugger {
  private var training: TrainingWorld { P.training(in: walk.run.world) }

  // MARK: Where

  /// Every process's next access, and how old its net is.
  var whereabouts: Reply {
    let run = walk.run
    let model = training.model
    let rows = run.processes.indices.map { number -> [Reply.Cell] in
      let process = run.processes[number]
      guard let access = process.nextAccess, let words = process.nextAccessDescription(in: run.world) else {
        let ending = process.waitDescription(in: run.world) ?? "has finished"
        return [.text(process.name), .count(process.updates), .text(ending), .none, .none, .none]
      }
      let waits = run.candidates.contains(number) ? "" : " (waits)"
      var cells: [Reply.Cell] = [.text(process.name), .count(process.updates), .text(words + waits)]
      let current = model.blocks.indices.map { model.provenance(of: $0).version }
      guard let worker = process.worker(in: run.world) else { return cells + [.none, .none, .none] }
      let isBlock = model.blocks.indices.contains(access.object)
      let isModel = access.object == SharedObject.model.number(blocks: model.blocks.count)
      if isBlock || isModel {
        let block = isBlock ? access.object : 0
        cells += [.count(Int(worker.versionSeen(of: block))), .count(Int(current[block]))]
      } else {
        cells += [.none, .none]
      }
      cells.append(.count(zip(current, worker.pulledVersions).map { Int($0 &- $1) }.max() ?? 0))
      return cells
    }
    return .table(
      Reply.Table(
        title: "next accesses", columns: ["who", "updates", "next", "seen", "now", "staleness"], rows: rows))
  }

  // MARK: Print

  /// What `print` answers.
  mutating func show(
    _ subject: DebuggerCommand.Subject, of process: Int?, _ selection: DebuggerCommand.Selection?
  ) throws(DebuggerError) -> [Reply] {
    switch subject {
    case .weights: return [try weights(of: process, selection)]
    case .moments: return try moments(of: process, selection)
    case .gradient:
      let (number, worker) = try worker(process)
      guard worker.localNumbers == .gradient else {
        throw DebuggerError(
          "\(vocabulary.processes[number]) holds no gradient: it is not about to push; go to where it is")
      }
      return [parameters(worker.localParameters, "gradient of \(vocabulary.processes[number])", selection)]
    case .rollout, .advantages: return try flush(of: process, subject)
    case .noise:
      if process != nil { _ = try worker(process) }
      return [noise(of: process)]
    case .board: return board
    case .statistics: return [statistics]
    case .digest: return [.facts([Reply.Fact("digest", .text("\(walk.digest)"))])]
    }
  }

  /// The worker that is meant: the one named, or else the one that went last.
  private func worker(_ process: Int?) throws(DebuggerError) -> (number: Int, worker: Worker) {
    guard let number = process ?? (walk.place > 0 ? walk.reversible.choices[walk.place - 1] : nil) else {
      throw DebuggerError("no access was made yet; write whose is meant: of W")
    }
    guard let worker = walk.run.processes[number].worker(in: walk.run.world) else {
      throw DebuggerError("\(vocabulary.processes[number]) is no worker; write of W with a worker's number")
    }
    return (number, worker)
  }

  private func weights(
    of process: Int?, _ selection: DebuggerCommand.Selection?
  ) throws(DebuggerError) -> Reply {
    guard let process else {
      return parameters(training.model.parameters, "shared weights", selection, versions: true)
    }
    let (number, worker) = try worker(process)
    let what =
      switch worker.localNumbers {
      case .net: "net of \(vocabulary.processes[number])"
      case .gradient: throw DebuggerError("\(vocabulary.processes[number]) holds its gradient now, no net; print that")
      case .pulled(let block): "net of \(vocabulary.processes[number]), of which \(block) blocks are pulled"
      }
    return parameters(worker.localParameters, what, selection)
  }

  private func moments(
    of process: Int?, _ selection: DebuggerCommand.Selection?
  ) throws(DebuggerError) -> [Reply] {
    guard process == nil else { throw DebuggerError("moments belong to the shared model; leave 'of' out") }
    let model = training.model
    return model.slotNames.enumerated().map { parameters(model.slot($0.offset), "shared \($0.element)", selection) }
  }

  /// Numbers in the order of the parameter buffer: all tensors in short, or one of them, or one number.
  private func parameters(
    _ values: [Float], _ what: String, _ selection: DebuggerCommand.Selection?, versions: Bool = false
  ) -> Reply {
    let tensors = vocabulary.layout.tensors
    if let selection {
      let range = tensors[selection.tensor].range
      let name = tensors[selection.tensor].name
      if let element = selection.element {
        return .facts([Reply.Fact("\(what), \(name)[\(element)]", .single(values[range.offset + element]))])
      }
      let shape = "\(range.rows) × \(range.columns)"
      return .numbers(
        title: "\(what), \(name), \(shape)", Array(values[range.offset..<range.offset + range.count]))
    }
    let model = training.model
    let rows = tensors.map { tensor -> [Reply.Cell] in
      let part = values[tensor.range.offset..<tensor.range.offset + tensor.range.count]
      var squares = 0.0
      for value in part { squares += Double(value) * Double(value) }
      var cells: [Reply.Cell] = [
        .text(tensor.name), .text("\(tensor.range.rows) × \(tensor.range.columns)"), .single(part.min() ?? 0),
        .single(part.max() ?? 0), .single(Float(squares.squareRoot())),
      ]
      if versions {
        let blocks = model.blocks.indices.filter { part.indices.overlaps(model.blocks[$0].range) }
        let found = blocks.map { Int(model.provenance(of: $0).version) }
        let (least, most) = (found.min() ?? 0, found.max() ?? 0)
        cells.append(least == most ? .count(least) : .text("\(least) to \(most)"))
      }
      return cells
    }
    return .table(
      Reply.Table(
        title: what, columns: ["tensor", "shape", "least", "greatest", "norm"] + (versions ? ["version"] : []),
        rows: rows))
  }

  /// The flush that a worker collected last: its private work is done again, on the way here from a place before it.
  private mutating func flush(
    of process: Int?, _ subject: DebuggerCommand.Subject
  ) throws(DebuggerError) -> [Reply] {
    let (number, _) = try worker(process)
    guard let (place, rollout) = latestRollout(of: number) else {
      throw DebuggerError("\(vocabulary.processes[number]) has collected nothing yet; go to where it has")
    }
    let title = "flush of \(vocabulary.processes[number]), collected with access \(place)"
    func cells(_ values: [Float]) -> [Reply.Cell] { values.map(Reply.Cell.single) }
    func names(_ name: String, _ count: Int) -> [String] { count == 1 ? [name] : (0..<count).map { "\(name)[\($0)]" } }
    let summary = Reply.facts([
      Reply.Fact("bootstrap", .double(rollout.bootstrap)), Reply.Fact("loss", .single(rollout.loss)),
    ])
    let first = rollout.steps[0]
    let (inputs, actions) = (first.observation.count, first.action.count)
    let ofPolicy =
      first.deviation.isEmpty
      ? names("probability", first.mean.count) : names("mean", actions) + names("deviation", actions)
    guard subject == .rollout else {
      let rows = rollout.steps.enumerated().map { index, step -> [Reply.Cell] in
        [.count(index), .double(step.reward), .single(step.target), .single(step.value), .single(step.advantage)]
      }
      let columns = ["step", "reward", "target", "value", "advantage"]
      return [.table(Reply.Table(title: title, columns: columns, rows: rows)), summary]
    }
    let rows = rollout.steps.enumerated().map { index, step -> [Reply.Cell] in
      [.count(index)] + cells(step.observation) + cells(step.mean) + cells(step.deviation) + cells(step.action)
        + [.double(step.reward), .single(step.target)]
    }
    let columns =
      ["step"] + names("state", inputs) + ofPolicy + names("action", actions) + ["reward", "target"]
    return [.table(Reply.Table(title: title, columns: columns, rows: rows)), summary]
  }

  /// The flush that process `number` collected last, and the place of the access after which it did.
  private mutating func latestRollout(of number: Int) -> (place: Int, rollout: Rollout)? {
    // Its latest accesses are looked through first; nearly always the flush is among them.
    let choices = walk.reversible.choices[..<walk.place]
    var wanted = 4 * vocabulary.blocks.count + 16
    while true {
      var left = wanted
      var beginning = walk.place
      while beginning > 0, left > 0 {
        beginning -= 1
        if choices[beginning] == number { left -= 1 }
      }
      var latest: (place: Int, rollout: Rollout)?
      var steps = 0
      walk.survey(from: beginning, to: walk.place) { step, run in
        guard step == nil || step?.process == number, let worker = run.processes[number].worker(in: run.world) else {
          return
        }
        defer { steps = worker.environmentSteps }
        guard let step, worker.environmentSteps != steps,
          let rollout = P.training(in: run.world).latestRollout
        else { return }
        latest = (step.index + 1, rollout)
      }
      if latest != nil || beginning == 0 { return latest }
      wanted *= 4
    }
  }

  private func noise(of process: Int?) -> Reply {
    let numbers = process.map { [$0] } ?? Array(vocabulary.processes.indices)
    let rows = numbers.compactMap { number -> [Reply.Cell]? in
      guard let counters = walk.run.processes[number].worker(in: walk.run.world)?.noiseCounters else { return nil }
      return [
        .text(vocabulary.processes[number]), .count(Int(counters.actions)), .count(Int(counters.startStates)),
      ]
    }
    return .table(
      Reply.Table(title: "random numbers drawn", columns: ["who", "for actions", "for start states"], rows: rows))
  }

  private var board: [Reply] {
    let state = training.board.state
    let facts: [Reply.Fact] = [
      Reply.Fact("episodes asked for", .count(training.board.budget)), Reply.Fact("begun", .count(state.begun)),
      Reply.Fact("finished", .count(state.finished)), Reply.Fact("smoothed reward", .double(state.smoothed)),
      Reply.Fact("results", .count(state.results.count)),
    ]
    let latest = state.results.enumerated().suffix(5).map { number, result -> [Reply.Cell] in
      [
        .count(number), .count(result.worker), .double(result.episodeReturn), .count(result.steps),
        .double(result.smoothed),
      ]
    }
    guard !latest.isEmpty else { return [.facts(facts)] }
    return [
      .facts(facts),
      .table(
        Reply.Table(
          title: "latest results", columns: ["result", "worker", "return", "steps", "smoothed"], rows: latest)),
    ]
  }

  private var statistics: Reply {
    let statistics = training.statistics
    let hazards = Hazard.allCases.filter { statistics.count(of: $0) > 0 }
    return .facts(
      [
        Reply.Fact("accesses", .count(walk.place)),
        Reply.Fact("environment steps", .count(statistics.environmentSteps)),
        Reply.Fact("updates", .count(statistics.updates)),
        Reply.Fact("mean staleness", .double(statistics.meanStaleness)),
        Reply.Fact("greatest staleness", .count(statistics.maxStaleness)),
      ] + hazards.map { Reply.Fact($0.rawValue, .count(statistics.count(of: $0))) })
  }
}
