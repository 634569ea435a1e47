"""Every shipped plugin is broken in ten ways and more, and its kit notices each of them.

A file in `mutants/` lists the mutants of a plugin: a text of its source, and what stands there
instead. The kit is run on a copy. `make test-all` runs the first mutant of each plugin, `make
mutants` all of them.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
LISTS = sorted(Path(__file__).with_name("mutants").glob("*.toml"))
#: Exit codes of pytest.
PASSED, FAILED = 0, 1
AT_LEAST = 10


def plugins() -> dict[str, dict[str, Any]]:
    """Return the lists of mutants by plugin."""
    return {path.stem: tomllib.loads(path.read_text(encoding="utf-8")) for path in LISTS}


def mutants() -> Iterator[Any]:
    """Yield each mutant as a parameter; the first of each plugin stands for the others."""
    for name, plugin in plugins().items():
        for number, mutant in enumerate(plugin["mutant"]):
            marks = (pytest.mark.long,) if number == 0 else (pytest.mark.mutants,)
            yield pytest.param(plugin, mutant, id=f"{name}: {mutant['what']}", marks=marks)


@pytest.mark.parametrize("name", plugins())
def test_a_plugin_has_enough_mutants_and_each_applies(name: str) -> None:
    """Ten that the kit kills; the text of each stands once in the source, so that it is found."""
    plugin = plugins()[name]
    assert sum("survives" not in mutant for mutant in plugin["mutant"]) >= AT_LEAST
    for mutant in plugin["mutant"]:
        source = (ROOT / plugin["package"] / mutant["file"]).read_text(encoding="utf-8")
        assert source.count(mutant["old"]) == 1, mutant["what"]
        compile(source.replace(mutant["old"], mutant["new"]), mutant["file"], "exec")


@pytest.mark.slow
@pytest.mark.parametrize(("plugin", "mutant"), list(mutants()))
def test_a_mutant_is_killed(plugin: dict[str, Any], mutant: dict[str, Any], tmp_path: Path) -> None:
    """By a failing test of the kit, not by one that cannot be collected; or the list says why."""
    package = ROOT / plugin["package"]
    copy = tmp_path / package.name
    shutil.copytree(package, copy, ignore=shutil.ignore_patterns("__pycache__"))
    file = copy / mutant["file"]
    source = file.read_text(encoding="utf-8")
    file.write_text(source.replace(mutant["old"], mutant["new"]), encoding="utf-8")
    ended = _run_kit(plugin["kit"], tmp_path)
    expected = PASSED if "survives" in mutant else FAILED
    assert ended.returncode == expected, ended.stdout[-4000:] + ended.stderr[-2000:]


def _run_kit(kit: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run the kit until its first failure, with the packages in `folder` before the installed."""
    options = ("-x", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", "--rootdir", str(ROOT))
    return subprocess.run(
        [sys.executable, "-m", "pytest", *options, "-m", "", str(ROOT / kit)],
        cwd=folder,
        # A plugin that never answers fails soon.
        env={**os.environ, "PYTHONPATH": str(folder), "LEANOPT_KIT_CALL_LIMIT": "5"},
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
