"""A pipeline from a strategy's source: what is found, that it is right, that it runs."""

from __future__ import annotations

import shutil
import tomllib
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leanopt_core.pipeline.toml import toml_value
from leanopt_core.scaffold.python import read_source
from leanopt_core.scaffold.ranges import propose
from leanopt_core.scaffold.reads import Read

STRATEGY = '''
"""A strategy of many ways to read a parameter."""

from pathlib import Path

Path(__file__).with_suffix(".imported").touch()

from leanopt_harness import Result, backtest
from rules import size

SLOW = 120
NAMES = {"parameters": 1}


@backtest
def run(parameters, scenario):
    """Read everything, in many ways."""
    fast = int(parameters.get("fast", 20))
    slow = parameters.get("slow", SLOW)
    stop: float = parameters.get('stop', 0.025)
    shift = parameters.get("shift", -4)
    long = parameters.get("long", True)
    kind = parameters.get("kind", "ema")
    if kind == "sma" or parameters["exit"] in ("close", "trail"):
        fast += 1
    _ = (parameters["plain"], NAMES["parameters"], size(parameters), scenario.symbol, scenario.fee)
    return Result({"Net Profit": fast / slow + stop + shift * long, "Own": 1.0})
'''

RULES = """
from leanopt_harness import Parameters


def size(given: Parameters) -> float:
    return given.get("share", 0.5) * float(given.get("lots", 2))
"""


@pytest.fixture
def strategy(tmp_path: Path) -> Path:
    """A strategy of two files."""
    (tmp_path / "rules.py").write_text(RULES)
    file = tmp_path / "crossing.py"
    file.write_text(STRATEGY)
    return file


def test_every_parameter_is_found_with_its_default(strategy: Path) -> None:
    """In the order of the source; what only looks like one is not."""
    source = read_source(strategy)
    assert source.function == "run"
    assert [(read.name, read.default) for read in source.parameters] == [
        ("fast", 20), ("slow", 120), ("stop", 0.025), ("shift", -4), ("long", True),
        ("kind", "ema"), ("exit", None), ("plain", None), ("share", 0.5), ("lots", 2),
    ]  # fmt: skip
    assert source.parameters[6].texts == ("close", "trail")
    assert source.scenario == ("symbol", "fee")
    assert source.statistics == ("Net Profit", "Own")


def test_the_pipeline_passes_check_and_runs(strategy: Path, leanopt) -> None:
    """As it is written but for the number of trials; the defaults stand in the middle."""
    folder = strategy.parent
    said = leanopt(folder, "init", "crossing.py").stdout
    assert not (folder / "crossing.imported").exists()
    assert "leanopt run pipeline.toml" in said
    text = (folder / "pipeline.toml").read_text()
    table = tomllib.loads(text, parse_float=Decimal)
    assert table["name"] == "crossing"
    assert table["strategy"]["entry"] == "crossing.py:run"
    assert table["fitness"]["statistic"] == "Net Profit"
    assert table["parameters"]["slow"] == {"min": 60, "max": 180, "step": 5}
    assert table["parameters"]["stop"] == {
        "min": Decimal("0.013"), "max": Decimal("0.037"), "step": Decimal("0.001"),
    }  # fmt: skip
    assert table["parameters"]["long"] == {"choices": [True, False]}
    assert table["parameters"]["exit"] == {"choices": ["close", "trail"]}
    assert table["parameters"]["kind"] == "ema"
    assert "scenario.fee" in text
    assert leanopt(folder, "check", "pipeline.toml").stdout == "pipeline.toml: ok\n"
    (folder / "pipeline.toml").write_text(text.replace("[scenario]", "[scenario]\nfee = 1"))
    page = leanopt(folder, "run", "pipeline.toml", "--set", "stage.0.trials=20").stdout
    assert page.startswith("run crossing-1: finished")
    assert "20 trials: 20 feasible" in page


def test_nothing_is_overwritten_and_another_place_will_do(strategy: Path, leanopt) -> None:
    """From elsewhere the entry leads to the strategy."""
    folder = strategy.parent
    leanopt(folder, "init", ".")
    before = (folder / "pipeline.toml").read_text()
    refused = leanopt(folder, "init", "crossing.py", check=False)
    assert refused.returncode == 2
    assert refused.stderr == (
        "leanopt: pipeline.toml already exists; choose another with --output\n"
    )
    assert (folder / "pipeline.toml").read_text() == before
    (folder / "searches").mkdir()
    leanopt(folder, "init", "crossing.py", "-o", "searches/first.toml")
    assert 'entry = "../crossing.py:run"' in (folder / "searches" / "first.toml").read_text()
    assert "hash" in leanopt(folder, "plan", "searches/first.toml", "--json").stdout


def test_the_quickstarts_own_strategy(tmp_path: Path, leanopt) -> None:
    """All that its pipeline gives is found, in whatever function it is read."""
    example = Path(__file__).parents[2] / "examples" / "quickstart"
    shutil.copy(example / "strategy.py", tmp_path)
    shutil.copytree(example / "data", tmp_path / "data")
    leanopt(tmp_path, "init", "strategy.py")
    table = tomllib.loads((tmp_path / "pipeline.toml").read_text())
    wanted = tomllib.loads((example / "pipeline.toml").read_text())
    assert set(table["parameters"]) == set(wanted["parameters"])
    assert table["strategy"]["data"] == "data"
    assert table["fitness"]["statistic"] == "Sharpe Ratio"


MISTAKES = {
    "no file": (None, "strategy.py cannot be read: No such file or directory"),
    "no python": ("def", "strategy.py is not Python source: "),
    "no function": ("def run(parameters, scenario): ...", "has no function marked @backtest"),
    "no parameter": ("@backtest\ndef run(p, s): ...", "reads no parameter"),
    "nothing to search": (
        "@backtest\ndef run(p, s):\n    return p['kind'] == 'a'",
        "has nothing to search",
    ),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_what_is_missing_is_said_and_nothing_is_written(tmp_path: Path, leanopt, name: str) -> None:
    """With what a strategy looks like."""
    text, message = MISTAKES[name]
    if text is not None:
        (tmp_path / "strategy.py").write_text(text)
    completed = leanopt(tmp_path, "init", "strategy.py", check=False)
    assert completed.returncode == 2
    assert message in completed.stderr
    assert not (tmp_path / "pipeline.toml").exists()


@given(
    st.integers(-(10**12), 10**12)
    | st.floats(-1e9, 1e9, allow_nan=False).filter(lambda x: x == 0 or abs(x) > 1e-9)
)
def test_a_number_lies_in_its_range_on_a_grid_of_a_sane_size(default: float) -> None:
    """In the middle, where that does not make a count 0 or less."""
    proposal = propose(Read("x", default))
    table = tomllib.loads(f"x = {toml_value(proposal.value)}", parse_float=Decimal)["x"]
    low, high, step = (Decimal(table[key]) for key in ("min", "max", "step"))
    assert 2 <= proposal.levels == (high - low) / step + 1 <= 102
    exact = Decimal(repr(default))
    assert low <= exact <= high
    if not isinstance(default, int) or default != 1:
        assert high - exact == exact - low or (isinstance(default, int) and 0 < default < 3)
    if isinstance(default, int):
        assert all(isinstance(table[key], int) for key in table)
        assert default <= 0 or low >= 1


def test_the_default_method_is_proposed_where_it_is_installed(strategy: Path, leanopt) -> None:
    """Else what samples evenly, then at random; so in a space of few points."""

    def methods(**environment: str) -> list[str]:
        leanopt(strategy.parent, "init", strategy.name, "-o", "made.toml", **environment)
        made = strategy.with_name("made.toml")
        stages = tomllib.loads(made.read_text())["stage"]
        made.unlink()
        return [stage["use"] for stage in stages]

    assert methods() == ["surrogate"]
    few = "leanopt-lhs,leanopt-random,leanopt-statistic"
    assert methods(LEANOPT_PLUGINS=few) == ["lhs", "random"]
    strategy.write_text(
        "from leanopt_harness import Result, backtest\n\n\n@backtest\n"
        "def run(parameters, scenario):\n"
        "    return Result({'Net Profit': parameters.get('hold', 5)})\n"
    )
    assert methods() == ["lhs", "random"]
