"""Calls and casts to the servers of one name on several nodes.

There is only one node so far, this one; others count as nodes that do not reply. The functions
have the shape that they will have with several nodes.

Source: gen_server(3), multi_call/4 and abcast/3 (OTP 25 manual).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from beamish import behaviour, process
from beamish.otp.gen import GEN_CAST, RequestError, RequestIds, receive_response, send_request
from beamish.terms import BadArgError
from beamish.terms.errors import describe

__all__ = ["abcast", "multi_call"]


async def multi_call(
    name: str,
    request: Any,
    *,
    nodes: Iterable[str] | None = None,
    timeout: float | None = None,
) -> tuple[list[tuple[str, Any]], list[str]]:
    """Calls the server of a name on each of several nodes.

    Args:
        name: the registered name.
        request: what their ``handle_call`` gets.
        nodes: which nodes; by default all that are known.
        timeout: seconds to wait for all together, or None forever (the default, as in OTP).

    Returns:
        ``(replies, bad_nodes)``: ``(node, reply)`` for each node that replied, in the order of the
        replies; and the nodes that did not, because they are not there, have no such server, or
        were too late. A reply that comes later is dropped.

    Source: gen_server:multi_call/4.
    """
    behaviour.check_thread()
    _check_name("multi_call", name)
    asked = _nodes(nodes)
    requests = RequestIds()
    for node in asked:
        send_request((name, node), request, node, requests)
    replies: list[tuple[str, Any]] = []
    until = None if timeout is None else process.monotonic_time() + timeout
    while len(requests):
        left = None if until is None else max(0.0, until - process.monotonic_time())
        try:
            response = await receive_response(requests, left)
        except RequestError:
            continue
        except TimeoutError:
            break
        if response is not None:
            replies.append((response.label, response.reply))
    replied = {node for node, _ in replies}
    return replies, [node for node in asked if node not in replied]


def abcast(name: str, request: Any, *, nodes: Iterable[str] | None = None) -> None:
    """Casts to the server of a name on each of several nodes; never fails.

    Args:
        name: the registered name.
        request: what their ``handle_cast`` gets.
        nodes: which nodes; by default all that are known.

    Works from any thread.

    Source: gen_server:abcast/3.
    """
    _check_name("abcast", name)
    for node in _nodes(nodes):
        process.send((name, node), (GEN_CAST, request))


def _nodes(nodes: Iterable[str] | None) -> list[str]:
    if nodes is None:
        return [behaviour.init().node]
    if isinstance(nodes, str):
        raise BadArgError(f"nodes: expected a list of node names; got {describe(nodes)}")
    return list(dict.fromkeys(nodes))


def _check_name(function: str, name: object) -> None:
    if not isinstance(name, str):
        raise BadArgError(
            f"gen_server.{function}: expected a registered name; got {describe(name)}"
        )
