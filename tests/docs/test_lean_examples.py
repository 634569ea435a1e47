"""The LEAN examples: leanopt finds their parameters, and their pipelines have no errors."""

from __future__ import annotations

import re
import shlex
import shutil
import tomllib
from pathlib import Path
from typing import Any

import pytest

from tests.lean_data import Folder, weekdays

EXAMPLES = Path(__file__).parents[2] / "examples"
PROJECTS = ("lean", "lean-python")
SEARCHED = {"fast": 10, "slow": 50, "enter": 0.002, "leave": 0.002, "stop": 0.08}
COMMAND = re.compile(r"^\$ (leanopt (?:\\\n|.)+)$", re.MULTILINE)


def pipeline(folder: Path, name: str = "pipeline.toml") -> dict[str, Any]:
    """Return what a pipeline says."""
    return tomllib.loads((folder / name).read_text(encoding="utf-8"))


@pytest.fixture(params=PROJECTS)
def example(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A copy of an example, with LEAN's data where it has a little."""
    left_out = shutil.ignore_patterns(".leanopt", "__pycache__")
    copy = Path(shutil.copytree(EXAMPLES / request.param, tmp_path / "example", ignore=left_out))
    data = Folder(tmp_path / "data").reference()
    data.days("equity/usa/daily/spy.zip", weekdays("2003-01-01", "2007-12-31"))
    (copy / ".env").write_text(f"LEAN_DATA={data.path}\n")
    return copy


def test_init_proposes_every_parameter(example: Path, leanopt) -> None:
    """Around its default; the pipeline searches the same ones, of the same project and days."""
    done = leanopt(example, "init", "Trend", "-o", "draft.toml")
    assert done.returncode == 0, done.stderr
    draft, own = pipeline(example, "draft.toml"), pipeline(example)
    assert list(draft["parameters"]) == re.findall(
        r"[gG]et_?[pP]arameter\(\"(\w+)", source(example)
    )
    assert draft["parameters"].keys() == own["parameters"].keys() == SEARCHED.keys()
    for name, default in SEARCHED.items():
        proposed = draft["parameters"][name]
        assert proposed["min"] < default < proposed["max"]
        assert own["parameters"][name]["min"] < default < own["parameters"][name]["max"]
    for table in ("strategy", "scenario", "fitness", "executor"):
        assert draft[table] == own[table]


def source(example: Path) -> str:
    """Return the text of the strategy."""
    (file,) = (path for path in (example / "Trend").iterdir() if path.suffix in {".cs", ".py"})
    return file.read_text(encoding="utf-8")


@pytest.mark.usefixtures("engine")
def test_the_pipeline_has_no_errors(example: Path, leanopt) -> None:
    """Nor has the draft."""
    leanopt(example, "init", "Trend", "-o", "draft.toml")
    for name in ("pipeline.toml", "draft.toml"):
        done = leanopt(example, "check", name)
        assert (done.stdout, done.returncode) == (f"{name}: ok\n", 0), done.stderr


def test_both_examples_search_the_same() -> None:
    """Only names differ."""
    one, other = ({**pipeline(EXAMPLES / name), "name": ""} for name in PROJECTS)
    assert one == other


def test_the_commands_of_the_readme_exist(leanopt, tmp_path: Path) -> None:
    """With their options."""
    text = (EXAMPLES / "lean" / "README.md").read_text(encoding="utf-8")
    lines = [shlex.split(line.replace("\\\n", "")) for line in COMMAND.findall(text)]
    assert {line[1] for line in lines} == {"init", "check", "plan", "run", "show", "export"}
    for _, command, *words in lines:
        options = {word for word in words if word.startswith("-")}
        shown = leanopt(tmp_path, command, "--help").stdout
        assert all(option in shown for option in options), command
