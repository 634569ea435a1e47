"""Checks for `leanopt doctor`: LEAN, .NET and libpython where workers run, and LEAN's data."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from importlib.resources import files
from pathlib import Path
from typing import Any

from leanopt_core.api import (
    Check,
    Command,
    Finding,
    PrepareContext,
    RunCommand,
    StrategyError,
    StuckError,
)
from leanopt_lean.findings import Findings
from leanopt_lean.harness import WAY_OUT
from leanopt_lean.options import WARM, LeanStrategy
from leanopt_lean.prices import check_prices
from leanopt_lean.reference import check_reference
from leanopt_lean.required_data import wanted
from leanopt_lean.series import Series
from leanopt_lean.source import StrategySource

_REPOSITORY = "https://github.com/QuantConnect/Lean"
_SHARED = ("alternative", "market-hours", "symbol-properties")
# Time limit of the probe, in seconds.
_LOOKING = 60.0


class Examination:
    """The checks of one strategy; `scan` reads its source, or raises StrategyError."""

    def __init__(
        self,
        options: LeanStrategy,
        project: Path,
        data: Path,
        scan: Callable[[], StrategySource],
        run_command: RunCommand,
        context: PrepareContext,
    ) -> None:
        self._options = options
        self._project = project
        self._data = data
        self._scan = scan
        self._run_command = run_command
        self._context = context

    def checks(self) -> list[Check]:
        """Return the checks, in their order."""
        return [
            Check("launcher", self._launcher, ("interpreter",)),
            Check("dotnet", self._dotnet, ("interpreter",)),
            *([] if self._compiled else [Check("libpython", self._libpython, ("interpreter",))]),
            Check("reference data", self._reference, ("data",)),
            Check("prices", self._prices, ("data",)),
        ]

    @cached_property
    def _probed(self) -> Mapping[str, Any]:
        """The output of `probe_lean.py` where workers run; raises StuckError if it cannot run."""
        source = files(__package__).joinpath("probe_lean.py").read_text("utf-8")
        argv = ("{python}", "-I", "-S", "-c", source, self._options.launcher)
        done = self._run_command(Command(argv, time_limit=_LOOKING))
        try:
            return dict(json.loads(done.output))
        except (ValueError, TypeError):
            said = done.errors.strip()[-500:]
            what = f"cannot look for LEAN where workers run (exit code {done.exit_code})"
            raise StuckError(Finding.wrong(f"{what}: {said}")) from None

    def _launcher(self) -> Iterator[Finding]:
        """Check that LEAN is installed where workers run."""
        folder = self._options.launcher
        if self._probed["launcher"]:
            yield Finding.ok(folder)
        else:
            yield Finding.wrong(
                f"no QuantConnect.Lean.Launcher.dll in {folder} where workers run; set "
                "strategy.launcher to its folder, or executor.image to an image that has it"
            )

    def _dotnet(self) -> Iterator[Finding]:
        """Check that .NET is installed where workers run, with its SDK if something is compiled."""
        program, sdks = self._probed["dotnet"], ", ".join(map(str, self._probed["sdks"]))
        if not program:
            yield Finding.wrong("no `dotnet` where workers run; the image quantconnect/lean has it")
        elif self._compiled and not sdks:
            what = f"{program} has no SDK, which a C# project needs"
            yield Finding.wrong(f"{what}; the image quantconnect/lean has one")
        elif self._options.harness == WARM and not sdks:
            what = f"{program} has no SDK, which compiles the warm harness"
            yield Finding.wrong(f"{what}; the image quantconnect/lean has one; {WAY_OUT}")
        else:
            yield Finding.ok(f"{program}, SDK {sdks or 'none (not needed)'}")

    def _libpython(self) -> Iterator[Finding]:
        """Check that LEAN finds the Python that runs a strategy in Python."""
        name, known = self._probed["libpython"]["name"], self._probed["libpython"]["known"]
        fix = f"export PYTHONNET_PYDLL={known[0]}" if known else "apt install libpython3.11"
        expected = "expected libpython3.11.so, as in the image quantconnect/lean"
        if not name:
            yield Finding.wrong(f"PYTHONNET_PYDLL is not set where workers run; {expected}", fix)
        elif not self._probed["libpython"]["there"]:
            yield Finding.wrong(f"PYTHONNET_PYDLL is {name}, which does not exist; {expected}", fix)
        else:
            yield Finding.ok(name)

    @property
    def _compiled(self) -> bool:
        """Return whether the project is in C#."""
        return any(self._project.glob("*.csproj"))

    def _reference(self) -> Iterator[Finding]:
        """Check LEAN's reference data, for the symbols if they are known."""
        try:
            series = self._series()
        except StrategyError:
            series = []
        parts = " ".join(f"Lean/Data/{name}" for name in _SHARED)
        copied = f"cp -r {parts} {shlex.quote(str(self._data))}"
        fix = f"git clone --depth 1 {_REPOSITORY} && {copied}"
        yield from self._lines(check_reference(self._data, series), fix)

    def _prices(self) -> Iterator[Finding]:
        """Check the prices of every scenario; raises StrategyError for bad sources."""
        series = self._series()
        symbols = sorted({one.symbol for one in series})
        what = (
            ", ".join(symbols)
            or "not checked: which prices the strategy requests is known only at run time"
        )
        yield from self._lines(check_prices(self._data, series), "lean data download", what)

    def _lines(self, found: Findings, fix: str, good: str = "") -> Iterator[Finding]:
        for text in found.problems:
            if self._options.check_data:
                yield Finding.wrong(text, fix, exit_code=StrategyError.exit_code)
            else:
                yield Finding.warning(f"{text} (strategy.check_data is false)", fix)
        yield from map(Finding.warning, found.notes)
        if not found.problems:
            yield Finding.ok(good or str(self._data))

    def _series(self) -> list[Series]:
        """Return the prices that backtests will request, as far as the source shows."""
        source = self._scan()
        return [one for scenario in self._context.scenarios for one in wanted(source, scenario)]
