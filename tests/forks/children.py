"""Programs that fork, each in an OS process of its own."""

from __future__ import annotations

import asyncio
import atexit
import concurrent.futures
import contextlib
import gc
import multiprocessing
import os
import pty
import resource
import signal
import subprocess
import sys
import threading
import time
import warnings
from collections.abc import Awaitable, Callable
from typing import Any, ClassVar, Final, TypeAlias

import greenlet
import uvloop

import beamish
from beamish import NotRunningError, Pid, process
from beamish.otp import Agent, Continue, GenServer, GenStatem, gen_server, gen_statem
from beamish.otp.gen_statem import KeepState, NextState, Reply

# From CPython 3.12 on, for every fork of a program with threads; the watchdog is one.
warnings.filterwarnings("ignore", "This process .* is multi-threaded", DeprecationWarning)

Child: TypeAlias = Callable[[], object]
Fork: TypeAlias = Callable[[], object]  # the exit code of the child; in that, None

FORK: Final = multiprocessing.get_context("fork")


def code_of(pid: int) -> int:
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def sleeps() -> None:
    time.sleep(10)


def compute() -> None:
    """Never ends."""
    while True:
        pass


# ---- how


def _leaving(child: Child) -> Child:
    """A child that goes no further than its function."""

    def run() -> None:
        code = 1
        try:
            child()
            code = 0
        except SystemExit as exits:
            code = int(str(exits.code))
        finally:
            os._exit(code)

    return run


def by_fork(child: Child) -> int:
    pid = os.fork()
    if pid == 0:
        _leaving(child)()
    return code_of(pid)


def by_forkpty(child: Child) -> int:
    pid, terminal = pty.fork()
    if pid == 0:
        _leaving(child)()
    code = code_of(pid)
    os.close(terminal)
    return code


def by_process(child: Child) -> int | None:
    one = FORK.Process(target=child)
    one.start()
    one.join()
    return one.exitcode


# The target of a worker is pickled.
_work: list[Child] = []


def _do_work(_: object = None) -> int:
    _work[0]()
    return os.getpid()


def by_pool(child: Child) -> int:
    _work[:] = [child]
    with FORK.Pool(2) as pool:
        pids = pool.map(_do_work, [1, 2, 3], chunksize=1)
    assert os.getpid() not in pids
    return 0


def by_executor(child: Child) -> int:
    _work[:] = [child]
    with concurrent.futures.ProcessPoolExecutor(2, mp_context=FORK) as pool:
        assert pool.submit(_do_work).result() != os.getpid()
    return 0


WAYS: Final[dict[str, Callable[[Child], int | None]]] = {
    "fork": by_fork,
    "forkpty": by_forkpty,
    "Process": by_process,
    "Pool": by_pool,
    "ProcessPoolExecutor": by_executor,
}


# ---- what the child does


def has_no_node() -> None:
    for call in (process.self, process.registered, lambda: process.send("name", 1)):
        with contextlib.suppress(NotRunningError):
            call()
            raise AssertionError(call)
    assert asyncio._get_running_loop() is None
    assert not any(signal.getitimer(signal.ITIMER_VIRTUAL))
    assert gc.get_threshold()[0] < 10_000


def _signals_come() -> bool:
    """Whether a signal reaches code that computes: not in the child of a thread, from 3.13 on."""
    came: list[int] = []
    before = signal.signal(signal.SIGALRM, lambda number, _: came.append(number))
    signal.setitimer(signal.ITIMER_REAL, 0.01)
    end = time.monotonic() + (0.1 if sys.version_info >= (3, 13) else 5)
    while not came and time.monotonic() < end:
        pass
    in_time = bool(came)
    signal.signal(signal.SIGALRM, before)  # has it come, too
    return in_time


async def _node(value: int, *, hog: bool) -> int:
    if hog:
        process.spawn(compute)  # is preempted
    await process.sleep(0.01)
    pid, ref = process.spawn_monitor(process.sleep, 0.001)
    await process.receive(("DOWN", ref, ..., pid, ...))
    return value


def runs_a_node() -> None:
    for value in (1, 2):
        assert beamish.run(_node, value, hog=_signals_come()) == value
    has_no_node()


async def _embedded() -> int:
    await asyncio.sleep(0.001)
    async with beamish.node():
        return await _node(3, hog=_signals_come())


def runs_asyncio() -> None:
    assert asyncio.run(_embedded()) == 3


def computes() -> None:
    begin = time.process_time()
    while time.process_time() - begin < 0.1:
        pass


def gets(number: signal.Signals) -> Child:
    def child() -> None:
        os.kill(os.getpid(), number)
        computes()

    return child


def is_interrupted() -> None:
    try:
        signal.raise_signal(signal.SIGINT)
    except KeyboardInterrupt:
        return
    raise AssertionError("no KeyboardInterrupt")


def forks_again() -> None:
    for child, code in ((runs_a_node, 0), (gets(signal.SIGTERM), -signal.SIGTERM)):
        assert by_fork(child) == code


async def _fork_again() -> None:
    forks_again()


def forks_in_a_node() -> None:
    beamish.run(_fork_again)


CHILDREN: Final[dict[str, tuple[Child, int]]] = {
    "has no node": (has_no_node, 0),
    "runs a node": (runs_a_node, 0),
    "runs asyncio": (runs_asyncio, 0),
    "computes": (computes, 0),
    "SIGTERM": (gets(signal.SIGTERM), -signal.SIGTERM),
    "SIGVTALRM": (gets(signal.SIGVTALRM), -signal.SIGVTALRM),
    "SIGINT": (is_interrupted, 0),
    "forks again": (forks_again, 0),
    "forks in a node": (forks_in_a_node, 0),
    "exits": (lambda: sys.exit(3), 3),
}
MAIN_CHILDREN: Final = ("has no node", "runs a node", "computes")


# ---- where


def tell(pid: Pid, code: object) -> None:
    if code is not None:
        process.send(pid, ("code", code))


class _Server(GenServer):
    def handle_call(self, request: Fork, caller: Any) -> Any:
        return request()

    def handle_cast(self, request: tuple[Fork, Pid]) -> None:
        tell(request[1], request[0]())

    def terminate(self, reason: Any) -> None:
        print("terminated")


async def _in_main(fork: Fork) -> object:
    return fork()


async def _in_a_process(fork: Fork) -> object:
    me = process.self()
    process.spawn(lambda: tell(me, fork()))
    return (await process.receive(("code", ...)))[1]


async def _in_a_call(fork: Fork) -> object:
    server = await _Server.start_link()
    return await gen_server.call(server, fork)


async def _in_a_cast(fork: Fork) -> object:
    server = await _Server.start_link()
    gen_server.cast(server, (fork, process.self()))
    return (await process.receive(("code", ...)))[1]


async def _in_a_task(fork: Fork) -> object:
    async def task() -> object:
        process.self()
        await asyncio.sleep(0)
        return fork()

    return await asyncio.create_task(task())


async def _in_a_callback(fork: Fork) -> object:
    done: asyncio.Future[object] = asyncio.get_running_loop().create_future()
    asyncio.get_running_loop().call_soon(lambda: done.set_result(fork()))
    return await done


async def _beside_a_hog(fork: Fork) -> object:
    for _ in range(2):
        process.spawn(compute)
    for _ in range(5):
        await process.sleep(0.001)
    return fork()


async def _in_a_hog(fork: Fork) -> object:
    me = process.self()

    def hog() -> None:
        for _ in range(2_000_000):
            pass
        tell(me, fork())

    process.spawn(hog)
    return (await process.receive(("code", ...)))[1]


async def _on_a_thread(fork: Fork) -> object:
    codes: list[object] = []
    thread = threading.Thread(target=lambda: codes.append(fork()))
    thread.start()
    while thread.is_alive():
        await process.sleep(0.001)
    return codes[0]


async def _on_a_worker(fork: Fork) -> object:
    return await process.offload(fork)


async def _in_clean_up(fork: Fork) -> object:
    me = process.self()

    async def cleans() -> None:
        try:
            await process.receive("never")
        finally:
            tell(me, fork())

    pid = process.spawn(cleans)
    await process.sleep(0.001)
    process.exit(pid, "enough")
    return (await process.receive(("code", ...)))[1]


def _in_a_node(
    place: Callable[[Fork], Awaitable[object]],
    loop: Callable[[], asyncio.AbstractEventLoop] | None = None,
) -> Callable[[Fork], object]:
    return lambda fork: beamish.run(_there, place, fork, loop_factory=loop)


async def _there(place: Callable[[Fork], Awaitable[object]], fork: Fork) -> object:
    code = await place(fork)
    if code is not None:
        await goes_on()
    return code


async def _embed(fork: Fork) -> object:
    async with beamish.node():
        return await _there(_in_main, fork)


def _before_a_node(fork: Fork) -> object:
    code = fork()
    if code is not None:
        beamish.run(goes_on)
    return code


def _between_nodes(fork: Fork) -> object:
    beamish.run(goes_on)
    return _before_a_node(fork)


PLACES: Final[dict[str, Callable[[Fork], object]]] = {
    "main": _in_a_node(_in_main),
    "process": _in_a_node(_in_a_process),
    "handle_call": _in_a_node(_in_a_call),
    "handle_cast": _in_a_node(_in_a_cast),
    "adopted Task": _in_a_node(_in_a_task),
    "callback": _in_a_node(_in_a_callback),
    "beside a hog": _in_a_node(_beside_a_hog),
    "hog": _in_a_node(_in_a_hog),
    "clean-up": _in_a_node(_in_clean_up),
    "thread": _in_a_node(_on_a_thread),
    "worker": _in_a_node(_on_a_worker),
    "uvloop": _in_a_node(_beside_a_hog, uvloop.new_event_loop),
    "uvloop, Task": _in_a_node(_in_a_task, uvloop.new_event_loop),
    "embedded node": lambda fork: asyncio.run(_embed(fork)),
    "before a node": _before_a_node,
    "between nodes": _between_nodes,
}


async def goes_on() -> None:
    """The parent's node works: messages, timers, preemption, sockets."""
    me = process.self()
    hog = process.spawn(compute)
    process.spawn(process.send, me, "hello")
    await process.receive("hello", timeout=5)
    await process.sleep(0.02)
    process.exit(hog, "enough")
    await _echoes()


async def _echoes() -> None:
    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(await reader.readline())
        writer.close()

    server = await asyncio.start_server(echo, "127.0.0.1", 0)
    reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
    writer.write(b"line\n")
    assert await reader.readline() == b"line\n"
    writer.close()
    server.close()


def fork_there(place: str, way: str, child: str) -> None:
    """The child ends as it should, and the parent goes on."""
    function, expected = CHILDREN[child]
    code = PLACES[place](lambda: WAYS[way](function))
    assert code == expected, code


# ---- children that come back to where they were forked


def _raises() -> None:
    raise ValueError("of the child's")


ENDS: Final[dict[str, tuple[Child, int]]] = {
    "returns": (lambda: None, 0),
    "raises": (_raises, 1),
    "exits": (lambda: sys.exit(3), 3),
    "exits with a text": (lambda: sys.exit("text"), 1),
    "exits with nothing": (sys.exit, 0),
    "_exit": (lambda: os._exit(5), 5),
    "is interrupted": (lambda: signal.raise_signal(signal.SIGINT), -signal.SIGINT),
}


def _fork_and_come_back(child: Child) -> Callable[[], int | None]:
    def fork() -> int | None:
        sys.stdout.flush()
        pid = os.fork()
        if pid == 0:
            child()
            return None
        return code_of(pid)

    return fork


async def _judge(fork: Fork) -> object:
    return fork()


def _in_asyncio(fork: Fork) -> object:
    """What the others are judged by; asyncio handles SIGINT in a child that has no node."""
    return asyncio.run(_judge(fork))


# A thread that comes back is no business of the node's.
THREADS: Final = ("thread", "worker")
COMING_BACK: Final = {place: there for place, there in PLACES.items() if place not in THREADS}
if sys.version_info < (3, 14):
    COMING_BACK["asyncio"] = _in_asyncio
else:  # asyncio raises in the child: it does not know that the Task has left its loop
    del COMING_BACK["embedded node"]
OTHER_ENDS: Final = {
    ("handle_call", "returns"): 1,  # it would wait for its next message
    ("handle_cast", "returns"): 1,
    ("clean-up", "returns"): 1,  # the exit reason is not normal
    ("callback", "raises"): 0,  # the loop reports it, and goes on
}


def come_back(place: str, end: str) -> None:
    """The child ends where it comes back to, with its exit code; the parent prints its own."""
    child, expected = ENDS[end]
    me = os.getpid()
    atexit.register(lambda: print("at the parent's exit", flush=True) if os.getpid() == me else 0)
    code = COMING_BACK[place](_fork_and_come_back(child))
    if os.getpid() != me:
        os._exit(0)  # of a child that came out of asyncio.run
    expected = OTHER_ENDS.get((place, end), expected)
    assert code == expected, code
    print("parent ended", flush=True)


async def _wait_in_child(wait: Callable[[], Awaitable[object]]) -> int:
    pid = os.fork()
    if pid == 0:
        await wait()
        os._exit(9)  # never reached
    return code_of(pid)


async def _bare() -> None:
    await asyncio.sleep(0)


WAITS: Final[dict[str, Callable[[], Awaitable[object]]]] = {
    "receive": lambda: process.receive(timeout=0.01),
    "sleep": lambda: process.sleep(0.001),
    "asyncio.sleep": lambda: asyncio.sleep(0.001),
    "asyncio.sleep(0)": _bare,
    "call": lambda: gen_server.call("nobody", "request"),
    "offload": lambda: process.offload(int),
}


async def _waits(wait: str, *, in_task: bool) -> None:
    waiting = _wait_in_child(WAITS[wait])
    code = await (asyncio.create_task(waiting) if in_task else waiting)
    assert code == 1, code
    await goes_on()


def wait_in_child(wait: str, place: str) -> None:
    """A child that waits as if it had a node ends with a traceback."""
    beamish.run(_waits, wait, in_task=place == "Task")
    print("parent ended")


async def _future_of_the_parent() -> None:
    future = asyncio.get_running_loop().create_future()
    pid = os.fork()
    if pid == 0:
        await future
    assert code_of(pid) == 1
    future.set_result(None)
    await future


def wait_for_a_future_of_the_parent() -> None:
    beamish.run(_future_of_the_parent)


async def _others() -> None:
    me = os.getpid()
    for _ in range(3):
        process.spawn(lambda: print("process of", "parent" if os.getpid() == me else "child"))

    async def task() -> None:
        print("task of", "parent" if os.getpid() == me else "child")

    tasks = [asyncio.create_task(task()) for _ in range(3)]
    process.send_after(0.001, process.self(), "timer")
    sys.stdout.flush()
    pid = os.fork()
    if pid == 0:
        return
    assert code_of(pid) == 0
    await process.receive("timer", timeout=5)
    await asyncio.wait(tasks)


def run_others() -> None:
    """What the parent was about to run is not run by the child as well."""
    beamish.run(_others)


# ---- signals


async def _terminate_at_once(times: int) -> None:
    process.spawn(compute)
    await process.sleep(0.01)
    for _ in range(times):
        one = FORK.Process(target=sleeps)
        one.start()
        one.terminate()
        one.join()
        assert one.exitcode == -signal.SIGTERM, one.exitcode


def terminate_at_once(times: int) -> None:
    beamish.run(_terminate_at_once, times)


async def _interrupt_at_once(times: int) -> None:
    for _ in range(times):
        pid = os.fork()
        if pid == 0:
            code = 1
            try:
                sleeps()
            except KeyboardInterrupt:
                code = 3
            finally:
                os._exit(code)
        os.kill(pid, signal.SIGINT)
        code = code_of(pid)
        # Before the child's code began it is an interpreter that is interrupted.
        assert code in (3, -signal.SIGINT), code


def interrupt_at_once(times: int) -> None:
    beamish.run(_interrupt_at_once, times)


_send: list[signal.Signals] = []


def _send_to_self() -> None:
    for number in _send:
        os.kill(os.getpid(), number)


async def _in_the_fork() -> None:
    _send[:] = [signal.SIGTERM]
    assert by_fork(sleeps) == -signal.SIGTERM
    _send[:] = [signal.SIGVTALRM]
    assert by_fork(sleeps) == -signal.SIGVTALRM
    _send[:] = [signal.SIGINT]
    pid = -1
    try:
        pid = os.fork()
        if pid == 0:
            sleeps()
    except KeyboardInterrupt:
        os._exit(3)
    assert code_of(pid) == 3
    _send.clear()
    await goes_on()


def signal_in_the_fork() -> None:
    """A signal that comes while the child's hooks run has the handler from before the node."""
    os.register_at_fork(after_in_child=_send_to_self)  # before those of the node
    beamish.run(_in_the_fork)
    print("parent ended")


def leaving_with(code: int) -> Callable[[int, object], None]:
    def handler(_number: int, _frame: object) -> None:
        os._exit(code)

    return handler


def ignore(_number: int, _frame: object) -> None:
    """Handles a signal."""


async def _custom() -> None:
    signal.signal(signal.SIGTERM, leaving_with(7))
    assert by_fork(gets(signal.SIGTERM)) == 7


def keep_the_users_handler() -> None:
    """A handler that the program has set in the node is the child's as well."""
    beamish.run(_custom)


async def _without_signals() -> None:
    for child, code in ((gets(signal.SIGTERM), -signal.SIGTERM), (is_interrupted, 0)):
        assert by_fork(child) == code


def with_handlers_of_its_own() -> None:
    beamish.run(_without_signals, handle_signals=False)
    signal.signal(signal.SIGTERM, leaving_with(8))
    beamish.run(_handled_before)


async def _handled_before() -> None:
    assert by_fork(gets(signal.SIGTERM)) == 8


def _masks() -> None:
    def mask() -> set[Any]:
        return set(signal.pthread_sigmask(signal.SIG_BLOCK, ()))

    def child() -> None:
        assert mask() == before, mask()

    masks: list[set[signal.Signals]] = [
        set(),
        {signal.SIGUSR1},
        {signal.SIGTERM, signal.SIGVTALRM},
    ]
    for blocked in masks:
        signal.pthread_sigmask(signal.SIG_SETMASK, blocked)
        before = mask()
        assert by_fork(child) == 0
        assert mask() == before
        with contextlib.suppress(OSError), _no_more_processes():
            by_fork(child)
            raise AssertionError("it could fork")
        assert mask() == before
    signal.pthread_sigmask(signal.SIG_SETMASK, ())


@contextlib.contextmanager
def _no_more_processes() -> Any:
    soft, hard = resource.getrlimit(resource.RLIMIT_NPROC)
    uids = os.getresuid()
    if uids[0] == 0:
        os.setresuid(12345, 12345, 0)
    resource.setrlimit(resource.RLIMIT_NPROC, (1, hard))
    try:
        yield
    finally:
        if uids[0] == 0:
            os.setresuid(*uids)
        resource.setrlimit(resource.RLIMIT_NPROC, (soft, hard))


async def _all_masks() -> None:
    _masks()
    await process.offload(_masks)
    await goes_on()


def keep_the_mask() -> None:
    """What is blocked is blocked afterwards, here and in the child, even if there is no child."""
    beamish.run(_all_masks)


async def _many_threads() -> None:
    def forks() -> None:
        for _ in range(20):
            assert by_fork(computes_briefly) == 0

    await asyncio.gather(*[process.offload(forks) for _ in range(4)])
    assert not signal.pthread_sigmask(signal.SIG_BLOCK, ())
    await goes_on()


def computes_briefly() -> None:
    sum(range(1000))


def fork_from_many_threads() -> None:
    beamish.run(_many_threads)


async def _signalled(path: str) -> None:
    process.spawn(compute)
    by_fork(has_no_node)
    with contextlib.suppress(AssertionError):
        by_fork(gets(signal.SIGTERM))
    os.kill(os.getpid(), signal.SIGTERM)
    await process.sleep(None)


def stop_the_parent() -> None:
    """SIGTERM ends the parent's node in order after it has forked."""
    seen: list[signal.Signals] = []
    beamish.run(_signalled, "", on_signal=seen.append)
    assert seen == [signal.SIGTERM], seen


async def _wakes() -> None:
    """What its child is sent wakes nobody here: it has no part in the pipe of the signals."""
    woken = threading.Event()
    loop = asyncio.get_running_loop()
    pid = os.fork()
    if pid == 0:
        signal.signal(signal.SIGUSR1, ignore)
        for _ in range(100):
            os.kill(os.getpid(), signal.SIGUSR1)
        os._exit(0)
    assert code_of(pid) == 0
    reader: Any = loop
    with contextlib.suppress(BlockingIOError):
        assert not reader._ssock.recv(1 << 16).replace(b"\0", b"").strip(bytes([26]))
    assert not woken.is_set()


def keep_the_pipe() -> None:
    beamish.run(_wakes)


# ---- others


def _exec() -> None:
    program = (
        "import signal; assert not signal.pthread_sigmask(signal.SIG_BLOCK, ()); "
        "assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL; sum(range(5_000_000))"
    )
    subprocess.run([sys.executable, "-c", program], preexec_fn=has_no_node, check=True)


async def _preexec() -> None:
    process.spawn(compute)
    await process.sleep(0.01)
    _exec()
    await goes_on()


def with_preexec() -> None:
    beamish.run(_preexec)


async def _pid_of_the_parent() -> None:
    parents = process.spawn(process.receive)

    async def send() -> None:
        assert not process.alive(parents)
        process.send(parents, "hello")
        await process.sleep(0.001)

    assert by_fork(lambda: beamish.run(send)) == 0
    assert process.alive(parents)


def send_to_the_parent() -> None:
    """A pid of the parent's is that of nobody in a node of the child's."""
    beamish.run(_pid_of_the_parent)


async def _cleans_up() -> None:
    async def cleans() -> None:
        try:
            await process.receive()
        finally:
            print("cleaned up", flush=True)

    for _ in range(3):
        process.spawn(cleans)
    await process.sleep(0.001)

    def child() -> None:
        gc.collect()
        runs_a_node()
        gc.collect()

    assert by_fork(child) == 0


def clean_up_once() -> None:
    """Clean-up that is the parent's is not done in the child."""
    beamish.run(_cleans_up)


async def _in_a_predicate() -> None:
    def forks(_: object) -> bool:
        pid = os.fork()
        if pid == 0:
            return False
        assert code_of(pid) == 1
        return True

    process.send(process.self(), "message")
    await process.receive(forks)


class _Machine(GenStatem):
    callback_mode = "handle_event_function"

    def init(self) -> NextState:
        self.home = os.getpid()
        return NextState("there")

    def handle_event(self, event_type: Any, content: Any, state: Any) -> Any:
        return KeepState(Reply(event_type[1], _exit_with_3()))

    def terminate(self, reason: Any, state: Any) -> None:
        assert os.getpid() == self.home, "in the child"


class _Every(GenServer):
    """Forks in each callback."""

    codes: ClassVar[dict[str, int]] = {}

    def init(self) -> Any:
        self.codes["init"] = _exit_with_3()
        return Continue("on")

    def handle_continue(self, arg: Any) -> Any:
        self.codes["handle_continue"] = _exit_with_3()

    def handle_info(self, message: Any) -> Any:
        self.codes["handle_info"] = _exit_with_3()

    async def handle_cast(self, request: Any) -> Any:
        await asyncio.sleep(0)
        self.codes["an async callback"] = _exit_with_3()

    def terminate(self, reason: Any) -> Any:
        self.codes["terminate"] = _exit_with_3()


def _exit_with_3() -> int:
    pid = os.fork()
    if pid == 0:
        sys.exit(3)
    return code_of(pid)


async def _every_callback() -> None:
    codes = _Every.codes
    server = await _Every.start_link()
    process.send(server, "info")
    gen_server.cast(server, "cast")
    await gen_server.stop(server)
    codes["statem"] = await gen_statem.call(await _Machine.start_link(), "event")
    store = await Agent.start_link(dict)
    codes["agent"] = await Agent.get(store, lambda _: _exit_with_3())
    codes["greenlet"] = greenlet.greenlet(_exit_with_3).switch()
    async with asyncio.TaskGroup() as group:
        group.create_task(_in_a_group(codes))
    with process.critical():
        codes["critical"] = _exit_with_3()
    await _loop_callbacks(codes)

    def handler(_number: int, _frame: object) -> None:
        codes["signal handler"] = _exit_with_3()

    signal.signal(signal.SIGUSR2, handler)
    signal.raise_signal(signal.SIGUSR2)
    assert set(codes.values()) == {3}, codes
    assert len(codes) == 13, codes


async def _in_a_group(codes: dict[str, int]) -> None:
    codes["TaskGroup"] = _exit_with_3()


async def _loop_callbacks(codes: dict[str, int]) -> None:
    loop = asyncio.get_running_loop()
    timer: asyncio.Future[int] = loop.create_future()
    loop.call_later(0.001, lambda: timer.set_result(_exit_with_3()))
    codes["call_later"] = await timer
    handled: asyncio.Future[int] = loop.create_future()
    loop.add_signal_handler(signal.SIGUSR1, lambda: handled.set_result(_exit_with_3()))
    signal.raise_signal(signal.SIGUSR1)
    codes["add_signal_handler"] = await handled


def fork_in_every_callback() -> None:
    beamish.run(_every_callback)
    print("parent ended")


def fork_in_a_predicate() -> None:
    beamish.run(_in_a_predicate)
