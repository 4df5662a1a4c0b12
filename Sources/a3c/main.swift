import Experiments
import Foundation
import Sharing
let args = CommandLine.arguments
var c = Preset.sjtu.configuration
c.episodes = Int(args[1])!
c.workers = Int(args[2])!
c.sharing = SharingProtocol(rawValue: args[3])!
c.seed = 42
if args.count > 4, args[4] == "scaled" { c.rewardScaling = RewardScaling(shift: 8.1, factor: 1 / 8.1) }
var s = try c.makeSimulation(.timed, scheduleSeed: c.seed)
let t = DispatchTime.now().uptimeNanoseconds
s.run()
let d = Double(DispatchTime.now().uptimeNanoseconds - t) * 1e-9
let st = s.world.statistics
print(s.digest, st.environmentSteps, st.updates, s.accesses, d, Double(st.environmentSteps) / d / 1e6, "M/s", d / Double(st.updates) * 1e9, "ns/update", s.world.board.smoothed, st.meanStaleness, st.maxStaleness, Hazard.allCases.map { st.count(of: $0) })
