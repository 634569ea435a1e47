"""What a harness reports to have opened, and what it leaves out."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Start = Callable[..., Any]
Write = Callable[[str, str], str]

HEAD = """
import os
from pathlib import Path
from leanopt_harness import Result, backtest
HERE = Path(__file__).parent
"""
BODY = """
@backtest
def run(parameters, scenario):
    do = parameters.get("do", "pass")
    exec(do)
    return Result({"Net Profit": 1})
"""


MADE = """
import tempfile
made = tempfile.mkdtemp()
open(f'{made}/a', 'x').close()
open(f'{made}/a').close()
os.listdir(made)
tempfile.TemporaryFile().close()
"""
RENAMED = """
(HERE / 'new').write_text('1')
os.replace(HERE / 'new', HERE / 'old')
(HERE / 'old').read_text()
"""


@pytest.fixture
def ask(run: Callable[..., Any], program: list[str], write: Write, tmp_path: Path) -> Any:
    """Return what runs Python code as a backtest, and gives the answer; in an empty folder."""
    entry = write("strategy.py", HEAD + BODY)
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    harness = run(*program, "serve", "--entry", entry, cwd=scratch)

    def answer(code: str, **scenario: str) -> Any:
        backtest = {"parameters": {"do": code}, "scenario": scenario}
        return harness.ask({"id": "1", "backtest": backtest})

    return answer


def opened(answer: Any, folder: Path) -> dict[str, Any]:
    """Return what was opened below a folder, by its name from there."""
    told = answer.get("opened", {})
    return {os.path.relpath(path, folder): state for path, state in told.items()}


def state(path: Path) -> list[int]:
    """Return a file's state as the protocol words it."""
    return [path.stat().st_size, path.stat().st_mtime_ns]


@pytest.mark.smoke
def test_files_that_are_read(ask: Any, tmp_path: Path) -> None:
    """Once, and again where one has changed; also by an answer that is an error."""
    project = tmp_path / "project"
    side = project / "side.txt"
    side.write_text("1")
    assert opened(ask("(HERE / 'side.txt').read_text()"), project) == {"side.txt": state(side)}
    assert "opened" not in ask("(HERE / 'side.txt').read_text()")
    assert "opened" not in ask("pass")
    os.utime(side, ns=(5, 5))
    failed = ask("open(HERE / 'side.txt', 'r+').read(); raise ValueError(1)")
    assert failed["status"] == "error"
    assert opened(failed, project) == {"side.txt": [1, 5]}
    absent = ask("open(HERE / 'absent.txt')")
    assert opened(absent, project) == {"absent.txt": None}
    (project / "absent.txt").write_text("")
    again = opened(ask("os.close(os.open(HERE / 'absent.txt', os.O_RDONLY))"), project)
    assert again == {"absent.txt": state(project / "absent.txt")}


def test_folders_that_are_listed(ask: Any, tmp_path: Path) -> None:
    """By the hash of their names, without what leanopt and Python write there."""
    project = tmp_path / "project"
    for name in (".leanopt", "__pycache__", "b"):
        (project / name).mkdir(exist_ok=True)
    named = hashlib.sha256(b"b\0strategy.py").hexdigest()
    assert opened(ask("os.listdir(HERE)"), project) == {".": named}
    assert "opened" not in ask("list(HERE.iterdir())")
    (project / "a").touch()
    more = hashlib.sha256(b"a\0b\0strategy.py").hexdigest()
    assert opened(ask("list(os.scandir(HERE))"), project) == {".": more}
    assert opened(ask("os.listdir(HERE / 'none')"), project) == {"none": None}


def test_what_is_left_out(ask: Any, tmp_path: Path) -> None:
    """Data, scratch, Python, distributions, the strategy's own source, and what it has made."""
    data = tmp_path / "data"
    data.mkdir()
    (data / "bars.csv").write_text("1")
    for code in (
        "(scenario.data / 'bars.csv').read_text(); os.listdir(scenario.data)",
        "open('mine', 'w').close(); open('mine').close(); os.listdir(); os.listdir('.')",
        "import json.tool, colorsys; import numpy.linalg; open(os.__file__).close()",
        "Path(__file__).read_text()",
        "open('/proc/self/stat').close(); open(os.devnull).close()",
        MADE,
        RENAMED,
        "open(HERE / 'log', 'a').close(); open(HERE / 'log').close()",
        "os.stat(HERE / 'side.txt') if (HERE / 'side.txt').exists() else None",
    ):
        answer = ask(code, data=str(data))
        assert answer["status"] == "complete", answer
        assert "opened" not in answer, (code, answer["opened"])


def test_what_the_import_reads_is_in_the_first_answer(
    start: Start, write: Write, tmp_path: Path
) -> None:
    """And in no other."""
    write("table.txt", "1\n")
    entry = write("strategy.py", f"{HEAD}\nTABLE = (HERE / 'table.txt').read_text()\n{BODY}")
    harness = start(entry)
    assert opened(harness.run(), tmp_path / "project").keys() == {"table.txt"}
    assert "opened" not in harness.run()


def test_what_no_file_shows(ask: Any) -> None:
    """A sentence for each kind, once."""
    first = ask("import subprocess; subprocess.run(['true']); os.system('exit 0')")
    assert first["unseen"] == {"program": "starts a program (true)"}
    assert "unseen" not in ask("os.system('exit 0')")
    code = "pid = os.fork()\nif not pid: os._exit(0)\nos.waitpid(pid, 0)"
    assert ask(code)["unseen"] == {"process": "starts processes of its own"}
    code = (
        "import socket\ntry: socket.create_connection(('127.0.0.1', 9), 0.1)\nexcept OSError: pass"
    )
    assert ask(code)["unseen"] == {"connection": "connects to ('127.0.0.1', 9)"}


def test_strange_arguments_are_the_strategys_own_mistakes(ask: Any) -> None:
    """The notes neither hide an error nor make another."""
    for code, message in (
        ("open(None)", "TypeError"),
        ("open(chr(0))", "ValueError"),
        ("os.listdir(object())", "TypeError"),
        ("open(99)", "OSError"),
    ):
        assert ask(code)["message"].startswith(message), code


def test_modules_that_are_looked_for(
    run: Callable[..., Any], program: list[str], write: Write, tmp_path: Path
) -> None:
    """In a folder of PYTHONPATH: there or not, by any kind of import, compiled or not."""
    lib = tmp_path / "lib"
    lib.mkdir()
    (lib / "gadget.py").write_text("")
    environment = {**os.environ, "PYTHONPATH": str(lib)}
    entry = write("strategy.py", HEAD + BODY)
    for turn in range(2):  # the second time, Python has compiled it
        scratch = tmp_path / f"scratch-{turn}"
        scratch.mkdir()
        harness = run(*program, "serve", "--entry", entry, cwd=scratch, env=environment)
        told = opened(harness.run(do="import gadget"), lib)
        assert told["gadget.py"] == state(lib / "gadget.py")
        for code, name in (
            ("try: import absent\nexcept ImportError: pass", "absent"),
            ("import importlib.util; importlib.util.find_spec('nothing')", "nothing"),
        ):
            told = opened(harness.run(do=code), lib)
            assert told[f"{name}.py"] is None
            assert told[f"{name}/__init__.py"] is None
            assert "opened" not in harness.run(do=code)


def test_compiled_modules(ask: Any, tmp_path: Path) -> None:
    """A module that is machine code is opened by the system, and counts like any other."""
    folder = tmp_path / "project"
    (folder / "gadget.so").write_text("no machine code")
    on_path = f"import sys; sys.path.insert(0, {str(folder)!r})"
    code = f"{on_path}\ntry: import gadget\nexcept ImportError: pass"
    assert opened(ask(code), folder)["gadget.so"] == state(folder / "gadget.so")


@pytest.mark.alike(2)
@pytest.mark.parametrize(
    "place",
    [
        "HERE / 'a b.db'",
        "os.chdir(HERE) or 'a b.db'",
        "f'file:{HERE}/a%20b.db?mode=ro', uri=True",
        "f'file://{HERE}/a%20b.db?immutable=1#x', uri=True",
        "os.chdir(HERE) or 'file:a%20b.db', uri=True",
    ],
)
def test_databases_of_sqlite(ask: Any, tmp_path: Path, place: str) -> None:
    """By path or URI, relative or not; one in memory is no file."""
    database = tmp_path / "project" / "a b.db"
    database.touch()
    code = f"import sqlite3; sqlite3.connect({place}).close()"
    assert opened(ask(code), database.parent) == {"a b.db": state(database)}
    for memory in (
        "':memory:'",
        "''",
        "'file::memory:', uri=True",
        "'file:x?mode=memory', uri=True",
    ):
        assert "opened" not in ask(f"import sqlite3; sqlite3.connect({memory}).close()")
