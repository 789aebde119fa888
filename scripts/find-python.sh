#!/bin/sh
# Prints the path of a CPython: of the given version (find-python.sh 3.12), or of the newest that
# beamish supports. PYTHON in the environment replaces the search for the newest.
# Exits 1 and prints nothing where there is none.
set -eu

wanted=${1:-}
newest_first="3.15 3.14 3.13 3.12 3.11"

# A pyenv shim exists even for a version that is switched off, so each candidate is run.
is_cpython() {
    "$1" -c 'import sys
want = tuple(map(int, sys.argv[1].split("."))) if sys.argv[1] else None
ok = sys.version_info[:2] == want if want else sys.version_info >= (3, 11)
sys.exit(not (ok and sys.implementation.name == "cpython"))' "$2" >/dev/null 2>&1
}

# Candidates for one version: those on the PATH, and pyenv's, which need not be on it.
candidates() {
    command -v "python$1" || true
    for root in "${PYENV_ROOT:-}" "${HOME:-}/.pyenv"; do
        [ -d "$root/versions" ] || continue
        ls -d "$root/versions/$1".*/bin/python3 2>/dev/null || true
    done
}

find_version() {
    for candidate in $(candidates "$1"); do
        if is_cpython "$candidate" "$1"; then
            echo "$candidate"
            return 0
        fi
    done
    return 1
}

if [ -n "$wanted" ]; then
    find_version "$wanted"
    exit
fi

if [ -n "${PYTHON:-}" ]; then
    if is_cpython "$PYTHON" ""; then
        command -v "$PYTHON"
        exit 0
    fi
    echo "PYTHON=$PYTHON: expected a CPython >= 3.11" >&2
    exit 1
fi

for version in $newest_first; do
    find_version "$version" && exit 0
done
# One that is newer than this list.
for candidate in python3 python; do
    if is_cpython "$candidate" ""; then
        command -v "$candidate"
        exit 0
    fi
done
exit 1
