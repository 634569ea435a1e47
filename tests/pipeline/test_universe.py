"""Scenarios of a universe: one for each symbol, with what is its own."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leanopt_core.errors import PipelineError
from leanopt_core.pipeline import Pipeline, SearchPlan, load_pipeline, resolve
from leanopt_core.plugins import discover

PIPELINE = """
name = "universe"

[strategy]
entry = "strategy.py:run"

[parameters]
fast = { min = 1, max = 9 }

[[stage]]
use = "random"
trials = 9

[fitness]
use = "calmar"
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a project's folder."""
    (tmp_path / "strategy.py").write_text("def run(parameters, scenario):\n    return {}\n")
    return tmp_path


def load(folder: Path, more: str) -> Pipeline:
    """Return the pipeline with this text at its end, read with the installed plugins."""
    file = folder / "pipeline.toml"
    file.write_text(PIPELINE + more)
    return load_pipeline(file, discover({}), environment={})


def test_weights_count_with_weighted_only(folder: Path) -> None:
    """Anything else would drop them without a word, so it is said."""
    weights = '\n[[scenario]]\nsymbol = "SPY"\nweight = 2.5\n\n[[scenario]]\nsymbol = "QQQ"\n'
    found = load(folder, weights)
    assert [one.weight for one in found.scenarios] == [Decimal("2.5"), None]
    [note] = found.notes
    assert "scenario 'SPY' has a weight, which fitness.aggregate = \"mean\" does not use" in note
    assert load(folder, f'aggregate = "weighted"\n{weights}').notes == ()


def plan(pipeline: Pipeline) -> SearchPlan:
    """Return its plan without data."""
    return resolve(pipeline, source="s" * 64, data={})


def universe(folder: Path, name: str, text: str, more: str = "") -> Pipeline:
    """Return the pipeline whose universe is this file."""
    (folder / name).write_text(text, encoding="utf-8")
    return load(folder, f"\n[scenario]\nuniverse = {name!r}\n{more}")


LIST = 'universe = ["SPY", {{ symbol = "QQQ", weight = 2, slippage = 0.1 }}]'


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("symbols.csv", "symbol, weight, slippage\nSPY,,\n\nQQQ,2,0.1\n"),
        ("symbols.CSV", '\ufeff"slippage","symbol","weight"\r\n,SPY,\r\n0.1,QQQ,2\r\n'),
        ("symbols.json", '[\n "SPY",\n {"symbol": "QQQ", "weight": 2, "slippage": 0.1}\n]'),
        ("u.toml", 'symbols = ["SPY", { symbol = "QQQ", weight = 2, slippage = 0.1 }]'),
    ],
)
def test_each_form_says_the_same(folder: Path, name: str, text: str) -> None:
    """A scenario for each symbol, named after it; what an entry says goes before the table."""
    more = "start = 2004-01-02\nslippage = 0.5\n"
    found = universe(folder, name, text, more)
    listed = load(folder, f"\n[scenario]\n{LIST.format()}\n{more}")
    assert found.scenarios == listed.scenarios
    spy, qqq = found.scenarios
    assert (spy.name, spy.symbol, spy.start) == ("SPY", "SPY", date(2004, 1, 2))
    assert (spy.extras, spy.weight) == ({"slippage": Decimal("0.5")}, None)
    assert (qqq.name, qqq.extras, qqq.weight) == ("QQQ", {"slippage": Decimal("0.1")}, 2)
    # The content is in the plan, however it was written.
    assert plan(found).hash == plan(listed).hash


def test_a_symbol_a_line(folder: Path) -> None:
    """Comments and empty lines are none; other files than the known ones are such lists."""
    found = universe(folder, "symbols.txt", "# the first two\nSPY\r\n\n  BRK/B \n700\n")
    assert [one.symbol for one in found.scenarios] == ["SPY", "BRK/B", "700"]
    assert universe(folder, "symbols", "SPY").scenarios == found.scenarios[:1]


def test_a_symbol_and_its_own_keys_are_passed_on(folder: Path) -> None:
    """What a symbol has itself can be passed; a key that it lacks is named with its line."""
    more = 'pass_as = { symbol = "ticker", slippage = "slip" }\n'
    found = universe(folder, "u.csv", "symbol,slippage\nSPY,0.1\nQQQ,0.2\n", more)
    assert [one.pass_as["symbol"] for one in found.scenarios] == ["ticker", "ticker"]
    with pytest.raises(PipelineError) as caught:
        universe(folder, "u.csv", "symbol,slippage\nSPY,0.1\nQQQ,\n", more)
    [mistake] = caught.value.mistakes
    assert "u.csv, line 3: pass_as.slippage: unknown key in this scenario" in str(mistake)


def test_cells_are_read_as_toml_would_read_them(folder: Path) -> None:
    """Numbers, dates and truth values are such; a symbol is always text, and so is the rest."""
    text = "symbol,end,cash,fast,when,what\n1e5,2012-01-02,5000.5,true,09:30:00,nan\n"
    [one] = universe(folder, "u.csv", text).scenarios
    assert (one.symbol, one.end, one.cash) == ("1e5", date(2012, 1, 2), Decimal("5000.5"))
    assert one.extras == {"fast": True, "when": "09:30:00", "what": "nan"}


WRONG = [
    ("u.csv", "symbol\nSPY\nQQQ\nSPY\n", 'u.csv, line 4: found "SPY", expected each symbol once'),
    ("u.csv", "symbol\nSPY\nQQQ\nSPY\n", "line 2 has it too"),
    ("u.txt", "SPY\n#\nSPY", 'u.txt, line 3: found "SPY", expected each symbol once; line 1'),
    ("u.json", '["SPY",\n\n"SPY"]', 'u.json, line 3: found "SPY", expected each symbol once'),
    ("u.toml", 'symbols = ["A", "A"]', 'u.toml, symbols[1]: found "A", expected each symbol once'),
    ("u.csv", "sybol,weight\nSPY,1", "u.csv: line 1: found sybol, weight, expected a header"),
    ("u.csv", "sybol,weight\nSPY,1", "did you mean 'sybol'?"),
    ("u.csv", "symbol,cash,cash\n", "each column once; 'cash' comes twice"),
    ("u.csv", "symbol,cash\nSPY,1,2\n", "u.csv: line 2: found 3, expected 2 cells"),
    ("u.csv", 'symbol\n"SPY\n', "u.csv: line 2: is not CSV"),
    ("u.csv", "symbol,cash\nSPY,many", 'u.csv, line 2: cash: found "many", expected a number'),
    ("u.csv", "symbol,cash\nSPY,-1", "u.csv, line 2: cash: found -1, must be > 0"),
    ("u.csv", "symbol,cash\n,5", "u.csv, line 2: found { cash = 5 }, expected a symbol"),
    ("u.csv", "symbol,strat\nSPY,2004-01-02", "strat: unknown key (did you mean 'start'?)"),
    ("u.csv", "symbol,separate\nSPY,true", "separate: unknown key for a symbol"),
    ("u.csv", "symbol,weight\nSPY,1" + "0" * 400, "expected a finite number of at most 300"),
    ("u.csv", "symbol,name\nSPY,x\nQQQ,x\n", 'line 3: name: found "x", expected a unique name'),
    ("u.csv", "", "universe: found 0, expected 1 to 10,000 symbols"),
    ("u.txt", "A" * 301, "u.txt, line 1: found"),
    ("u.txt", "A" * 301, "expected a symbol of 1 to 300 characters"),
    ("u.txt", "SPY\x1b[2J", "expected printable characters, and no space around them"),
    ("u.txt", "SPY\u202egp", "expected printable characters"),
    ("u.json", '[" SPY"]', "expected printable characters, and no space around them"),
    ("u.json", '["\\ud800"]', "expected UTF-8 text"),
    ("u.json", "[5]", "u.json, line 1: found 5, expected a symbol, or a table with one"),
    ("u.json", '[{"symbol": 5}]', "expected a text as symbol"),
    ("u.json", '["SPY",\n{"symbol": "Q", "cash": 1, "cash": 2}]', "u.json: line 2: is not JSON"),
    ("u.json", '[\n"SPY",]', "u.json: line 2: is not JSON: expected an item after the comma"),
    ("u.json", '["SPY"\n"QQQ"]', "u.json: line 2: is not JSON: expected ',' or ']' here"),
    ("u.json", '["SPY"]\nx', "u.json: line 2: is not JSON: expected nothing after the list"),
    ("u.json", '{"SPY": 1}', "u.json: line 1: expected a list"),
    ("u.json", "[NaN]", "NaN is no number"),
    ("u.json", "[" * 100_000, "is not JSON"),
    ("u.json", "", "u.json: line 1: expected a list"),
    ("u.toml", "symbol = ['A']", "u.toml: found symbol, expected one key, symbols = [...]"),
    ("u.toml", "", "u.toml: is empty; expected symbols = [...]"),
    ("u.toml", "symbols = [", "u.toml: line 1"),
]


@pytest.mark.parametrize(("name", "text", "said"), WRONG)
def test_what_cannot_be_read_is_named_with_its_line(
    folder: Path, name: str, text: str, said: str
) -> None:
    """And nothing of it runs."""
    with pytest.raises(PipelineError) as caught:
        universe(folder, name, text)
    assert said in str(caught.value)
    assert str(folder) in str(caught.value)


def test_every_bad_line_is_named(folder: Path) -> None:
    """Not only the first."""
    with pytest.raises(PipelineError) as caught:
        universe(folder, "u.csv", "symbol,cash\nSPY,x\nQQQ,5\nSPY,y\n")
    lines = [mistake.file.rpartition(", ")[2] for mistake in caught.value.mistakes]
    assert lines == ["line 2", "line 4", "line 4"]


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ("[scenario]\nuniverse = 'no.csv'", "no.csv: no such file (there is no .csv file in"),
        ("[scenario]\nuniverse = '.'", "is a folder, expected a text file"),
        ("[scenario]\nuniverse = 5", "scenario.universe: found 5, expected a path or a list"),
        ("[scenario]\nuniverse = []", "scenario.universe: found 0, expected 1 to 10,000 symbols"),
        ("[scenario]\nuniverse = ['A', 'A']", 'scenario.universe[1]: found "A", expected each'),
        ("[scenario]\nuniverse = ['A', 5]", "scenario.universe[1]: found 5, expected a symbol"),
        (
            "[scenario]\nuniverse = ['A', { symbol = 'B', cash = -1 }]",
            "scenario.universe[1].cash: found -1, must be > 0",
        ),
        ("[scenario]\nuniverse = ['A']\nsymbol = 'B'", "expected either universe or symbol"),
        ("[scenario]\nuniverse = ['A']\nname = 'B'", "expected either universe or name"),
        ("[scenario]\nseparate = true", "scenario.separate: found true, expected universe"),
        ("[[scenario]]\nuniverse = ['A']", 'scenario[0].universe: found ["A"], expected in'),
        ("[scenario]\nunivers = ['A']", "unknown key (did you mean 'universe'?)"),
    ],
)
def test_wrong_keys(folder: Path, more: str, said: str) -> None:
    """Each is refused, with what is expected."""
    with pytest.raises(PipelineError) as caught:
        load(folder, f"\n{more}\n")
    assert said in str(caught.value)


def chosen(folder: Path, symbol: str | None, **more: Path) -> list[str]:
    """Return the names of the scenarios with these options."""
    file = folder / "pipeline.toml"
    found = load_pipeline(file, discover({}), environment={}, symbol=symbol, **more)
    return [one.name for one in found.scenarios]


def test_the_option_takes_symbols_of_a_universe(folder: Path) -> None:
    """With what is their own; one that it lacks gets the nearest right one."""
    universe(folder, "u.csv", "symbol,cash\nSPY,5\nQQQ,6\nIWM,7\n", "separate = true\n")
    assert chosen(folder, "QQQ") == ["QQQ"]
    assert chosen(folder, "IWM, SPY") == ["SPY", "IWM"]
    found = load_pipeline(folder / "pipeline.toml", discover({}), environment={}, symbol="IWM")
    assert (found.scenarios[0].cash, found.separate, found.overrides.symbol) == (7, True, "IWM")
    with pytest.raises(PipelineError) as caught:
        chosen(folder, "QQ")
    assert "--symbol QQ: scenario.universe: found" in str(caught.value)
    assert "did you mean 'QQQ'?" in str(caught.value)


def test_several_symbols_make_a_universe(folder: Path) -> None:
    """In place of the symbol of a single scenario; of several scenarios they are an error."""
    load(folder, "\n[scenario]\nname = 'one'\nsymbol = 'SPY'\ncash = 5\n")
    assert chosen(folder, "QQQ") == ["one"]
    assert chosen(folder, "QQQ,IWM") == ["QQQ", "IWM"]
    (folder / "u.txt").write_text("A\nB\nC\n")
    assert chosen(folder, None, universe=folder / "u.txt") == ["A", "B", "C"]
    load(folder, "\n[[scenario]]\nsymbol = 'SPY'\n")
    with pytest.raises(PipelineError, match="expected a table"):
        chosen(folder, "QQQ,IWM")


def test_together_is_one_search_and_separate_one_each(folder: Path) -> None:
    """All have the seed of the only search: another symbol changes no other one's trials."""
    listed = "\n[scenario]\nuniverse = ['SPY', 'QQQ', 'IWM']\n"
    [together] = plan(load(folder, listed)).searches
    assert (together.number, together.name) == (1, "main")
    assert together.scenarios == ("SPY", "QQQ", "IWM")
    apart = plan(load(folder, f"{listed}separate = true\n"))
    assert [(one.number, one.name, one.scenarios) for one in apart.searches] == [
        (1, "SPY", ("SPY",)),
        (2, "QQQ", ("QQQ",)),
        (3, "IWM", ("IWM",)),
    ]
    [alone] = plan(load(folder, "\n[scenario]\nsymbol = 'SPY'\n")).searches
    assert {one.seed for one in apart.searches} == {together.seed, alone.seed} == {alone.seed}
    assert plan(load(folder, listed)).hash != apart.hash


def test_budgets_are_those_of_each_search(folder: Path) -> None:
    """A budget of backtests must pay for one trial: of all symbols, or of one."""
    listed = "\n[search]\nbacktests = 2\n\n[scenario]\nuniverse = ['SPY', 'QQQ', 'IWM']\n"
    with pytest.raises(PipelineError, match="expected 3 or more"):
        load(folder, listed)
    assert plan(load(folder, f"{listed}separate = true\n")).backtests == 2


TEXTS = st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "S")), min_size=1)


@given(st.lists(TEXTS, min_size=1, max_size=5, unique=True))
def test_hostile_symbols_are_themselves(tmp_path_factory, symbols: list[str]) -> None:
    """With any characters: the same in a list, in JSON and in CSV."""
    folder = tmp_path_factory.mktemp("hostile")
    symbols = [*symbols, "../../x", "con", "x" * 300, "naïve", "'", '"', "a,b", "=1+1"]
    symbols = list(dict.fromkeys(symbols))
    (folder / "u.json").write_text(json.dumps(symbols))
    quoted = "\n".join('"' + one.replace('"', '""') + '"' for one in ["symbol", *symbols])
    (folder / "u.csv").write_text(quoted, encoding="utf-8")
    for name in ("u.json", "u.csv"):
        found = load(folder, f"\n[scenario]\nuniverse = '{name}'\n").scenarios
        assert [one.symbol for one in found] == [one.name for one in found] == symbols
