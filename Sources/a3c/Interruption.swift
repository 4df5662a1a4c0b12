// Ctrl-C and its like. The first asks for a stop in good order; the second ends the program at once, which harms no
// file: those that were begun are under temporary names, and what is read of a growing file is its whole parts.

import Foundation
import Synchronization

/// The last signal that came; 0 before the first.
private let received = Atomic<Int32>(0)

/// The signals that ask a run to stop.
enum Interruption {
  /// Begins to listen.
  static func listen() {
    // Touched here, so that the handler finds it made.
    received.store(0, ordering: .relaxed)
    var signals = sigset_t()
    sigemptyset(&signals)
    for number in [SIGINT, SIGTERM] {
      sigaddset(&signals, number)
      signal(number) { number in
        if received.exchange(number, ordering: .relaxed) != 0 { _exit(128 + number) }
      }
    }
    // Whoever started the program may have blocked them, and a program inherits that.
    pthread_sigmask(SIG_UNBLOCK, &signals, nil)
    // That nobody reads the progress any more is no reason to end the run.
    signal(SIGPIPE, SIG_IGN)
  }

  /// By which exit code a shell knows that the signal which has come ended a command; `nil` before any.
  static var exitCode: Int32? {
    let number = received.load(ordering: .relaxed)
    return number == 0 ? nil : 128 + number
  }

  /// The name of the signal that has come, if one has.
  static var signalName: String? {
    switch received.load(ordering: .relaxed) {
    case 0: nil
    case SIGINT: "SIGINT"
    default: "SIGTERM"
    }
  }
}
