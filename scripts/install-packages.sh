#!/bin/sh
# Installs packages of the system, or says how:  install-packages.sh "PACKAGE PACKAGE..." "WHAT FOR"
# Exits 1 where it may not install; then the last line printed is the command to type.
set -eu

packages=$1
purpose=$2
command="apt-get install --yes --no-install-recommends $packages"

if ! command -v apt-get >/dev/null 2>&1; then
    echo "Missing, $purpose: $packages (Debian's names), and this system has no apt-get." >&2
    if command -v brew >/dev/null 2>&1; then
        echo "Install them and try again:  brew install erlang elixir redis postgresql" >&2
    else
        echo "Install them with this system's package manager and try again." >&2
    fi
    exit 1
fi

if [ "$(id -u)" -eq 0 ]; then
    as_root=""
elif command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null; then
    as_root="sudo -n"
else
    echo "Missing, $purpose: $packages. Only root may install them. Type this, then try again:" >&2
    echo "    sudo apt-get update && sudo $command" >&2
    exit 1
fi

echo "Installing from the system's packages, $purpose: $packages"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
# shellcheck disable=SC2086 # as_root and command are words to be split
if ! { $as_root env DEBIAN_FRONTEND=noninteractive apt-get update &&
    $as_root env DEBIAN_FRONTEND=noninteractive $command; } >"$log" 2>&1; then
    cat "$log" >&2
    echo "That failed. Mend what it says, then type:" >&2
    echo "    ${as_root:+sudo }apt-get update && ${as_root:+sudo }$command" >&2
    exit 1
fi
