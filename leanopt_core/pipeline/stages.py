"""Read a document's stages, and check the names by which they refer to earlier ones."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from leanopt_core.pipeline.reader import Reader
from leanopt_core.pipeline.settings import Choice, StageSettings
from leanopt_core.pipeline.tables import StageTable
from leanopt_core.pipeline.toml import KeyPath, toml_text
from leanopt_core.plugins import Kind
from leanopt_core.suggest import did_you_mean

#: The value of `seed_from` that means every earlier stage.
ALL: Final = "all"


def read_stages(raw: object, reader: Reader, *, searched: bool = True) -> tuple[StageSettings, ...]:
    """Return the valid stages of a document's `stage`; if it is `searched`, none is an error.

    A stage without a name gets the name of its method.
    """
    at: KeyPath = ("stage",)
    if searched and raw == []:
        hint = reader.installed(Kind.STAGE)
        reader.problems.add(at, "nothing", "expected at least one [[stage]]", hint)
        return ()
    return tuple(_stages(reader.tables(raw, at), reader))


def _stages(items: list[tuple[object, KeyPath]], reader: Reader) -> Iterator[StageSettings]:
    names = [_name(raw) for raw, _ in items]
    seen: dict[str, KeyPath] = {}
    for place, (raw, at) in enumerate(items):
        table, choice = reader.with_plugin(raw, at, StageTable, Kind.STAGE)
        if isinstance(raw, Mapping):
            _check_seeds(raw, at, reader, names)
            _check_name(raw, at, reader, seen)
        if table is not None and choice is not None:
            yield _settings(table, choice, names[:place])


def _key(raw: Mapping[str, object]) -> str:
    return "name" if "name" in raw else "use"


def _name(raw: object) -> str:
    name = raw.get(_key(raw)) if isinstance(raw, Mapping) else None
    return name if isinstance(name, str) else ""


def _check_seeds(
    raw: Mapping[str, object], at: KeyPath, reader: Reader, names: Sequence[str]
) -> None:
    """Check that `seed_from` names earlier stages, each once."""
    given, place, problems = raw.get("seed_from"), int(at[-1]), reader.problems
    misnamed = any(problems.touched((*at[:-1], index, "use")) for index in range(place))
    if misnamed or problems.touched((*at, "seed_from")) or (given == ALL and place):
        return
    if given == []:
        problems.add((*at, "seed_from"), "[]", "expected the names of earlier stages")
    several: list[object] = given if isinstance(given, list) else []
    for index, name in enumerate(several or [given]):
        here = (*at, "seed_from", index) if several else (*at, "seed_from")
        if name in several[:index]:
            problems.add(here, toml_text(name), "expected each stage once")
        elif isinstance(name, str) and name not in names[:place]:
            expected = "expected the name of an earlier stage"
            problems.add(here, toml_text(name), expected, _hint(name, names, place))


def _hint(name: str, names: Sequence[str], place: int) -> str:
    """Return a hint for a name that no stage before `place` has."""
    near = did_you_mean(name, filter(None, names[:place])) or "there is no earlier stage"
    if name not in names:
        return near
    return f"'{name}' {'is this stage' if names[place] == name else 'comes later'}; {near}"


def _check_name(
    raw: Mapping[str, object], at: KeyPath, reader: Reader, seen: dict[str, KeyPath]
) -> None:
    """Check that the stage's name is unique, even if other keys are wrong."""
    key = _key(raw)
    name = raw.get(key)
    if name == ALL:
        expected = "expected another name: in seed_from it means every earlier stage"
        reader.problems.add((*at, key), toml_text(name), expected)
    elif isinstance(name, str):
        reader.unique(name, (*at, key), seen)


def _settings(table: StageTable, choice: Choice, earlier: Sequence[str]) -> StageSettings:
    given = table.seed_from or ()
    seeds = earlier if given == ALL else (given,) if isinstance(given, str) else given
    return StageSettings(
        name=table.name or table.use,
        choice=choice,
        trials=table.trials,
        patience=table.patience,
        min_delta=table.min_delta,
        target=table.target,
        seed_from=tuple(name for name in earlier if name in seeds),
        time=table.time,
    )
