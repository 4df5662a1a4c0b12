// The learning curve of one run as a picture, however the run was driven.

import Reporting
import Sharing

/// Draws the results of a run: every episode's reward per step, and the smoothed one.
/// - Parameter command: what reproduces the picture.
func learningCurve(_ results: [EpisodeResult], of configuration: Configuration, command: String) -> String {
  func points(_ value: (EpisodeResult) -> Double) -> [CurveSeries.Point] {
    results.enumerated().map { CurveSeries.Point(x: Double($0 + 1), y: value($1)) }
  }
  let plot = CurvePlot(
    title: "\(configuration.preset), \(configuration.sharing.rawValue), "
      + "\(counted(configuration.workers, "worker")), seed \(configuration.seed)",
    subtitle: command, xLabel: "finished episodes", yLabel: "reward per step",
    caption: "One run. Smoothed: g ← 0.99 g + 0.01 x over the episodes in the order in which they finished; "
      + "rewards are the environment's own, not scaled.",
    series: [
      CurveSeries(name: "episode", points: points { $0.episodeReturn / Double($0.steps) }, role: .pale),
      CurveSeries(name: "smoothed", points: points(\.smoothed)),
    ])
  return CurveSVG.render(plot)
}
