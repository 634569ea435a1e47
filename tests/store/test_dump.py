"""The canonical dump: what the promise covers, whatever else differs; and the full export."""

from __future__ import annotations

import json
from random import Random

import pytest

from leanopt_core.statistics import Statistics
from leanopt_core.store.store import open_store
from leanopt_core.trial import Score, Violation
from leanopt_core.work import Category, Failure, Outcome

SCENARIOS = ("SPY", "QQQ")
TOLD = {
    1: Score(1.5, 1.5, values={"depth": 0.25}),
    2: Score(2.0, 2.0, 0.5, (Violation("Drawdown <= 25% [QQQ]", 0.5),)),
    3: Score(failure="strategy error", reasons=("SPY: boom in /tmp/x1",)),
    4: Score(reasons=("fewer than 30 trades",)),
}


def outcome(number: int, place: int, message: str) -> Outcome:
    """Return what a backtest gives: one fails, the others' statistics depend on what they are."""
    if number == 3 and place == 0:
        return Outcome(failure=Failure(Category.STRATEGY, message))
    return Outcome(Statistics({"Sharpe Ratio": number / 3 + place, "Total Orders": 12.0}))


def record(store, begin, seed: int, *, also_known: bool = False) -> list[str]:
    """Record the same run, its load and luck depending on `seed`."""
    luck = Random(seed)
    recorder = begin(store, scenarios=SCENARIOS, directions=("max", "max"), pipeline=f"p{seed}")
    writer, run = recorder.writer, recorder.run
    numbers = [*TOLD, 5, 6]
    work = [(number, place) for number in numbers[:-1] for place in (0, 1)]
    for search in run.searches:
        one = type(recorder)(run, writer, search.number - 1)
        for number in numbers:
            one.propose(number, attempt=luck.randrange(3) if also_known else 0)
        luck.shuffle(work)
        for number, place in work:
            found = one.backtest(
                luck.randbytes(32).hex(),
                outcome(number, place, f"boom in /tmp/x{seed}"),
                attempts=luck.randrange(1, 4),
                seconds=luck.random(),
                worker=luck.randrange(7),
            )
            writer.evaluate(search.id, number, place, found)
            if luck.random() < 0.3:
                writer.commit()
        for number, score in TOLD.items():
            writer.tell(search.id, number, score)
        stop = {"search_id": search.id, "stage_id": search.stages[0].id, "number": 4}
        writer.event("stop", {"reason": "target"}, **stop)
        writer.event("warning", {"text": f"slow on {seed}"}, **stop)
        writer.withdraw(search.id, [5, 6])
    writer.finish("finished")
    return list(store.reader.canonical(run))


def test_the_same_run_under_other_circumstances_gives_the_same_bytes(tmp_path, begin):
    """The same run under other circumstances gives the same bytes."""
    dumps = []
    for seed in (1, 2, 3):
        with open_store(tmp_path / f"{seed}.db", clock=lambda seed=seed: seed * 1e8) as store:
            for _ in range(seed):
                begin(store)  # other ids
            dumps.append(record(store, begin, seed))
    assert dumps[0] == dumps[1] == dumps[2]


def test_it_says_what_the_promise_covers_and_nothing_else(store, begin):
    """It says what the promise covers and nothing else."""
    lines = [json.loads(line) for line in record(store, begin, 1)]
    assert [(line["search"], line["number"], "stop" in line) for line in lines] == [
        (search, number, bool(stop))
        for search in (1, 2)
        for number, stop in zip((1, 2, 3, 4, 4, 5, 6), (0, 0, 0, 0, 1, 0, 0), strict=True)
    ]
    proposed = {"search": 1, "stage": "lhs", "origin": "sample"}
    told = {
        "state": "completed",
        "fitness": None,
        "values": {},
        "violation": 0.0,
        "violations": [],
        "failure": None,
        "reasons": [],
    }
    assert lines[1] == {
        **proposed,
        **told,
        "number": 2,
        "parameters": {"fast": 2, "stop": "0.015"},
        "statistics": {
            "SPY": {"Sharpe Ratio": 2 / 3, "Total Orders": 12.0},
            "QQQ": {"Sharpe Ratio": 2 / 3 + 1, "Total Orders": 12.0},
        },
        "fitness": 2.0,
        "violation": 0.5,
        "violations": [{"constraint": "Drawdown <= 25% [QQQ]", "size": 0.5}],
    }
    assert lines[2]["statistics"]["SPY"] is None
    assert (lines[2]["state"], lines[2]["failure"]) == ("failed", "strategy error")
    assert "reasons" not in lines[2]
    assert lines[3]["reasons"] == ["fewer than 30 trades"]
    assert lines[4] == {"search": 1, "number": 4, "stage": "lhs", "stop": {"reason": "target"}}
    assert lines[5] == {
        **proposed,
        "state": "withdrawn",
        "number": 5,
        "parameters": {"fast": 5, "stop": "0.015"},
    }


def test_numbers_are_dumped_as_they_are_stored(store, begin):
    """Numbers are dumped as they are stored."""
    recorder = begin(store)
    recorder.propose(1, parameters='{"stop":"0.0150","big":12345678901234567890}')
    recorder.writer.evaluate(
        recorder.search_id, 1, 0, recorder.backtest("ab" * 32, Outcome(Statistics({"a": 1e22})))
    )
    recorder.writer.tell(recorder.search_id, 1, Score(0.1 + 0.2, 0.1 + 0.2))
    recorder.writer.commit()
    (line,) = store.reader.canonical(recorder.run)
    assert '"parameters":{"stop":"0.0150","big":12345678901234567890}' in line
    assert '"fitness":0.30000000000000004' in line
    assert '"statistics":{"default":{"a":1e+22}}' in line


def test_what_is_under_way_has_no_line_yet(store, begin):
    """What is under way has no line yet."""
    recorder = begin(store)
    recorder.told(1)
    recorder.propose(2)
    recorder.writer.commit()
    assert len(list(store.reader.canonical(recorder.run))) == 1
    assert len(list(store.reader.export(recorder.run))) == 2


@pytest.mark.parametrize("kind", ["canonical", "export"])
def test_every_line_can_be_written_as_utf8(store, begin, kind):
    """Every line can be written as UTF-8."""
    recorder = begin(store)
    recorder.told(1, Outcome(Statistics({"\ud83d": "é"})), Score(reasons=("\udc80",)))
    recorder.writer.commit()
    (line,) = getattr(store.reader, kind)(recorder.run)
    read = json.loads(line.encode())
    assert read["reasons"] == ["\udc80"]
    assert '"é"' in line


def test_the_export_says_all_that_is_kept(store, begin):
    """The export says all that is kept."""
    first = begin(store)
    cached = first.backtest("ab" * 32, Outcome(Statistics({"Drawdown": 0.5}), closed_trades=2))
    first.writer.commit()
    recorder = begin(store, scenarios=SCENARIOS)
    recorder.propose(1, grid_index=2**64)
    failed = recorder.backtest(
        "cd" * 32,
        Outcome(failure=Failure(Category.STRATEGY, "boom")),
        outputs=frozenset({"trades", "equity"}),
        attempts=2,
        worker=3,
        waited=1.5,
        fingerprint="c6bb",
    )
    recorder.writer.evaluate(recorder.search_id, 1, 0, cached)
    recorder.writer.evaluate(recorder.search_id, 1, 1, failed)
    recorder.writer.tell(recorder.search_id, 1, Score(failure="strategy error", reasons=("boom",)))
    recorder.writer.event("warning", {"text": "slow"}, search_id=recorder.search_id, number=1)
    recorder.writer.event("resumed", {})
    recorder.writer.commit()
    trial, warning, resumed = map(json.loads, store.reader.export(recorder.run))
    assert trial["run"] == recorder.run.name == "trend-2"
    assert (trial["grid_index"], trial["reasons"]) == (2**64, ["boom"])
    assert trial["backtests"] == {
        "SPY": {
            "id": cached,
            "key": "ab" * 16,
            "cached": True,
            "statistics": {"Drawdown": 0.5},
            "failure": None,
            "message": None,
            "closed_trades": 2,
            "outputs": ["returns"],
            "attempts": 1,
            "seconds": 0.25,
            "worker": 1,
            "waited": None,
            "fingerprint": None,
            "finished_at": 1_700_000_000,
        },
        "QQQ": {
            "id": failed,
            "key": "cd" * 16,
            "cached": False,
            "statistics": None,
            "failure": "strategy error",
            "message": "boom",
            "closed_trades": None,
            "outputs": ["equity", "trades"],
            "attempts": 2,
            "seconds": 0.25,
            "worker": 3,
            "waited": 1.5,
            "fingerprint": "c6bb",
            "finished_at": 1_700_000_000,
        },
    }
    assert warning == {
        "run": "trend-2",
        "event": "warning",
        "detail": {"text": "slow"},
        "search": 1,
        "stage": None,
        "number": 1,
        "happened_at": "2023-11-14T22:13:20+00:00",
    }
    assert (resumed["event"], resumed["search"]) == ("resumed", None)
