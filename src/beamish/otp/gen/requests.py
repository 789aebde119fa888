"""Requests whose reply comes later: calls without waiting.

Source: gen_server(3), send_request/2 to reqids_to_list/1 (OTP 25 manual).

See the page "GenServer" in the documentation.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, Generic, NamedTuple, TypeAlias, TypeVar, final, overload

from beamish import behaviour, process
from beamish.terms import (
    Atom,
    BadArgError,
    BeamishError,
    Down,
    Pid,
    Ref,
    format_exit,
    to_erlang,
)
from beamish.terms.careful import elements, is_a
from beamish.terms.errors import describe
from beamish.terms.reasons import BADMATCH, CALL_CYCLE
from beamish.terms.words import ERROR, GEN_SERVER, PROCESS

from .asking import failed, no_process
from .names import Dest, whereis
from .protocol import GEN_CALL

__all__ = [
    "Request",
    "RequestError",
    "RequestIds",
    "Response",
    "check_response",
    "receive_response",
    "reqids_add",
    "reqids_new",
    "reqids_size",
    "reqids_to_list",
    "send",
    "send_request",
    "wait_response",
]

R = TypeVar("R")

_NOT_YET: Final = object()


@final
class Request(Generic[R]):
    """A request that was sent; its reply has the type R.

    Attributes:
        dest: whom it was sent to.
        ref: by which its reply is recognised.
    """

    __slots__ = ("dest", "pid", "ref")

    def __init__(self, dest: Dest, pid: Pid | None, ref: Ref) -> None:
        self.dest: Dest = dest
        self.pid: Pid | None = pid
        self.ref: Ref = ref

    def __repr__(self) -> str:
        return f"<Request to {self.dest!r}, {self.ref!r}>"


class Response(NamedTuple):
    """A reply to a request of a collection.

    Attributes:
        reply: what the server replied.
        label: the request's label in its collection; None without a collection.
    """

    reply: Any
    label: Any = None


class RequestError(BeamishError):
    """There will be no reply to a request: OTP's ``{error, {Reason, ServerRef}}``.

    Attributes:
        reason: why: ``noproc``, or what the server exited with.
        dest: whom the request was sent to.
        label: its label; None without a collection.
    """

    def __init__(self, reason: Any, dest: Dest, label: Any = None) -> None:
        super().__init__(reason, dest, label)
        self.reason = reason
        self.dest = dest
        self.label = label

    @property
    def erlang_term(self) -> Any:
        """What ``{reply, _} = receive_response(...)`` fails with in Erlang."""
        failure = (ERROR, (to_erlang(self.reason), self.dest))
        return (BADMATCH, failure)

    def __str__(self) -> str:
        return f"{self.dest!r} does not reply: {format_exit(self.reason)}"


@final
class RequestIds:
    """A collection of requests, each with a label of your own.

    OTP's functions return a changed collection; this one is changed in place.
    """

    __slots__ = ("_requests",)

    def __init__(self) -> None:
        self._requests: dict[Ref, tuple[Request[Any], Any]] = {}

    def add(self, request: Request[Any], label: Any = None) -> None:
        """Adds a request.

        Raises:
            BadArgError: it is in the collection already.
        """
        if request.ref in self._requests:
            raise BadArgError(f"reqids_add: {request!r} is in this collection already")
        self._requests[request.ref] = (request, label)

    def find(self, message: Any) -> tuple[Request[Any], Any] | None:
        """The request to which a message is the reply, with its label."""
        ref = _ref_in(message)
        return None if ref is None else self._requests.get(ref)

    def remove(self, request: Request[Any]) -> None:
        """Takes a request out."""
        del self._requests[request.ref]

    def __len__(self) -> int:
        return len(self._requests)

    def __iter__(self) -> Iterator[tuple[Request[Any], Any]]:
        return iter(list(self._requests.values()))


Requests: TypeAlias = RequestIds


def reqids_new() -> RequestIds:
    """An empty collection.

    Source: gen_server:reqids_new/0.
    """
    return RequestIds()


def reqids_add(request: Request[Any], label: Any, collection: RequestIds) -> RequestIds:
    """Adds a request to a collection, and returns that.

    Raises:
        BadArgError: it is in the collection already.

    Source: gen_server:reqids_add/3.
    """
    collection.add(request, label)
    return collection


def reqids_size(collection: RequestIds) -> int:
    """How many requests a collection has.

    Source: gen_server:reqids_size/1.
    """
    return len(collection)


def reqids_to_list(collection: RequestIds) -> list[tuple[Request[Any], Any]]:
    """The requests of a collection with their labels.

    Source: gen_server:reqids_to_list/1.
    """
    return list(collection)


# ---- sending


def send_request(
    dest: Dest, request: Any, label: Any = None, collection: RequestIds | None = None
) -> Request[Any]:
    """Sends a request to a server or state machine and does not wait for the reply.

    Args:
        dest: a pid, name or via tuple.
        request: any term; it is what ``handle_call`` gets, or the content of the event
            ``("call", caller)``.
        label: the label of the reply, in the collection.
        collection: where the request is added.

    Returns:
        What ``receive_response``, ``wait_response`` and ``check_response`` take.

    Source: gen_server:send_request/2, /4, gen_statem:send_request/2, /4.
    """
    return send(dest, GEN_CALL, request, label, collection)


def send(
    dest: Dest, tag: Any, request: Any, label: Any, collection: RequestIds | None
) -> Request[Any]:
    """Sends ``(tag, (self, ref), request)``; what ``send_request`` of a behaviour does.

    If there is nobody to ask, the reply says so.

    Source: gen:send_request/3, /5.
    """
    me = process.self()
    whom = whereis(dest)
    if isinstance(whom, Pid):
        ref = process.monitor(whom, alias="reply_demonitor")
        process.send(whom, (tag, (me, ref), request))
        sent: Request[Any] = Request(dest, whom, ref)
    else:
        ref = process.alias(reply=True)
        process.send(ref, Down(ref, PROCESS, dest, no_process(whom)))
        sent = Request(dest, None, ref)
    if collection is not None:
        collection.add(sent, label)
    return sent


# ---- waiting


@overload
async def receive_response(request: Request[R], timeout: float | None = ...) -> R: ...


@overload
async def receive_response(
    request: RequestIds, timeout: float | None = ..., *, delete: bool = ...
) -> Response | None: ...


async def receive_response(
    request: Request[R] | RequestIds, timeout: float | None = None, *, delete: bool = True
) -> Any:
    """Waits for the reply to a request, or for the next one to a request of a collection.

    Args:
        request: what send_request returned, or a collection.
        timeout: seconds to wait, or None forever; after that the request, or all of the
            collection, is given up, and a reply that comes later is dropped.
        delete: takes the request out of the collection.

    Returns:
        The reply; of a collection a Response, or None if the collection is empty.

    Raises:
        TimeoutError: no reply came in time.
        RequestError: the server ended, or there is none.

    Source: gen_server:receive_response/1 to /3.
    """
    try:
        return await _wait(request, timeout, delete=delete)
    except TimeoutError:
        for one in [request] if isinstance(request, Request) else [r for r, _ in request]:
            process.demonitor(one.ref, flush=True)
            process.unalias(one.ref)
        raise


@overload
async def wait_response(request: Request[R], timeout: float | None = ...) -> R: ...


@overload
async def wait_response(
    request: RequestIds, timeout: float | None = ..., *, delete: bool = ...
) -> Response | None: ...


async def wait_response(
    request: Request[R] | RequestIds, timeout: float | None = None, *, delete: bool = True
) -> Any:
    """Like :func:`receive_response`; but after a TimeoutError you can go on waiting.

    Source: gen_server:wait_response/1 to /3.
    """
    return await _wait(request, timeout, delete=delete)


async def _wait(request: Any, timeout: float | None, *, delete: bool) -> Any:
    if request.__class__ is Request:
        return _reply_of(request, await _reply_to(request, timeout), None)
    if not isinstance(request, RequestIds):
        raise BadArgError(
            f"expected what send_request returned, or RequestIds; got {describe(request)}"
        )
    if not len(request):
        behaviour.check_thread()
        return None
    message = await _next_reply(request, timeout)
    return _response(message, request, delete=delete)


async def _reply_to(request: Request[Any], timeout: float | None) -> Any:
    if request.pid is not None:
        cycle = behaviour.call_cycle(request.pid)
        if cycle is not None:
            called = (GEN_SERVER, Atom("receive_response"), (request.dest,))
            raise failed((CALL_CYCLE, cycle), request.dest, request, called=called)
    try:
        return await behaviour.receive_reply(request.ref, timeout)
    except TimeoutError:
        # 1. the time-out wakes us   2. the server replies   3. we run: the reply is there
        return await behaviour.receive_reply(request.ref, 0)


async def _next_reply(requests: RequestIds, timeout: float | None) -> Any:
    def is_reply(message: Any) -> bool:
        return requests.find(message) is not None

    try:
        return await process.receive(is_reply, timeout=timeout)
    except TimeoutError:
        if timeout:  # see _reply_to
            return await process.receive(is_reply, timeout=0)
        raise


# ---- looking at messages


def check_response(
    message: Any, request: Request[Any] | RequestIds, *, delete: bool = True
) -> Response | None:
    """Checks whether a message is the reply to a request, or to one of a collection.

    Args:
        message: what was received, by handle_info for example.
        request: what send_request returned, or a collection.
        delete: takes the request out of the collection.

    Returns:
        The Response, or None: the message is something else.

    Raises:
        RequestError: the message says that there will be no reply.

    Source: gen_server:check_response/2, /3.
    """
    if isinstance(request, RequestIds):
        return _response(message, request, delete=delete) if request.find(message) else None
    if _ref_in(message) is not request.ref:
        return None
    return Response(_reply_of(request, message, None))


def _response(message: Any, requests: RequestIds, *, delete: bool) -> Response:
    found = requests.find(message)
    if found is None:
        raise BadArgError(f"{message!r} is not a reply to a request of this collection")
    request, label = found
    if delete:
        requests.remove(request)
    return Response(_reply_of(request, message, label), label)


def _reply_of(request: Request[Any], message: Any, label: Any) -> Any:
    if type(message) is Down:
        raise RequestError(message.reason, request.dest, label)
    return message[1]


def _ref_in(message: Any) -> Ref | None:
    parts = elements(message)
    found = parts[1] if type(message) is Down else parts[0] if len(parts) == 2 else None
    return found if is_a(found, Ref) else None
