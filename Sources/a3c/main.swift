// The way out of the program: every error becomes a sentence and an exit code. 0: fine. 1: a check failed, or a run did
// not repeat itself. 2: bad usage, unreadable input, or nowhere to write.

import Foundation

// A standard stream that was closed must not become one of the program's own files, which would then have its messages.
// For reading, so that writing there stays an error.
for descriptor in STDIN_FILENO...STDERR_FILENO where fcntl(descriptor, F_GETFD) < 0 { _ = open("/dev/null", O_RDONLY) }
// A file that may not grow any more is an error of its writer, and no reason to be killed.
signal(SIGXFSZ, SIG_IGN)
do {
  let code = try run(Array(CommandLine.arguments.dropFirst()))
  try flushOutput()
  exit(code)
} catch let error as StoppedRun {
  tell("a3c: \(error)")
  exit(1)
} catch {
  tell("a3c: \(error)")
  exit(2)
}
