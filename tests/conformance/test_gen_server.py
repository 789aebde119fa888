"""OTP's gen_server and Elixir's GenServer: cases of their own suites, in our words."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import pytest

from beamish import process
from beamish.otp import (
    Continue,
    Fail,
    GenServer,
    Hibernate,
    Ignore,
    NoReply,
    Registry,
    Reply,
    StartError,
    StartIgnored,
    Stop,
    Timeout,
    gen_server,
    global_,
    proc_lib,
    sys,
)
from beamish.terms import BadArgError, Pid, to_erlang
from beamish.terms.errors import ProcessError
from tests.otp.support import (
    down,
    ended_by,
    exit_reason,
    on_real_clock,
    on_virtual_clock,
    outcome,
    reason_of,
)
from tests.support.logs import fields_of, shown


class Server(GenServer):
    """Does what it is told: `init` and the callbacks return what they are given."""

    async def init(self, first: Any = None, *, wait: float = 0) -> Any:
        self.seen: list[Any] = []
        if wait:
            await process.sleep(wait)
        if isinstance(first, Exception):
            raise first
        return first

    def handle_call(self, request: Any, caller: gen_server.Caller) -> Any:
        match request:
            case "seen":
                return self.seen
            case ("delayed", seconds):
                process.send_after(seconds, process.self(), ("answer", caller))
                return NoReply
            case Exception():
                raise request
            case _:
                return request

    def handle_cast(self, request: Any) -> Any:
        self.seen.append(("cast", request))
        return request if isinstance(request, Stop | Continue | Timeout | Hibernate) else None

    def handle_info(self, message: Any) -> Any:
        match message:
            case ("answer", caller):
                gen_server.reply(caller, "delayed")
            case ("return", result):
                return result
            case Exception():
                raise message
            case _:
                self.seen.append(("info", message))
        return None

    def handle_continue(self, arg: Any) -> Any:
        self.seen.append(("continue", arg))
        return arg if isinstance(arg, Timeout | Stop | Hibernate) else None


class Nothing(GenServer):
    """Has no callback of its own."""


async def seen(pid: Pid) -> Any:
    """What a server has been told, as it shows."""
    return await gen_server.call(pid, "seen")


async def registry() -> tuple[str, Any, Any]:
    """A via name in a registry of its own."""
    await Registry.start_link(keys="unique", name="names")
    return ("via", Registry, ("names", "key"))


NAMES: list[Any] = ["local", ("global", ("any", "value")), "via"]


async def named(name: Any) -> Any:
    return await registry() if name == "via" else name


# ---- start


@pytest.mark.parametrize("name", [None, *NAMES])
@pytest.mark.parametrize("start", [Server.start, Server.start_link, Server.start_monitor])
@on_real_clock
async def test_start(start: Any, name: Any) -> None:
    """OTP gen_server: start."""
    name = await named(name)
    process.flag(trap_exit=True)

    started = await start(name=name)
    pid: Pid = started if isinstance(started, Pid) else started[0]
    known = pid if name is None else name
    answer = await gen_server.call(known, "x")
    taken: Any = None
    if name is not None:
        with pytest.raises(StartError) as failed:
            await start(name=name)
        taken = failed.value.reason
    await gen_server.stop(known)

    assert answer == "x"
    assert taken == (None if name is None else ("already_started", pid))
    links_and_monitors = process.flush()
    assert len(links_and_monitors) == (0 if start == Server.start else 1)
    assert await exit_reason(gen_server.stop(known)) == "noproc"


@pytest.mark.parametrize("name", [None, *NAMES])
@pytest.mark.parametrize(
    ("first", "reason"),
    [
        (Stop("because"), "because"),
        (Fail("because"), "because"),
        (Ignore, "ignore"),
        (ValueError("because"), None),
    ],
)
@pytest.mark.parametrize("start", [Server.start, Server.start_link, Server.start_monitor])
@on_real_clock
async def test_start_fails(start: Any, first: Any, reason: Any, name: Any) -> None:
    """OTP gen_server: start (stop, ignore and error from init), and otp_7669: the name is free."""
    name = await named(name)
    process.flag(trap_exit=True)

    with pytest.raises(StartError) as failed:
        await start(first, name=name)

    assert isinstance(failed.value, StartIgnored) == (first is Ignore)
    assert failed.value.reason == (first if reason is None else reason)
    assert name is None or gen_server.whereis(name) is None
    assert process.flush() == []


@pytest.mark.parametrize("start", [Server.start, Server.start_link, Server.start_monitor])
@on_virtual_clock
async def test_start_within_a_time_out(start: Any) -> None:
    """OTP gen_server: start (init time-out)."""
    with pytest.raises(StartError) as failed:
        await start(wait=60.0, timeout=0.1, name="slow")

    assert failed.value.reason == "timeout"
    assert process.whereis("slow") is None
    assert asyncio.get_running_loop().time() == pytest.approx(0.1)


@on_real_clock
async def test_a_quiet_failure_of_init_leaves_a_linked_caller_alone(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """OTP gen_server: start ({error, Reason} from init)."""
    with pytest.raises(StartError) as failed:
        await Server.start_link(Fail("no disk"))

    assert failed.value.reason == "no disk"
    assert caplog.records == []


@pytest.mark.parametrize("first", [Ignore, Stop("no"), Fail("no")])
@pytest.mark.parametrize("name", NAMES)
@on_real_clock
async def test_otp_7669(first: Any, name: Any) -> None:
    """OTP gen_server: otp_7669."""
    name = await named(name)

    for _ in range(100):
        with pytest.raises(StartError):
            await Server.start(first, name=name)
        assert gen_server.whereis(name) is None


@pytest.mark.parametrize("name", NAMES)
@on_real_clock
async def test_loop_start_fail(name: Any) -> None:
    """OTP gen_server: loop_start_fail."""
    name = await named(name)
    process.flag(trap_exit=True)

    for start in (Server.start, Server.start_link):
        for error in [Stop("no"), ValueError("no")] * 25:
            with pytest.raises(StartError):
                await start(error, name=name)
    pid = await Server.start_link(name=name)

    assert gen_server.whereis(name) == pid
    assert process.flush() == []


# ---- time-outs and hibernation, from init, continue and the others


@pytest.mark.parametrize("where", ["init", "init continue", "cast", "info", "call", "reply"])
@on_virtual_clock
async def test_start_event_timeout(where: str) -> None:
    """OTP gen_server: start_event_timeout (relative; with a message of one's own)."""
    wait = Timeout(1.0, "time is up")
    pid = await _server_that_waits(where, wait)

    await process.sleep(2.0)

    assert (await seen(pid))[-1] == ("info", "time is up")


@pytest.mark.parametrize("where", ["init", "init continue", "cast", "info", "call", "reply"])
@on_virtual_clock
async def test_start_event_timeout_absolute(where: str) -> None:
    """OTP gen_server: start_event_timeout (absolute)."""
    loop = asyncio.get_running_loop()
    pid = await _server_that_waits(where, Timeout(loop.time() + 3.0, "time is up", abs=True))

    await process.sleep(2.9)
    before = list(process.info(pid, "messages")), loop.time()
    await process.sleep(0.2)

    assert before[0] == []
    assert (await seen(pid))[-1] == ("info", "time is up")


@on_virtual_clock
async def test_an_absolute_time_that_has_passed_is_at_once() -> None:
    """OTP gen_server: start_event_timeout (absolute, past)."""
    await process.sleep(5.0)

    pid = await Server.start_link(Timeout(1.0, abs=True))
    await process.sleep(0.001)

    assert await seen(pid) == [("info", "timeout")]


@pytest.mark.parametrize("where", ["init", "init continue", "cast", "info", "call", "reply"])
@on_virtual_clock
async def test_start_event_timeout_interrupted(where: str) -> None:
    """OTP gen_server: start_event_timeout (interrupted by a message)."""
    pid = await _server_that_waits(where, Timeout(1.0, "time is up"))

    await process.sleep(0.5)
    process.send(pid, "something")
    await process.sleep(2.0)

    assert (await seen(pid))[-1] == ("info", "something")


async def _server_that_waits(where: str, wait: Timeout) -> Pid:
    match where:
        case "init":
            return await Server.start_link(wait)
        case "init continue":
            return await Server.start_link(Continue(wait))
        case _:
            pid = await Server.start_link()
    match where:
        case "cast":
            gen_server.cast(pid, wait)
        case "info":
            process.send(pid, ("return", wait))
        case "call":
            gen_server.send_request(pid, wait)
        case _:
            await gen_server.call(pid, Reply(None, then=wait))
    return pid


@pytest.mark.parametrize("where", ["init", "continue", "cast", "info", "call", "reply"])
@on_real_clock
async def test_hibernate(where: str) -> None:
    """OTP gen_server: hibernate."""
    pid = await Server.start_link({"init": Hibernate, "continue": Continue(Hibernate())}.get(where))
    match where:
        case "cast":
            gen_server.cast(pid, Hibernate())
        case "info":
            process.send(pid, ("return", Hibernate))
        case "call":
            gen_server.send_request(pid, Hibernate)
        case "reply":
            await gen_server.call(pid, Reply(1, then=Hibernate))
        case _:
            pass

    await sys.suspend(pid)
    await sys.resume(pid)
    before = list((await sys.get_state(pid))["seen"])
    status = process.info(pid, "status")
    process.send(pid, "wake up")

    assert status == "waiting"
    assert await seen(pid) == [*before, ("info", "wake up")]


# ---- stop


@on_real_clock
async def test_stop1() -> None:
    """OTP gen_server: stop1."""
    pid, ref = await Server.start_monitor()

    await gen_server.stop(pid)

    assert await down(ref) == "normal"
    assert await exit_reason(gen_server.stop(pid)) == "noproc"


@on_real_clock
async def test_stop2() -> None:
    """OTP gen_server: stop2."""
    pid, ref = await Server.start_monitor()

    await gen_server.stop(pid, "other")

    assert await down(ref) == "other"


@pytest.mark.parametrize("timeout", [-1, "soon", True])
@on_real_clock
async def test_stop3(timeout: Any) -> None:
    """OTP gen_server: stop3."""
    pid = await Server.start_link()

    with pytest.raises(BadArgError):
        await gen_server.stop(pid, "other", timeout)

    assert await gen_server.call(pid, "alive") == "alive"


@on_real_clock
async def test_stop5() -> None:
    """OTP gen_server: stop5."""
    pid, ref = await Server.start_monitor(name="local")

    await gen_server.stop(("local", pid.node))

    assert await down(ref) == "normal"


@pytest.mark.parametrize("name", NAMES)
@on_real_clock
async def test_elixir_stop(name: Any) -> None:
    """Elixir GenServer: stop/3."""
    name = await named(name)
    pid, ref = await Server.start_monitor(name=name)

    await gen_server.stop(name, "shutdown", 5.0)

    assert await down(ref) == "shutdown"
    assert await exit_reason(gen_server.stop(name)) == "noproc"
    assert await exit_reason(gen_server.stop(pid)) == "noproc"


@on_virtual_clock
async def test_elixir_stop_in_time() -> None:
    """Elixir GenServer: stop/3 (time-out)."""
    pid = await Server.start()
    await sys.suspend(pid)

    class Slow(Server):
        async def terminate(self, reason: Any) -> None:
            await process.sleep(1.0)

    slow = await Slow.start()

    assert await exit_reason(gen_server.stop(slow, "normal", 0.1)) == "timeout"
    await gen_server.stop(pid)


# ---- requests


@on_real_clock
async def test_send_request() -> None:
    """OTP gen_server: send_request (receive_response)."""
    pid = await Server.start_link()

    request = gen_server.send_request(pid, "hello")

    assert await gen_server.receive_response(request) == "hello"


@on_virtual_clock
async def test_send_request_wait_response() -> None:
    """OTP gen_server: send_request (wait_response, time-outs before the answer)."""
    pid = await Server.start_link()
    request = gen_server.send_request(pid, ("delayed", 1.0))

    for _ in range(3):
        with pytest.raises(TimeoutError):
            await gen_server.wait_response(request, 0.1)

    assert await gen_server.wait_response(request, 2.0) == "delayed"


@on_virtual_clock
async def test_send_request_given_up() -> None:
    """OTP gen_server: send_request (receive_response gives up: a late answer is dropped)."""
    pid = await Server.start_link()
    request = gen_server.send_request(pid, ("delayed", 1.0))

    with pytest.raises(TimeoutError):
        await gen_server.receive_response(request, 0.1)
    await process.sleep(2.0)

    assert process.flush() == []


@on_real_clock
async def test_send_request_check_response() -> None:
    """OTP gen_server: send_request (check_response)."""
    pid = await Server.start_link()
    request = gen_server.send_request(pid, "hello")
    process.send(process.self(), "noise")

    answer: Any = None
    while answer is None:
        message = await process.receive()
        answer = gen_server.check_response(message, request)

    assert answer == gen_server.Response("hello")
    assert gen_server.check_response("noise", request) is None


@pytest.mark.parametrize("dest", ["nobody", ("global", "nobody"), ("nobody", "elsewhere@host")])
@on_real_clock
async def test_send_request_to_nobody(dest: Any) -> None:
    """OTP gen_server: send_request (errors)."""
    request = gen_server.send_request(dest, "hello")

    with pytest.raises(gen_server.RequestError) as failed:
        await gen_server.receive_response(request)

    assert failed.value.dest == dest
    reason: Any = ("nodedown", "elsewhere@host") if dest[0] == "nobody" else "noproc"
    assert failed.value.reason == ("noproc" if dest == "nobody" else reason)
    assert process.flush() == []


@on_real_clock
async def test_send_request_to_a_server_that_dies() -> None:
    """OTP gen_server: send_request (the server ends)."""
    pid = await Server.start()
    error = ValueError("boom")
    request = gen_server.send_request(pid, error)

    with pytest.raises(gen_server.RequestError) as failed:
        await gen_server.wait_response(request, 5.0)

    assert (failed.value.reason, failed.value.dest) == (error, pid)
    assert to_erlang(failed.value)[0][0] == "badmatch"


@on_real_clock
async def test_requests_are_answered_in_the_order_of_the_answers() -> None:
    """OTP gen_server: send_request (collection, receive_response)."""
    slow, quick = await Server.start_link(), await Server.start_link()
    requests = gen_server.reqids_new()
    first = gen_server.send_request(slow, ("delayed", 0.01))
    gen_server.reqids_add(first, "slow", requests)
    gen_server.send_request(quick, "hello", "quick", requests)

    labels = [label for _, label in gen_server.reqids_to_list(requests)]
    answers: list[Any] = []
    while (answer := await gen_server.receive_response(requests, 5.0)) is not None:
        answers.append(answer)

    assert labels == ["slow", "quick"]
    assert answers == [("hello", "quick"), ("delayed", "slow")]
    assert gen_server.reqids_size(requests) == 0


@on_real_clock
async def test_an_answered_request_may_stay_in_its_collection() -> None:
    """OTP gen_server: send_request (collection, Delete false)."""
    pid = await Server.start_link()
    requests = gen_server.reqids_new()
    gen_server.send_request(pid, "hello", 1, requests)

    await gen_server.receive_response(requests, 5.0, delete=False)

    assert gen_server.reqids_size(requests) == 1


@on_real_clock
async def test_a_request_is_in_a_collection_once() -> None:
    """OTP gen_server: send_request (reqids_add twice)."""
    pid = await Server.start_link()
    requests = gen_server.reqids_new()
    request = gen_server.send_request(pid, "hello", 1, requests)

    with pytest.raises(BadArgError):
        gen_server.reqids_add(request, 2, requests)


@on_real_clock
async def test_send_request_check_reqid_collection() -> None:
    """OTP gen_server: send_request_check_reqid_collection."""
    servers = [await Server.start_link() for _ in range(3)]
    bad = await Server.start()
    requests = gen_server.reqids_new()
    for number, server in enumerate(servers):
        gen_server.send_request(server, ("n", number), number, requests)
    gen_server.send_request(bad, ValueError("boom"), "bad", requests)
    process.send(process.self(), "noise")

    found: dict[Any, Any] = {}
    while gen_server.reqids_size(requests):
        message = await process.receive()
        try:
            answer = gen_server.check_response(message, requests)
        except gen_server.RequestError as error:
            found[error.label] = type(error.reason)
        else:
            if answer is not None:
                found[answer.label] = answer.reply

    assert found == {0: ("n", 0), 1: ("n", 1), 2: ("n", 2), "bad": ValueError}


@on_virtual_clock
async def test_a_collection_that_is_given_up_is_never_answered() -> None:
    """OTP gen_server: send_request (collection, receive_response time-out)."""
    pid = await Server.start_link()
    requests = gen_server.reqids_new()
    for label in range(3):
        gen_server.send_request(pid, ("delayed", 1.0), label, requests)

    with pytest.raises(TimeoutError):
        await gen_server.receive_response(requests, 0.5)
    await process.sleep(5.0)

    assert process.flush() == []


# ---- casts


@pytest.mark.parametrize("name", [None, *NAMES, "node"])
@on_real_clock
async def test_cast(name: Any) -> None:
    """OTP gen_server: cast."""
    name = await named(name)
    pid = await Server.start_link(name=name)
    dest: Any = {None: pid, "node": ("node", pid.node)}.get(name, name)

    gen_server.cast(dest, "hello")
    told = await seen(pid)
    await gen_server.stop(pid)
    gen_server.cast(dest, "to the dead")

    assert told == [("cast", "hello")]


@on_real_clock
async def test_abcast() -> None:
    """OTP gen_server: abcast; Elixir GenServer: abcast/3."""
    pid = await Server.start_link(name="local")

    gen_server.abcast("local", 1)
    gen_server.abcast("local", 2, nodes=[pid.node, "elsewhere@host"])
    gen_server.abcast("local", 3, nodes=["elsewhere@host"])
    gen_server.abcast("nobody", 4)

    assert await seen(pid) == [("cast", 1), ("cast", 2)]


@on_real_clock
async def test_multi_call() -> None:
    """OTP gen_server: multicall; Elixir GenServer: multi_call/4 (this node)."""
    pid = await Server.start_link(name="local")
    here = pid.node

    every = await gen_server.multi_call("local", "hello")
    some = await gen_server.multi_call("local", "hello", nodes=[here, "elsewhere@host"])
    nobody = await gen_server.multi_call("nobody", "hello")

    assert every == ([(here, "hello")], [])
    assert some == ([(here, "hello")], ["elsewhere@host"])
    assert nobody == ([], [here])


@on_virtual_clock
async def test_multi_call_in_time() -> None:
    """OTP gen_server: multicall (time-out: a late reply is dropped)."""
    pid = await Server.start_link(name="local")

    answer = await gen_server.multi_call("local", ("delayed", 1.0), timeout=0.5)
    await process.sleep(2.0)

    assert answer == ([], [pid.node])
    assert process.flush() == []


# ---- names


@pytest.mark.parametrize("name", NAMES)
@on_real_clock
async def test_elixir_start_link_with_names(name: Any) -> None:
    """Elixir GenServer: start_link/3 with via, start_link/3 with global.

    Also start_link/3 with local.
    """
    name = await named(name)

    pid = await Server.start_link(name=name)
    with pytest.raises(StartError) as failed:
        await Server.start_link(name=name)

    assert gen_server.whereis(name) == pid
    assert failed.value.reason == ("already_started", pid)


@pytest.mark.parametrize("name", ["undefined", 5, ("global",), ("via", 1), None.__class__])
@on_real_clock
async def test_elixir_start_link_with_bad_names(name: Any) -> None:
    """Elixir GenServer: start_link/3 with what cannot be a name."""
    with pytest.raises(BadArgError):
        await Server.start_link(name=name)


@on_real_clock
async def test_elixir_start() -> None:
    """Elixir GenServer: start/2."""
    pid = await Server.start()

    assert process.info(process.self(), "links") == []
    assert await ended_by(pid, "kill") == "killed"


@on_real_clock
async def test_elixir_whereis() -> None:
    """Elixir GenServer: whereis/1."""
    via = await registry()
    pid = await Server.start_link(name="local")
    others = [await Server.start_link(name=name) for name in (("global", 1), via)]

    assert gen_server.whereis(pid) == pid
    assert gen_server.whereis("local") == gen_server.whereis(("local", pid.node)) == pid
    assert [gen_server.whereis(("global", 1)), gen_server.whereis(via)] == others
    assert gen_server.whereis(("local", "elsewhere@host")) == ("local", "elsewhere@host")
    unknown: list[Any] = ["nobody", ("global", 2), ("via", Registry, ("names", 2))]
    assert [gen_server.whereis(name) for name in unknown] == [None] * 3


@on_real_clock
async def test_a_global_name_goes_with_its_process() -> None:
    """OTP gen_server: start (global)."""
    pid = await Server.start(name=("global", "x"))

    await ended_by(pid, "kill")

    assert global_.whereis_name("x") is None
    assert global_.register_name("x", process.self())
    assert not global_.register_name("x", process.self())
    assert global_.registered_names() == ["x"]
    assert global_.send("x", "hello") == process.self()
    assert await process.receive() == "hello"
    global_.unregister_name("x")
    assert await exit_reason(_send_global("x")) == ("badarg", ("x", "hello"))


async def _send_global(key: str) -> None:
    global_.send(key, "hello")


# ---- continue


@on_real_clock
async def test_continue() -> None:
    """OTP gen_server: continue."""

    class Chained(Server):
        def handle_continue(self, arg: Any) -> Any:
            self.seen.append(("continue", arg))
            return Continue(arg - 1) if arg else None

        def handle_call(self, request: Any, caller: gen_server.Caller) -> Any:
            return self.seen if request == "seen" else Reply("ok", then=Continue(request))

    pid = await Chained.start_link(Continue(2))
    process.send(pid, ("return", Continue(1)))
    await gen_server.call(pid, 0)
    gen_server.cast(pid, Continue(0))

    told = await gen_server.call(pid, "seen")
    steps = [event for event in told if event[0] == "continue"]
    assert [n for _, n in steps] == [2, 1, 0, 1, 0, 0, 0]
    assert told[:3] == [("continue", 2), ("continue", 1), ("continue", 0)]


# ---- calls


@on_real_clock
async def test_calling_self() -> None:
    """OTP gen_server: calling_self."""

    class Narcissus(Server):
        async def handle_call(self, request: Any, caller: gen_server.Caller) -> Any:
            return await gen_server.call(process.self(), request)

    pid = await Narcissus.start()

    reason = await exit_reason(gen_server.call(pid, "x"))

    assert reason[0] == ("calling_self", ("gen_server", "call", (pid, "x")))


@on_real_clock
async def test_reply_by_alias_with_payload() -> None:
    """OTP gen_server: reply_by_alias_with_payload."""
    pid = await Server.start_link()
    alias = process.alias(reply=True)
    payload = {"big": list(range(100_000))}

    process.send(pid, ("$gen_call", (process.self(), alias), payload))

    ref, answer = await process.receive()
    assert ref is alias
    assert answer is payload


# ---- entering the loop


@pytest.mark.parametrize("name", [None, *NAMES])
@on_real_clock
async def test_spec_init(name: Any) -> None:
    """OTP gen_server: spec_init."""
    name = await named(name)

    async def own_init() -> None:
        server = Server()
        server.seen = ["made by hand"]
        if isinstance(name, str):
            process.register(name, process.self())
        elif name is not None and name[0] == "global":
            global_.register_name(name[1], process.self())
        elif name is not None:
            name[1].register_name(name[2], process.self())
        proc_lib.init_ack()
        await gen_server.enter_loop(server, name=name)

    pid = await proc_lib.start_link(own_init)

    assert await gen_server.call(pid if name is None else name, "seen") == ["made by hand"]
    await gen_server.stop(pid)
    assert not process.alive(pid)


@pytest.mark.parametrize("then", [Timeout(0.01, "time is up"), Continue("first")])
@on_real_clock
async def test_spec_init_with_what_comes_first(then: Any) -> None:
    """OTP gen_server: spec_init (time-outs)."""

    class Telling(Server):
        def handle_info(self, message: Any) -> None:
            process.send("witness", message)

        def handle_continue(self, arg: Any) -> None:
            process.send("witness", arg)

    async def own_init() -> None:
        proc_lib.init_ack()
        await gen_server.enter_loop(Telling(), then=then)

    process.register("witness", process.self())
    await proc_lib.start_link(own_init)

    assert await process.receive() in ("time is up", "first")


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("nobody", "process_not_registered"),
        (("global", "nobody"), "process_not_registered_via"),
        (("via", global_, "nobody"), "process_not_registered_via"),
    ],
)
@on_real_clock
async def test_spec_init_under_a_name_that_is_not_its_own(name: Any, reason: str) -> None:
    """OTP gen_server: spec_init (not registered)."""

    async def own_init() -> None:
        await gen_server.enter_loop(Server(), name=name)

    assert await outcome(own_init) == reason


@on_real_clock
async def test_spec_init_local_registered_parent() -> None:
    """OTP gen_server: spec_init_local_registered_parent."""

    async def own_init() -> None:
        process.flag(trap_exit=True)
        proc_lib.init_ack()
        await gen_server.enter_loop(Server())

    async def parent(witness: Pid) -> None:
        process.register("parent", process.self())
        process.send(witness, await proc_lib.start_link(own_init))
        await process.receive("end")
        process.exit("parents_end")

    process.spawn(parent, process.self())
    pid = await process.receive(Pid)
    ref = process.monitor(pid)
    process.send("parent", "end")

    assert await down(ref) == "parents_end"


# ---- format_status


class Secret(GenServer):
    """Does not show its password."""

    def init(self, formatter: Any = None) -> None:
        self.password = "hunter2"  # noqa: S105  # what is hidden
        self.formatter = formatter

    def handle_call(self, request: Any, caller: gen_server.Caller) -> Any:
        if request == "boom":
            raise ValueError("boom")
        return request

    def format_status(self, status: dict[str, Any]) -> Any:
        if self.formatter is not None:
            return self.formatter(status)
        return dict.fromkeys(status, "hidden")

    def terminate(self, reason: Any) -> None:
        if self.password != "hunter2":  # noqa: S105  # as above
            raise ZeroDivisionError(self.password)


def crash(_status: dict[str, Any]) -> Any:
    raise ValueError("formatter")


def throw(_status: dict[str, Any]) -> Any:
    process.throw("formatter")


def no_dict(_status: dict[str, Any]) -> Any:
    return 5


async def report_of(pid: Pid, request: Any, caplog: pytest.LogCaptureFixture) -> Any:
    """The crash report of a server that a request ends."""
    caplog.clear()
    with caplog.at_level(logging.ERROR, "beamish"):
        await exit_reason(gen_server.call(pid, request))
    (record,) = caplog.records
    return record


@on_real_clock
async def test_call_format_status() -> None:
    """OTP gen_server: call_format_status."""
    pid = await Secret.start_link()
    await sys.log(pid, True)
    await gen_server.call(pid, "x")

    status = await sys.get_status(pid)

    assert status.data == {"State": "hidden", "Logged events": "hidden"}
    assert (await sys.get_state(pid))["password"] == "hunter2"  # noqa: S105  # as above


@on_real_clock
async def test_error_format_status(caplog: pytest.LogCaptureFixture) -> None:
    """OTP gen_server: error_format_status."""
    pid = await Secret.start()

    report = await report_of(pid, "boom", caplog)

    fields = fields_of(report)
    assert (fields["state"], fields["last_message"]) == ("'hidden'", "'hidden'")
    assert "hunter2" not in shown(report)
    assert "boom" not in shown(report)


@on_real_clock
async def test_terminate_crash_format(caplog: pytest.LogCaptureFixture) -> None:
    """OTP gen_server: terminate_crash_format."""
    pid = await Secret.start()
    await sys.replace_state(pid, lambda state: {**state, "password": "swordfish"})

    caplog.clear()
    reason = await exit_reason(gen_server.stop(pid))
    (report,) = caplog.records

    assert isinstance(reason, ZeroDivisionError)
    assert fields_of(report)["state"] == "'hidden'"
    assert "swordfish" not in shown(report)


@pytest.mark.parametrize(
    ("formatter", "shown"),
    [
        (crash, "Secret.format_status crashed"),
        (throw, "Secret.format_status crashed"),
        (no_dict, "Secret.format_status did not return a dict"),
    ],
)
@on_real_clock
async def test_crash_in_format_status(
    formatter: Any, shown: str, caplog: pytest.LogCaptureFixture
) -> None:
    """OTP gen_server: crash_in_format_status, throw_in_format_status."""
    pid = await Secret.start(formatter)

    status = await sys.get_status(pid)
    report = await report_of(pid, "boom", caplog)

    assert status.data == {"State": shown}
    assert shown in fields_of(report)["state"]
    assert "hunter2" not in fields_of(report)["state"]


@on_real_clock
async def test_format_all_status(caplog: pytest.LogCaptureFixture) -> None:
    """OTP gen_server: format_all_status."""
    asked: list[Any] = []

    def keep(status: dict[str, Any]) -> dict[str, Any]:
        asked.append(sorted(status))
        return {**status, "reason": ("formatted", "reason"), "message": "formatted message"}

    pid = await Secret.start(keep)
    await sys.log(pid, True)
    await sys.get_status(pid)
    await gen_server.call(pid, "x")
    await sys.get_status(pid)
    report = await report_of(pid, "boom", caplog)

    assert asked == [
        ["state"],
        ["log", "state"],
        ["log", "message", "reason", "state"],
    ]
    fields = fields_of(report)
    assert fields["reason"] == "('formatted', 'reason')"
    assert fields["last_message"] == "'formatted message'"


# ---- state


@on_real_clock
async def test_get_state() -> None:
    """OTP gen_server: get_state."""
    pid = await Server.start_link(name="local")

    running = await sys.get_state(pid), await sys.get_state("local", 5.0)
    await sys.suspend(pid)
    suspended = await sys.get_state(pid)
    await sys.resume(pid)

    assert running[0] == running[1] == suspended == {"seen": []}


@on_real_clock
async def test_get_state_of_a_broken_server() -> None:
    """OTP gen_server: get_state (the server cannot tell)."""

    class Broken(Server):
        def system_get_state(self) -> Any:
            raise ValueError("broken")

    pid = await Broken.start_link()

    with pytest.raises(ProcessError) as failed:
        await sys.get_state(pid)
    assert failed.value.reason[0] == "callback_failed"
    assert await gen_server.call(pid, "alive") == "alive"


@on_real_clock
async def test_replace_state() -> None:
    """OTP gen_server: replace_state."""
    pid = await Server.start_link()

    new = await sys.replace_state(pid, lambda _: {"seen": [1]})
    with pytest.raises(ProcessError) as failed:
        await sys.replace_state(pid, lambda state: state["nothing"])
    await sys.suspend(pid)
    suspended = await sys.replace_state(pid, lambda state: {"seen": [*state["seen"], 2]})
    await sys.resume(pid)

    assert (new, suspended) == ({"seen": [1]}, {"seen": [1, 2]})
    assert isinstance(failed.value.__cause__, KeyError)
    assert await seen(pid) == [1, 2]


# ---- callbacks that are missing


@on_real_clock
async def test_undef_handle_cast() -> None:
    """OTP gen_server: undef_handle_cast (and undef_handle_call)."""
    pid, ref = await Nothing.start_monitor()

    gen_server.cast(pid, "x")

    assert to_erlang(await down(ref))[0] == "undef"


@on_real_clock
async def test_undef_handle_info(caplog: pytest.LogCaptureFixture) -> None:
    """OTP gen_server: undef_handle_info."""
    pid = await Nothing.start_link()

    process.send(pid, "hello")
    await sys.get_state(pid)

    (record,) = caplog.records
    assert "unexpected message: 'hello'" in record.getMessage()


@on_real_clock
async def test_undef_handle_continue() -> None:
    """OTP gen_server: undef_handle_continue."""

    class Continuing(GenServer):
        def init(self) -> Any:
            return Continue("x")

    _, ref = await Continuing.start_monitor()

    assert to_erlang(await down(ref))[0] == "undef"


@on_real_clock
async def test_undef_in_handle_info() -> None:
    """OTP gen_server: undef_in_handle_info."""
    pid, ref = await Server.start_monitor()

    process.send(pid, NotImplementedError("not handle_info itself"))

    assert isinstance(await down(ref), NotImplementedError)


@on_real_clock
async def test_undef_code_change() -> None:
    """OTP gen_server: undef_code_change (as in Elixir, the state is kept)."""
    pid = await Nothing.start_link()
    await sys.suspend(pid)

    await sys.change_code(pid, Nothing, "1", None)
    await sys.resume(pid)

    assert await sys.get_state(pid) == {}


# ---- reports


@on_real_clock
async def test_format_log_1(caplog: pytest.LogCaptureFixture) -> None:
    """OTP gen_server: format_log_1 (the report as text)."""
    pid = await Server.start(name="local")
    await gen_server.call(pid, "first")

    report = await report_of(pid, ValueError("boom"), caplog)
    text = report.getMessage()

    assert text.startswith(f"Process {pid!r} (local) terminating")
    assert "Last message: ('$gen_call', " in text
    assert "State: {'seen': []}" in text
    assert "** (exit) ValueError: boom" in text


@on_real_clock
async def test_format_log_2(caplog: pytest.LogCaptureFixture) -> None:
    """OTP gen_server: format_log_2 (big terms are cut)."""
    pid = await Server.start()
    await sys.replace_state(pid, lambda _: {"seen": ["x" * 100_000] * 1000})

    report = await report_of(pid, ValueError("boom"), caplog)

    assert len(report.getMessage()) < 20_000


@on_real_clock
async def test_a_state_whose_repr_fails_harms_no_report(caplog: pytest.LogCaptureFixture) -> None:
    """OTP gen_server: format_log_2 (any term)."""

    class Unprintable:
        def __repr__(self) -> str:
            raise ValueError("no repr")

    pid = await Server.start()
    await sys.replace_state(pid, lambda _: {"seen": Unprintable()})

    report = await report_of(pid, ValueError("boom"), caplog)

    assert "ValueError: boom" in report.getMessage()
    assert await reason_of(pid) == "noproc"
