"""Checks parameters and scenarios against what the source reads, before the first backtest."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Final

from attrs import evolve

from leanopt_core.api import Scenario, Value, nearest
from leanopt_lean.findings import Findings, note, problem
from leanopt_lean.fitting import check_passed, check_values
from leanopt_lean.scenario_mapping import (
    DEFAULT_PASS_AS,
    agrees,
    check_scenario_mapping,
    passed,
    passed_parameters,
    remedy,
)
from leanopt_lean.source import Parameter, StrategySource, Subscription
from leanopt_lean.source.facts import CURRENCY

# The scenario fields that a harness sets itself, by its ability.
_SETS: Final = MappingProxyType(
    {
        "scenario": frozenset({"symbol", "start", "end", "cash"}),
        "dates": frozenset({"start", "end"}),
        "cash": frozenset({"cash"}),
        "warmup": frozenset({"warmup"}),
    }
)
_NO_VALUES: Final[Mapping[str, Sequence[Value]]] = MappingProxyType({})
_WAY_OUT = "to run it anyway, use --allow-unread"


def fields_set(abilities: Collection[str]) -> frozenset[str]:
    """Return the scenario fields that a harness with these abilities sets itself."""
    return frozenset().union(*(_SETS[one] for one in abilities if one in _SETS))


def check(
    source: StrategySource,
    scenarios: Sequence[Scenario],
    given: Collection[str],
    abilities: Collection[str] = (),
    *,
    values: Mapping[str, Sequence[Value]] = _NO_VALUES,
    allow_unread: bool = False,
) -> Findings:
    """Return all problems and notes.

    `given` are the names of `[parameters]`, `values` the values that each can take (where known),
    `abilities` those of the harness's hello.
    """
    names = {name for one in scenarios for name in passed(source, one, given).values()}
    return Findings.of(
        [
            check_parameters(source, given, names, allow_unread=allow_unread),
            check_values(source, values),
            *_each_once(
                (one, check_scenario(source, one, given, abilities, allow_unread=allow_unread))
                for one in scenarios
            ),
        ]
    )


def _each_once(found: Iterable[tuple[Scenario, Findings]]) -> Iterator[Findings]:
    """Yield what is wrong with each key; of scenarios that differ by days only, of the first."""
    seen: dict[str, set[str]] = {}
    for scenario, findings in found:
        known = seen.setdefault(repr(evolve(scenario, name="", start=None, end=None)), set())
        problems, notes = (
            tuple(text for text in texts if _key_in(text) not in known)
            for texts in (findings.problems, findings.notes)
        )
        yield Findings(problems, notes)
        known.update(map(_key_in, (*problems, *notes)))


def _key_in(text: str) -> str:
    return text.partition(":")[0]


def check_parameters(
    source: StrategySource,
    given: Collection[str],
    passed_names: Collection[str] = (),
    *,
    allow_unread: bool = False,
) -> Findings:
    """Return a problem for each name that the strategy never reads, a note on those not given.

    The problem becomes a note with `allow_unread`, or if the source makes names at run time, which
    may be any. `passed_names` are the parameter names that scenario fields are passed as.
    """
    fixed = {one.name for one in source.unset if one.fixed}
    found = [
        _unread(f"parameters.{name}", name, source, given, allow_unread=allow_unread)
        for name in given
        if name not in source.reads and name not in fixed
    ]
    if source.unread:
        locations = ", ".join(map(str, source.unread))
        found.append(
            note(f"source not understood, so reads of parameters can be missed: {locations}")
        )
    known = {*given, *passed_names}
    found += [
        problem(f"{_key(one.name, given)}: at {one.location} {one.reason}")
        for one in source.unset
        if one.fixed and one.name in known
    ]
    left = [_shown(one) for one in source.parameters if one.name not in known]
    if left:
        found.append(
            note(f"{source.algorithm} reads parameters that are not given: {', '.join(left)}")
        )
    return Findings.of(found)


def _key(name: str, given: Collection[str]) -> str:
    return f"parameters.{name}" if name in given else f"scenario, passed as '{name}'"


def check_scenario(
    source: StrategySource,
    scenario: Scenario,
    given: Collection[str] = (),
    abilities: Collection[str] = (),
    *,
    allow_unread: bool = False,
) -> Findings:
    """Return a problem for each symbol, date, cash and warm-up that never reaches the strategy.

    A field reaches it as a parameter, by being equal to what the source sets, or by a harness that
    sets it. The last is noted if `Initialize` uses the field before.
    """
    known = fields_set(abilities)
    if known >= _SETS["scenario"]:
        unset = scenario.warmup is not None and "warmup" not in known
        return check_scenario_mapping(source, scenario, "warmup", given) if unset else Findings()
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
    key: str, name: str, source: StrategySource, given: Collection[str], *, allow_unread: bool
) -> Findings:
    what = f"{key}: {source.algorithm} never reads '{name}'{_meant(name, source, given)}"
    if source.unsure:
        locations = ", ".join(map(str, source.unsure))
        return note(f"{what} (unless it is a name made at run time: {locations})")
    if source.unread:
        return note(f"{what} (unless it is where the source is not understood)")
    return note(what) if allow_unread else problem(f"{what} ({_WAY_OUT})")


def _meant(name: str, source: StrategySource, given: Collection[str]) -> str:
    """Return why a name is not read, or the nearest name that is."""
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


def _resolution(
    source: StrategySource, scenario: Scenario, given: Collection[str]
) -> Iterator[Findings]:
    """Report where the scenario's resolution differs from the one that the strategy requests."""
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
    # If one of several subscriptions has this resolution, the scenario may mean that one.
    fault = note if any(one.resolution == wanted.lower() for one in meant) else problem
    for one in meant:
        if one.resolution is None:
            yield from _taken(source, one, wanted, given)
        elif one.resolution == "" and wanted.lower() != "minute":
            yield note(
                f"{at}, but {one.location} names no resolution, and LEAN's default is minute"
            )
        elif one.resolution not in ("", wanted.lower()):
            yield fault(f"{at}, but {one.location} requests {one.resolution}; expected the same")


def _taken(
    source: StrategySource, subscription: Subscription, wanted: str, given: Collection[str]
) -> Iterator[Findings]:
    """Note that the scenario's resolution is not passed although the strategy reads one."""
    names = subscription.resolved_by
    reads = next((one for one in source.parameters if one.name in names), None)
    own = str(reads.default or "") if reads else ""
    if reads is None or names & set(given) or own.lower() == wanted.lower():
        return
    default = f", by default {own}" if own else ""
    yield note(
        f"scenario.resolution: found '{wanted}', which only the check of the data uses: "
        f"{subscription.location} takes the resolution from the parameter '{reads.name}'{default}; "
        f'pass_as = {{ resolution = "{reads.name}" }} in the scenario passes it'
    )


def check_early(
    source: StrategySource, scenario: Scenario, key: str, given: Collection[str] = ()
) -> Findings:
    """Return a note if `Initialize` uses a field before the harness sets it.

    No note if the source sets the field to the scenario's value itself. Cash in other currencies is
    noted too: the harness replaces all cash.
    """
    return Findings.of((*_used(source, scenario, key, given), *_other_cash(source, key)))


def _used(
    source: StrategySource, scenario: Scenario, key: str, given: Collection[str]
) -> Iterator[Findings]:
    used = [one for one in source.uses if one.key == key]
    if used and not agrees(source, scenario, key, given):
        locations = ", ".join(f"{one.what} at {one.location}" for one in used)
        yield note(
            f"scenario.{key}: LEAN sets it after Initialize, which uses another {key} before "
            f"({locations}): results can differ; {remedy(source, scenario, key, given)}"
        )


def _other_cash(source: StrategySource, key: str) -> Iterator[Findings]:
    locations = ", ".join(str(one.location) for one in source.settings if one.key == CURRENCY)
    if key == "cash" and locations:
        yield note(
            f"scenario.cash: LEAN takes it as all the cash, so the cash of another currency that "
            f"{locations} sets becomes 0; leave cash out of the scenario"
        )
