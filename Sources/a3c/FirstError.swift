// A run that fails in one place still closes what can be closed in the others, and then says what went wrong first.

/// Steps that are all taken, whatever becomes of those before.
struct FirstError {
  private var error: (any Error)?

  /// Takes a step.
  mutating func attempt(_ step: () throws -> Void) {
    do { try step() } catch { self.error = self.error ?? error }
  }

  /// Throws the error of the first step that failed, if one did.
  func rethrow() throws { if let error { throw error } }
}
