"""Which files of the data count: every pattern fits some, or the user hears of it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from leanopt_core.content import hash_data, hash_present
from leanopt_core.data_files import pattern_errors, present
from leanopt_core.errors import StrategyError

DAILY = "equity/usa/daily"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A folder with prices, some by names that are patterns too."""
    for name in ("spy", "ibm", "a[1]"):
        (tmp_path / DAILY).mkdir(parents=True, exist_ok=True)
        (tmp_path / DAILY / f"{name}.zip").write_text(name)
    (tmp_path / "rates[x]").mkdir()
    (tmp_path / "rates[x]" / "usa.csv").write_text("1")
    return tmp_path


def counted(data: Path, *patterns: str) -> set[str]:
    """Return the files whose change is another identity."""
    assert pattern_errors(data, patterns) == []
    before, found = hash_data(data, patterns=patterns), set()
    for file in [path for path in data.rglob("*") if path.is_file()]:
        text = file.read_text()
        file.write_text("changed")
        if hash_data(data, patterns=patterns) != before:
            found.add(file.relative_to(data).as_posix())
        file.write_text(text)
    return found


SPY, IBM, ODD, RATES = (
    f"{DAILY}/spy.zip",
    f"{DAILY}/ibm.zip",
    f"{DAILY}/a[1].zip",
    "rates[x]/usa.csv",
)


@pytest.mark.parametrize(
    ("patterns", "expected"),
    [
        ([SPY], {SPY}),
        ([f"{DAILY}/*.zip"], {SPY, IBM, ODD}),
        (["equity"], {SPY, IBM, ODD}),
        ([f"./{DAILY}/"], {SPY, IBM, ODD}),
        (["."], {SPY, IBM, ODD, RATES}),
        ([ODD, "rates[x]"], {ODD, RATES}),
        (["*/[is]*.zip"], {SPY, IBM}),
    ],
)
def test_what_counts(data: Path, patterns: list[str], expected: set[str]) -> None:
    """A folder is all below it; a name with brackets is also itself."""
    assert counted(data, *patterns) == expected


@pytest.mark.parametrize(
    ("patterns", "expected"),
    [
        ([SPY], {SPY}),
        ([SPY, "nothing", f"{DAILY}/qqq.zip", "no/where/*.csv"], {SPY}),
        ([f"{DAILY}/*.zip"], {SPY, IBM, ODD}),
        (["equity", SPY], {SPY, IBM, ODD}),
        ([f"./{DAILY}/", "rates[[]x]/*"], {SPY, IBM, ODD, RATES}),
        (["."], {SPY, IBM, ODD, RATES}),
        (["*/[is]*.zip"], {SPY, IBM}),
    ],
)
def test_what_is_present(data: Path, patterns: list[str], expected: set[str]) -> None:
    """A pattern of files that an engine names may match none."""
    found = present(data, patterns)
    assert dict(found) == {name: data / name for name in sorted(expected)}
    assert list(dict(found)) == sorted(expected)


def test_a_file_that_appears_is_another_identity(data: Path) -> None:
    """The strategy would read it; one that no pattern names changes nothing."""
    patterns = [f"{DAILY}/qqq.zip", f"{DAILY}/s*.zip"]
    before = hash_present(data, patterns)
    assert before[1] == 1
    (data / DAILY / "dia.zip").write_text("dia")
    assert hash_present(data, patterns) == before
    (data / DAILY / "qqq.zip").write_text("qqq")
    assert hash_present(data, patterns) != before


@pytest.mark.parametrize(
    ("pattern", "told"),
    [
        (f"{DAILY}/sp.zip", f"(did you mean '{SPY}'?)"),
        ("equity/us/daily/*.zip", f"(did you mean '{DAILY}/*.zip'?)"),
        ("equity/us/daily/spy.zip", f"(did you mean '{SPY}'?)"),
        ("nothing/*", "choose from: equity, rates[x])"),
        (f"{DAILY}/*.csv", f"(in {DAILY}: choose from: a[1].zip, ibm.zip, spy.zip)"),
        ("[", "choose from: equity, rates[x])"),
        ("x" * 300, "choose from: equity, rates[x])"),
        ("a\0", "choose from: equity, rates[x])"),
        ("", "expected a pattern relative to"),
        ("../**", "expected a pattern relative to"),
        ("equity/../../*", "expected a pattern relative to"),
        ("/etc/*", "expected a pattern relative to"),
    ],
)
def test_a_pattern_of_no_file_is_told(data: Path, pattern: str, told: str) -> None:
    """Each one, with the nearest: else a change of what was meant would be no change."""
    with pytest.raises(StrategyError) as raised:
        hash_data(data, patterns=[pattern, SPY, "nothing"])
    first, second = str(raised.value).splitlines()
    assert first.startswith(f"strategy.data_files: found {pattern!r}, expected a pattern ")
    assert told in first
    assert re.match(r"strategy.data_files: found 'nothing', ", second)
    assert pattern_errors(data, [pattern, SPY, "nothing"]) == [first, second]
