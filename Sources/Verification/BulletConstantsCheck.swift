// Compares the constants of the Bullet environments with the numbers that PyBullet itself reported.

import Environments
import Foundation

/// Masses, inertia, centre of mass, limits and settings, bit for bit.
let bulletConstantsCheck: ReferenceCheck = {
  let file = "environments/bullet-constants.json"
  return ReferenceCheck(files: [file]) { folder in
    let model: BulletModel = try folder.json(file)
    guard let slider = model.joint("slider"), let cart = model.link("cart"), let pole = model.link("pole") else {
      throw ReferenceError("\(file): there is no slider, cart or pole among the links; copy the file again")
    }
    typealias Constants = BulletPendulum.Constants
    var values = CheckTally("\(file), bit for bit", tolerance: 0)
    for (name, actual, expected) in [
      ("mass of the cart", Constants.cartMass, cart.mass), ("mass of the pole", Constants.poleMass, pole.mass),
      ("inertia of the pole", Constants.poleInertia, pole.localInertiaDiagonal[1]),
      ("x of the pole's centre", Constants.poleCentre.x, pole.centreOfMass[0]),
      ("z of the pole's centre", Constants.poleCentre.z, pole.centreOfMass[2]),
      ("lower limit", -Constants.limit, slider.lowerLimit), ("upper limit", Constants.limit, slider.upperLimit),
      ("time step", Constants.timeStep, model.engine.fixedTimeStep),
      ("gravity", -Constants.gravity, model.engine.gravityAccelerationZ),
      ("force", Constants.greatestForce, model.environment.motorForceAtFullAction),
      ("linear damping", Constants.damping, model.defaults.linearDamping),
      ("angular damping", Constants.damping, model.defaults.angularDamping),
      ("correction of a limit", Constants.limitCorrection, model.defaults.jointLimitERP),
      ("deep penetration", -Constants.deepPenetration, model.defaults.splitImpulsePenetrationThreshold),
      ("impulse of a limit", Constants.greatestImpulse, model.defaults.maxLimitImpulse),
      ("velocity of a joint", Constants.greatestVelocity, model.defaults.maxJointSpeed),
    ] {
      values.compareBits(actual, expected, at: name)
    }
    return [values.result]
  }
}()

/// What the checks need of the document.
private struct BulletModel: Decodable {
  struct Joint: Decodable {
    var name: String
    var lowerLimit: Double
    var upperLimit: Double
    var linkName: String
  }
  struct Link: Decodable {
    var mass: Double
    var localInertiaDiagonal: [Double]
    var centreOfMass: [Double]
    var joint: Joint?
  }
  struct Engine: Decodable {
    var fixedTimeStep: Double
    var gravityAccelerationZ: Double
  }
  struct Settings: Decodable {
    var motorForceAtFullAction: Double
  }
  struct Defaults: Decodable {
    var linearDamping: Double
    var angularDamping: Double
    var jointLimitERP: Double
    var splitImpulsePenetrationThreshold: Double
    var maxLimitImpulse: Double
    var maxJointSpeed: Double
  }

  var links: [Link]
  var engine: Engine
  var environment: Settings
  var defaults: Defaults

  private enum CodingKeys: String, CodingKey {
    case links, engine
    case environment = "set_by_environment"
    case defaults = "engine_defaults_from_bullet_source_not_reported_by_the_api"
  }

  func joint(_ name: String) -> Joint? { links.lazy.compactMap(\.joint).first { $0.name == name } }

  /// The link called `name`, with its vectors whole.
  func link(_ name: String) -> Link? {
    links.first { $0.joint?.linkName == name && $0.localInertiaDiagonal.count == 3 && $0.centreOfMass.count == 3 }
  }
}

extension ReferenceFolder {
  /// Reads the JSON document `name` (a path within the folder).
  /// - Throws: `ReferenceError` when it is missing or damaged.
  fileprivate func json<Document: Decodable>(_ name: String) throws -> Document {
    guard let data = FileManager.default.contents(atPath: url.appendingPathComponent(name).path) else {
      throw ReferenceError("\(name) is missing in \(url.path); add it or check the folder's name")
    }
    do { return try JSONDecoder().decode(Document.self, from: data) } catch {
      throw ReferenceError("\(name) has not the numbers that PyBullet reports, so it is damaged; copy it again")
    }
  }
}
