"""Cases of OTP's gen_event_SUITE; docs/conformance/gen_event.md is the table."""

from __future__ import annotations

from typing import Any

import pytest

from beamish import process
from beamish.otp import (
    GenEvent,
    GenEventHandler,
    HandlerError,
    StartError,
    Supervisor,
    gen_event,
    sys,
)
from beamish.otp.gen_event import Hibernate, RemoveHandler, Stop, SwapHandler
from beamish.terms import Pid
from tests.otp.support import exit_reason, on_real_clock, on_virtual_clock, reason_of


class Told(GenEventHandler):
    """Tells a witness what it sees. A function is called, and its result returned."""

    def init(self, *args: Any) -> Any:
        match args:
            case (((log, name), handed),):  # it comes in for another one
                self.log, self.name = log, name
                self.tell("init", handed)
                return None
            case (log, name, *answer):
                self.log, self.name = log, name
                return answer[0]() if answer else None
            case _:
                raise AssertionError(args)

    def tell(self, *what: Any) -> None:
        process.send(self.log, (self.name, *what))

    def handle_event(self, event: Any) -> Any:
        match event:
            case (name, function):
                return function() if name == self.name else None
            case _:
                self.tell("event", event)
                return None

    def handle_call(self, request: Any) -> Any:
        return request() if callable(request) else (self.name, request)

    def handle_info(self, message: Any) -> Any:
        self.tell("info", message)

    def terminate(self, arg: Any) -> Any:
        if arg == "raise":
            raise RuntimeError("in terminate")
        self.tell("terminate", arg)
        return ("terminated", arg)


class Other(Told):
    """The same under another name."""


async def manager(*names: str) -> Pid:
    """A manager with a handler of each name; the first one sees events last."""
    pid = await gen_event.start()
    for name in names:
        await gen_event.add_handler(pid, (Told, name), process.self(), name)
    return pid


def told() -> list[Any]:
    return process.flush()


def failing() -> Any:
    raise RuntimeError("crash")


async def refused(adding: Any) -> Any:
    with pytest.raises(HandlerError) as error:
        await adding
    return error.value.reason


# ---- the manager


@on_real_clock
async def test_start_under_a_name() -> None:
    """gen_event_SUITE start."""
    pid = await gen_event.start_link(name="mgr")

    assert await gen_event.which_handlers("mgr") == []
    with pytest.raises(StartError) as failed:
        await GenEvent.start(name="mgr")
    assert failed.value.reason == ("already_started", pid)
    await gen_event.stop("mgr")
    assert process.whereis("mgr") is None


@on_real_clock
async def test_stop_lets_every_handler_terminate_and_tells_who_supervises_one() -> None:
    """gen_event_SUITE stop and friends."""
    pid = await manager("a", "b")
    await gen_event.add_sup_handler(pid, Told, process.self(), "sup")

    await gen_event.stop(pid)

    assert told() == [
        ("sup", "terminate", "stop"),
        ("gen_event_EXIT", Told, "shutdown"),
        ("b", "terminate", "stop"),
        ("a", "terminate", "stop"),
    ]
    assert await exit_reason(gen_event.stop(pid)) == "noproc"


@on_real_clock
async def test_a_manager_ends_with_its_parent() -> None:
    me = process.self()

    async def parent() -> None:
        pid = await gen_event.start_link()
        await gen_event.add_handler(pid, Told, me, "a")
        process.send(me, pid)
        process.exit("parent_gone")

    process.spawn(parent)
    pid = await process.receive(Pid)

    assert await reason_of(pid) in ("parent_gone", "noproc")
    assert told() == [("a", "terminate", "stop")]


@on_real_clock
async def test_a_manager_is_a_supervisors_child() -> None:
    supervisor = await Supervisor.start_link([GenEvent.child_spec(name="alarms")])

    [child] = await Supervisor.which_children(supervisor)

    assert child.pid == process.whereis("alarms")
    assert await gen_event.which_handlers("alarms") == []


# ---- coming and going


@on_real_clock
async def test_add_handler_several_with_ids_the_newest_first() -> None:
    """gen_event_SUITE add_handler."""
    pid = await gen_event.start()
    me = process.self()

    await gen_event.add_handler(pid, Told, me, "plain")
    for name in (1, 2, 3):
        await gen_event.add_handler(pid, (Told, name), me, name)

    assert await gen_event.which_handlers(pid) == [(Told, 3), (Told, 2), (Told, 1), Told]


@on_real_clock
async def test_add_handler_a_failing_init() -> None:
    """gen_event_SUITE add_handler."""
    pid = await manager("a")
    me = process.self()

    [kind, error] = await refused(gen_event.add_handler(pid, Told, me, "b", failing))

    assert kind == "EXIT"
    assert isinstance(error, RuntimeError)
    adding = gen_event.add_handler(pid, Told, me, "b", lambda: Stop("why"))
    assert await refused(adding) == "why"
    assert await refused(gen_event.add_handler(pid, Told, me, "b", lambda: "odd")) == "odd"
    assert await gen_event.which_handlers(pid) == [(Told, "a")]


@on_real_clock
async def test_a_handler_that_is_none_is_refused_before_anything_happens() -> None:
    pid = await gen_event.start()

    with pytest.raises(ValueError, match="expected a handler's class, or"):
        await gen_event.add_handler(pid, "logger")  # type: ignore[arg-type]


@on_real_clock
async def test_delete_handler_returns_what_terminate_does() -> None:
    """gen_event_SUITE delete_handler."""
    pid = await manager("a", "b")

    assert await gen_event.delete_handler(pid, (Told, "a"), "bye") == ("terminated", "bye")
    assert told() == [("a", "terminate", "bye")]
    assert await gen_event.which_handlers(pid) == [(Told, "b")]
    assert await refused(gen_event.delete_handler(pid, (Told, "a"))) == "module_not_found"


@on_real_clock
async def test_undef_in_terminate_a_failing_terminate_is_reported(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """gen_event_SUITE undef_in_terminate."""
    pid = await manager("a")

    reason = await refused(gen_event.delete_handler(pid, (Told, "a"), "raise"))

    assert reason[0] == "EXIT"
    assert isinstance(reason[1], RuntimeError)
    assert len(caplog.records) == 1
    assert await gen_event.which_handlers(pid) == []


@on_real_clock
async def test_swap_handler_hands_the_state_over() -> None:
    """gen_event_SUITE swap_handler."""
    pid = await manager("a", "b", "c")
    me = process.self()

    await gen_event.swap_handler(pid, ((Told, "b"), "out"), (Other, (me, "d")))

    assert told() == [("b", "terminate", "out"), ("d", "init", ("terminated", "out"))]
    assert await gen_event.which_handlers(pid) == [Other, (Told, "c"), (Told, "a")]


@on_real_clock
async def test_swap_handler_without_one_to_be_swapped_adds_the_new_one() -> None:
    """gen_event_SUITE swap_handler."""
    pid = await manager()

    await gen_event.swap_handler(pid, (Told, "out"), (Other, (process.self(), "d")))

    assert told() == [("d", "init", "error")]
    assert await gen_event.which_handlers(pid) == [Other]


@on_real_clock
async def test_a_handler_swaps_itself_and_the_new_one_takes_its_place() -> None:
    """gen_event_SUITE notify, swap."""
    pid = await manager("a", "b", "c")
    me = process.self()

    await gen_event.sync_notify(pid, ("b", lambda: SwapHandler("out", Other, (me, "d"))))

    assert told() == [("b", "terminate", "out"), ("d", "init", ("terminated", "out"))]
    assert await gen_event.which_handlers(pid) == [(Told, "c"), Other, (Told, "a")]


# ---- events


@pytest.mark.parametrize("way", ["notify", "sync_notify"])
def test_notify_reaches_each_handler(way: str) -> None:
    """gen_event_SUITE notify, sync_notify."""

    @on_real_clock
    async def notifying() -> None:
        pid = await manager("a", "b")
        await notify(way, pid, "hello")

        assert told() == [("b", "event", "hello"), ("a", "event", "hello")]

    notifying()


async def notify(way: str, pid: Pid, event: Any) -> None:
    """Returns when the handlers have seen it, in either way."""
    if way == "notify":
        gen_event.notify(pid, event)
        await gen_event.which_handlers(pid)
    else:
        await gen_event.sync_notify(pid, event)


@pytest.mark.parametrize("way", ["notify", "sync_notify"])
def test_notify_a_handler_removes_itself(way: str) -> None:
    """gen_event_SUITE notify, sync_notify."""

    @on_real_clock
    async def notifying() -> None:
        pid = await manager("a", "b")
        await notify(way, pid, ("b", lambda: RemoveHandler))

        assert told() == [("b", "terminate", "remove_handler")]
        assert await gen_event.which_handlers(pid) == [(Told, "a")]

    notifying()


@pytest.mark.parametrize("way", ["notify", "sync_notify"])
def test_notify_the_crash_of_one_does_not_harm_the_others(
    way: str, caplog: pytest.LogCaptureFixture
) -> None:
    """gen_event_SUITE notify, sync_notify."""

    @on_real_clock
    async def notifying() -> None:
        pid = await manager("a", "b", "c")
        await notify(way, pid, ("b", failing))
        await notify(way, pid, "after")

        assert await gen_event.which_handlers(pid) == [(Told, "c"), (Told, "a")]
        [crash, *rest] = told()
        assert crash[:2] == ("b", "terminate")
        [_, [_, error]] = crash[2]
        assert isinstance(error, RuntimeError)
        assert rest == [("c", "event", "after"), ("a", "event", "after")]

    notifying()

    [record] = caplog.records
    assert "'b') crashed, and was removed from" in record.getMessage()
    assert "RuntimeError: crash" in caplog.text


@on_real_clock
async def test_a_bad_result_removes_the_handler() -> None:
    """gen_event_SUITE notify: error_event."""
    pid = await manager("a")

    await gen_event.sync_notify(pid, ("a", lambda: "odd"))

    assert told() == [("a", "terminate", ("error", "odd"))]
    assert await gen_event.which_handlers(pid) == []


@on_real_clock
async def test_info_plain_messages_reach_the_handlers() -> None:
    """gen_event_SUITE info."""
    pid = await manager("a", "b")
    process.send(pid, "hello")
    process.send(pid, ("EXIT", process.self(), "not really"))
    await gen_event.which_handlers(pid)

    assert told() == [
        ("b", "info", "hello"),
        ("a", "info", "hello"),
        ("b", "info", ("EXIT", process.self(), "not really")),
        ("a", "info", ("EXIT", process.self(), "not really")),
    ]


class Minimal(GenEventHandler):
    """Has no callback but those that every handler inherits."""


@on_real_clock
async def test_undef_handle_event_the_handler_goes_and_the_manager_lives() -> None:
    """gen_event_SUITE undef_handle_event."""
    pid = await manager("a")
    await gen_event.add_handler(pid, Minimal)

    await gen_event.sync_notify(pid, "hello")

    assert told() == [("a", "event", "hello")]
    assert await gen_event.which_handlers(pid) == [(Told, "a")]


@on_real_clock
async def test_undef_handle_call_the_handler_goes_and_the_manager_lives() -> None:
    """gen_event_SUITE undef_handle_call."""
    pid = await gen_event.start()
    await gen_event.add_handler(pid, Minimal)

    reason = await refused(gen_event.call(pid, Minimal, "hello"))

    assert isinstance(reason[1], NotImplementedError)
    assert await gen_event.which_handlers(pid) == []


@on_real_clock
async def test_a_handler_without_handle_info_logs_the_message(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """gen_event_SUITE undef_handle_info."""
    pid = await gen_event.start()
    await gen_event.add_handler(pid, Minimal)
    process.send(pid, "hello")

    assert await gen_event.which_handlers(pid) == [Minimal]
    assert "'Minimal' in" in caplog.text
    assert "received an unexpected message: 'hello'" in caplog.text


# ---- calls


@on_real_clock
async def test_call_asks_one_handler() -> None:
    """gen_event_SUITE call."""
    pid = await manager("a", "b")

    assert await gen_event.call(pid, (Told, "a"), "question") == ("a", "question")
    assert await refused(gen_event.call(pid, (Told, "x"), "question")) == "bad_module"


@on_real_clock
async def test_call_whose_handler_goes_crashes_or_is_swapped() -> None:
    """gen_event_SUITE call."""
    pid = await manager("a", "b", "c")
    me = process.self()

    assert await gen_event.call(pid, (Told, "a"), lambda: RemoveHandler("bye")) == "bye"
    assert await refused(gen_event.call(pid, (Told, "b"), lambda: process.exit("why"))) == (
        "EXIT",
        "why",
    )
    swap = SwapHandler("out", Other, (me, "d"), reply="swapped")
    assert await gen_event.call(pid, (Told, "c"), lambda: swap) == "swapped"
    assert await gen_event.which_handlers(pid) == [Other]


@on_virtual_clock
async def test_call_exits_when_there_is_no_manager_or_no_answer() -> None:
    """gen_event_SUITE call."""
    pid = await manager("a")

    def sleep() -> Any:
        return process.sleep(10.0)

    def shape(dest: Any, request: Any, *timeout: float) -> Any:
        return ("gen_event", "call", (dest, (Told, "a"), request, *timeout))

    reason = await exit_reason(gen_event.call(pid, (Told, "a"), sleep, timeout=1.0))
    assert reason == ("timeout", shape(pid, sleep, 1.0))
    reason = await exit_reason(gen_event.call("nobody", (Told, "a"), "x"))
    assert reason == ("noproc", shape("nobody", "x"))
    assert await exit_reason(gen_event.sync_notify("nobody", "x")) == "noproc"
    with pytest.raises(ValueError, match="nobody"):
        gen_event.notify("nobody", "x")


@on_real_clock
async def test_send_request_asks_now_and_is_answered_later() -> None:
    """gen_event_SUITE send_request and friends."""
    pid = await manager("a")

    request = gen_event.send_request(pid, (Told, "a"), "question")
    assert await gen_event.receive_response(request, 1.0) == ("a", "question")
    request = gen_event.send_request(pid, (Told, "x"), "question")
    assert await refused(gen_event.wait_response(request, 1.0)) == "bad_module"
    requests = gen_event.reqids_new()
    gen_event.send_request(pid, (Told, "a"), "first", 1, requests)
    assert await gen_event.receive_response(requests, 1.0) == (("a", "first"), 1)
    request = gen_event.send_request(pid, (Told, "a"), "second")
    message = await process.receive()
    assert gen_event.check_response(message, request) == (("a", "second"), None)


@on_real_clock
async def test_start_monitor_tells_of_the_end() -> None:
    """gen_event_SUITE start_monitor."""
    pid, ref = await gen_event.start_monitor()
    await gen_event.stop(pid, "why")

    assert await process.receive(("DOWN", ref, ..., ..., ...)) == (
        "DOWN",
        ref,
        "process",
        pid,
        "why",
    )


# ---- supervised handlers


@on_real_clock
async def test_who_supervises_a_handler_hears_of_its_end() -> None:
    """gen_event_SUITE add_sup_handler, swap_sup_handler."""
    pid = await manager()
    me = process.self()

    async def add() -> None:
        await gen_event.add_sup_handler(pid, Told, me, "s")

    async def heard() -> Any:
        _, handler, reason = await process.receive(("gen_event_EXIT", ..., ...))
        assert handler is Told
        return reason

    await add()
    await gen_event.delete_handler(pid, Told)
    assert await heard() == "normal"
    await add()
    gen_event.notify(pid, ("s", lambda: RemoveHandler))
    assert await heard() == "normal"
    await add()
    gen_event.notify(pid, ("s", lambda: "odd"))
    assert await heard() == "odd"
    await add()
    gen_event.notify(pid, ("s", failing))
    kind, error = await heard()
    assert kind == "EXIT"
    assert isinstance(error, RuntimeError)
    await add()
    gen_event.notify(pid, ("s", lambda: SwapHandler("out", Other, (me, "t"))))
    assert await heard() == ("swapped", Other, me)
    await gen_event.delete_handler(pid, Other)
    exit = await process.receive(("gen_event_EXIT", ..., ...))
    assert exit == ("gen_event_EXIT", Other, "normal")
    assert pid not in process.info(me, "links")


@on_real_clock
async def test_a_supervised_handler_ends_with_its_process() -> None:
    """gen_event_SUITE add_sup_handler."""
    pid = await manager("a")
    me = process.self()

    async def owner() -> None:
        await gen_event.add_sup_handler(pid, (Told, "s"), me, "s")
        process.exit("gone")

    owner_pid = process.spawn(owner)
    ended = await process.receive(("s", ...), ("s", "terminate", ...))

    assert ended == ("s", "terminate", ("stop", "gone"))
    assert await gen_event.which_handlers(pid) == [(Told, "a")]
    assert told() == [("a", "info", ("EXIT", owner_pid, "gone"))]


@on_real_clock
async def test_swap_sup_handler_supervises_the_new_one() -> None:
    """gen_event_SUITE swap_sup_handler."""
    pid = await manager("a")
    me = process.self()

    await gen_event.swap_sup_handler(pid, ((Told, "a"), "out"), (Other, (me, "b")))
    await gen_event.delete_handler(pid, Other, "bye")

    assert told() == [
        ("a", "terminate", "out"),
        ("b", "init", ("terminated", "out")),
        ("b", "terminate", "bye"),
        ("gen_event_EXIT", Other, "normal"),
    ]


@on_real_clock
async def test_a_supervised_handler_that_does_not_start_leaves_no_link() -> None:
    pid = await manager()
    me = process.self()

    await refused(gen_event.add_sup_handler(pid, Told, me, "s", failing))
    bad = ((Told, "x"), "out"), (Other, "bad arguments")
    await refused(gen_event.swap_sup_handler(pid, *bad))

    assert process.info(me, "links") == []


# ---- hibernate


@on_real_clock
async def test_hibernate_is_accepted_from_every_callback() -> None:
    """gen_event_SUITE hibernate, auto_hibernate: nothing shrinks, nothing breaks."""
    pid = await gen_event.start()
    await gen_event.add_handler(pid, (Told, "a"), process.self(), "a", lambda: Hibernate)

    await gen_event.sync_notify(pid, ("a", lambda: Hibernate))
    await gen_event.sync_notify(pid, ("a", Hibernate))

    assert await gen_event.call(pid, (Told, "a"), "question") == ("a", "question")


# ---- sys


class Counting(GenEventHandler):
    def init(self, n: int = 0) -> None:
        self.n = n

    def handle_event(self, event: Any) -> None:
        self.n += 1

    def format_status(self, status: dict[str, Any]) -> dict[str, Any]:
        return {**status, "state": "formatted"}

    def code_change(self, old_vsn: Any, extra: Any) -> None:
        self.n = extra


@on_real_clock
async def test_get_state_of_all_handlers() -> None:
    """gen_event_SUITE get_state."""
    pid = await gen_event.start()
    await gen_event.add_handler(pid, Counting, 1)
    await gen_event.add_handler(pid, (Counting, "id"), 2)

    assert await sys.get_state(pid) == [(Counting, "id", {"n": 2}), (Counting, None, {"n": 1})]


@on_real_clock
async def test_replace_state_of_all_but_one_for_which_the_function_fails() -> None:
    """gen_event_SUITE replace_state."""
    pid = await gen_event.start()
    for n in (1, 2, 3):
        await gen_event.add_handler(pid, (Counting, n), n)

    def replace(state: Any) -> Any:
        cls, id, data = state
        return cls, id, {"n": 10 // (data["n"] - 2)}

    await sys.replace_state(pid, replace)

    states = await sys.get_state(pid)
    assert [data["n"] for _, _, data in states] == [10, 2, -10]


@on_real_clock
async def test_call_format_status_anon() -> None:
    """gen_event_SUITE call_format_status_anon."""
    pid = await gen_event.start()
    await gen_event.add_handler(pid, Counting)

    status = await sys.get_status(pid)

    assert status.data["State"] == [(Counting, None, "formatted")]


@on_real_clock
async def test_code_change_of_the_handlers_of_a_class() -> None:
    """gen_event(3), code_change/3."""
    pid = await manager("a")
    await gen_event.add_handler(pid, Counting)
    await sys.suspend(pid)

    await sys.change_code(pid, Counting, 1, 42)
    await sys.resume(pid)

    [(_, _, data), _] = await sys.get_state(pid)
    assert data == {"n": 42}
