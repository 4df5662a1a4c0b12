// Runs the built program as a user would, for what only a process shows: streams, exit codes and files.

import Foundation

/// One finished run of the program.
struct ProgramRun {
  var output: String
  var errors: String
  var exitCode: Int32

  /// Runs `a3c`, or another program, with these words in `folder`, or in the package's root, and with `input`, a few
  /// lines at most, as its standard input.
  init(
    _ words: [String], in folder: URL? = nil, environment: [String: String] = [:], input: String? = nil,
    executable: URL = ProgramRun.executable
  ) throws {
    let process = Foundation.Process()
    process.executableURL = executable
    process.arguments = words
    process.currentDirectoryURL = folder ?? Self.root
    process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
    let (outputPipe, errorPipe) = (Pipe(), Pipe())
    process.standardOutput = outputPipe
    process.standardError = errorPipe
    let inputPipe = Pipe()
    process.standardInput = input == nil ? FileHandle.nullDevice : inputPipe
    try process.run()
    if let input {
      inputPipe.fileHandleForWriting.write(Data(input.utf8))
      try inputPipe.fileHandleForWriting.close()
    }
    // Errors are a few lines at most, so they wait in their pipe while the output is read.
    output = String(decoding: outputPipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    errors = String(decoding: errorPipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    exitCode = process.terminationStatus
  }

  /// The package's root.
  static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()

  /// The program beside the test bundle; it is built because the tests depend on it.
  static let executable: URL = {
    let besideBundle = Bundle.allBundles.map(\.bundleURL).first { $0.pathExtension == "xctest" }?
      .deletingLastPathComponent()
    let besideRunner = URL(filePath: CommandLine.arguments[0]).deletingLastPathComponent()
    return [besideBundle, besideRunner].compactMap { $0?.appending(path: "a3c") }
      .first { FileManager.default.isExecutableFile(atPath: $0.path) }
      ?? root.appending(path: ".build/debug/a3c")
  }()

  /// The output as a JSON object.
  func json() throws -> [String: Any] {
    try JSONSerialization.jsonObject(with: Data(output.utf8)) as? [String: Any] ?? [:]
  }
}

/// A folder that is gone when the test is.
final class TemporaryFolder {
  let url: URL

  init() throws {
    url = FileManager.default.temporaryDirectory.appending(path: "a3c-tests-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(at: url) }

  /// The path of `name` in the folder.
  func path(_ name: String) -> String { url.appending(path: name).path }

  /// The names of the files in the folder.
  var contents: [String] { (try? FileManager.default.contentsOfDirectory(atPath: url.path).sorted()) ?? [] }
}
