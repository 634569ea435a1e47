"""Looks at holdouts, by any command: keep in the store what they are, and warn of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from leanopt_core.canonical import canonical_json
from leanopt_core.pipeline import Pipeline
from leanopt_core.space import Value
from leanopt_core.store.store import Store
from leanopt_core.work import Scenario


def declared(store: Store, pipeline: Pipeline) -> Iterator[str]:
    """Make the pipeline's holdout that of its strategy in the store.

    Yield a warning if it has changed after looks, or if the pipeline has none and its scenarios
    overlap that of the strategy.
    """
    strategy, own = pipeline.strategy_id, pipeline.holdout
    if own is not None:
        store.looks.declare(strategy, own)
    for known, looks in store.looks.holdouts(strategy).items():
        if looks is None and own is None:
            if any(known.overlaps(one.settings()) for one in pipeline.scenarios):
                yield (
                    f"the scenario overlaps the holdout of strategy {strategy} ({known}): each "
                    "point is a look at it"
                )
        elif looks is not None and own is not None:
            points = "1 point was" if looks == 1 else f"{looks:,} points were"
            yield (
                f"[holdout] has changed: it was {known} when {points} looked at there, and is "
                f"{own}; after a look, other days or symbols are not unseen"
            )


def record_looks(
    store: Store, strategy: str, seen: Iterable[tuple[Scenario, Mapping[str, Value]]]
) -> None:
    """Store which points were looked at on a holdout of the strategy.

    `seen` are the scenario and the parameters of each completed backtest outside runs; those of
    runs are in the store already.
    """
    holdouts = store.looks.holdouts(strategy)
    if not holdouts:
        return
    looks: dict[str, list[str]] = {}
    for scenario, parameters in seen:
        if any(known.overlaps(scenario.settings()) for known in holdouts):
            text = canonical_json(scenario.to_dict())
            looks.setdefault(text, []).append(canonical_json(dict(parameters)))
    store.looks.add(strategy, looks)
