"""An executor that starts another one's workers through a prefix."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from leanopt_core.check import Status, examine
from leanopt_core.errors import ExecutorError
from leanopt_core.executors.base import Executor
from leanopt_core.executors.process import ProcessExecutor
from leanopt_core.executors.wrapped import WrappedExecutor
from leanopt_core.options import ProcessOptions
from leanopt_core.testing import ExecutorContract
from leanopt_core.work import Command, Launch

NICE = ("nice", "-n", "5")
# As `ssh host`: the words after it become one text for a shell, which starts in another folder and
# with none of the caller's variables.
SSH = ("env", "-i", "-C", "/", f"PATH={os.environ['PATH']}", "sh", "-c")

Make = Callable[..., WrappedExecutor]


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    """Return a function that wraps the process executor; what it made is closed."""
    made = []

    def wrapped(*prefix: str, **how: Any) -> WrappedExecutor:
        made.append(WrappedExecutor(ProcessExecutor(ProcessOptions(), tmp_path), prefix, **how))
        return made[-1]

    yield wrapped
    for executor in made:
        executor.close()


@pytest.mark.long  # the shell below shows the same and more
class TestNice(ExecutorContract):
    """Behind a program that becomes the worker."""

    @pytest.fixture
    def executor(self, make: Make) -> Executor:
        """Processes of low priority."""
        return make(*NICE)


@pytest.mark.kit_again
class TestShell(ExecutorContract):
    """Behind a shell that knows neither folder nor variables."""

    @pytest.fixture
    def executor(self, make: Make) -> Executor:
        """Processes of this machine, as if they were on another."""
        return make(*SSH, remote=True, joined=True)


def test_commands_and_workers_run_through_the_prefix(make: Make) -> None:
    """Both have its priority; arguments arrive as they are."""
    executor = make(*NICE)
    code = "import os, sys; print(os.nice(0), sys.argv[1:])"
    done = executor.run_command(Command(("{python}", "-c", code, "a b", "$HOME", "'")))
    assert done.output == f"{os.nice(0) + 5} ['a b', '$HOME', \"'\"]\n"
    channel = executor.spawn(Launch(("sh", "-c", "nice; cat")), 1)
    said = b""
    while not said:
        said += channel.read(channel.filenos()[0]).out
    channel.release()
    assert int(said) == os.nice(0) + 5


def test_behind_a_shell_arguments_arrive_as_they_are(make: Make) -> None:
    """With the folder and the variables of every worker."""
    executor = make(*SSH, remote=True, joined=True)
    code = "import os, sys; print(sys.argv[1:], os.environ['PYTHONHASHSEED'], os.getcwd())"
    argv = ("{python}", "-c", code, "a b", "$HOME", "'", "{scratch}")
    said, _, folder = executor.run_command(Command(argv)).output.strip().rpartition(" ")
    assert said == f"['a b', '$HOME', \"'\", '{folder}'] 0"


def test_another_machine_has_as_many_threads(tmp_path: Path) -> None:
    """As the wrapped executor's options say, through any number of prefixes."""
    inner = ProcessExecutor(ProcessOptions(threads=3), tmp_path)
    there = WrappedExecutor(WrappedExecutor(inner, NICE), SSH, remote=True, joined=True)
    done = there.run_command(Command(("sh", "-c", "echo $OMP_NUM_THREADS")))
    there.close()
    assert done.output == "3\n"


def test_the_runtime_is_what_answers_through_the_prefix(make: Make, tmp_path: Path) -> None:
    """Another interpreter there is another runtime; where none is, an error says so."""
    plain = ProcessExecutor(ProcessOptions(), tmp_path / "plain").runtime()
    assert make(*NICE).runtime() == plain
    other = tmp_path / "python"
    other.write_text('#!/bin/sh\necho \'{"python": "CPython 9.9", "platform": "there"}\'\n')
    other.chmod(0o755)
    assert make(*NICE, python=str(other)).runtime() == {
        "python": "CPython 9.9",
        "platform": "there",
    }
    with pytest.raises(ExecutorError, match=r"no Python runs through nice -n 5 /no/python \(exit"):
        make(*NICE, python="/no/python").runtime()


def test_what_cannot_be_wrapped_is_refused_when_it_is_built(tmp_path: Path) -> None:
    """A prefix in one text would be taken letter by letter."""
    inner: Any = ProcessExecutor(ProcessOptions(), tmp_path)
    with pytest.raises(TypeError, match="the prefix is 'nice', expected its words"):
        WrappedExecutor(inner, "nice")
    with pytest.raises(TypeError, match=r"the prefix is .'nice', 5., expected its words"):
        WrappedExecutor(inner, ["nice", 5])  # type: ignore[list-item]
    inner = 3
    with pytest.raises(TypeError, match="what is wrapped is 3, expected an executor"):
        WrappedExecutor(inner, ["nice"])


def test_no_memory_limit_reaches_another_machine(make: Make) -> None:
    """So it is refused, not ignored."""
    with pytest.raises(ExecutorError, match="no limit is possible for workers behind env"):
        make(*SSH, remote=True, joined=True).spawn(Launch(("true",)), 1, memory_limit=2**30)


@pytest.mark.parametrize(("program", "status"), [("nice", Status.OK), ("no-srun", Status.WRONG)])
def test_doctor_looks_for_the_prefix(make: Make, program: str, status: Status) -> None:
    """By its name, in this machine's path."""
    (found,) = examine(make(program).checks())
    assert (found.name, found.status) == (program, status)


OWNER = """
import sys
from pathlib import Path
from leanopt_core.executors.pool import Pool
from leanopt_core.executors.process import ProcessExecutor
from leanopt_core.executors.wrapped import WrappedExecutor
from leanopt_core.options import ProcessOptions
from leanopt_core.work import Launch, Request

folder, script, *prefix = sys.argv[1:]
executor = WrappedExecutor(ProcessExecutor(ProcessOptions(), Path(folder)), prefix)
with Pool(executor, Launch(("{python}", "-I", "-S", script, "good")), workers=2) as pool:
    for ticket in range(2):
        pool.submit(ticket, Request('{"do": "forks_and_hangs"}'))
    pool.wait()
"""


def test_nothing_outlives_leanopt(bench: Any, eventually: Any) -> None:
    """Killed with `kill -9`, while its workers hang with children and daemons."""
    script = Path(__file__).with_name("misbehaving.py")
    command = [sys.executable, "-c", OWNER, str(bench.folder), str(script), *NICE]
    with subprocess.Popen(command) as owner:
        eventually(lambda: len(bench.left()) == 8)  # of each worker: guard, harness, child, daemon
        os.kill(owner.pid, signal.SIGKILL)
    eventually(lambda: not bench.left())
    bench.executor.run_command(Command(("true",)))  # a start, so that the folders are swept
