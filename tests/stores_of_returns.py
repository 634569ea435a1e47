"""Stores with runs whose daily returns a test decides."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

import numpy as np

from leanopt_core.outputs import Equity
from leanopt_core.space import Axis, Space
from leanopt_core.statistics import Statistics
from leanopt_core.store.records import StoredRun
from leanopt_core.store.runs import NewSearch, NewStage
from leanopt_core.store.store import open_store
from leanopt_core.trial import Score
from leanopt_core.work import Category, Failure, Outcome, Scenario

DAY = 86_400
#: A Tuesday: returns begin on Wednesdays and go on over weekends.
START = 12_000

Returns = Sequence[float] | np.ndarray

#: Each trial has a point of its own: its number.
SPACE = Space([Axis.integers("x", 0, 1_000_000)], {}, [])


def curve(returns: Returns, start: int = START) -> Equity:
    """Return an equity curve with these daily returns."""
    values = 1e6 * np.cumprod(np.concatenate([[1.0], 1 + np.asarray(returns, dtype=float)]))
    times = [DAY * (start + at) for at in range(len(values))]
    return Equity(array("q", times), array("d", values))


def completed(returns: Returns | None, start: int = START) -> Outcome:
    """Return a completed backtest, without a curve if there are no returns."""
    equity = None if returns is None else curve(returns, start)
    return Outcome(Statistics({"Sharpe Ratio": 1.0}), equity=equity)


FAILED = Outcome(failure=Failure(Category.STRATEGY, "no bars"))


def store_run(
    folder: Path,
    searches: Sequence[Sequence[Sequence[Outcome]]],
    *,
    curves: str = "daily",
    scenarios: int = 1,
    best: Sequence[int] | None = None,
) -> StoredRun:
    """Store a run: of each search its trials, of each trial an outcome by scenario.

    `best` are the numbers of the trials that rank first, the first ones by default.
    """
    with open_store(folder / ".leanopt" / "leanopt.db") as store:
        stage = NewStage("lhs", "lhs", "leanopt-lhs", "0.1.0", 100)
        names = [Scenario(f"scenario {at}") for at in range(scenarios)]
        run = store.runs.start(
            "trend",
            strategy="trend",
            plan_hash="plan",
            plan={"seed": 7, "space": SPACE.to_dict()},
            execution={"curves": curves},
            searches=[
                NewSearch(number, f"S{number}", 1, "max", names, [stage])
                for number in range(1, len(searches) + 1)
            ],
        )
        writer = store.writer(run)
        for at, (search, trials) in enumerate(zip(run.searches, searches, strict=True)):
            first = 1 if best is None else best[at]
            for number, outcomes in enumerate(trials, 1):
                more = {"origin": "", "attempt": 0, "told_before": 0}
                parameters = f'{{"x":{number}}}'
                stage_id = search.stages[0].id
                given = {"grid_index": number, "parameters": parameters, **more}
                writer.propose(search.id, stage_id, number, **given)
                for ordinal, outcome in enumerate(outcomes):
                    key = sha256(f"{run.id} {search.id} {number} {ordinal}".encode()).hexdigest()
                    found, *_ = writer.record(
                        key,
                        search.scenarios[ordinal].id,
                        outcome,
                        outputs=frozenset({"returns"} if outcome.equity else ()),
                        attempts=1,
                        seconds=0.1,
                        worker=1,
                    )
                    writer.evaluate(search.id, number, ordinal, found)
                failed = any(one.failure is not None for one in outcomes)
                fitness = 1.0 if number == first else -float(number)
                score = Score(failure="strategy error") if failed else Score(fitness, fitness)
                writer.tell(search.id, number, score)
        writer.commit()
        return store.runs.get(run.id)


def of_matrix(values: np.ndarray) -> list[list[Outcome]]:
    """Return the trials of a search with the columns of a matrix as returns."""
    return [[completed(column)] for column in values.T]
