"""The sensitivity of stored searches: the quickstart, where `leave` often decides nothing."""

from __future__ import annotations

import json
import re
import shutil
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import attrs
import pytest
from leanopt_evidence import Sensitivity, sensitivity_of

import leanopt_core
from leanopt_core import open_store
from leanopt_core.errors import UsageError

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
QUICKSTART = Path(__file__).parents[3] / "examples" / "quickstart"
#: 5 x 3 x 3 x 2 points, all of which are tried.
OVERRIDES = {
    "parameters": {
        "fast": {"values": [8, 12, 16, 20, 24]},
        "slow": {"values": [60, 90, 120]},
        "leave": {"values": [0.01, 0.015, 0.02]},
        "trail": "trailing",
        "enter": 0,
        "stop": {"values": [1.5, 2]},
        "risk": 0.02,
        "atr": 20,
    },
    "stage": [{"use": "grid"}],
    "executor.workers": 2,
}


pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a copy of the quickstart with a run of the grid."""
    folder = tmp_path_factory.mktemp("sensitivity") / "my-project"
    shutil.copytree(QUICKSTART, folder, ignore=shutil.ignore_patterns(".leanopt"))
    leanopt_core.run(folder / "pipeline.toml", OVERRIDES)
    return folder


@pytest.fixture(scope="module")
def found(project: Path) -> Sensitivity:
    """Return the sensitivity of the run."""
    with open_store(project) as store:
        return sensitivity_of(store, store.run())


@pytest.mark.long
def test_leave_often_decides_nothing(project: Path, found: Sensitivity) -> None:
    """Counted again from the stored statistics."""
    with open_store(project) as store:
        trials = list(store.trials(store.run()))
    feasible = [one for one in trials if one.fitness is not None and not one.violation]
    assert found.counts.trials == len(trials) == 90
    assert found.counts.feasible == len(feasible)
    for effect in found.effects:
        groups = defaultdict(list)
        for one in trials:
            others = {name: value for name, value in one.values.items() if name != effect.parameter}
            groups[json.dumps(others)].append(one.backtests[0].statistics)
        equal = sum(len(set(group)) == 1 for group in groups.values())
        assert (effect.compared, effect.equal) == (len(groups), equal)
    effects = {one.parameter: one for one in found.effects}
    assert effects["leave"].equal > effects["leave"].compared / 2
    assert effects["fast"].equal == 0
    best = max(feasible, key=lambda one: (one.fitness, -one.number))
    assert (found.best.trial, found.best.fitness) == (best.number, best.fitness)


@pytest.mark.long
def test_the_example_of_the_readme(
    project: Path, found: Sensitivity, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Reads the same; a search that does not exist is an error."""
    monkeypatch.chdir(project.parent)
    examples = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    (example,) = (one for one in examples if "sensitivity_of" in one)
    names: dict[str, object] = {}
    exec(compile(example, "README.md", "exec"), names)  # noqa: S102
    assert names["found"] == found
    with open_store(project) as store, pytest.raises(UsageError, match="no search 2"):
        sensitivity_of(store, store.run(), search=2)


@pytest.mark.long
def test_the_section_of_show(
    project: Path, found: Sensitivity, leanopt: Callable[..., Any]
) -> None:
    """In the terminal the parameters that matter, and as JSON all of it."""
    shown = leanopt(project, "show", "--evidence").stdout
    section = shown[shown.index("What it depends on") :]
    first = next(one for one in found.fitness.parameters if one.beyond_chance)
    assert f"The fitness depends on {first.parameter} (" in section
    assert re.search(rf"feasible trials +{found.counts.feasible} of 90", section)
    assert re.search(
        rf"its told neighbours +{len(found.best.neighbours)} of {found.best.possible}", section
    )
    for effect in found.effects:
        assert re.search(
            rf"^{effect.parameter} .* {effect.compared} +{effect.equal}$", section, re.MULTILINE
        )
    for cliff in found.best.cliffs:
        assert re.search(
            rf"^{cliff.parameter} +{re.escape(cliff.value)} +{cliff.trial} ", section, re.MULTILINE
        )
    document = json.loads(leanopt(project, "show", "--evidence", "--json").stdout)
    told = document["evidence"]["sensitivity"]
    assert told == {"search": 1, "sensitivity": json.loads(json.dumps(attrs.asdict(found)))}


@pytest.mark.long
def test_of_several_searches_one_is_chosen(project: Path, leanopt: Callable[..., Any]) -> None:
    """Without a choice the section says how."""
    scenario = "universe = ['ixic', 'spx'], separate = true, start = 2010-01-04, cash = 1000000"
    changes = (
        f"scenario={{ {scenario} }}",
        "stage=[{ use = 'random', trials = 3 }]",
        "executor.workers=2",
    )
    sets = [word for one in changes for word in ("--set", one)]
    leanopt(project, "run", "pipeline.toml", *sets)
    document = json.loads(leanopt(project, "show", "--evidence", "--json").stdout)
    told = document["evidence"]["sensitivity"]
    assert told == {
        "sensitivity": None,
        "reason": "the run has 2 searches: choose one with --search",
    }
    shown = leanopt(project, "show", "--evidence", "--search", "spx").stdout
    assert "What decides the fitness is unknown: fewer than 20 trials." in shown
