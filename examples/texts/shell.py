"""A small Erlang shell, so that the programs beside it can show what their text shows.

It is made like Erlang's own, of two processes. The *shell* takes the lines and prints. The
*evaluator* works them out, and is an ordinary process: let something die that is linked to it, and
it dies as well. The shell, which traps exits, prints why and starts another evaluator. So
``process.self()`` is a different pid from then on, while variables survive.

A line is a Python expression, or ``name = expression``. It may use what ``beamish`` exports, and
``flush()``. What comes of it is printed as Erlang prints it, because that is how the texts show it:
``true``, ``reason``, ``"a string"``.
"""

import ast
import inspect
import logging
import sys
from collections.abc import Coroutine, Generator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, NoReturn, cast

import beamish
from beamish import Atom, Exit, Pid, Throw, process, receive, send, spawn_link, to_erlang
from beamish.terms import NORMAL

# ---- the shell


async def session(names: dict[str, Any], *script: str | float, first: int = 1) -> None:
    """Runs a script in a new shell, and prints the session as one would see it on the screen.

    Args:
        names: what else the lines may use, mostly ``globals()``.
        script: lines to type, and numbers: seconds to look on before the next line is typed.
        first: the number of the first prompt; the texts begin in the middle of a session.
    """
    process.flag(trap_exit=True)
    shell = Shell(names, first)
    with error_reports():
        for step in script:
            if isinstance(step, str):
                await shell.type(step)
            else:
                await shell.look_on(step)
    process.exit(shell.evaluator, Atom.kill)
    await receive((Atom.EXIT, shell.evaluator, ...))


class Shell:
    """What one shell knows: its evaluator, its variables and the number of its prompt."""

    def __init__(self, names: dict[str, Any], first: int) -> None:
        commands = {"flush": flush, **{name: getattr(beamish, name) for name in beamish.__all__}}
        self.variables = commands | names
        self.number = first
        self.evaluator = spawn_link(evaluator, process.self(), self.variables)

    async def type(self, line: str) -> None:
        """Types a line, and waits for what comes of it."""
        show(f"{self.number}> {line}")
        self.number += 1
        send(self.evaluator, (Atom.evaluate, line))
        match await receive():
            case ("value", value):
                show(erlang(value))
            case ("raised", kind, reason):
                show(f"** exception {kind}: {erlang(reason)}")
                await receive((Atom.EXIT, self.evaluator, NORMAL))
                self.evaluator = spawn_link(evaluator, process.self(), self.variables)
            case died:  # an Exit of the evaluator, instead of an answer
                self.mourn("exit", died.reason)

    async def look_on(self, seconds: float) -> None:
        """Types nothing for a while. The evaluator may die meanwhile."""
        process.send_after(seconds, process.self(), Atom.go_on)
        while isinstance(message := await receive(), Exit):
            # Erlang's shell says "exit" while a line is worked out, and "error" while it waits.
            self.mourn("error", message.reason)

    def mourn(self, kind: str, reason: object) -> None:
        """Says why the evaluator died, and starts another one."""
        show(f"** exception {kind}: {erlang(without_stack(reason))}")
        self.evaluator = spawn_link(evaluator, process.self(), self.variables)


async def evaluator(shell: Pid, variables: dict[str, Any]) -> None:
    """Works out lines until one of them raises, or until somebody linked to it dies."""
    while True:
        _, line = await receive((Atom.evaluate, str))
        try:
            value = await evaluate(line, variables)
        except Throw as thrown:
            say_and_end(shell, "throw", thrown.value)
        except Exception as error:  # noqa: BLE001 - a line may raise anything
            say_and_end(shell, "error", without_stack(error))
        # Let those run that the line has started. If one of them is linked to us and dies at
        # once, we are gone before the value is shown, as it mostly goes in Erlang's shell.
        await process.sleep(0)
        send(shell, (Atom.value, value))


def say_and_end(shell: Pid, kind: str, reason: object) -> NoReturn:
    send(shell, (Atom.raised, kind, reason))
    process.exit(NORMAL)


async def evaluate(line: str, variables: dict[str, Any]) -> object:
    name, equals, expression = line.partition(" = ")
    if not (equals and name.isidentifier()):
        name, expression = "", line
    code = compile(expression, "<shell>", "eval", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    value: object = eval(code, variables)  # noqa: S307 - evaluating is what a shell is for
    if code.co_flags & inspect.CO_COROUTINE:  # the line has an await in it
        value = await cast("Coroutine[object, None, object]", value)
    if name:
        variables[name] = value
    return value


# ---- what the lines may call


def flush() -> Atom:
    """Takes all messages out of the mailbox, and shows them."""
    for message in process.flush():
        show(f"Shell got {erlang(message)}")
    return Atom.ok


# ---- how it looks


def show(text: str) -> None:
    print(text, flush=True)


class ErrorReport(logging.Formatter):
    """A crash report of beamish, whose fields are ``record.beamish``, as Erlang writes it."""

    def format(self, record: logging.LogRecord) -> str:
        fields = vars(record)["beamish"]
        reason = record.exc_info[1] if record.exc_info else fields["reason"]
        at = datetime.fromtimestamp(record.created, UTC).astimezone()
        return (
            f"=ERROR REPORT==== {at:%d-%b-%Y::%H:%M:%S.%f} ===\n"
            f"Error in process {fields['pid']} with exit value:\n"
            f"{erlang(reason)}\n"
        )


@contextmanager
def error_reports() -> Generator[None, None, None]:
    """In the block, crash reports are shown on the screen, among the rest."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(ErrorReport())
    handler.addFilter(lambda record: vars(record).get("report") == "crash")
    logger = logging.getLogger("beamish")
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)


def without_stack(reason: object) -> object:
    """The Erlang shape of a reason; of an error, the error alone."""
    return to_erlang(reason)[0] if isinstance(reason, Exception) else to_erlang(reason)


def erlang(term: object) -> str:
    """A term as Erlang's shell writes it. The stack of an error becomes ``Stack``."""
    match term:
        case None:
            return "undefined"
        case bool():
            return str(term).lower()
        case Atom():
            plain = term[:1].islower() and term.replace("@", "_").isidentifier()
            return str(term) if plain else f"'{term}'"
        case str():
            return '"' + term.replace('"', '\\"').replace("\n", "\\n") + '"'
        case Exception():
            return f"{{{erlang(without_stack(term))},Stack}}"
        case tuple():
            return "{" + ",".join(map(erlang, cast("tuple[object, ...]", term))) + "}"
        case list():
            return "[" + ",".join(map(erlang, cast("list[object]", term))) + "]"
        case _:
            return str(term)
