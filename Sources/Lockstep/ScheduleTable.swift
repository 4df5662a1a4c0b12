// A schedule for people to read: who comes between whom is seen where each process has a column of its own.

extension Simulation {
  /// What happens from here if `choices` say whose turn it is: a line for each access, numbered from 1, and a column for
  /// each process that makes any. It ends where the choices cannot be followed. Objects go by the names that the world
  /// gives them.
  ///
  ///         process 0     process 1
  ///     1                 read(queue)
  ///     2   read(queue)
  public func table(of choices: [Int]) -> String {
    var run = snapshot(drivenBy: Replayed(choices))
    var steps: [(process: Int, text: String)] = []
    while let step = run.advance() {
      steps.append((step.process, "\(step.access.kind)(\(run.world.name(of: step.access.object)))"))
    }
    let processes = processes.indices.filter { process in steps.contains { $0.process == process } }
    var rows = [[""] + processes.map { "process \($0)" }]
    for (index, step) in steps.enumerated() {
      rows.append(["\(index + 1)"] + processes.map { $0 == step.process ? step.text : "" })
    }
    let widths = rows[0].indices.map { column in rows.map { $0[column].count }.max()! }
    return rows.map { row in
      var line = String(repeating: " ", count: widths[0] - row[0].count) + row[0]
      for (cell, width) in zip(row, widths).dropFirst() {
        line += "   " + cell + String(repeating: " ", count: width - cell.count)
      }
      while line.last == " " { line.removeLast() }
      return line
    }.joined(separator: "\n")
  }
}
