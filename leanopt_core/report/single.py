"""A single backtest: the point that options choose, its score, and the result as JSON values."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from attrs import frozen

from leanopt_core.canonical import as_stored
from leanopt_core.engines.base import Report
from leanopt_core.errors import StrategyError, UsageError
from leanopt_core.pipeline import Pipeline
from leanopt_core.pipeline.overrides import written_value
from leanopt_core.pipeline.points import GivenPoint, PointError, read_point
from leanopt_core.pipeline.toml import toml_text
from leanopt_core.report.parameters import exact_parameters
from leanopt_core.report.probed import ProbedPlateau, probed_document
from leanopt_core.report.subject import Selection
from leanopt_core.search.calls import Calls
from leanopt_core.search.environment import hint
from leanopt_core.search.prepare import Prepared, build_scorer
from leanopt_core.search.single import PointBacktest, PointResult, backtest_points
from leanopt_core.search.single_runner import Progress
from leanopt_core.search.unread import ReadCheck
from leanopt_core.space import Space
from leanopt_core.store.store import Store
from leanopt_core.trial import Score


@frozen
class SingleReport:
    """The backtests of a point, with its score; `warnings` are sentences for the user.

    `plateau` is that of the trial at this point, if its neighbours were backtested, too.
    """

    pipeline: Pipeline
    point: GivenPoint
    result: PointResult
    score: Score
    warnings: tuple[str, ...] = ()
    plateau: ProbedPlateau | None = None

    @property
    def failed(self) -> list[str]:
        """Return the names of the scenarios whose backtest failed."""
        return [name for name, one in self.result.outcomes.items() if one.failure is not None]

    @property
    def differing(self) -> list[PointBacktest]:
        """Return the backtests that ran again and gave something else than is stored."""
        return [one for one in self.result.backtests if one.differs]


def chosen_point(space: Space, texts: Iterable[str], of: Selection | None) -> GivenPoint:
    """Return the point of `NAME=VALUE` texts; the trial `of` has the other parameters.

    Raises UsageError that names each parameter which is unknown, has no value, or has one that it
    cannot have.
    """
    base: Mapping[str, object] = {}
    if of is not None and of.trial is not None:
        known = {*space.names, *space.fixed}
        values = exact_parameters(of.run, of.trial)
        base = {name: value for name, value in values.items() if name in known}
    given = {**base, **dict(map(_given, texts))}
    try:
        return read_point(space, given)
    except PointError as error:
        lines = [
            f"--param {one.name}: found {toml_text(given[one.name])}, {one.problem}"
            for one in error.faults
        ]
        if error.missing:
            lines.append(
                f"no value for {', '.join(error.missing)}: give each searched parameter one with "
                "--param NAME=VALUE, or take those of a trial with --of RUN:TRIAL"
            )
        raise UsageError("\n".join(lines)) from None


def _given(text: str) -> tuple[str, object]:
    name, equals, value = text.partition("=")
    if not equals or not name.strip():
        raise UsageError(f"--param {text}: expected NAME=VALUE, such as fast=10")
    try:
        return name.strip(), written_value(value.strip())
    except ValueError:
        raise UsageError(f"--param {text}: expected a TOML value") from None


def single_report(
    ready: Prepared,
    store: Store,
    point: GivenPoint,
    *,
    outputs: frozenset[str],
    workers: int | None,
    report: Report,
    progress: Progress,
    calls: Calls,
) -> SingleReport:
    """Backtest a point under each scenario, keep full results, and score it.

    The arguments are those of `backtest_points`; `calls` notes the calls of the fitness function.
    """
    (result,) = backtest_points(
        *(ready, store, [point.values]),
        outputs=outputs,
        keep=True,
        workers=workers,
        report=report,
        progress=progress,
    )
    pipeline = ready.pipeline
    score = build_scorer(pipeline, calls)(result.outcomes)
    return SingleReport(pipeline, point, result, score, tuple(_warnings(ready, result)))


def _warnings(ready: Prepared, result: PointResult) -> Iterator[str]:
    """Yield what the user should know of how the backtests came about."""
    for one in result.backtests:
        if one.differs:
            yield (
                f"scenario {one.scenario.name}: it ran again and differs from the stored result "
                f"({one.differs}): the strategy depends on more than its parameters and data"
            )
    for outcome in result.outcomes.values():
        if outcome.failure is not None and (missing := hint(outcome.failure.message)):
            yield missing
    space = ready.pipeline.space
    check = ReadCheck((*space.names, *space.fixed))
    try:
        check.saw(result.outcomes.values())
        check.judge()
    except StrategyError as error:
        yield str(error).partition("\nto run it anyway")[0]


def document(said: SingleReport, files: Mapping[str, Mapping[str, Path]]) -> dict[str, Any]:
    """Return a report as JSON values; `files` are those written, by scenario and output."""
    score = said.score
    return {
        "pipeline": said.pipeline.name,
        "parameters": as_stored(dict(said.point.values)),
        "off_grid": dict(said.point.off),
        "broken_constraints": list(said.point.broken),
        "fitness": score.fitness,
        "violation": score.violation,
        "violations": [[one.constraint, one.size] for one in score.violations],
        "penalties": [[one.constraint, one.amount] for one in score.penalties],
        "reasons": list(score.reasons),
        "values": dict(score.values),
        "backtests": [
            _backtest(one, files.get(one.scenario.name, {})) for one in said.result.backtests
        ],
        **({} if said.plateau is None else {"plateau": probed_document(said.plateau)}),
        "warnings": list(said.warnings),
    }


def _backtest(one: PointBacktest, files: Mapping[str, Path]) -> dict[str, Any]:
    outcome = one.outcome
    failure, statistics = outcome.failure, outcome.statistics
    return {
        "scenario": one.scenario.name,
        "definition": as_stored(one.scenario.to_dict()),
        "from_cache": one.cached,
        "statistics": None if statistics is None else dict(statistics.values),
        "closed_trades": outcome.closed_trades,
        "failure": failure and str(failure.category),
        "message": failure and failure.message,
        "differs": one.differs or None,
        "results": None if one.results is None else str(one.results),
        "files": {name: str(path) for name, path in files.items()},
    }
