// A comparison as people read it.

import Reporting
import Sharing

extension QuirkComparison: CustomStringConvertible {
  /// The first difference, what follows from it, and how it grows: a few lines, without a line break at the end.
  public var description: String {
    var rows: [(label: String, text: String)] = []
    if let first {
      let other = first == gradient ? parameter : gradient
      rows.append(("first difference", sentence(of: first)))
      if let other { rows.append(("then", sentence(of: other))) }
      for growth in growth {
        rows.append(
          (
            growth.updates == 1 ? "after 1 update" : "after \(NumberText.grouped(growth.updates)) updates",
            "parameters differ by up to \(short(growth.greatest)), together by \(percent(growth.relative))"
          ))
      }
    } else {
      rows.append(("no difference", "in \(NumberText.grouped(updates)) updates"))
    }
    if !stepSizes.isEmpty {
      let sizes = stepSizes.map { "\(NumberText.fixed($0.ratio, places: 2)) in round \($0.round)" }
      rows.append(("step size", "as a multiple of the intended, equal workers: \(sizes.joined(separator: ", "))"))
    }
    let width = rows.reduce(0) { max($0, $1.label.count) } + 2
    let lines = rows.map { "  " + $0.label + String(repeating: " ", count: width - $0.label.count) + $0.text }
    return ([title] + lines).joined(separator: "\n")
  }

  private var title: String {
    let what = quirk.map { "\($0.rawValue), beside its repair" } ?? "two configurations"
    return "\(what): \(configuration.sharing.rawValue), \(schedule.rawValue), "
      + "\(configuration.workers) workers, seed \(configuration.seed)"
  }

  private func sentence(of difference: Difference) -> String {
    let kind = difference == gradient ? "gradient" : "parameter"
    let by = difference.relative.map { "\(short(difference.absolute)), \(percent($0))" } ?? short(difference.absolute)
    return "\(kind) \(difference.element) is \(difference.value), repaired \(difference.repaired) (\(by)): "
      + "update \(difference.update) of worker \(difference.worker), seen after access \(difference.access), "
      + difference.operation
  }

  private func percent(_ fraction: Double) -> String { "\(short(100 * fraction)) %" }

  /// Three significant digits.
  private func short(_ value: Double) -> String {
    guard value != 0, value.isFinite else { return "\(value)" }
    var (digits, exponent) = (value, 0)
    while digits.magnitude >= 9.995 {
      digits /= 10
      exponent += 1
    }
    while digits.magnitude < 0.9995 {
      digits *= 10
      exponent -= 1
    }
    if (-2...2).contains(exponent) { return NumberText.fixed(value, places: 2 - exponent) }
    return "\(NumberText.fixed(digits, places: 2))e\(exponent)"
  }
}
