// Tensors of a layout follow each other without gaps, and every parameter has a name.

import Learning
import Testing

@Suite struct ParameterLayoutTests {
  @Test func `the tensors of sjtu are those of the publication`() {
    let layout = SeparateNetwork(observations: 3, actions: 1).layout
    #expect(
      layout.tensors.map { "\($0.name) \($0.range.offset) \($0.range.rows)x\($0.range.columns)" } == [
        "actor.weight 0 3x200", "actor.bias 600 1x200", "mu.weight 800 200x1", "mu.bias 1000 1x1",
        "sigma.weight 1001 200x1", "sigma.bias 1201 1x1", "critic.weight 1202 3x100", "critic.bias 1502 1x100",
        "value.weight 1602 100x1", "value.bias 1702 1x1",
      ])
    #expect(layout.count == 1703)
  }

  @Test func `every parameter is named by its tensor and its place there`() {
    let layout = SeparateNetwork(observations: 2, actions: 1, actorUnits: 3, criticUnits: 2).layout
    let names = layout.tensors.flatMap { tensor in (0..<tensor.range.count).map { "\(tensor.name)[\($0)]" } }
    #expect((0..<layout.count).map { layout.name(ofParameter: $0) } == names)
    #expect(Set(names).count == layout.count)
  }

  @Test func `a parameter beyond the last has no name`() async {
    await #expect(processExitsWith: .failure) {
      _ = SeparateNetwork(observations: 3, actions: 1).layout.name(ofParameter: 1703)
    }
    await #expect(processExitsWith: .failure) { _ = ParameterLayout().name(ofParameter: 0) }
  }
}
