#!/bin/sh
# Runs every check, also after one that failed:  check.sh VENV FOLDER...
# Exits 1 if any failed, and says which.
set -eu

bin=$1/bin
shift
failed=""

check() { # check NAME COMMAND...
    name=$1
    shift
    echo "== $name"
    "$@" || failed="$failed $name"
}

check ruff "$bin/ruff" check "$@"
check format "$bin/ruff" format --check "$@"
check mypy "$bin/mypy" "$@"
check pyright "$bin/pyright" --pythonpath "$bin/python" "$@"

if [ -n "$failed" ]; then
    echo "Failed:$failed" >&2
    exit 1
fi
echo "All checks passed."
