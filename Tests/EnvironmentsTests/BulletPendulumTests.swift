// The mechanics of the Bullet environments where no table is needed to know them: limits of the rail, caps, signs.

import Testing

@testable import Environments

@Suite struct BulletPendulumTests {
  /// A swing-up in the given state after one step.
  private func stepped(_ state: [Double], _ action: Double = 0) -> BulletPendulum {
    var pendulum = BulletPendulum(.swingUp)
    pendulum.state = state
    pendulum.step([action])
    return pendulum
  }

  @Test func `a pole at rest and upright falls to the side of its centre of mass`() {
    // Bullet's model has it half a millimetre off its axis.
    #expect(stepped([0, 0, 0, 0]).thetaDot > 0)
    #expect(abs(stepped([0, 0, -0.0005 / 0.3, 0]).thetaDot) < 1e-6)
  }

  @Test func `a limit stops a cart that is at it, one step after it is crossed, and lets it go back`() {
    let crossing = stepped([0.99, 2, 0, 0])
    #expect(crossing.x > 1.02 && crossing.xDot > 1.9)
    let stopped = stepped(crossing.state)
    #expect(stopped.xDot < 0 && stopped.x < crossing.x)
    // 20 % of a small penetration a step, nothing of a deep one.
    #expect(abs(stepped([1.01, 0, 0, 0]).x - 1.008) < 1e-4)
    #expect(abs(stepped([1.05, 1, 0, 0]).xDot) < 1e-12)
    // Faster back than the limit pushes: it does not act. The left one is its mirror image.
    let back = stepped([1.001, -3, 0, 0])
    #expect(back.xDot < -2.9)
    #expect(stepped([-1.05, -1, 0, 0]).xDot.magnitude < 1e-12)
    let almost = (1.0).nextDown
    #expect(stepped([1, 1, 0, 0]).xDot < 1e-12 && stepped([almost, 1, 0, 0]).xDot > 0.9)
  }

  @Test func `velocities and forces are capped`() {
    #expect(stepped([0, 140, 0, 0]).xDot <= 100 && stepped([0, 0, 0, -140]).thetaDot >= -100)
    #expect(stepped([0, 0, 0, 0], 7) == stepped([0, 0, 0, 0], 1))
    #expect(stepped([0, 0, 0, 0], -1) == stepped([0, 0, 0, 0], -.infinity))
    #expect(stepped([0, 0, 0, 0], 0.99) != stepped([0, 0, 0, 0], 1))
  }

  @Test func `the two tasks differ in start, reward and end`() {
    var (swingUp, balance) = (BulletPendulum(.swingUp), BulletPendulum(.balance))
    var source = GymRandom(seed: 0)
    swingUp.reset(using: &source)
    source = GymRandom(seed: 0)
    balance.reset(using: &source)
    #expect(swingUp.theta == 3.1415 + balance.theta)
    balance.theta = 0.3
    swingUp.theta = 0.3
    #expect(balance.step([0]).terminated)
    #expect(balance.step([0]).reward == 1)
    let outcome = swingUp.step([0])
    #expect(!outcome.terminated && outcome.reward < 1 && outcome.reward > 0.9)
  }
}
