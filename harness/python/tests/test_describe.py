"""What a strategy is, by content, and what happens where it cannot be imported."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import re
import subprocess
import sys
from collections.abc import Callable
from importlib.metadata import distributions, version
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.long  # `make test` runs a few of them

Start = Callable[..., Any]
Write = Callable[[str, str], str]
Describe = Callable[..., Any]

RUN = """
from leanopt_harness import Result, backtest
@backtest
def run(parameters, scenario):
    return Result({})
"""


def sha256(path: Path) -> str:
    """Return a file's hash, independently."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.smoke
def test_it_says_what_the_strategy_is(describe: Describe, write: Write, tmp_path: Path) -> None:
    """Files, interpreter, platform, distributions and the harness itself."""
    entry = write("strategy.py", RUN)
    found = describe(entry)
    assert found["files"] == {"strategy.py": sha256(tmp_path / "project/strategy.py")}
    assert found["outside"] == {}
    assert found["python"] == {"implementation": "cpython", "version": platform.python_version()}
    assert found["platform"] == f"{platform.system()}-{platform.machine()}".lower()
    installed = {re.sub("[-_.]+", "-", one.name).lower(): one.version for one in distributions()}
    assert found["distributions"] == installed
    assert list(found["distributions"]) == sorted(found["distributions"])
    assert found["harness"]["version"] == version("leanopt-harness")
    assert len(found["harness"]["sha256"]) == 64
    assert "fault" not in found


def test_the_identity_is_the_documented_hash_and_the_hellos(
    describe: Describe, start: Start, write: Write
) -> None:
    """The sha256 of the canonical JSON of `files`, `outside` and `python`."""
    entry = write("strategy.py", RUN)
    found = describe(entry)
    part = {key: found[key] for key in ("files", "outside", "python")}
    text = json.dumps(part, sort_keys=True, separators=(",", ":"))
    assert found["identity"] == hashlib.sha256(text.encode()).hexdigest()
    assert start(entry).hello()["identity"] == found["identity"]


def test_the_identity_does_not_depend_on_where_the_project_lies(
    describe: Describe, write: Write, tmp_path: Path
) -> None:
    """Nor on the hash seed, the time zone and the locale."""
    first = describe(write("one/strategy.py", RUN))["identity"]
    entry = write("two/strategy.py", RUN)
    environment = os.environ | {"PYTHONHASHSEED": "7", "TZ": "Asia/Tokyo", "LC_ALL": "C"}
    program = [sys.executable, str(Path(__file__).parents[1] / "leanopt_harness")]
    done = subprocess.run(
        [*program, "describe", "--entry", entry], env=environment, capture_output=True, check=True
    )
    assert json.loads(done.stdout)["identity"] == first


def test_every_file_that_imports_reach_is_there(describe: Describe, write: Write) -> None:
    """In functions, relative, of packages with their `__init__`, by constant name; no others."""
    for name in ("unused.py", "pkg/unused.py", "json/deep/unused.py", "tests/test_strategy.py"):
        write(name, "")
    write("top.py", "import missing_module_in_a_function" if False else "")
    write("inner.py", "def f():\n    from pkg.deep import leaf\n    import os.path, pkg.sibling\n")
    write("pkg/__init__.py", "")
    write("pkg/sibling.py", "from . import cousin\nfrom .deep.leaf import x\nfrom ... import up\n")
    write("pkg/cousin.py", "")
    write("pkg/deep/leaf.py", "x = 1\ntry:\n    from .. import other\nexcept ImportError: pass")
    write("pkg/other.py", "")
    write("by_name.py", "")
    write("typed.py", "")
    write("broken.py", "this is no Python")
    write("dynamic.py", "")
    entry = write(
        "strategy.py",
        "from __future__ import annotations\nimport importlib, top\n"
        "import importlib\nname = 'dyn' + 'amic'\nimportlib.import_module(name)\n"
        "from typing import TYPE_CHECKING\n"
        "if TYPE_CHECKING:\n    import typed\n"
        + RUN
        + "    import inner, broken, numpy\n    importlib.import_module('by_name')\n",
    )
    assert set(describe(entry)["files"]) == {
        "strategy.py",
        "top.py",
        "inner.py",
        "by_name.py",
        "typed.py",
        "broken.py",
        "dynamic.py",
        "pkg/__init__.py",
        "pkg/sibling.py",
        "pkg/cousin.py",
        "pkg/other.py",
        "pkg/deep/leaf.py",
    }


def test_a_project_above_the_entry_is_the_root(
    describe: Describe, start: Start, write: Write, tmp_path: Path
) -> None:
    """Imports start there, and beside the entry."""
    write("shared/tools.py", "x = 1")
    write("lines/beside.py", "y = 2")
    entry = write(
        "lines/trend.py",
        "from shared import tools\nimport beside\nfrom leanopt_harness import Result, backtest\n"
        "@backtest\ndef run(p, s):\n    return Result({'z': tools.x + beside.y})\n",
    )
    options = ("--project", str(tmp_path / "project"))
    found = describe(entry, *options)
    assert set(found["files"]) == {"lines/trend.py", "lines/beside.py", "shared/tools.py"}
    harness = start(entry, *options)
    assert harness.run()["statistics"] == {"z": 3}
    assert harness.hello()["identity"] == found["identity"]


def test_an_environment_inside_the_project_is_not_its_own(describe: Describe, write: Write) -> None:
    """What is installed is told by its version."""
    write(".venv/lib/python3/site-packages/library.py", "")
    entry = write(
        "strategy.py",
        "import os, sys\n"
        "sys.path.append(os.path.dirname(__file__) + '/.venv/lib/python3/site-packages')\n"
        "import library\n" + RUN,
    )
    assert set(describe(entry)["files"]) == {"strategy.py"}


def test_modules_from_elsewhere_are_told_by_name(
    describe: Describe, write: Write, tmp_path: Path
) -> None:
    """Neither the project's nor installed: a folder on `PYTHONPATH`, an editable install."""
    library = tmp_path / "library"
    library.mkdir()
    (library / "mine.py").write_text("x = 1")
    entry = write("strategy.py", f"import sys\nsys.path.append({str(library)!r})\nimport mine{RUN}")
    first = describe(entry)
    assert first["outside"] == {"mine": sha256(library / "mine.py")}
    (library / "mine.py").write_text("x = 2")
    assert describe(entry)["identity"] != first["identity"]


def test_an_edit_runs_at_once_and_changes_the_identity(
    describe: Describe, start: Start, write: Write, tmp_path: Path
) -> None:
    """Also one of the same size within the same second, that a compiled file would hide."""
    identities = []
    for value in (1, 2):
        write("helper.py", f"x = {value}")
        os.utime(tmp_path / "project/helper.py", (10**9, 10**9))
        entry = write(
            "strategy.py",
            "import helper\nfrom leanopt_harness import Result, backtest\n"
            "@backtest\ndef run(p, s):\n    return Result({'x': helper.x})\n",
        )
        command = [sys.executable, "-c", "import helper"]
        subprocess.run(command, cwd=tmp_path / "project", check=True)  # may write a compiled file
        identities.append(describe(entry)["identity"])
        assert start(entry).run()["statistics"] == {"x": value}
    assert identities[0] != identities[1]


def test_what_runs_is_what_was_hashed(start: Start, write: Write) -> None:
    """A file edited after the hello is imported in a backtest as it was; a new one is refused."""
    write("helper.py", "x = 1")
    entry = write(
        "strategy.py",
        """
        import importlib
        from leanopt_harness import Result, backtest
        @backtest
        def run(p, s):
            if p["new"]:
                importlib.import_module("".join(["n", "ew"]))
            import helper
            return Result({"x": helper.x})
        """,
    )
    harness = start(entry)
    harness.hello()
    write("helper.py", "x = 2")
    write("new.py", "")
    assert harness.run(new=False)["statistics"] == {"x": 1}
    message = harness.run(new=True)["message"]
    assert message.startswith("ImportError: new.py is not part of the strategy's identity")
    assert message.endswith("(strategy.py:7)")


def test_nothing_is_written_into_the_project(start: Start, write: Write, tmp_path: Path) -> None:
    """It may be read-only, and is the user's."""
    write("helper.py", "x = 1")
    start(write("strategy.py", f"import helper{RUN}")).run()
    assert {path.name for path in (tmp_path / "project").iterdir()} == {"helper.py", "strategy.py"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("import missing", "ModuleNotFoundError: No module named 'missing' (strategy.py:1)"),
        ("import helper", "ZeroDivisionError: division by zero (helper.py:2)"),
        ("x = 1\n    y = 2", "IndentationError: unexpected indent (strategy.py:2)"),
        ("import sys\nsys.exit(3)", "SystemExit: 3 (strategy.py:2)"),
        ("raise KeyboardInterrupt", "KeyboardInterrupt (strategy.py:1)"),
        ("x = 1", 'strategy.py has no function "run", nor anything marked with @backtest'),
        (RUN.replace("run", "ruin"), 'strategy.py has no function "run"; it has @backtest ruin'),
        ("def run(p, s): ...", "run in strategy.py is not marked with @backtest"),
        (
            "from leanopt_harness import backtest\n@backtest\ndef run(p): ...",
            "TypeError: @backtest: run(p) must take two arguments, (parameters, scenario) (",
        ),
    ],
)
def test_a_strategy_that_cannot_be_imported_is_a_fault(
    describe: Describe, start: Start, write: Write, text: str, message: str
) -> None:
    """In the description, in the hello and in the answer to a backtest, with the same identity."""
    write("helper.py", "x = 1\nx / 0")
    entry = write("strategy.py", text)
    found = describe(entry)
    harness = start(entry)
    hello = harness.hello()
    fault = {"category": "strategy error", "message": found["fault"]["message"]}
    assert message in fault["message"]
    assert found["fault"] == hello["fault"] == fault
    assert found["identity"] == hello["identity"]
    assert "strategy.py" in found["files"]
    answer = harness.run()
    assert {key: answer[key] for key in fault} == fault
    assert harness.close() == (b"", 0)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("json.py", "json.py has the name of a module that is in use ("),
        ("sys.py", "sys.py has the name of a module that is in use (built in); rename it"),
        ("leanopt_harness.py", "leanopt_harness.py has the name of a module that is in use ("),
        ("my.strategy.py", "my.strategy.py cannot be imported: a module's name has no dots"),
    ],
)
def test_a_file_that_python_cannot_import_is_to_be_renamed(
    describe: Describe, write: Write, name: str, message: str
) -> None:
    """Instead of another module of that name being run."""
    assert message in describe(write(name, RUN))["fault"]["message"]


def test_a_file_that_is_not_there_is_a_fault(describe: Describe, tmp_path: Path) -> None:
    """Named with its path."""
    found = describe(f"{tmp_path}/none.py:run")
    assert found["fault"]["message"] == f"there is no strategy file {tmp_path}/none.py"
    assert found["files"] == {}


def test_prints_at_import_are_not_in_the_description(describe: Describe, write: Write) -> None:
    """One object comes out, whatever the strategy says."""
    entry = write("strategy.py", f"import os\nprint('hello')\nos.system('echo hello'){RUN}")
    assert set(describe(entry)["files"]) == {"strategy.py"}


@pytest.mark.parametrize("name", ["my-strategy.py", "stratégie.py", "with space.py"])
def test_a_file_may_be_called_what_no_statement_could_import(
    describe: Describe, start: Start, write: Write, name: str
) -> None:
    """The entry is named by its path."""
    entry = write(name, RUN)
    assert set(describe(entry)["files"]) == {name}
    assert start(entry).run()["status"] == "complete"
