"""What every behaviour is built on, as OTP's own ``gen``: names, starts, calls and requests.

It may touch ``errors`` and ``global_``; no behaviour.
"""

from typing import TYPE_CHECKING

from beamish.on_demand import exports as _exports

if TYPE_CHECKING:
    from .asking import (
        LATE,
        NOT_GIVEN,
        Called,
        GivenTimeout,
        NotGiven,
        as_given,
        call,
        cast,
        failed,
        no_process,
        stop,
        stop_as,
    )
    from .attributes import attributes_of, set_attributes
    from .awaiting import is_coroutine
    from .callbacks import declined, run_callback, unclaim
    from .functions import Addressed, start, start_link, start_monitor
    from .names import Dest, Name, ViaModule, check_name, register, unregister, whereis
    from .protocol import GEN_CALL, GEN_CAST, Caller, ends_server, is_protocol
    from .requests import (
        Request,
        RequestError,
        RequestIds,
        Response,
        check_response,
        receive_response,
        reqids_add,
        reqids_new,
        reqids_size,
        reqids_to_list,
        send,
        send_request,
        wait_response,
    )
    from .startable import HasInit, Startable, StartOptions
    from .starting import (
        ACK,
        STARTER,
        Function,
        Hibernation,
        SpawnOptions,
        Starter,
        acknowledge,
        check_callable,
        claim,
        fail,
        hibernated,
        ignore,
        report_exit,
        reporting,
        self_starting,
        spawn_options,
        start_opt,
    )
else:
    __getattr__, __dir__ = _exports(
        __name__,
        {
            ".asking": (
                "LATE NOT_GIVEN Called GivenTimeout NotGiven as_given call cast failed "
                "no_process stop stop_as"
            ),
            ".attributes": "attributes_of set_attributes",
            ".awaiting": "is_coroutine",
            ".callbacks": "declined run_callback unclaim",
            ".functions": "Addressed start start_link start_monitor",
            ".names": "Dest Name ViaModule check_name register unregister whereis",
            ".protocol": "GEN_CALL GEN_CAST Caller ends_server is_protocol",
            ".requests": (
                "Request RequestError RequestIds Response check_response receive_response "
                "reqids_add reqids_new reqids_size reqids_to_list send send_request wait_response"
            ),
            ".startable": "HasInit Startable StartOptions",
            ".starting": (
                "ACK Function Hibernation STARTER SpawnOptions Starter acknowledge "
                "check_callable claim fail hibernated ignore report_exit reporting "
                "self_starting spawn_options start_opt"
            ),
        },
    )

__all__ = [
    "ACK",
    "GEN_CALL",
    "GEN_CAST",
    "LATE",
    "NOT_GIVEN",
    "STARTER",
    "Addressed",
    "Called",
    "Caller",
    "Dest",
    "Function",
    "GivenTimeout",
    "HasInit",
    "Hibernation",
    "Name",
    "NotGiven",
    "Request",
    "RequestError",
    "RequestIds",
    "Response",
    "SpawnOptions",
    "StartOptions",
    "Startable",
    "Starter",
    "ViaModule",
    "acknowledge",
    "as_given",
    "attributes_of",
    "call",
    "cast",
    "check_callable",
    "check_name",
    "check_response",
    "claim",
    "declined",
    "ends_server",
    "fail",
    "failed",
    "hibernated",
    "ignore",
    "is_coroutine",
    "is_protocol",
    "no_process",
    "receive_response",
    "register",
    "report_exit",
    "reporting",
    "reqids_add",
    "reqids_new",
    "reqids_size",
    "reqids_to_list",
    "run_callback",
    "self_starting",
    "send",
    "send_request",
    "set_attributes",
    "spawn_options",
    "start",
    "start_link",
    "start_monitor",
    "start_opt",
    "stop",
    "stop_as",
    "unclaim",
    "unregister",
    "wait_response",
    "whereis",
]
