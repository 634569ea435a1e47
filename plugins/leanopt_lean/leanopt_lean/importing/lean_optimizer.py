"""Reads a folder of lean-optimizer: what it searches, how, and what it runs."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Final

from leanopt_core.suggest import did_you_mean
from leanopt_lean.importing import dotenv
from leanopt_lean.importing.base_config import read_base_config
from leanopt_lean.importing.draft import MISSING, At, Draft
from leanopt_lean.importing.fixed import put_fixed
from leanopt_lean.importing.json_file import read_object
from leanopt_lean.importing.lean_optimizer_space import read_space
from leanopt_lean.importing.lean_optimizer_stages import put_stages
from leanopt_lean.importing.lean_project import put_project, put_workers
from leanopt_lean.importing.table import Table, exact

_SPACE: Final = "config/parameter_space.json"
_UNKNOWN: Final = "lean-optimizer does not read it"
_DEFAULT_WORKERS: Final = 15
#: What a scenario has of its own, under the names that lean-optimizer's strategies read.
_SCENARIO: Final = {
    "ticker": "symbol",
    "startDate": "start",
    "endDate": "end",
    "InitialCash": "cash",
}
#: What else lies in its folder of configuration.
_OTHERS: Final = {
    "universe.json": "leanopt run --symbol searches one symbol after the other",
    "backtest_universe.json": "it lists single backtests, and searches nothing",
    "parameter_sets.json": "it lists single backtests, and searches nothing",
}
_DAY: Final = re.compile(r"\d{4}-\d\d-\d\d")


def read_optimizer(
    config: Path, root: Path, project: Path | None, folder: Path, draft: Draft
) -> None:
    """Translate an optimization config and what it refers to, for a pipeline in `folder`."""
    at = At(_within(config, root))
    raw = read_object(config, at, draft)
    if raw is None:
        return
    document = Table(raw, at, draft)
    variables = dotenv.read_variables(root)
    space = document.text("parameter_space_file") or _SPACE
    searched = _space(root / space, root, draft)
    _scenario(document, searched, draft)
    _fitness(document, draft)
    stages = document.table("stages")
    if stages is None:
        draft.mistake(at / "stages", MISSING, "expected stages")
    else:
        put_stages(stages, draft)
    guessed = read_base_config(root / "config" / "base_config.json", variables, draft)
    if project is not None or not guessed:
        put_project(project, At(str(root)), folder, draft)
    _workers(document, variables, draft)
    draft.said.extend(filter(None, [document.text("_comment")]))
    document.rest({}, _UNKNOWN)
    _name_others(root, draft)
    dotenv.name_the_rest(variables, draft)


def _name_others(root: Path, draft: Draft) -> None:
    """Name the files beside the config that say something else than what is searched."""
    for name, reason in _OTHERS.items():
        if (root / "config" / name).is_file():
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
        draft.mistake(at / "parameters", MISSING, "expected one parameter at least")
    return names


def _scenario(document: Table, searched: list[str], draft: Draft) -> None:
    """Set the scenario, and the other base parameters as fixed ones."""
    base = document.table("base_params")
    passed: dict[str, object] = {}
    for at, name, value in base.left() if base else ():
        own = _SCENARIO.get(name)
        known = _scenario_value(own, value) if own else None
        if name in searched:
            draft.dropped(at, "it is searched, and what is searched goes before it")
        elif own is not None and known is not None:
            draft.put("scenario", own, known, at)
            passed[own] = name
        else:
            if own is not None:
                draft.note(at, f"stays a parameter, as it is: {_otherwise(own, value)}")
            put_fixed(name, value, at, draft)
    if "symbol" not in passed and "ticker" not in searched:
        draft.note(document.at, "has no ticker: leanopt run --symbol, or [scenario] symbol, say it")
    if passed:
        comment = "how they reach the strategy: as parameters of these names"
        draft.put("scenario", "pass_as", passed, base.at if base else None, comment)


def _scenario_value(key: str, value: object) -> object | None:
    """Return a symbol, day or sum, None where it is none."""
    if key == "symbol":
        return value if isinstance(value, str) and value.strip() else None
    if key == "cash":
        number = exact(value)
        return number if number is not None and number > 0 else None
    # In another form it would reach the strategy otherwise than it reads it.
    try:
        return date.fromisoformat(str(value)) if _DAY.fullmatch(str(value)) else None
    except ValueError:
        return None


def _otherwise(key: str, value: object) -> str:
    """Say what stands against a field of the scenario."""
    if key not in ("start", "end"):
        return f"[scenario] {key} takes no such value"
    try:
        day = date.fromisoformat(str(value))
    except ValueError:
        return f"[scenario] {key} takes a day as 2003-01-31"
    return f"[scenario] {key} would reach the strategy as {day}"


def _fitness(document: Table, draft: Draft) -> None:
    table = document.table("fitness")
    if table is None:
        draft.mistake(document.at / "fitness", MISSING, 'expected { "name": "calmar" }')
        return
    name = table.text("name", required=True)
    if name not in (None, "calmar"):
        hint = did_you_mean(str(name), ["calmar"])
        draft.mistake(table.at / "name", name, "expected a fitness of lean-optimizer's own", hint)
    draft.put("fitness", "use", "calmar", table.at / "name")
    draft.put("fitness", "form", "log_trades", table.at, "lean-optimizer's, but for losses")
    trades, factor = table.whole("min_trades"), table.number("min_profit_factor")
    count = "lean-optimizer counts orders; here closed trades count, where LEAN reports them"
    at = table.at / "min_trades"
    draft.put("fitness", "min_trades", 30 if trades is None else trades, at, count)
    at = table.at / "min_profit_factor"
    draft.put("fitness", "min_profit_factor", 1 if factor is None else factor, at)
    limit = table.number("max_drawdown_limit")
    if limit is not None:
        at = table.at / "max_drawdown_limit"
        draft.put("fitness", "max_drawdown_limit", f"{limit}%", at)
    table.rest({}, _UNKNOWN)


def _workers(document: Table, variables: Mapping[str, str], draft: Draft) -> None:
    """Set the workers: those of `.env` go before those of the config."""
    at, given = document.take("worker_count")
    count, named = document.whole("worker_count"), dotenv.worker_count(dict(variables), draft)
    if named is not None:
        put_workers(named, At(".env", (dotenv.WORKERS,)), draft)
        if given is not MISSING:
            draft.dropped(at, f"{dotenv.WORKERS} in .env goes before it")
    else:
        put_workers(_DEFAULT_WORKERS if count is None else count, at, draft)
