"""Checks program.py against the reference values in golden/ before anybody measures with it: a yardstick that computes
something else measures nothing. Every check has a control, a program with one slip in it that the check must refuse.
"""

import argparse
import csv
import pathlib
import sys
from unittest import mock

import gym
import numpy
import torch

import program

GOLDEN = pathlib.Path(__file__).resolve().parents[3] / "golden" / "reference"
# Of a tensor's largest entry. The reference is torch's own, so what is left is the machine's way of adding up.
TOLERANCE = {"f64": 1e-12, "f32": 1e-4}
DTYPE = {"f64": torch.float64, "f32": torch.float32}


def rows(path):
    csv.field_size_limit(1 << 24)
    with open(GOLDEN / path, newline="") as file:
        return list(csv.DictReader(file))


def distance(found, expected):
    return ((found - expected).abs().max() / expected.abs().max()).item()


def loss_and_gradients(precision):
    """Largest distance of the loss and its gradients from networks/separate.csv."""

    def tensor(row):
        shape = [int(size) for size in row["shape"].split("x")]
        return torch.tensor([float(word) for word in row["values"].split()], dtype=DTYPE[precision]).reshape(shape)

    table = rows("networks/separate.csv")
    table = [row for row in table if row["case"] in ("all", "tanh-1e-4")]
    inputs = {row["tensor"]: tensor(row) for row in table if row["dtype"] == "input"}
    expected = {row["tensor"]: tensor(row) for row in table if row["dtype"] == precision}
    network = program.Network().to(DTYPE[precision])
    network.load_state_dict({name: inputs[name] for name in network.state_dict()})
    loss = program.loss_of(network, inputs["state"], inputs["action"], inputs["value_target"])
    loss.backward()
    found = {f"grad.{name}": parameter.grad for name, parameter in network.named_parameters()}
    found["total_loss"] = loss.detach().reshape(1)
    return max(distance(found[name], expected[name]) for name in found)


def shared_adam(precision):
    """Largest distance of 50 steps of the shared optimizer from optimizers/steps.csv, run adam-a."""

    class Parameters(torch.nn.Module):
        def __init__(self, values):
            super().__init__()
            self.values = torch.nn.Parameter(values)

    def columns(row, letter):
        return torch.tensor([float(row[f"{letter}{index}"]) for index in range(7)], dtype=DTYPE[precision])

    steps = [row for row in rows("optimizers/steps.csv") if (row["config"], row["dtype"]) == ("adam-a", precision)]
    model = Parameters(columns(steps[0], "p"))
    adam = program.Shared(torch.multiprocessing, model).optimizer()
    worst = 0.0
    for gradient, step in zip(rows("optimizers/gradients.csv"), steps[1:], strict=True):
        model.values.grad = columns(gradient, "g")
        adam.step()
        worst = max(worst, distance(model.values.detach(), columns(step, "p")))
    return worst


def returns():
    """Largest distance of a flush's targets from their definition, a sum of discounted rewards."""
    rewards, bootstrap = [-3.0, 0.5, -1.25, 2.0], -4.0
    discounts = numpy.power(0.9, range(5))
    expected = [numpy.dot(discounts[: 5 - t], [*rewards[t:], bootstrap]) for t in range(4)]
    return distance(program.n_step_returns(rewards, bootstrap), torch.tensor(expected).unsqueeze(1))


def pendulum(gravity=10.0):
    """Largest distance of gym's rewards and angles from environments/pendulum-v0.csv, one step at a time."""
    environment = gym.make("Pendulum-v0").unwrapped
    environment.g = gravity
    visits = rows("environments/pendulum-v0.csv")
    worst = 0.0
    for visit, following in zip(visits, visits[1:]):
        if visit["action"]:
            environment.state = numpy.array([float(visit["theta"]), float(visit["theta_dot"])])
            _, reward, _, _ = environment.step(numpy.array([float(visit["action"])]))
            expected = [float(following["theta"]), float(following["theta_dot"]), float(visit["reward"])]
            worst = max(worst, numpy.abs(numpy.subtract([*environment.state, reward], expected)).max())
    return worst


def worker(number, shared):
    return program.Worker(number, shared, argparse.Namespace(seed=7, episodes=1, max_steps=25, rewards="raw"))


def play(number, shared, report):
    alone = worker(number, shared)
    alone.play()
    report.put([entry["step"].item() for entry in alone.optimizer.state.values()])


def sharing_between_processes(step_counts_are_private=True):
    """Whether two processes, one after the other, leave their updates in one model and one pair of moments, each with
    a step count of its own, and leave what they would have left in one process."""
    context = torch.multiprocessing.get_context("fork")

    def start():
        torch.manual_seed(3)
        return program.Shared(context, program.Network())

    def numbers(shared):
        tensors = [*shared.network.parameters(), *(moment for pair in shared.moments for moment in pair)]
        return torch.cat([tensor.detach().flatten() for tensor in tensors])

    apart, together = start(), start()
    untouched = numbers(apart)
    report = context.SimpleQueue()
    steps = []
    for number in range(2):
        process = context.Process(target=play, args=(number, apart, report))
        process.start()
        steps += report.get()
        process.join()
    first = worker(0, together)
    first.play()
    second = worker(1, together)
    if not step_counts_are_private:
        second.optimizer = first.optimizer
    second.play()
    # An episode of 25 steps is flushed three times.
    return (
        set(steps) == {3.0}
        and apart.finished_episodes.value == 2
        and not torch.equal(numbers(apart), untouched)
        and torch.equal(numbers(apart), numbers(together))
    )


def noise_of_workers_differs():
    """Whether two workers of a run start from other nets, in other states, and act with other noise."""
    shared = program.Shared(torch.multiprocessing, program.Network())
    kinds = [
        (alone.local.a1.weight.tolist(), alone.environment.reset().tolist(), torch.randn(3).tolist())
        for alone in (worker(0, shared), worker(1, shared))
    ]
    return all(one != other for one, other in zip(*kinds))


def checks():
    """Name, what was found, and whether that is as it should be, of every check and of its control."""
    for precision, tolerance in TOLERANCE.items():
        for name, check, slip in (
            ("loss and gradients", loss_and_gradients, {"ENTROPY_WEIGHT": 0.01}),
            ("shared Adam", shared_adam, {"ADAM": program.ADAM | {"betas": (0.9, 0.999)}}),
        ):
            worst = check(precision)
            yield f"{name}, {precision}", f"{worst:.1e}", worst <= tolerance
            with mock.patch.multiple(program, **slip):
                worst = check(precision)
                yield f"  control: {name} with another constant", f"{worst:.1e}", worst > tolerance

    yield "n-step returns", f"{returns():.1e}", returns() <= 1e-6
    with mock.patch.object(program, "DISCOUNT", 0.99):
        yield "  control: another discount", f"{returns():.1e}", returns() > 1e-6

    worst = pendulum()
    yield "gym's Pendulum-v0", f"{worst:.1e}", worst <= 1e-12
    worst = pendulum(gravity=9.8)
    yield "  control: another gravity", f"{worst:.1e}", worst > 1e-12

    yield "processes share model and moments, not step counts", "", sharing_between_processes()
    yield "  control: one step count for both", "", not sharing_between_processes(step_counts_are_private=False)

    yield "workers draw noise of their own", "", noise_of_workers_differs()
    with mock.patch.object(program, "seeds", lambda seed, stream: iter((seed, seed))):
        yield "  control: one seed for all", "", not noise_of_workers_differs()


def main():
    torch.set_num_threads(1)
    failures = 0
    for name, found, passes in checks():
        print(f"{'pass' if passes else 'FAIL'}  {name:55} {found}")
        failures += not passes
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
