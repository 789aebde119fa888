"""Requests to event handlers whose reply comes later.

Like those of ``gen``; if a handler cannot reply they raise HandlerError, as ``gen_event.call``.
"""

from __future__ import annotations

from typing import Any, NamedTuple, overload

from beamish import process
from beamish.otp import gen
from beamish.otp.errors import HandlerError
from beamish.otp.gen import Dest, Request, RequestIds, Response, send
from beamish.terms.words import CALL, OK

from .values import HandlerId

__all__ = ["check_response", "receive_response", "send_request", "wait_response"]


def send_request(
    manager: Dest,
    handler: HandlerId,
    request: Any,
    label: Any = None,
    collection: RequestIds | None = None,
) -> Request[Any]:
    """Asks one handler, and does not wait for the reply.

    Args:
        manager: a pid, name or via tuple.
        handler: as it was added.
        request: what its ``handle_call`` gets.
        label: the label of the reply, in the collection.
        collection: where the request is added.

    Returns:
        What ``receive_response``, ``wait_response`` and ``check_response`` take.

    Source: gen_event:send_request/3, /5.
    """
    return send(manager, process.self(), (CALL, handler, request), label, collection)


@overload
async def receive_response(request: Request[Any], timeout: float | None = ...) -> Any: ...


@overload
async def receive_response(
    request: RequestIds, timeout: float | None = ..., *, delete: bool = ...
) -> Response | None: ...


async def receive_response(
    request: Request[Any] | RequestIds, timeout: float | None = None, *, delete: bool = True
) -> Any:
    """Waits for the reply to a request, or for the next one to a request of a collection.

    Args:
        request: what send_request returned, or a collection.
        timeout: seconds to wait, or None forever; after that the requests are given up.
        delete: takes the request out of the collection.

    Returns:
        The reply; of a collection a Response, or None if the collection is empty.

    Raises:
        TimeoutError: no reply came in time.
        RequestError: the manager ended, or there is none.
        HandlerError: there is no such handler, or it failed; ``handler`` is the label.

    Source: gen_event:receive_response/1 to /3.
    """
    if isinstance(request, RequestIds):
        return _opened(await gen.receive_response(request, timeout, delete=delete))
    return _reply_in(await gen.receive_response(request, timeout), None)


@overload
async def wait_response(request: Request[Any], timeout: float | None = ...) -> Any: ...


@overload
async def wait_response(
    request: RequestIds, timeout: float | None = ..., *, delete: bool = ...
) -> Response | None: ...


async def wait_response(
    request: Request[Any] | RequestIds, timeout: float | None = None, *, delete: bool = True
) -> Any:
    """Like :func:`receive_response`; but after a TimeoutError you can go on waiting.

    Source: gen_event:wait_response/1 to /3.
    """
    if isinstance(request, RequestIds):
        return _opened(await gen.wait_response(request, timeout, delete=delete))
    return _reply_in(await gen.wait_response(request, timeout), None)


def check_response(
    message: Any, request: Request[Any] | RequestIds, *, delete: bool = True
) -> Response | None:
    """Checks whether a message is the reply to a request, or to one of a collection.

    Args:
        message: what was received.
        request: what send_request returned, or a collection.
        delete: takes the request out of the collection.

    Returns:
        The Response, or None: the message is something else.

    Raises:
        RequestError: the manager ended.
        HandlerError: there is no such handler, or it failed.

    Source: gen_event:check_response/2, /3.
    """
    return _opened(gen.check_response(message, request, delete=delete))


def _opened(response: Response | None) -> Response | None:
    if response is None:
        return None
    return Response(_reply_in(response.reply, response.label), response.label)


class _Outcome(NamedTuple):
    """What a manager replies: ("ok", reply) or ("error", reason)."""

    kind: str
    value: Any


def _reply_in(reply: Any, label: Any) -> Any:
    outcome = _Outcome(*reply)
    if outcome.kind != OK:
        raise HandlerError(outcome.value, label)
    return outcome.value
