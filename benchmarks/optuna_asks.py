"""Where the time of an ask of the stage `optuna` goes: milliseconds of processor time by part.

Seven parameters of ten levels, smooth hills, lookahead 16; the mean of the last 100 asks. Samplers
of several objectives have two. The parts of TPE are functions of Optuna 5.
"""

from __future__ import annotations

from collections import Counter
from contextlib import contextmanager
from functools import partial
from importlib import import_module
from time import thread_time
from typing import TYPE_CHECKING, Any, Final
from unittest.mock import patch

from common import options, report, said
from leanopt_optuna import OptunaOptions
from leanopt_optuna._options import SEVERAL

from leanopt_core.testing import drive, outcomes
from leanopt_core.testing.costs import large
from leanopt_core.testing.driving import rule

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

TOLD: Final = (200, 600, 2000)
ASKS: Final = 100
LOOKAHEAD: Final = 16
#: Functions by the part of an ask that they are. `ask` and `tell` have the others in them.
PARTS: Final = (
    ("ask", "leanopt_optuna._impl:OptunaSearch.ask"),
    ("tell", "leanopt_optuna._impl:OptunaSearch.tell"),
    ("sampler", "leanopt_optuna._study:GridStudy.sample"),
    ("study", "optuna.study:Study.ask"),
    ("study", "optuna.study:Study.tell"),
    ("study", "optuna.storages:InMemoryStorage.set_trial_param"),
    ("sorting", "optuna.samplers._tpe.sampler:_split_trials"),
    ("kernels", "optuna.samplers:TPESampler._build_parzen_estimator"),
    ("density", "optuna.samplers:TPESampler._compute_acquisition_func"),
)


class Spent:
    """The seconds spent in each part."""

    def __init__(self) -> None:
        self.seconds: Counter[str] = Counter()
        self.asks = 0
        self._before: Counter[str] = Counter()

    def timed(self, part: str, function: Callable[..., Any], last: int) -> Callable[..., Any]:
        """Return the function, with its time noted; from the `last` ask on it counts."""

        def call(*arguments: Any, **named: Any) -> Any:
            if part == "ask":
                self.asks += 1
                if self.asks == last:
                    self._before = self.seconds.copy()
            began = thread_time()
            try:
                return function(*arguments, **named)
            finally:
                self.seconds[part] += thread_time() - began

        return call

    def milliseconds(self) -> Counter[str]:
        """Return those of each ask that counts."""
        return Counter({k: 1000 * (v - self._before[k]) / ASKS for k, v in self.seconds.items()})


@contextmanager
def watched(spent: Spent, last: int) -> Iterator[None]:
    """Time the parts while the block runs."""
    patches = []
    for part, named in PARTS:
        module, _, path = named.partition(":")
        *owners, name = path.split(".")
        owner: Any = import_module(module)
        for one in owners:
            owner = getattr(owner, one)
        patches.append(patch.object(owner, name, spent.timed(part, getattr(owner, name), last)))
    for one in patches:
        one.start()
    try:
        yield
    finally:
        for one in patches:
            one.stop()


def measured(sampler: Any, told: int) -> dict[str, float]:
    """Return the milliseconds of an ask by part, when about so many are told."""
    from leanopt_optuna._impl import create

    space, spent = large(), Spent()
    objectives = 2 if sampler in SEVERAL else 1
    judge = outcomes.several(outcomes.hilly(space), space, objectives)
    trials = told + LOOKAHEAD + ASKS // 2
    stage = rule(partial(create, OptunaOptions(sampler=sampler)), trials)
    with watched(spent, trials - ASKS + 1):
        drive(space, [stage], judge, lookahead=LOOKAHEAD, objectives=objectives)
    found = spent.milliseconds()
    whole = found["ask"] + found["tell"]
    fitted = {part: found[part] for part in ("sorting", "kernels", "density") if found[part]}
    return {
        "whole": whole,
        **fitted,
        "rest_of_sampler": found["sampler"] - sum(fitted.values()),
        "study": found["study"],
        "leanopt": whole - found["sampler"] - found["study"],
    }


def main() -> None:
    """Measure and print."""
    parser = options(__doc__)
    parser.add_argument("--sampler", default="tpe", help="a sampler of the stage (default: tpe)")
    chosen = parser.parse_args()
    figures = dict[str, float | None]()
    for told in TOLD[:1] if chosen.quick else TOLD:
        for part, found in measured(chosen.sampler, told).items():
            figures[f"{part}_ms_{told}"] = found
        said(f"  {told}: {figures[f'whole_ms_{told}']:.2f} ms")
    report("optuna_asks", figures, as_json=chosen.json)


if __name__ == "__main__":
    main()
