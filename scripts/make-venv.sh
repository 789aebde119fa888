#!/bin/sh
# Makes a virtual environment with a pip that knows dependency groups:  make-venv.sh FOLDER
# Keeps an environment that works. PYTHON in the environment says with which Python to make one;
# the default is the newest found.
set -eu

venv=$1
here=$(dirname "$0")

make_venv() {
    python=$("$here/find-python.sh") || {
        echo "beamish needs CPython 3.11 or newer, and none was found." >&2
        echo "Install one and try again, or name it: make PYTHON=/path/to/python3.12 ..." >&2
        exit 1
    }

    # Debian's Python comes without ensurepip.
    if ! "$python" -c 'import ensurepip, venv' >/dev/null 2>&1; then
        version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
        "$here/install-packages.sh" "python$version-venv" "to make a virtual environment"
    fi

    echo "Making $venv with $python"
    rm -rf "$venv"
    "$python" -m venv "$venv"
}

"$venv/bin/python" -m pip --version >/dev/null 2>&1 || make_venv

# `pip install --group` came with pip 25.1; CPython 3.11 to 3.13 bring an older one.
"$venv/bin/python" -m pip --disable-pip-version-check --quiet --quiet install 'pip>=25.1'
