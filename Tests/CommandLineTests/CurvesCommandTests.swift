// `a3c curves`: the same files whatever the number of threads, nothing run twice, nothing taken that is of another run,
// and a page that has it all. On a result of its own, small enough for a test.

import Experiments
import Foundation
import Testing

@testable import a3c

/// A result of two quick variants.
private func smallResult(discount: Double = 0.9) -> PublishedResult {
  var configuration = Preset.sjtu.configuration
  configuration.workers = 2
  configuration.episodes = 4
  configuration.maxSteps = 20
  configuration.network.actor = [8]
  configuration.network.critic = [8]
  configuration.discount = discount
  var longer = configuration
  longer.maxSteps = 30
  let file = PublishedFile("curve.csv", x: "episode", y: "reward", accuracy: 0.1)
  return PublishedResult(
    "small", title: "Two short runs", source: "a test",
    variants: [
      CurveVariant("short", home: "small", configuration: configuration, measure: .smoothedReward, published: file),
      CurveVariant("long, it is", home: "small", configuration: longer, measure: .smoothedReward),
    ],
    conclusions: [
      .curveIsOne(ofSeedsOf: ["short"]), .greater(.best, in: "short", thanIn: "long, it is", "Short is best"),
    ])
}

/// A folder with a published curve, in which the small result is run.
private struct Place {
  let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
    try FileManager.default.createDirectory(atPath: folder.path("published"), withIntermediateDirectories: true)
    try write("published/curve.csv", "episode,reward\n1,-5\n2,-4.5\n")
  }

  func write(_ name: String, _ text: String) throws {
    try text.write(toFile: folder.path(name), atomically: true, encoding: .utf8)
  }

  func read(_ name: String) throws -> String { try String(contentsOfFile: folder.path(name), encoding: .utf8) }

  /// Runs the small result.
  @discardableResult
  func run(_ words: String..., out: String = "out", result: PublishedResult = smallResult()) throws -> [CurveReport] {
    let paths = ["--all", "--out", folder.path(out), "--published", folder.path("published"), "--seeds", "3"]
    let arguments = try CurvesCommand.declaration.parse(paths + words)
    return try CurvesCommand(arguments, among: [result]).reports(style: .silent)
  }

  /// Every file below `out` with its text.
  func files(_ out: String = "out") throws -> [String: String] {
    let names = try FileManager.default.subpathsOfDirectory(atPath: folder.path(out)).filter { $0.contains(".") }
    return Dictionary(uniqueKeysWithValues: try names.map { ($0, try read("\(out)/\($0)")) })
  }
}

@Suite struct CurvesCommandTests {
  @Test func `the files are the same whatever the number of threads`() throws {
    let place = try Place()
    try place.run("--jobs", "1", out: "one")
    try place.run("--jobs", "4", out: "four")
    let (one, four) = (try place.files("one"), try place.files("four"))
    #expect(one == four)
    let seeds = ["short", "long-it-is"].flatMap { variant in (1...3).map { "small/\(variant)/seed-\($0).csv" } }
    #expect(Set(one.keys) == Set(seeds + ["small/curve.csv", "small/curve.svg", "small/conclusions.txt"]))
    try place.run("--from-seed", "2", out: "other")
    #expect(try place.files("other")["small/short/seed-3.csv"] == one["small/short/seed-3.csv"])
    #expect(try place.files("other")["small/curve.csv"] != one["small/curve.csv"])
  }

  /// The first seed's file, with a score that nobody computes.
  private static func doctored(_ text: String) -> String {
    let lines = text.split(separator: "\n", maxSplits: 1, omittingEmptySubsequences: false)
    return lines[0].split(separator: " ").dropLast().joined(separator: " ") + " 12345.0\n" + lines[1]
  }

  @Test func `a finished seed is not run again`() throws {
    let place = try Place()
    try place.run()
    let name = "out/small/short/seed-1.csv"
    let doctored = Self.doctored(try place.read(name))
    try place.write(name, doctored)
    #expect(try place.run()[0].variants[0].greedyReturn.max == 12345)
    #expect(try place.read(name) == doctored)
  }

  @Test func `a seed of other settings is run again, and so is a damaged file`() throws {
    let place = try Place()
    try place.run()
    let name = "out/small/short/seed-1.csv"
    let text = try place.read(name)
    try place.write(name, Self.doctored(text))
    try place.run(result: smallResult(discount: 0.8))
    #expect(try place.read(name) != text && !place.read(name).contains("12345"))
    let lines = text.split(separator: "\n")
    let cut = lines.dropLast().joined(separator: "\n") + "\n"
    let holed = (lines[..<3] + lines[4...]).joined(separator: "\n") + "\n"
    let unscored = lines[0].split(separator: " ").dropLast().joined(separator: " ") + " nan\n"
    let noNumber = text.replacing("\n\(lines[3])\n", with: "\n2,nan\n")
    let damages = [
      "", "# run", text.replacing(",-", with: ",x"), String(text.prefix(60)), cut, holed, noNumber,
      unscored + lines[1...].joined(separator: "\n") + "\n",
    ]
    for damaged in damages {
      try place.write(name, damaged)
      try place.run()
      #expect(try place.read(name) == text)
    }
  }

  @Test func `a seed that diverges is counted and left out, and not run again`() throws {
    let place = try Place()
    try place.run()
    let name = "out/small/short/seed-2.csv"
    let whole = try place.read(name)
    let words = whole.split(separator: " ")
    try place.write(name, "# run \(words[2]) stopped worker 0, update 7: the loss is nan\nepisodes,value\n")
    let report = try place.run("--page", place.folder.path("page.md"))[0]
    #expect(report.variants[0].stopped.map(\.seed) == [2])
    #expect(report.variants[0].stopped[0].reason == "worker 0, update 7: the loss is nan")
    #expect(report.variants[1].stopped.isEmpty)
    #expect(report.screen(on: .standardOutput).contains("short (1 seed diverged and left out)"))
    #expect(try place.read("page.md").contains("| short (1 seed diverged and left out) |"))
    #expect(try place.read("out/small/conclusions.txt").contains("; 1 seed diverged."))
    #expect(try place.read("out/small/curve.svg").contains("1 run diverged and left out."))
    let cells = try place.read("out/small/curve.csv").split(separator: "\n")[1].split(
      separator: ",", omittingEmptySubsequences: false)
    #expect(cells.count == 8 && cells[6].isEmpty, "the cell of a seed that is missing is empty")
    #expect(try place.read("out/small/short/seed-3.csv").contains("\n1,\(cells[7])\n"))
  }

  @Test func `a finished seed that was evaluated now and then is not run again`() throws {
    let place = try Place()
    // Its last point is before its last episode.
    let variant = CurveVariant(
      "evaluated", home: "small", configuration: smallResult().variants[0].configuration,
      measure: .greedyScore(every: 3, of: .episodes, last: 4, episodes: 1))
    let result = PublishedResult("small", title: "Small", source: "a test", variants: [variant], conclusions: [])
    try place.run(result: result)
    let name = "out/small/evaluated/seed-1.csv"
    let text = try place.read(name)
    try place.write(name, Self.doctored(text))
    #expect(try place.run(result: result)[0].variants[0].greedyReturn.max == 12345)
    try place.write(name, text.split(separator: "\n").dropLast().joined(separator: "\n") + "\n")
    try place.run(result: result)
    #expect(try place.read(name) == text)
  }

  @Test func `partners are not torn apart, and nothing is run for that`() throws {
    let place = try Place()
    let variant = CurveVariant(
      "other", home: "small", configuration: smallResult().variants[0].configuration, measure: .smoothedReward,
      exchanged: .noise)
    let result = PublishedResult("small", title: "Small", source: "a test", variants: [variant], conclusions: [])
    #expect { try place.run("--from-seed", "2", result: result) } throws: {
      "\($0)".contains("--from-seed 2 is the second of a pair")
    }
    #expect(!FileManager.default.fileExists(atPath: place.folder.path("out")))
    try place.run("--from-seed", "3", result: result)
  }

  /// As they were seen to take, within a factor of two: 31, 8.5 and 126 µs beside 0.95.
  @Test(arguments: [("a2c-step", 33.0), ("a2c-epoch", 9), ("swingup-n1", 133)])
  func `the time left weighs a step by what it takes beside one of sjtu`(preset: String, ratio: Double) {
    func work(_ name: String) -> Double {
      CurveRun(Preset.named(name)!.configuration, measure: .smoothedReward).stepWork
    }
    #expect((ratio / 2...ratio * 2).contains(work(preset) / work("sjtu")))
  }

  @Test func `the picture has the published curve`() throws {
    let place = try Place()
    try place.run()
    let picture = try place.read("out/small/curve.svg")
    try place.write("published/curve.csv", "episode,reward\n1,-5\n2,-4\n")
    try place.run()
    #expect(try place.read("out/small/curve.svg") != picture && picture.contains(">published<"))
  }

  @Test func `a question of ours is marked, and not counted as published`() throws {
    let place = try Place()
    let small = smallResult()
    let result = PublishedResult(
      "small", title: small.title, source: small.source, variants: small.variants,
      conclusions: small.conclusions.map(\.asOurs))
    try place.run("--page", place.folder.path("ours.md"), result: result)
    try place.run("--page", place.folder.path("published.md"))
    let (ours, published) = (try place.read("ours.md"), try place.read("published.md"))
    #expect(ours.contains("Of 0 published conclusions") && published.contains("Of 2 published conclusions"))
    #expect(ours.contains("** (ours): Short is best: ") && published.contains("**: Short is best: "))
    #expect(ours.contains("| [small](#small) | 0 | 0 | 0 |"))
  }

  @Test func `a result of which no seed is left keeps no other from being reported`() throws {
    let place = try Place()
    try place.run()
    for seed in 1...3 {
      let name = "out/small/long-it-is/seed-\(seed).csv"
      let words = try place.read(name).split(separator: " ")
      try place.write(name, "# run \(words[2]) stopped worker 0: too hot\nepisodes,value\n")
    }
    let short = smallResult().variants[0]
    let other = PublishedResult("other", title: "Other", source: "a test", variants: [short], conclusions: [])
    let arguments = try CurvesCommand.declaration.parse([
      "--all", "--out", place.folder.path("out"), "--published", place.folder.path("published"), "--seeds", "3",
    ])
    let command = try CurvesCommand(arguments, among: [smallResult(), other])
    #expect(throws: StoppedRun.self) { try command.reports(style: .silent) }
    #expect(try place.read("out/other/curve.csv").contains("\nshort,1,"))
  }

  @Test func `where every seed diverges the first one's reason is given`() throws {
    let place = try Place()
    var configuration = smallResult().variants[0].configuration
    try configuration.set("optimizer.learningRate", to: "1e37")
    let wild = PublishedResult(
      "wild", title: "Wild", source: "a test",
      variants: [CurveVariant("hot", home: "wild", configuration: configuration, measure: .smoothedReward)],
      conclusions: [])
    let error = #expect(throws: StoppedRun.self) { try place.run(result: wild) }
    let sentence = try #require(error?.description)
    let reason = "the run stopped: no seed of wild, hot, came to its end; seed 1: worker "
    #expect(sentence.hasPrefix(reason), "\(sentence)")
    #expect(sentence.hasSuffix("; repeat with: a3c curves wild --seeds 3"))
    #expect(try place.read("out/wild/hot/seed-1.csv").contains(" stopped worker "))
  }

  @Test func `quirks are on, off or both, and both are told apart`() throws {
    let place = try Place()
    #expect(try place.run().map { $0.variants.map(\.label) } == [["short", "long, it is"]])
    let both = try place.run("--quirks", "both")[0]
    #expect(both.variants.map(\.label) == ["short", "long, it is", "short, repaired", "long, it is, repaired"])
    #expect(both.conclusions.count == 4 && both.conclusions[2].statement.hasSuffix(", without the quirks"))
    #expect(try place.read("out/small/curve.csv").contains("\nshort repaired,1,"))
    let off = try place.run("--quirks", "off")[0]
    #expect(off.variants.map(\.best.iqm) == both.variants[2...].map(\.best.iqm))
    #expect(off.variants[0].best.iqm != both.variants[0].best.iqm)
  }

  /// The rows of a table in golden/published, by the names of their columns.
  private static func published(_ name: String) throws -> [[String: String]] {
    let path = ProgramRun.root.appending(path: "golden/published/\(name)").path
    let lines = try String(contentsOfFile: path, encoding: .utf8).split(whereSeparator: \.isNewline).map {
      $0.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
    }
    return lines.dropFirst().map { Dictionary(uniqueKeysWithValues: zip(lines[0], $0)) }
  }

  @Test func `the figures are run with the numbers that were read off them`() throws {
    let rows = try Self.published("a3c-pendulum-curves.csv")
    #expect(rows.count == 5)
    for row in rows {
      let result = try #require(PublishedResult.named("sjtu-figure-\(row["figure"]!)"))
      #expect(result.conclusions.contains { $0.statement == "The best value is \(row["printed_maximum"]!)" })
      for variant in result.variants {
        #expect("\(variant.configuration.workers)" == row["workers"])
        #expect("\(variant.configuration.episodes)" == row["episodes"])
        #expect("\(variant.configuration.maxSteps)" == row["steps_per_episode"])
        #expect(variant.published?.accuracy == Double(row["reward_per_pixel"]!)! / 2)
      }
    }
  }

  @Test(
    arguments: [
      ("a2c-step-pendulum", "logs_step_update-A2C_Pendulum-v0"),
      ("a2c-step-mountain-car", "logs_step_update-A2C_MountainCar-v0"),
      ("a2c-epoch", "logs_epoch_update-A2C_Pendulum-v0"),
    ])
  func `the article's runs are asked for what its logs have`(name: String, log: String) throws {
    let rows = try Self.published("a2c-logs-summary.csv")
    let row = try #require(rows.first { $0["log"] == log && $0["tag"] == "reward" })
    let statements = try #require(PublishedResult.named(name)).conclusions.map(\.statement)
    let (best, end) = (Double(row["maximum"]!)!, Double(row["mean_of_last_tenth"]!)!)
    #expect(statements.contains("The best value is \(String(format: "%.3f", best))"))
    #expect(statements.contains("The mean of the last tenth is \(String(format: "%.1f", end))"))
  }

  @Test func `the table has the middle, its band and every seed`() throws {
    let place = try Place()
    try place.run()
    let lines = try place.read("out/small/curve.csv").split(separator: "\n")
    #expect(lines[0] == "variant,episodes,iqm,low,high,seed-1,seed-2,seed-3")
    #expect(lines.count == 1 + 2 * 4)
    let cells = lines[1].split(separator: ",")
    let seeds = try cells[5...].map { try #require(Double($0)) }
    #expect(cells[0] == "short" && cells[1] == "1")
    #expect(try #require(Double(cells[2])) == Sample(seeds).interquartileMean)
    #expect(try #require(Double(cells[3])) <= #require(Double(cells[4])))
    #expect(try place.read("out/small/short/seed-2.csv").contains("\n1,\(seeds[1])\n"))
  }

  @Test func `the page shows every result, its answers and its picture`() throws {
    let place = try Place()
    let report = try place.run("--page", place.folder.path("docs/page.md"))[0]
    let page = try place.read("docs/page.md")
    for part in [
      report.title, report.conclusions[0].evidence, "](images/curves/small.svg)", "| short | ",
    ] {
      #expect(page.contains(part), "\(part)")
    }
    #expect(try place.read("docs/images/curves/small.svg") == place.read("out/small/curve.svg"))
    #expect(!page.contains(place.folder.url.path), "a page has no path of a machine")
  }

  @Test func `a published curve that cannot be read is refused before anything runs`() throws {
    let place = try Place()
    for text in ["episode\n1\n", "episode,reward\n1,x\n", "episode,reward\n2,1\n1,1\n", "episode,reward\n1\n"] {
      try place.write("published/curve.csv", text)
      #expect(throws: UsageError.self) { try place.run() }
    }
    #expect(!FileManager.default.fileExists(atPath: place.folder.path("out")))
  }

  @Test func `every published curve can be read`() throws {
    let folder = try PublishedFolder(path: ProgramRun.root.appending(path: "golden/published").path, isDefault: false)
    for variant in PublishedResult.all.flatMap(\.variants) {
      guard let file = variant.published else { continue }
      #expect(try folder.curve(file).x.count > 100, "\(file.name)")
    }
  }

  @Test func `a name means its result, or else all that begin with it`() throws {
    func names(_ word: String) throws -> [String] {
      try CurvesCommand(CurvesCommand.declaration.parse([word])).results.map(\.name)
    }
    #expect(try names("swingup") == ["swingup"])
    #expect(try names("sjtu").count == PublishedResult.all.count { $0.name.hasPrefix("sjtu-") })
    #expect(try names("sjtu-figure").count == 5)
    let all = PublishedResult.all
    #expect(try names("--all") == all.filter { !$0.isOurs }.map(\.name))
    #expect(try names("--ours") == all.filter(\.isOurs).map(\.name) && names("--ours").contains("pendulum-best"))
    #expect(try CurvesCommand(CurvesCommand.declaration.parse(["--all", "--ours"])).results.count == all.count)
  }

  @Test func `results are listed, and a list takes no other option`() throws {
    let list = try ProgramRun(["curves"])
    #expect(list.exitCode == 0)
    for result in PublishedResult.all {
      #expect(list.output.contains("\(result.name)\(result.isOurs ? " (ours)" : "")\n"))
    }
    #expect(try ProgramRun(["curves", "--json"]).json()["results"] != nil)
    for words in [["--seeds", "3"], ["sjtu-figure-1", "--all"], ["swingup", "--ours"], ["unknown"]] {
      #expect(throws: UsageError.self) {
        try CurvesCommand(try CurvesCommand.declaration.parse(words))
      }
    }
    let missing = try ProgramRun(["curves", "sjtu", "--published", "nowhere"])
    #expect(missing.exitCode == 2 && missing.errors.hasPrefix("a3c: there is no folder nowhere here; give"))
  }
}
