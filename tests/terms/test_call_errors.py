"""CallError and CallTimeout as exceptions: what they say, what they are, what a copy keeps."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from typing import Any

import pytest

from beamish import CallError, CallTimeout, format_exit, to_erlang
from beamish.terms import ProcessExit
from beamish.terms.ends import exit_in, exit_reason
from beamish.terms.outline import outline

REASON = ("noproc", ("gen_server", "call", ("counter", "value")))


def timeout() -> CallTimeout:
    error = CallTimeout(("timeout", REASON[1]), "counter", "value")
    error.callee = "counter computes"
    return error


def failed() -> CallError:
    return CallError(REASON, "counter", "value")


def pickled(protocol: int) -> Callable[[Any], Any]:
    return lambda error: pickle.loads(pickle.dumps(error, protocol))  # noqa: S301 - our own


PROTOCOLS = range(pickle.HIGHEST_PROTOCOL + 1)
COPIES: dict[str, Callable[[Any], Any]] = {
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    **{f"pickle {number}": pickled(number) for number in PROTOCOLS},
}


@pytest.mark.parametrize("make", [failed, timeout])
@pytest.mark.parametrize("copied", COPIES.values(), ids=COPIES.keys())
def test_a_copy_has_all_that_the_error_has(
    make: Callable[[], Any], copied: Callable[[Any], Any]
) -> None:
    error = make()

    other = copied(error)

    assert type(other) is type(error)
    assert vars(other) == vars(error)
    assert (other.args, str(other)) == (error.args, str(error))


def test_a_time_out_is_an_os_error_without_an_errno() -> None:
    error = timeout()

    assert isinstance(error, TimeoutError)
    assert isinstance(error, CallError)
    assert (error.errno, error.strerror, error.args) == (None, None, (error.reason,))


def test_the_text_says_who_was_asked_what_and_why_it_failed() -> None:
    assert str(failed()) == "gen_server.call('counter', 'value') failed: noproc"


def test_the_text_of_a_time_out_says_what_the_callee_did() -> None:
    text = "gen_server.call('counter', 'value') failed: timeout; counter computes"
    assert str(timeout()) == text


@pytest.mark.parametrize(
    "request_",
    ["x" * 1_000_000, b"x" * 1_000_000, [[0] * 10_000] * 100, {n: n for n in range(100_000)}],
    ids=["str", "bytes", "list", "dict"],
)
def test_the_text_is_short_and_one_line_whatever_was_asked(request_: Any) -> None:
    error = CallError(("noproc", ("gen_server", "call", ("a\nb", request_))), "a\nb", request_)

    assert len(str(error)) <= 1_000
    assert str(error).isprintable()


def test_the_erlang_shape_is_the_reason() -> None:
    assert to_erlang(failed()) == REASON


def test_in_words_it_is_named_as_any_exception_is() -> None:
    words = "gen_server.call('counter', 'value') failed: noproc"
    assert format_exit(failed()) == f"beamish.terms.errors.CallError: {words}"


ENDS: list[tuple[BaseException, Any]] = [
    (failed(), REASON),
    (timeout(), timeout().reason),
    (ProcessExit("bye"), "bye"),
    (ExceptionGroup("", [failed(), timeout()]), REASON),
    (ExceptionGroup("", [ExceptionGroup("", [timeout()]), failed()]), timeout().reason),
    (BaseExceptionGroup("", [ProcessExit("bye"), failed()]), "bye"),
    (BaseExceptionGroup("", [failed(), ProcessExit("bye")]), REASON),
]


@pytest.mark.parametrize(("error", "reason"), ENDS, ids=repr)
def test_e6_calls_and_exits_are_exits_in_groups_too(error: BaseException, reason: Any) -> None:
    assert exit_reason(error) == reason


FAILURES: list[BaseException] = [
    ValueError("no"),
    TimeoutError("no"),
    ExceptionGroup("", [failed(), ValueError("no")]),
    ExceptionGroup("", [ExceptionGroup("", [failed(), TimeoutError()])]),
    BaseExceptionGroup("", [ProcessExit("bye"), ValueError("no")]),
]


@pytest.mark.parametrize("error", FAILURES, ids=repr)
def test_e6_one_failure_makes_the_whole_a_failure(error: BaseException) -> None:
    assert exit_in(error) is None
    assert exit_reason(error) is error


# ---- outline: values without the user's code


class Loud:
    def __repr__(self) -> str:
        raise AssertionError("it was asked")


class Name(str):
    __slots__ = ()
    __repr__ = Loud.__repr__


class Pair(tuple[Any, ...]):
    __slots__ = ()
    __repr__ = Loud.__repr__

    def __iter__(self) -> Any:
        raise AssertionError("it was asked")


OUTLINES: list[tuple[Any, str]] = [
    (("put", "milk", 1, None, True, 1.5), "('put', 'milk', 1, None, True, 1.5)"),
    (Loud(), "<Loud>"),
    ({"a": [Loud(), b"x"]}, "{'a': [<Loud>, b'x']}"),
    ({Loud(): 1}, "{<Loud>: 1}"),
    (Name("x"), "<Name>"),
    (Pair(("a", Loud())), "Pair('a', <Loud>)"),
    (1 << 100_000, "<int>"),
    ([0] * 100, "[0, 0, 0, 0, 0, 0, ...]"),
    ("x" * 100, f"'{'x' * 60}'... (100 in all)"),
    ("a\nb\x1b", r"'a\nb\x1b'"),
    ([[[[[1]]]]], "[[[[...]]]]"),
    (len, "<builtin_function_or_method>"),
]


@pytest.mark.parametrize(("value", "text"), OUTLINES, ids=[text for _, text in OUTLINES])
def test_an_outline_runs_no_code_of_the_value(value: Any, text: str) -> None:
    assert outline(value) == text
