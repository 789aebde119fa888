"""Cases of OTP's application_SUITE, in our own words; docs/conformance has the table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import pytest

from beamish import Pid, process
from beamish.otp import (
    Application,
    ApplicationError,
    Setting,
    StartError,
    Supervisor,
    Task,
    application,
)
from beamish.terms import BadArgError
from beamish.testing import expect, refute, settle
from tests.otp.support import on_real_clock


class App(Application):
    """One that starts when it is told to."""

    name = "app0"
    description = "ERTS"
    vsn = "2.0"
    registered = ("app0_sup",)
    env: ClassVar[Mapping[str, Any]] = {"Key1": "v", "port": Setting(1)}
    start_phases = (("init", ()), ("go", 5))
    args = "args"

    async def start(self, type: str, args: Any) -> Pid:
        inbox = process.whereis("test")
        if inbox is not None:
            process.send(inbox, ("starting", process.self()))
            await process.receive("go on")
        return await Supervisor.start_link([], name="app0_sup")

    def start_phase(self, phase: str, type: str, args: Any) -> None:
        """Nothing to do."""


class Needy(Application):
    name = "needy"
    applications = (App,)

    async def start(self, type: str, args: Any) -> Pid:
        return await Supervisor.start_link([])


async def start(app: type[Application], inbox: Pid) -> None:
    """Starts an application, and tells how that went."""
    reason: Any = None
    try:
        await application.start(app)
    except StartError as failed:
        reason = failed.reason
    process.send(inbox, ("answered", reason))


async def answers_of_two(app: type[Application]) -> list[Any]:
    """What two are told that start an application at the same time; and that it starts once."""
    process.register("test", process.self())
    for _ in range(2):
        process.spawn_link(start, app, process.self())
    _, master = await expect(("starting", Pid))
    await settle()

    process.send(master, "go on")

    answers = [(await expect(("answered", ...)))[1] for _ in range(2)]
    await refute(("starting", Pid))
    return answers


@on_real_clock
async def test_otp_2973() -> None:
    """application_SUITE, otp_2973: two start one application at once, both are answered."""
    assert await answers_of_two(App) == [None, None]


@on_real_clock
async def test_otp_2973_one_that_fails() -> None:
    """application_SUITE, otp_2973: where the start fails, both are told of the failure."""

    class Failing(App):
        name = "failing"

        async def start(self, type: str, args: Any) -> Pid:
            await super().start(type, args)
            process.exit("failed")

    first, second = await answers_of_two(Failing)

    assert first == second
    assert first[0] == "bad_return"


@on_real_clock
async def test_get_key() -> None:
    """application_SUITE, get_key: the parts of a specification, one by one and all."""
    with pytest.raises(ApplicationError):
        application.get_key("app0", "vsn")
    application.load(App)

    assert application.get_key("app0", "description") == "ERTS"
    assert application.get_key("app0", "vsn") == "2.0"
    assert application.get_key("app0", "registered") == ("app0_sup",)
    assert application.get_key("app0", "applications") == []
    assert application.get_key(Needy, "applications") == ["app0"]
    assert application.get_key("app0", "env") == {"Key1": "v", "port": 1}
    assert application.get_key("app0", "mod") == (App, "args")
    assert application.get_key("app0", "start_phases") == (("init", ()), ("go", 5))
    assert application.get_key("app0", "undef") is None
    assert application.get_all_key("app0")["vsn"] == "2.0"


@on_real_clock
async def test_get_env() -> None:
    """application_SUITE, get_env: a value, a default, and by the calling process' application."""
    assert application.get_env("app0", "Key1", "default") == "default"
    await application.start(App)

    assert application.get_env("app0", "Key1") == "v"
    assert application.get_env("app0", "other") is None
    assert application.get_env("app0", "other", "default") == "default"
    child = Task.child_spec(own_env, process.self())
    await Supervisor.start_child("app0_sup", child)
    assert await process.receive(timeout=1) == ("app0", "v", {"Key1": "v", "port": 1})


def own_env(inbox: Pid) -> None:
    own = (application.get_application(), application.get_env(None, "Key1"))
    process.send(inbox, (*own, application.get_all_env()))


@on_real_clock
async def test_load_twice() -> None:
    """application_SUITE, load: an application is loaded once."""
    application.load(App)

    with pytest.raises(ApplicationError) as failed:
        application.load(App)

    assert failed.value.reason == ("already_loaded", "app0")


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": 5},
        {"name": ""},
        {"env": ["a"]},
        {"applications": "app0"},
        {"applications": App},
        {"start_phases": ["init"]},
        {"shutdown": "soon"},
    ],
)
def test_load_of_a_bad_specification(wrong: dict[str, Any]) -> None:
    """application_SUITE, load: specifications that make no sense are refused, here as classes."""
    with pytest.raises(BadArgError, match=r"Wrong\.\w+: expected .*; got "):
        type("Wrong", (Application,), wrong)


@on_real_clock
async def test_set_env_and_unset_env() -> None:
    """application_SUITE, set_env and unset_env: many at once, one away."""
    application.load(App)

    application.set_env({"app0": {"a": 1, "b": 2}, "later": {"c": 3}})
    application.delete_env("app0", "a")

    assert application.get_env("app0", "a") is None
    assert application.get_env("app0", "b") == 2
    assert application.get_env("later", "c") == 3


@on_real_clock
async def test_ensure_started() -> None:
    """application_SUITE, ensure_started: ok where it runs already, an error where it cannot."""
    with pytest.raises(StartError) as failed:
        await application.ensure_started(Needy)
    assert failed.value.reason == ("not_started", "app0")

    await application.ensure_started(App)
    await application.ensure_started(App)
    await application.ensure_started(Needy)

    assert [app.name for app in application.which_applications()] == ["needy", "app0"]


@on_real_clock
async def test_ensure_all_started() -> None:
    """application_SUITE, ensure_all_started: the list of what was started, then nothing more."""
    assert await application.ensure_all_started(Needy) == ["app0", "needy"]
    assert await application.ensure_all_started(Needy) == []
    await application.stop(Needy)
    assert await application.ensure_all_started([App, Needy]) == ["needy"]


@on_real_clock
async def test_start_that_returns_nonsense() -> None:
    """application_SUITE, handle_bad_return: the call and what it returned are in the reason."""

    class Bad(App):
        name = "bad"

        async def start(self, type: str, args: Any) -> Any:
            return "nonsense"

    with pytest.raises(StartError) as failed:
        await application.start(Bad)

    call = ("bad", "start", ("normal", "args"))
    assert failed.value.reason == ("bad_return", (call, "nonsense"))


@on_real_clock
async def test_get_supervisor() -> None:
    """application_SUITE, get_supervisor: of one that runs, of one that does not."""
    assert application.get_supervisor("app0") is None
    await application.start(App)

    assert application.get_supervisor("app0") is process.whereis("app0_sup")
