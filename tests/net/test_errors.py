"""The errors of sockets, as values."""

from __future__ import annotations

import copy
import errno
import pickle

import pytest

from beamish import Atom, BeamishError, to_erlang
from beamish.net import errors

CLASSES = [
    ("closed", errors.ClosedError, ConnectionError),
    ("econnreset", errors.ResetError, ConnectionResetError),
    ("econnrefused", errors.RefusedError, ConnectionRefusedError),
    ("timeout", errors.TcpTimeoutError, TimeoutError),
    ("etimedout", errors.TcpTimeoutError, TimeoutError),
    ("eaddrinuse", errors.AddressInUseError, OSError),
    ("not_owner", errors.NotOwnerError, PermissionError),
    ("einval", errors.OptionError, ValueError),
    ("emsgsize", errors.PacketTooBigError, OSError),
    ("ehostunreach", errors.TcpError, OSError),
]


@pytest.mark.parametrize(("reason", "cls", "python"), CLASSES)
def test_each_reason_has_its_class_which_is_pythons_own_as_well(
    reason: str, cls: type[errors.TcpError], python: type[Exception]
) -> None:
    error = errors.error_for(reason, "recv", "somewhere")

    assert type(error) is cls
    assert isinstance(error, python)
    assert isinstance(error, errors.TcpError)
    assert isinstance(error, BeamishError)
    assert error.reason is Atom(reason)


@pytest.mark.parametrize("reason", [case[0] for case in CLASSES])
def test_an_error_says_what_where_and_why(reason: str) -> None:
    text = str(errors.error_for(reason, "recv", "<Socket>"))

    assert text.startswith("recv <Socket>: ")
    assert f"({reason})" in text


def test_a_posix_reason_has_its_number() -> None:
    assert errors.error_for("eaddrinuse", "listen on", "").errno == errno.EADDRINUSE
    assert errors.error_for("closed", "recv", "").errno is None


@pytest.mark.parametrize("reason", [case[0] for case in CLASSES])
def test_an_error_can_be_copied_and_pickled(reason: str) -> None:
    error = errors.error_for(reason, "recv", "<Socket>")

    for again in (copy.copy(error), pickle.loads(pickle.dumps(error))):  # noqa: S301
        assert type(again) is type(error)
        assert (again.reason, again.action, str(again)) == (reason, "recv", str(error))


def test_the_reason_of_an_oserror_is_its_posix_name() -> None:
    assert errors.reason_of(OSError(errno.EMFILE, "")) == "emfile"
    assert errors.reason_of(BrokenPipeError(errno.EPIPE, "")) == "epipe"
    assert errors.reason_of(errors.error_for("closed", "", "")) == "closed"


def test_as_an_exit_reason_an_error_is_its_reason_in_erlang() -> None:
    assert to_erlang(errors.error_for("closed", "recv", "<Socket>"))[0] == "closed"
