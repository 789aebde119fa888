#!/bin/sh
# Runs every check, even after one has failed:  check.sh VENV FOLDER...
# Exits 1 if any has failed, and says which.
set -eu

here=$(dirname "$0")
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
check types "$bin/python" "$here/type-completeness.py" "$bin/python" 99
check commits "$here/check-commits.sh"

if [ -n "$failed" ]; then
    echo "Failed:$failed" >&2
    exit 1
fi
echo "All checks passed."
