"""Views of all trials of a run, against what its export says."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from pathlib import Path
from statistics import median

import pytest

from tests.projects import lay

STRATEGY = '''
from leanopt_harness import Result, backtest


@backtest
def run(parameters, scenario):
    """`stop` counts up to 3 only, `idle` never; some points fail, each with numbers of its own."""
    x, y, stop, idle = (parameters[name] for name in ("x", "y", "stop", "idle"))
    if x == 3:
        raise ValueError(f"no bars for x = {x}, y = {y} of '{y}'")
    if x == 7 and scenario.symbol == "QQQ":
        raise RuntimeError(f"only {y} bars")
    profit = (x * 7 + y * 3) % 11 / 10 - (min(stop, 3) - 2) ** 2 / 100
    return Result({
        "Net Profit": profit, "Drawdown": 0.05 * y, "Total Orders": 10 * x,
        **({} if y == 6 else {"Sharpe Ratio": profit}),
    })
'''

PIPELINE = """
name = "views"
seed = 5
[strategy]
entry = "strategy.py:run"
[[scenario]]
name = "stocks"
symbol = "SPY"
[[scenario]]
name = "growth"
symbol = "QQQ"
[parameters]
x = { min = 1, max = 9 }
y = { min = 1, max = 8 }
stop = { min = 1, max = 5 }
idle = { choices = ["a", "b"] }
[constraints]
results = ["Drawdown <= 25%", "Total Orders >= 20", "Sharpe Ratio > -10"]
[fitness]
use = "statistic"
statistic = "Net Profit"
direction = "DIRECTION"
[executor]
workers = 2
[search]
lookahead = 4
[[stage]]
use = "lhs"
trials = 60
[[stage]]
name = "second"
use = "random"
trials = 140
"""

#: What the two kinds of failures say.
MESSAGES = {"ValueError: no bars for x = ": "x = 3", "RuntimeError: only ": "x = 7"}


def written(folder: Path, direction: str) -> Path:
    """Write the project into a folder."""
    lay(folder, STRATEGY, PIPELINE.replace("DIRECTION", direction))
    return folder


@pytest.fixture(scope="module", params=["max", "min"])
def viewed(request, tmp_path_factory: pytest.TempPathFactory, leanopt) -> Path:
    """A project with one run of 200 trials under two scenarios."""
    folder = written(tmp_path_factory.mktemp("viewed"), request.param)
    leanopt(folder, "run", "pipeline.toml")
    return folder


def trials(leanopt, folder: Path, *run: str) -> list[dict]:
    """Return what the export says of each trial, by number."""
    lines = leanopt(folder, "export", *run).stdout.splitlines()
    return [one for line in lines if "parameters" in (one := json.loads(line))]


def view(leanopt, folder: Path, *options: str) -> dict:
    """Return a view as JSON."""
    return json.loads(leanopt(folder, "show", *options, "--json").stdout)


@pytest.mark.long
def test_failures_by_what_they_say(viewed: Path, leanopt) -> None:
    """Numbers and quoted text aside; each group with its scenarios and its first trial."""
    failed = [one for one in trials(leanopt, viewed) if one["failure"]]
    groups = view(leanopt, viewed, "--failed")["failures"]
    assert sum(one["trials"] for one in groups) == len(failed) > 10
    assert len(groups) == len(MESSAGES)
    for group in groups:
        x = 3 if "no bars" in group["message"] else 7
        members = [one for one in failed if one["parameters"]["x"] == x]
        assert group["trials"] == len(members)
        assert (group["search"], group["trial"]) == (1, members[0]["number"])
        assert group["message"] in "; ".join(members[0]["reasons"])
        expected = {"stocks", "growth"} if x == 3 else {"growth"}
        assert group["scenarios"] == dict.fromkeys(expected, len(members))
        assert group["backtests"] == len(members) * len(expected)
    page = leanopt(viewed, "show", "--failed").stdout.splitlines()
    assert page[0].split() == ["trials", "trial", "category", "scenarios", "message"]
    assert [line.split()[0] for line in page[1:3]] == [str(one["trials"]) for one in groups]
    assert "leanopt show views-1 --failed" in leanopt(viewed, "show").stdout
    short = leanopt(viewed, "show", "--failed", "--top", "1").stdout
    assert "\nand 1 message more; --top N shows more\n" in short


def test_what_each_constraint_cost(viewed: Path, leanopt) -> None:
    """Trials, those that violate nothing else, and the best of these; and who has no fitness."""
    said = view(leanopt, viewed, "--constraints")
    done = [one for one in trials(leanopt, viewed) if one["state"] == "completed"]
    violated: dict[str, list[tuple[dict, float]]] = defaultdict(list)
    for one in done:
        sizes: dict[str, float] = {}
        for each in one["violations"]:
            name = each["constraint"].partition(" [")[0]
            sizes[name] = max(each["size"], sizes.get(name, 0))
        for name, size in sizes.items():
            violated[name].append((one, size))
    assert {one["constraint"] for one in said["constraints"]} == set(violated)
    assert len(violated) == 2
    best = min if 'direction = "min"' in (viewed / "pipeline.toml").read_text() else max
    for cost in said["constraints"]:
        members = violated[cost["constraint"]]
        (others,) = (m for name, m in violated.items() if name != cost["constraint"])
        numbers = {one["number"] for one, _ in others}
        alone = [one for one, _ in members if one["number"] not in numbers]
        assert (cost["trials"], cost["alone"]) == (len(members), len(alone))
        assert cost["size"] == pytest.approx(median(size for _, size in members))
        fitness = best(one["fitness"] for one in alone)
        assert cost["fitness"] == fitness
        assert cost["trial"] in {one["number"] for one in alone if one["fitness"] == fitness}
    (reason,) = said["without_fitness"]
    unscored = [one for one in done if one["fitness"] is None and not one["violation"]]
    assert (reason["trials"], reason["trial"]) == (len(unscored), unscored[0]["number"])
    assert "Sharpe Ratio > -10" in reason["reason"]
    page = leanopt(viewed, "show", "--constraints").stdout
    assert "Drawdown <= 25%" in page
    assert "Trials without a fitness:" in page


def test_requirements_of_the_fitness_function_have_their_names(project: Path, leanopt) -> None:
    """Not `fitness`, which says nothing."""
    more = ("--set", "fitness={ use = 'calmar', min_trades = 1205 }")
    leanopt(project, "run", "pipeline.toml", *more)
    (cost,) = view(leanopt, project, "--constraints")["constraints"]
    assert cost["constraint"] == "trades >= 1205"
    assert cost["trials"] == cost["alone"] > 0


@pytest.mark.long
def test_what_soft_constraints_cost(tmp_path: Path, leanopt) -> None:
    """Over both scenarios; such trials stay feasible."""
    folder = written(tmp_path, "max")
    rules = '[{ rule = "Drawdown <= 10%", weight = 2 }, { rule = "Total Orders >= 50" }]'
    leanopt(folder, "run", "pipeline.toml", "--set", f"constraints.soft={rules}")
    soft = view(leanopt, folder, "--constraints")["soft"]
    amounts: dict[str, list[float]] = defaultdict(list)
    for one in trials(leanopt, folder):
        sums: dict[str, float] = defaultdict(float)
        for each in one.get("penalties", ()):
            sums[each["constraint"].partition(" [")[0]] += each["amount"]
        for name, amount in sums.items():
            amounts[name].append(amount)
    assert {one["constraint"] for one in soft} == set(amounts)
    assert len(amounts) == 2
    for one in soft:
        found = amounts[one["constraint"]]
        assert one["trials"] == len(found)
        assert (one["penalty"], one["largest"]) == (
            pytest.approx(median(found)),
            pytest.approx(max(found)),
        )
    assert "\nsoft constraint " in leanopt(folder, "show", "--constraints").stdout


def test_what_each_stage_found(viewed: Path, leanopt) -> None:
    """The best, when, and what it gained over the stages before."""
    said = view(leanopt, viewed, "--stages")
    sign = -1 if 'direction = "min"' in (viewed / "pipeline.toml").read_text() else 1
    told = trials(leanopt, viewed)
    before = None
    assert [one["stage"] for one in said["stages"]] == ["lhs", "second"]
    for stage in said["stages"]:
        own = [one for one in told if one["stage"] == stage["stage"]]
        values = [
            sign * one["fitness"] if one["fitness"] is not None and not one["violation"] else None
            for one in own
        ]
        best = max(value for value in values if value is not None)
        at = values.index(best)
        assert (stage["trials"], stage["found"]) == (len(own), at + 1)
        assert (stage["trial"], stage["fitness"]) == (own[at]["number"], own[at]["fitness"])
        assert stage["after"] == len(own) - at - 1
        gained = None if before is None else max(0, best - before)
        assert stage["gained"] == (gained if gained is None else pytest.approx(gained))
        before = best if before is None else max(before, best)


@pytest.mark.long
@pytest.mark.alike(1)
@pytest.mark.parametrize(
    ("patience", "more"),
    [
        (10, ()),
        (20, ()),
        (10, ("stage.lhs.min_delta=0.3",)),
        (10, ("prune={ use = 'bound' }", "fitness.aggregate=worst", "search.lookahead=40")),
    ],
)
def test_a_patience_does_what_the_view_says(
    tmp_path: Path, leanopt, patience: int, more: tuple[str, ...]
) -> None:
    """Against a run that has this patience: where it ends, and what it misses."""
    folder = written(tmp_path, "max")
    sets = [part for one in more for part in ("--set", one)]
    leanopt(folder, "run", "pipeline.toml", *sets)
    said = view(leanopt, folder, "--stages")
    (stage,) = [one for one in said["stages"] if one["stage"] == "lhs"]
    (one,) = [
        one for one in said["patience"] if (one["stage"], one["patience"]) == ("lhs", patience)
    ]
    assert (one["courses"], one["ended"], one["trials"]) == (1, 1, 60)
    delta = any("min_delta" in one for one in more)
    assert delta or (patience < stage["longest_wait"]) >= one["missed"]
    leanopt(folder, "run", "pipeline.toml", *sets, "--set", f"stage.lhs.patience={patience}")
    with_it = view(leanopt, folder, "--stages")["stages"][0]
    assert with_it["trials"] == one["trials"] - one["saved"]
    assert one["lost"] == pytest.approx(stage["fitness"] - with_it["fitness"])
    assert one["missed"] == (with_it["fitness"] < stage["fitness"])


@pytest.mark.long
def test_pruned_trials_count_only_where_they_can(tmp_path: Path, leanopt) -> None:
    """They are no best of a stage, equal to none, and not on the map; a filter finds them."""
    folder = written(tmp_path, "max")
    sets = ("prune={ use = 'bound' }", "fitness.aggregate=worst")
    leanopt(folder, "run", "pipeline.toml", *(part for one in sets for part in ("--set", one)))
    told = trials(leanopt, folder)
    pruned = {one["number"] for one in told if one.get("pruned_at") is not None}
    assert len(pruned) > 20
    assert pruned < {one["number"] for one in told}
    listed = view(leanopt, folder, "--where", "pruned", "--top", "500")["trials"]
    assert {one["trial"] for one in listed} == pruned
    assert not view(leanopt, folder, "--where", "pruned and feasible")["kept"]
    whole = {
        one["number"] for one in told if all(b["statistics"] for b in one["backtests"].values())
    } - pruned
    some = view(leanopt, folder, "--where", "orders > 0", "--sort", "orders", "--top", "500")
    assert {one["trial"] for one in some["trials"]} == whole
    assert some["unknown"] == len(told) - len(whole)
    feasible = [
        one
        for one in told
        if one["number"] not in pruned and one["fitness"] is not None and not one["violation"]
    ]
    for stage in view(leanopt, folder, "--stages")["stages"]:
        own = [one for one in told if one["stage"] == stage["stage"]]
        assert stage["trials"] == len(own)
        known = [one["fitness"] for one in feasible if one["stage"] == stage["stage"]]
        assert stage["fitness"] == max(known, default=None)
        numbers = [one["number"] for one in own]
        found = numbers.index(stage["trial"]) + 1 if known else None
        assert stage["found"] == found
    equal = view(leanopt, folder, "--equal")["equal"]
    assert not pruned & {number for one in equal for number in one["trials"]}
    cells = view(leanopt, folder, "--map", "x", "y")["cells"]
    assert {one["trial"] for one in cells} - {None} <= {one["number"] for one in feasible}


@pytest.mark.long
def test_many_runs_together(tmp_path: Path, leanopt) -> None:
    """Every run of the pipeline, none of another."""
    folder = written(tmp_path, "max")
    for seed in ("1", "2", "3"):
        leanopt(folder, "run", "pipeline.toml", "--seed", seed)
    leanopt(folder, "run", "pipeline.toml", "--set", "name=other")
    each = [view(leanopt, folder, f"views-{n}", "--stages") for n in (3, 2, 1)]
    said = view(leanopt, folder, "views-1", "--stages", "--all-runs")
    assert said["stages"] == [stage for one in each for stage in one["stages"]]
    for one in said["patience"]:
        parts = [
            part
            for part in (other for course in each for other in course["patience"])
            if (part["stage"], part["patience"]) == (one["stage"], one["patience"])
        ]
        assert one["courses"] == 3
        for name in ("ended", "saved", "missed"):
            assert (
                one[name] >= sum(part[name] for part in parts)
                if name == "missed"
                else (one[name] == sum(part[name] for part in parts))
            )
    page = leanopt(folder, "show", "views-1", "--stages", "--all-runs").stdout
    assert page.startswith("run ")
    assert "of a stage's trials at the earliest" in page


def test_equal_results_and_parameters_without_effect(viewed: Path, leanopt) -> None:
    """Groups by statistics of both scenarios; what differs in each; what has no effect at all."""
    said = view(leanopt, viewed, "--equal")
    done = [one for one in trials(leanopt, viewed) if one["state"] == "completed"]
    groups: dict[str, list[dict]] = defaultdict(list)
    for one in done:
        results = [one["backtests"][name]["statistics"] for name in ("stocks", "growth")]
        groups[json.dumps([results, one["fitness"]])].append(one)
    expected = {tuple(m["number"] for m in group) for group in groups.values() if len(group) > 1}
    assert {tuple(one["trials"]) for one in said["equal"]} == expected
    by_number = {one["number"]: one["parameters"] for one in done}
    for group in said["equal"]:
        points = [by_number[number] for number in group["trials"]]
        differ = {name for name in points[0] if len({str(p[name]) for p in points}) > 1}
        assert set(group["parameters"]) == differ
    effects = {one["parameter"]: one for one in said["parameters"]}
    assert set(effects) == {"x", "y", "stop", "idle"}
    for name, effect in effects.items():
        sets: dict[str, list[dict]] = defaultdict(list)
        for one in done:
            sets[json.dumps({k: v for k, v in one["parameters"].items() if k != name})].append(one)
        several = [members for members in sets.values() if len(members) > 1]
        same = [
            m
            for m in several
            if len({json.dumps(o["backtests"]["stocks"]["statistics"]) for o in m}) == 1
        ]
        assert (effect["compared"], effect["equal"]) == (len(several), len(same))
    assert effects["idle"]["compared"] == effects["idle"]["equal"] > 0
    counts = Counter(name for one in said["equal"] for name in one["parameters"])
    assert {name: one["groups"] for name, one in effects.items()} == {n: counts[n] for n in effects}
    page = leanopt(viewed, "show", "--equal").stdout
    assert [line.split()[-1] for line in page.splitlines() if line.startswith("idle ")] == ["seen"]


def test_the_ranking_has_equal_results_once(viewed: Path, leanopt) -> None:
    """With how many more there are, and what made no difference."""
    said = view(leanopt, viewed, "--top", "10")
    page = leanopt(viewed, "show", "--top", "10").stdout
    lines = page[page.index("\nrank") + 1 :].splitlines()
    assert lines[0].split()[:3] == ["rank", "trial", "equal"]
    more = {line.split()[1]: line.split()[2] for line in lines[1:11]}
    assert said["equal"]
    for group in said["equal"]:
        first, *others = map(str, group["trials"])
        assert more[first] == f"+{len(others)}"
        assert not set(others) & set(more)
    assert any(line.startswith("equal: further trials") for line in lines)
    assert [one["rank"] for one in said["best"]] == list(range(1, 11))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--failed", "--stages"), "choose one of --failed and --stages"),
        (("views-1", "3", "--equal"), "--equal is of a run; leave out TRIAL"),
        (("views-1", "3", "--manifest"), "--manifest is of a run; leave out TRIAL"),
        (("--all-runs",), "--all-runs works only with --stages"),
        (("--failed", "--search", "4"), "run views-1 has no search '4'"),
    ],
)
def test_what_does_not_fit_together(viewed: Path, leanopt, arguments, message: str) -> None:
    """Is said, with what does."""
    completed = leanopt(viewed, "show", *arguments, check=False)
    assert (completed.returncode, completed.stdout) == (2, "")
    assert message in completed.stderr


def test_views_of_a_run_with_nothing_to_tell(project: Path, leanopt) -> None:
    """One line each."""
    leanopt(project, "run", "pipeline.toml")
    assert leanopt(project, "show", "--failed").stdout == "No trial of run slope-1 failed.\n"
    said = leanopt(project, "show", "--constraints").stdout
    assert said == "Every completed trial of run slope-1 is feasible.\n"
