"""Prints the Markdown table of compare.sh from what its runs left in a folder."""

import argparse
import collections
import json
import os
import pathlib
import statistics


def runs(folder, name):
    """All documents of one program, by its number of workers."""
    found = collections.defaultdict(list)
    for path in sorted(folder.glob(f"{name}-*.json")):
        document = json.loads(path.read_text())
        clock = path.with_suffix(".time")
        if clock.exists():
            wall, program, system = map(float, clock.read_text().split())
            document["cores"] = (program + system) / wall
        else:
            document["cores"] = document["processorSeconds"] / document["seconds"]
        document["speed"] = document["environmentSteps"] / document["seconds"]
        found[document["workers"]].append(document)
    return found


def cell(group):
    """The median speed, the slowest and the fastest, and how many cores were kept busy."""
    speeds = [run["speed"] for run in group]
    cores = statistics.median(run["cores"] for run in group)
    return f"{statistics.median(speeds):,.0f} | {min(speeds):,.0f} to {max(speeds):,.0f} | {cores:.2f}"


def common(documents, key):
    """What all documents say."""
    values = {json.dumps(document[key]) for document in documents}
    if len(values) != 1:
        raise SystemExit(f"the runs differ in {key}: {', '.join(sorted(values))}")
    return json.loads(values.pop())


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=pathlib.Path)
    for fact in ("command", "commit", "swift", "processor"):
        parser.add_argument(f"--{fact}", required=True)
    arguments = parser.parse_args()
    pytorch = runs(arguments.folder, "pytorch")
    a3c = runs(arguments.folder, "a3c")

    print("| workers | PyTorch, steps/s | range | cores | a3c, steps/s | range | cores | ratio |")
    print("|--:|--:|--:|--:|--:|--:|--:|--:|")
    for workers in sorted(pytorch):
        theirs, ours = (statistics.median(run["speed"] for run in side[workers]) for side in (pytorch, a3c))
        print(f"| {workers} | {cell(pytorch[workers])} | {cell(a3c[workers])} | {ours / theirs:.0f} |")

    theirs = [run for group in pytorch.values() for run in group]
    ours = [run for group in a3c.values() for run in group]
    versions = common(theirs, "versions")
    repetitions = len(theirs) // len(pytorch)
    episodes = [min(len(run["returns"]) for run in side) for side in (theirs, ours)]
    print(
        f"""
- medians of {repetitions} runs, in turns; {common(theirs, "maxSteps"):,} steps an episode
- PyTorch played {episodes[0]:,} episodes a run or a few more, a3c {episodes[1]:,} or a few more
- `{arguments.command}`, preset `{common(ours, "preset")}`, protocol `{common(ours, "protocol")}`
- Python {versions["python"]}, torch {versions["torch"]}, numpy {versions["numpy"]}, gym {versions["gym"]}
- Swift {arguments.swift}, commit {arguments.commit}
- {arguments.processor}, {os.cpu_count()} processors"""
    )

    # What the workers did not get, somebody else had, or nobody: towards the end some have finished.
    for workers, group in sorted(pytorch.items()):
        processors = min(workers, os.cpu_count())
        cores = statistics.median(run["cores"] for run in group)
        if cores < 0.9 * processors:
            print(f"- not to be trusted: with --workers {workers}, PyTorch had {cores:.2f} cores of {processors}")


if __name__ == "__main__":
    main()
