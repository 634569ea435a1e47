"""What a Result becomes in an answer, and which ones are refused."""

from __future__ import annotations

import base64
import math
import struct
from collections.abc import Callable
from dataclasses import astuple, replace
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from leanopt_harness import Result, Trade
from leanopt_harness.faults import Failure
from leanopt_harness.outcome import read_result

FINITE = st.floats(allow_nan=False, allow_infinity=False)
WHOLE = st.integers(-(2**63) + 1, 2**63 - 1)
PLAIN = FINITE | WHOLE | st.text() | st.none()
STATISTICS = st.recursive(
    st.dictionaries(st.text(), PLAIN),
    lambda inner: st.dictionaries(st.text(), PLAIN | inner),
    max_leaves=10,
)
TRADE = Trade(10, 1.5, 2.0, 1, 20, 2.5, 2.0, 0.1, mae=-1.0, mfe=None)


def refusal(result: Any) -> str:
    """Return the message with which a result is refused, whatever outputs are asked for."""
    messages = set()
    for outputs in ((), ("equity", "trades")):
        with pytest.raises(Failure) as caught:
            read_result(result, outputs)
        assert caught.value.category == "no result"
        messages.add(caught.value.message)
    (message,) = messages
    return message


def unpack(text: Any, code: str) -> list[Any]:
    """Read a packed column as a client does."""
    data = base64.b64decode(text, validate=True)
    return list(struct.unpack(f"<{len(data) // 8}{code}", data))


@given(STATISTICS)
def test_plain_statistics_travel_as_they_are(statistics: dict[str, Any]) -> None:
    """Numbers, texts, unknown and nested sections."""
    assert read_result(Result(statistics), ()) == {"statistics": statistics}


@given(st.sets(WHOLE).map(sorted), st.data(), st.sampled_from([list, tuple, np.array]))
def test_the_curve_is_packed_without_loss(
    times: list[int], data: st.DataObject, kind: Callable[[Any], Any]
) -> None:
    """Little-endian 64 bits, from lists, tuples and arrays alike."""
    equity = data.draw(st.lists(FINITE, min_size=len(times), max_size=len(times)))
    result = Result({}, times=kind(times), equity=kind(equity))
    answer: Any = read_result(result, ("equity",))
    assert unpack(answer["equity"]["times"], "q") == times
    assert unpack(answer["equity"]["values"], "d") == equity


@given(st.lists(FINITE, min_size=1), st.data())
def test_one_value_that_is_not_finite_is_found(equity: list[float], data: st.DataObject) -> None:
    """Wherever it is; also where finite ones overflow the sum, which are fine."""
    times = list(range(len(equity)))
    read_result(Result({}, times=times, equity=equity), ())
    at = data.draw(st.integers(0, len(equity) - 1))
    bad = data.draw(st.sampled_from([math.nan, math.inf, -math.inf]))
    equity[at] = bad
    message = f"equity[{at}] is {bad}: expected a finite number"
    assert refusal(Result({}, times=times, equity=equity)) == message
    assert refusal(Result({}, times=times, equity=np.array(equity))) == message


def test_huge_values_are_finite() -> None:
    """Their sum is not, they are."""
    result = Result({}, times=[1, 2], equity=[1.7e308, 1.7e308])
    assert "statistics" in read_result(result, ())


def test_trades_travel_as_rows() -> None:
    """In the order of the fields, where they are asked for."""
    second = replace(TRADE, direction=-1, mae=None, mfe=4.0)
    result = Result({}, trades=[TRADE, second])
    assert read_result(result, ("trades",))["trades"] == [
        list(astuple(TRADE)[:-1]),
        list(astuple(second)[:-1]),
    ]
    assert "trades" not in read_result(result, ("equity",))


def test_rows_end_with_the_tag_where_a_trade_has_one() -> None:
    """Rows of trades without tags are as they were before there were any."""
    trades = [replace(TRADE, tag="stop"), TRADE, replace(TRADE, tag=np.str_(""))]
    rows: Any = read_result(Result({}, trades=trades), ("trades",))["trades"]
    assert rows == [list(astuple(trade)) for trade in trades]
    assert [type(row[-1]) for row in rows] == [str, type(None), str]


@pytest.mark.parametrize(
    ("value", "plain"),
    [
        (np.float64(1.5), 1.5),
        (np.float32(1.5), 1.5),
        (np.int64(7), 7),
        (np.uint8(7), 7),
        (np.str_("x"), "x"),
        (Fraction(1, 2), 0.5),
        (2**63 - 1, 2**63 - 1),
    ],
)
def test_numbers_of_other_kinds_become_plain(value: Any, plain: object) -> None:
    """NumPy's above all; in statistics, and trades and curves where they fit."""
    found = read_result(Result({"x": value}), ())["statistics"]
    assert found == {"x": plain}
    assert type(found["x"]) is type(plain)  # type: ignore[call-overload,index]  # a dict


def test_numpys_numbers_do_in_curves_and_trades() -> None:
    """Also in arrays of other widths."""
    trade = replace(TRADE, entry_time=np.int64(10), entry_price=np.float32(1.5))
    result = Result(
        {},
        times=np.array([1, 2], dtype=np.int32),  # type: ignore[arg-type]  # no Sequence, but common
        equity=np.array([1, 2], dtype=np.float32),  # type: ignore[arg-type]
        trades=[trade],
    )
    answer: Any = read_result(result, ("equity", "trades"))
    assert answer["trades"] == [list(astuple(TRADE)[:-1])]
    assert unpack(answer["equity"]["times"], "q") == [1, 2]
    assert unpack(answer["equity"]["values"], "d") == [1.0, 2.0]


def itself() -> dict[str, Any]:
    """Return statistics that contain themselves."""
    endless: dict[str, Any] = {}
    endless["again"] = endless
    return endless


class Fatal(SystemExit):
    """Ends a process, and cannot say why."""

    def __str__(self) -> str:
        raise KeyboardInterrupt


class Lazy(dict[str, Any]):
    """Statistics that are computed when they are looked at."""

    def items(self) -> Any:
        """Fail for good."""
        raise Fatal


class Unreadable:
    """Fails at everything."""

    def __repr__(self) -> str:
        raise RuntimeError

    def __iter__(self) -> None:
        raise RuntimeError("no luck")


@pytest.mark.parametrize(
    ("result", "message"),
    [
        (None, "the backtest returned None (NoneType): expected a Result"),
        ({"Sharpe Ratio": 1.0}, "the backtest returned {'Sharpe Ratio': 1.0} (dict): expected a"),
        (Unreadable(), "the backtest returned something (Unreadable): expected a Result"),
        (Result([1.0]), "Result.statistics is [1.0] (list): expected a mapping of names to values"),
        (Result({"x": math.nan}), 'statistic "x" is nan: expected a finite number, or None'),
        (Result({"x": np.float32("inf")}), 'statistic "x" is inf: expected a finite number, or'),
        (Result({"a": {"b": -math.inf}}), 'statistic "a.b" is -inf: expected a finite number'),
        (Result({"x": True}), 'statistic "x" is True: expected a number, a string or None'),
        (Result({"x": np.bool_(True)}), 'statistic "x" is np.True_ (bool): expected a number'),
        (Result({"x": [1]}), 'statistic "x" is [1] (list): expected a number, a string or None'),
        (Result({"x": Decimal(1)}), "statistic \"x\" is Decimal('1') (Decimal): expected a number"),
        (Result({"x": 2**63}), 'statistic "x" is an integer of more than 64 bits'),
        (Result({"x": 10**5000}), 'statistic "x" is an integer of more than 64 bits'),
        (Result({1: 1.0}), "a statistic has the name 1: expected a string"),
        (Result({"a": {2: 1.0}}), 'a statistic in "a" has the name 2: expected a string'),
        (Result({"x": "y" * 10**6}, times=5), "the Result cannot be read: TypeError: 'int' object"),
        (Result(Lazy()), "the Result cannot be read: Fatal: its message cannot be read"),
        (Result(itself()), "expected at most 16 nested sections"),
        (Result({}, times=[1, 2], equity=[1.0]), "times has 2 entries and equity 1: expected"),
        (Result({}, equity=[1.0]), "times has 0 entries and equity 1: expected the same number"),
        (Result({}, times=[1, 1], equity=[1.0, 2.0]), "times[1] is 1 after 1: expected increasing"),
        (Result({}, times=[1.5], equity=[1.0]), "times[0] is 1.5 (float): expected an integer of"),
        (Result({}, times=[2**63], equity=[1]), "times[0] is 9223372036854775808 (int): expected"),
        (Result({}, times=[1], equity=["1"]), "equity[0] is '1' (str): expected a number"),
        (Result({}, times=[1, 2], equity=[1, None]), "equity[1] is None (NoneType): expected a"),
        (Result({}, times=b"12345678", equity=[1.0]), "times is b'12345678' (bytes): expected a"),
        (Result({}, times=[1], equity=Unreadable()), "cannot be read: RuntimeError: no luck"),
        (Result({}, trades=[TRADE, 5]), "trades[1] is 5 (int): expected a Trade"),
        (
            Result({}, trades=[replace(TRADE, fees=math.nan)]),
            "trades.fees[0] is nan: expected a finite number",
        ),
        (
            Result({}, trades=[TRADE, replace(TRADE, mfe=math.inf)]),
            "trades.mfe[0] is inf: expected a finite number",
        ),
        (
            Result({}, trades=[replace(TRADE, exit_time=2.5)]),
            "trades.exit_time[0] is 2.5 (float): expected an integer of 64 bits",
        ),
        (
            Result({}, trades=[TRADE, replace(TRADE, tag=5)]),
            "trades.tag[1] is 5 (int): expected a string or None",
        ),
    ],
)
def test_what_is_no_result_is_refused_by_name(result: Any, message: str) -> None:
    """The same, whatever outputs are asked for."""
    assert message in refusal(result)


def test_a_long_value_is_shown_shortly() -> None:
    """A message stays a message."""
    assert len(refusal(["x" * 10**6])) < 200
