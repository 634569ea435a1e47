"""Values from outside the file: `--set key.path=value`, and `${NAME}` from the environment."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path

from attrs import frozen

from leanopt_core.errors import Mistake
from leanopt_core.pipeline.problems import Problems
from leanopt_core.pipeline.toml import DEEPEST, KeyPath, VariableText, parse_toml, toml_text
from leanopt_core.suggest import did_you_mean

Lookup = Callable[[str], str | None]

_REFERENCE = re.compile(r"(\$\$\{)|\$\{(?:([A-Za-z_][A-Za-z0-9_]*)(:-([^}]*))?\})?")
_ASSIGNMENT = re.compile(r"\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=\s*(.*?)\s*")


def lookup(environment: Mapping[str, str], folder: Path) -> Lookup:
    """Return a function that looks a variable up in `environment`, then in `folder`'s `.env`.

    It returns None for an unset variable. It reads `.env` only if the environment lacks a variable.
    """

    @cache
    def dotenv() -> Mapping[str, str]:
        return read_dotenv(folder / ".env")

    def find(name: str) -> str | None:
        return environment[name] if name in environment else dotenv().get(name)

    return find


def interpolate(value: object, find: Lookup, problems: Problems, at: KeyPath = ()) -> object:
    """Return `value` with the variables in its text replaced; an unset variable is an error.

    A default applies if the variable is unset or empty. `$${` is a literal `${`. Replaced text is
    not searched for variables again. A text that is one variable is marked: it may be a number.
    """
    match value:
        case str():
            return _filled(value, find, problems, at)
        case list():
            return [interpolate(v, find, problems, (*at, i)) for i, v in enumerate(value)]
        case dict():
            return {k: interpolate(v, find, problems, (*at, k)) for k, v in value.items()}
        case _:
            return value


def _filled(text: str, find: Lookup, problems: Problems, at: KeyPath) -> str:
    unset: list[str] = []
    malformed = False

    def fill(match: re.Match[str]) -> str:
        nonlocal malformed
        escaped, name, default = match.group(1), match.group(2), match.group(4)
        if escaped:
            return "${"
        if not name:
            malformed = True
            return match.group()
        found = find(name)
        if found is None and default is None:
            unset.append(name)
        return (found or default) if default is not None else (found or "")

    whole = _REFERENCE.fullmatch(text)
    filled = _REFERENCE.sub(fill, text)
    if malformed:
        problems.add(
            at, toml_text(text), "expected ${NAME} or ${NAME:-default}", "write $${ for ${"
        )
    elif unset:
        names = " and ".join(dict.fromkeys(unset))
        problems.add(at, toml_text(text), f"expected {names} in the environment or in .env")
    if malformed or unset:
        return text
    return VariableText(filled) if whole and whole[2] else filled


def variables(names: Sequence[str], find: Lookup, problems: Problems) -> dict[str, str]:
    """Return the variables that `[strategy] environment` names; an unset one is an error."""
    found: dict[str, str] = {}
    for index, name in enumerate(names):
        value = find(name)
        if value is None:
            at = ("strategy", "environment", index)
            problems.add(at, toml_text(name), f"expected {name} in the environment or in .env")
        else:
            found[name] = value
    return found


def read_dotenv(path: Path) -> dict[str, str]:
    """Return the assignments in a `.env` file; other lines are ignored."""
    try:
        lines = path.read_text(encoding="utf-8-sig", errors="replace").splitlines()
    except OSError:
        return {}
    matches = filter(None, map(_ASSIGNMENT.fullmatch, lines))
    return {match[1]: _unquoted(match[2]) for match in matches}


def _unquoted(text: str) -> str:
    if text[:1] in ("'", '"'):
        end = text.find(text[0], 1)
        return text[1:end] if end > 0 else text
    return re.split(r"\s#", text, maxsplit=1)[0].rstrip()


_STEP = re.compile(r"""(?:^|\.)(?:([A-Za-z0-9_-]+)|("(?:[^"\\]|\\.)*"))|\[(\d+)\]""")
_OPENS_TOML = ("[", "{", '"', "'")
_ARRAYS: Collection[KeyPath] = (("stage",), ("sink",))


@frozen
class Override:
    """One override: the steps of its key, its value, and the user's own text."""

    steps: tuple[str, ...]
    value: object
    label: str


def parse_set(text: str, problems: Problems) -> Override | None:
    """Parse the argument of one `--set`; report an error and return None if it is not valid.

    Steps are separated by dots; list items are given by index (`stage.0`, `stage[0]`) or by name.
    The value is TOML; anything that is not TOML is text, so bare words need no quotes.
    """
    label = f"--set {text}"
    try:
        steps, written = _split(text)
    except ValueError:
        example = "expected key.path=value, such as executor.workers=8"
        problems.note(Mistake(label, "", "", example))
        return None
    try:
        return Override(steps, written_value(written), label)
    except ValueError:
        problems.note(Mistake(label, "", written, "expected a TOML value"))
        return None


def written_value(text: str) -> object:
    """Return the value of a text: TOML, else the text itself, so that bare words need no quotes.

    Raises ValueError for a text that begins as TOML's arrays, tables and texts do and is none.
    """
    try:
        return _value(text)
    except ValueError:
        if text.startswith(_OPENS_TOML):
            raise
        return text


def flags(
    document: dict[str, object],
    problems: Problems,
    *,
    symbol: str | None,
    workers: int | None,
    seed: int | None,
    universe: Path | None = None,
) -> Iterator[Override]:
    """Yield the overrides of these options; `--symbol` and `--universe` need a single scenario.

    Symbols of a universe are left to `read_scenarios`, which knows what it has.
    """
    if symbol is not None:
        label, symbols = f"--symbol {symbol}", chosen_symbols(symbol)
        if len(symbols) > 1 and not _has_universe(document):
            yield from _universe(document, problems, list(symbols), label)
        elif not _has_universe(document):
            yield from _symbol(document, problems, symbol, label)
    if universe is not None:
        label = f"--universe {universe}"
        yield from _universe(document, problems, str(universe.absolute()), label)
    if workers is not None:
        yield Override(("executor", "workers"), workers, f"--workers {workers}")
    if seed is not None:
        yield Override(("seed",), seed, f"--seed {seed}")


def chosen_symbols(text: str) -> tuple[str, ...]:
    """Return the symbols that `--symbol` names, separated by commas."""
    return tuple(filter(None, map(str.strip, text.split(","))))


def _has_universe(document: Mapping[str, object]) -> bool:
    scenario = document.get("scenario")
    return isinstance(scenario, Mapping) and "universe" in scenario


def _symbol(
    document: Mapping[str, object], problems: Problems, symbol: str, label: str
) -> Iterator[Override]:
    scenarios = document.get("scenario")
    several = len(scenarios) if isinstance(scenarios, list) else 1
    if several == 1:
        path = ("scenario", "0") if isinstance(scenarios, list) else ("scenario",)
        yield Override((*path, "symbol"), symbol, label)
    else:
        expected = "expected one, or --set scenario.NAME.symbol=SYMBOL for each"
        problems.add(("scenario",), f"{several} scenarios", expected, source=label)


def _universe(
    document: dict[str, object], problems: Problems, universe: object, label: str
) -> Iterator[Override]:
    """Yield the override of the universe; it takes the place of symbol and name."""
    scenario = document.get("scenario", {})
    if isinstance(scenario, Mapping):
        own = {key: value for key, value in scenario.items() if key not in ("symbol", "name")}
        document["scenario"] = own
        yield Override(("scenario", "universe"), universe, label)
    else:
        expected = "expected a table [scenario], whose settings all symbols have"
        problems.add(("scenario",), "[[scenario]]", expected, source=label)


def apply(document: dict[str, object], override: Override, problems: Problems) -> None:
    """Set the override's value in `document`, creating missing tables."""
    at: KeyPath = ()
    here: object = document
    for number, step in enumerate(override.steps, 1):
        key = _key(here, step, at, problems, override.label)
        if key is None:
            return
        at = (*at, key)
        if number == len(override.steps):
            here[key] = override.value  # type: ignore[index]  # _key saw that it has this place
            problems.labels[at] = override.label
            return
        if isinstance(here, dict) and key not in here:
            here[key] = [] if at in _ARRAYS else {}
            problems.made[at] = override.label
        here = here[key]  # type: ignore[index]  # the same


def _split(text: str) -> tuple[tuple[str, ...], str]:
    """Return the key's steps and the value's text; raises ValueError if either is missing."""
    steps: list[str] = []
    end = 0
    while match := _STEP.match(text, end):
        bare, quoted, index = match.groups()
        steps.append(str(json.loads(quoted)) if quoted else bare or index)
        end = match.end()
    between, equals, value = text[end:].partition("=")
    if not 0 < len(steps) <= DEEPEST or between.strip() or not equals:
        raise ValueError(text)
    return tuple(steps), value.strip()


def _value(text: str) -> object:
    document = parse_toml(f"value = {text}")
    if list(document) != ["value"]:
        raise ValueError(text)
    return document["value"]


def _key(here: object, step: str, at: KeyPath, problems: Problems, label: str) -> str | int | None:
    """Return the key or index that `step` means in `here`; report an error and return None."""
    if isinstance(here, dict):
        return step
    if not isinstance(here, list):
        problems.add(at, toml_text(here), f"is not a table and has no key '{step}'", source=label)
        return None
    names = _item_names(here)
    for known in ([str(index) for index in range(len(here))], names):
        if step in known:
            return known.index(step)
    found = f"{len(here)} item{'' if len(here) == 1 else 's'}, none of them '{step}'"
    hint = did_you_mean(step, filter(None, names))
    problems.add(at, found, "expected an index or a name", hint, source=label)
    return None


def _item_names(items: Sequence[object]) -> list[str]:
    """Return the name of each list item: its `name`, else its `use`, else an empty text."""
    tables = (item if isinstance(item, dict) else {} for item in items)
    return [str(table.get("name", table.get("use", ""))) for table in tables]
