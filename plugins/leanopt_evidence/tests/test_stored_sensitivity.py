"""The sensitivity of stored searches: the quickstart, where `leave` often decides nothing."""

from __future__ import annotations

import json
import re
import shutil
from collections import defaultdict
from pathlib import Path

import pytest
from leanopt_evidence import sensitivity_of

import leanopt_core
from leanopt_core import open_store
from leanopt_core.errors import UsageError

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
QUICKSTART = Path(__file__).parents[3] / "examples" / "quickstart"
#: 3 x 2 x 3 x 2 points, all of which are tried.
OVERRIDES = {
    "parameters": {
        "fast": {"values": [8, 16, 24]},
        "slow": {"values": [60, 120]},
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


@pytest.mark.slow
def test_leave_often_decides_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Counted again from the stored statistics; and the README's example reads the same."""
    folder = tmp_path / "my-project"
    shutil.copytree(QUICKSTART, folder, ignore=shutil.ignore_patterns(".leanopt"))
    run = leanopt_core.run(folder / "pipeline.toml", OVERRIDES)
    with open_store(folder) as store:
        found = sensitivity_of(store, run)
        trials = list(store.trials(run))
        with pytest.raises(UsageError, match="no search 2"):
            sensitivity_of(store, run, search=2)
    assert found.counts.trials == len(trials) == 36
    assert found.counts.feasible == sum(
        one.fitness is not None and not one.violation for one in trials
    )
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
    best = max(
        (one for one in trials if one.fitness is not None and not one.violation),
        key=lambda one: one.fitness,
    )
    assert found.best.trial == best.number or found.counts.equal_to_best
    assert found.best.fitness == best.fitness
    monkeypatch.chdir(tmp_path)
    example = re.findall(r"```python\n(.*?)```", README, re.DOTALL)[1]
    names: dict[str, object] = {}
    exec(compile(example, "README.md", "exec"), names)  # noqa: S102
    assert names["found"] == found
