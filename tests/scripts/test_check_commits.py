"""scripts/check-commits.sh: what it takes and refuses, in a repository of the test's own."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow  # each starts a dozen OS processes

SCRIPT = Path(__file__).parents[2] / "scripts" / "check-commits.sh"
LONG = "Say far too much about a change that could be told in a line of half this length"

Git = Callable[..., None]


@pytest.fixture
def git(tmp_path: Path) -> Git:
    """Runs git in a repository whose first commits are one that is too long, and the script."""
    person = {"NAME": "N", "EMAIL": "n@example.org"}
    env = {
        **{key: value for key, value in os.environ.items() if not key.startswith("GIT_")},
        **{f"GIT_{who}_{k}": v for who in ("AUTHOR", "COMMITTER") for k, v in person.items()},
        "GIT_CONFIG_GLOBAL": os.devnull,
    }

    def run(*arguments: str) -> None:
        subprocess.run(["git", *arguments], cwd=tmp_path, env=env, check=True, capture_output=True)

    run("init", "--initial-branch=main")
    run("commit", "--allow-empty", "--message", LONG)
    (tmp_path / "scripts").mkdir()
    shutil.copy(SCRIPT, tmp_path / "scripts")
    run("add", ".")
    run("commit", "--message", "Add the script")
    return run


def _check(folder: Path, *arguments: str) -> tuple[int, str]:
    command = [str(folder / "scripts" / SCRIPT.name), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.returncode, done.stderr


def _commit(git: Git, subject: str) -> None:
    git("commit", "--allow-empty", "--message", subject)


def test_commits_before_the_script_stay_as_they_are(git: Git, tmp_path: Path) -> None:
    _commit(git, "Change a thing")

    assert _check(tmp_path) == (0, "")


@pytest.mark.parametrize(
    ("subject", "complaint"),
    [
        (LONG, f"Subject longer than 72 characters: {LONG}\n"),
        ("Change a thing.", "Subject ends with a full stop: Change a thing.\n"),
    ],
)
def test_a_subject_against_the_rules_is_shown(
    git: Git, tmp_path: Path, subject: str, complaint: str
) -> None:
    _commit(git, subject)

    assert _check(tmp_path) == (1, complaint)


def test_a_merge_is_shown(git: Git, tmp_path: Path) -> None:
    git("switch", "--create", "work")
    _commit(git, "Change a thing")
    git("switch", "main")
    git("merge", "--no-ff", "--message", "Merge work", "work")

    code, complaint = _check(tmp_path)

    assert (code, complaint.startswith("Merge commits; rebase instead: ")) == (1, True)


def test_what_origin_has_stays_as_it_is(git: Git, tmp_path: Path) -> None:
    _commit(git, LONG)
    git("update-ref", "refs/remotes/origin/main", "HEAD")
    _commit(git, "Change a thing")

    assert _check(tmp_path) == (0, "")


def test_outside_a_repository_there_is_nothing_to_check(tmp_path: Path) -> None:
    (tmp_path / "scripts").mkdir()
    shutil.copy(SCRIPT, tmp_path / "scripts")

    assert _check(tmp_path) == (0, "")


@pytest.mark.parametrize(("subject", "code"), [("Change a thing", 0), (LONG, 1)])
def test_as_a_hook_it_reads_the_message(tmp_path: Path, subject: str, code: int) -> None:
    message = tmp_path / "COMMIT_EDITMSG"
    message.write_text(f"{subject}\n\n{LONG} and more, for this is the body.\n")

    assert _check(SCRIPT.parents[1], str(message))[0] == code
