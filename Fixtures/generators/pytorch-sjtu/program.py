"""The system `sjtu` in PyTorch: A3C on Pendulum-v0, processes that share one model and Adam's moments without a lock.

The yardstick for the speed and the learning of `a3c train --preset sjtu`: the same numbers, the same quirks, and gym's
own Pendulum. Written from the description of the system, and as fast as plain PyTorch goes.
"""

import time

LAUNCHED = time.monotonic()  # Before the imports, which are most of the start-up.

import argparse
import dataclasses
import json
import math
import os
import pathlib
import platform
import queue

import gym
import numpy
import torch
from torch import multiprocessing, nn
from torch.nn import functional

ACTOR_UNITS = 200
CRITIC_UNITS = 100
WEIGHT_DEVIATION = 0.1
DEVIATION_FLOOR = 1e-4
FLUSH_LENGTH = 10
DISCOUNT = 0.9
ENTROPY_WEIGHT = 0.005
ADAM = {"lr": 1e-4, "betas": (0.96, 0.999), "eps": 1e-8, "weight_decay": 0}
REWARDS = {"raw": lambda reward: reward, "scaled": lambda reward: (reward + 8.1) / 8.1}


class Network(nn.Module):
    """A Gaussian actor and a critic that have no layer in common."""

    def __init__(self):
        super().__init__()
        self.a1 = nn.Linear(3, ACTOR_UNITS)
        self.mu = nn.Linear(ACTOR_UNITS, 1)
        self.sigma = nn.Linear(ACTOR_UNITS, 1)
        self.c1 = nn.Linear(3, CRITIC_UNITS)
        self.v = nn.Linear(CRITIC_UNITS, 1)
        for layer in self.children():
            nn.init.normal_(layer.weight, 0, WEIGHT_DEVIATION)
            nn.init.zeros_(layer.bias)

    def policy(self, states):
        """Mean and deviation of the torque. The mean reaches half of the torques only (`unscaled-mean`)."""
        hidden = functional.relu6(self.a1(states))
        return torch.tanh(self.mu(hidden)), functional.softplus(self.sigma(hidden)) + DEVIATION_FLOOR

    def value(self, states):
        return self.v(functional.relu6(self.c1(states)))


def loss_of(network, states, actions, targets):
    """mean[(v - V)² - (log π(a|s) · stop(v - V) + β H)], all arguments of one row a step.

    The density is written out: `torch.distributions.Normal` would add an eighth to the time of a gradient.
    """
    mean, deviation = network.policy(states)
    difference = targets - network.value(states)
    log_deviation = deviation.log()
    log_density = -((actions - mean) ** 2) / (2 * deviation**2) - log_deviation - 0.5 * math.log(2 * math.pi)
    entropy = 0.5 + 0.5 * math.log(2 * math.pi) + log_deviation
    return (difference**2 - (log_density * difference.detach() + ENTROPY_WEIGHT * entropy)).mean()


class Shared:
    """What the workers have in common: the model, Adam's moments, the episode counter and the smoothed reward."""

    def __init__(self, context, network):
        self.network = network.share_memory()
        self.moments = [
            (torch.zeros_like(parameter).share_memory_(), torch.zeros_like(parameter).share_memory_())
            for parameter in network.parameters()
        ]
        self.finished_episodes = context.Value("i", 0)
        self.smoothed_reward = context.Value("d", 0.0)

    def optimizer(self):
        """An Adam over the shared parameters and moments whose step count is the caller's own (`private-step`)."""
        adam = torch.optim.Adam(self.network.parameters(), fused=True, **ADAM)
        for parameter, (first, second) in zip(self.network.parameters(), self.moments):
            adam.state[parameter] = {"step": torch.zeros(()), "exp_avg": first, "exp_avg_sq": second}
        return adam

    def finish_episode(self, reward_per_step):
        """Counts an episode. Returns the smoothed reward, of which 0.0 means that there was none yet."""
        with self.finished_episodes.get_lock():
            self.finished_episodes.value += 1
        with self.smoothed_reward.get_lock():
            before = self.smoothed_reward.value
            after = reward_per_step if before == 0.0 else 0.99 * before + 0.01 * reward_per_step
            self.smoothed_reward.value = after
        return after


@dataclasses.dataclass
class Episode:
    """A finished episode, as its worker reports it."""

    worker: int
    episode_return: float  # of rewards as they are
    steps: int
    smoothed: float


@dataclasses.dataclass
class WorkerEnd:
    """A worker's last report. Begun and ended are read off the monotonic clock, which all processes share."""

    steps: int
    updates: int
    begun: float
    ended: float
    processor_seconds: float


class Worker:
    """An actor-learner: its local net, its environment, and its share of the common work."""

    def __init__(self, number, shared, arguments):
        torch.set_num_threads(1)
        # Every worker has a seed of its own: forked ones would otherwise draw the same noise (`same-noise`).
        noise_seed, environment_seed = seeds(arguments.seed, stream=1 + number)
        torch.manual_seed(noise_seed)
        self.environment = gym.make("Pendulum-v0").unwrapped
        self.environment.seed(environment_seed)
        self.number = number
        self.shared = shared
        self.episodes = arguments.episodes
        self.max_steps = arguments.max_steps
        self.reward_seen = REWARDS[arguments.rewards]
        # It pulls for the first time after its first push (`no-initial-pull`).
        self.local = Network()
        self.optimizer = shared.optimizer()
        self.local_parameters = list(self.local.parameters())
        self.shared_parameters = list(shared.network.parameters())
        self.total_steps = 0
        self.updates = 0

    def work(self, report):
        """Plays as long as fewer episodes have finished than are asked for, so some more will (`episode-overrun`)."""
        while self.shared.finished_episodes.value < self.episodes:
            report(self.play())

    def play(self):
        states, actions, rewards = [], [], []
        episode_return = 0.0
        state = single(self.environment.reset())
        for step in range(1, self.max_steps + 1):
            action = self.act(state)
            # The environment clips the torque to ±2; the density below is that of the sample.
            next_state, reward, _, _ = self.environment.step(action.numpy())
            next_state = single(next_state)
            states.append(state)
            actions.append(action)
            rewards.append(self.reward_seen(reward))
            episode_return += reward
            state = next_state
            self.total_steps += 1
            # The step limit counts as the end of the task (`limit-is-terminal`).
            is_over = step == self.max_steps
            if is_over or self.total_steps % FLUSH_LENGTH == 0:
                bootstrap = 0.0 if is_over else self.value(state)
                self.push(torch.stack(states), torch.stack(actions), n_step_returns(rewards, bootstrap))
                self.pull()
                states, actions, rewards = [], [], []
        smoothed = self.shared.finish_episode(episode_return / self.max_steps)
        return Episode(self.number, episode_return, self.max_steps, smoothed)

    @torch.no_grad()
    def act(self, state):
        mean, deviation = self.local.policy(state)
        return mean + deviation * torch.randn(1)

    @torch.no_grad()
    def value(self, state):
        return self.local.value(state).item()

    def push(self, states, actions, targets):
        """Steps the shared model along the gradient of the local net, without a lock.

        Gradients are new tensors each time, and the slots of the shared model belong to the process, so none is added
        to (`never-cleared`) and none is anybody else's (`gradient-slot`).
        """
        loss = loss_of(self.local, states, actions, targets)
        for parameter, gradient in zip(self.shared_parameters, torch.autograd.grad(loss, self.local_parameters)):
            parameter.grad = gradient
        self.optimizer.step()
        self.updates += 1

    @torch.no_grad()
    def pull(self):
        for local, shared in zip(self.local_parameters, self.shared_parameters):
            local.copy_(shared)


def single(observation):
    return torch.from_numpy(observation.astype(numpy.float32))


def n_step_returns(rewards, bootstrap):
    """v_t = r_t + γ v_{t+1}, from the last step backwards, as a column."""
    returns = []
    following = bootstrap
    for reward in reversed(rewards):
        following = reward + DISCOUNT * following
        returns.append(following)
    returns.reverse()
    return torch.tensor(returns, dtype=torch.float32).unsqueeze(1)


def seeds(seed, stream):
    """A seed for torch and one for gym; other streams and other seeds give unrelated ones."""
    return map(int, numpy.random.SeedSequence([seed, stream]).generate_state(2))


def run_worker(number, shared, arguments, start, reports):
    """The process of one worker. All begin together, so that nobody's start-up is measured."""
    worker = Worker(number, shared, arguments)
    start.wait()
    begun, used = time.monotonic(), time.process_time()
    worker.work(reports.put)
    ended, used = time.monotonic(), time.process_time() - used
    reports.put(WorkerEnd(worker.total_steps, worker.updates, begun, ended, used))


def train(arguments):
    """Runs all workers to their end. Returns the episodes in order of arrival, and the workers' last reports."""
    torch.set_num_threads(1)
    torch.manual_seed(next(seeds(arguments.seed, stream=0)))
    context = multiprocessing.get_context("fork")
    shared = Shared(context, Network())
    shared.optimizer()  # The first one imports 800 modules: once, before the processes part.
    start = context.Barrier(arguments.workers)
    reports = context.Queue()
    processes = multiprocessing.start_processes(
        run_worker,
        args=(shared, arguments, start, reports),
        nprocs=arguments.workers,
        join=False,
        daemon=True,
        start_method="fork",
    )
    episodes, ends = [], []
    while len(ends) < arguments.workers:
        try:
            report = reports.get(timeout=1)
        except queue.Empty:
            processes.join(timeout=0)  # Raises what a worker raised; without this look a dead one is waited for.
        else:
            (episodes if isinstance(report, Episode) else ends).append(report)
    while not processes.join():
        pass
    return episodes, ends


def positive(text):
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{number} given, at least 1 needed")
    return number


def seed(text):
    number = int(text)
    if not 0 <= number < 2**64:
        raise argparse.ArgumentTypeError(f"{number} given, a seed is at least 0 and below 2^64")
    return number


def write_whole(path, text):
    """Writes a file whole or not at all."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.write_text(text)
    temporary.replace(path)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--workers", type=positive, default=12, help="processes (default: %(default)s)")
    parser.add_argument(
        "--episodes", type=positive, default=1000, help="asked for, all workers together (default: %(default)s)"
    )
    parser.add_argument("--max-steps", type=positive, default=4000, help="of an episode (default: %(default)s)")
    parser.add_argument(
        "--rewards", choices=REWARDS, default="raw", help="what the learner sees: raw, or scaled, (r + 8.1)/8.1"
    )
    parser.add_argument("--seed", type=seed, default=0, help="of weights, noise and starts (default: %(default)s)")
    parser.add_argument("--json", type=pathlib.Path, metavar="OUT", help="the file that the results are written to")
    arguments = parser.parse_args()
    if arguments.json and not arguments.json.parent.is_dir():
        parser.error(f"there is no folder {arguments.json.parent} to write {arguments.json.name} to")

    episodes, ends = train(arguments)

    begun = min(end.begun for end in ends)
    seconds = max(end.ended for end in ends) - begun
    steps = sum(end.steps for end in ends)
    result = {
        "preset": "sjtu",
        "rewards": arguments.rewards,
        "seed": arguments.seed,
        "workers": arguments.workers,
        "maxSteps": arguments.max_steps,
        "episodes": len(episodes),
        "environmentSteps": steps,
        "updates": sum(end.updates for end in ends),
        "seconds": seconds,
        "processorSeconds": sum(end.processor_seconds for end in ends),
        "startupSeconds": begun - LAUNCHED,
        "stepsPerSecond": steps / seconds,
        "returns": [episode.episode_return for episode in episodes],
        "smoothed": [episode.smoothed for episode in episodes],
        "versions": {
            "python": platform.python_version(),
            "torch": torch.__version__,
            "numpy": numpy.__version__,
            "gym": gym.__version__,
        },
    }
    if arguments.json:
        write_whole(arguments.json, json.dumps(result, indent=2) + "\n")
    print(
        f"{steps} steps in {len(episodes)} episodes by {arguments.workers} workers: {seconds:.2f} s after "
        f"{result['startupSeconds']:.2f} s of start-up, {result['stepsPerSecond']:.0f} steps per second, "
        f"smoothed reward per step {episodes[-1].smoothed:.3f}"
    )


if __name__ == "__main__":
    main()
