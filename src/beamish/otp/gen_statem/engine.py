"""The engine of a state machine: what becomes of each event.

When a state callback has returned, this is done, in this order:

1. Replies are sent and callback modules changed, as the actions are read.
2. If the state changes (or is repeated) and the class wants state enter calls, one is made, and its
   actions join those of the callback.
3. A postponed event is put aside; the event time-out is taken back.
4. If the state has changed, the events that were put aside come before those that wait, and the
   state time-out is taken back.
5. Inserted events come before all these.
6. Time-outs are set: the last of each kind counts.

The next event is one that waits, or else a time-out that is due, or else a message.

Source: stdlib, gen_statem(3), transition_option() (OTP 25 manual).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, NoReturn, cast, final

from beamish import behaviour, process
from beamish.otp.directives import UNSET
from beamish.otp.errors import UndefinedCallbackError
from beamish.otp.gen import GEN_CALL, GEN_CAST, ends_server, is_coroutine
from beamish.otp.sys import SYSTEM, Debug, handle_debug, handle_system_msg
from beamish.terms import Atom, Pid, Throw
from beamish.terms.careful import class_of, is_a, same, show
from beamish.terms.words import CALL, IN, OUT, TIMEOUT, is_word

from .observed import Observed
from .timeouts import Timers, is_time
from .values import (
    STATE_TIMEOUT,
    ChangeCallbackModule,
    EventTimeout,
    GenericTimeout,
    Hibernate,
    KeepState,
    NextEvent,
    NextState,
    PopCallbackModule,
    Postpone,
    PushCallbackModule,
    RepeatState,
    Reply,
    StateTimeout,
    Stop,
    StopAndReply,
    TimeoutAction,
    is_event_type,
    is_reply,
)

if TYPE_CHECKING:
    from .callbacks import GenStatemCallbacks

__all__ = ["Engine", "Event", "Mode", "read_mode"]

# An event: (type, content).
Event = tuple[Any, Any]

_CAST: Final = Atom("cast")
_INFO: Final = Atom("info")
_ENTER: Final = Atom("enter")

# Debug events.
_CONSUME: Final = Atom("consume")
_POSTPONE: Final = Atom("postpone")
_START_TIMER: Final = Atom("start_timer")

_BAD_MODE: Final = Atom("bad_return_from_callback_mode")
_BAD_RESULT: Final = "bad_return_from_state_function"
_BAD_REPLY: Final = "bad_reply_action_from_state_function"
_BAD_ACTION: Final = "bad_action_from_state_function"
_BAD_ENTER_RESULT: Final = "bad_state_enter_return_from_state_function"
_BAD_ENTER_ACTION: Final = "bad_state_enter_action_from_state_function"

# Whether states are the names of methods, and whether there are state enter calls.
Mode = tuple[bool, bool]


def read_mode(cls: Any) -> Mode:
    """How the state callback of a class is called.

    Errors:
        ``("bad_return_from_callback_mode", mode)``.
    """
    mode: Any = cls.callback_mode
    parts: list[Any] = [mode] if isinstance(mode, str) else list(mode)
    enter = "state_enter" in parts
    plain = [part for part in parts if part != "state_enter"]
    if plain not in (["state_functions"], ["handle_event_function"]):
        process.error((_BAD_MODE, mode))
    return plain == ["state_functions"], enter


@final
class Change:
    """What the result of a state callback, and of the enter calls after it, leads to."""

    __slots__ = ("enter", "events", "origin", "postpone", "timeouts")

    def __init__(self, origin: Any) -> None:
        self.origin: Any = origin
        self.enter: bool = False
        self.postpone: bool = False
        self.events: list[Event] = []
        self.timeouts: list[TimeoutAction] = []


@final
class Engine(Observed):
    """A running state machine.

    Attributes:
        machine: the user's object, with the data.
        state: the current one.
        queue: the events that wait, the next one first.
        postponed: the events that were put aside, the oldest first.
        event: the one that is being handled; None while it waits.
        timers: the time-outs.
        parent: whose exit ends the machine.
        debug: what sys(3) has switched on, or None.
    """

    __slots__ = (
        "_base",
        "_functions",
        "_left",
        "_mode",
        "debug",
        "event",
        "machine",
        "parent",
        "postponed",
        "queue",
        "state",
        "timers",
    )

    def __init__(
        self, machine: GenStatemCallbacks, base: type[GenStatemCallbacks], parent: Pid | None
    ) -> None:
        self.machine: GenStatemCallbacks = machine
        self.parent: Pid | None = parent
        self.state: Any = None
        self.queue: deque[Event] = deque()
        self.postponed: list[Event] = []
        self.event: Event | None = None
        self.timers: Timers = Timers()
        self.debug: Debug | None = None
        self._base = base
        self._functions: dict[Any, Callable[[Any, Any], Any]] = {}  # of the states so far
        self._left: list[type[GenStatemCallbacks]] = []  # the classes to which Pop comes back
        self._mode = read_mode(type(machine))

    # ---- from one event to the next

    async def begin(self, first: NextState) -> Stop | None:
        """Enters the first state."""
        self.state = first.state
        change = Change(first.state)
        for action in first.actions:
            self._act(action, change)
        change.postpone = False  # there is no event to put aside
        change.enter = True
        return await self._go_on(change, None)

    async def run(self) -> Stop:
        """Handles one event after the other until the machine stops."""
        receive: Any = process.receive
        found: Any
        while True:
            event = self.queue.popleft() if self.queue else self._next_due()
            if event is None:
                self.event = message = found = None  # keep nothing alive while it waits
                message = await receive()
                if class_of(message) is tuple and len(message) == 3 and is_word(message[0], SYSTEM):
                    found = await handle_system_msg(self, message[1], message[2], self.parent)
                else:
                    found = self._event_of(message)
                if class_of(found) is Stop:
                    return cast("Stop", found)
                if found is None:
                    continue
                event = cast("Event", found)
                if self.debug is not None:
                    handle_debug(self, (IN, event, self.state))
            stop = await self._handle(event)
            if stop is not None:
                return stop

    def _next_due(self) -> Event | None:
        event = self.timers.next_due()
        if event is not None and self.debug is not None:
            handle_debug(self, (IN, event, self.state))
        return event

    def _event_of(self, message: Any) -> Any:
        """The event that a message is; a Stop if it ends the machine, None if it is dropped."""
        if class_of(message) is tuple:
            length = len(message)
            if length == 3:
                head = message[0]
                if head is GEN_CALL or is_word(head, GEN_CALL):
                    return ((CALL, message[1]), message[2])
                if is_word(head, TIMEOUT):
                    return self._timed_out(message)
            elif length == 2 and is_word(message[0], GEN_CAST):
                return (_CAST, message[1])
        elif ends_server(message, self.parent):
            return Stop(message[2])
        return (_INFO, message)

    def _timed_out(self, message: tuple[Any, Any, Any]) -> Event | None:
        event = self.timers.fired(message[1], message[2])
        if event is None and not self.timers.is_late(message[1]):
            return (_INFO, message)
        return event

    async def _handle(self, event: Event) -> Stop | None:
        """Calls the state callback with an event, and does what it says."""
        self.event = event
        change = Change(self.state)
        stop = self._take(await self._call(event[0], event[1]), change)
        return stop or await self._go_on(change, event)

    async def _go_on(self, change: Change, event: Event | None) -> Stop | None:
        if self._mode[1]:
            while change.enter:
                change.enter = False
                try:
                    result = await self._call(_ENTER, change.origin)
                except BaseException:
                    self.state = change.origin  # as OTP has it: it was not entered
                    raise
                stop = self._take_on_entering(result, change)
                if stop is not None:
                    return stop
        if change.postpone and event is not None:
            self.postponed.append(event)
        self.timers.cancel_event_timeout()
        if not same(self.state, change.origin):
            self.queue.extendleft(reversed(self.postponed))
            self.postponed.clear()
            self.timers.cancel(STATE_TIMEOUT)
        if change.events:
            self.queue.extendleft(reversed(change.events))
        if self.debug is not None:
            self._tell(change, event)
        if change.timeouts:
            self.timers.apply(change.timeouts)
        return None

    def _tell(self, change: Change, event: Event | None) -> None:
        """Tells sys what has become of an event."""
        for inserted in change.events:
            handle_debug(self, (IN, inserted, self.state))
        if event is not None:
            word = _POSTPONE if change.postpone else _CONSUME
            handle_debug(self, (word, event, change.origin, self.state))
        for timeout in change.timeouts:
            if isinstance(timeout.seconds, float | int):
                told = (timeout.kind, timeout.seconds, timeout.content)
                handle_debug(self, (_START_TIMER, told, self.state))

    # ---- the state callback

    async def _call(self, kind: Any, content: Any) -> Any:
        """Calls the state callback; what it throws counts as its result, as in OTP."""
        try:
            if self._mode[0]:
                function = self._functions.get(self.state) or self._state_function()
                result = function(kind, content)
            else:
                result = self.machine.handle_event(kind, content, self.state)
            return await result if is_coroutine(result) else result
        except Throw as thrown:
            return thrown.value

    def _state_function(self) -> Callable[[Any, Any], Any]:
        """The state callback of the current state, looked up when the state is new."""
        state = self.state
        if isinstance(state, str) and not hasattr(self._base, state):
            function = getattr(self.machine, state, None)
            if callable(function):
                self._functions[state] = cast("Callable[[Any, Any], Any]", function)
                return self._functions[state]
        raise UndefinedCallbackError(
            f"{type(self.machine).__name__} has no function for its state {show(state)}: "
            "expected a method `def <state>(self, event_type, content)` of a name that GenStatem "
            "itself does not use; for other states say callback_mode = 'handle_event_function'"
        )

    # ---- what it returned

    def _take(self, result: Any, change: Change) -> Stop | None:
        """Reads the result of a state callback; returns the Stop that it may be."""
        cls = class_of(result)
        if cls is NextState:
            change.enter = not same(result.state, self.state)
            self.state = result.state
        elif cls is RepeatState or result is RepeatState:
            change.enter = True
        elif not (result is None or cls is KeepState or result is KeepState):
            return self._take_stop(result)
        for action in _actions_of(result):
            self._act(action, change)
        return None

    def _take_on_entering(self, result: Any, change: Change) -> Stop | None:
        """Reads the result of a state enter call, which may do less."""
        cls = class_of(result)
        if cls is NextState:
            if not same(result.state, self.state):
                _bad(_BAD_ENTER_RESULT, result)
        elif cls is RepeatState or result is RepeatState:
            change.enter = True
        elif not (result is None or cls is KeepState or result is KeepState):
            return self._take_stop(result)
        for action in _actions_of(result):
            self._act_on_entering(action, change)
        return None

    def _take_stop(self, result: Any) -> Stop:
        if result is Stop:
            return Stop()
        if is_a(result, StopAndReply):
            for reply in result.replies:
                if not is_reply(reply):
                    _bad(_BAD_REPLY, reply)
                self._reply(reply)
            return Stop(result.reason)
        if not is_a(result, Stop) or result.reply is not UNSET:
            _bad(_BAD_RESULT, result)
        stop: Stop = result
        return stop

    # ---- actions

    def _act(self, action: Any, change: Change) -> None:
        cls = class_of(action)
        if cls is Postpone or action is Postpone:
            change.postpone = action is Postpone or action.postpone
        elif cls is NextEvent and is_event_type(action.type):
            change.events.append((action.type, action.content))
        elif cls in _MODULE_ACTIONS or action is PopCallbackModule:
            self._change_class(action)
        elif not self._act_anywhere(action, change):
            _bad(_BAD_ACTION, action)

    def _act_on_entering(self, action: Any, change: Change) -> None:
        if isinstance(action, Postpone) and not action.postpone:
            change.postpone = False
        elif not self._act_anywhere(action, change):
            plain = action if isinstance(action, type) else class_of(action)
            known = plain in _ONLY_ON_EVENTS and (plain is not PopCallbackModule or self._left)
            _bad(_BAD_ENTER_ACTION if known else _BAD_ACTION, action)

    def _act_anywhere(self, action: Any, change: Change) -> bool:
        """Does an action that every callback may return; returns False if it is not one."""
        cls = class_of(action)
        if cls is Reply:
            good = is_reply(action)
            if good:
                self._reply(action)
            return good
        if cls in _TIMEOUTS:
            change.timeouts.append(action)
            return is_time(action)
        return action is Hibernate or cls is Hibernate

    def _reply(self, reply: Reply) -> None:
        behaviour.reply(reply.caller, reply.value)
        if self.debug is not None:
            handle_debug(self, (OUT, reply.value, reply.caller))

    def _change_class(self, action: Any) -> None:
        """Makes the machine one of another class, or of the one that was left."""
        if isinstance(action, ChangeCallbackModule | PushCallbackModule):
            cls: Any = action.cls
            if not (isinstance(cls, type) and issubclass(cls, self._base)):
                _bad(_BAD_ACTION, action)
            if isinstance(action, PushCallbackModule):
                self._left.append(type(self.machine))
        elif self._left:
            cls = self._left.pop()
        else:
            _bad(_BAD_ACTION, action)
        self.become(cls)

    def become(self, cls: Any) -> None:
        """Makes the machine one of a class; its attributes stay."""
        self.machine.__class__ = cls
        self._functions.clear()
        self._mode = read_mode(cls)


_WITH_ACTIONS: Final = frozenset((NextState, KeepState, RepeatState))


def _actions_of(result: Any) -> tuple[Any, ...]:
    actions: tuple[Any, ...] = ()
    cls: Any = class_of(result)
    return result.actions if cls in _WITH_ACTIONS else actions


_ONLY_ON_EVENTS: Final = frozenset(
    (Postpone, NextEvent, ChangeCallbackModule, PushCallbackModule, PopCallbackModule)
)
_MODULE_ACTIONS: Final = frozenset((ChangeCallbackModule, PushCallbackModule, PopCallbackModule))
_TIMEOUTS: Final = frozenset((StateTimeout, EventTimeout, GenericTimeout))


def _bad(what: str, value: Any) -> NoReturn:
    process.error((Atom(what), value))
