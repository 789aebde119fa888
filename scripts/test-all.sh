#!/bin/sh
# Runs the test suite under each of these CPythons that is found:  test-all.sh 3.12 3.13
# Each has its own environment (.venv-3.12). Ends with a line for each version.
set -eu

here=$(dirname "$0")
status=0
report=""

for version in "$@"; do
    if ! python=$("$here/find-python.sh" "$version"); then
        report="$report
$version: not found, not run"
        continue
    fi
    echo "== CPython $version ($python)"
    if ${MAKE:-make} --no-print-directory test VENV=".venv-$version" PYTHON="$python"; then
        report="$report
$version: passed"
    else
        report="$report
$version: FAILED"
        status=1
    fi
done

echo "$report" | sed 1d
exit $status
