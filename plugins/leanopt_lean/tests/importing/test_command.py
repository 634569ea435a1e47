"""`leanopt import` itself: what it writes passes `check`, and what it says."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

#: Its data folder is empty, and there is no LEAN.
NO_DATA = ("--no-import", "--set", "strategy.check_data=false")


@pytest.fixture
def folder(tmp_path: Path, lean) -> Path:
    """A workspace of LEAN's command line, with a configuration of its optimizer."""
    project = tmp_path / "Trend"
    project.mkdir()
    source = (
        "from AlgorithmImports import *\n\n\n"
        "class Trend(QCAlgorithm):\n"
        "    def initialize(self):\n"
        '        self.fast = self.get_parameter("fast", 3.0)\n'
    )
    (project / "main.py").write_text(source)
    (tmp_path / "data").mkdir()
    (tmp_path / "lean.json").write_text('{"data-folder": "data"}')
    document = lean(optimizer_close_automatically=True)
    (project / "optimizer-config.json").write_text(json.dumps(document))
    return tmp_path


def test_what_is_written_passes_check(folder: Path, leanopt) -> None:
    """Of each of the three; `check` is the real one, with the real engine and executor."""
    done = leanopt(folder, "import", "Trend/optimizer-config.json")
    assert done.stdout.splitlines()[0] == "wrote pipeline.toml; review it, then run:"
    assert done.stderr == (
        "Trend/optimizer-config.json: optimizer-close-automatically: not translated: "
        "leanopt always exits when it is done\n"
    )
    assert leanopt(folder, "check", "pipeline.toml", *NO_DATA).stdout == "pipeline.toml: ok\n"
    line = (
        *("lean", "optimize", "Trend", "--strategy", "euler search", "--target", "Drawdown"),
        *("--target-direction", "min", "--parameter", "fast", "1", "9", "0.5"),
    )
    leanopt(folder, "import", "-o", "typed.toml", "--", *line)
    assert leanopt(folder, "check", "typed.toml", *NO_DATA).stdout == "typed.toml: ok\n"


def test_nothing_is_overwritten_and_nothing_is_left(folder: Path, leanopt) -> None:
    """A file that is there stays; one that would not pass is not written, and says why."""
    path = folder / "pipeline.toml"
    path.write_text("mine")
    again = leanopt(folder, "import", "Trend/optimizer-config.json", check=False)
    assert again.returncode == 2
    assert again.stderr == ("leanopt: pipeline.toml already exists; choose another with --output\n")
    assert path.read_text() == "mine"
    config = folder / "Trend" / "optimizer-config.json"
    document = json.loads(config.read_text())
    document["parameters"] = [{"name": "fast", "value": "3"}]
    config.write_text(json.dumps(document))
    refused = leanopt(folder, "import", str(config), "-o", "other.toml", check=False)
    assert refused.returncode == 3
    assert (
        f"{config}: parameters: found nothing, expected at least one parameter with min and max"
        in refused.stderr
    )
    assert not (folder / "other.toml").exists()


def test_force_overwrites_once_the_import_is_known_to_succeed(folder: Path, leanopt) -> None:
    """A file stays as it was if not."""
    path = folder / "pipeline.toml"
    path.write_text("mine")
    config = folder / "Trend" / "optimizer-config.json"
    document = json.loads(config.read_text())
    document["optimization-criterion"]["target-value"] = 10**40
    bad = config.with_name("bad.json")
    bad.write_text(json.dumps(document))
    assert leanopt(folder, "import", str(bad), "--force", check=False).returncode == 3
    assert path.read_text() == "mine"
    leanopt(folder, "import", str(config), "--force")
    assert leanopt(folder, "check", "pipeline.toml", *NO_DATA).stdout == "pipeline.toml: ok\n"


def test_what_only_the_plugin_refuses_is_said_where_it_came_from(folder: Path, leanopt) -> None:
    """A population of one, in lean-optimizer's file."""
    config = folder / "config"
    config.mkdir()
    parameter = {"name": "fast", "min": 1, "max": 9, "step": 1, "type": "int"}
    (config / "parameter_space.json").write_text(json.dumps({"parameters": [parameter]}))
    document = {
        "fitness": {"name": "calmar", "max_drawdown_limit": 250},
        "stages": {"genetic_standalone": {"enabled": True, "population_size": 1}},
    }
    (config / "optimization_ga.json").write_text(json.dumps(document))
    refused = leanopt(folder, "import", ".", "--project", "Trend", check=False)
    assert refused.returncode == 3
    location = "config/optimization_ga.json"
    assert f"{location}: stages.genetic_standalone.population_size: found 1" in refused.stderr
    assert f'{location}: fitness.max_drawdown_limit: found "250%"' in refused.stderr
    assert not (folder / "pipeline.toml").exists()
    document["stages"]["genetic_standalone"]["population_size"] = 9
    document["fitness"] = {"name": "calmar"}
    (config / "optimization_ga.json").write_text(json.dumps(document))
    done = leanopt(folder, "import", ".", "--project", "Trend")
    assert "set these variables first, in the environment or in .env: LEAN_DATA\n" in done.stderr
    (folder / ".env").write_text("LEAN_DATA=data\n")
    assert leanopt(folder, "check", "pipeline.toml", *NO_DATA).stdout == "pipeline.toml: ok\n"
