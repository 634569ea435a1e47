"""One bad backtest, then a good one, whose result is what it is in a fresh harness."""

from __future__ import annotations

import os
import sys
import textwrap
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.long  # `make test` runs a few of them

Serve = Callable[[str], Any]

#: Looks at all that a backtest might find changed; `bad` is what the bad one does first.
STRATEGY = """
import ctypes, decimal, gc, locale, os, random, resource, signal, subprocess, sys, threading, time
import warnings
from concurrent.futures import ProcessPoolExecutor
from leanopt_harness import Result, backtest

random.seed(5)
decimal.getcontext().prec = 20
open("of-the-import", "w").close()
kept = {}


def look():
    created = os.open("mine", os.O_CREAT | os.O_EXCL, 0o666)
    thread = threading.Thread(target=list)
    thread.start()
    thread.join()
    return {
        "folder": os.getcwd(),
        "files": " ".join(sorted(os.listdir())),
        "mode": os.fstat(created).st_mode,
        "environment": repr(sorted(os.environ.items())),
        "limits": repr([resource.getrlimit(kind) for kind in range(10)]),
        "handlers": repr([signal.getsignal(n) for n in range(1, 32)]),
        "timer": repr(signal.getitimer(signal.ITIMER_REAL)),
        "zone": repr(time.tzname),
        "locale": locale.setlocale(locale.LC_ALL),
        "third": str(decimal.Decimal(1) / 3),
        "drawn": random.random(),
        "warnings": repr(warnings.filters),
        "recursion": sys.getrecursionlimit(),
        "collects": repr(gc.isenabled()),
        "exit code": subprocess.run(["sh", "-c", "exit 7"]).returncode,
    }


@backtest
def run(parameters, scenario):
    if parameters["bad"]:
        BAD
    return Result(look())
"""

PUT_BACK = {
    "environment": "os.environ['FOO'] = 'leak'; del os.environ['PATH']; os.environ['HOME'] = 'x'",
    "another environment": "os.environ = dict(os.environ, FOO='leak')",
    "time zone": "os.environ['TZ'] = 'Asia/Tokyo'; time.tzset()",
    "file": "open('state', 'w').write('leak')",
    "folders": "os.makedirs('a/b/c'); open('a/b/c/d', 'w').close(); os.symlink('/', 'a/root')",
    "current folder": "os.chdir('/')",
    "current folder gone": "os.mkdir('gone'); os.chdir('gone'); os.rmdir('../gone')",
    "mask": "os.umask(0o777)",
    "soft limit": "resource.setrlimit(resource.RLIMIT_STACK, (2**22, resource.RLIM_INFINITY))",
    "few descriptors": "resource.setrlimit(7, (30, resource.getrlimit(7)[1]))",
    "handler": "signal.signal(signal.SIGCHLD, signal.SIG_IGN)",
    "timer": "signal.alarm(100)",
    "locale": "locale.setlocale(locale.LC_ALL, 'C')",
    "decimals": "decimal.getcontext().prec = 3",
    "another context": "decimal.setcontext(decimal.Context(prec=3))",
    "random numbers": "random.seed(1)",
    "warnings": "warnings.simplefilter('error')",
    "recursion": "sys.setrecursionlimit(200)",
    "collection": "gc.disable()",
}


@pytest.fixture
def serve(
    run: Callable[..., Any], program: list[str], write: Callable[[str, str], str], tmp_path: Path
) -> Serve:
    """Return what starts a harness on STRATEGY, in an empty folder."""
    folder = tmp_path / "scratch"

    def begin(bad: str) -> Any:
        for left in folder.glob("*"):
            left.unlink()
        folder.mkdir(exist_ok=True)
        text = STRATEGY.replace("BAD", textwrap.indent(textwrap.dedent(bad), " " * 8).lstrip())
        return run(*program, "serve", "--entry", write("strategy.py", text), cwd=folder)

    return begin


def good(harness: Any) -> Any:
    """Return the statistics of the good backtest."""
    answer = harness.run(bad=False)
    assert answer["status"] == "complete", answer
    return answer["statistics"]


@pytest.mark.alike(3)
@pytest.mark.smoke
@pytest.mark.parametrize("bad", PUT_BACK.values(), ids=PUT_BACK)
def test_what_a_backtest_changes_is_put_back(serve: Serve, bad: str) -> None:
    """Whether it fails or not."""
    fresh = good(serve(bad))
    harness = serve(f"{bad}\nif parameters['fails']: raise ValueError('bad')\nreturn Result({{}})")
    for fails in (True, False):
        answer = harness.run(bad=True, fails=fails)
        assert answer.get("category") == ("strategy error" if fails else None), answer
        assert good(harness) == fresh
    assert harness.close() == (b"", 0)


def test_files_that_were_there_stay(serve: Serve, tmp_path: Path) -> None:
    """When the backtests began: the import's."""
    harness = serve("open('left', 'w').close()")
    assert harness.run(bad=True)["status"] == "complete"
    assert [path.name for path in (tmp_path / "scratch").iterdir()] == ["of-the-import"]


def test_a_folder_that_is_not_empty_is_nobodys_scratch(
    start: Callable[..., Any],
    write: Callable[[str, str], str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As where a person runs a harness beside the strategy: nothing is removed."""
    entry = write("strategy.py", STRATEGY.replace("BAD", "open('left', 'w').close()"))
    monkeypatch.chdir(tmp_path / "project")
    assert start(entry).run(bad=True)["status"] == "complete"
    assert {path.name for path in Path.cwd().iterdir()} > {"left", "mine", "of-the-import"}


def test_the_clients_file_stays(serve: Serve, tmp_path: Path) -> None:
    """The one that a request names, in the harness's own folder."""
    harness = serve("pass")
    harness.hello()
    file = tmp_path / "scratch" / "one.json"
    file.write_text('{"parameters": {"bad": false}, "scenario": {}}')
    for _ in range(2):
        assert harness.ask({"id": "1", "config_path": str(file)})["status"] == "complete"
    assert file.exists()


def test_a_scratch_folder_that_is_gone_is_made_again(serve: Serve, tmp_path: Path) -> None:
    """With all that the import left: that is the strategy's own doing."""
    harness = serve("os.unlink('of-the-import'); os.rmdir(os.getcwd()); raise ValueError('bad')")
    harness.run(bad=True)
    assert good(harness)["files"] == "mine"
    assert (tmp_path / "scratch").is_dir()


def ends(harness: Any, reason: str) -> None:
    """See that a harness ends by itself, and says why."""
    assert harness.read() is None
    assert harness.process.wait(30) == 3
    assert reason in harness.log.read_text().splitlines()[-1]


@pytest.mark.parametrize("fails", [False, True])
def test_what_cannot_be_put_back_ends_the_harness(serve: Serve, fails: bool) -> None:
    """After the answer: only root may raise a hard limit again."""
    harness = serve(
        f"""
        if not os.geteuid():
            os.seteuid(65534)
        resource.setrlimit(resource.RLIMIT_NOFILE, (20, 20))
        if {fails}:
            raise ValueError("bad")
        return Result({{}})
        """
    )
    answer = harness.run(bad=True)
    assert answer["status"] == ("error" if fails else "complete")
    assert "a resource limit cannot be restored" in answer["last"]
    ends(harness, "a resource limit cannot be restored")


@pytest.mark.smoke
def test_a_harness_without_descriptors_ends(serve: Serve) -> None:
    """Whoever keeps them all leaves none for the next."""
    harness = serve(
        """
        try:
            while True:
                kept[os.open(os.devnull, os.O_RDONLY)] = "kept"
        except OSError:
            return Result({})
        """
    )
    assert harness.run(bad=True)["status"] == "complete"
    ends(harness, "Too many open files")


def test_files_of_another_folder_are_never_removed(serve: Serve, tmp_path: Path) -> None:
    """One that a strategy puts in the scratch folder's place."""
    other = tmp_path / "other"
    other.mkdir()
    (other / "precious").touch()
    harness = serve(
        f"""
        here = os.getcwd()
        os.rename(here, here + "-moved")
        os.symlink({str(other)!r}, here)
        return Result({{}})
        """
    )
    assert harness.run(bad=True)["status"] == "complete"
    ends(harness, "the current folder cannot be restored: another folder has taken its place")
    assert (other / "precious").exists()


CHILDREN = {
    "forked": """
        for _ in range(20):
            if not os.fork():
                time.sleep(1000)
        """,
    "started": "subprocess.Popen(['sleep', '1000'])",
    "orphaned": "subprocess.run('sleep 1000 & sleep 1000 &', shell=True)",
    "in a session of its own": "subprocess.Popen(['sleep', '1000'], start_new_session=True)",
    "started by a thread": """
        starter = threading.Thread(target=subprocess.Popen, args=(["sleep", "1000"],))
        starter.start()
        starter.join()
        """,
}


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the client ends them")
@pytest.mark.parametrize("bad", CHILDREN.values(), ids=CHILDREN)
def test_children_of_a_failed_backtest_end(
    serve: Serve, bad: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Then the harness, after its answer: which part of the strategy needs them, nobody knows."""
    mark = f"LEANOPT_TEST={os.urandom(8).hex()}"
    monkeypatch.setenv(*mark.split("="))
    harness = serve(f"{textwrap.dedent(bad)}\nraise ValueError('bad')")
    answer = harness.run(bad=True)
    assert answer["category"] == "strategy error"
    assert "child processes" in answer["last"]
    ends(harness, "a failed backtest left")
    assert marked(mark) == []


def marked(mark: str) -> list[str]:
    """Return the living processes that have a variable."""
    found = []
    for file in Path("/proc").glob("[0-9]*/environ"):
        with suppress(OSError):
            if mark.encode() in file.read_bytes():
                found.append(file.parent.name)
    return found


KEPT = """
        if not kept:
            kept[0] = subprocess.Popen(["cat"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
            until = time.monotonic() + 0.03  # when a process began is known to 0.01 s
            while time.monotonic() < until:
                pass
        kept[0].stdin.write(b"still here\\n")
        kept[0].stdin.flush()
        assert kept[0].stdout.readline() == b"still here\\n"
        """


def test_children_of_a_complete_backtest_stay(serve: Serve) -> None:
    """They may be what the strategy keeps for all, as a pool of processes is."""
    harness = serve(f"{textwrap.dedent(KEPT)}\nif parameters['fails']: raise ValueError('bad')")
    for fails in (False, True, False, True):
        answer = harness.run(bad=True, fails=fails)
        assert answer["status"] == ("error" if fails else "complete"), answer
        assert not fails or "ValueError: bad" in answer["message"]
    assert harness.close() == (b"", 0)


@pytest.mark.parametrize("daemon", [False, True])
def test_threads_of_a_failed_backtest_end_with_the_harness(serve: Serve, daemon: bool) -> None:
    """After its answer: there is no other way to end them."""
    thread = f"threading.Thread(target=threading.Event().wait, daemon={daemon})"
    harness = serve(f"{thread}.start()\nraise ValueError('bad')")
    assert harness.run(bad=True)["category"] == "strategy error"
    ends(harness, "a failed backtest left 1 thread")


RUN_OUT = {
    "memory": "bytearray(2**62)",
    "space": "raise OSError(28, 'No space left on device')",
    "processes": "raise BlockingIOError(11, 'Resource temporarily unavailable')",
    "descriptors": "raise OSError(24, 'Too many open files')",
    "threads": 'raise RuntimeError("can\'t start new thread")',
    "behind another": """
        try:
            raise OSError(12, "Cannot allocate memory")
        except OSError:
            raise ValueError("bad") from None
        """,
    "in a lazy result": """
        def trades():
            raise MemoryError
            yield
        return Result({}, trades=trades())
        """,
}


@pytest.mark.parametrize("bad", RUN_OUT.values(), ids=RUN_OUT)
def test_what_has_run_out_is_told_by_a_fresh_harness_only(serve: Serve, bad: str) -> None:
    """Any other may have used it up in a backtest before: it ends, for the client to ask another.

    Never a strategy error, which would be believed for ever.
    """
    harness = serve(bad)
    assert harness.run(bad=True)["category"] == "engine error"
    assert good(harness)
    assert harness.run(bad=True) is None
    ends(harness, "the harness ends and a new one continues: ")


def test_a_broken_pool_is_not_the_strategys_error(serve: Serve) -> None:
    """Each backtest would fail that is given to it."""
    harness = serve("ProcessPoolExecutor(1).submit(os._exit, 1).result()")
    answer = harness.run(bad=True)
    assert answer["category"] == "engine error"
    assert "BrokenProcessPool" in answer["message"]


def test_a_forked_child_that_comes_back_puts_nothing_back(serve: Serve) -> None:
    """The parent's files are its own while it runs."""
    harness = serve(
        """
        open("parents", "w").close()
        if child := os.fork():
            os.waitpid(child, 0)
            assert os.path.exists("parents")
        return Result({})
        """
    )
    assert harness.run(bad=True)["status"] == "complete"
    assert good(harness)["files"] == "mine of-the-import"
