"""A harness under strategies that print, fork, fail and hang on to things."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from leanopt_harness.channel import LONGEST_LINE
from leanopt_harness.serving import LONGEST_ANSWER

Start = Callable[..., Any]
Write = Callable[[str, str], str]

HEAD = """
import os, sys
from leanopt_harness import Result, backtest
"""


def test_prints_of_all_kinds_reach_stderr_only(start: Start, write: Write) -> None:
    """Of Python, of descriptors, of C, of programs that it starts; at import and after."""
    entry = write(
        "strategy.py",
        HEAD
        + """
import ctypes, subprocess
print("at import")

@backtest
def run(parameters, scenario):
    print("by print")
    print("by stdout", file=sys.__stdout__, flush=True)
    os.write(1, b"by descriptor\\n")
    libc = ctypes.CDLL(None)
    libc.puts(b"by C")
    libc.fflush(None)
    subprocess.run(["echo", "by a program"], check=True)
    return Result({"x": 1})
""",
    )
    harness = start(entry)
    assert harness.hello()["protocol"] == 1
    assert harness.run()["statistics"] == {"x": 1}
    assert harness.close() == (b"", 0)
    lines = harness.log.read_text().splitlines()
    kinds = ["import", "print", "stdout", "descriptor", "C", "a program"]
    assert [line.removeprefix("by ").removeprefix("at ") for line in lines] == kinds


def test_100_mb_of_prints_do_no_harm(start: Start, write: Write) -> None:
    """They go to standard error, all of them, and the answer comes."""
    entry = write(
        "strategy.py",
        HEAD
        + """
@backtest
def run(parameters, scenario):
    for _ in range(100):
        print("x" * 999_999)
    return Result({"x": 1})
""",
    )
    harness = start(entry)
    assert harness.run()["status"] == "complete"
    assert harness.log.stat().st_size == 100_000_000


def test_the_strategy_reads_an_empty_input(start: Start, write: Write) -> None:
    """`input()` and children that read do not swallow requests."""
    entry = write(
        "strategy.py",
        HEAD
        + """
import subprocess
@backtest
def run(parameters, scenario):
    child = subprocess.run(["cat"], capture_output=True, check=True).stdout
    return Result({"own": sys.stdin.read(), "child": child.decode(), "raw": str(os.read(0, 9))})
""",
    )
    harness = start(entry)
    for _ in range(2):
        assert harness.run()["statistics"] == {"own": "", "child": "", "raw": "b''"}


@pytest.mark.alike(5)
@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("1 / 0", "ZeroDivisionError: division by zero (strategy.py:7)"),
        ("helper.fail()", "RuntimeError: two\nlines (sub/helper.py:3)"),
        ("raise Mute", "Mute: its message cannot be read (strategy.py:7)"),
        ("raise ValueError('x' * 10**6)", f"ValueError: {'x' * 4000}... (strategy.py:7)"),
        ("os._wrap_close(None, None).close()", "(strategy.py:7)"),
        ("return forever()", "RecursionError: maximum recursion depth exceeded"),
        ("raise GeneratorExit('x')", "GeneratorExit: x (strategy.py:7)"),
        ("import missing", "ModuleNotFoundError: No module named 'missing' (strategy.py:7)"),
        ("exec('1 +')", "SyntaxError: invalid syntax (strategy.py:7)"),
        ("exec('1 / 0', {})", "ZeroDivisionError: division by zero (strategy.py:7)"),
        ("os.kill(os.getpid(), 2)", "KeyboardInterrupt (strategy.py:7)"),
        ("sys.stderr = sys.stdout = None; 1 / 0", "division by zero (strategy.py:7)"),
    ],
)
def test_whatever_a_strategy_raises_is_its_error(
    start: Start, write: Write, body: str, message: str
) -> None:
    """Type, message and the innermost line of its own; then it is served on."""
    write("sub/helper.py", "\ndef fail():\n    raise RuntimeError('two\\nlines')\n")
    entry = write(
        "strategy.py",
        f"""import os, sys
from sub import helper
from leanopt_harness import Result, backtest
@backtest
def run(parameters, scenario):
    if parameters["fail"]:
        {body}
    return Result({{}})
def forever():
    return forever()
class Mute(Exception):
    def __str__(self):
        raise RuntimeError
""",
    )
    harness = start(entry)
    failed = harness.run(fail=True)
    assert (failed["status"], failed["category"]) == ("error", "strategy error")
    assert message in failed["message"]
    assert harness.run(fail=False)["status"] == "complete"
    assert harness.close() == (b"", 0)


def test_memory_held_by_a_failed_run_is_let_go(start: Start, write: Write) -> None:
    """The frames of an exception keep nothing alive."""
    entry = write(
        "strategy.py",
        HEAD
        + """
import weakref
class Data:
    pass
held = []
@backtest
def run(parameters, scenario):
    alive = sum(reference() is not None for reference in held)
    data = Data()
    held.append(weakref.ref(data))
    if parameters["fail"]:
        raise ValueError
    return Result({"alive": alive})
""",
    )
    harness = start(entry)
    for _ in range(3):
        assert harness.run(fail=True)["message"] == "ValueError (strategy.py:15)"
    assert harness.run(fail=False)["statistics"] == {"alive": 0}


def test_a_fork_that_returns_does_not_answer(start: Start, write: Write) -> None:
    """Parent and child both come back from `run`: one answer."""
    entry = write(
        "strategy.py",
        HEAD
        + """
@backtest
def run(parameters, scenario):
    child = os.fork()
    if child:
        os.waitpid(child, 0)
    return Result({"is_parent": int(child > 0)})
""",
    )
    harness = start(entry)
    for _ in range(3):
        assert harness.run()["statistics"] == {"is_parent": 1}
    assert harness.close() == (b"", 0)


def test_a_child_left_behind_does_not_keep_the_pipe_open(start: Start, write: Write) -> None:
    """When the harness is gone its output ends, though a forked child lives."""
    entry = write(
        "strategy.py",
        HEAD
        + """
import signal
@backtest
def run(parameters, scenario):
    child = os.fork()
    if not child:
        signal.pause()
    return Result({"child": child})
""",
    )
    harness = start(entry)
    child = harness.run()["statistics"]["child"]
    try:
        assert harness.close() == (b"", 0)
    finally:
        os.kill(child, signal.SIGKILL)


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_multiprocessing_works_and_cannot_answer(start: Start, write: Write, method: str) -> None:
    """Pools of every kind find the strategy and the package, and print to stderr."""
    entry = write(
        "strategy.py",
        HEAD
        + """
import multiprocessing
def square(parameters):
    print("from a child", flush=True)
    os.write(1, b"raw from a child\\n")
    return parameters["n"] ** 2
@backtest
def run(parameters, scenario):
    with multiprocessing.get_context(parameters["method"]).Pool(1) as pool:
        return Result({"squares": sum(pool.map(square, [parameters] * 2))})
""",
    )
    harness = start(entry)
    answer = harness.run(method=method, n=3)
    assert answer["statistics"] == {"squares": 18}
    assert answer["read"] == ["method", "n"]
    assert harness.close() == (b"", 0)
    assert harness.log.read_text().count("from a child") == 4


def test_a_program_that_is_started_has_no_other_descriptors(start: Start, write: Write) -> None:
    """Nothing of the protocol is inherited."""
    entry = write(
        "strategy.py",
        HEAD
        + """
import subprocess
@backtest
def run(parameters, scenario):
    command = [sys.executable, "-c", "import os; print(sorted(os.listdir('/dev/fd'))[:-1])"]
    out = subprocess.run(command, close_fds=False, stdout=subprocess.PIPE, check=True).stdout
    return Result({"open": out.decode().strip()})
""",
    )
    assert start(entry).run()["statistics"] == {"open": "['0', '1', '2']"}


def test_a_large_answer_and_a_large_request_pass(start: Start, write: Write) -> None:
    """Larger than any pipe's buffer."""
    entry = write(
        "strategy.py",
        HEAD
        + """
@backtest
def run(parameters, scenario):
    n = parameters["n"]
    return Result({"text": len(parameters["text"])}, times=range(n), equity=[1.0] * n)
""",
    )
    answer = start(entry).run("equity", n=500_000, text="x" * 5_000_000)
    assert answer["statistics"] == {"text": 5_000_000}
    assert len(answer["equity"]["values"]) >= 500_000 * 8 * 4 // 3


def test_a_request_that_is_too_long_is_skipped(start: Start, write: Write) -> None:
    """Answered without an id; the next one is read from its beginning."""
    entry = write("strategy.py", f"{HEAD}\n@backtest\ndef run(p, s):\n    return Result({{}})")
    harness = start(entry)
    harness.send(b"x" * (LONGEST_LINE + 10) + b"\n")
    answer = harness.read()
    assert (answer["id"], answer["category"]) == (None, "engine error")
    assert answer["message"] == "the request is too long"
    assert harness.run()["status"] == "complete"


@pytest.mark.alike(4)
@pytest.mark.parametrize(
    "line",
    [
        b"\xff\xfe{}",
        b"[" * 100_000,
        b'{"id": "1", "backtest": {"parameters": {"x": 1e999}, "scenario": {}}}',
        b'{"id": "1", "backtest": {"parameters": {"x": [1]}, "scenario": {}}}',
        b'{"id": "1", "backtest": {"parameters": {}, "scenario": {}}, "outputs": "equity"}',
        b'{"id": "1", "backtest": {"parameters": {}, "scenario": {}}, "outputs": [[]]}',
        b'{"id": "1", "hello": {"protocol": true}}',
        b'{"id": "1", "config_path": 5}',
        b'{"id": "1", "config_path": "\\u0000"}',
        b"null",
        b"\x00",
    ],
)
def test_a_wrong_request_is_an_error_of_the_client(start: Start, write: Write, line: bytes) -> None:
    """Whatever bytes come in, one answer comes out, and the harness lives on."""
    entry = write("strategy.py", f"{HEAD}\n@backtest\ndef run(p, s):\n    return Result({{}})")
    harness = start(entry)
    harness.send(line + b"\n")
    answer = harness.read()
    assert (answer["status"], answer["category"]) == ("error", "engine error")
    assert answer["id"] == ("1" if b'"id"' in line else None)
    assert harness.run()["status"] == "complete"


def test_equal_values_of_other_types_are_told_apart(start: Start, write: Write) -> None:
    """1, 1.0 and true in a scenario are three scenarios, also one after the other."""
    entry = write(
        "strategy.py",
        f"{HEAD}\n@backtest\ndef run(p, s):\n    return Result({{'x': repr(s.x)}})",
    )
    harness = start(entry)
    for value in (1, 1.0, True, 1, "1", [1], [True]):
        backtest = {"parameters": {}, "scenario": {"x": value}}
        answer = harness.ask({"id": "1", "backtest": backtest})
        expected = tuple(value) if isinstance(value, list) else value
        assert answer["statistics"] == {"x": repr(expected)}


def test_names_asked_for_are_read_though_not_given(start: Start, write: Write) -> None:
    """So that a misspelt given one can be told its nearest; sorted, and texts only."""
    entry = write(
        "strategy.py",
        f"{HEAD}\n@backtest\ndef run(p, s):\n    p.get('slow', 1); p.get(7); p['fast']\n"
        "    return Result({})",
    )
    assert start(entry).run(fast=1, slwo=2)["read"] == ["fast", "slow"]


def test_the_last_line_needs_no_newline(write: Write, program: list[str]) -> None:
    """A request piped in from a shell is answered before the end."""
    entry = write("strategy.py", f"{HEAD}\n@backtest\ndef run(p, s):\n    return Result({{}})")
    request = b'{"id": "1", "backtest": {"parameters": {}, "scenario": {}}}'
    done = subprocess.run(
        [*program, "serve", "--entry", entry], input=request, capture_output=True, check=True
    )
    assert json.loads(done.stdout)["status"] == "complete"


def test_a_client_that_has_gone_ends_the_harness_quietly(start: Start, write: Write) -> None:
    """No traceback, exit code 1."""
    entry = write("strategy.py", f"{HEAD}\n@backtest\ndef run(p, s):\n    return Result({{}})")
    harness = start(entry)
    harness.hello()
    harness.process.stdout.close()
    harness.send(b'{"id": "1", "hello": {"protocol": 1}}\n')
    assert harness.process.wait(30) == 1
    assert harness.log.read_text() == ""


def test_a_strategy_that_ends_the_process_has_no_answer(start: Start, write: Write) -> None:
    """The output ends, and the exit code is its own."""
    entry = write("strategy.py", f"{HEAD}\n@backtest\ndef run(p, s):\n    os._exit(3)")
    harness = start(entry)
    assert harness.run() is None
    assert harness.process.wait(30) == 3


def test_what_one_backtest_closes_and_leaves_the_next_finds_again(
    start: Start, write: Write
) -> None:
    """The streams, the current folder, also one that is gone."""
    entry = write(
        "strategy.py",
        HEAD
        + """
import tempfile
@backtest
def run(parameters, scenario):
    print("printed")
    print("complained", file=sys.stderr)
    folder = os.getcwd()
    with tempfile.TemporaryDirectory() as other:
        os.chdir(other)
    sys.stdout.close()
    sys.stderr = None
    if parameters["close"]:
        os.close(1)
    return Result({"folder": folder})
""",
    )
    harness = start(entry)
    for close in (False, True, False):
        assert harness.run(close=close)["statistics"] == {"folder": str(Path.cwd())}
    assert harness.close() == (b"", 0)
    assert harness.log.read_text() == "printed\ncomplained\n" * 3


@pytest.mark.long
@pytest.mark.parametrize("when", ["import", "run"])
def test_a_thread_left_running_does_not_hold_up_the_end(
    start: Start, write: Write, when: str
) -> None:
    """It prints between answers, and goes when the input ends."""
    entry = write(
        "strategy.py",
        HEAD
        + """
import threading
def chatter():
    while not threading.Event().wait(0.001):
        print("x" * 1000, end="")
def begin(when):
    if when == WHEN:
        threading.Thread(target=chatter).start()
begin("import")
@backtest
def run(parameters, scenario):
    begin("run")
    return Result({"x": 1})
""".replace("WHEN", repr(when)),
    )
    harness = start(entry)
    for _ in range(3):
        assert harness.run()["statistics"] == {"x": 1}
    assert harness.close() == (b"", 0)


def test_a_thread_left_running_does_not_hold_up_a_description(
    describe: Callable[..., Any], write: Write
) -> None:
    """Whatever it waits for."""
    entry = write(
        "strategy.py",
        HEAD
        + """
import threading
threading.Thread(target=threading.Event().wait).start()
@backtest
def run(parameters, scenario):
    return Result({})
""",
    )
    assert "fault" not in describe(entry)


def test_an_answer_too_long_for_any_client_is_no_result(start: Start, write: Write) -> None:
    """Instead of a line that ends the conversation."""
    entry = write(
        "strategy.py",
        f"{HEAD}\n@backtest\ndef run(p, s):\n    return Result({{'text': 'x' * p['n']}})",
    )
    harness = start(entry)
    answer = harness.run(n=LONGEST_ANSWER)
    assert (answer["id"], answer["category"]) == ("1", "no result")
    assert answer["message"].endswith(f" bytes: expected at most {LONGEST_ANSWER}")
    assert harness.run(n=1)["statistics"] == {"text": "x"}


@pytest.mark.alike(2)
@pytest.mark.parametrize("how", ["path", "isolated", "bare", "module", "elsewhere"])
def test_it_runs_by_path_and_as_a_module(
    start: Start,
    write: Write,
    program: list[str],
    how: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """With Python's own `statistics`, and neither its folder nor the current one on the path."""
    entry = write(
        "strategy.py",
        HEAD
        + """
import statistics, leanopt_harness
@backtest
def run(parameters, scenario):
    return Result({
        "mean": statistics.mean([1, 2]),
        "package": leanopt_harness.__file__,
        "path": " ".join(sys.path),
        "first": sys.path[0],
    })
""",
    )
    package = program[1]
    monkeypatch.chdir(tmp_path)
    programs = {
        "path": [sys.executable, package],
        "isolated": [sys.executable, "-I", package + "/"],
        "bare": [sys.executable, "-I", "-S", package],
        "module": [sys.executable, "-m", "leanopt_harness"],
        "elsewhere": [sys.executable, os.path.relpath(package)],
    }
    found = start(entry, program=programs[how]).run()["statistics"]
    assert found["mean"] == 1.5
    assert found["package"] == f"{package}/__init__.py"
    assert found["first"] == str(tmp_path / "project")
    folders = found["path"].split()
    assert package not in folders
    assert str(tmp_path) not in folders
    if how == "bare":
        assert str(Path(package).parent) not in folders


@pytest.mark.alike(1)
@pytest.mark.parametrize("closed", ["2>&-", "<&-", "<&- 2>&-"])
def test_it_runs_without_an_input_or_a_standard_error(
    write: Write, program: list[str], closed: str
) -> None:
    """What is printed is lost then, and nothing else."""
    entry = write("strategy.py", f"{HEAD}\nprint('x')\n@backtest\ndef run(p, s):\n    return 1")
    command = shlex.join([*program, "describe", "--entry", entry])
    done = subprocess.run(["sh", "-c", f"{command} {closed}"], stdout=subprocess.PIPE, check=True)
    assert "fault" not in json.loads(done.stdout)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["serve", "--entry", "strategy.py"], 'entry "strategy.py": expected FILE.py:FUNCTION'),
        (["serve", "--entry", "strategy:run"], 'entry "strategy:run": expected FILE.py:FUNCTION'),
        (
            ["serve", "--entry", "a/s.py:run", "--project", "b"],
            "is not in the project folder",
        ),
        (["serve"], "--entry"),
        ([], "required"),
    ],
)
def test_a_wrong_command_line_is_explained(
    program: list[str], arguments: list[str], message: str
) -> None:
    """On standard error, with exit code 2."""
    done = subprocess.run([*program, *arguments], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert message in done.stderr
