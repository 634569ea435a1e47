"""Whatever stands where something else should: a message, never a traceback."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from leanopt_core.errors import PipelineError, UsageError

ODD = (None, True, 0, -7, 1.5, "", "x", "1e999", [], [None], {}, {"x": 1}, 10**40, "${HOME}")

LEAN = {
    "optimization-strategy": "QuantConnect.Optimizer.Strategies.EulerSearchOptimizationStrategy",
    "optimization-strategy-settings": {"default-segment-amount": 4},
    "optimization-criterion": {"target": "Sharpe Ratio", "extremum": "max", "target-value": 2},
    "constraints": [{"target": "Drawdown", "operator": "less", "target-value": 0.2}],
    "parameters": [
        {"name": "a", "min": 1, "max": 9, "step": 2, "min-step": 1},
        {"name": "b", "value": 1},
    ],
    "maximum-concurrent-backtests": 2,
    "data-folder": "data",
}
OPTIMIZER = {
    "base_params": {"ticker": "SPY", "startDate": "2003-01-02", "InitialCash": "5", "x": "1"},
    "fitness": {"name": "calmar", "min_trades": 3, "min_profit_factor": 1, "max_drawdown_limit": 9},
    "stages": {
        "lhs": {"n_samples": 9, "seed": 3},
        "bayesian": {"n_calls": 9, "batch_size": 3},
        "genetic_seeded": {"enabled": True, "population_size": 9, "seed_from_previous": True},
        "local_grid": {"top_n": 2, "radius": 1, "max_neighbors": 5},
        "genetic_standalone": {"enabled": False},
    },
    "worker_count": 3,
}
SPACE = {"parameters": [{"name": "a", "min": 1, "max": 9, "step": 2, "type": "int"}]}
BASE = {"algorithm-location": "/Artifacts/a.dll", "data-provider": "x", "environments": {"a": {}}}


def locations(value: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield where anything stands in a JSON value."""
    yield at
    items = value.items() if isinstance(value, dict) else ()
    for key, inner in enumerate(value) if isinstance(value, list) else items:
        yield from locations(inner, (*at, key))


def mangled(document: Any) -> Iterator[Any]:
    """Yield the document with each of its parts replaced by each of the odd values."""
    for at in locations(document):
        for odd in ODD:
            changed = json.loads(json.dumps({"it": document}))
            holder = changed
            for key in ("it", *at)[:-1]:
                holder = holder[key]
            holder[("it", *at)[-1]] = odd
            yield changed["it"]


def imports(load: Any, words: tuple[str, ...]) -> bool:
    """Return whether it is taken; errors that are none of leanopt's come through."""
    try:
        load(*words)
    except (PipelineError, UsageError):
        return False
    return True


@pytest.mark.long
def test_a_mangled_configuration_has_a_message(tmp_path: Path, load) -> None:
    """Of LEAN's optimizer: each part, each odd value."""
    file = tmp_path / "optimizer-config.json"
    taken = []
    for document in mangled(LEAN):
        file.write_text(json.dumps(document))
        taken.append(imports(load, (str(file),)))
    assert 0 < sum(taken) < len(taken) / 2


@pytest.mark.long
@pytest.mark.parametrize("name", ["optimization_ga", "parameter_space", "base_config"])
def test_a_mangled_folder_has_a_message(tmp_path: Path, load, name: str) -> None:
    """Of lean-optimizer: each part of one file, each odd value."""
    files = {"optimization_ga": OPTIMIZER, "parameter_space": SPACE, "base_config": BASE}
    (tmp_path / "config").mkdir()
    (tmp_path / ".env").write_text("LEAN_WORKSPACE=/w\n")
    for file, document in files.items():
        (tmp_path / "config" / f"{file}.json").write_text(json.dumps(document))
    taken = []
    for document in mangled(files[name]):
        (tmp_path / "config" / f"{name}.json").write_text(json.dumps(document))
        taken.append(imports(load, (str(tmp_path),)))
    assert 0 < sum(taken) < len(taken)


WORDS = (
    *("lean", "optimize", "P", "--strategy", "grid search", "--target", "Drawdown"),
    *("--target-direction", "min", "--parameter", "a", "1", "9", "2", "--constraint", "Beta < 1"),
    *("--max-concurrent-backtests", "2", "--extra-config", "a", "b"),
    *("--extra-docker-config", '{"environment": ["A=1"], "volumes": {"/a": {"bind": "/b"}}}'),
)


@pytest.mark.long
def test_a_mangled_command_line_has_a_message(
    tmp_path: Path, load, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each word left out, and replaced by odd ones."""
    (tmp_path / "P").mkdir()
    monkeypatch.chdir(tmp_path)
    taken = []
    for location in range(2, len(WORDS)):
        for odd in ([], [""], ["-"], ["--"], ["-x=1"], ["nan"], ['{"mounts": [1], "volumes": 2}']):
            words = (*WORDS[:location], *odd, *WORDS[location + 1 :])
            taken.append(imports(load, words))
    assert 0 < sum(taken) < len(taken) / 2
