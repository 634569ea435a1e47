"""A pipeline from a LEAN project's source: what is found, that it is right, that it passes."""

from __future__ import annotations

import json
import re
import tomllib
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from leanopt_lean.checks import check
from leanopt_lean.source import scan

from leanopt_core.pipeline import load_pipeline
from leanopt_core.plugins import discover

REAL = Path(__file__).parents[3] / "tests" / "lean-results" / "EmaBands.cs"
PYTHON = """from AlgorithmImports import *


class Trend(QCAlgorithm):
    def initialize(self):
        self.set_start_date(2013, 10, 7)
        self.set_end_date(self.start_date + timedelta(90))
        self.add_equity("SPY", Resolution.HOUR)
        self.fast = int(self.get_parameter("ema-fast", "20"))
        self.stop = float(self.get_parameter("stop"))
        self.kind = self.get_parameter("kind", "ema")
        if self.kind == "sma":
            self.debug(self.kind)
        self.short = self.get_parameter("short", "false") == "true"
"""

#: There is no data where LEAN_DATA leads, and no LEAN.
NO_DATA = ("--no-import", "--set", "strategy.check_data=false")


@pytest.fixture
def csharp(tmp_path: Path) -> Path:
    """The real strategy as a project."""
    folder = tmp_path / "EmaBands"
    folder.mkdir()
    (folder / "EmaBands.cs").write_bytes(REAL.read_bytes())
    (folder / "EmaBands.csproj").touch()
    return folder


@pytest.fixture
def python(tmp_path: Path) -> Path:
    """A project as LEAN CLI makes it."""
    folder = tmp_path / "Trend"
    folder.mkdir()
    (folder / "main.py").write_text(PYTHON)
    return folder


def table(pipeline: Path) -> dict[str, Any]:
    """Return a pipeline's tables."""
    return tomllib.loads(pipeline.read_text(), parse_float=Decimal)


def test_a_csharp_project(csharp: Path, leanopt) -> None:
    """What the source takes for dates and symbol becomes the scenario, the rest is searched."""
    said = leanopt(csharp.parent, "init", "EmaBands").stdout
    assert "export LEAN_DATA=" in said
    made = table(csharp / "pipeline.toml")
    assert made["name"] == "EmaBands"
    assert made["strategy"] == {"engine": "lean", "project": ".", "data": "${LEAN_DATA}"}
    assert made["scenario"] == {
        "symbol": "SPY",
        "start": date(2003, 1, 1),
        "end": date(2007, 12, 31),
        "cash": 100000,
        "resolution": "daily",
        "pass_as": {"start": "start", "end": "end", "resolution": "resolution"},
    }
    assert made["executor"] == {"use": "docker", "image": "quantconnect/lean:latest"}
    assert list(made["parameters"]) == ["fast", "slow", "entry", "exit", "stop", "fault"]
    assert made["parameters"]["slow"] == {"min": 20, "max": 60, "step": 2}
    assert made["fitness"]["statistic"] == "Sharpe Ratio"


def test_a_python_project(python: Path, leanopt) -> None:
    """Written dates are repeated, what is worked out is left open; texts become numbers."""
    leanopt(python, "init", ".")
    made = table(python / "pipeline.toml")
    assert made["scenario"] == {"symbol": "SPY", "start": date(2013, 10, 7)}
    text = (python / "pipeline.toml").read_text()
    assert "start = 2013-10-07  # from main.py:6; leanopt passes this value to LEAN" in text
    assert "# end = 2019-12-31  # main.py:7 computes it" in text
    assert made["parameters"] == {
        "ema-fast": {"min": 10, "max": 30, "step": 1},
        "stop": {"min": 5, "max": 50, "step": 5},
        "kind": {"choices": ["ema", "sma"]},
        "short": {"choices": ["false", "true"]},
    }


@pytest.mark.parametrize("language", ["csharp", "python"])
def test_the_pipeline_passes_the_checks(language: str, request, leanopt) -> None:
    """Of the pipeline, and of its source: nothing that is given is lost or unread."""
    project = request.getfixturevalue(language)
    leanopt(project, "init", ".", LEAN_DATA=str(project))
    file = project / "pipeline.toml"
    checked = leanopt(project, "check", file.name, *NO_DATA, LEAN_DATA=str(project))
    assert checked.stdout == "pipeline.toml: ok\n"
    pipeline = load_pipeline(file, discover(), environment={"LEAN_DATA": str(project)})
    names = [axis.name for axis in pipeline.space.axes]
    assert check(scan(project), pipeline.scenarios, names).problems == ()


def test_values_of_lean_cli_count_first(python: Path, leanopt) -> None:
    """Its config.json has what `lean backtest` takes; what no source reads is left out."""
    config = {"algorithm-language": "Python", "parameters": {"stop": "0.5", "gone": "1"}}
    (python / "config.json").write_text(json.dumps(config))
    leanopt(python, "init", "main.py")
    made = table(python / "pipeline.toml")["parameters"]
    assert "gone" not in made
    assert made["stop"] == {
        "min": Decimal("0.26"), "max": Decimal("0.74"), "step": Decimal("0.02"),
    }  # fmt: skip
    text = PYTHON.replace('"kind", "ema"', "self.time.ctime()")
    (python / "main.py").write_text(text)
    said = leanopt(python, "init", "main.py", "-o", "other.toml").stdout
    assert "Some names are made at run time (main.py:11): add those" in said
    assert "gone" in table(python / "other.toml")["parameters"]


BASE = {
    "main.py": PYTHON.replace("from AlgorithmImports import *", "from base import Own").replace(
        "(QCAlgorithm)", "(Own)"
    ),
    "base.py": "from AlgorithmImports import *\n\n\nclass Own(QCAlgorithm):\n    pass\n",
}


@pytest.mark.parametrize("named", [".", "main.py"])
def test_a_base_class_in_another_file(tmp_path: Path, leanopt, named: str) -> None:
    """It makes a project LEAN's as well."""
    for name, text in BASE.items():
        (tmp_path / name).write_text(text)
    leanopt(tmp_path, "init", named)
    assert table(tmp_path / "pipeline.toml")["strategy"]["engine"] == "lean"


def proposed(folder: Path, leanopt, text: str) -> tuple[dict[str, Any], str]:
    """Return the parameters that are proposed for an algorithm, and the pipeline's text."""
    (folder / "main.py").write_text(PYTHON[: PYTHON.index("        self.set_")] + text)
    leanopt(folder, "init", ".")
    file = folder / "pipeline.toml"
    made = table(file)
    checked = leanopt(folder, "check", file.name, *NO_DATA, LEAN_DATA=str(folder))
    assert checked.stdout == "pipeline.toml: ok\n"
    return made.get("parameters", {}), file.read_text()


def test_a_date_in_digits_is_no_number(tmp_path: Path, leanopt) -> None:
    """It stays as it is written; a scenario's date would travel in another form."""
    text = """\
        self.set_start_date(datetime.strptime(self.get_parameter("from", "20040102"), "%Y%m%d"))
        self.fast = self.get_parameter("fast", 10)
"""
    made, written = proposed(tmp_path, leanopt, text)
    assert made["from"] == "20040102"
    assert "# start = 2004-01-02  # the strategy reads it as 'from', written as 20040102" in written
    assert "pass_as" not in written


def test_what_is_proposed_fits(tmp_path: Path, leanopt) -> None:
    """The type that is asked for counts before what the source makes of it."""
    text = """\
        self.a = float(self.get_parameter("a", 10))
        self.b = int(float(self.get_parameter("b", "10.0")))
        self.c = self.get_parameter("c", 10.0)
        self.d = self.get_parameter("d", True)
        self.e = bool(self.get_parameter("e"))
"""
    made, written = proposed(tmp_path, leanopt, text)
    whole = {"min": 5, "max": 15, "step": 1}
    assert made["a"] == made["b"] == whole
    assert made["c"]["step"] == Decimal("0.5")
    assert made["d"] == {"choices": [0, 1]}
    assert "e" not in made
    assert "Left out: e, since bool() at main.py:10 reads every text as true" in written


def test_a_member_without_a_setter_is_left_out(tmp_path: Path, leanopt) -> None:
    """And said to be."""
    text = """class Own : QCAlgorithm {
        [Parameter("fixed")] public int Fixed { get; } = 1;
        [Parameter("free")] public int Free { get; set; } = 10; }"""
    (tmp_path / "Own.cs").write_text(text)
    (tmp_path / "Own.csproj").touch()
    leanopt(tmp_path, "init", ".")
    assert list(table(tmp_path / "pipeline.toml")["parameters"]) == ["free"]
    written = (tmp_path / "pipeline.toml").read_text()
    assert "Left out: fixed at Own.cs:2, since Fixed cannot be set" in written


def test_a_space_that_does_not_fit_is_refused(python: Path, leanopt) -> None:
    """By `check` already."""
    leanopt(python, "init", ".")
    file = python / "pipeline.toml"
    halves = re.sub(r"(ema-fast = .*)step = 1", r"\1step = 0.5", file.read_text())
    file.write_text(halves)
    refused = leanopt(python, "check", file.name, check=False, LEAN_DATA=str(python))
    assert refused.returncode == 5
    assert (
        "parameters.ema-fast: found 10.5, but main.py:9 converts it to a whole number"
        in refused.stderr
    )


def test_one_of_several_algorithms(csharp: Path, leanopt) -> None:
    """Named where it must be; else they are listed and nothing is written."""
    (csharp / "Other.cs").write_text("class Other : QCAlgorithm { }")
    refused = leanopt(csharp, "init", ".", check=False)
    assert refused.returncode == 5
    assert "has several algorithms: EmaBands (EmaBands.cs:9), Other (Other.cs:1)" in refused.stderr
    assert "; choose one with --algorithm, as Other" in refused.stderr
    wrong = leanopt(csharp, "init", ".", "--algorithm", "EmaBand", check=False).stderr
    assert "--algorithm: found 'EmaBand', expected a class of" in wrong
    leanopt(csharp, "init", ".", "--algorithm", "EmaBands")
    assert table(csharp / "pipeline.toml")["strategy"]["algorithm"] == "EmaBands"
    none = leanopt(csharp, "init", ".", "--algorithm", "Other", "-o", "b.toml", check=False)
    assert none.returncode == 2
    assert 'reads no parameters; use GetParameter("fast", 10) for each' in none.stderr


def test_names_made_at_run_time(leanopt, tmp_path: Path) -> None:
    """Where all names are, there is a pipeline, for the user to write them into."""
    text = PYTHON.partition("        self.fast")[0]
    (tmp_path / "main.py").write_text(f"{text}        self.get_parameter(self.name)\n")
    said = leanopt(tmp_path, "init", ".").stdout
    assert said.startswith("\nSome names are made at run time (main.py:9): add those")
    pipeline = tmp_path / "pipeline.toml"
    assert table(pipeline)["parameters"] == {}
    pipeline.write_text(pipeline.read_text().replace("# name = {", "mine = {"))
    checked = leanopt(tmp_path, "check", ".", LEAN_DATA=str(tmp_path), check=False)
    assert "parameters.mine" not in checked.stderr


MISTAKES = {
    "no project": ({}, "with a function marked @backtest: none"),
    "no parameter": ({"main.py": "class A(QCAlgorithm): pass\n"}, "reads no parameters; use self"),
    "no json": ({"main.py": PYTHON, "config.json": "{"}, "config.json is not JSON: "),
    "no csproj": ({"A.cs": "class A : QCAlgorithm { }"}, "has C# sources but no .csproj"),
}


@pytest.mark.parametrize("case", MISTAKES)
def test_what_is_missing_is_said_and_nothing_is_written(tmp_path: Path, leanopt, case: str) -> None:
    """With what to do."""
    files, message = MISTAKES[case]
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    done = leanopt(tmp_path, "init", ".", check=False)
    assert done.returncode in (2, 5)
    assert message in done.stderr
    assert not (tmp_path / "pipeline.toml").exists()
