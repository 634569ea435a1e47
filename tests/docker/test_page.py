"""The how-to page's commands and tables, on the tests' image."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import tomllib
from pathlib import Path

from leanopt_core.executors.docker.settings import DockerOptions
from leanopt_core.pipeline.tables import ExecutorTable

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "how-to" / "docker.md").read_text()


def test_the_quickstart_runs_in_containers_by_one_set(folder: Path, leanopt, image: str) -> None:
    """As the page says, but for fewer trials and an image that is here."""
    quickstart = folder / "quickstart"
    ignored = shutil.ignore_patterns(".leanopt")
    shutil.copytree(ROOT / "examples" / "quickstart", quickstart, ignore=ignored)
    command = next(re.finditer(r"^\$ leanopt (run .*)$", PAGE, re.MULTILINE))[1]
    assert command.count("--set") == 1
    fewer = ["--set", "stage.0.trials=8", "--set", "stage.1.trials=8"]
    leanopt(quickstart, *shlex.split(command), *fewer, "--set", f"executor.image={image}")
    assert json.loads(leanopt(quickstart, "show", "--json").stdout)["trials"]["completed"] == 16


def test_the_page_s_tables_are_options() -> None:
    """Every key of its pipelines is one."""
    known = {one.name for kind in (DockerOptions, ExecutorTable) for one in kind.__attrs_attrs__}
    tables = re.findall(r"^```toml\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    assert len(tables) == 2
    for text in tables:
        assert set(tomllib.loads(text)["executor"]) <= known
