"""Reads `[[stage]]`: the search methods, in the order in which they work."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from leanopt_core.pipeline.reader import Reader
from leanopt_core.pipeline.settings import Choice, StageSettings
from leanopt_core.pipeline.tables import StageTable
from leanopt_core.pipeline.toml import KeyPath, toml_text
from leanopt_core.plugins import Kind
from leanopt_core.suggest import did_you_mean


def read_stages(raw: object, reader: Reader) -> tuple[StageSettings, ...]:
    """Return the stages that a document's `stage` says, those with mistakes left out.

    A stage without a name is called after its method.
    """
    at: KeyPath = ("stage",)
    if raw == []:
        hint = reader.installed(Kind.STAGE)
        reader.problems.add(at, "nothing", "expected at least one [[stage]]", hint)
        return ()
    return tuple(_stages(reader.tables(raw, at), reader))


def _stages(items: list[tuple[object, KeyPath]], reader: Reader) -> Iterator[StageSettings]:
    seen: dict[str, KeyPath] = {}
    for raw, at in items:
        table, choice = reader.with_plugin(raw, at, StageTable, Kind.STAGE)
        if isinstance(raw, Mapping):
            _check_seed(raw, at, reader, seen)
            _check_name(raw, at, reader, seen)
        if table is not None and choice is not None:
            yield _settings(table, choice)


def _check_seed(
    raw: Mapping[str, object], at: KeyPath, reader: Reader, seen: Mapping[str, KeyPath]
) -> None:
    """Check which stage another one goes on from, where the earlier ones' names are known."""
    earlier = raw.get("seed_from")
    before = ((*at[:-1], index, "use") for index in range(int(at[-1])))
    misnamed = any(map(reader.problems.touched, before))
    if isinstance(earlier, str) and earlier not in seen and not misnamed:
        hint = did_you_mean(earlier, seen) or "none is before this one"
        expected = "expected the name of an earlier stage"
        reader.problems.add((*at, "seed_from"), toml_text(earlier), expected, hint)


def _check_name(
    raw: Mapping[str, object], at: KeyPath, reader: Reader, seen: dict[str, KeyPath]
) -> None:
    """Check, also where other keys are wrong, that no other stage has this one's name."""
    key = "name" if "name" in raw else "use"
    name = raw.get(key)
    if isinstance(name, str):
        reader.unique(name, (*at, key), seen)


def _settings(table: StageTable, choice: Choice) -> StageSettings:
    return StageSettings(
        name=table.name or table.use,
        choice=choice,
        trials=table.trials,
        patience=table.patience,
        min_delta=table.min_delta,
        target=table.target,
        seed_from=table.seed_from,
    )
