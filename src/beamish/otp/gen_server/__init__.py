"""GenServer: a process that keeps state and answers requests, one message at a time.

A call gets its reply, or raises CallError with the reason; a reply that comes too late is never
seen. ``terminate`` runs exactly once when a server stops or fails, and never when an exit signal
ends it.

Source: stdlib, gen_server(3) (OTP 25 manual); Elixir's GenServer.

See the page "GenServer" in the documentation.
"""

# It may touch `gen`, `sys`, `child` and `proc_lib`; no other behaviour.

from typing import TYPE_CHECKING

from beamish.on_demand import exports as _exports

if TYPE_CHECKING:
    from beamish.otp.directives import (
        Continue,
        Fail,
        Hibernate,
        Ignore,
        NoReply,
        Reply,
        Stop,
        Timeout,
    )
    from beamish.otp.gen import (
        Caller,
        Dest,
        Name,
        Request,
        RequestError,
        RequestIds,
        Response,
        call,
        cast,
        check_response,
        receive_response,
        reqids_add,
        reqids_new,
        reqids_size,
        reqids_to_list,
        send_request,
        start,
        start_link,
        start_monitor,
        stop,
        wait_response,
        whereis,
    )

    from .client import reply
    from .multi import abcast, multi_call
    from .server import GenServer, enter_loop
    from .server import start_server as start_server
    from .steps import MethodCall as MethodCall
else:
    __getattr__, __dir__ = _exports(
        __name__,
        {
            "beamish.otp.gen": (
                "Caller Dest Name Request RequestError RequestIds Response call cast "
                "check_response receive_response reqids_add reqids_new reqids_size reqids_to_list "
                "send_request start start_link start_monitor stop wait_response whereis"
            ),
            "beamish.otp.directives": ("Continue Fail Hibernate Ignore NoReply Reply Stop Timeout"),
            ".client": "reply",
            ".multi": "abcast multi_call",
            ".server": ("GenServer enter_loop start_server"),
            ".steps": "MethodCall",
        },
    )

__all__ = [
    "Caller",
    "Continue",
    "Dest",
    "Fail",
    "GenServer",
    "Hibernate",
    "Ignore",
    "Name",
    "NoReply",
    "Reply",
    "Request",
    "RequestError",
    "RequestIds",
    "Response",
    "Stop",
    "Timeout",
    "abcast",
    "call",
    "cast",
    "check_response",
    "enter_loop",
    "multi_call",
    "receive_response",
    "reply",
    "reqids_add",
    "reqids_new",
    "reqids_size",
    "reqids_to_list",
    "send_request",
    "start",
    "start_link",
    "start_monitor",
    "stop",
    "wait_response",
    "whereis",
]
