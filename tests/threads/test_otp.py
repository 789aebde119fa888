"""What threads and behaviours do together, beyond single calls."""

from __future__ import annotations

import asyncio
import gc
import logging
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any, Final

import pytest

import beamish
from beamish import NotRunningError, Pid, behaviour, process
from beamish.otp import (
    Application,
    GenServer,
    Registry,
    Task,
    application,
    gen_event,
    gen_server,
    global_,
    pg,
)
from beamish.otp.gen import GEN_CAST

from .world import PATIENCE

_NAMES: Final = ("witness", ("witness", "nonode@nohost"), ("global", "witness"))


class _Via:
    """A registry of names that remembers where it is asked."""

    def __init__(self, pid: Pid) -> None:
        self.pid = pid
        self.threads: set[int] = set()

    def whereis_name(self, key: Any) -> Pid | None:
        self.threads.add(threading.get_ident())
        return self.pid if key == "witness" else None


def test_r14_casts_arrive_in_their_order_whatever_the_receiver_is_called_by() -> None:
    async def main() -> list[Any]:
        me = process.self()
        process.register("witness", me)
        global_.register_name("witness", me)
        dests: list[Any] = [me, *_NAMES]

        def work() -> None:
            for number in range(0, 100, 2):
                gen_server.cast(dests[number // 2 % len(dests)], number)
                process.send(me, (GEN_CAST, number + 1))

        await asyncio.to_thread(work)
        return [(await process.receive())[1] for _ in range(100)]

    assert beamish.run(main) == [*range(100)]


def test_r14_a_via_module_is_asked_on_the_nodes_thread() -> None:
    async def main() -> tuple[_Via, Any]:
        via = _Via(process.self())
        await asyncio.to_thread(gen_server.cast, ("via", via, "witness"), "red")
        return via, await process.receive()

    via, message = beamish.run(main)

    assert message == (GEN_CAST, "red")
    assert via.threads == {threading.get_ident()}


@pytest.mark.parametrize(
    ("send", "what"),
    [
        (lambda: gen_event.notify("nobody", "event"), "notify"),
        (lambda: Registry.send(("registry", "nobody"), "message"), "Registry.send"),
    ],
    ids=["notify", "Registry.send"],
)
def test_r14_what_goes_wrong_there_is_for_the_loops_exception_handler(
    send: Callable[[], Any], what: str
) -> None:
    told: list[dict[str, Any]] = []

    async def main() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _, context: told.append(context))
        await Registry.start_link(keys="unique", name="registry")
        await asyncio.to_thread(send)
        process.send_threadsafe(process.self(), "after it")
        await process.receive("after it")

    beamish.run(main)

    assert [context["message"] for context in told] == [f"{what}() from another thread has failed"]
    assert "'nobody'" in str(told[0]["exception"])


def test_r14_a_cast_to_nobody_is_dropped_in_silence(caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> None:
        for dest in ("nobody", ("global", "nobody"), ("via", _Via(process.self()), "nobody")):
            await asyncio.to_thread(gen_server.cast, dest, "red")
        process.send_threadsafe(process.self(), "after them")
        await process.receive("after them")

    beamish.run(main)

    assert caplog.records == []


def test_r14_no_process_runs_where_a_thread_reports(caplog: pytest.LogCaptureFixture) -> None:
    done = threading.Event()

    def report() -> None:
        behaviour.report(logging.WARNING, "kind", "From a thread", lambda: ((), {}))
        done.set()

    async def main() -> None:
        thread = threading.Thread(target=report)
        thread.start()
        while not done.is_set():  # it computes, so it is the current process of the node
            pass
        thread.join()

    beamish.run(main)

    (record,) = caplog.records
    assert record.getMessage() == "From a thread"
    assert getattr(record, "taskName", None) is None


def test_r14_a_function_of_ones_own_has_itself_called_on_the_nodes_thread() -> None:
    def press(lamp: Pid, colour: str) -> None:
        if not behaviour.at_home():
            behaviour.elsewhere(press, lamp, colour)
            return
        process.send(lamp, (colour, threading.get_ident()))

    async def main() -> Any:
        await asyncio.to_thread(press, process.self(), "red")
        return await process.receive()

    assert beamish.run(main) == ("red", threading.get_ident())


def test_r14_check_thread_lets_pass_whatever_runs_on_the_nodes_thread() -> None:
    async def main() -> None:
        behaviour.check_thread()
        called: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        process.send_after(0, process.self(), "go on")
        asyncio.get_running_loop().call_soon(
            lambda: called.set_result(behaviour.check_thread())  # type: ignore[func-returns-value]
        )
        await called

    beamish.run(main)


def test_r14_without_a_node_nobody_is_at_home() -> None:
    assert not behaviour.at_home()
    with pytest.raises(NotRunningError, match="no node"):
        behaviour.check_thread()
    with pytest.raises(NotRunningError, match="no node"):
        gen_server.cast("nobody", "red")


# ---- reads, while the node changes what they read


class _Shop(Application):
    name = "shop"
    env = {"port": 4040}  # noqa: RUF012 - as users write it


class _Many(GenServer):
    def init(self, number: int) -> None:
        Registry.register("duplicate", "many", number)
        Registry.register("duplicate", number % 3, number)
        global_.register_name(number, process.self())


_READS: Final[dict[str, Callable[[], Any]]] = {
    "lookup": lambda: Registry.lookup("duplicate", "many"),
    "match": lambda: Registry.match("duplicate", "many", int),
    "select": lambda: Registry.select("duplicate"),
    "count": lambda: Registry.count("duplicate"),
    "count_select": lambda: Registry.count_select("duplicate"),
    "keys": lambda: [Registry.keys("duplicate", pid) for pid in process.list()],
    "dispatch": lambda: Registry.dispatch("duplicate", "many", len),
    "whereis_name": lambda: Registry.whereis_name(("unique", "one")),
    "get_members": lambda: pg.get_members("group"),
    "which_groups": lambda: pg.which_groups(),
    "registered_names": lambda: global_.registered_names(),
    "global_.whereis_name": lambda: global_.whereis_name(1),
    "get_all_env": lambda: application.get_all_env("shop"),
    "loaded_applications": lambda: application.loaded_applications(),
    "which_applications": lambda: application.which_applications(),
}


@pytest.fixture
def switching() -> Iterator[None]:
    """Threads take turns as often as they can."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


@pytest.mark.usefixtures("switching")
@pytest.mark.parametrize("read", _READS.values(), ids=_READS)
def test_r14_a_thread_reads_while_the_node_changes_what_it_reads(read: Callable[[], Any]) -> None:
    ended = threading.Event()
    failed: list[BaseException] = []
    reads = 0

    def work() -> None:
        nonlocal reads
        try:
            while not ended.is_set():
                read()
                reads += 1
        except BaseException as error:  # noqa: BLE001 - it is what the test is about
            failed.append(error)

    async def main() -> None:
        await Registry.start_link(keys="duplicate", name="duplicate")
        await Registry.start_link(keys="unique", name="unique")
        await pg.start_link()
        thread = threading.Thread(target=work)
        thread.start()
        try:
            turn = 0
            while (turn < 40 or reads < 20) and not failed:
                turn += 1
                await _change(turn)
        finally:
            ended.set()
            thread.join(PATIENCE)

    beamish.run(main)

    assert failed == []
    assert reads >= 20


async def _change(turn: int) -> None:
    pids = [await _Many.start(number) for number in range(turn % 7 + 2)]
    await pg.join("group", pids)
    await pg.join(turn % 5, pids[0])
    Registry.register("unique", "one")
    application.ensure_loaded(_Shop)
    await application.ensure_started(_Shop)
    application.put_env(_Shop, f"key {turn % 3}", turn)
    application.delete_env(_Shop, f"key {(turn + 1) % 3}")
    await application.stop(_Shop)
    application.unload(_Shop)
    Registry.unregister("unique", "one")
    for pid in pids:
        await gen_server.stop(pid)


# ---- what the garbage collector finds there


@pytest.mark.parametrize("in_a_loop", [False, True], ids=["thread", "loop"])
def test_r14_a_stream_that_is_collected_on_a_thread_stops_its_tasks(*, in_a_loop: bool) -> None:
    async def main() -> Any:
        kept: list[Any] = []

        async def consume() -> None:
            async def first(number: int) -> Pid:
                if number:
                    await process.sleep(None)
                return process.self()

            stream = Task.async_stream([0, 1], first)
            await anext(stream)
            kept.append(stream)
            del stream
            await process.sleep(None)

        process.spawn(consume)
        while not kept:
            await process.sleep(0)
        server = kept[0]._server
        ref = process.monitor(server)

        def drop() -> None:
            kept.clear()
            gc.collect()

        async def drop_in_a_loop() -> None:
            drop()

        work = (lambda: asyncio.run(drop_in_a_loop())) if in_a_loop else drop
        await asyncio.to_thread(work)
        return (await process.receive(("DOWN", ref, ..., ..., ...), timeout=PATIENCE))[4]

    assert beamish.run(main) == "normal"
