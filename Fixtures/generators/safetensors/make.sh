#!/bin/sh
# Makes the safetensors fixtures anew with the original library, in a virtual environment of its own, compares them with
# those in Fixtures, then has the library read what a3c wrote. Usage: make.sh [FOLDER], where FOLDER receives the files
# (default: .venv/made); `make.sh Fixtures` replaces those that are there.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
fixtures=$(cd "$here/../.." && pwd)
environment=$here/.venv

[ -x "$environment/bin/python" ] || python3 -m venv "$environment"
"$environment/bin/pip" install --quiet safetensors==0.8.0 numpy==2.4.6

"$environment/bin/python" "$here/make.py" "$fixtures" "${1:-$environment/made}"
exec "$environment/bin/python" "$here/check.py" "$fixtures"
