"""Has the original library read safetensors/from-a3c.safetensors, which a3c wrote, and compares every bit."""

import pathlib
import sys

import numpy
import safetensors
import safetensors.numpy

from make import METADATA, TENSORS

# What the file has beside the metadata of the one that Python wrote: with several keys the order matters.
FURTHER_METADATA = {"": "", "a": "1", "Z": "2"}


def differences(loaded, expected):
    """The names under which two dictionaries of arrays differ in a bit, a shape or a type."""

    def same(name):
        if name not in loaded or name not in expected:
            return False
        a, b = loaded[name], expected[name]
        return a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()

    return [name for name in sorted(loaded.keys() | expected.keys()) if not same(name)]


def main():
    path = pathlib.Path(sys.argv[1]) / "safetensors" / "from-a3c.safetensors"
    loaded = safetensors.numpy.load_file(path)
    with safetensors.safe_open(path, framework="numpy") as file:
        metadata = file.metadata()
    found = differences(loaded, TENSORS)
    print(f"{path.name}: {len(loaded)} tensors, of which differ: {found or 'none'}")
    sound = not found and metadata == METADATA | FURTHER_METADATA
    print(f"metadata: {'the same' if metadata == METADATA | FURTHER_METADATA else metadata}")

    # The comparison is shown to notice one bit, one shape, one type, and a tensor too few or too many.
    bit = loaded["singles"].copy()
    bit.view("u4")[1, 1] ^= 1
    for changed in (
        {"singles": bit},
        {"singles": loaded["singles"].reshape(3, 2)},
        {"signed": loaded["signed"].view("u8")},
        {"more": bit},
    ):
        sound = sound and differences(loaded | changed, TENSORS) == list(changed)
    fewer = {name: array for name, array in loaded.items() if name != "empty"}
    sound = sound and differences(fewer, TENSORS) == ["empty"]

    # Every tensor begins at a multiple of its elements' size, as in the files that the library writes.
    data = path.read_bytes()
    start = 8 + int.from_bytes(data[:8], "little")
    sound = sound and start % 8 == 0
    position = start
    for name, tensor in sorted(
        ((name, info) for name, info in safetensors.deserialize(data)), key=lambda item: -loaded[item[0]].itemsize
    ):
        sound = sound and position % loaded[name].itemsize == 0
        position += len(tensor["data"])
    print("sound" if sound else "NOT sound")
    sys.exit(0 if sound else 1)


if __name__ == "__main__":
    main()
