#!/bin/sh
# Installs system packages, or says how:  install-packages.sh "PACKAGE PACKAGE..." "WHAT FOR"
# Exits 1 where it may not install them; then the last line it prints is the command to type.
set -eu

packages=$1
purpose=$2
command="apt-get install --yes --no-install-recommends $packages"

if ! command -v apt-get >/dev/null 2>&1; then
    echo "Missing, $purpose: $packages (Debian's names), and this system has no apt-get." >&2
    if command -v brew >/dev/null 2>&1; then
        echo "Install them and try again:  brew install erlang elixir redis telnet postgresql@17" >&2
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
# shellcheck disable=SC2086 # as_root and command must be split into words
if ! { $as_root env DEBIAN_FRONTEND=noninteractive apt-get update &&
    $as_root env DEBIAN_FRONTEND=noninteractive $command; } >"$log" 2>&1; then
    cat "$log" >&2
    echo "That failed. Fix what it reports, then type:" >&2
    echo "    ${as_root:+sudo }apt-get update && ${as_root:+sudo }$command" >&2
    exit 1
fi
