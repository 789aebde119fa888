"""GenStatem: a process that is a state machine.

What it does with an event depends on its state. Beyond a GenServer it postpones events until the
state changes, and has time-outs that belong to a state, to the wait for an event, or to a name;
actions take effect in OTP's order. It ends as a GenServer does.

Source: stdlib, gen_statem(3), and the chapter "gen_statem Behaviour" of OTP's Design Principles
(OTP 25).

See the page "GenStatem" in the documentation.
"""

# It may touch `gen`, `sys`, `child` and `proc_lib`; no other behaviour.

from typing import TYPE_CHECKING

from beamish.on_demand import exports as _exports

if TYPE_CHECKING:
    from beamish.otp.directives import Fail, Hibernate, Ignore, Stop
    from beamish.otp.gen import (
        Caller,
        Dest,
        Name,
        Request,
        RequestError,
        RequestIds,
        Response,
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

    from .callbacks import CallbackMode
    from .machine import (
        GenStatem,
        call,
        enter_loop,
        reply,
    )
    from .values import (
        Action,
        ChangeCallbackModule,
        EventTimeout,
        EventType,
        GenericTimeout,
        KeepState,
        NextEvent,
        NextState,
        PopCallbackModule,
        Postpone,
        PushCallbackModule,
        RepeatState,
        Reply,
        Result,
        StateTimeout,
        StopAndReply,
    )
else:
    __getattr__, __dir__ = _exports(
        __name__,
        {
            "beamish.otp.gen": (
                "Caller Dest Name Request RequestError RequestIds Response cast check_response "
                "receive_response reqids_add reqids_new reqids_size reqids_to_list "
                "send_request start start_link start_monitor stop wait_response whereis"
            ),
            "beamish.otp.directives": "Fail Hibernate Ignore Stop",
            ".callbacks": "CallbackMode",
            ".machine": ("GenStatem call enter_loop reply"),
            ".values": (
                "Action ChangeCallbackModule EventTimeout EventType GenericTimeout KeepState "
                "NextEvent NextState PopCallbackModule Postpone PushCallbackModule "
                "RepeatState Reply Result StateTimeout StopAndReply"
            ),
        },
    )

__all__ = [
    "Action",
    "CallbackMode",
    "Caller",
    "ChangeCallbackModule",
    "Dest",
    "EventTimeout",
    "EventType",
    "Fail",
    "GenStatem",
    "GenericTimeout",
    "Hibernate",
    "Ignore",
    "KeepState",
    "Name",
    "NextEvent",
    "NextState",
    "PopCallbackModule",
    "Postpone",
    "PushCallbackModule",
    "RepeatState",
    "Reply",
    "Request",
    "RequestError",
    "RequestIds",
    "Response",
    "Result",
    "StateTimeout",
    "Stop",
    "StopAndReply",
    "call",
    "cast",
    "check_response",
    "enter_loop",
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
