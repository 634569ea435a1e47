"""Reads the command line of `lean optimize`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Final

from attrs import define, field

from leanopt_core.api import did_you_mean
from leanopt_lean.importing.docker_settings import put_docker_settings
from leanopt_lean.importing.draft import MISSING, UNSAID, At, Draft
from leanopt_lean.importing.flags import Flag, Grammar, read_flags
from leanopt_lean.importing.json_file import read_object
from leanopt_lean.importing.lean_cli import OptimizerSettings, read_config
from leanopt_lean.importing.lean_project import (
    IMAGE,
    put_data,
    put_lean,
    put_project,
    put_workers,
    put_workspace_data,
)
from leanopt_lean.importing.lean_settings import put_setting
from leanopt_lean.importing.lean_space import Ranged, put_space
from leanopt_lean.importing.objective import (
    Bound,
    Target,
    command_line_name,
    operator_of,
    put_bounds,
    put_target,
)
from leanopt_lean.importing.table import Table, exact

COMMAND: Final = "lean optimize"
_NUMBERS: Final = ("min", "max", "step")
_STRATEGIES: Final = ("grid search", "euler search")
NO_DOWNLOAD: Final = "leanopt downloads no data; put it in the data folder first"
#: Options that have no counterpart, how many values each takes, and why.
DROPPED: Final = MappingProxyType(
    {
        "--output": (1, "results are in .leanopt beside the pipeline"),
        "--detach": (0, "leanopt run stays in the foreground; keep it alive with nohup or tmux"),
        "--estimate": (0, "use leanopt plan, which estimates the duration"),
        "--download-data": (0, NO_DOWNLOAD),
        "--data-purchase-limit": (1, NO_DOWNLOAD),
        "--release": (0, "the project's .csproj sets how it is built"),
        "--addon-module": (1, "leanopt has no modules; the engine writes LEAN's configuration"),
        "--verbose": (0, "use leanopt run --verbose"),
    }
)
#: Prefixes of data providers' options.
_PROVIDERS: Final = (
    *("--ib-", "--oanda-", "--bitfinex-", "--coinbase-", "--binance", "--kraken-", "--iqfeed-"),
    *("--charles-schwab-", "--polygon-", "--factset-", "--alpha-vantage-", "--coinapi-"),
    *("--thetadata-", "--terminal-link-", "--bybit-", "--trade-station-", "--alpaca-", "--eze-"),
    *("--tastytrade-", "--dydx-", "--databento-", "--webull-", "--public-"),
)
GRAMMAR: Final = Grammar(
    {
        "--strategy": 1,
        "--target": 1,
        "--target-direction": 1,
        "--parameter": 4,
        "--constraint": 1,
        "--optimizer-config": 1,
        "--max-concurrent-backtests": 1,
        "--image": 1,
        "--extra-docker-config": 1,
        "--extra-config": 2,
        "--update": 0,
        "--no-update": 0,
        "--data-provider-historical": 1,
        "--lean-config": 1,
        **{name: count for name, (count, _) in DROPPED.items()},
    },
    {"-d": "--detach", "-p": "--parameter"},
    _PROVIDERS,
)


@define
class _Line:
    """The command line by option; the last of several counts, as in LEAN's."""

    draft: Draft
    one: dict[str, Flag] = field(factory=dict)
    parameters: list[Flag] = field(factory=list)
    constraints: list[Flag] = field(factory=list)
    settings: list[Flag] = field(factory=list)
    arguments: list[Flag] = field(factory=list)

    def value(self, name: str) -> str | None:
        """Return the value of an option, None if it was not given."""
        return self.one[name].values[0] if name in self.one else None


def read_command(words: Sequence[str], folder: Path, draft: Draft) -> None:
    """Translate the arguments of `lean optimize`, for a pipeline in `folder`."""
    line = _sorted_out(words, draft)
    project = _project(line, folder)
    config = line.value("--optimizer-config")
    settings = OptimizerSettings(None, At(COMMAND), None, At(COMMAND))
    if config is not None:
        settings = _configured(Path(config), line)
    else:
        _search(line)
    _put_containers(line)
    workspace = line.value("--lean-config")
    if workspace is None or not put_workspace_data(Path(workspace), folder, draft):
        put_data(project, settings, folder, draft)
    most = line.one.get("--max-concurrent-backtests")
    if most is None:
        put_workers(settings.workers, settings.workers_at, draft)
    elif isinstance(workers := exact(most.values[0]), int):
        put_workers(workers, most.at, draft)
    else:
        draft.mistake(most.at, most.values[0], "expected a whole number")


def _sorted_out(words: Sequence[str], draft: Draft) -> _Line:
    line = _Line(draft)
    many = {
        "": line.arguments,
        "--parameter": line.parameters,
        "--constraint": line.constraints,
        "--extra-config": line.settings,
    }
    for flag in read_flags(words, GRAMMAR, COMMAND, draft):
        if flag.name in many:
            many[flag.name].append(flag)
        elif flag.name in DROPPED:
            draft.dropped(flag.at, DROPPED[flag.name][1])
        elif flag.name not in GRAMMAR.options:
            draft.dropped(flag.at, NO_DOWNLOAD)
        else:
            line.one[flag.name] = flag
    provider = line.value("--data-provider-historical")
    if provider is not None and provider.casefold() != "local":
        draft.dropped(line.one["--data-provider-historical"].at, NO_DOWNLOAD)
    return line


def _project(line: _Line, folder: Path) -> Path | None:
    at = At(COMMAND, ("PROJECT",))
    if len(line.arguments) != 1:
        found = " ".join(flag.values[0] for flag in line.arguments) or MISSING
        line.draft.mistake(at, found, "expected one project: the folder of main.py or a .csproj")
        return None
    project = Path(line.arguments[0].values[0])
    if not project.exists():
        line.draft.mistake(
            at, str(project), "does not exist", "paths are relative to the current folder"
        )
        return None
    put_project(project, at, folder, line.draft)
    return project


def _configured(file: Path, line: _Line) -> OptimizerSettings:
    """Read the configuration that `--optimizer-config` names instead of flags."""
    at = At(str(file))
    for name in ("--strategy", "--target", "--target-direction"):
        if name in line.one:
            line.draft.mistake(
                line.one[name].at, UNSAID, "cannot be combined with --optimizer-config"
            )
    for flag in (*line.parameters, *line.constraints):
        line.draft.dropped(flag.at, "--optimizer-config takes precedence")
    raw = read_object(file, at, line.draft)
    return read_config(Table(raw or {}, at, line.draft), line.draft) if raw else _nothing()


def _nothing() -> OptimizerSettings:
    return OptimizerSettings(None, At(COMMAND), None, At(COMMAND))


def _search(line: _Line) -> None:
    """Translate strategy, target, parameters and constraints."""
    draft = line.draft
    for name in ("--strategy", "--target", "--target-direction"):
        if name not in line.one:
            draft.mistake(At(COMMAND, (name,)), MISSING, "expected this option, as LEAN does")
    if not line.parameters:
        draft.mistake(At(COMMAND, ("--parameter",)), MISSING, "expected NAME MIN MAX STEP")
    strategy = (line.value("--strategy") or _STRATEGIES[0]).casefold()
    at = At(COMMAND, ("--strategy",))
    if strategy not in _STRATEGIES:
        hint = did_you_mean(strategy, _STRATEGIES)
        draft.mistake(at, line.value("--strategy"), "expected a search", hint)
    ranges = [ranged for flag in line.parameters if (ranged := _ranged(flag, draft))]
    seen: set[str] = set()
    for ranged in ranges:
        if ranged.name in seen:
            draft.mistake(ranged.at, ranged.name, "appears twice among the parameters")
        seen.add(ranged.name)
    put_space(ranges, euler=strategy == _STRATEGIES[1], segments=None, at=at, draft=draft)
    _put_objective(line)


def _put_objective(line: _Line) -> None:
    draft = line.draft
    target, direction = line.one.get("--target"), line.one.get("--target-direction")
    if target is not None and direction is not None:
        name = command_line_name(target.values[0], target.at, draft)
        read = Target(name, target.at, direction.values[0], direction.at, None, target.at)
        put_target(read, draft)
    bounds = [bound for flag in line.constraints if (bound := _bound(flag, draft))]
    put_bounds(bounds, draft)


def _ranged(flag: Flag, draft: Draft) -> Ranged | None:
    name, *texts = flag.values
    at = flag.at / name
    numbers = [exact(text) for text in texts]
    for key, text, number in zip(_NUMBERS, texts, numbers, strict=True):
        if number is None:
            draft.mistake(at / key, text, "expected a number", "--parameter NAME MIN MAX STEP")
    low, high, step = numbers
    if low is None or high is None or step is None:
        return None
    return Ranged(name, at, low, high, step, None)


def _bound(flag: Flag, draft: Draft) -> Bound | None:
    parts = flag.values[0].rsplit(" ", 2)
    expected = "expected a statistic, an operator and a number, separated by spaces"
    example = 'as "Drawdown <= 0.25"'
    if len(parts) < 3:  # noqa: PLR2004 - what the message says
        draft.mistake(flag.at, flag.values[0], expected, example)
        return None
    operator, value = operator_of(parts[1]), exact(parts[2])
    if operator is None:
        draft.mistake(flag.at, flag.values[0], f"'{parts[1]}' is not an operator", example)
    if value is None:
        hint = "write a percentage as a fraction: 25% is 0.25" if "%" in parts[2] else example
        draft.mistake(flag.at, flag.values[0], f"'{parts[2]}' is not a number", hint)
    if operator is None or value is None:
        return None
    return Bound(flag.at, command_line_name(parts[0], flag.at, draft), operator, value)


def _put_containers(line: _Line) -> None:
    image = line.one.get("--image")
    put_lean(line.draft, image.values[0] if image else IMAGE, image.at if image else None)
    for name, pull in (("--update", "always"), ("--no-update", "never")):
        if name in line.one:
            line.draft.put("executor", "pull", pull, line.one[name].at)
    for flag in line.settings:
        key, value = flag.values
        put_setting(key, value, flag.at / key, line.draft)
    extra = line.one.get("--extra-docker-config")
    if extra is not None:
        put_docker_settings(extra.values[0], extra.at, line.draft)
