"""The windows of a run's paths, what was chosen in each, and what came of it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Literal

from attrs import frozen

from leanopt_core.report.curve import Curve, efficiency
from leanopt_core.report.drift import Drift, drifts
from leanopt_core.report.known import Known
from leanopt_core.report.pieces import Piece, curve_of, pieces_of
from leanopt_core.store.inactive import Inactive
from leanopt_core.store.records import StoredRun, StoredScenario, StoredTestScore
from leanopt_core.store.store import Store

State = Literal["waiting", "unfinished", "tested", "gap"]


@frozen
class Window:
    """A search of a path and its test.

    `train` and `test` are their days. `trial` is the chosen trial, with its searched `parameters`
    that count; `trials` are told. `inside` and `outside` are its fitness in and out of sample,
    `degradation` by how much worse it is outside. `why` says why there is no result out of sample,
    or what is wrong with it.
    """

    search: int
    train: tuple[str, ...]
    test: str
    state: State
    trials: int
    trial: int | None
    parameters: Mapping[str, Any]
    inside: float | None
    outside: float | None
    degradation: float | None
    why: str | None


@frozen
class PathReport:
    """A path: windows in date order, joined into one curve out of sample."""

    name: str
    windows: tuple[Window, ...]
    efficiency: Known
    drift: tuple[Drift, ...]
    curve: Curve

    @property
    def gaps(self) -> tuple[Window, ...]:
        """Return the windows whose search has ended without a result out of sample."""
        return tuple(window for window in self.windows if window.state == "gap")

    @property
    def trials(self) -> int:
        """Return how many trials the searches of its windows were told."""
        # A search can be tested in several windows.
        return sum({window.search: window.trials for window in self.windows}.values())


def path_reports(store: Store, run: StoredRun, only: str | None = None) -> tuple[PathReport, ...]:
    """Return a report of each path of a run, or of `only` one; none for a run without paths."""
    inactive = Inactive.of(run)
    return tuple(_path(run, name, found, inactive) for name, found in pieces_of(store, run, only))


def _path(run: StoredRun, name: str, pieces: Sequence[Piece], inactive: Inactive) -> PathReport:
    # A search can be tested on days that follow each other: it has chosen once.
    searches = dict.fromkeys(piece.search.number for piece in pieces)
    trials = {piece.search.number: piece.trial for piece in pieces}
    chosen = [one.grid_index for one in map(trials.get, searches) if one is not None]
    return PathReport(
        name,
        tuple(_window(run, piece, inactive) for piece in pieces),
        efficiency(_both(pieces)),
        drifts(run.space, chosen),
        curve_of(pieces),
    )


def _both(pieces: Iterable[Piece]) -> Iterator[tuple[Sequence[Any], Any]]:
    return ((one.inside, one.returns) for one in pieces if one.inside and one.returns is not None)


def _window(run: StoredRun, piece: Piece, inactive: Inactive) -> Window:
    search, trial = piece.search, piece.trial
    score = next((one for one in search.scores if one.ordinal == piece.test.ordinal), None)
    inside = None if trial is None else trial.fitness
    outside = None if score is None else score.fitness
    degradation = None
    if inside is not None and outside is not None:
        degradation = (inside - outside) * (-1 if search.direction == "min" else 1)
    left_out = () if trial is None else {*run.space.fixed, *inactive.at(trial.grid_index)}
    values = {} if trial is None else trial.values
    return Window(
        search.number,
        tuple(dict.fromkeys(map(days_of, search.scenarios))),
        days_of(piece.test),
        _state(piece),
        search.told,
        None if trial is None else trial.number,
        {name: value for name, value in values.items() if name not in left_out},
        inside,
        outside,
        degradation,
        _why(piece, score),
    )


def _why(piece: Piece, score: StoredTestScore | None) -> str | None:
    # A test that failed says more than its score.
    scored = None if score is None or not piece.tested else score.why
    return "; ".join(one for one in (scored, piece.gap) if one) or None


def _state(piece: Piece) -> State:
    search = piece.search
    if piece.tested:
        return "tested"
    if search.ended is not None:
        return "gap"
    return "unfinished" if search.proposed else "waiting"


def days_of(scenario: StoredScenario) -> str:
    """Return the days of a scenario, such as `2004-01-01 to 2006-12-31`."""
    known = json.loads(scenario.definition)
    return f"{known.get('start', '...')} to {known.get('end', '...')}"


def paths_document(paths: Iterable[PathReport]) -> list[dict[str, Any]]:
    """Return the paths as JSON values."""
    return [
        {
            "name": one.name,
            "efficiency": one.efficiency.to_dict(),
            "curve": one.curve.to_dict(),
            "gaps": [{"test": window.test, "why": window.why} for window in one.gaps],
            "windows": [_document(window) for window in one.windows],
            "drift": [drift.to_dict() for drift in one.drift],
        }
        for one in paths
    ]


def _document(window: Window) -> dict[str, Any]:
    return {
        "search": window.search,
        "train": list(window.train),
        "test": window.test,
        "state": window.state,
        "trials": window.trials,
        "trial": window.trial,
        "parameters": dict(window.parameters),
        "in_sample": window.inside,
        "out_of_sample": window.outside,
        "degradation": window.degradation,
        "why": window.why,
    }
