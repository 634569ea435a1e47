"""`leanopt export RUN --to optuna`: a run's completed trials as an Optuna journal file."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

import optuna
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.storages import JournalStorage
from optuna.storages.journal import BaseJournalBackend
from optuna.study import StudyDirection
from optuna.trial import TrialState, create_trial

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from optuna.distributions import BaseDistribution
    from optuna.trial import FrozenTrial

    from leanopt_core.api import Axis, StoredRun, StoredSearch, StoredTrial, Value

#: The attribute that optuna-dashboard reads violations from, in the form of Optuna 4.
_VIOLATED: Final = "constraints"
_DIRECTIONS: Final = {"max": StudyDirection.MAXIMIZE, "min": StudyDirection.MINIMIZE}


class _Journal(BaseJournalBackend):
    """Keeps the entries of a journal file in memory."""

    def __init__(self) -> None:
        self.logs: list[dict[str, Any]] = []

    def read_logs(self, log_number_from: int) -> Iterable[dict[str, Any]]:
        """Return the entries from this one on."""
        return self.logs[log_number_from:]

    def append_logs(self, logs: list[dict[str, Any]]) -> None:
        """Add entries."""
        self.logs.extend(logs)


def journal_lines(
    run: StoredRun, trials: Callable[[StoredSearch], Iterable[StoredTrial]]
) -> Iterator[str]:
    """Yield the lines of a journal file: one study per search, with its completed trials."""
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    journal = _Journal()
    storage = JournalStorage(journal)
    space = run.space
    distributions = {axis.name: _distribution(axis) for axis in space.axes}
    for search in run.searches:
        alone = len(run.searches) == 1
        study = optuna.create_study(
            storage=storage,
            study_name=run.name if alone else f"{run.name}/{search.name}",
            direction=_DIRECTIONS[search.direction],
        )
        for trial in trials(search):
            if trial.told:
                # As in a study whose code suggests only what counts.
                counts = zip(
                    space.names, space.active(space.point_at(trial.grid_index)), strict=True
                )
                active = {name: distributions[name] for name, active in counts if active}
                study.add_trial(_frozen(search, trial, active))
    return (json.dumps(log, separators=(",", ":")) for log in journal.logs)


def _frozen(
    search: StoredSearch, trial: StoredTrial, distributions: Mapping[str, BaseDistribution]
) -> FrozenTrial:
    score = trial.score
    violations = {one.constraint: one.size for one in score.violations} if score else {}
    values = json.loads(trial.parameters)
    frozen = create_trial(
        state=_state(trial),
        value=trial.fitness,
        params={name: _of_kind(values[name], kind) for name, kind in distributions.items()},
        distributions=dict(distributions),
        user_attrs=dict(_attributes(search, trial)),
        system_attrs={_VIOLATED: [sum(violations.values())]} if violations else {},
        constraints=violations,
        intermediate_values=_intermediate(trial),
    )
    judged = search.judged(trial).values()
    ends = [backtest.finished_at for backtest in judged]
    if ends:
        starts = [one.finished_at - (one.seconds or 0) for one in judged]
        frozen.datetime_start, frozen.datetime_complete = _time(min(starts)), _time(max(ends))
    return frozen


def _state(trial: StoredTrial) -> TrialState:
    if trial.fitness is None:
        return TrialState.FAIL
    return TrialState.COMPLETE if trial.pruned_at is None else TrialState.PRUNED


def _intermediate(trial: StoredTrial) -> dict[int, float] | None:
    """Return the value of a pruned trial by the step at which it was pruned."""
    if trial.pruned_at is None or trial.fitness is None:
        return None
    return {trial.pruned_at: trial.fitness}


def _attributes(search: StoredSearch, trial: StoredTrial) -> Iterator[tuple[str, Any]]:
    """Yield what Optuna has no field for, named as the columns of `--to csv`."""
    yield from (("trial", trial.number), ("stage", trial.stage), ("origin", trial.origin))
    if trial.failure is not None:
        yield "failure", trial.failure
    if trial.score is not None:
        yield from ((f"values.{name}", value) for name, value in trial.score.values.items())
    for scenario in search.scenarios:
        found = trial.backtests.get(scenario.ordinal)
        before = f"statistics.{scenario.name}." if len(search.scenarios) > 1 else "statistics."
        statistics = json.loads(found.statistics) if found and found.statistics else {}
        yield from ((before + name, value) for name, value in statistics.items())


def _distribution(axis: Axis) -> BaseDistribution:
    if axis.kind == "choices":
        return CategoricalDistribution([_plain(value) for value in axis.values])
    first, last = axis.values[0], axis.values[-1]
    log = axis.kind == "log"
    # Optuna has no irregular numbers: export them as a range.
    regular = axis.kind in ("int", "float") and len(axis) > 1
    if isinstance(first, int):
        step = int(axis.values[1]) - first if regular else 1
        return IntDistribution(first, int(last), log=log, step=step)
    width = float(Decimal(axis.values[1]) - Decimal(first)) if regular else None
    return FloatDistribution(float(first), float(last), log=log, step=width)


def _plain(value: Value) -> Any:
    return float(value) if isinstance(value, Decimal) else value


def _of_kind(value: Any, kind: BaseDistribution) -> Any:
    return float(value) if isinstance(kind, FloatDistribution) else value


def _time(seconds: float) -> datetime:
    """Return a time in UTC without a zone, as Optuna stores it."""
    return datetime.fromtimestamp(seconds, UTC).replace(tzinfo=None)
