#!/bin/sh
# Has TensorBoard read the event file in Fixtures/tensorboard, which a3c wrote, in a virtual environment of its own.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
environment=$here/.venv

[ -x "$environment/bin/python" ] || python3 -m venv "$environment"
"$environment/bin/pip" install --quiet tensorboard==2.21.0 protobuf==7.36.2 numpy==2.4.6 setuptools==65.5.0

exec "$environment/bin/python" "$here/check.py" "$here/../../tensorboard"
