"""Lists and maps of a run's trials, against what its export says."""

from __future__ import annotations

import json
import re
from pathlib import Path
from statistics import fmean

import pytest

from tests.projects import lay

STRATEGY = '''
from leanopt_harness import Result, backtest


@backtest
def run(parameters, scenario):
    """Statistics with odd names; some points fail, some lack a statistic."""
    fast, slow, stop, trail, _ = (parameters[n] for n in ("fast", "slow", "stop", "trail", "atr"))
    if fast == 7:
        raise ValueError("seven")
    level = 2.0 if scenario.symbol == "QQQ" else 1.0
    profit = level * (fast * 5 % 7 + slow * 3 % 5) / 10 - float(stop)
    return Result({
        "Net Profit": profit, "Compounding Annual Return": profit / 2, "Drawdown": 0.1 * slow,
        "Total Orders": 10 * fast + slow, "Sharpe Ratio": profit * level,
        "totalPerformance.tradeStatistics.profitFactor": fast / slow,
        'we"ird': fast, "it's; DROP TABLE trials": slow, "ünï code": profit,
        **({} if slow == 3 else {"Win Rate": 0.01 * slow}),
    })
'''

PIPELINE = """
name = "list"
seed = 5
[strategy]
entry = "strategy.py:run"
[[scenario]]
name = "stocks"
symbol = "SPY"
[[scenario]]
name = "big.growth"
symbol = "QQQ"
[parameters]
fast = { min = 1, max = 12 }
slow = { min = 1, max = 6 }
stop = { min = 0.1, max = 0.4, step = 0.1 }
trail = { choices = ["fixed", "trailing"] }
atr = 20
[constraints]
results = ["Drawdown <= 50%"]
[fitness]
use = "statistic"
statistic = "Net Profit"
[executor]
workers = 2
[[stage]]
use = "lhs"
trials = 60
[[stage]]
name = "second"
use = "random"
trials = 140
"""


@pytest.fixture(scope="module")
def listed(tmp_path_factory: pytest.TempPathFactory, leanopt) -> Path:
    """A project with one run of 200 trials under two scenarios."""
    folder = tmp_path_factory.mktemp("listed")
    lay(folder, STRATEGY, PIPELINE)
    leanopt(folder, "run", "pipeline.toml")
    return folder


@pytest.fixture(scope="module")
def trials(listed: Path, leanopt) -> list[dict]:
    """What the export says of each trial; `mean` has the statistics over both scenarios."""
    lines = leanopt(listed, "export").stdout.splitlines()
    found = [one for line in lines if "parameters" in (one := json.loads(line))]
    for one in found:
        one["p"] = {
            k: v if isinstance(v, str) and k == "trail" else float(v)
            for k, v in one["parameters"].items()
        }
        each = [b["statistics"] for b in one["backtests"].values() if b["statistics"]]
        names = set.intersection(*map(set, each)) if each else set()
        one["mean"] = {name: fmean(e[name] for e in each) for name in names}
    return found


def asked(leanopt, folder: Path, *options: str) -> dict:
    """Return a list as JSON."""
    return json.loads(leanopt(folder, "show", *options, "--json").stdout)


def mean(name: str):
    """Return what reads a statistic over both scenarios; KeyError if it is unknown."""
    return lambda one: one["mean"][name]


def of(scenario: str, name: str):
    """Return what reads a statistic of one scenario; TypeError or KeyError if it is unknown."""
    return lambda one: one["backtests"][scenario]["statistics"][name]


def known(read):
    """Return what reads a value, None if it is unknown."""

    def value(one: dict):
        try:
            return read(one)
        except (KeyError, TypeError):
            return None

    return value


def feasible(one: dict) -> bool:
    """Return whether a trial is feasible."""
    return one["fitness"] is not None and not one["violation"]


orders, sharpe, drawdown = mean("Total Orders"), mean("Sharpe Ratio"), mean("Drawdown")
factor = mean("totalPerformance.tradeStatistics.profitFactor")
stocks, growth = of("stocks", "Sharpe Ratio"), of("big.growth", "Sharpe Ratio")
FILTERS = {
    "orders > 60": lambda o: orders(o) > 60,
    "Total Orders > 60 and fast < 10": lambda o: orders(o) > 60 and o["p"]["fast"] < 10,
    "drawdown <= 20% or trail == 'fixed'": lambda o: (
        round(drawdown(o), 9) <= 0.2 or o["p"]["trail"] == "fixed"
    ),
    "stop == 0.3": lambda o: o["p"]["stop"] == 0.3,
    "[profit factor] > 1": lambda o: factor(o) > 1,
    "stage == 'second' and trial <= 100": lambda o: o["stage"] == "second" and o["number"] <= 100,
    "state == 'failed'": lambda o: o["state"] == "failed",
    "feasible and fitness > 0.5": lambda o: o["fitness"] > 0.5 and feasible(o),
    "violation > 0": lambda o: o["violation"] > 0,
    "[stocks.Sharpe Ratio] > [big.growth.sharpe]": lambda o: stocks(o) > growth(o),
    '[we"ird] == 3': lambda o: mean('we"ird')(o) == 3,
    "[it's; DROP TABLE trials] == 2": lambda o: mean("it's; DROP TABLE trials")(o) == 2,
    "ünï code < 0": lambda o: mean("ünï code")(o) < 0,
}


@pytest.mark.parametrize("text", FILTERS)
def test_a_filter_keeps_what_it_says(listed: Path, trials: list[dict], leanopt, text: str) -> None:
    """Over all scenarios; those with an unknown value are counted and left out."""
    kept, unknown = [], 0
    for one in trials:
        try:
            if FILTERS[text](one):
                kept.append(one["number"])
        except (KeyError, TypeError):
            unknown += 1
    said = asked(leanopt, listed, "--where", text, "--top", "500")
    assert sorted(one["trial"] for one in said["trials"]) == kept
    assert (said["told"], said["kept"], said["unknown"]) == (200, len(kept), unknown)
    assert [one["rank"] for one in said["trials"]] == sorted(one["rank"] for one in said["trials"])
    assert said["where"] == text


SORTS = {
    ("sharpe",): (sharpe, True),
    ("Sharpe Ratio", "--reverse"): (sharpe, False),
    ("drawdown",): (drawdown, False),
    ("win",): (mean("Win Rate"), True),
    ("stop",): (lambda o: o["p"]["stop"], False),
    ("trail",): (lambda o: o["p"]["trail"], False),
    ("fitness",): (lambda o: o["fitness"], True),
    ("big.growth.orders",): (of("big.growth", "Total Orders"), True),
}


@pytest.mark.parametrize("sort", SORTS)
def test_the_best_first_unknown_ones_last(
    listed: Path, trials: list[dict], leanopt, sort: tuple[str, ...]
) -> None:
    """By the value, then by rank."""
    every = asked(leanopt, listed, "--where", "trial > 0", "--top", "500")["trials"]
    ranks = {one["trial"]: one["rank"] for one in every}
    read, down = SORTS[sort]
    value = known(read)
    ranked = sorted(trials, key=lambda one: ranks[one["number"]])
    first = sorted((o for o in ranked if value(o) is not None), key=value, reverse=down)
    said = asked(leanopt, listed, "--sort", *sort, "--top", "500")
    expected = [*first, *(one for one in ranked if value(one) is None)]
    assert [one["trial"] for one in said["trials"]] == [one["number"] for one in expected]


def test_ranks_are_those_of_the_whole_run(listed: Path, leanopt) -> None:
    """Also where only some are listed."""
    best = json.loads(leanopt(listed, "show", "--json", "--top", "200").stdout)["best"]
    ranks = {one["trial"]: one["rank"] for one in best}
    said = asked(leanopt, listed, "--where", "slow == 2", "--sort", "orders", "--top", "50")
    assert said["trials"]
    assert all(one["rank"] == ranks[one["trial"]] for one in said["trials"])


def test_columns_that_are_asked_for(listed: Path, trials: list[dict], leanopt) -> None:
    """In their order and units, with a heading that says what is listed."""
    names = "sharpe, Fast,trail,drawdown,stocks.orders"
    options = ("--columns", names, "--where", "fast < 4", "--top", "4")
    page = leanopt(listed, "show", *options).stdout.splitlines()
    assert re.fullmatch(r"\d+ of 200 trials with fast < 4", page[0])
    heads = ["rank", "trial", "Sharpe", "fast", "trail", "drawdown", "stocks: orders"]
    assert re.split("  +", page[2].strip()) == heads
    rows = [dict(zip(heads, line.split(), strict=True)) for line in page[3:7]]
    by_number = {str(one["number"]): one for one in trials}
    for row in rows:
        one = by_number[row["trial"]]
        assert row["Sharpe"] == f"{one['mean']['Sharpe Ratio']:.2f}"
        assert row["drawdown"] == f"{one['mean']['Drawdown']:.1%}"
        assert row["fast"] == str(one["parameters"]["fast"])
        assert row["trail"] == one["parameters"]["trail"]
    assert page[7] == "statistics: mean of 2 scenarios; --scenarios shows each"
    said = asked(leanopt, listed, *options)
    assert set(said["trials"][0]["columns"]) == set(heads[2:])


def test_a_list_is_a_page_like_that_of_the_best(listed: Path, leanopt) -> None:
    """With parameters, main statistics, and each scenario if that is asked for."""
    page = leanopt(listed, "show", "--sort", "sharpe", "--scenarios", "--top", "3").stdout
    assert page.startswith("200 of 200 trials; by Sharpe, highest first\n")
    assert "\nfixed: atr = 20\n" in page
    assert re.search(r"^rank +trial +mean +stocks +big\.growth$", page, re.MULTILINE)
    none = leanopt(listed, "show", "--where", "fast > 100").stdout
    assert none == "0 of 200 trials with fast > 100\n"
    alone = leanopt(listed, "show", "--search", "1", "--top", "2").stdout
    assert "\nrank" in alone


@pytest.mark.alike(2)
@pytest.mark.parametrize(
    ("typed", "completed"),
    [
        (("--sort", "sh"), ["Sharpe Ratio", "Sharpe"]),
        (("--columns", "fast,dr"), ["fast,drawdown"]),
        (("--map", "fast", "s"), ["slow", "stop"]),
        (("--map", "a"), []),
        (("--sort", "nothing"), []),
    ],
)
def test_shells_complete_names(
    listed: Path, leanopt, typed: tuple[str, ...], completed: list[str]
) -> None:
    """Of the run's columns; for a map of what was searched."""
    words = ("leanopt", "show", *typed)
    asked = {"COMP_WORDS": " ".join(words), "COMP_CWORD": str(len(words) - 1)}
    shell = leanopt(listed, _LEANOPT_COMPLETE="bash_complete", process=True, **asked)
    assert shell.stdout.split("\n")[:-1] == ([f"plain,{name}" for name in completed] or [""])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            ("--sort", "sharpe raito"),
            "'sharpe raito' is no column of this run (did you mean 'Sharpe Ratio'?)",
        ),
        (
            ("--where", "ordres > 1"),
            "column 1: 'ordres' is no column of this run (did you mean 'orders'?)",
        ),
        (
            ("--columns", "fast,sloow"),
            "--columns: 'sloow' is no column of this run (did you mean 'slow'",
        ),
        (("--sort", "s"), "could be any of: "),
        (("--where", "fast > 1 or __import__('os')"), "__import__ is not a function here"),
        (("--where", "1) OR (1 = 1"), "column 2"),
        (("--sort", "fast; DROP TABLE trials"), "is no column of this run"),
        (
            ("--map", "fast", "slwo"),
            "'slwo' is no searched parameter (did you mean 'slow'?)",
        ),
        (("--map", "fast", "atr"), "--map: 'atr' is fixed"),
        (("--map", "fast", "Fast"), "--map needs two different parameters"),
        (("--map", "fast", "slow", "--sort", "trail"), "'trail' is no number, which --map needs"),
        (("--map", "fast", "slow", "--columns", "stop"), "--columns does not go with --map"),
        (("--failed", "--where", "fast > 1"), "--where does not go with --failed"),
        (("list-1", "4", "--sort", "fast"), "--sort is of a run; leave out TRIAL"),
    ],
)
def test_mistakes_are_named(listed: Path, leanopt, options: tuple[str, ...], message: str) -> None:
    """With the nearest right name."""
    completed = leanopt(listed, "show", *options, check=False)
    assert (completed.returncode, completed.stdout) == (2, "")
    assert message in completed.stderr


def cells(trials: list[dict], x: str, y: str, value=lambda o: o["fitness"], best=max) -> dict:
    """Return the best feasible value of each pair, None if none is feasible."""
    found: dict[tuple[str, str], list] = {}
    for one in trials:
        feasible = one["fitness"] is not None and not one["violation"]
        pair = (str(one["parameters"][x]), str(one["parameters"][y]))
        found.setdefault(pair, []).append(value(one) if feasible else None)
    return {
        pair: best((v for v in values if v is not None), default=None)
        for pair, values in found.items()
    }


@pytest.mark.parametrize(("x", "y"), [("fast", "slow"), ("trail", "stop")])
def test_a_map_has_the_best_of_each_pair(
    listed: Path, trials: list[dict], leanopt, x: str, y: str
) -> None:
    """A cell for each pair that was tried, the best marked, no wider than 80 columns."""
    said = asked(leanopt, listed, "--map", x, y)
    expected = cells(trials, x, y)
    assert {(one["x"], one["y"]): one["value"] for one in said["cells"]} == expected
    assert sum(one["trials"] for one in said["cells"]) == said["trials"] == 200
    page = leanopt(listed, "show", "--map", x, y).stdout
    lines = page.splitlines()
    assert max(map(len, lines)) <= 80
    assert "\x1b" not in page
    assert lines[0] == f"best fitness by {x} (across) and {y} (down), 200 trials"
    best = max(value for value in expected.values() if value is not None)
    assert re.search(rf"\* best: {x} = .+, {y} = .+: {best:.6g} \(trial \d+\)", page)
    head = lines[1].split()[1:]
    table = {line.split()[0]: line.split()[1:] for line in lines[2 : lines.index("", 2)]}
    for (left, down), value in expected.items():
        text = table[down][head.index(left)]
        assert text.rstrip("*") == ("-" if value is None else f"{value:.3g}")
        assert ("*" in text) <= (value == best)


def test_a_map_of_another_value_of_some_trials(listed: Path, trials: list[dict], leanopt) -> None:
    """The best is the lowest where lower is better."""
    options = ("--map", "fast", "stop", "--sort", "drawdown", "--where", "slow > 2")
    said = asked(leanopt, listed, *options)
    some = [one for one in trials if one["p"]["slow"] > 2]
    expected = cells(some, "fast", "stop", lambda o: o["mean"]["Drawdown"], min)
    found = {(one["x"], one["y"]): one["value"] for one in said["cells"]}
    assert found.keys() == expected.keys()
    for pair, value in expected.items():
        assert found[pair] == (None if value is None else pytest.approx(value))


@pytest.mark.long
def test_a_wide_map_is_drawn_with_digits(tmp_path: Path, leanopt) -> None:
    """Neighbouring values share a column; from 0 for the worst to the best's mark."""
    (tmp_path / "strategy.py").write_text(
        "from leanopt_harness import Result, backtest\n\n\n@backtest\ndef run(p, scenario):\n"
        '    return Result({"Net Profit": -((p["x"] - 400) / 100) ** 2 - abs(p["y"] - 30)})\n'
    )
    (tmp_path / "pipeline.toml").write_text(
        'name = "wide"\nstrategy.entry = "strategy.py:run"\n'
        "parameters.x = { min = 1, max = 1000 }\nparameters.y = { min = 1, max = 100 }\n"
        'fitness = { use = "statistic", statistic = "Net Profit" }\nexecutor.workers = 2\n'
        '[[stage]]\nuse = "lhs"\ntrials = 300\n'
    )
    leanopt(tmp_path, "run", "pipeline.toml")
    lines = leanopt(tmp_path, "show", "--map", "x", "y").stdout.splitlines()
    assert max(map(len, lines)) <= 80
    drawn = lines[2 : lines.index("", 2)]
    assert len(drawn) <= 40
    body = "".join(line.split(" ")[-1] for line in drawn)
    assert set(body) <= set("0123456789.*")
    assert body.count("*") == 1
    assert sum(one != "." for one in body) <= 300
    row = next(line for line in drawn if "*" in line)
    low, high = map(int, row.split()[0].split(".."))
    best = json.loads(leanopt(tmp_path, "show", "--json", "--top", "1").stdout)["best"][0]
    assert low <= best["parameters"]["y"] <= high
    assert "0 is " in "\n".join(lines)
