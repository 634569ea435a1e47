"""The live screen's lines: everything is there where there is room, and nothing is too wide."""

from __future__ import annotations

from typing import get_args

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from leanopt_core.cli.grid import GridRow, headings
from leanopt_core.cli.leaders import Best, Gain, Improvement
from leanopt_core.cli.live import ASCII, BLOCKS, page, spark
from leanopt_core.cli.progress import StageView, View
from leanopt_core.cli.rows import SearchPhase, SearchView

PHASES = get_args(SearchPhase)


def test_all_that_is_known_is_said(view: View) -> None:
    """On a usual terminal."""
    text = page(view, 80, 30).plain
    lines = [" ".join(line.split()) for line in text.splitlines()]
    assert "leanopt trend-7" in lines[0]
    assert lines[0].endswith("1:15")  # the last stage has no budget: no time is promised
    assert any(one.startswith("lhs") and one.endswith("128/128 ended: trials") for one in lines)
    assert any(one.startswith("random") and one.endswith("250/1,000 30 s left") for one in lines)
    assert "polish 0 trials waiting" in lines
    assert "trials 378 done, 120 feasible, 25.0/s" in lines
    assert "backtests 300 run, 80 from the cache" in lines
    assert any(one.startswith("workers") and one.endswith("4, 96.4% busy") for one in lines)
    assert "failures 3 strategy error, 1 timeout" in lines
    assert "last: no bars for x = 3" in lines
    assert "best calmar 1.25 trial 212" in lines
    assert "fast 12 slow 150 exit trail" in lines
    assert "annual return 12.5% drawdown 10.0% orders 1,204" in lines
    assert "▁▁▃▃█" in lines
    assert "warnings second" in lines
    assert "a fourth one" in lines
    assert "and 1 earlier" in lines
    assert "now stage random" in lines


@pytest.mark.parametrize(("at_most", "said"), [(False, "50 s left"), (True, "at most 50 s left")])
def test_the_time_left_of_the_run_is_in_the_title(view: View, *, at_most: bool, said: str) -> None:
    """It says so where the run can end earlier."""
    known = attrs.evolve(view, left=50.0, at_most=at_most)
    assert page(known, 80, 30).plain.splitlines()[0].endswith(f"  1:15, {said}")


def test_the_height_is_used(view: View) -> None:
    """The next best trials first, then those that were best once: as many as there is space for."""
    lines = [" ".join(line.split()) for line in page(view, 80, 40).plain.splitlines()]
    assert "gain +0.75 in the last 94 trials, 166 trials since the best" in lines
    at = lines.index("2 0.5 trial 140 fast 10 slow 150 exit fixed")
    assert lines[at + 1] == "3 0.1 trial 7 fast 3 slow 20 exit trail"
    news = lines.index("new best 42 s 1.25 +0.75 trial 212")
    assert lines[news + 1 : news + 3] == ["28 s 0.5 +0.4 trial 140", "earlier 0.1 first trial 7"]
    full = len(lines)
    for height in range(full - 6, full + 1):
        # A block begins with an empty line, so one line alone stays empty.
        assert height - len(page(view, 80, height).plain.splitlines()) in (0, 1)
    short = page(view, 80, full - 5).plain
    assert ("trial 140 " in short, "new best" in short) == (True, False)
    two = (SearchView("SPY", 200), SearchView("QQQ", 178))
    assert "trial 212 of SPY" in page(attrs.evolve(view, searches=two), 80, 40).plain


def test_bars_are_as_long_as_their_share(view: View) -> None:
    """A quarter done is a quarter full."""
    line = next(o for o in page(view, 100, 30, ASCII).plain.splitlines() if o.startswith("random"))
    full, empty = line.count("#"), line.count(".")
    assert full == (full + empty) // 4
    assert full > 5


def test_a_run_that_has_only_begun(view: View) -> None:
    """Nothing is known, so nothing is claimed."""
    text = page(View("", now="preparing the strategy"), 80, 24).plain
    assert "preparing the strategy" in text
    assert "no feasible trial yet" in text
    assert "left" not in text
    assert "busy" not in text


def test_a_run_of_many_symbols_has_a_row_for_each(view: View) -> None:
    """As many as there is room for, from the one before the first that goes on; all are counted."""
    rows = [SearchView(f"S{at:02}", 40, 1.5, "ended") for at in range(12)]
    rows += [SearchView("broken", 20, None, "failed"), SearchView("x" * 300, 7, -0.25, "running")]
    rows += [SearchView(f"T{at:02}") for at in range(30)]
    many = attrs.evolve(view, searches=tuple(rows))
    lines = [" ".join(line.split()) for line in page(many, 100, 60).plain.splitlines()]
    assert "searches 12 ended, 1 failed, 1 running, 30 waiting" in lines
    assert "broken 20 - failed" in lines
    assert f"{'x' * 21}... 7 -0.25 running" in lines
    assert "T00 0 - waiting" in lines
    assert "S00 40 1.5 ended" not in lines
    # Where room is short, a few of them stay beside the counts.
    lines = [" ".join(line.split()) for line in page(many, 100, 26).plain.splitlines()]
    assert len([line for line in lines if line.endswith(("failed", "running", "waiting"))]) >= 3


def windows(view: View, symbols: int) -> View:
    """Return the view of a run with eight windows of each symbol; those of the first are over."""
    over = SearchView("", 40, 1.5, "ended", 40, {1: 0.7123}, 1.4249)
    others = [
        attrs.evolve(over, tests={1: None}),
        SearchView("", 12, None, "failed", 40),
        SearchView("", 40, None, "ended", 40),
        SearchView("", 25, 0.5, "running", 40),
        SearchView("", 25, 0.5, "running"),
        SearchView(""),
        SearchView(""),
    ]
    searches = [over] * 8 + [over, *others] * (symbols - 1)
    starts = tuple(f"{2001 + at}-01-01" for at in range(8))
    rows = [
        GridRow(f"S{at} 3y/1y", tuple((8 * at + one, 1) for one in range(1, 9)), starts)
        for at in range(symbols)
    ]
    return attrs.evolve(view, searches=tuple(searches), grid=tuple(rows))


def test_windows_are_columns_and_symbols_are_rows(view: View) -> None:
    """Each cell in and out of sample, or how far it is."""
    lines = page(windows(view, 2), 140, 60).plain.splitlines()
    at = next(at for at, line in enumerate(lines) if line.startswith("searches"))
    said = "searches 11 ended, 1 failed, 2 running, 2 waiting"
    assert " ".join(lines[at].split()) == said
    assert lines[at + 1].split() == [f"{2001 + one}-01" for one in range(8)]
    assert lines[at + 2].split() == ["S0", "3y/1y", *["1.42", ">", "0.712"] * 8]
    second = "S1 3y/1y 1.42 > 0.712 1.42 > - failed none 62% 25 . ."
    assert " ".join(lines[at + 3].split()) == second


def test_where_windows_do_not_fit_those_that_go_on_stay(view: View) -> None:
    """And a row for each search, where not even one fits."""
    both = windows(view, 2)
    alone = attrs.evolve(both, grid=both.grid[1:])
    text = page(alone, 60, 60).plain
    lines = [" ".join(line.split()) for line in text.splitlines()]
    at = lines.index("S1 3y/1y none 62% 25 . .")
    assert lines[at - 1] == "4-8 of 8 2004-01 2005-01 2006-01 2007-01 2008-01"
    lines = [" ".join(line.split()) for line in page(alone, 20, 60).plain.splitlines()]
    assert not any("2002-01" in line for line in lines)
    # Many symbols: those that go on, and one before them.
    lines = [" ".join(line.split()) for line in page(windows(view, 30), 140, 30).plain.splitlines()]
    assert any(line.startswith("S1 3y/1y") for line in lines)
    assert not any(line.startswith("S29 3y/1y") for line in lines)


def test_windows_have_numbers_if_their_days_differ(view: View) -> None:
    """As in a matrix of lengths; and whole days if two begin in one month."""
    first = GridRow("1y/1y", ((1, 1), (2, 1)), ("2001-01-01", "2002-01-01"))
    second = GridRow("2y/1y", ((3, 1),), ("2002-01-01",))
    assert headings([first, second]) == ("1", "2")
    assert headings([first]) == ("2001-01", "2002-01")
    days = ("2001-01-01", "2001-01-15")
    assert headings([GridRow("2w/2w", ((1, 1), (2, 1)), days)]) == days


def test_where_room_is_short_the_most_important_stays(view: View) -> None:
    """The title, how many, the best; warnings and curve go."""
    text = page(view, 60, 12).plain
    assert "trend-7" in text
    assert "378 done" in text
    assert "1.25" in text
    assert "Ctrl-C" not in text
    assert "▁▁▃▃█" not in text


def test_control_characters_of_others_do_not_reach_the_terminal(view: View) -> None:
    """In a warning, a reason, a category."""
    bad = attrs.evolve(
        view,
        warnings=("\x1b[2Jwarned",),
        failures=(("\x1b[31mbad", 1),),
        stages=(StageView("lhs", 4, 4, "ended", "\x07why"),),
    )
    text = page(bad, 80, 30).plain
    assert "\x1b" not in text
    assert "\x07" not in text


_texts = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=40)
_counts = st.integers(0, 10**9)
_floats = st.floats(allow_nan=False, allow_infinity=False, width=32)
_views = st.builds(
    View,
    run=_texts,
    elapsed=st.floats(0, 1e7),
    stages=st.lists(
        st.builds(
            StageView,
            _texts,
            st.none() | st.integers(1, 10**9),
            _counts,
            st.sampled_from(["waiting", "running", "ended"]),
            _texts,
            st.none() | st.floats(0, 1e7),
        ),
        max_size=6,
    ).map(tuple),
    told=_counts,
    workers=st.integers(0, 1000),
    rate=st.none() | st.floats(1e-6, 1e6),
    busy=st.none() | st.floats(0, 1),
    left=st.none() | st.floats(0, 1e7),
    at_most=st.booleans(),
    best=st.lists(
        st.builds(
            Best,
            _counts,
            _floats,
            st.dictionaries(_texts, _texts, max_size=12),
            st.dictionaries(_texts, _texts, max_size=8),
            st.integers(1, 3),
        ),
        max_size=5,
    ).map(tuple),
    gain=st.none() | st.builds(Gain, _floats, _counts, _counts),
    improvements=st.lists(
        st.builds(
            Improvement, _counts, _floats, st.none() | _floats, st.none() | st.floats(0, 1e7)
        ),
        max_size=50,
    ).map(tuple),
    curve=st.lists(_floats, max_size=50).map(tuple),
    now=_texts,
    warnings=st.lists(_texts, max_size=5).map(tuple),
    searches=st.just(())
    | st.lists(
        st.builds(
            SearchView,
            _texts,
            _counts,
            st.none() | _floats,
            st.sampled_from(PHASES),
            st.none() | _counts,
            st.dictionaries(st.integers(0, 3), st.none() | _floats),
            st.none() | _floats,
        ),
        min_size=2,
        max_size=60,
    ).map(tuple),
)


_rows = st.builds(
    lambda name, cells, first: GridRow(name, tuple(cells), (first,) * len(cells)),
    _texts,
    st.lists(st.tuples(st.integers(1, 60), st.integers(0, 3)), min_size=1, max_size=9),
    _texts,
)


@given(_views, st.integers(1, 300), st.integers(1, 80), st.lists(_rows, max_size=9))
def test_it_never_leaves_the_terminal(
    view: View, width: int, height: int, rows: list[GridRow]
) -> None:
    """Whatever the run is like and however small the terminal."""
    known = [row for row in rows if all(one <= len(view.searches) for one, _ in row.cells)]
    view = attrs.evolve(view, grid=tuple(known))
    lines = page(view, width, height).plain.split("\n")
    assert len(lines) <= height
    assert max(cell_len(line) for line in lines) <= width


@given(st.lists(_floats, min_size=1, max_size=100), st.integers(1, 60))
def test_a_curve_ends_as_it_does_and_rises_where_it_rises(values: list[float], width: int) -> None:
    """Drawn of a rising series, no character is lower than the one before; the last is highest."""
    drawn = spark(sorted(values), width, BLOCKS.levels)
    assert len(drawn) == min(width, len(values))
    heights = [BLOCKS.levels.index(one) for one in drawn]
    assert heights == sorted(heights)


@pytest.mark.parametrize("levels", [ASCII.levels, BLOCKS.levels])
def test_a_level_curve_is_level(levels: str) -> None:
    """One height, and nothing for nothing."""
    assert len(set(spark([2.0, 2.0, 2.0], 10, levels))) == 1
    assert spark([], 10, levels) == ""
