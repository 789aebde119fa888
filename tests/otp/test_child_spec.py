from __future__ import annotations

from typing import Any

import pytest

from beamish.otp import (
    Agent,
    ChildSpec,
    ChildSpecError,
    DynamicSupervisor,
    GenServer,
    Registry,
    Supervisor,
    Task,
    TaskSupervisor,
    child_spec,
)
from beamish.terms import BadArgError


class Counter(GenServer):
    pass


class Patient(GenServer, restart="transient", shutdown=30.0, id="patient"):
    pass


def start() -> None: ...


async def start_async() -> None: ...


# ---- defaults


def test_a_worker_is_permanent_and_has_five_seconds_to_stop() -> None:
    spec = ChildSpec("w", start)

    assert (spec.restart, spec.shutdown, spec.type) == ("permanent", 5.0, "worker")
    assert spec.significant is False


def test_a_supervisor_has_for_ever_to_stop() -> None:
    assert ChildSpec("s", start, type="supervisor").shutdown is None


def test_the_modules_are_the_class_of_the_start_function() -> None:
    assert ChildSpec("w", Counter.start_link).modules == ("Counter",)
    assert ChildSpec("w", start).modules == (__name__,)


def test_a_start_is_a_function_with_or_without_arguments() -> None:
    assert ChildSpec("w", start).function() == (start, (), {})
    assert ChildSpec("w", (start, (1, 2))).function() == (start, (1, 2), {})
    assert ChildSpec("w", (start, (1,), {"a": 2})).function() == (start, (1,), {"a": 2})


# ---- what is refused: each field, with the accepted forms and what came


@pytest.mark.parametrize(
    ("field", "value", "expected"),
    [
        ("restart", "always", "'permanent', 'transient' or 'temporary'"),
        ("restart", None, "'permanent', 'transient' or 'temporary'"),
        ("type", "process", "'worker' or 'supervisor'"),
        ("shutdown", -1, "seconds (a number >= 0), 'brutal_kill', or None to wait forever"),
        ("shutdown", "infinity", "seconds (a number >= 0), 'brutal_kill', or None"),
        ("shutdown", True, "seconds (a number >= 0), 'brutal_kill', or None"),
        ("shutdown", float("nan"), "seconds (a number >= 0), 'brutal_kill', or None"),
        ("start", 17, "a function, (function, (args...))"),
        ("start", (start,), "a function, (function, (args...))"),
        ("start", (start, 5), "a function, (function, (args...))"),
        ("start", (start, (), 1), "a function, (function, (args...))"),
        ("start", (1, ()), "a function, (function, (args...))"),
        ("significant", 1, "True or False"),
        ("id", [], "a hashable value"),
    ],
)
def test_a_bad_field_is_refused_with_the_accepted_forms(
    field: str, value: Any, expected: str
) -> None:
    fields: dict[str, Any] = {"id": "w", "start": start, field: value}

    with pytest.raises(ChildSpecError) as refused:
        ChildSpec(**fields)

    error = refused.value
    assert error.field == field
    assert expected in error.expected
    assert f"got {value!r} ({type(value).__name__})" in str(error)
    assert isinstance(error, BadArgError)


def test_a_started_coroutine_is_refused_with_the_right_form() -> None:
    with pytest.raises(ChildSpecError, match="pass the function, not what calling it returns"):
        ChildSpec("w", start_async())  # type: ignore[arg-type]


def test_a_permanent_child_cannot_be_significant() -> None:
    with pytest.raises(ChildSpecError, match="a significant child is restart='transient'"):
        ChildSpec("w", start, significant=True)


# ---- what can stand in the place of a spec


def test_a_spec_is_itself() -> None:
    spec = ChildSpec("w", start)

    assert child_spec(spec) is spec


@pytest.mark.parametrize(
    ("child", "args", "kwargs"),
    [
        (Counter, (), {}),
        ((Counter, 5), (5,), {}),
        ((Counter, (5, 6)), (5, 6), {}),
        ((Counter, [5, 6]), ([5, 6],), {}),
        ((Counter, {"a": 1}), ({"a": 1},), {}),
        ((Counter, (5,), {"b": 1}), (5,), {"b": 1}),
    ],
)
def test_a_class_is_asked_for_its_spec(child: Any, args: Any, kwargs: Any) -> None:
    spec = child_spec(child)

    assert spec == ChildSpec("Counter", (Counter.start_link, args, kwargs), modules=("Counter",))


def test_the_class_statement_says_how_it_wants_to_be_supervised() -> None:
    spec = child_spec(Patient)

    assert (spec.id, spec.restart, spec.shutdown) == ("patient", "transient", 30.0)


def test_a_subclass_inherits_how_it_wants_to_be_supervised() -> None:
    class Child(Patient):
        pass

    assert child_spec(Child).restart == "transient"


def test_child_spec_may_say_otherwise() -> None:
    spec = Patient.child_spec(1, id="other", restart="temporary", shutdown="brutal_kill")

    assert (spec.id, spec.restart, spec.shutdown) == ("other", "temporary", "brutal_kill")


def test_the_registered_name_is_the_id() -> None:
    spec = Counter.child_spec(5, name="counter")

    assert spec.id == "counter"
    assert spec.start == (Counter.start_link, (5,), {"name": "counter"})


def test_fields_can_be_changed() -> None:
    spec = child_spec((Counter, 5), id="second", restart="transient")

    assert (spec.id, spec.restart) == ("second", "transient")
    assert spec.start == (Counter.start_link, (5,), {})


@pytest.mark.parametrize(
    ("spec", "type", "shutdown"),
    [
        (Supervisor.child_spec([]), "supervisor", None),
        (DynamicSupervisor.child_spec(), "supervisor", None),
        (TaskSupervisor.child_spec(), "supervisor", None),
        (Agent.child_spec(dict), "worker", 5.0),
        (Registry.child_spec(keys="unique", name="r"), "supervisor", None),
        (Task.child_spec(start), "worker", 5.0),
    ],
)
def test_each_behaviour_knows_its_type(spec: ChildSpec, type: str, shutdown: Any) -> None:
    assert (spec.type, spec.shutdown) == (type, shutdown)


def test_a2_a_task_is_called_task_and_temporary() -> None:
    spec = Task.child_spec(start, 1, a=2)

    assert (spec.id, spec.restart) == ("Task", "temporary")
    assert spec.start == (Task.start_link, (start, 1), {"a": 2})


@pytest.mark.parametrize("child", ["worker", 17, None, (), (Counter,), ("worker", 1), [Counter]])
def test_what_is_no_child_is_refused_with_the_accepted_forms(child: Any) -> None:
    with pytest.raises(ChildSpecError) as refused:
        child_spec(child, where="child 2")

    assert str(refused.value) == (
        "child 2: expected a ChildSpec, a class or (class, args), a coroutine function or "
        "(function, args), an asyncio.Task, or a mapping with id and start; "
        f"got {child!r} ({type(child).__name__})"
    )


def test_a_function_is_refused_with_the_task_to_write_instead() -> None:
    with pytest.raises(ChildSpecError, match=r"write Task\.child_spec\(function, argument\)"):
        child_spec(start)  # type: ignore[arg-type]


def test_a_child_spec_method_that_returns_something_else_is_refused() -> None:
    class Odd:
        @staticmethod
        def child_spec() -> Any:
            return {"id": 1}

    with pytest.raises(ChildSpecError, match="expected a ChildSpec from its child_spec"):
        child_spec(Odd)
