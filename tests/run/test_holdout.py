"""A holdout: never searched, looked at on purpose, and every look counts."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leanopt_core.holdout import Holdout
from leanopt_core.work import Scenario
from tests.projects import lay

Leanopt = Callable[..., "CompletedProcess[str]"]

STRATEGY = '''
from leanopt_harness import Result, backtest


@backtest
def run(parameters, scenario):
    """What it earns depends on the point, the days and the symbol."""
    x = parameters["x"]
    if str(scenario.start) == "2015-01-01" and x == 7:
        raise ValueError("no prices for seven")
    profit = x / 100 + int(str(scenario.start)[:4]) / 1e4 + len(scenario.symbol) / 1e6
    return Result({"Net Profit": profit, "Drawdown": 0.1 if x < 9 else 0.9})
'''

PIPELINE = """
name = "slope"
seed = 3

[strategy]
entry = "strategy.py:run"

[scenario]
symbol = "AB"
start = 2010-01-01
end = 2014-12-31

[parameters]
x = { min = 1, max = 10 }

[constraints]
results = ["Drawdown <= 25%"]

[fitness]
use = "statistic"
statistic = "Net Profit"

[executor]
workers = 2

[[stage]]
use = "grid"
"""
DAYS = "\n[holdout]\nstart = 2015-01-01\nend = 2016-12-31\n"


def profit(x: int, year: int = 2015, symbol: str = "AB") -> float:
    """Return what the strategy earns."""
    return x / 100 + year / 1e4 + len(symbol) / 1e6


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project whose best trials are those with x = 8, 7, 6 and so on."""
    folder = tmp_path / "project"
    folder.mkdir()
    lay(folder, STRATEGY, PIPELINE + DAYS)
    return folder


def look(leanopt: Leanopt, folder: Path, *arguments: str, check: bool = True) -> dict[str, Any]:
    """Return what a look at the holdout shows."""
    done = leanopt(folder, "holdout", *arguments, "--json", check=check)
    return dict(json.loads(done.stdout))


def test_a_look_shows_both_samples(project: Path, leanopt: Leanopt) -> None:
    """The stored results beside those on the holdout, by the run's fitness and constraints."""
    leanopt(project, "run", "pipeline.toml")
    seen = look(leanopt, project, "slope-1", "--best", "3", check=False)
    assert (seen["strategy"], seen["holdout"]) == (
        "slope",
        {"start": "2015-01-01", "end": "2016-12-31"},
    )
    assert [one["parameters"]["x"] for one in seen["trials"]] == [8, 7, 6]
    assert [one["rank"] for one in seen["trials"]] == [1, 2, 3]
    for one, x in zip(seen["trials"], (8, 7, 6), strict=True):
        (inside,), (outside,) = one["in_sample"]["backtests"], one["out_of_sample"]["backtests"]
        assert inside["statistics"]["Net Profit"] == one["in_sample"]["fitness"] == profit(x, 2010)
        if x == 7:
            assert "no prices for seven" in outside["failure"]
            assert (one["looked_at"], one["new"]) == (None, False)
        else:
            found = outside["statistics"]["Net Profit"]
            assert found == one["out_of_sample"]["fitness"] == profit(x)
            assert one["new"] is True
    assert seen["looks"] == 2
    page = leanopt(project, "holdout", "slope-1", "--best", "3").stdout
    assert "run slope-1 on the holdout, 2015-01-01 to 2016-12-31: 3 trials" in page
    assert "looks at this holdout: 2 points of slope, 0 of them now" in page
    assert "trial 7 out of sample: ValueError: no prices for seven (strategy.py:10)\n" in page


@pytest.mark.long
def test_the_same_point_again_counts_no_more(project: Path, leanopt: Leanopt) -> None:
    """It has the date of its first look, by any trial of any run."""
    leanopt(project, "run", "pipeline.toml")
    (first,) = look(leanopt, project, "slope-1")["trials"]
    leanopt(project, "run", "pipeline.toml", "--seed", "4", "--set", "parameters.x.max=8")
    (again, other) = look(leanopt, project, "slope-2", "--best", "3")["trials"][::2]
    assert (again["parameters"], again["new"]) == (first["parameters"], False)
    assert again["looked_at"] == first["looked_at"]
    assert (other["parameters"]["x"], other["new"]) == (6, True)
    day = first["looked_at"].partition("T")[0]
    rows = leanopt(project, "holdout", "slope-1").stdout.splitlines()
    assert [line.split()[-1] for line in rows if " out " in line] == [day]


@pytest.mark.long
def test_the_search_is_the_same_without_it(project: Path, leanopt: Leanopt) -> None:
    """It is in no plan, and no trial depends on it: the run is found again."""
    first = json.loads(leanopt(project, "run", "pipeline.toml", "--json").stdout)
    dump = leanopt(project, "export", "--canonical").stdout
    (project / "pipeline.toml").write_text(PIPELINE)
    again = json.loads(leanopt(project, "run", "pipeline.toml", "--json").stdout)
    assert (again["run"], again["plan_hash"]) == (first["run"], first["plan_hash"])
    assert leanopt(project, "export", "--canonical").stdout == dump
    assert "2016" not in dump + json.dumps(again["execution"])


@pytest.mark.long
def test_every_command_looks(project: Path, leanopt: Leanopt) -> None:
    """A run on its days, also of a pipeline that knows no holdout; deleted runs count on."""
    leanopt(project, "run", "pipeline.toml")
    days = ("--set", "scenario.start=2016-01-01", "--set", "scenario.end=2018-12-31")
    few = ("--set", "parameters.x.max=4")
    searched = leanopt(project, "run", "pipeline.toml", *days, *few)
    assert (
        "the scenario overlaps [holdout] (2015-01-01 to 2016-12-31): each point is a look at it"
        in searched.stderr
    )
    assert look(leanopt, project, "slope-1")["looks"] == 4 + 1
    (project / "other.toml").write_text(PIPELINE.replace("entry =", 'id = "slope"\nentry ='))
    unaware = leanopt(project, "run", "other.toml", *days, "--set", "parameters.x.min=9")
    assert (
        "the scenario overlaps the holdout of strategy slope (2015-01-01 to 2016-12-31)"
        in unaware.stderr
    )
    for run in ("slope-2", "slope-3"):
        assert look(leanopt, project, "slope-1")["looks"] == 5 + 2
        leanopt(project, "delete", run, "--yes")
    seen = look(leanopt, project, "slope-1:3")
    assert (seen["looks"], seen["trials"][0]["new"]) == (5 + 2, False)


@pytest.mark.long
def test_a_warm_up_is_a_look(project: Path, leanopt: Leanopt) -> None:
    """The strategy sees days held out before its first."""
    strategy = project / "strategy.py"
    strategy.write_text(
        STRATEGY.replace('x = parameters["x"]', 'x, _ = parameters["x"], scenario.warmup')
    )
    leanopt(project, "run", "pipeline.toml")
    days = ("scenario.start=2017-01-05", "scenario.end=2018-12-31", 'scenario.warmup="9d"')
    sets = [part for one in days for part in ("--set", one)]
    done = leanopt(project, "backtest", "pipeline.toml", "--param", "x=2.5", *sets)
    assert "the scenario overlaps [holdout] (2015-01-01 to 2016-12-31)" in done.stderr
    assert look(leanopt, project, "slope-1:3")["looks"] == 2


@pytest.mark.long
def test_one_backtest_is_a_look(project: Path, leanopt: Leanopt) -> None:
    """Also one that a backtest of another strategy's id answers from the store."""
    days = ("--set", "scenario.start=2016-01-01", "--set", "scenario.end=2018-12-31")
    leanopt(project, "run", "pipeline.toml")
    done = leanopt(project, "backtest", "pipeline.toml", "--param", "x=3", *days)
    assert "the scenario overlaps [holdout] (2015-01-01 to 2016-12-31)" in done.stderr
    leanopt(project, "backtest", "pipeline.toml", "--param", "x=2.5", *days)
    seen = look(leanopt, project, "slope-1:3")
    assert (seen["looks"], seen["trials"][0]["new"]) == (2, False)
    other = ("--set", "strategy.id=other")
    leanopt(project, "backtest", "pipeline.toml", "--param", "x=3", *days, *other)
    leanopt(project, "run", "pipeline.toml", "--again", *other)
    seen = look(leanopt, project, "slope-2:3")
    assert (seen["strategy"], seen["looks"], seen["trials"][0]["new"]) == ("other", 1, False)


@pytest.mark.long
def test_looks_before_it_was_declared_count_too(project: Path, leanopt: Leanopt) -> None:
    """Points of runs that are there, and the number of trials of those that were deleted."""
    pipeline = project / "pipeline.toml"
    pipeline.write_text(PIPELINE)
    days = ("--set", "scenario.start=2016-01-01", "--set", "scenario.end=2016-06-30")
    leanopt(project, "run", "pipeline.toml", *days, "--set", "parameters.x.max=4")
    leanopt(project, "run", "pipeline.toml", *days, "--set", "parameters.x.min=9")
    leanopt(project, "delete", "slope-2", "--yes")
    leanopt(project, "run", "pipeline.toml")
    pipeline.write_text(PIPELINE + DAYS)
    seen = look(leanopt, project, "slope-2:3")
    assert (seen["looks"], seen["forgotten"], seen["trials"][0]["new"]) == (4, 2, False)
    page = leanopt(project, "holdout", "slope-2:3").stdout
    assert "2 trials of deleted runs, whose points are not known" in page


@pytest.mark.long
def test_a_changed_holdout_warns_after_looks(project: Path, leanopt: Leanopt) -> None:
    """Not before: nobody has learned anything from it."""
    pipeline, later = project / "pipeline.toml", DAYS.replace("2015-01-01", "2016-01-01")
    leanopt(project, "run", "pipeline.toml")
    pipeline.write_text(PIPELINE + later)
    assert "[holdout] has changed" not in leanopt(project, "run", "pipeline.toml").stderr
    assert "[holdout] has changed" not in leanopt(project, "holdout", "slope-1").stderr
    pipeline.write_text(PIPELINE + DAYS)
    said = (
        "[holdout] has changed: it was 2016-01-01 to 2016-12-31 when 1 point was looked at there, "
        "and is 2015-01-01 to 2016-12-31"
    )
    assert said in leanopt(project, "run", "pipeline.toml").stderr
    done = leanopt(project, "holdout", "slope-1")
    assert said in done.stderr
    # The point of the former one counts, since it has days of this one.
    assert "looks at this holdout: 1 point of slope, 0 of them now" in done.stdout
    pipeline.write_text(PIPELINE + later)
    back = leanopt(project, "run", "pipeline.toml").stderr
    assert "it was 2015-01-01 to 2016-12-31 when 1 point was looked at there" in back
    assert "it was 2016-01-01" not in back


@pytest.mark.long
def test_symbols_can_be_held_out(project: Path, leanopt: Leanopt) -> None:
    """The days stay those of the search, and other symbols are no looks."""
    pipeline = project / "pipeline.toml"
    pipeline.write_text(PIPELINE + '\n[holdout]\nsymbols = ["XYZ", "WXYZ"]\n')
    leanopt(project, "run", "pipeline.toml")
    leanopt(project, "run", "pipeline.toml", "--symbol", "Q")
    (trial,) = look(leanopt, project, "slope-1")["trials"]
    found = {
        one["scenario"]: one["statistics"]["Net Profit"]
        for one in trial["out_of_sample"]["backtests"]
    }
    assert found == {"XYZ": profit(8, 2010, "XYZ"), "WXYZ": profit(8, 2010, "WXYZ")}
    seen = leanopt(project, "run", "pipeline.toml", "--symbol", "xyz")
    assert "the scenario overlaps [holdout] (symbols XYZ, WXYZ)" in seen.stderr
    assert look(leanopt, project, "slope-1")["looks"] == 10


@pytest.mark.long
def test_several_scenarios_keep_their_weights(project: Path, leanopt: Leanopt) -> None:
    """On the holdout, and in a backtest of the same trial."""
    one = 'symbol = "{}"\nweight = {}\nstart = 2010-01-01\nend = 2014-12-31\n'
    both = "".join(f"[[scenario]]\n{one.format(*it)}" for it in (("AB", 3), ("ABCDEF", 1)))
    before, _, after = PIPELINE.partition("[scenario]")
    text = before + both + after[after.index("[parameters]") :] + DAYS
    weighted = text.replace('"Net Profit"', '"Net Profit"\naggregate = "weighted"', 1)
    (project / "pipeline.toml").write_text(weighted)
    leanopt(project, "run", "pipeline.toml")
    (seen,) = look(leanopt, project, "slope-1")["trials"]
    for sample, year in (("in_sample", 2010), ("out_of_sample", 2015)):
        expected = (3 * profit(8, year) + profit(8, year, "ABCDEF")) / 4
        assert seen[sample]["fitness"] == pytest.approx(expected, rel=1e-12)
        assert [one["scenario"] for one in seen[sample]["backtests"]] == ["AB", "ABCDEF"]
    again = json.loads(leanopt(project, "backtest", "--of", "slope-1", "--json").stdout)
    assert again["fitness"] == seen["in_sample"]["fitness"]


@pytest.mark.long
def test_each_search_is_looked_at_under_its_own_scenario(project: Path, leanopt: Leanopt) -> None:
    """The best of all, whichever search they are of."""
    universe = PIPELINE.replace('symbol = "AB"', 'universe = ["A", "ABCD"]\nseparate = true')
    (project / "pipeline.toml").write_text(universe + DAYS)
    leanopt(project, "run", "pipeline.toml")
    seen = look(leanopt, project, "slope-1", "--best", "2")["trials"]
    assert [one["search"] for one in seen] == [2, 1]
    found = [one["out_of_sample"]["fitness"] for one in seen]
    assert found == [profit(8, 2015, "ABCD"), profit(8, 2015, "A")]
    (only,) = look(leanopt, project, "slope-1:3", "--search", "A")["trials"]
    assert only["out_of_sample"]["fitness"] == profit(3, 2015, "A")
    (best,) = look(leanopt, project, "slope-1", "--search", "A")["trials"]
    assert (best["search"], best["new"]) == (1, False)
    page = leanopt(project, "holdout", "slope-1", "--best", "2").stdout
    assert page.splitlines()[2].split()[:4] == ["rank", "trial", "search", "sample"]


@pytest.mark.long
def test_another_strategy_is_not_compared(project: Path, leanopt: Leanopt) -> None:
    """Unless that is accepted; the look is not wasted."""
    leanopt(project, "run", "pipeline.toml")
    strategy = project / "strategy.py"
    strategy.write_text(STRATEGY.replace("x / 100", "x / 50"))
    refused = leanopt(project, "holdout", "slope-1", check=False)
    assert refused.returncode == 8
    assert (
        "the strategy's files have changed (strategy.py has changed) since run slope-1"
        in refused.stderr
    )
    done = leanopt(project, "holdout", "slope-1", "--accept-changes", "--json")
    assert (
        "the strategy's files have changed (strategy.py has changed) since run slope-1"
        in done.stderr
    )
    assert json.loads(done.stdout)["looks"] == 1
    strategy.write_text(STRATEGY)
    rule = PIPELINE.replace("Drawdown <= 25%", "Drawdown <= 5%")
    (project / "pipeline.toml").write_text(rule + DAYS)
    done = leanopt(project, "holdout", "slope-1")
    assert "[fitness] or [constraints] have changed since run slope-1" in done.stderr
    assert "out of sample: violates Drawdown <= 5%" in done.stdout


@pytest.mark.alike(3)
@pytest.mark.parametrize(
    ("pipeline", "run", "arguments", "code", "message"),
    [
        (PIPELINE, (), ("slope-1",), 2, "pipeline.toml has no [holdout]: give start and end"),
        (PIPELINE + DAYS, (), ("slope-9",), 2, "there is no run 'slope-9'"),
        (PIPELINE + DAYS, (), ("slope-1:99",), 2, "run slope-1 has no trial 99 in search 1"),
        (
            PIPELINE + DAYS,
            ("--set", "scenario.end=2015-01-01"),
            ("slope-1",),
            2,
            "run slope-1 has searched the holdout (2015-01-01 to 2016-12-31) itself",
        ),
        (
            PIPELINE + DAYS,
            ("--set", "parameters.x.min=9"),
            ("slope-1", "--best", "2"),
            2,
            "run slope-1 has no feasible trial; name one as RUN:TRIAL",
        ),
        (
            PIPELINE + DAYS,
            (),
            ("slope-1:7",),
            5,
            "no backtest on the holdout (2015-01-01 to 2016-12-31) completed: strategy error: ",
        ),
    ],
)
def test_what_cannot_be_looked_at(
    project: Path, leanopt: Leanopt, pipeline: str, run, arguments, code: int, message: str
) -> None:
    """Is said, and is no look."""
    (project / "pipeline.toml").write_text(pipeline)
    leanopt(project, "run", "pipeline.toml", *run)
    refused = leanopt(project, "holdout", *arguments, check=False)
    assert (refused.returncode, message in refused.stderr) == (code, True), refused.stderr


@given(
    scenario=st.tuples(*[st.none() | st.integers(0, 9)] * 2),
    held=st.tuples(*[st.none() | st.integers(0, 9)] * 2),
    warmup=st.none() | st.integers(1, 9),
)
def test_overlaps_are_common_days(scenario: tuple, held: tuple, warmup: int | None) -> None:
    """As sets of days; without a limit, all days on that side. A warm-up reads days, too."""

    def days(limits: tuple[int | None, int | None]) -> set[int]:
        first, last = (-1 if limits[0] is None else limits[0]), limits[1]
        return set(range(first, (10 if last is None else last) + 1))

    def dates(limits: tuple[int | None, int | None]) -> list[date | None]:
        return [None if one is None else date(1999, 12, 27) + timedelta(one) for one in limits]

    if not days(scenario) or not days(held):
        return
    settings = Scenario("s", None, *dates(scenario), warmup=warmup).settings()
    seen = (
        days(scenario) if scenario[0] is None else days((scenario[0] - (warmup or 0), scenario[1]))
    )
    assert Holdout(*dates(held)).overlaps(settings) is bool(seen & days(held))
    made = Holdout(*dates(held))
    assert Holdout.from_dict(json.loads(json.dumps(made.to_dict()))) == made
