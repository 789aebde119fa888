"""GenEvent: a process that passes each event to handlers, which come and go while it runs.

A handler that fails, or returns what it may not, is taken out and reported, and harms neither the
manager nor the other handlers. The process that added it with ``add_sup_handler`` hears of its end.

Source: stdlib, gen_event(3) (OTP 25 manual).

See the page "GenEvent" in the documentation.
"""

# It may touch `gen`, `sys`, `child` and `proc_lib`; no other behaviour.

from typing import TYPE_CHECKING

from beamish.on_demand import exports as _exports

if TYPE_CHECKING:
    from beamish.otp.directives import Hibernate, Stop
    from beamish.otp.errors import HandlerError
    from beamish.otp.gen import (
        Request,
        RequestError,
        RequestIds,
        Response,
        reqids_add,
        reqids_new,
        reqids_size,
        reqids_to_list,
        stop,
    )

    from .events import (
        GenEvent,
        add_handler,
        add_sup_handler,
        call,
        delete_handler,
        notify,
        start,
        start_link,
        start_monitor,
        swap_handler,
        swap_sup_handler,
        sync_notify,
        which_handlers,
    )
    from .handler import GenEventHandler
    from .requests import check_response, receive_response, send_request, wait_response
    from .values import HandlerId, RemoveHandler, SwapHandler
else:
    __getattr__, __dir__ = _exports(
        __name__,
        {
            "beamish.otp.errors": "HandlerError",
            "beamish.otp.directives": "Hibernate Stop",
            "beamish.otp.gen": (
                "Request RequestError RequestIds Response reqids_add reqids_new reqids_size "
                "reqids_to_list stop"
            ),
            ".events": (
                "GenEvent add_handler add_sup_handler call delete_handler notify start "
                "start_link start_monitor swap_handler swap_sup_handler sync_notify "
                "which_handlers"
            ),
            ".handler": "GenEventHandler",
            ".requests": "check_response receive_response send_request wait_response",
            ".values": "HandlerId RemoveHandler SwapHandler",
        },
    )

__all__ = [
    "GenEvent",
    "GenEventHandler",
    "HandlerError",
    "HandlerId",
    "Hibernate",
    "RemoveHandler",
    "Request",
    "RequestError",
    "RequestIds",
    "Response",
    "Stop",
    "SwapHandler",
    "add_handler",
    "add_sup_handler",
    "call",
    "check_response",
    "delete_handler",
    "notify",
    "receive_response",
    "reqids_add",
    "reqids_new",
    "reqids_size",
    "reqids_to_list",
    "send_request",
    "start",
    "start_link",
    "start_monitor",
    "stop",
    "swap_handler",
    "swap_sup_handler",
    "sync_notify",
    "wait_response",
    "which_handlers",
]
