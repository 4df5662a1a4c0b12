#!/usr/bin/env bash
# Makes the virtual environment of program.py, once, and prints the path of its Python.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
environment=$here/.venv
complete=$environment/complete
torch=2.13.0
index=https://download.pytorch.org/whl/cpu

if [ ! -e "$complete" ]; then
  python3 -m venv "$environment"
  # gym 0.18.0 and the Pillow that it asks for are built from source, with build tools of their own years.
  "$environment/bin/pip" install --quiet setuptools==57.5.0 wheel==0.37.1 numpy==1.26.4 >&2
  "$environment/bin/pip" install --quiet --no-build-isolation gym==0.18.0 >&2
  # The build for processors only: from wherever pip looks, else from PyTorch's own index. Other systems than Linux have
  # one build, without the suffix.
  "$environment/bin/pip" install --quiet "torch==$torch+cpu" >&2 ||
    "$environment/bin/pip" install --quiet --extra-index-url "$index" "torch==$torch+cpu" >&2 ||
    "$environment/bin/pip" install --quiet "torch==$torch" >&2
  touch "$complete"
fi
echo "$environment/bin/python"
