"""Our event loop: it serves our sockets, and asyncio notices nothing."""

from __future__ import annotations

import asyncio
import selectors
import socket as sockets
import time
from collections.abc import Callable, Iterator

import pytest

import beamish
from beamish import process
from beamish.net import gen_tcp
from beamish.net.loop import EventLoop, new_event_loop
from beamish.net.poller import GuestPoller, poller_of
from beamish.net.selector import READ, WRITE, EpollSelector, NetSelector, WrappedSelector

from .sockets import SOON, connected

KINDS: list[type[NetSelector]] = [EpollSelector, WrappedSelector]


@pytest.fixture(params=KINDS, ids=["epoll", "wrapped"])
def selector(request: pytest.FixtureRequest) -> Iterator[NetSelector]:
    made: NetSelector = request.param()
    yield made
    made.close()


@pytest.fixture
def pair() -> Iterator[tuple[sockets.socket, sockets.socket]]:
    left, right = sockets.socketpair()
    left.setblocking(False)
    with left, right:
        yield left, right


Pair = tuple[sockets.socket, sockets.socket]


def test_our_sockets_are_called_inside_select_and_not_returned(
    selector: NetSelector, pair: Pair
) -> None:
    calls: list[int] = []
    selector.watch(pair[0].fileno(), 0, READ, calls.append)
    pair[1].send(b"x")

    assert selector.select(0) == []
    assert calls == [READ]


def test_asyncios_files_are_returned(selector: NetSelector, pair: Pair) -> None:
    key = selector.register(pair[0], selectors.EVENT_READ | selectors.EVENT_WRITE, "data")
    pair[1].send(b"x")

    assert selector.select(0) == [(key, selectors.EVENT_READ | selectors.EVENT_WRITE)]
    assert selector.get_key(pair[0]) == key
    assert selector.get_map()[pair[0].fileno()] == key


def test_asyncios_files_can_be_changed_and_forgotten(selector: NetSelector, pair: Pair) -> None:
    selector.register(pair[0], selectors.EVENT_READ, None)
    key = selector.modify(pair[0], selectors.EVENT_WRITE, "data")
    assert selector.select(0) == [(key, selectors.EVENT_WRITE)]

    selector.unregister(pair[0])

    assert selector.select(0) == []
    with pytest.raises(KeyError):
        selector.get_key(pair[0])


def test_a_file_cannot_be_registered_twice(selector: NetSelector, pair: Pair) -> None:
    selector.register(pair[0], selectors.EVENT_READ)

    with pytest.raises(KeyError):
        selector.register(pair[0], selectors.EVENT_READ)


def test_what_a_socket_waits_for_can_change(selector: NetSelector, pair: Pair) -> None:
    calls: list[int] = []
    fd = pair[0].fileno()
    pair[1].send(b"x")

    selector.watch(fd, 0, WRITE, calls.append)
    selector.select(0)
    selector.watch(fd, WRITE, READ | WRITE, calls.append)
    selector.select(0)
    selector.watch(fd, READ | WRITE, 0, calls.append)
    selector.select(0)

    assert calls == [WRITE, READ | WRITE]


def test_a_broken_connection_that_nobody_waits_for_does_not_wake_the_loop(
    selector: NetSelector, pair: Pair
) -> None:
    calls: list[int] = []
    selector.watch(pair[0].fileno(), 0, READ, calls.append)
    selector.watch(pair[0].fileno(), READ, 0, calls.append)
    pair[1].close()

    assert selector.select(0) == []
    assert calls == []


def test_a_socket_closed_by_one_served_before_it_is_not_called(
    selector: NetSelector, pair: Pair
) -> None:
    left, right = pair
    calls: list[str] = []

    def first(name: str, other: sockets.socket) -> Callable[[int], None]:
        def on_ready(mask: int) -> None:
            calls.append(name)
            selector.watch(other.fileno(), READ, 0, on_ready)

        return on_ready

    right.setblocking(False)
    selector.watch(left.fileno(), 0, READ, first("left", right))
    selector.watch(right.fileno(), 0, READ, first("right", left))
    left.send(b"x")
    right.send(b"x")

    selector.select(0)

    assert len(calls) == 1


def test_what_was_sent_is_written_before_the_poll_once(selector: NetSelector) -> None:
    calls: list[str] = []

    def flush() -> bool:
        calls.append("flushed")
        return False

    selector.flush_soon(flush)
    selector.select(0)
    selector.select(0)

    assert calls == ["flushed"]


def test_the_poll_does_not_wait_when_the_writing_has_woken_a_process(
    selector: NetSelector,
) -> None:
    selector.flush_soon(lambda: True)
    before = time.monotonic()

    selector.select(SOON)

    assert time.monotonic() - before < SOON / 2


def test_a_fault_of_ours_does_not_stop_the_loop() -> None:
    seen: list[str] = []

    async def main() -> None:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _, context: seen.append(str(context["exception"])))
        left, right = sockets.socketpair()
        with left, right:
            poller = poller_of(loop)

            def on_ready(mask: int) -> None:
                poller.watch(left.fileno(), READ, 0, on_ready)
                raise ZeroDivisionError("a fault")

            def flush() -> bool:
                raise ZeroDivisionError("another")

            poller.watch(left.fileno(), 0, READ, on_ready)
            poller.flush_soon(flush)
            right.send(b"x")
            await asyncio.sleep(0.01)

    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        runner.run(main())

    assert sorted(seen) == ["a fault", "another"]


def test_beamish_run_uses_our_loop() -> None:
    async def main() -> None:
        assert isinstance(asyncio.get_running_loop(), EventLoop)

    beamish.run(main)


def test_every_loop_has_its_poller() -> None:
    uvloop = pytest.importorskip("uvloop")
    for factory, kind in [
        (new_event_loop, NetSelector),
        (asyncio.SelectorEventLoop, GuestPoller),
        (uvloop.new_event_loop, GuestPoller),
    ]:
        loop = factory()
        poller = poller_of(loop)
        assert isinstance(poller, kind)
        if isinstance(poller, GuestPoller):
            poller.close()
        loop.close()


def test_a_node_on_another_loop_leaves_no_reader_behind() -> None:
    selector = selectors.DefaultSelector()
    counts: list[int] = []

    async def main() -> None:
        counts.append(len(selector.get_map()))
        async with beamish.node():
            far, near = await connected()
            await gen_tcp.send(near, b"x")
            assert await gen_tcp.recv(far, timeout=SOON) == b"x"
            counts.append(len(selector.get_map()))
        counts.append(len(selector.get_map()))

    with asyncio.Runner(loop_factory=lambda: asyncio.SelectorEventLoop(selector)) as runner:
        runner.run(main())

    before, meanwhile, after = counts
    assert meanwhile == before + 1  # one for all sockets
    assert after == before


def test_asyncios_own_streams_work_beside_ours() -> None:
    async def main() -> None:
        async def upper(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write((await reader.readline()).upper())
            await writer.drain()
            writer.close()

        server = await asyncio.start_server(upper, "127.0.0.1", 0)
        async with server:
            near = await gen_tcp.connect("127.0.0.1", server.sockets[0].getsockname()[1])
            await gen_tcp.send(near, b"hello\n")
            assert await gen_tcp.recv(near, timeout=SOON) == b"HELLO\n"

    beamish.run(main)


def test_a_subprocess_and_a_thread_work_on_our_loop() -> None:
    async def main() -> None:
        child = await asyncio.create_subprocess_exec("echo", "hi", stdout=asyncio.subprocess.PIPE)
        assert (await child.communicate())[0] == b"hi\n"
        assert await asyncio.to_thread(lambda: 42) == 42

    beamish.run(main)


def test_an_idle_loop_does_not_spin_beside_open_sockets() -> None:
    async def main() -> None:
        far, near = await connected()
        process.spawn(gen_tcp.recv, far)
        gen_tcp.close(near)
        far2, near2 = await connected({"packet": "line"})
        await gen_tcp.send(near2, b"1\n2\n")
        await gen_tcp.recv(far2)
        gen_tcp.setopts(near2, linger=(True, 0))
        gen_tcp.close(near2)  # nobody reads far2 any more, and it is broken
        await process.sleep(0.01)
        before = time.process_time()

        await process.sleep(0.1)

        assert time.process_time() - before < 0.05

    beamish.run(main)
