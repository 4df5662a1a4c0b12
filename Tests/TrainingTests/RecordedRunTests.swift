// A run on real threads, recorded, is repeated by one thread bit for bit.

import Experiments
import Foundation
import Reporting
import Sharing
import Testing

@testable import Training

@Suite struct RecordedRunTests {
  @Test(arguments: [SharingProtocol.locked, .sharded])
  func aRecordedRunReplaysToTheSameBits(sharing: SharingProtocol) throws {
    for workers in [1, 2, 5] {
      for granularity in [Granularity.tensor, .chunk(64)] {
        var configuration = Preset.sjtu.configuration
        (configuration.sharing, configuration.workers, configuration.granularity) = (sharing, workers, granularity)
        (configuration.episodes, configuration.maxSteps) = (2 * workers, 50)
        configuration.actorUnits = 20
        configuration.criticUnits = 10
        let path = NSTemporaryDirectory() + "a3c-\(UUID()).trace"
        defer { try? FileManager.default.removeItem(atPath: path) }
        let (world, fresh) = try configuration.makeRun()
        let recorder = try TraceRecorder(AtomicFile(path: path, force: false), of: world)
        let trainer = Trainer(world, fresh, recorder: recorder)
        trainer.start()
        while !trainer.wait(seconds: 10) {}
        trainer.leave()
        try recorder.cut(trainer.world, trainer.workers, accesses: trainer.accesses)
        try recorder.end(.finished)
        let trace = try Trace(path: path)
        var replay = try TraceReplay(trace)
        try replay.run()
        #expect(replay.cuts.count == 1)
        #expect("\(replay.simulation.digest)" == "\(trainer.world.digest(of: trainer.workers))")
        #expect(replay.simulation.world.statistics == trainer.world.statistics)
      }
    }
  }
}
