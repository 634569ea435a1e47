"""Checks what a strategy is given against what its source reads, before the first backtest."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from leanopt_core.engines.lean.findings import Findings, note, problem
from leanopt_core.engines.lean.reach import DEFAULT_PASS_AS, check_reach, passed
from leanopt_core.engines.lean.source import Parameter, Source
from leanopt_core.suggest import nearest
from leanopt_core.work import Scenario

#: What a harness says that sets symbol, dates and cash by itself.
SETS_SCENARIO = "scenario"
_WAY_OUT = "--allow-unread runs it all the same"


def check(
    source: Source,
    scenarios: Sequence[Scenario],
    given: Collection[str],
    abilities: Collection[str] = (),
    *,
    allow_unread: bool = False,
) -> Findings:
    """Return all that is wrong or worth knowing.

    `given` are the names of `[parameters]`, `abilities` what the harness's hello says.
    """
    names = {name for one in scenarios for name in passed(source, one, given).values()}
    return Findings.of(
        [
            check_parameters(source, given, names, allow_unread=allow_unread),
            *(
                check_scenario(source, one, given, abilities, allow_unread=allow_unread)
                for one in scenarios
            ),
        ]
    )


def check_parameters(
    source: Source,
    given: Collection[str],
    passed_names: Collection[str] = (),
    *,
    allow_unread: bool = False,
) -> Findings:
    """Return a problem for each name that the strategy never reads, a note of those not given.

    Instead of a problem there is a note with `allow_unread`, or where names that the source makes
    at run time may be any. `passed_names` are those under which fields of scenarios travel.
    """
    found = [
        _unread(f"parameters.{name}", name, source, given, allow_unread=allow_unread)
        for name in given
        if name not in source.reads
    ]
    known = {*given, *passed_names}
    left = [_shown(one) for one in source.parameters if one.name not in known]
    if left:
        found.append(note(f"{source.algorithm} reads, and is not given: {', '.join(left)}"))
    return Findings.of(found)


def check_scenario(
    source: Source,
    scenario: Scenario,
    given: Collection[str] = (),
    abilities: Collection[str] = (),
    *,
    allow_unread: bool = False,
) -> Findings:
    """Return a problem for each symbol, date and cash that reaches the strategy by no way.

    Equal to what the source sets is a way. With the ability `scenario` there is nothing to say.
    """
    if SETS_SCENARIO in abilities:
        return Findings()
    found = [
        _unread(f"scenario.pass_as.{key}", name, source, given, allow_unread=allow_unread)
        for key, name in scenario.pass_as.items()
        if name not in source.reads
    ]
    found += [
        check_reach(source, scenario, key, given)
        for key in DEFAULT_PASS_AS
        if getattr(scenario, key) is not None
    ]
    return Findings.of([*found, *_resolution(source, scenario)])


def _unread(
    key: str, name: str, source: Source, given: Collection[str], *, allow_unread: bool
) -> Findings:
    what = f"{key}: {source.algorithm} never reads '{name}'{_meant(name, source, given)}"
    if source.unsure:
        places = ", ".join(map(str, source.unsure))
        return note(f"{what} (unless a name made at run time is it: {places})")
    return note(what) if allow_unread else problem(f"{what} ({_WAY_OUT})")


def _meant(name: str, source: Source, given: Collection[str]) -> str:
    """Return why a name is not read, or what the user may have meant."""
    for one in source.unset:
        if one.name == name:
            return f": LEAN does not set the [Parameter] at {one.place}, {one.reason}"
    close = nearest(name, source.reads - set(given)) or nearest(name, source.reads)
    if close:
        return f"; did you mean '{close}' ({source.place(close)})?"
    return f"; it reads {', '.join(one.name for one in source.parameters) or 'none'}"


def _shown(parameter: Parameter) -> str:
    default = "" if parameter.default in (None, "") else f"default {parameter.default}, "
    return f"{parameter.name} ({default}{parameter.places[0]})"


def _resolution(source: Source, scenario: Scenario) -> Iterator[Findings]:
    """Tell where the data that is looked for is not the data that the strategy asks for."""
    wanted = scenario.extras.get("resolution")
    if not isinstance(wanted, str) or "resolution" in scenario.pass_as:
        return
    for one in source.subscriptions:
        meant = scenario.symbol is None or one.ticker is None
        if not meant and one.ticker != scenario.symbol:
            continue
        used = one.resolution or ("minute" if one.resolution == "" else None)
        if used is not None and used != wanted.lower():
            said = f"asks for {used}" if one.resolution else "names none: LEAN's own is minute"
            yield note(f"scenario.resolution: found '{wanted}', but {one.place} {said}")
