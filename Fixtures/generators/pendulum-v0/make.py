"""Makes the Pendulum-v0 tables of golden/reference/environments anew with gym 0.18.0 and compares them byte for byte.

Start states and actions are inputs and are read from the existing tables: how the random actions were drawn is not
recorded there, only the actions themselves. A seeded start is drawn again and must not be read. Everything else
(states, observations, rewards, flags, resets) is what gym returns now.
"""

import argparse
import csv
import pathlib
import sys

import gym
import numpy

TRAJECTORIES = "pendulum-v0.csv"
EPISODES = "pendulum-v0-episodes.csv"
RESETS = "pendulum-v0-resets.csv"


def read(path):
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


def number(value):
    """The shortest decimal that parses back to the same double."""
    return repr(float(value))


def pendulum():
    """Pendulum-v0 without its time limit, which the tables leave out."""
    return gym.make("Pendulum-v0").unwrapped


def replay(episode, visits):
    """The trajectory rows of one episode and its row in the list of episodes."""
    environment = pendulum()
    if episode["start"] == "given":
        start = [float(visits[0]["theta"]), float(visits[0]["theta_dot"])]
        environment.reset()
        environment.state = numpy.array(start)
    else:
        environment.seed(int(episode["start"].removeprefix("seed ")))
        environment.reset()

    actions = [visit["action"] for visit in visits if visit["action"]]
    rows = []
    done = False
    for t, action in enumerate(actions + [None]):
        theta, theta_dot = environment.state
        cosine, sine, velocity = environment._get_obs()
        if velocity != theta_dot:
            sys.exit("the third observation is not theta_dot, so the table's columns do not hold all of it")
        visited = [episode["episode"], str(t), *map(number, (theta, theta_dot, cosine, sine))]
        if action is None:
            rows.append(visited + ["", "", ""])
        else:
            _, reward, done, _ = environment.step(numpy.array([float(action)]))
            rows.append(visited + [number(float(action)), number(reward), str(int(done))])
    return rows, [episode["episode"], episode["actions"], episode["start"], str(len(actions)), str(int(done))]


def resets(recorded):
    """As many resets in a row after each seeding as the existing table has."""
    rows = []
    for row in recorded:
        if row["reset"] == "0":
            environment = pendulum()
            environment.seed(int(row["seed"]))
        environment.reset()
        rows.append([row["seed"], row["reset"], *map(number, environment.state)])
    return rows


def write(path, header, rows):
    path.write_text("".join(",".join(row) + "\n" for row in [header] + rows))


def compare(old, new):
    """Prints how many rows are the same; true if the files are equal byte for byte."""
    before = old.read_bytes().splitlines(keepends=True)[1:]
    after = new.read_bytes().splitlines(keepends=True)[1:]
    same = sum(a == b for a, b in zip(before, after))
    equal = old.read_bytes() == new.read_bytes()
    print(f"{new.name}: {same} of {len(before)} rows the same, {'equal' if equal else 'NOT equal'} byte for byte")
    for line, (a, b) in enumerate(zip(before, after), start=2):
        if a != b:
            print(f"  line {line}: {a.decode().strip()} is now {b.decode().strip()}")
            break
    return equal


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("existing", type=pathlib.Path, help="the folder with the existing tables")
    parser.add_argument("made", type=pathlib.Path, help="the folder that the new tables are written to")
    arguments = parser.parse_args()
    existing, made = arguments.existing, arguments.made
    made.mkdir(parents=True, exist_ok=True)
    if made.resolve() == existing.resolve():
        sys.exit("write the new tables to another folder: these are what they are compared with")

    visits = {}
    for row in read(existing / TRAJECTORIES):
        visits.setdefault(row["episode"], []).append(row)
    replays = [replay(episode, visits[episode["episode"]]) for episode in read(existing / EPISODES)]

    write(
        made / TRAJECTORIES,
        ["episode", "t", "theta", "theta_dot", "obs_cos", "obs_sin", "action", "reward", "done"],
        [row for rows, _ in replays for row in rows],
    )
    write(
        made / EPISODES, ["episode", "actions", "start", "steps", "ended_done"], [summary for _, summary in replays]
    )
    write(made / RESETS, ["seed", "reset", "theta", "theta_dot"], resets(read(existing / RESETS)))

    print(f"gym {gym.__version__}, NumPy {numpy.__version__}, Python {sys.version.split()[0]}")
    equal = [compare(existing / name, made / name) for name in (TRAJECTORIES, EPISODES, RESETS)]
    sys.exit(0 if all(equal) else 1)


if __name__ == "__main__":
    main()
