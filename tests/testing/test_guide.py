"""The page about the kits: its tables name every test, its snippets do what it says of them."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from leanopt_core import testing

DOCS = Path(__file__).parents[2] / "docs" / "how-to"
PAGE = (DOCS / "test-a-plugin.md").read_text(encoding="utf-8")
KITS = [name for name in testing.__all__ if name.endswith("Contract")]


def files(page: str) -> dict[str, str]:
    """Return the files that a page shows, by name."""
    return dict(re.findall(r"^```\w+ file=(\S+)\n(.*?)^```$", page, re.MULTILINE | re.DOTALL))


@pytest.fixture(scope="module")
def walker(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the plugin of the other page, and this page's tests of it."""
    folder = tmp_path_factory.mktemp("walker")
    plugin = files((DOCS / "write-a-plugin.md").read_text(encoding="utf-8"))
    for name, text in {**plugin, **files(PAGE)}.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def pytested(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run pytest there."""
    path = str(folder / "leanopt-walker")
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-q", *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("kit", KITS)
def test_every_test_is_named(kit: str) -> None:
    """In the order of the kit, in the section of its name."""
    (section,) = re.findall(
        rf"^## \w+(?: \w+)?: `{kit}`$(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL
    )
    named = re.findall(r"^\| `(test_\w+)` \|", section, re.MULTILINE)
    classes = getattr(testing, kit).__mro__
    assert named == [name for one in classes for name in vars(one) if name.startswith("test_")]


@pytest.mark.slow
@pytest.mark.long
def test_the_walker_is_caught(walker: Path) -> None:
    """By what the page says, and by nothing else."""
    done = pytested(walker, "-m", "not slow", "-W", "ignore", "-rf", "test_walker.py")
    assert done.returncode == 1, done.stdout + done.stderr
    failed = set(re.findall(r"^FAILED \S+::(test_\w+)", done.stdout, re.MULTILINE))
    assert failed == {
        "test_ends_when_every_point_is_tried",
        "test_asked_after_exhaustion",
        "test_a_space_of_one_point",
        "test_refusals_are_taken",
        "test_inactive_parameters_are_not_searched",
    }


LEAKY = """
import os
import signal
from functools import partial
from subprocess import PIPE, Popen

import pytest
from leanopt_core.api import (
    LocalScratch,
    ProcessExecutor,
    ProcessOptions,
    ThreadChannel,
    fill_placeholders,
)
from leanopt_core.testing import ExecutorContract


class Group:
    def __init__(self, command):
        self.process = Popen(command, stdin=PIPE, stdout=PIPE, start_new_session=True)

    def send(self, line):
        self.process.stdin.write(line + b"\\n")
        self.process.stdin.flush()
        if answer := self.process.stdout.readline():
            return answer.rstrip()
        raise OSError(self.end())

    def end(self):
        self.process.stdin.close()
        return f"exit code {self.process.wait()}"

    def kill(self):
        os.killpg(self.process.pid, signal.SIGKILL)  # a daemon is in a group of its own

    def close(self):
        self.process.wait()


class LeakyExecutor(ProcessExecutor):
    def spawn(self, launch, worker, *, memory_limit=None):
        os.environ.update(launch.environment)
        scratch = LocalScratch(self.folder / str(worker))
        names = {"python": "python3", "harness": str(launch.mounts[0].source)}
        fill = partial(fill_placeholders, {**names, "scratch": str(scratch.path)})
        return ThreadChannel(Group(list(map(fill, launch.command))), scratch, fill)


class TestLeaky(ExecutorContract):
    patience = 3

    @pytest.fixture
    def executor(self, tmp_path):
        executor = LeakyExecutor(ProcessOptions(), tmp_path)
        executor.folder = tmp_path
        return executor
"""


@pytest.mark.slow
@pytest.mark.long
def test_an_executor_that_leaves_daemons_is_caught(walker: Path) -> None:
    """One that kills a process group; the kit itself leaves none behind."""
    (walker / "test_leaky.py").write_text(LEAKY)
    done = pytested(walker, "-k", "test_kill_leaves_nothing", "test_leaky.py")
    assert done.returncode == 1, done.stdout + done.stderr
    assert "1 error" in done.stdout
    assert "a released worker left processes behind" in done.stdout


@pytest.mark.long
def test_the_driven_search_climbs(walker: Path) -> None:
    """As the page has it."""
    done = pytested(walker, "test_driven.py")
    assert done.returncode == 0, done.stdout + done.stderr
