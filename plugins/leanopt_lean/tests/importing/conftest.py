"""Imports as the command does, and loads what is written with an engine that needs no LEAN."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from leanopt_lean.importing.draft import Imported
from leanopt_lean.importing.load import imported, text_of

from leanopt_core.pipeline import Pipeline, load_pipeline
from leanopt_core.plugins import Registry, discover
from leanopt_core.scaffold.find import ImportWish

#: What stands for the engine and the executor: neither decides what is searched.
ELSEWHERE = ("strategy={ entry = 'strategy.py:run' }", "executor={ use = 'process' }")

Document = Mapping[str, Any]


class Result:
    """What came of an import: the value, the text, the pipeline that it is."""

    def __init__(self, read: Imported, text: str, pipeline: Pipeline) -> None:
        self.read = read
        self.text = text
        self.pipeline = pipeline

    @property
    def notes(self) -> list[tuple[str, str]]:
        """What is noted: the key, and the reason."""
        return [(note.at.key, note.reason) for note in self.read.notes]

    def points(self) -> list[dict[str, Any]]:
        """Every point of the space, by name."""
        space = self.pipeline.space
        points = map(space.point_at, range(space.grid_size))
        return [dict(space.values(point)) for point in points]


Import = Callable[..., Result]


@pytest.fixture(scope="session")
def registry() -> Registry:
    """Everything that is installed."""
    return discover()


@pytest.fixture
def load(tmp_path: Path, registry: Registry) -> Import:
    """Import words into a pipeline of the test's folder."""

    def load(*words: str, project: Path | None = None) -> Result:
        path = tmp_path / "pipeline.toml"
        wish = ImportWish(words, project, path)
        read = imported(wish, registry)
        text = text_of(wish, read)
        path.write_text(text)
        environment = dict.fromkeys(read.variables, ".")
        pipeline = load_pipeline(path, registry, sets=ELSEWHERE, environment=environment)
        return Result(read, text, pipeline)

    return load


@pytest.fixture
def config(tmp_path: Path, load: Import) -> Callable[[Document], Result]:
    """Import an `optimizer-config.json` of this content."""

    def config(document: Document) -> Result:
        file = tmp_path / "optimizer-config.json"
        file.write_text(json.dumps(document))
        return load(str(file))

    return config


@pytest.fixture(scope="session")
def lean() -> Callable[..., dict[str, Any]]:
    """Make a configuration of LEAN's optimizer, some keys changed; None leaves one out."""
    return _lean


def _lean(**changes: Any) -> dict[str, Any]:
    document = {
        "optimization-strategy": "QuantConnect.Optimizer.Strategies.GridSearchOptimizationStrategy",
        "optimization-criterion": {"target": "Statistics.Sharpe Ratio", "extremum": "max"},
        "parameters": [{"name": "fast", "min": 1, "max": 3, "step": 1}],
    }
    document |= {name.replace("_", "-"): value for name, value in changes.items()}
    return {name: value for name, value in document.items() if value is not None}
