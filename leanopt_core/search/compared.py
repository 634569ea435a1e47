"""Backtests of a run beside the same ones on another harness, and what differs."""

from __future__ import annotations

from attrs import frozen

from leanopt_core.search.aside import Again
from leanopt_core.statistics import Figure
from leanopt_core.work import Outcome


@frozen
class Made:
    """What a harness made of a backtest: its outcome, and its fingerprint where there is one."""

    outcome: Outcome
    fingerprint: str | None = None


@frozen
class Compared:
    """A stored backtest beside the same one on another harness, and on the run's own.

    `own` is None where it was not run.
    """

    stored: Again
    other: Made
    own: Made | None

    @property
    def differences(self) -> dict[str, tuple[Figure, Figure]]:
        """Return the statistics that differ: as stored, as the other harness has them."""
        return _differences(self.stored.outcome, self.other.outcome)

    @property
    def repeated(self) -> bool:
        """Say whether the run's own harness gives the stored statistics again, where it ran."""
        return self.own is None or not _differ(self.stored.outcome, self.own.outcome)

    @property
    def alike(self) -> bool | None:
        """Say whether the fingerprints are equal, None where one is unknown."""
        one, two = self.own and self.own.fingerprint, self.other.fingerprint
        return None if one is None or two is None else one == two

    @property
    def equal(self) -> bool:
        """Say whether nothing differs."""
        return not _differ(self.stored.outcome, self.other.outcome) and self.alike is not False


@frozen
class Verification:
    """What came out; `harness` is the run's own, `other` the one that it is compared with.

    `changed` says that the strategy's files are not those of the run any more.
    """

    run: str
    harness: str
    other: str
    compared: tuple[Compared, ...]
    changed: bool = False

    @property
    def different(self) -> int:
        """Return how many backtests differ."""
        return sum(not one.equal for one in self.compared)

    @property
    def repeated(self) -> bool:
        """Say whether the run's own harness gives what is stored, as far as it ran again."""
        return all(one.repeated for one in self.compared)


def _differ(stored: Outcome, made: Outcome) -> bool:
    return made.statistics is None or bool(_differences(stored, made))


def _differences(stored: Outcome, made: Outcome) -> dict[str, tuple[Figure, Figure]]:
    if stored.statistics is None or made.statistics is None:
        return {}
    before, now = stored.statistics.values, made.statistics.values
    both = {name: (before.get(name), now.get(name)) for name in sorted({*before, *now})}
    return {name: pair for name, pair in both.items() if pair[0] != pair[1]}
