#!/usr/bin/env bash
# Runs program.py and the release build of a3c in turns on this machine and prints their environment steps per second
# as a Markdown table. Usage: compare.sh [--quick] [--keep FOLDER] [-- ARGUMENTS OF a3c], for example
# compare.sh -- --protocol sharded. The JSON documents of all runs are left in FOLDER.
set -euo pipefail
export LC_ALL=C TIMEFORMAT='%R %U %S'
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../../.." && pwd)

# The a3c command that is measured; `replay` measures lockstep in one thread instead of training on threads.
command=${A3C_COMMAND:-train}

workers="1 2 12"
repetitions=5
max_steps=4000
# a3c gets more episodes to play than PyTorch, or it would be done before its clock has ticked often enough.
pytorch_episodes=24
a3c_episodes=1000
folder=
while [ $# -gt 0 ]; do
  case $1 in
    --quick) repetitions=2 max_steps=400 pytorch_episodes=12 ;;
    --keep) folder=${2:?--keep needs a folder} && shift ;;
    --) shift && break ;;
    *) echo "usage: compare.sh [--quick] [--keep FOLDER] [-- ARGUMENTS OF a3c], not $1" >&2 && exit 2 ;;
  esac
  shift
done

if [ -z "$folder" ]; then
  folder=$(mktemp -d)
  trap 'rm -rf "$folder"' EXIT
elif [ -n "$(ls -A "$folder" 2>/dev/null)" ]; then
  echo "$folder holds files already; name a new folder" >&2 && exit 2
fi
mkdir -p "$folder"

python=$("$here/environment.sh")
swift build --package-path "$root" -c release --product a3c >&2
a3c=$(swift build --package-path "$root" -c release --show-bin-path)/a3c
"$a3c" "$command" --help >/dev/null

echo "checking program.py" >&2
"$python" "$here/check.py" >"$folder/check.txt" || { cat "$folder/check.txt" >&2 && exit 1; }

run_pytorch() { # workers, repetition
  "$python" "$here/program.py" --workers "$1" --episodes $pytorch_episodes --max-steps $max_steps --seed "$2" \
    --json "$folder/pytorch-$1-$2.json" >/dev/null
}

run_a3c() { # workers, repetition, further arguments
  local name=$folder/a3c-$1-$2
  local arguments=(--preset sjtu --workers "$1" --episodes $a3c_episodes --max-steps $max_steps --seed "$2" --json)
  # `time` is the shell's own: seconds on the wall, in the program and in the system.
  { time "$a3c" "$command" "${arguments[@]}" "${@:3}" >"$name.json" 2>"$name.err"; } 2>"$name.time" ||
    { cat "$name.err" >&2 && exit 1; }
}

# Side by side: whatever else the machine does meets both. Who goes first alternates.
for repetition in $(seq $repetitions); do
  for count in $workers; do
    echo "run $repetition of $repetitions, workers: $count" >&2
    if [ $((repetition % 2)) -eq 1 ]; then run_pytorch "$count" "$repetition"; fi
    run_a3c "$count" "$repetition" "$@"
    if [ $((repetition % 2)) -eq 0 ]; then run_pytorch "$count" "$repetition"; fi
  done
done

commit=$(git -C "$root" rev-parse --short HEAD)
[ -z "$(git -C "$root" status --porcelain)" ] || commit="$commit and changes that are not committed"
processor=$(sed -n 's/^model name[[:space:]]*: //p' /proc/cpuinfo 2>/dev/null | head -n 1)
[ -n "$processor" ] || processor=$(sysctl -n machdep.cpu.brand_string 2>/dev/null || uname -m)
"$python" "$here/table.py" "$folder" --command "a3c $command${*:+ $*}" --commit "$commit" \
  --swift "$(swift --version 2>/dev/null | sed -n 's/.*Swift version \([^ ]*\).*/\1/p')" --processor "$processor"
