"""Rule R12: an argument that cannot be compared or hashed is refused as any wrong one is."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, Final

import pytest

from beamish import BadArgError, process
from beamish.otp import (
    ChildSpec,
    ChildSpecError,
    GenServer,
    Registry,
    Supervisor,
    gen_server,
    pg,
    timer,
)
from beamish.otp import sys as otp_sys
from tests.support.nodes import on_virtual_clock

from .apart import skip_unless_installed
from .values import VALUES

NAMES: Final = (
    "numpy: an array",
    "pandas: a series",
    "sqlalchemy: a column",
    "a signaling NaN",
    "a list that holds itself",
    "compares by raising an exception",
    "has no hash",
)


class Server(GenServer):
    def init(self) -> None: ...


def spec(**options: Any) -> ChildSpec:
    return ChildSpec("id", (Server.start_link, ()), **options)


async def log(value: Any) -> None:
    await otp_sys.log(await Server.start_link(), value)


CALLS: Final[dict[str, Callable[[Any], Any]]] = {
    "send": lambda value: process.send(value, 1),
    "register": lambda value: process.register(value, process.self()),
    "monitor": process.monitor,
    "the alias of a monitor": lambda value: process.monitor(process.self(), alias=value),
    "demonitor": process.demonitor,
    "link": process.link,
    "exit": lambda value: process.exit(value, "boom"),
    "alive": process.alive,
    "info": process.info,
    "an item of info": lambda value: process.info(process.self(), value),
    "why": process.why,
    "unalias": process.unalias,
    "cancel_timer": process.cancel_timer,
    "the seconds of a timer": lambda value: process.send_after(value, process.self(), 1),
    "who a timer sends to": lambda value: process.send_after(1.0, value, 1),
    "sleep": process.sleep,
    "the time-out of receive": lambda value: process.receive("never", timeout=value),
    "spawn": process.spawn,
    "gen_server.call": lambda value: gen_server.call(value, 1),
    "the name of a server": lambda value: Server.start(name=value),
    "the specs of a supervisor": lambda value: Supervisor.start_link([value]),
    "the strategy of a supervisor": lambda value: Supervisor.start_link([], strategy=value),
    "the restart of a child": lambda value: spec(restart=value),
    "the shutdown of a child": lambda value: spec(shutdown=value),
    "the keys of a registry": lambda value: Registry.start_link(keys=value, name="registry"),
    "a member of a group": lambda value: pg.join("scope", "group", value),
    "timer.send_after": lambda value: timer.send_after(value, process.self(), 1),
    "sys.log": log,
}


@pytest.mark.parametrize("what", CALLS)
@pytest.mark.parametrize("name", NAMES)
@on_virtual_clock
async def test_r12_a_wrong_argument_is_refused_in_words(name: str, what: str) -> None:
    skip_unless_installed(name)
    scope = await pg.start_link("scope")

    with pytest.raises((BadArgError, ChildSpecError)) as refused:
        result = CALLS[what](VALUES[name]())
        if inspect.isawaitable(result):
            await result

    assert len(str(refused.value)) > len("expected a; got b")
    await gen_server.stop(scope)
