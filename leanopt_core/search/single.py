"""Single backtests: given points under a pipeline's scenarios, in no run.

The store answers what it knows. What runs is stored, so that it answers later, and counts as a
trial of the strategy.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from attrs import frozen

from leanopt_core.canonical import canonical_json
from leanopt_core.content import content_key
from leanopt_core.engines.base import Report, silent
from leanopt_core.harness.events import Hello
from leanopt_core.needs import Outputs
from leanopt_core.search.looks import declared, record_looks
from leanopt_core.search.opened import opened_files
from leanopt_core.search.prepare import Prepared
from leanopt_core.search.single_runner import (
    Pause,
    Progress,
    Single,
    SingleRunner,
    results_of,
)
from leanopt_core.space import Value
from leanopt_core.store.single import SingleWriter
from leanopt_core.store.store import Store
from leanopt_core.work import DOCUMENT, Backtest, Outcome, Scenario


@frozen
class PointBacktest:
    """A backtest of a point under a scenario.

    `cached` says that its outcome is from the store, `results` is the folder of its full results,
    None if there are none. If it ran again for outputs or full results that were missing, `differs`
    says how that differs from the stored outcome; it is empty if it does not.
    """

    scenario: Scenario
    outcome: Outcome
    cached: bool
    results: Path | None = None
    differs: str = ""


@frozen
class PointResult:
    """The backtests of a point, in the order of the scenarios."""

    parameters: Mapping[str, Value]
    backtests: tuple[PointBacktest, ...]

    @property
    def outcomes(self) -> dict[str, Outcome]:
        """Return the outcomes by the scenario's name."""
        return {one.scenario.name: one.outcome for one in self.backtests}


def backtest_points(
    ready: Prepared,
    store: Store,
    points: Sequence[Mapping[str, Value]],
    *,
    outputs: frozenset[str] = frozenset(),
    keep: bool = False,
    workers: int | None = None,
    report: Report = silent,
    progress: Progress = lambda _done, _of: None,
    pause: Pause = lambda: None,
) -> list[PointResult]:
    """Backtest points under each scenario of a prepared pipeline; equal backtests run once.

    A point has a value for each parameter, on the grid or off it. `outputs` are what the outcomes
    have and the store keeps besides what the pipeline asks for, some of `NEEDS`; with `keep`, full
    results are kept. A backtest whose outputs or full results are missing runs again. `workers`
    defaults to the pipeline's number, `report` gets warnings, `progress` the number of finished
    backtests and their total, and `pause` is that of `run_aside`. Raises InputsChangedError if data
    or sources change meanwhile, ExecutorError if no worker can start.
    """
    for warning in declared(store, ready.pipeline):
        report(warning)
    own = ready.pipeline.outputs
    asked = Outputs(own.needs | outputs, own.stored | outputs)
    files = opened_files(ready, store.hash_file)
    writer = store.single_writer(
        ready.pipeline.strategy_id, store.opened(files.same), needs=asked.needs
    )
    wanted = [[_single(ready, point, one) for one in ready.plan.scenarios] for point in points]
    singles = {one.keys: one for some in wanted for one in some}
    found = {keys: _look_up(ready, writer, one, asked, keep=keep) for keys, one in singles.items()}
    running = [one for keys, one in singles.items() if not found[keys]]
    SingleRunner(ready, writer, asked, files, report, keep=keep).run(
        running, workers, progress, pause
    )
    results = [
        PointResult(point, tuple(_made(singles[one.keys], found[one.keys]) for one in some))
        for point, some in zip(points, wanted, strict=True)
    ]
    record_looks(store, ready.pipeline.strategy_id, _completed(results))
    return results


def _completed(results: Sequence[PointResult]) -> Iterator[tuple[Scenario, Mapping[str, Value]]]:
    for result in results:
        for one in result.backtests:
            if one.outcome.statistics is not None:
                yield one.scenario, result.parameters


def _single(ready: Prepared, point: Mapping[str, Value], scenario: Scenario) -> Single:
    text = canonical_json(dict(point))
    keys = tuple(content_key(shared, text) for shared in ready.scenario_keys(scenario))
    return Single(Backtest(keys[0], point, scenario), keys)


def _look_up(
    ready: Prepared, writer: SingleWriter, single: Single, asked: Outputs, *, keep: bool
) -> bool:
    """Take what the store has of a backtest; return whether that is all that is asked for."""
    whole = writer.known_among(single.keys, asked.stored)
    known = whole or writer.known_among(single.keys, frozenset())
    single.stored = next((known[key][1] for key in single.keys if key in known), None)
    single.complete = bool(whole)
    folders = (results_of(ready.pipeline.folder, key) for key in single.keys)
    single.results = next(filter(Path.is_dir, folders), None)
    lacks = keep and single.results is None and _has_files(ready, single.backtest)
    return single.complete and not lacks


def _has_files(ready: Prepared, backtest: Backtest) -> bool:
    """Return whether the engine has full results: then its request has a folder for them."""
    asked = ready.pipeline.outputs.asked | {DOCUMENT}
    return ready.engine.request(backtest, asked, Hello()).folder


def _made(single: Single, cached: bool) -> PointBacktest:
    outcome = single.stored if single.complete else single.ran
    assert outcome is not None  # noqa: S101 - what the store does not have has run
    scenario = single.backtest.scenario
    return PointBacktest(scenario, outcome, cached, single.results, single.differs)
