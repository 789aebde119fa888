#!/bin/sh
# Makes a virtual environment, unless there is one that works:  make-venv.sh FOLDER
# PYTHON in the environment says with which Python; else it is the newest that is found.
set -eu

venv=$1
here=$(dirname "$0")

if "$venv/bin/python" -m pip --version >/dev/null 2>&1; then
    exit 0
fi

python=$("$here/find-python.sh") || {
    echo "beamish needs CPython 3.11 or newer, and none was found." >&2
    echo "Install one and try again, or name it: make PYTHON=/path/to/python3.12 ..." >&2
    exit 1
}

# Debian's Python comes without venv's pip.
if ! "$python" -c 'import ensurepip, venv' >/dev/null 2>&1; then
    version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
    "$here/install-packages.sh" "python$version-venv" "to make a virtual environment"
fi

echo "Making $venv with $python"
rm -rf "$venv"
"$python" -m venv "$venv"
