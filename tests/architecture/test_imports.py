"""Imports go one way: terms <- runtime <- process, behaviour <- otp, net; boot is on top."""

from __future__ import annotations

import ast
import inspect
import re
import subprocess
import sys
import textwrap
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

import beamish
import beamish.net
from beamish.runtime import waiting
from beamish.runtime.process import Process

_ROOT: Final = Path(beamish.__file__).parent

# Which rooms a room may import from; what is not listed here must be added by hand.
_MAY_IMPORT: Final[dict[str, set[str]]] = {
    "on_demand": set(),
    "terms": set(),
    "runtime": {"terms"},
    "process": {"terms", "runtime"},
    "behaviour": {"terms", "runtime"},
    "otp": {"terms", "process", "behaviour", "on_demand"},
    "net": {"terms", "runtime", "process", "on_demand"},
    "boot": {"terms", "runtime", "process", "net"},
    "testing": {"terms", "runtime", "process", "behaviour"},  # and the package: it has nodes
    "__init__": {"terms", "process", "behaviour", "boot", "on_demand"},
    "__main__": {"cli"},
}
# On top of everything, through the public door alone.
_TOP: Final = {"cli"}

# The rooms of otp/, the lowest first; each may import from those above it in this list alone.
_OTP_ROOMS: Final = (
    "directives",
    "errors",
    "global_",
    "logger",
    "gen",
    "proc_lib",
    "sys",
    "child",
    "gen_server",
    "gen_event",
    "gen_statem",
    "methods",
    "agent",
    "timer",
    "pg",
    "supervisor",
    "application",
    "task",
    "registry",
)

_MODULES: Final = sorted(_ROOT.rglob("*.py"))


def _name(path: Path) -> str:
    return ".".join(path.relative_to(_ROOT).with_suffix("").parts)


def _imports(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Each import of the package's own, as the parts of a module name, with its line."""
    package = ["beamish", *path.relative_to(_ROOT).parts[:-1]]
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            base = base + (node.module.split(".") if node.module else [])
            for alias in node.names:
                yield node.lineno, [*base, alias.name]
        elif isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name.split(".")


def _own_imports(path: Path) -> Iterator[tuple[int, list[str]]]:
    for line, parts in _imports(path):
        if parts[0] == "beamish":
            yield line, parts[1:]


@pytest.mark.parametrize("path", _MODULES, ids=_name)
def test_a_room_imports_only_from_rooms_below_it(path: Path) -> None:
    room = path.relative_to(_ROOT).parts[0].removesuffix(".py")
    if room in _TOP:
        return
    allowed = _MAY_IMPORT[room] | {room}

    wrong = [
        f"{path}:{line}: {room} imports {'.'.join(parts)}"
        for line, parts in _own_imports(path)
        if parts and parts[0] not in allowed
    ]

    assert not wrong, "\n".join(wrong)


def _room_in(package: str, path: Path) -> str:
    """The folder or file right below a package that a module of it lies in."""
    return path.relative_to(_ROOT / package).parts[0].removesuffix(".py")


def _modules_of(package: str) -> list[Path]:
    return [path for path in _MODULES if path.is_relative_to(_ROOT / package)]


def _imported_files(path: Path) -> set[Path]:
    """The package's own files that a module imports, those for types alone too."""
    files: set[Path] = set()
    for _, parts in _own_imports(path):
        # `from .a import b`: the module a.b where there is one, else what a says that b is.
        for length in (len(parts), len(parts) - 1):
            found = _ROOT.joinpath(*parts[:length])
            candidates = [found.with_suffix(".py"), found / "__init__.py"]
            if length and (files_there := [one for one in candidates if one.is_file()]):
                files.update(files_there)
                break
    return files - {path}


def _circles(arrows: dict[Path, set[Path]]) -> list[list[str]]:
    """The modules of which each reaches all others of its list, and itself, by imports."""

    def reached_from(start: Path) -> set[Path]:
        reached: set[Path] = set()
        todo = list(arrows[start])
        while todo:
            if (one := todo.pop()) not in reached:
                reached.add(one)
                todo += arrows.get(one, ())
        return reached

    reach = {path: reached_from(path) for path in arrows}
    groups = {
        frozenset(_name(other) for other in reached if path in reach.get(other, ()))
        for path, reached in reach.items()
        if path in reached
    }
    return sorted(sorted(group) for group in groups)


@pytest.mark.parametrize("package", ["otp", "net"])
def test_no_imports_run_in_a_circle(package: str) -> None:
    """Imports for types alone count: a reader follows them all the same."""
    inside = set(_modules_of(package))
    arrows = {path: _imported_files(path) & inside for path in inside}

    assert _circles(arrows) == []


def test_a_circle_of_imports_is_found() -> None:
    one, two, three = (_ROOT / f"{name}.py" for name in ("one", "two", "three"))

    assert _circles({one: {two}, two: {one}, three: {one}}) == [["one", "two"]]


@pytest.mark.parametrize("path", _modules_of("otp"), ids=_name)
def test_a_room_of_otp_imports_only_from_rooms_below_it(path: Path) -> None:
    room = _room_in("otp", path)
    if room == "__init__":
        return
    below = _OTP_ROOMS[: _OTP_ROOMS.index(room) + 1]

    wrong = [
        f"{path}:{line}: {room} imports {'.'.join(parts)}"
        for line, parts in _own_imports(path)
        if parts[:1] == ["otp"] and parts[1:2] and parts[1] not in below
    ]

    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("path", _MODULES, ids=_name)
def test_a_room_of_otp_is_entered_by_its_door(path: Path) -> None:
    """From outside nobody imports the modules in it, but what its ``__init__`` exports."""
    here = path.relative_to(_ROOT).parts

    wrong = [
        f"{path}:{line}: {'.'.join(parts)}"
        for line, parts in _own_imports(path)
        if parts[:1] == ["otp"]
        and here[:2] != tuple(parts[:2])
        and (_ROOT / "otp" / parts[1]).is_dir()
        and (_ROOT.joinpath(*parts[:3]).with_suffix(".py")).is_file()
    ]

    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("path", _MODULES, ids=_name)
def test_net_is_entered_by_its_door(path: Path) -> None:
    """From outside nobody imports the modules in it, but what its ``__init__`` exports."""
    if path.relative_to(_ROOT).parts[0] == "net":
        return
    exported = set(beamish.net.__all__)

    wrong = [
        f"{path}:{line}: {'.'.join(parts)}"
        for line, parts in _own_imports(path)
        if parts[:1] == ["net"] and (len(parts) != 2 or parts[1] not in exported)
    ]

    assert not wrong, "\n".join(wrong)


def test_the_seam_of_net_exports_functions_alone() -> None:
    assert [n for n in waiting.__all__ if not inspect.isfunction(getattr(waiting, n))] == []


@pytest.mark.parametrize("path", _modules_of("net"), ids=_name)
def test_net_reaches_the_runtime_through_its_seam_alone(path: Path) -> None:
    seam = ["runtime", "waiting"]
    imported = [parts for _, parts in _own_imports(path) if parts[:1] == ["runtime"]]
    used = [[*seam, name] for of, name in _attributes(path) if of == "waiting"]

    wrong = [
        parts
        for parts in imported + used
        if parts != seam and (parts[:2] != seam or parts[2] not in waiting.__all__)
    ]

    assert not wrong


@pytest.mark.parametrize("path", _modules_of("net"), ids=_name)
def test_net_knows_no_part_of_a_process(path: Path) -> None:
    """What it knows is pids: the state of a process, and what it was handed, are the runtime's."""
    parts = {"_process", *Process.__slots__}

    wrong = {f"{of}.{name}" for of, name in _attributes(path) if name in parts}

    assert wrong <= {"process.send"}


def _attributes(path: Path) -> list[tuple[str, str]]:
    """Each attribute that is read or written, with the expression that it is of."""
    tree = ast.parse(path.read_text())
    found = [node for node in ast.walk(tree) if isinstance(node, ast.Attribute)]
    return [(ast.unparse(node.value), node.attr) for node in found]


@pytest.mark.parametrize("path", _MODULES, ids=_name)
def test_the_top_rooms_use_the_public_door(path: Path) -> None:
    """Public names, nothing of the runtime."""
    if path.relative_to(_ROOT).parts[0] not in _TOP:
        return

    wrong = [parts for _, parts in _own_imports(path) if parts[:1] == ["runtime"]]

    assert not wrong


def test_no_module_is_longer_than_600_lines() -> None:
    """Whoever opens a file sees what it is for."""
    lengths = {_name(path): len(path.read_text().splitlines()) for path in _MODULES}

    assert {name: length for name, length in lengths.items() if length > 600} == {}


@pytest.mark.parametrize("path", _MODULES, ids=_name)
def test_no_import_hides_in_a_function(path: Path) -> None:
    """It would be a way around a cycle of rooms; only the top rooms may, to start fast."""
    if path.relative_to(_ROOT).parts[0] in _TOP:
        return
    tree = ast.parse(path.read_text())
    functions = [n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)]
    hidden = [
        f"{path}:{node.lineno}"
        for function in functions
        for node in ast.walk(function)
        if isinstance(node, ast.ImportFrom)
        and (node.level or (node.module or "").startswith("beamish"))
    ]

    assert not hidden


def _in_a_new_interpreter(source: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(source)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.slow  # starts an interpreter
def test_importing_does_nothing() -> None:
    """No thread, timer, signal handler, logging set-up, event loop or file."""
    printed = _in_a_new_interpreter("""
        import asyncio, gc, logging, os, signal, sys, threading
        def state():
            return (
                threading.active_count(),
                [signal.getsignal(n) for n in sorted(signal.valid_signals())],
                [signal.getitimer(t) for t in (0, 1, 2)],
                signal.set_wakeup_fd(-1),
                logging.getLogger().handlers[:], logging.getLogger("beamish").handlers[:],
                logging.getLogger("beamish").level,
                sorted(os.listdir("/proc/self/fd")) if os.path.exists("/proc/self/fd") else None,
                gc.get_threshold(), gc.callbacks[:], sys.getswitchinterval(), sys.gettrace(),
                sys.excepthook, sys.unraisablehook, threading.excepthook,
            )
        before = state()
        import beamish, beamish.otp, beamish.net.gen_tcp
        from beamish.runtime.here import here
        assert state() == before
        assert here.node is None
        print("nothing")
    """)
    assert printed == "nothing\n"


@pytest.mark.slow  # starts an interpreter
def test_importing_beamish_imports_nothing_that_takes_long() -> None:
    """asyncio takes longer than everything else, and comes with what is used first."""
    printed = _in_a_new_interpreter("""
        import sys, beamish
        print([n for n in ("asyncio", "logging", "inspect", "dataclasses", "ssl", "socket",
                           "threading", "subprocess", "concurrent.futures", "greenlet",
                           "beamish.process", "beamish.behaviour", "beamish.boot", "beamish.net",
                           "beamish.otp")
               if n in sys.modules])
    """)
    assert printed == "[]\n"


@pytest.mark.slow  # starts an interpreter
def test_a_node_needs_neither_the_behaviours_nor_sockets() -> None:
    """Whoever runs processes waits only for them, and for what asyncio imports (3.15: pathlib)."""
    printed = _in_a_new_interpreter("""
        import asyncio, sys
        asyncios = set(sys.modules)
        from beamish import process, run
        async def main():
            process.send(process.self(), "hello")
            await process.receive()
        run(main)
        print([n for n in ("concurrent.futures.thread", "ipaddress", "pathlib", "multiprocessing",
                           "beamish.net.gen_tcp", "beamish.otp")
               if n in sys.modules and n not in asyncios])
    """)
    assert printed == "[]\n"


@pytest.mark.slow  # starts an interpreter
def test_a_behaviour_imports_no_other_one() -> None:
    printed = _in_a_new_interpreter("""
        import sys
        from beamish.otp import GenServer, Supervisor
        print([n for n in ("agent", "application", "gen_event", "gen_statem", "pg", "registry",
                           "task", "timer")
               if f"beamish.otp.{n}" in sys.modules])
    """)
    assert printed == "[]\n"


@pytest.mark.slow  # starts an interpreter
def test_the_core_does_not_import_the_rooms_above() -> None:
    printed = _in_a_new_interpreter("""
        import sys, beamish
        from beamish import *
        print([n for n in ("cli", "otp", "testing")
               if f"beamish.{n}" in sys.modules])
    """)
    assert printed == "[]\n"


_CHECKOUT: Final = Path(__file__).parents[2]
_TEST_FILES: Final = sorted((_CHECKOUT / "tests").rglob("*.py"))


def _not_on_every_cpython() -> set[str]:
    """The libraries of the tests that are installed on some versions alone."""
    project = tomllib.loads((_CHECKOUT / "pyproject.toml").read_text())
    wanted = project["dependency-groups"]["test"]
    return {re.split(r"\W", one)[0] for one in wanted if ";" in one}


def _top_imports(source: str) -> set[str]:
    """What a file cannot be imported without: the first parts of the modules' names."""
    found: set[str] = set()
    for node in ast.parse(source).body:
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.partition(".")[0])
    return found


def test_a_test_file_can_be_imported_on_every_cpython() -> None:
    """Otherwise not one test runs where a library is missing."""
    missing = _not_on_every_cpython()
    wrong = [path.name for path in _TEST_FILES if missing & _top_imports(path.read_text())]

    assert missing == {"numpy", "pandas"}
    assert wrong == []


def test_an_import_at_the_top_is_found() -> None:
    source = "import a.b as c\nfrom d.e import f\nfrom .g import h\ndef i(): import j"

    assert _top_imports(source) == {"a", "d"}
