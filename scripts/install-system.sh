#!/bin/sh
# Installs the programs that the tests compare with and talk to, where they are missing: Erlang,
# Elixir, Redis, telnet, netcat and PostgreSQL, from the system's packages.
set -eu

here=$(dirname "$0")
missing=""

need() { # need COMMAND PACKAGE
    command -v "$1" >/dev/null 2>&1 || missing="$missing $2"
}

need erl erlang-nox
need elixir elixir
need redis-server redis-server
need telnet telnet
need nc netcat-openbsd
# Debian keeps PostgreSQL's programs off the PATH.
if ! command -v postgres >/dev/null 2>&1 && ! ls /usr/lib/postgresql/*/bin/postgres >/dev/null 2>&1; then
    missing="$missing postgresql"
fi

if [ -n "$missing" ]; then
    "$here/install-packages.sh" "${missing# }" "for the tests"
fi
