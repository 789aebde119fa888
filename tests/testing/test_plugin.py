"""The plugin in a project of a user's: its marks, its settings, and what fails."""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.program import ROOT

pytestmark = pytest.mark.slow  # each starts pytest in an OS process

# The counts of what passed, failed and so on, and what was written.
Outcome = Callable[..., tuple[dict[str, int], str]]

USUAL = """
    import pytest
    from beamish import process
    from beamish.otp import Agent
"""


@pytest.fixture
def outcome(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Outcome:
    """Runs tests."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT / "src"))

    def run(source: str, *arguments: str, **settings: str) -> tuple[dict[str, int], str]:
        lines = [f"{key} = {value}" for key, value in settings.items()]
        pytester.makeini("\n".join(["[pytest]", *lines]))
        pytester.makepyfile(USUAL + source)
        result = pytester.runpytest_subprocess("-p", "beamish.testing.plugin", *arguments)
        counts = result.parseoutcomes() if result.outlines else {}
        return counts, "\n".join(result.outlines + result.errlines)

    return run


def test_a_marked_test_is_a_process_and_the_others_are_left_alone(outcome: Outcome) -> None:
    counts, _ = outcome("""
    @pytest.fixture
    def five(): return 5

    @pytest.mark.beamish
    async def test_process(five):
        assert process.alive(process.self()) and five == 5

    def test_plain(five):
        assert five == 5

    @pytest.mark.beamish
    class TestAll:
        async def test_method(self, five):
            assert process.alive(process.self()) and five == 5

    @pytest.mark.beamish(clock="virtual")
    async def test_virtual():
        await process.sleep(1e6)

    @pytest.mark.beamish
    async def test_skips():
        pytest.skip("why")
    """)

    assert counts == {"passed": 4, "skipped": 1}


def test_the_settings_hold_where_marks_say_nothing(outcome: Outcome) -> None:
    counts, _ = outcome(
        """
    async def test_process():
        await process.sleep(1e6)

    @pytest.mark.beamish(clock="real", leaks=False)
    async def test_real():
        await Agent.start(dict)
    """,
        beamish_mode="auto",
        beamish_clock="virtual",
    )

    assert counts == {"passed": 2}


def test_what_is_left_behind_fails_the_test(outcome: Outcome) -> None:
    counts, text = outcome("""
    FILES = []

    @pytest.mark.beamish(clock="virtual")
    async def test_process():
        await Agent.start(dict)

    @pytest.mark.beamish
    async def test_file(tmp_path):
        FILES.append(open(tmp_path / "left", "w"))

    def test_that_is_not_checked(tmp_path):
        FILES.append(open(tmp_path / "left", "w"))
    """)

    assert counts == {"failed": 1, "passed": 2, "errors": 1}
    assert "the test has left behind:" in text
    assert "a process: <0.102.0> (Agent), which runs builtins.dict" in text
    assert "an open file: " in text


def test_a_call_that_fails_shows_the_line_of_the_test(outcome: Outcome) -> None:
    counts, text = outcome("""
    @pytest.mark.beamish
    async def test_call():
        await Agent.get("nobody", len)
    """)

    assert counts == {"failed": 1}
    assert '>       await Agent.get("nobody", len)' in text
    assert "CallError: GenServer.call('nobody'" in text


def test_a_library_that_keeps_itself_open_is_no_leak(outcome: Outcome) -> None:
    counts, _ = outcome("""
    FILES = []

    @pytest.mark.beamish
    async def test_library(tmp_path):
        FILES.append(open(tmp_path / "libffi.so.8.5.0", "w"))
        FILES.append(open(tmp_path / "extension.so", "w"))
    """)

    assert counts == {"passed": 1}


def test_tests_without_a_node_are_checked_on_request(outcome: Outcome) -> None:
    source = """
    import threading, time

    def test_thread():
        threading.Thread(target=time.sleep, args=(8,), daemon=True).start()
    """

    assert outcome(source)[0] == {"passed": 1}
    counts, text = outcome(source, beamish_leaks="all")
    assert counts == {"passed": 1, "errors": 1}
    assert "a thread: <Thread" in text


def test_the_check_can_be_switched_off(outcome: Outcome) -> None:
    counts, _ = outcome(
        """
    @pytest.mark.beamish
    async def test_process():
        await Agent.start(dict)
    """,
        beamish_leaks="off",
    )

    assert counts == {"passed": 1}


@pytest.mark.parametrize(
    ("source", "settings", "text"),
    [
        ("", {"beamish_mode": "x"}, "beamish_mode: expected one of strict, auto; got 'x'"),
        ("@pytest.mark.beamish(clock='x')\n    async def test(): ...", {}, "got 'x'"),
        (
            "@pytest.mark.beamish(leak=1)\n    async def test(): ...",
            {},
            "takes clock, leaks, limit",
        ),
    ],
)
def test_what_cannot_be_meant_is_refused(
    outcome: Outcome, source: str, settings: dict[str, str], text: str
) -> None:
    counts, written = outcome(f"\n    {source}", **settings)

    assert "passed" not in counts
    assert text in written


def test_the_plugin_is_registered_for_all_who_install_beamish() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]

    assert project["entry-points"]["pytest11"] == {
        "beamish.testing.plugin": "beamish.testing.plugin"
    }
    assert Path(sys.executable).exists()
