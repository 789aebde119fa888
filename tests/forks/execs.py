"""Programs that another program replaces, each in an OS process of its own."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
from collections.abc import Callable
from typing import Any, Final

import beamish
from beamish import Pid, process
from beamish.otp import GenServer, gen_server

__all__ = [
    "PLACES",
    "WAYS",
    "fail_to_exec",
    "reload",
    "replace",
    "replace_from",
    "replace_with_ignored",
]

# It computes for longer than a tick, so a timer that is left on ends it.
PROGRAM: Final = "sum(range(8_000_000)); print('replaced')"
COMMAND: Final = (sys.executable, "-c", PROGRAM)

WAYS: Final[dict[str, Callable[[], object]]] = {
    "execl": lambda: os.execl(sys.executable, *COMMAND),
    "execle": lambda: os.execle(sys.executable, *COMMAND, dict(os.environ)),
    "execlp": lambda: os.execlp(sys.executable, *COMMAND),
    "execv": lambda: os.execv(sys.executable, COMMAND),
    "execve": lambda: os.execve(sys.executable, COMMAND, dict(os.environ)),
    "execvp": lambda: os.execvp(sys.executable, COMMAND),
    "execvpe": lambda: os.execvpe(sys.executable, COMMAND, dict(os.environ)),
    "execve of a file": lambda: os.execve(
        os.open(sys.executable, os.O_RDONLY), COMMAND, dict(os.environ)
    ),
    "posix_spawn": lambda: os.waitpid(os.posix_spawn(sys.executable, COMMAND, dict(os.environ)), 0),
}


def compute() -> None:
    """Never ends."""
    while True:
        pass


async def beside_a_hog(function: Callable[[], Any]) -> Any:
    """Calls a function when the timer is on and a process is parked."""
    process.spawn(compute)
    for _ in range(5):
        await process.sleep(0.001)
    return function()


def replace(way: str) -> None:
    beamish.run(beside_a_hog, WAYS[way])


# ---- where


class _Server(GenServer):
    def handle_call(self, request: Any, caller: Any) -> Any:
        return WAYS["execv"]()


async def _in_a_server() -> None:
    server = await _Server.start_link()
    assert isinstance(server, Pid)
    await gen_server.call(server, "exec")


async def _on_a_thread() -> None:
    await process.offload(WAYS["execv"])


def _in_a_hog() -> None:
    for _ in range(3_000_000):
        pass
    WAYS["execv"]()


async def _in_another_process() -> None:
    await process.receive(("DOWN", process.spawn_monitor(_in_a_hog)[1], ..., ..., ...))


async def _blocked() -> None:
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGVTALRM})
    for _ in range(3_000_000):
        pass
    unblock = "import signal; signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGVTALRM})"
    os.execv(sys.executable, [sys.executable, "-c", f"{unblock}; {PROGRAM}"])


async def _in_a_fork() -> None:
    pid = os.fork()
    if pid == 0:
        WAYS["execv"]()
    _, status = os.waitpid(pid, 0)
    assert status == 0, status


PLACES: Final = {
    "server": _in_a_server,
    "thread": _on_a_thread,
    "hog": _in_another_process,
    "fork": _in_a_fork,
    "signal blocked": _blocked,
}


async def _there(place: str) -> None:
    process.spawn(compute)
    for _ in range(5):
        await process.sleep(0.001)
    await PLACES[place]()


def replace_from(place: str) -> None:
    beamish.run(_there, place)


# ---- what is left


def replace_with_ignored() -> None:
    """What the program ignores is ignored by the next one, and what it blocks is blocked."""
    signal.signal(signal.SIGUSR1, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR2})
    code = (
        "import signal; assert signal.getsignal(signal.SIGUSR1) == signal.SIG_IGN; "
        "assert signal.SIGUSR2 in signal.pthread_sigmask(signal.SIG_BLOCK, ()); "
        "assert signal.getsignal(signal.SIGVTALRM) == signal.SIG_DFL; "
    )
    beamish.run(
        beside_a_hog,
        lambda: os.execv(sys.executable, [sys.executable, "-c", code + PROGRAM]),
    )


async def _fail() -> None:
    for _ in range(3):
        with contextlib.suppress(FileNotFoundError):
            os.execvp("no-such-program-anywhere", ["none"])
    ended = threading.Event()
    process.spawn(ended.set)
    while not ended.is_set():  # it computes on, without a turn given up
        pass


def fail_to_exec() -> None:
    """Without such a program the node goes on, and preempts as before."""
    beamish.run(_fail)
    print("went on")


async def _reload(rest: int) -> None:
    for _ in range(3):
        process.spawn(compute)
    for _ in range(5):
        await process.sleep(0.001)
    if rest:
        code = f"from tests.forks.execs import reload; reload({rest - 1})"
        os.execv(sys.executable, [sys.executable, "-c", code])


def reload(rest: int) -> None:
    """Replaces itself some times, beside processes that compute; then the node ends in order."""
    beamish.run(_reload, rest)
    print("reloaded")
