"""What a LEAN pipeline needs: LEAN and .NET where workers run, reference data, prices."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from pathlib import Path

from leanopt_core.doctor.line import Line, ok, warning, wrong
from leanopt_core.doctor.subject import Subject
from leanopt_core.engines.lean.demand import wanted
from leanopt_core.engines.lean.findings import Findings
from leanopt_core.engines.lean.options import LeanStrategy
from leanopt_core.engines.lean.prices import check_prices
from leanopt_core.engines.lean.reference import check_reference
from leanopt_core.engines.lean.series import Series
from leanopt_core.engines.lean.source import scan
from leanopt_core.errors import StrategyError
from leanopt_core.places import STATE

_SOURCE = "https://github.com/QuantConnect/Lean"
_SHARED = ("alternative", "market-hours", "symbol-properties")


def launcher(subject: Subject) -> Iterator[Line]:
    """See that LEAN is where workers run."""
    folder = _options(subject).launcher
    if subject.around["launcher"]:
        yield ok(folder)
    else:
        yield wrong(
            f"there is no QuantConnect.Lean.Launcher.dll in {folder} where workers run; "
            "strategy.launcher names its folder, executor.image an image that has it"
        )


def dotnet(subject: Subject) -> Iterator[Line]:
    """See that .NET is where workers run, and its SDK where something is to be compiled."""
    seen = subject.around
    program, sdks = seen["dotnet"], ", ".join(map(str, seen["sdks"]))
    compiled = any((subject.folder / _options(subject).project).glob("*.csproj"))
    if not program:
        yield wrong("there is no `dotnet` where workers run, as quantconnect/lean has it")
    elif compiled and not sdks:
        yield wrong(f"{program} has no SDK, which a C# project needs; quantconnect/lean has one")
    else:
        yield ok(f"{program}, SDK {sdks or 'none, and none is needed'}")


def reference(subject: Subject) -> Iterator[Line]:
    """See that LEAN's reference data is there, of the strategy's symbols where these are known."""
    try:
        series = _series(subject)
    except StrategyError:
        series = []
    folder = shlex.quote(str(subject.strategy.data))
    parts = " ".join(f"Lean/Data/{name}" for name in _SHARED)
    mend = f"git clone --depth 1 {_SOURCE} && cp -r {parts} {folder}"
    yield from _lines(subject, check_reference(_data(subject), series), mend)


def prices(subject: Subject) -> Iterator[Line]:
    """See that prices are there for every scenario; raises StrategyError for a faulty source."""
    series = _series(subject)
    symbols = sorted({one.symbol for one in series})
    found = check_prices(_data(subject), series)
    what = ", ".join(symbols) or "which the strategy asks for is not known before it runs"
    yield from _lines(subject, found, "lean data download", what)


def _lines(subject: Subject, found: Findings, mend: str, good: str = "") -> Iterator[Line]:
    for text in found.problems:
        if _options(subject).check_data:
            yield wrong(text, mend, exit_code=StrategyError.exit_code)
        else:
            yield warning(f"{text} (strategy.check_data is false)", mend)
    yield from map(warning, found.notes)
    if not found.problems:
        yield ok(good or str(_data(subject)))


def _series(subject: Subject) -> list[Series]:
    """Return the prices that backtests will ask for, as far as the source says."""
    options, folder = _options(subject), subject.folder
    apart = (_data(subject), folder / STATE)
    source = scan((folder / options.project).resolve(), options.algorithm, apart)
    return [one for scenario in subject.pipeline.scenarios for one in wanted(source, scenario)]


def _data(subject: Subject) -> Path:
    return (subject.folder / _options(subject).data).resolve()


def _options(subject: Subject) -> LeanStrategy:
    options = subject.lean_options
    assert options is not None  # noqa: S101 - these are checks of pipelines that use it
    return options
