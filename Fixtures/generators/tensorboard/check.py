"""Has TensorBoard read the event file that a3c wrote and compares every number, then every byte with what TensorBoard's
own classes write, and shows that it stops at a damaged record."""

import io
import math
import pathlib
import struct
import sys
import tempfile

import google.protobuf
import tensorboard.version
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.backend.event_processing.event_file_loader import LegacyEventFileLoader
from tensorboard.compat.proto import event_pb2
from tensorboard.summary.writer.record_writer import RecordWriter


def single(value):
    """The nearest number of single precision."""
    return struct.unpack("<f", struct.pack("<f", value))[0]


# Tag, step, value, time. The tests in Swift have the same table.
SCALARS = [("train/return", 1000 * i, single(-1000 / single(i + 1)), 1e9 + i) for i in range(5)] + [
    ("Stürme 🌱", 2**63 - 1, 2.0**-149, 1000000010.25),
    ("edge", -1, -2.5, 1000000010.5),
    ("edge", 0, 0.0, 1000000011.0),
    ("edge", 127, -0.0, 1000000012.0),
    ("edge", 128, math.inf, 1000000013.0),
    ("edge", 2**32, math.nan, 1000000014.0),
    ("long" * 50, 1, single(0.1), 1000000015.0),
]


def same(found, expected):
    """Whether two scalars are equal, -0 and 0 told apart, a NaN equal to itself."""
    bits = struct.Struct("<f")
    return found[:2] == expected[:2] and bits.pack(found[2]) == bits.pack(expected[2]) and found[3] == expected[3]


def all_same(found, expected):
    return len(found) == len(expected) and all(map(same, found, expected))


def loaded(path):
    """The file's version and its scalars, record by record."""
    version = None
    scalars = []
    for event in LegacyEventFileLoader(str(path)).Load():
        if event.WhichOneof("what") == "file_version":
            version = event.file_version
        for value in event.summary.value:
            scalars.append((value.tag, event.step, value.simple_value, event.wall_time))
    return version, scalars


def accumulated(folder):
    """The scalars as the web page gets them, by tag."""
    accumulator = EventAccumulator(str(folder))
    accumulator.Reload()
    tags = accumulator.Tags()["scalars"]
    return [(tag, point.step, point.value, point.wall_time) for tag in tags for point in accumulator.Scalars(tag)]


def written():
    """The file as TensorBoard's own classes write it."""
    file = io.BytesIO()
    writer = RecordWriter(file)
    writer.write(event_pb2.Event(wall_time=1e9, file_version="brain.Event:2").SerializeToString())
    for tag, step, value, wall_time in SCALARS:
        event = event_pb2.Event(wall_time=wall_time, step=step)
        event.summary.value.add(tag=tag, simple_value=value)
        writer.write(event.SerializeToString())
    return file.getvalue()


def main():
    folder = pathlib.Path(sys.argv[1])
    (path,) = folder.iterdir()
    data = path.read_bytes()
    print(
        f"tensorboard {tensorboard.version.VERSION}, protobuf {google.protobuf.__version__}, "
        f"Python {sys.version.split()[0]}"
    )
    results = {}

    version, scalars = loaded(path)
    results["the version is brain.Event:2"] = version == "brain.Event:2"
    results[f"{len(scalars)} of {len(SCALARS)} scalars, each the same"] = all_same(scalars, SCALARS)
    by_tag = sorted(SCALARS, key=lambda scalar: scalar[0])
    results["and the same as the web page gets them"] = all_same(
        sorted(accumulated(folder), key=lambda scalar: scalar[0]), by_tag
    )
    results["every byte as TensorBoard writes it"] = data == written()

    # A damaged byte anywhere: the reader stops before the record that has it.
    ends = [0]
    while ends[-1] < len(data):
        ends.append(ends[-1] + 16 + int.from_bytes(data[ends[-1] : ends[-1] + 8], "little"))
    stops = 0
    with tempfile.TemporaryDirectory() as scratch:
        damaged = pathlib.Path(scratch) / path.name
        for byte in range(len(data)):
            damaged.write_bytes(data[:byte] + bytes([data[byte] ^ 0x10]) + data[byte + 1 :])
            before = sum(end <= byte for end in ends) - 1
            version, scalars = loaded(damaged)
            stops += (version is not None) + len(scalars) == before
    results[f"stopped before the damaged record in {stops} of {len(data)} cases"] = stops == len(data)

    # A file is read while it grows, also where a reading finds half a record.
    with tempfile.TemporaryDirectory() as scratch:
        growing = pathlib.Path(scratch) / path.name
        growing.write_bytes(data[: ends[3] + 20])
        loader = LegacyEventFileLoader(str(growing))
        first = len(list(loader.Load()))
        with open(growing, "ab") as file:
            file.write(data[ends[3] + 20 :])
        results["read on when the file had grown"] = (first, len(list(loader.Load()))) == (3, len(SCALARS) - 2)

    # The comparison is shown to notice another value, step, tag, time and count.
    tag, step, value, wall_time = SCALARS[4]
    others = [(tag, step, -value, wall_time), (tag, 1, value, wall_time), ("x", step, value, wall_time)]
    others.append((tag, step, value, wall_time + 1))
    results["the comparison notices a difference"] = not any(
        all_same(SCALARS[:4] + [other] + SCALARS[5:], SCALARS) for other in others
    ) and not all_same(SCALARS[:-1], SCALARS)

    for sentence, holds in results.items():
        print(f"{'yes' if holds else 'NO '}  {sentence}")
    sys.exit(0 if all(results.values()) else 1)


if __name__ == "__main__":
    main()
