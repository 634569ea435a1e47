"""Reads a folder of lean-optimizer: its search space, stages and engine."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from pathlib import Path, PurePosixPath
from types import MappingProxyType
from typing import Final

from attrs import frozen

from leanopt_core.api import did_you_mean
from leanopt_lean.importing import dotenv
from leanopt_lean.importing.draft import MISSING, At, Draft
from leanopt_lean.importing.fixed import put_fixed
from leanopt_lean.importing.json_file import read_object
from leanopt_lean.importing.lean_cli import REASONS
from leanopt_lean.importing.lean_optimizer_sets import (
    ParameterSet,
    put_sets,
    symbols_of,
)
from leanopt_lean.importing.lean_optimizer_space import read_space
from leanopt_lean.importing.lean_optimizer_stages import put_stages
from leanopt_lean.importing.lean_project import put_lean, put_project, put_workers
from leanopt_lean.importing.lean_settings import put_setting
from leanopt_lean.importing.table import Table, exact

_SPACE: Final = "config/parameter_space.json"
_UNKNOWN: Final = "lean-optimizer does not read it"
#: Its workers by default: of a search, of a universe, and of a list of backtests.
_DEFAULT_WORKERS: Final = 15
_UNIVERSE_WORKERS: Final = 18
_SETS_WORKERS: Final = 5
#: Scenario fields, and the parameter names that lean-optimizer's strategies read.
_TICKER: Final = "ticker"
_SCENARIO: Final = {
    _TICKER: "symbol",
    "startDate": "start",
    "endDate": "end",
    "InitialCash": "cash",
}
#: Other files in its configuration folder.
_OTHERS: Final = ("universe.json", "backtest_universe.json", "parameter_sets.json")
_DAY: Final = re.compile(r"\d{4}-\d\d-\d\d")
_NAME: Final = "config/base_config.json"
_PLACE: Final = "leanopt mounts the data from [strategy] data"
_REASONS: Final = MappingProxyType(
    {key: REASONS[key] for key in ("algorithm-type-name", "algorithm-language")}
    | {"data-folder": _PLACE, "results-destination-folder": REASONS["results-destination-folder"]}
)


@frozen
class Universe:
    """The symbols of a `universe.json`, and its number of workers; each with its position."""

    symbols: tuple[str, ...]
    at: At
    workers: int
    workers_at: At


def read_universe(document: Table) -> tuple[str | None, Universe]:
    """Return a universe, and the path of the config that it is searched with."""
    symbols = tuple(symbol for _, symbol in symbols_of(document))
    config = document.text("base_config", required=True)
    at, _ = document.take("total_workers")
    workers = document.whole("total_workers")
    shared = "the searches of all symbols share the workers"
    document.rest({"symbols_parallel": shared}, _UNKNOWN)
    total = _UNIVERSE_WORKERS if workers is None else workers
    return config, Universe(symbols, document.at / "symbols", total, at)


def read_sets(
    sets: list[ParameterSet], root: Path, project: Path | None, folder: Path, draft: Draft
) -> None:
    """Translate lists of single backtests and what they need, for a pipeline in `folder`."""
    at = sets[0].at.parent if sets else At(str(root))
    if not sets and not draft.mistakes:
        draft.mistake(at, MISSING, "expected at least one parameter set")
    variables = dotenv.read_variables(root)
    _scenario(Table(put_sets(sets, _SCENARIO, draft), at, draft), [], draft)
    draft.put("fitness", "use", "statistic")
    draft.put("fitness", "statistic", "Sharpe Ratio", None, "lean-optimizer prints it, unsorted")
    draft.put("fitness", "direction", "max")
    _engine(root, project, folder, variables, draft)
    workers = dotenv.worker_count(variables, draft)
    put_workers(workers or _SETS_WORKERS, At(".env", (dotenv.WORKERS,)), draft)
    dotenv.name_the_rest(variables, draft)


def read_optimizer(
    config: Path,
    root: Path,
    project: Path | None,
    folder: Path,
    draft: Draft,
    universe: Universe | None = None,
) -> None:
    """Translate an optimization config and what it refers to, for a pipeline in `folder`.

    With a `universe`, each of its symbols has a search of its own.
    """
    at = At(_within(config, root))
    raw = read_object(config, at, draft)
    if raw is None:
        return
    document = Table(raw, at, draft)
    variables = dotenv.read_variables(root)
    space = document.text("parameter_space_file") or _SPACE
    searched = _space(root / space, root, draft)
    base = document.table("base_params") or Table({}, at, draft)
    _scenario(base, searched, draft, universe)
    _fitness(document, draft)
    stages = document.table("stages")
    if stages is None:
        draft.mistake(at / "stages", MISSING, "expected stages")
    else:
        put_stages(stages, draft)
    _engine(root, project, folder, variables, draft)
    _workers(document, variables, draft, universe)
    draft.said.extend(filter(None, [document.text("_comment")]))
    document.rest({}, _UNKNOWN)
    _name_others(root, draft, universe)
    dotenv.name_the_rest(variables, draft)


def _engine(
    root: Path, project: Path | None, folder: Path, variables: Mapping[str, str], draft: Draft
) -> None:
    """Set engine, executor and project."""
    guessed = read_base_config(root / "config" / "base_config.json", variables, draft)
    if project is not None or not guessed:
        put_project(project, At(str(root)), folder, draft)


def _name_others(root: Path, draft: Draft, universe: Universe | None) -> None:
    """Note the other files beside the config, which become pipelines of their own."""
    own = None if universe is None else Path(universe.at.file).name
    for name in _OTHERS:
        if name != own and (root / "config" / name).is_file():
            reason = f"becomes a pipeline of its own: leanopt import config/{name}"
            draft.dropped(At(f"config/{name}"), reason)


def _within(file: Path, root: Path) -> str:
    return str(file.relative_to(root)) if file.is_relative_to(root) else str(file)


def _space(file: Path, root: Path, draft: Draft) -> list[str]:
    at = At(_within(file, root))
    raw = read_object(file, at, draft)
    if raw is None:
        return []
    names = read_space(Table(raw, at, draft), draft)
    if not names and not draft.mistakes:
        draft.mistake(at / "parameters", MISSING, "expected at least one parameter")
    return names


def _scenario(
    base: Table, searched: list[str], draft: Draft, universe: Universe | None = None
) -> None:
    """Set the scenario, and the other base parameters as fixed ones."""
    passed: dict[str, object] = {}
    if universe is not None:
        draft.put("scenario", "universe", list(universe.symbols), universe.at)
        draft.put("scenario", "separate", True, universe.at, "a search for each symbol")
        passed["symbol"] = _TICKER
    for at, name, value in base.left():
        own = _SCENARIO.get(name)
        known = _scenario_value(own, value) if own else None
        if name in searched:
            draft.dropped(at, "the search of this parameter takes precedence")
        elif universe is not None and name == _TICKER:
            draft.dropped(at, "the symbols of the universe take precedence")
        elif own is not None and known is not None:
            draft.put("scenario", own, known, at)
            passed[own] = name
        else:
            if own is not None:
                draft.note(at, f"stays a parameter, unchanged: {_otherwise(own, value)}")
            put_fixed(name, value, at, draft)
    if "symbol" not in passed and _TICKER not in (*searched, *draft.tables.get("parameters", {})):
        draft.note(
            base.at.parent, "has no ticker; set [scenario] symbol, or use leanopt run --symbol"
        )
    if passed:
        comment = "the parameters that the fields are passed as"
        draft.put("scenario", "pass_as", passed, base.at, comment)


def _scenario_value(key: str, value: object) -> object | None:
    """Return a symbol, day or sum; None if the value is invalid."""
    if key == "symbol":
        return value if isinstance(value, str) and value.strip() else None
    if key == "cash":
        number = exact(value)
        return number if number is not None and number > 0 else None
    # In another format the strategy would receive another text than it expects.
    try:
        return date.fromisoformat(str(value)) if _DAY.fullmatch(str(value)) else None
    except ValueError:
        return None


def _otherwise(key: str, value: object) -> str:
    """Return why a value cannot be a field of the scenario."""
    if key not in ("start", "end"):
        return f"[scenario] {key} does not allow this value"
    try:
        day = date.fromisoformat(str(value))
    except ValueError:
        return f"[scenario] {key} must be a date, as 2003-01-31"
    return f"[scenario] {key} would be passed to the strategy as {day}"


def _fitness(document: Table, draft: Draft) -> None:
    table = document.table("fitness")
    if table is None:
        draft.mistake(document.at / "fitness", MISSING, 'expected { "name": "calmar" }')
        return
    name = table.text("name", required=True)
    if name not in (None, "calmar"):
        hint = did_you_mean(str(name), ["calmar"])
        draft.mistake(table.at / "name", name, "expected a fitness of lean-optimizer", hint)
    draft.put("fitness", "use", "calmar", table.at / "name")
    draft.put("fitness", "form", "log_trades", table.at, "as lean-optimizer, except for losses")
    trades, factor = table.whole("min_trades"), table.number("min_profit_factor")
    count = "lean-optimizer counts orders; leanopt counts closed trades if LEAN reports them"
    at = table.at / "min_trades"
    draft.put("fitness", "min_trades", 30 if trades is None else trades, at, count)
    at = table.at / "min_profit_factor"
    draft.put("fitness", "min_profit_factor", 1 if factor is None else factor, at)
    limit = table.number("max_drawdown_limit")
    if limit is not None:
        at = table.at / "max_drawdown_limit"
        draft.put("fitness", "max_drawdown_limit", f"{limit}%", at)
    table.rest({}, _UNKNOWN)


def _workers(
    document: Table, variables: Mapping[str, str], draft: Draft, universe: Universe | None
) -> None:
    """Set the workers; those of `.env` override those of the universe, and these the config's."""
    at, given = document.take("worker_count")
    if universe is not None:
        if given is not MISSING:
            draft.dropped(at, "total_workers of the universe takes precedence")
        document, at = Table({"worker_count": universe.workers}, at, draft), universe.workers_at
        given = universe.workers
    count, named = document.whole("worker_count"), dotenv.worker_count(dict(variables), draft)
    if named is not None:
        put_workers(named, At(".env", (dotenv.WORKERS,)), draft)
        if given is not MISSING:
            draft.dropped(at, f"{dotenv.WORKERS} in .env takes precedence")
    else:
        put_workers(_DEFAULT_WORKERS if count is None else count, at, draft)


def read_base_config(file: Path, variables: Mapping[str, str], draft: Draft) -> bool:
    """Set engine, data, image and launcher; return whether the project is known."""
    at = At(_NAME)
    raw = read_object(file, at, draft) if file.exists() else None
    known = False
    if raw is not None:
        known = _read(Table(raw, at, draft), variables, draft)
    put_lean(draft)
    if dotenv.IMAGE in variables:
        draft.refer("executor", "image", dotenv.IMAGE, At(".env", (dotenv.IMAGE,)))
    data = dotenv.DATA if dotenv.DATA in variables else "LEAN_DATA"
    draft.refer("strategy", "data", data, At(".env", (dotenv.DATA,)))
    if dotenv.LAUNCHER in variables:
        draft.refer("strategy", "launcher", dotenv.LAUNCHER, At(".env", (dotenv.LAUNCHER,)))
    limit = "lean-optimizer's time limit"
    draft.put("executor", "time_limit", "2min", None, limit)
    return known


def _read(document: Table, variables: Mapping[str, str], draft: Draft) -> bool:
    location = document.text("algorithm-location")
    environment = document.text("environment")
    if environment not in (None, "backtesting"):
        expected = 'expected "backtesting", which is all that leanopt does'
        draft.mistake(document.at / "environment", environment, expected)
    for key, reason in _REASONS.items():
        at, value = document.take(key)
        if value is not MISSING:
            draft.dropped(at, reason)
    for at, key, value in document.left():
        put_setting(key, value, at, draft)
    if location is None or dotenv.WORKSPACE not in variables:
        return False
    at = document.at / "algorithm-location"
    name = PurePosixPath(location).stem
    if not name or name in (".", "..") or "\\" in name or "\0" in name:
        draft.mistake(at, location, "expected the name of an assembly, as /Artifacts/Name.dll")
        return False
    # lean-optimizer looks there for an assembly's project, too.
    draft.refer("strategy", "project", dotenv.WORKSPACE, at, f"/{name}")
    return True
