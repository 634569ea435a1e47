"""The state machine keeps the fixed distance, tells in order, and always ends."""

from __future__ import annotations

import subprocess
import sys

import pytest
from attrs import evolve
from driving import DONE, WAIT, Driver, Scripted, grid, results_of, score_of, scripted
from hypothesis import given
from hypothesis import strategies as st

from leanopt_core.errors import PluginError, ResumeError
from leanopt_core.search.commands import (
    Budget,
    Propose,
    Recorded,
    SearchEnded,
    StageEnded,
    StageRule,
    StageStarted,
    Stop,
    Tell,
    Withdraw,
)
from leanopt_core.stage import AskContext
from leanopt_core.trial import Score, Signal

#: What the machine may know: values, the watch over a method's calls, and the told trials.
PURE = (
    *(
        "canonical",
        "errors",
        "fitness",
        "outputs",
        "pareto",
        "ranking",
        "space",
        "stage",
        "statistics",
    ),
    *("read_only", "shown", "suggest", "trial"),
)
OWN = (
    *("search", "search.calls", "search.choose", "search.commands", "search.failing"),
    *("search.guard", "search.guarded_stage", "search.handlers", "search.history"),
    *("search.machine", "search.moments", "search.plateau", "search.prune", "search.repeats"),
)
#: The package's own face, which every import of it loads.
FACE = ("hookspecs",)
LOADED = """
import sys
import leanopt_core.search.machine
print(*(name for name in sys.modules if name.startswith(("leanopt", "sqlite3", "subprocess"))))
"""

answers = st.lists(st.one_of(st.integers(0, 62), st.just(WAIT)), max_size=60)
lookaheads = st.sampled_from([1, 2, 5, 16, 48])


def drive(script: list[int | Signal], lookahead: int, **options: object) -> Driver:
    """Run one scripted stage to its end."""
    made: list[Scripted] = []
    rule = {key: options.pop(key) for key in ("trials", "patience", "target") if key in options}
    driver = Driver(grid(), [scripted(script, made, **rule)], lookahead=lookahead, **options)  # type: ignore[arg-type]
    driver.run()
    driver.made = made[0]  # type: ignore[attr-defined]
    return driver


def reference(
    script: list[int | Signal], lookahead: int, trials: int | None
) -> list[tuple[int, int]]:
    """Return (grid index, told when asked) of each trial by the rule, one ask at a time."""
    seen: set[int] = set()
    asked: list[tuple[int, int]] = []
    told = refusals = 0
    for answer in [*script, DONE]:
        if len(asked) == trials or refusals == 100:
            break
        told = max(told, len(asked) + 1 - lookahead)
        if answer is WAIT:
            if told == len(asked):
                return [*asked, (-1, told)]
            told += 1
        elif answer is DONE:
            break
        elif answer in seen:
            refusals += 1
        else:
            refusals = 0
            seen.add(answer)
            asked.append((answer, told))
    return asked


@given(answers, lookaheads, st.integers(0, 5), st.none() | st.integers(1, 20))
def test_trials_do_not_depend_on_what_ends_first(script, lookahead, seed, trials) -> None:
    """Any order of completion gives the trials that the rule itself gives, at its distance."""
    expected = reference(script, lookahead, trials)
    if expected and expected[-1][0] == -1:
        with pytest.raises(PluginError, match="WAIT, but there is no pending trial"):
            drive(script, lookahead, seed=seed, trials=trials)
        return
    driver = drive(script, lookahead, seed=seed, trials=trials)
    proposed = [c for c in driver.commands if isinstance(c, Propose)]
    assert [(c.grid_index, c.told) for c in proposed] == expected
    assert [c.number for c in proposed] == list(range(1, len(expected) + 1))


@given(answers.filter(lambda s: WAIT not in s), lookaheads, st.integers(0, 5))
def test_everything_is_told_once_and_in_order(script, lookahead, seed) -> None:
    """Without a stop every trial is told exactly once, in the order of the numbers."""
    driver = drive(script, lookahead, seed=seed)
    told = [c.trial.number for c in driver.commands if isinstance(c, Tell)]
    assert told == driver.made.told == list(range(1, len(driver.points) + 1))
    assert len(driver.machine.history) == len(told)
    assert isinstance(driver.commands[-1], SearchEnded)


@given(answers.filter(lambda s: WAIT not in s), lookaheads, st.integers(1, 8), st.integers(0, 5))
def test_patience_stops_between_a_tell_and_the_next_ask(script, lookahead, patience, seed) -> None:
    """What is outstanding at a stop is withdrawn and never told; nothing is asked after it."""
    driver = drive(script, lookahead, patience=patience, seed=seed)
    told = [c.trial for c in driver.commands if isinstance(c, Tell)]
    withdrawn = [n for c in driver.commands if isinstance(c, Withdraw) for n in c.numbers]
    assert [t.number for t in told] + withdrawn == list(range(1, len(driver.points) + 1))
    best, idle, stops = None, 0, False
    for trial in told:
        assert not stops
        objective = trial.score.objective if trial.score.feasible else None
        idle = 0 if objective is not None and (best is None or objective > best) else idle + 1
        best = max(x for x in (best, objective) if x is not None) if objective is not None else best
        stops = idle >= patience
    [end] = [c for c in driver.commands if isinstance(c, StageEnded)]
    assert end.reason == ("patience" if stops else end.reason)


@given(answers.filter(lambda s: WAIT not in s), lookaheads, st.integers(0, 5))
def test_a_repeat_is_refused_without_a_number(script, lookahead, seed) -> None:
    """Each point is tried once; every repeat is refused at once, with the next attempt."""
    driver = drive(script, lookahead, seed=seed)
    indices = [c.grid_index for c in driver.commands if isinstance(c, Propose)]
    assert len(indices) == len(set(indices)) == len(set(script))
    assert len(driver.made.refusals) == len(script) - len(set(script))


def test_a_hundred_refusals_in_a_row_end_the_stage() -> None:
    """A method that only repeats itself is done."""
    driver = drive([5] * 200, 4)
    assert [c.grid_index for c in driver.commands if isinstance(c, Propose)] == [5]
    assert len(driver.made.refusals) == 100
    assert [c.attempt for c in driver.commands if isinstance(c, Propose)] == [0]
    assert StageEnded(0, "repeats") in driver.commands


def test_a_recorded_stop_withdraws_what_is_outstanding_and_ends_the_search() -> None:
    """A stop fed after a told trial takes effect before the next ask, in every later stage too."""
    made: list[Scripted] = []
    stages = [
        scripted(list(range(40)), made, name="one"),
        scripted(list(range(40, 50)), made, name="two"),
    ]
    driver = Driver(grid(), stages, lookahead=8, stop_after=10)
    driver.run()
    told = [c.trial.number for c in driver.commands if isinstance(c, Tell)]
    assert told == list(range(1, 11))
    assert Withdraw(0, tuple(range(11, 18))) in driver.commands
    assert driver.commands[-2:] == [StageEnded(0, "stop"), SearchEnded("stop")]
    assert len(made) == 1


@pytest.mark.parametrize(("trials", "first", "second"), [(7, 5, 2), (3, 3, None), (20, 5, 10)])
def test_a_budget_of_the_search_counts_over_all_stages(
    trials: int, first: int, second: int | None
) -> None:
    """A method is told how many trials are left for it; the search ends with the budget."""
    made: list[Scripted] = []
    stages = [
        scripted(list(range(5)), made, name="one", trials=5),
        scripted(list(range(40, 60)), made, name="two", trials=10),
    ]
    budget = Budget(trials, "search.trials")
    driver = Driver(grid(), stages, lookahead=4, budget=budget)
    driver.run()
    told = [c.trial.number for c in driver.commands if isinstance(c, Tell)]
    assert told == list(range(1, min(trials, 15) + 1))
    assert not any(isinstance(c, Withdraw) for c in driver.commands)
    assert [one.start.trials for one in made] == [min(5, trials), *([second] if second else [])]
    assert sum(c.index == 0 for c in driver.commands if isinstance(c, Tell)) == first
    ended = SearchEnded("stages" if trials == 20 else "search.trials")
    assert driver.commands[-1] == ended


def test_withdrawn_trials_do_not_count_for_the_budget() -> None:
    """Of four trials at the first stage's end only one was told."""
    stages = [
        scripted([1, 2, 3, 4], [], name="one", target=-1000.0),
        scripted(list(range(10, 30)), [], name="two"),
    ]
    driver = Driver(grid(), stages, lookahead=4, budget=Budget(6, "search.backtests"))
    driver.run()
    told = [c.index for c in driver.commands if isinstance(c, Tell)]
    assert told == [0, 1, 1, 1, 1, 1]
    assert driver.commands[-2:] == [
        StageEnded(1, "search.backtests"),
        SearchEnded("search.backtests"),
    ]


def test_a_stop_of_the_stage_alone_goes_on_with_the_next() -> None:
    """What is outstanding is withdrawn; the search ends by itself."""
    stop = Stop("stage.time: ran for 1 s", "time", stage_only=True)
    stages = [scripted(list(range(40)), [], name="one"), scripted([50, 51], [], name="two")]
    driver = Driver(grid(), stages, lookahead=3, stop_after=10, stop=stop)
    driver.run()
    assert StageEnded(0, "time") in driver.commands
    assert [c.index for c in driver.commands if isinstance(c, Tell)] == [0] * 10 + [1] * 2
    assert driver.commands[-1] == SearchEnded("stages")


def test_a_withdrawn_point_may_be_tried_again() -> None:
    """A withdrawn trial is no repeat for a later stage, and keeps its number."""
    made: list[Scripted] = []
    stages = [
        scripted([1, 2, 3, 4], made, name="one", target=-1000.0),
        scripted([2, 3], made, name="two"),
    ]
    driver = Driver(grid(), stages, lookahead=4)
    driver.run()
    proposed = [(c.number, c.grid_index) for c in driver.commands if isinstance(c, Propose)]
    assert proposed == [(1, 1), (2, 2), (3, 3), (4, 4), (5, 2), (6, 3)]
    assert StageEnded(0, "target") in driver.commands


def test_a_stage_is_built_after_the_one_before_is_told_and_sees_its_seeds() -> None:
    """`seed_from` hands over the told trials of that stage only, best first by grid_index."""
    made: list[Scripted] = []
    stages = [
        scripted([10, 20, 30, 40], made, name="one"),
        scripted([50, 51], made, name="two"),
        scripted([60], made, name="three", seed_from=("one",)),
    ]
    driver = Driver(grid(), stages, lookahead=3)
    driver.run()
    assert [len(method.start.seeds) for method in made] == [0, 0, 4]
    seeds = made[2].start.seeds
    space = driver.space
    assert [space.grid_index(told.point) for told in seeds] == [10, 20, 30, 40]
    by_rank = sorted(
        seeds,
        key=lambda t: (0, -(t.objective or 0.0)) if t.feasible else (1, t.violation),
    )
    assert seeds.best(4) == by_rank
    started = [i for i, c in enumerate(driver.commands) if isinstance(c, StageStarted)]
    told = [i for i, c in enumerate(driver.commands) if isinstance(c, Tell)]
    assert started[1] > told[3]


@pytest.mark.parametrize(
    ("seeds", "expected"),
    [
        (("one", "three"), [10, 20, 60, 61]),
        (("two", "three"), [50, 51, 60, 61]),
        (("three", "one", "two"), [10, 20, 50, 51, 60, 61]),
        ((), []),
    ],
)
def test_seeds_of_several_stages_are_one_history(seeds, expected) -> None:
    """In the order they were told; it ranks, finds and slices as any other does."""
    made: list[Scripted] = []
    stages = [
        scripted([10, 20], made, name="one"),
        scripted([50, 51], made, name="two"),
        scripted([60, 61], made, name="three"),
        scripted([5], made, name="four", seed_from=seeds),
    ]
    driver = Driver(grid(), stages, lookahead=3)
    driver.run()
    seen, whole = made[3].start.seeds, driver.machine.history
    model = [told for told in whole if grid().grid_index(told.point) in expected]
    assert [grid().grid_index(told.point) for told in seen] == expected
    assert list(seen) == seen[:] == [seen[i] for i in range(-len(model), 0)] == model
    assert seen.best(9) == [told for told in whole.best(9) if told in model]
    for told in whole:
        assert seen.find(told.point) == (told if told in model else None)


@given(answers.filter(lambda s: WAIT not in s), lookaheads, st.integers(0, 5))
def test_a_tell_has_results_and_a_generator_of_its_own(script, lookahead, seed) -> None:
    """The same whatever ends first; the history ends with the told trial."""
    made = drive(script, lookahead, seed=seed).made
    again = drive(script, lookahead, seed=seed + 1).made
    for place, (trial, context) in enumerate(made.heard, 1):
        assert (trial.statistics, trial.failures) == results_of(trial.score)
        assert context.number == trial.number == context.history[-1].number
        assert len(context.history) == place
    assert [trial for trial, _ in again.heard] == [trial for trial, _ in made.heard]
    seeds = [context.seed for _, context in made.heard]
    assert [context.seed for _, context in again.heard] == seeds
    assert [context.random().random() for _, context in again.heard] == [
        context.random().random() for _, context in made.heard
    ]
    asks = {AskContext(n, a, made.start.seed, made.start.seeds).seed for n, a, _ in made.asks}
    assert len(asks | set(seeds)) == len(asks) + len(set(seeds))
    assert len(set(seeds)) == len(seeds)


@given(st.lists(st.integers(0, 62), unique=True, min_size=1), st.integers(1, 4), st.data())
def test_a_trial_that_a_part_of_the_scenarios_judged_is_no_improvement(ranks, patience, data):
    """It reaches no target and uses up patience, as one without a fitness does."""
    space, partly = grid(), set(data.draw(st.lists(st.sampled_from(ranks))))

    def pruned(space, point):
        score = score_of(space, point)
        return evolve(score, pruned_at=0) if space.grid_index(point) in partly else score

    def unscored(space, point):
        return Score() if space.grid_index(point) in partly else score_of(space, point)

    def ended(judge, **rule) -> tuple[list[int], str]:
        driver = Driver(space, [scripted(ranks, [], **rule)], lookahead=1, judge=judge)
        [end] = [c for c in driver.run() if isinstance(c, StageEnded)]
        return [space.grid_index(told.point) for told in driver.machine.history], end.reason

    for rule in ({"patience": patience}, {"target": 50.0}):
        assert ended(pruned, **rule) == ended(unscored, **rule)


def test_the_fitness_target_ends_the_search() -> None:
    """A feasible objective at the fitness function's own target ends the whole search."""
    good = next(r for r in range(1, 60) if score_of(grid(), grid().point_at(r)).feasible)
    made: list[Scripted] = []
    stages = [scripted([good, *range(30, 40)], made), scripted([50], made, name="two")]
    driver = Driver(grid(), stages, lookahead=1, target=0.0)
    driver.run()
    assert driver.commands[-2:] == [StageEnded(0, "fitness target"), SearchEnded("fitness target")]


def test_asks_know_number_attempt_and_a_seed_of_their_own() -> None:
    """The seed differs by number and attempt and is the same in another run."""
    first = drive([1, 1, 2, WAIT, 3], 2)
    again = drive([1, 1, 2, WAIT, 3], 2, seed=3)
    assert first.made.asks == again.made.asks
    assert first.made.asks == [(1, 0, 0), (2, 0, 0), (2, 1, 0), (3, 0, 1), (3, 1, 2), (4, 0, 2)]


@given(answers.filter(lambda s: WAIT not in s), st.integers(1, 8), st.integers(0, 3))
def test_replay_compares_and_names_the_first_difference(script, lookahead, seed) -> None:
    """The same script replays silently; another point than the stored one names its trial."""
    first = drive(script, lookahead, seed=seed)
    stored = {
        c.number: Recorded("one", c.proposal.point, "script", c.attempt, c.told)
        for c in first.commands
        if isinstance(c, Propose)
    }
    again = drive(script, lookahead, recorded=stored.get)
    assert again.points == first.points
    if stored:
        last = max(stored)
        other = stored[last].point[0] % 8 + (
            1 if stored[last].point[0] % 8 == stored[last].point[0] else 0
        )
        stored[last] = Recorded("one", (other, 0), "script", 0, 0)
        if first.points[last] != (other, 0):
            with pytest.raises(ResumeError, match=f"trial {last} was"):
                drive(script, lookahead, recorded=stored.get)


def test_replay_names_a_method_that_now_ends_earlier() -> None:
    """A stored trial that the method no longer proposes is an error, not a shorter search."""
    stored = {2: Recorded("one", (0, 5), "script", 0, 0)}
    with pytest.raises(ResumeError, match="trial 2 was proposed, now it ends before"):
        drive([1], 1, recorded=stored.get)


class Adopting(Scripted):
    """A method whose asks are expensive."""

    def adopt(self, context, proposal) -> None:
        """Take back a stored proposal."""
        self.asks.append((context.number, -1 - context.attempt, len(self.told)))


@pytest.mark.parametrize("lookahead", [1, 3, 16])
def test_a_dear_method_is_handed_its_stored_proposals(lookahead) -> None:
    """Replay gives proposals back at the distance at which they were made, and asks none again."""
    script: list[int | Signal] = [4, 4, 9, *([WAIT] if lookahead > 1 else []), 2, 7, 7, 30]
    first = drive(script, lookahead)
    proposed = [c for c in first.commands if isinstance(c, Propose)]
    stored = {
        c.number: Recorded("one", c.proposal.point, "script", c.attempt, c.told) for c in proposed
    }
    made: list[Adopting] = []

    def build(start):
        made.append(Adopting(start, []))
        return made[-1]

    rule = scripted([], [])
    adopting = type(rule)(rule.name, rule.label, build)
    again = Driver(grid(), [adopting], lookahead=lookahead, recorded=stored.get)
    again.run()
    assert [c for c in again.commands if isinstance(c, Propose)] == proposed
    adopted = [(n, -1 - a, told) for n, a, told in made[0].asks if a < 0]
    assert adopted == [(c.number, c.attempt, c.told) for c in proposed]


def test_another_version_of_a_dear_method_is_asked() -> None:
    """Only that shows whether it still proposes the same."""
    script: list[int | Signal] = [4, 9, 2, 30]
    stored = {
        c.number: Recorded("one", c.proposal.point, "script", c.attempt, c.told, "1.0")
        for c in drive(script, 2).commands
        if isinstance(c, Propose)
    }

    def replay(version: str, script: list[int | Signal]) -> list[tuple[int, int, int]]:
        made: list[Adopting] = []

        def build(start):
            made.append(Adopting(start, script))
            return made[-1]

        rule = StageRule("one", f"stage 'one' (demo {version})", build, version=version)
        Driver(grid(), [rule], lookahead=2, recorded=stored.get).run()
        return [ask for ask in made[0].asks if ask[1] < 0]

    assert len(replay("1.0", [])) == len(script)
    assert replay("1.1", script) == []
    with pytest.raises(ResumeError, match=r"stage 'one' \(demo 1\.1\) does not repeat .* trial 3 "):
        replay("1.1", [4, 9, 3, 30])


def test_knows_values_only() -> None:
    """The machine imports no store, no executor, no fitness function: they hand values in."""
    ran = subprocess.run([sys.executable, "-c", LOADED], capture_output=True, text=True, check=True)
    allowed = {f"leanopt_core.{name}" for name in (*PURE, *OWN, *FACE)} | {"leanopt_core"}
    for name in ran.stdout.split():
        assert name in allowed or name.startswith("leanopt_core.space."), name
