"""The daily returns of a search's trials as one matrix; its functions need NumPy."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from attrs import frozen

from leanopt_core.store.daily import TrialReturns
from leanopt_core.store.reader import Reader

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

#: What `date.toordinal` says of 1970-01-01.
_EPOCH: Final = 719_163


@frozen(eq=False)
class ReturnsMatrix:
    """Daily returns of many trials: `values` has a row per day and a column per trial.

    `days` is datetime64[D], `values` are fractions (float64), `trials` the trials' numbers. A day
    without a value counts as unchanged, 0.0; `filled` gives, by trial number, how many such days
    there are, if any. A trial whose equity fell to 0 or below has lost all of it, -1.0, on that
    day; no day after it has a value. `left_out` gives, by trial number, the reason for a missing
    column.
    """

    days: NDArray[np.datetime64]
    trials: tuple[int, ...]
    values: NDArray[np.float64]
    left_out: Mapping[int, str]
    filled: Mapping[int, int]


def returns_matrix(reader: Reader, search_id: int, ordinal: int) -> ReturnsMatrix:
    """Return the daily returns of the told trials of a search under the scenario of this index."""
    import numpy as np

    found: list[TrialReturns] = []
    left_out: dict[int, str] = {}
    for one in reader.trial_returns(search_id, ordinal):
        if one.missing is None:
            found.append(one)
        else:
            left_out[one.number] = one.missing
    calendars = {key: reader.calendar_days(key) for key in {one.calendar for one in found}}
    days = np.array(sorted({day for one in calendars.values() for day in one}), dtype=np.int64)
    places = {key: np.searchsorted(days, np.array(one)) for key, one in calendars.items()}
    values, filled = np.zeros((len(days), len(found))), {}
    for column, one in enumerate(found):
        own = _values(one, len(places[one.calendar]))
        values[places[one.calendar][: len(own)], column] = own
        if len(own) < len(days):
            filled[one.number] = len(days) - len(own)
    numbers = tuple(one.number for one in found)
    return ReturnsMatrix(dates(days), numbers, values, left_out, filled)


def _values(one: TrialReturns, count: int) -> NDArray[np.float32]:
    """Return a trial's returns, with the total loss that ends them if there is one."""
    import numpy as np

    values = np.frombuffer(one.values, dtype="<f4")
    lost = one.ruined and len(values) < count
    return np.append(values, np.float32(-1)) if lost else values


def dates(ordinals: NDArray[np.int_]) -> NDArray[np.datetime64]:
    """Return days (`date.toordinal`) as datetime64[D]."""
    return (ordinals - _EPOCH).astype("datetime64[D]")
