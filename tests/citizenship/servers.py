"""Real servers for the tests, from the system's packages: Redis and PostgreSQL.

Each runs in a folder of its own, listens on a unix socket there and nowhere else, and keeps
nothing. PostgreSQL will not run as root, so it runs as the user `postgres` then.
"""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any, Final

__all__ = ["postgres_server", "redis_server"]

# Seconds that a server may take to start.
PATIENCE: Final = 30.0


@contextlib.contextmanager
def redis_server() -> Generator[str]:
    """A Redis; the path of its socket."""
    with _folder(os.getuid(), os.getgid()) as folder:
        path = folder / "redis.sock"
        command = [_program("redis-server"), "--port", "0", "--unixsocket", str(path)]
        command += ["--save", "", "--appendonly", "no", "--dir", str(folder)]
        with _running(command, lambda: _answers(path)):
            yield str(path)


@contextlib.contextmanager
def postgres_server() -> Generator[str]:
    """A PostgreSQL with the user and database `postgres`; the folder of its socket."""
    owner = _database_owner()
    user: dict[str, Any] = {}
    if owner.pw_uid != os.getuid():
        user = {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []}
    with _folder(owner.pw_uid, owner.pw_gid) as folder:
        data = folder / "data"
        subprocess.run(
            [
                *(_program("initdb"), "--pgdata", str(data), "--username=postgres"),
                *("--auth=trust", "--no-sync", "--no-locale", "--encoding=UTF8"),
            ],
            check=True,
            capture_output=True,
            cwd=folder,
            **user,
        )
        # -F: no fsync. Nothing here outlives the tests.
        command = [_program("postgres"), "-D", str(data), "-k", str(folder), "-F", "-h", ""]
        ready = [_program("pg_isready"), "--quiet", "--host", str(folder), "--username=postgres"]
        with _running(command, lambda: _succeeds(ready), cwd=folder, **user):
            yield str(folder)


def _program(name: str) -> str:
    """Where a program is; Debian keeps PostgreSQL's off the PATH."""
    found = shutil.which(name)
    if found is None:
        candidates = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
        found = str(candidates[-1]) if candidates else None
    assert found is not None, f"{name} is missing: scripts/install-system.sh installs it"
    return found


def _database_owner() -> pwd.struct_passwd:
    """Who may run PostgreSQL: ourselves, or where we are root its own user."""
    if os.getuid() != 0:
        return pwd.getpwuid(os.getuid())
    return pwd.getpwnam("postgres")


@contextlib.contextmanager
def _folder(uid: int, gid: int) -> Generator[Path]:
    # Not pytest's tmp_path: others may not look into that, and the path of a socket is short.
    folder = Path(tempfile.mkdtemp(prefix="beamish-"))
    os.chown(folder, uid, gid)
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


@contextlib.contextmanager
def _running(command: list[str], is_ready: Callable[[], bool], **options: Any) -> Generator[None]:
    with subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **options
    ) as server:
        try:
            until = time.monotonic() + PATIENCE
            while not is_ready():
                assert server.poll() is None, f"{command[0]} has ended"
                assert time.monotonic() < until, f"{command[0]} does not answer"
                time.sleep(0.01)
            yield
        finally:
            # To both of them: end now, whoever is still connected.
            server.send_signal(signal.SIGINT)
            server.wait(PATIENCE)


def _answers(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as client:
        try:
            client.connect(str(path))
        except OSError:
            return False
        return True


def _succeeds(command: list[str]) -> bool:
    return subprocess.run(command, check=False, capture_output=True).returncode == 0
