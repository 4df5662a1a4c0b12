#!/bin/sh
# Makes the Pendulum-v0 reference tables anew from gym 0.18.0, in a virtual environment of its own, and compares them
# with golden/reference/environments. Usage: make.sh [FOLDER], where FOLDER receives the tables (default: .venv/made).
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../../.." && pwd)
environment=$here/.venv

# gym 0.18.0 and the Pillow that it asks for are built from source, with build tools of their own years.
[ -x "$environment/bin/python" ] || python3 -m venv "$environment"
"$environment/bin/pip" install --quiet setuptools==57.5.0 wheel==0.37.1 numpy==1.26.4
"$environment/bin/pip" install --quiet --no-build-isolation gym==0.18.0

exec "$environment/bin/python" "$here/make.py" "$root/golden/reference/environments" "${1:-$environment/made}"
