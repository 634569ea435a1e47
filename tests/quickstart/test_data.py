"""The bars beside the quickstart: what arch carries, in LEAN's format, under its licence."""

from __future__ import annotations

import zipfile
from datetime import UTC, date, datetime
from importlib import import_module, metadata
from pathlib import Path
from types import ModuleType

import pytest

SYMBOLS = {"spx": "arch.data.sp500", "ixic": "arch.data.nasdaq"}
DAYS = 5031


def archive(data: Path, symbol: str) -> Path:
    """Return where LEAN looks for the daily bars of a share."""
    return data / "equity" / "usa" / "daily" / f"{symbol}.zip"


def entry(path: Path) -> tuple[str, tuple[int, ...], bytes]:
    """Return the name, time stamp and content of an archive's only entry."""
    with zipfile.ZipFile(path) as file:
        (info,) = file.infolist()
        return info.filename, info.date_time, file.read(info)


@pytest.mark.parametrize("symbol", SYMBOLS)
def test_committed_bars_make_sense(strategy: ModuleType, quickstart: Path, symbol: str) -> None:
    """Every day is there once, in order, and its high and low enclose its open and close."""
    bars = strategy.read_bars(str(quickstart / "data"), symbol)
    assert len(bars.times) == DAYS
    assert all(a < b for a, b in zip(bars.times, bars.times[1:], strict=False))
    for opened, high, low, close in zip(
        bars.opens, bars.highs, bars.lows, bars.closes, strict=True
    ):
        assert 0 < low <= min(opened, close) <= max(opened, close) <= high


@pytest.mark.alike(1)
@pytest.mark.parametrize("symbol", SYMBOLS)
def test_strategy_reads_what_arch_has(strategy: ModuleType, quickstart: Path, symbol: str) -> None:
    """Days agree with arch's own frame, prices but for the noise of 32-bit floats."""
    pytest.importorskip("arch")
    frame = import_module(SYMBOLS[symbol]).load()
    bars = strategy.read_bars(str(quickstart / "data"), symbol)
    days = [datetime.fromtimestamp(time, UTC).date() for time in bars.times]
    assert days == [stamp.date() for stamp in frame.index]
    for column in ("Open", "High", "Low", "Close"):
        read = getattr(bars, f"{column.lower()}s")
        assert read == pytest.approx(frame[column].to_list(), abs=0.00025, rel=0)


def test_committed_archives_come_from_the_converter(
    converter: ModuleType, quickstart: Path, tmp_path: Path
) -> None:
    """Running the converter again gives the same entries: name, time stamp and every byte in it."""
    pytest.importorskip("arch")
    converter.convert(tmp_path)
    made = sorted(path.relative_to(tmp_path) for path in tmp_path.rglob("*.zip"))
    assert made == sorted(
        path.relative_to(quickstart / "data") for path in (quickstart / "data").rglob("*.zip")
    )
    for symbol in SYMBOLS:
        assert entry(archive(tmp_path, symbol)) == entry(archive(quickstart / "data", symbol))


def test_converter_writes_leans_lines(converter: ModuleType) -> None:
    """Days are sorted and prices are whole 1/10,000 dollars, free of float noise."""
    text = converter.lean_csv(
        [
            (date(1999, 1, 5), 1228.099976, 1246.109985, 1228.099976, 1244.780029, 775_000_000),
            (date(1999, 1, 4), 1229.22998, 1248.810059, 1219.099976, 1228.099976, 877_000_000),
        ]
    )
    assert text == (
        "19990104 00:00,12292300,12488100,12191000,12281000,877000000\n"
        "19990105 00:00,12281000,12461100,12281000,12447800,775000000\n"
    )


def test_archives_are_reproducible(converter: ModuleType, tmp_path: Path) -> None:
    """Two conversions of the same bars are the same to the byte."""
    for folder in ("first", "second"):
        converter.write(tmp_path / folder, {"abc": "20200102 00:00,1,1,1,1,1\n"})
    first, second = (archive(tmp_path / folder, "abc") for folder in ("first", "second"))
    assert first.read_bytes() == second.read_bytes()
    assert entry(first) == ("abc.csv", (1980, 1, 1, 0, 0, 0), b"20200102 00:00,1,1,1,1,1\n")


def test_notice_goes_along(quickstart: Path) -> None:
    """The data's licence file holds the text and notice that arch is distributed under."""
    distribution = pytest.importorskip("arch") and metadata.distribution("arch")
    assert distribution.metadata["License-Expression"] == "NCSA"
    (notice,) = (file for file in distribution.files or [] if file.name == "LICENSE.md")
    beside = (quickstart / "data" / "LICENSE-DATA.md").read_text(encoding="utf-8")
    lines = (line.strip() for line in notice.read_text(encoding="utf-8").splitlines())
    assert "\n".join(lines) in "\n".join(line.strip() for line in beside.splitlines())


def test_files_stay_small(quickstart: Path) -> None:
    """The example is cheap to clone: 400 KB for all of it."""
    files = [path for path in quickstart.rglob("*") if path.suffix in {".zip", ".md", ".py"}]
    assert sum(path.stat().st_size for path in files) < 400_000
