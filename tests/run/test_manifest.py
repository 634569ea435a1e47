"""`leanopt show --manifest` and `leanopt run --manifest`: the same run in another folder."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

from leanopt_core.distributions import involved

Leanopt = Callable[..., "subprocess.CompletedProcess[str]"]
FEW = ("--set", "stage.0.trials=6", "--set", "stage.1.trials=2")
SINK = '\n[[sink]]\nuse = "jsonl"\npath = "secret-sink.jsonl"\n'


@pytest.fixture
def manifest(project: Path, leanopt: Leanopt, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The manifest of a small run with overrides, data, a sink and a passed variable."""
    monkeypatch.setenv("HILL_MOOD", "secret-value")
    text = (project / "pipeline.toml").read_text()
    more = 'run"\ndata = "data"\nenvironment = ["HILL_MOOD"]\n'
    (project / "pipeline.toml").write_text(text.replace('run"\n', more) + SINK)
    (project / "data").mkdir()
    (project / "data" / "prices.csv").write_text("1")
    private = ("--set", "sink.0.path=secret-path.jsonl", "--set", "executor.time_limit=50s")
    leanopt(project, "run", "pipeline.toml", *FEW, *private, "--seed", "11")
    file = project / "manifest.json"
    file.write_text(leanopt(project, "show", "--manifest").stdout)
    return file


@pytest.fixture
def copy(project: Path, manifest: Path, tmp_path: Path) -> Path:
    """The project in another folder, without its store; the manifest is `manifest.json`."""
    ignored = shutil.ignore_patterns(".leanopt", "*.jsonl", "__pycache__")
    return Path(shutil.copytree(project, tmp_path / "copy", ignore=ignored))


def _changed(file: Path, change: Callable[[dict[str, Any]], object]) -> None:
    content = json.loads(file.read_text())
    change(content)
    file.write_text(json.dumps(content))


def test_a_manifest_says_what_decides_and_where(
    manifest: Path, project: Path, leanopt: Leanopt, shown
) -> None:
    """Plan, seeds, plugins, distributions, place, and the hash of the canonical export."""
    said, run = json.loads(manifest.read_text()), shown(project)
    assert (said["manifest"], said["run"], said["state"]) == (1, "hill-1", "finished")
    assert said["plan_hash"] == run["plan_hash"]
    assert said["plan"]["stages"][0]["trials"] == 6
    assert said["seeds"]["run"] == said["plan"]["seed"] == 11
    assert said["seeds"]["searches"] == {"main": said["plan"]["searches"][0]["seed"]}
    assert set(said["plugins"]) == {"leanopt-statistic", "leanopt-lhs", "leanopt-random"}
    assert said["distributions"]["attrs"] == version("attrs")
    assert said["place"]["executor"] == "process"
    assert "CPython" in said["place"]["runtime"]["python"]
    export = leanopt(project, "export", "--canonical").stdout
    assert said["results"] == sha256(export.encode()).hexdigest()


def test_a_manifest_has_no_secrets(manifest: Path, project: Path) -> None:
    """Variables by hash; no options of sinks and executor; no paths of this machine."""
    text = manifest.read_text()
    assert "secret" not in text
    assert "time_limit" not in text
    assert str(project) not in text
    assert set(json.loads(text)["plan"]["environment"]) == {"HILL_MOOD"}


@pytest.mark.long
def test_the_same_project_gives_the_same_results(copy: Path, leanopt: Leanopt) -> None:
    """With the overrides of the manifest, on another number of workers."""
    done = leanopt(copy, "run", "--manifest", "manifest.json", "--workers", "1", "--strict")
    assert "run hill-1 has the trials and results of manifest.json, to the last bit" in done.stderr


def test_what_decides_is_refused_item_by_item(copy: Path, leanopt: Leanopt) -> None:
    """Plan, sources, data, variables and the plugins that propose and judge; nothing runs."""
    (copy / "data" / "prices.csv").write_text("2")
    with (copy / "strategy.py").open("a") as file:
        file.write("# changed\n")
    _changed(copy / "manifest.json", lambda one: one["plugins"].update({"leanopt-lhs": "9.9"}))
    done = leanopt(
        copy,
        *("run", "--manifest", "manifest.json", "--set", "stage.1.trials=3"),
        check=False,
        HILL_MOOD="other",
    )
    assert done.returncode == 8
    head, *items, last = done.stderr.splitlines()
    assert head == "leanopt: this project differs from manifest.json in"
    kinds = [
        *("the strategy's files: hash ", "the data of scenario default: hash "),
        *("plan: environment.HILL_MOOD: ", "plan: stages.1.trials: 2, now 3"),
        "plugin leanopt-lhs: '9.9', now '",
    ]
    assert [one.strip().startswith(kind) for one, kind in zip(items, kinds, strict=True)] == [
        True
    ] * len(kinds)
    assert last == "undo these changes, or run it without --manifest"
    assert leanopt(copy, "runs", "--json").stdout == '{"runs":[]}\n'


@pytest.mark.long
def test_what_decides_nothing_is_listed(copy: Path, leanopt: Leanopt) -> None:
    """Place and versions; `--strict` refuses them."""

    def change(one: dict[str, Any]) -> None:
        one["place"]["runtime"]["python"] = "CPython 3.8.1"
        one["distributions"]["attrs"] = "1.0"

    _changed(copy / "manifest.json", change)
    done = leanopt(copy, "run", "--manifest", "manifest.json", "--strict", check=False)
    assert done.returncode == 8
    listed = ["place.runtime.python: 'CPython 3.8.1', now '", "distributions.attrs: '1.0', now '"]
    assert all(one in done.stderr for one in listed)
    done = leanopt(copy, "run", "--manifest", "manifest.json")
    assert "this run differs from manifest.json in what decides no trial:" in done.stderr
    assert all(one in done.stderr for one in listed)
    assert "to the last bit" in done.stderr


@pytest.mark.long
def test_other_results_are_an_error(copy: Path, leanopt: Leanopt) -> None:
    """The run is kept."""
    _changed(copy / "manifest.json", lambda one: one.update(results="12ab"))
    done = leanopt(copy, "run", "--manifest", "manifest.json", check=False)
    assert done.returncode == 9
    assert "run hill-1 gives other trials or results than manifest.json" in done.stderr
    assert '"state":"finished"' in leanopt(copy, "runs", "--json").stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("run", "--manifest", "none.json"), "none.json cannot be read: No such file"),
        (("run", "--manifest", "pipeline.toml"), "pipeline.toml is not the manifest of a run"),
        (("run", "pipeline.toml", "--strict"), "--strict is for --manifest; give both"),
    ],
)
def test_a_wrong_command_is_refused(
    project: Path, leanopt: Leanopt, arguments: tuple[str, ...], said: str
) -> None:
    """As a usage error."""
    done = leanopt(project, *arguments, check=False)
    assert done.returncode == 2
    assert said in done.stderr


def test_a_newer_form_is_refused(copy: Path, leanopt: Leanopt) -> None:
    """Its members could mean something else."""
    _changed(copy / "manifest.json", lambda one: one.update(manifest=2))
    done = leanopt(copy, "run", "--manifest", "manifest.json", check=False)
    assert done.returncode == 2
    assert "manifest has the version 2, expected 1" in done.stderr


def test_what_a_distribution_requires_is_involved() -> None:
    """Also what that requires; not what only an extra requires, and nothing that is absent."""
    found = involved(["leanopt_ga.deap", "no-such-distribution"])
    assert {name: found[name] for name in ("deap", "numpy")} == {
        name: version(name) for name in ("deap", "numpy")
    }
    assert found["leanopt-core"] == version("leanopt-core")
    assert "pytest" not in found
    assert list(found) == sorted(found)
