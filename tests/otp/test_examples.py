"""The examples on the behaviours' pages run as they stand there."""

from __future__ import annotations

import ast
import doctest
import importlib
import inspect
import textwrap
import types
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from beamish import otp, process
from beamish.otp import Agent, GenServer, gen_event, gen_statem
from beamish.otp.supervisor import intensity
from beamish.terms import Pid

from .support import on_real_clock


class Named(GenServer):
    def init(self, *_args: Any) -> None:
        pass


async def fetch(url: str) -> str:
    await process.sleep(0)
    return f"page of {url}"


class Bucket(Agent):
    @classmethod
    async def start_link(cls, *_args: Any, **_kwargs: Any) -> Any:
        return await super().start_link(dict)


# The modules whose docstrings are pages, below beamish.otp.
PAGES = {
    "agent": "agent",
    "dynamic_supervisor": "supervisor.dynamic",
    "gen_event": "gen_event.events",
    "gen_server": "gen_server.server",
    "gen_statem": "gen_statem.machine",
    "methods": "methods",
    "pg": "pg.functions",
    "proc_lib": "proc_lib",
    "registry": "registry.registry",
    "supervisor": "supervisor.supervisor",
    "task": "task.task",
    "task_supervisor": "task.supervisor",
    "timer": "timer.functions",
}


def exported(module: types.ModuleType) -> dict[str, Any]:
    return {name: getattr(module, name) for name in module.__all__}


# What the examples take for granted.
GIVEN: dict[str, Mapping[str, Any]] = {
    "agent": {},
    "dynamic_supervisor": {"Bucket": Bucket},
    "gen_event": exported(gen_event),
    "gen_server": {},
    "gen_statem": exported(gen_statem),
    "methods": {},
    "pg": {},
    "proc_lib": {},
    "registry": {},
    "supervisor": {"Counter": Named, "Listener": Named, "accept": fetch},
    "task": {
        "Pid": Pid,
        "fetch": fetch,
        "poll": fetch,
        "query": lambda: ["row"],
        "url": "example.org",
        "urls": ["example.org"],
    },
    "task_supervisor": {"fetch": fetch, "serve": fetch, "urls": ["example.org"]},
    "timer": {"pid": "nobody", "sweep": len},
}


def examples(doc: str) -> Iterator[str]:
    """The blocks that stand indented after a ``::``."""
    lines = iter(doc.splitlines())
    for line in lines:
        if not line.endswith("::"):
            continue
        block: list[str] = []
        for inner in lines:
            if inner.strip() and not inner.startswith("    "):
                break
            block.append(inner)
        yield textwrap.dedent("\n".join(block)).strip("\n")


@pytest.mark.parametrize("page", GIVEN)
def test_the_examples_of_a_page_run(page: str) -> None:
    module = importlib.import_module(f"beamish.otp.{PAGES[page]}")
    blocks = list(examples(inspect.getdoc(module) or ""))
    given = exported(otp) | {"process": process} | dict(GIVEN[page])

    @on_real_clock
    async def run() -> None:
        for number, block in enumerate(blocks):
            await run_block(block, f"<{page}, example {number + 1}>", given)

    assert blocks
    run()


async def run_block(block: str, where: str, given: dict[str, Any]) -> None:
    code = compile(block, where, "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    result = types.FunctionType(code, given)()
    if inspect.iscoroutine(result):
        await result


def test_the_example_of_the_restart_window_is_right() -> None:
    assert doctest.testmod(intensity).failed == 0
