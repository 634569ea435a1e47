"""Reference data that is missing or damaged is told, with where to get it."""

from __future__ import annotations

from pathlib import Path

import pytest
from leanopt_lean.findings import Findings
from leanopt_lean.prices import check_prices
from leanopt_lean.reference import check_reference
from leanopt_lean.series import Series

from tests.lean_data import Folder

PROPERTIES = "symbol-properties/symbol-properties-database.csv"
HOURS = "market-hours/market-hours-database.json"
RATES = "alternative/interest-rate/usa/interest-rate.csv"


@pytest.fixture
def data(tmp_path: Path) -> Folder:
    """A data folder with sound reference data."""
    return Folder(tmp_path).reference()


def problem(data: Folder, *wanted: Series) -> str:
    """Return the one problem that there is."""
    (found,) = check_reference(data.path, wanted).problems
    return found


def test_sound_reference_data_is_sound(data: Folder) -> None:
    """Comments and empty lines are no rows."""
    assert check_reference(data.path, [Series("SPY")]) == Findings()


@pytest.mark.parametrize("name", [PROPERTIES, HOURS, RATES])
def test_a_missing_file_is_told_with_where_to_get_it(data: Folder, name: str) -> None:
    """LEAN's repository has them all."""
    (data.path / name).unlink()
    assert problem(data) == (
        f"{data.path / name} is missing; copy Data/{name} from LEAN's repository "
        "(github.com/QuantConnect/Lean)"
    )


def test_an_empty_folder_lacks_everything_at_once(tmp_path: Path) -> None:
    """One look names it all."""
    found = check_reference(tmp_path, [Series("SPY")])
    names = (PROPERTIES, HOURS, RATES, "equity/usa/map_files", "equity/usa/factor_files")
    assert len(found.problems) == len(names)
    for name, told in zip(names, found.problems, strict=True):
        assert told.startswith(f"{tmp_path / name} is missing; copy Data/{name} from LEAN's")


def test_no_folder_at_all_is_told_by_its_key(tmp_path: Path) -> None:
    """The rest would only repeat it."""
    (found,) = check_reference(tmp_path / "nowhere").problems
    assert found.startswith(f"strategy.data: {tmp_path / 'nowhere'} is not a folder")


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        (PROPERTIES, "", "is damaged: it has no rows"),
        (PROPERTIES, "market\nusa,X,equity,,USD,1,0.01\n", "line 2 has 7 columns"),
        (
            PROPERTIES,
            "market\nusa,X,equity,,USD,one,0.01,1\n",
            "line 2: found a cell that is not a number",
        ),
        (
            PROPERTIES,
            "market\nusa,X,equity,,USD,1,1E-8,1\n#\nusa,x,equity,,USD,1,1,1\n",
            "line 4: usa-x-equity is a duplicate",
        ),
        (PROPERTIES, "market\n" + "usa\n" * 9, "line 4 has 1 columns; 9 in all"),
        (HOURS, "{", "cannot be read: Expecting"),
        (HOURS, '{"entries": {}}', "cannot be read: it has no entries"),
        (HOURS, '{"entries": {"Equity-usa-[*]": 1}}', "its entry Equity-usa-[*] is not an object"),
        (RATES, "date,rate\n", "is damaged: it has no rates"),
        (
            RATES,
            "date,rate\n2003-01-09,2.25\n9/1/03,2\n",
            "line 3: '9/1/03,2' is not a day and a rate",
        ),
        (RATES, "date,rate\n2003-01-09,NaN\n", "line 2: '2003-01-09,NaN' is not a day and a rate"),
    ],
)
def test_a_damaged_file_is_told_with_the_line(
    data: Folder, name: str, text: str, told: str
) -> None:
    """And with where to get a sound one."""
    found_path = data.write(name, text)
    found = problem(data)
    assert found.startswith(f"{found_path} ")
    assert told in found
    assert f"copy Data/{name} from LEAN's repository" in found


def test_a_market_without_hours_is_told(data: Folder) -> None:
    """LEAN ends with an error there."""
    found = problem(data, Series("VOD", market="lse"), Series("SPY"))
    assert f"{data.path / HOURS} has no hours for equity lse" in found
    notes = check_reference(data.path, [Series("VOD", market="lse")]).notes
    assert [note.split(" is missing")[0] for note in notes] == [
        f"{data.path}/equity/lse/{name}" for name in ("map_files", "factor_files")
    ]


def test_shares_without_map_or_factor_file_are_noted(data: Folder) -> None:
    """Their prices are read, but as if nothing ever happened to them."""
    data.write("equity/usa/map_files/ibm.csv", "19980102,ibm\n20501231,ibm\n")
    found = check_reference(data.path, [Series("IBM"), Series("MINE"), Series("SPY")])
    assert found.problems == ()
    assert [note.split(":")[1] for note in found.notes] == [
        f" {data.path}/equity/usa/factor_files/ibm.csv is missing",
        " renames and delisting are unknown",
    ]
    assert found.notes[1].startswith("MINE is in no file of ")


def test_a_damaged_map_file_is_told(data: Folder) -> None:
    """With the line."""
    data.write("equity/usa/map_files/ibm.csv", "19980102,ibm\nDecember,ibm\n")
    assert "ibm.csv, line 2: 'December' is not a day" in problem(data, Series("IBM"))


def test_a_map_file_of_bytes_is_told_once(data: Folder) -> None:
    """Prices and reference data need it both."""
    path = data.write("equity/usa/map_files/spy.csv", "")
    path.write_bytes(b"\xff\xfe\x00")
    wanted = [Series("SPY"), Series("spy", resolution="hour")]
    found = Findings.of((check_reference(data.path, wanted), check_prices(data.path, wanted)))
    assert found.problems == (
        f"a map file cannot be read, so renames are unknown: {path} is not text (byte 0)",
    )


ROWS = "19980102,0.95,1\n20000101,1e+12,1,7\n20010101,inf,1\n"


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", " is empty; expected rows as 20030513,0.2988875,1,55.5"),
        (b"\n\n", " is empty; expected rows as 20030513"),
        (b"\xff\xfe", " is not text (byte 0); expected rows as"),
        (b"no factors\n", ", line 1: found 'no factors'; expected rows as"),
        (ROWS.encode() + b"20020101,1\n", ", line 4: found '20020101,1'; expected"),
        (ROWS.encode() + b"20020101,1,one,2\n", ", line 4: found '20020101,1,one,2'"),
        (ROWS.encode() + b"20501231,NaN,1,0\n", ", line 4: found '20501231,NaN,1,0'"),
        (ROWS.encode() + b"20501331,1,1,0\n", ", line 4: found '20501331,1,1,0'"),
    ],
)
def test_a_damaged_factor_file_is_told(data: Folder, content: bytes, told: str) -> None:
    """LEAN would go on as if there were no splits, or stumble over it."""
    path = data.write("equity/usa/factor_files/spy.csv", ROWS)
    assert check_reference(data.path, [Series("SPY")]) == Findings()
    path.write_bytes(content)
    assert f"SPY: {path}{told}" in problem(data, Series("SPY"))


def test_other_securities_need_no_map_files(data: Folder) -> None:
    """They are looked for where shares are wanted."""
    for name in ("map_files", "factor_files"):
        (data.path / "equity" / "usa" / name / "spy.csv").unlink()
        (data.path / "equity" / "usa" / name).rmdir()
    assert check_reference(data.path, [Series("EURUSD", security_type="forex")]) == Findings()


def test_a_missing_benchmark_is_noted(data: Folder) -> None:
    """LEAN compares with SPY where the strategy names nothing else."""
    path = data.path / "equity" / "usa" / "hour" / "spy.zip"
    path.unlink()
    (note,) = check_reference(data.path).notes
    assert note.startswith(f"{path} is missing")
