"""Checks what a strategy is given against what its source reads, before the first backtest."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Final

from leanopt_core.space import Value
from leanopt_core.suggest import nearest
from leanopt_core.work import Scenario
from leanopt_lean.early import check_early
from leanopt_lean.findings import Findings, note, problem
from leanopt_lean.fitting import check_passed, check_values
from leanopt_lean.scenario_mapping import (
    DEFAULT_PASS_AS,
    check_scenario_mapping,
    passed,
    passed_parameters,
)
from leanopt_lean.source import Parameter, Source, Subscription

# Which fields of a scenario a harness sets by itself that has an ability.
_SETS: Final = MappingProxyType(
    {
        "scenario": frozenset({"symbol", "start", "end", "cash"}),
        "dates": frozenset({"start", "end"}),
        "cash": frozenset({"cash"}),
    }
)
_NO_VALUES: Final[Mapping[str, Sequence[Value]]] = MappingProxyType({})
_WAY_OUT = "to run it anyway, use --allow-unread"


def told(abilities: Collection[str]) -> frozenset[str]:
    """Return the fields of a scenario that a harness with these abilities sets by itself."""
    return frozenset().union(*(_SETS[one] for one in abilities if one in _SETS))


def check(
    source: Source,
    scenarios: Sequence[Scenario],
    given: Collection[str],
    abilities: Collection[str] = (),
    *,
    values: Mapping[str, Sequence[Value]] = _NO_VALUES,
    allow_unread: bool = False,
) -> Findings:
    """Return all that is wrong or worth knowing.

    `given` are the names of `[parameters]`, `values` what each can be where that is known, and
    `abilities` what the harness's hello says.
    """
    names = {name for one in scenarios for name in passed(source, one, given).values()}
    return Findings.of(
        [
            check_parameters(source, given, names, allow_unread=allow_unread),
            check_values(source, values),
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
    fixed = {one.name for one in source.unset if one.fixed}
    found = [
        _unread(f"parameters.{name}", name, source, given, allow_unread=allow_unread)
        for name in given
        if name not in source.reads and name not in fixed
    ]
    if source.unread:
        locations = ", ".join(map(str, source.unread))
        found.append(note(f"not understood, so parameters can be missed: {locations}"))
    known = {*given, *passed_names}
    found += [
        problem(f"{_key(one.name, given)}: at {one.location} {one.reason}")
        for one in source.unset
        if one.fixed and one.name in known
    ]
    left = [_shown(one) for one in source.parameters if one.name not in known]
    if left:
        found.append(note(f"{source.algorithm} reads, and is not given: {', '.join(left)}"))
    return Findings.of(found)


def _key(name: str, given: Collection[str]) -> str:
    return f"parameters.{name}" if name in given else f"scenario, passed as '{name}'"


def check_scenario(
    source: Source,
    scenario: Scenario,
    given: Collection[str] = (),
    abilities: Collection[str] = (),
    *,
    allow_unread: bool = False,
) -> Findings:
    """Return a problem for each symbol, date and cash that reaches the strategy by no way.

    Equal to what the source sets is a way, and so is a harness that sets the field by itself: of
    that there is a note where `Initialize` uses the field before.
    """
    known = told(abilities)
    if known >= set(DEFAULT_PASS_AS):
        return Findings()
    found = [
        _unread(f"scenario.pass_as.{key}", name, source, given, allow_unread=allow_unread)
        for key, name in scenario.pass_as.items()
        if name not in source.reads
    ]
    found += [
        (check_early if key in known else check_scenario_mapping)(source, scenario, key, given)
        for key in DEFAULT_PASS_AS
        if getattr(scenario, key) is not None
    ]
    travels = passed_parameters(source, scenario, given)
    fields = {key: (n, travels[n]) for key, n in passed(source, scenario, given).items()}
    return Findings.of(
        [*found, *_resolution(source, scenario, given), check_passed(source, fields)]
    )


def _unread(
    key: str, name: str, source: Source, given: Collection[str], *, allow_unread: bool
) -> Findings:
    what = f"{key}: {source.algorithm} never reads '{name}'{_meant(name, source, given)}"
    if source.unsure:
        locations = ", ".join(map(str, source.unsure))
        return note(f"{what} (unless a name made at run time is it: {locations})")
    if source.unread:
        return note(f"{what} (unless it stands where the source is not understood)")
    return note(what) if allow_unread else problem(f"{what} ({_WAY_OUT})")


def _meant(name: str, source: Source, given: Collection[str]) -> str:
    """Return why a name is not read, or what the user may have meant."""
    for one in source.unset:
        if one.name == name:
            return f": LEAN does not set the [Parameter] at {one.location}, {one.reason}"
    close = nearest(name, source.reads - set(given)) or nearest(name, source.reads)
    if close:
        return f"; did you mean '{close}' ({source.location(close)})?"
    return f"; it reads {', '.join(one.name for one in source.parameters) or 'none'}"


def _shown(parameter: Parameter) -> str:
    default = "" if parameter.default in (None, "") else f"default {parameter.default}, "
    return f"{parameter.name} ({default}{parameter.locations[0]})"


def _resolution(source: Source, scenario: Scenario, given: Collection[str]) -> Iterator[Findings]:
    """Tell where the data that is looked for is not the data that the strategy asks for."""
    wanted = scenario.extras.get("resolution")
    if not isinstance(wanted, str) or "resolution" in scenario.pass_as:
        return
    at = f"scenario.resolution: found '{wanted}'"
    meant = [
        one
        for one in source.subscriptions
        if scenario.symbol is None
        or one.ticker is None
        or one.ticker.casefold() == scenario.symbol.casefold()
    ]
    # Where one of several asks for it, it may be meant for that one.
    fault = note if any(one.resolution == wanted.lower() for one in meant) else problem
    for one in meant:
        if one.resolution is None:
            yield from _taken(source, one, wanted, given)
        elif one.resolution == "" and wanted.lower() != "minute":
            yield note(f"{at}, but {one.location} names none: LEAN's own is minute")
        elif one.resolution not in ("", wanted.lower()):
            yield fault(f"{at}, but {one.location} asks for {one.resolution}: expected that")


def _taken(
    source: Source, subscription: Subscription, wanted: str, given: Collection[str]
) -> Iterator[Findings]:
    """Tell that a resolution does not travel where the strategy reads one."""
    names = subscription.resolved_by
    reads = next((one for one in source.parameters if one.name in names), None)
    own = str(reads.default or "") if reads else ""
    if reads is None or names & set(given) or own.lower() == wanted.lower():
        return
    default = f", by default {own}" if own else ""
    yield note(
        f"scenario.resolution: found '{wanted}', which is for the check of the data only: "
        f"{subscription.location} takes its own from the parameter '{reads.name}'{default}; "
        f'pass_as = {{ resolution = "{reads.name}" }} in the scenario passes it'
    )
