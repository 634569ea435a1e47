"""What the source is read to ask for, held to what LEAN makes of each text."""

from __future__ import annotations

import os
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from pathlib import Path

import pytest
from leanopt_lean.fitting import check_values
from leanopt_lean.source import StrategySource, scan
from regression.warm import Process

from tests.lean_real.conftest import LIMIT, PYTHON, STRATEGIES, Real, compiled_strategies

pytestmark = pytest.mark.slow

VALUES = ("3", "3.5", "-5", "300", "3000000000", "1" + "0" * 35, "true", "false", "ema", "10.0")
AFTER = "last"
#: A cast in C# of so many digits gives the largest int; that is not looked at.
BEYOND = 10


class Asking:
    """A strategy that tells what it is given, with what its source is read to ask for."""

    def __init__(self, real: Real, file: Path, source: StrategySource, folder: Path) -> None:
        self.source = source
        self._real = real
        self._file = file
        self.process: Process = real.serve(file, folder)

    def told(self, **parameters: str) -> dict[str, str]:
        """Return what it was given for each name, as text."""
        config = self._real.config(self._file, "Asks", **parameters)
        statistics: dict[str, str] = self.process.ask({"config": config}, LIMIT)[
            "runtimeStatistics"
        ]
        return statistics


@pytest.fixture(scope="module")
def csharp(real: Real, tmp_path_factory) -> Iterator[Asking]:
    """The one in C#."""
    folder = tmp_path_factory.mktemp("asks")
    file = compiled_strategies(real, folder, "Asks.cs")
    asking = Asking(real, file, scan(folder, apart=[folder / "made"]), folder)
    yield asking
    asking.process.end()


@pytest.fixture(scope="module")
def python(real: Real, tmp_path_factory) -> Iterator[Asking]:
    """The one in Python."""
    if not Path(os.environ.get(PYTHON, "")).is_file():
        pytest.skip(f"needs Python for LEAN: {PYTHON} names its shared library")
    folder = tmp_path_factory.mktemp("asks")
    file = folder / "main.py"
    file.write_bytes((STRATEGIES / "asks.py").read_bytes())
    asking = Asking(real, file, scan(folder), folder)
    yield asking
    asking.process.end()


@pytest.mark.parametrize("language", ["csharp", "python"])
@pytest.mark.parametrize("value", VALUES)
def test_what_fits_is_what_lean_takes(language: str, value: str, request) -> None:
    """Each way of asking; of members, LEAN stops at the first that does not fit."""
    asking = request.getfixturevalue(language)
    members = sorted(name for name in asking.source.reads if name.startswith("member-"))
    others = sorted(asking.source.reads - {*members, AFTER})
    assert len(members) + len(others) >= 11
    told = asking.told(**dict.fromkeys(others, value))
    for name in others:
        _compare(asking, name, value, told[name])
    for name in members:
        told = asking.told(**{name: value, AFTER: "1"})
        assert (told[AFTER] == "1") == _compare(asking, name, value, told[name])


def _compare(asking: Asking, name: str, value: str, told: str) -> bool:
    """Compare what a strategy was told with what fits by its source, and return the latter."""
    fits = not check_values(asking.source, {name: (value,)}).problems
    if name == "bool":
        assert (fits, told) == (False, "True")
    elif not (name == "cut" and len(value) >= BEYOND):
        assert fits == _same(told, value), f"{name} of {value} was {told}"
    return fits


def _same(told: str, value: str) -> bool:
    """Say whether a strategy was given what the text says."""
    if told.lower() == value.lower():
        return True
    try:
        number = float(value)
        return float(Decimal(told)) == number
    except (ValueError, InvalidOperation):
        return False
