"""The harnesses of LEAN: how they are started."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from leanopt_lean.build import Built
from leanopt_lean.harness import Harness, abilities_of, harness_of
from leanopt_lean.options import LeanStrategy

from leanopt_core.work import Mount


def compiled(sources: Path) -> Built:
    """Return a build of the harness's sources."""
    assert (sources / "LeanoptHarness.csproj").is_file()
    return Built(Path("/builds/harness"), "LeanoptHarness.dll", "source", "key")


def started(**options: Any) -> Harness:
    """Return the harness of a strategy with these options."""
    strategy = LeanStrategy(Path("Trend"), Path("data"), launcher="/Lean", **options)
    seen = {"build": Path("/builds/trend"), "data": Path("/data")}
    if options.get("object_store"):
        seen["store"] = Path("/builds/store-1")
    return harness_of(strategy, "Trend.dll", seen, compiled)


def test_the_warm_harness_is_told_where_all_is() -> None:
    """LEAN, the strategy and the data, as workers see them; all of it can be read only."""
    launch = started().launch
    assert launch.command == (
        *("dotnet", "{harness}/LeanoptHarness.dll"),
        *("--lean", "/Lean", "--strategy", "{build}/Trend.dll", "--data", "{data}"),
    )
    assert launch.mounts == (
        Mount("build", Path("/builds/trend")),
        Mount("data", Path("/data")),
        Mount("harness", Path("/builds/harness")),
    )
    assert {launch.environment[name] for name in ("HOME", "TMPDIR")} == {"{scratch}"}


def test_texts_of_a_configuration_are_no_paths() -> None:
    """What is filled in for `{data}` is the option's value alone."""
    config = {"history-provider": "{data}", "list": ["{build}/x", "{ scratch}", "{}"]}
    *_, option, text = started(config=config, python_venv="/venv").launch.command
    assert option == "--config"
    assert json.loads(text) == {**config, "python-venv": "/venv"}
    assert not any(f"{{{location}}}" in text for location in ("data", "build"))


def test_rolling_windows_are_another_harness() -> None:
    """Its results have more statistics: they are kept apart."""
    plain, rolling = started(), started(rolling_windows=True)
    assert rolling.launch.command == (*plain.launch.command, "--rolling-windows")
    assert rolling.identity != plain.identity
    by_launcher = (started(harness="launcher", rolling_windows=one) for one in (False, True))
    assert len({json.dumps(one.identity) for one in by_launcher}) == 1


def test_a_command_of_the_users_is_run_as_it_is() -> None:
    """No harness is compiled for it."""
    harness = started(harness=("my-harness", "{build}"))
    assert harness.launch.command == ("my-harness", "{build}")
    assert harness.identity == ["my-harness", "{build}"]


@pytest.mark.parametrize(
    ("harness", "known"),
    [
        (
            "warm",
            {
                "config",
                "statistics",
                "read",
                "equity",
                "trades",
                "dates",
                "cash",
                "warmup",
                "document",
            },
        ),
        ("launcher", {"config"}),
        (("my-harness",), {"scenario", "warmup"}),
    ],
)
def test_what_a_harness_can_do_is_known_before_it_starts(harness: Any, known: set[str]) -> None:
    """As far as checks need it: another one may set whatever a scenario has."""
    strategy = LeanStrategy(Path("Trend"), Path("data"), harness=harness)
    assert abilities_of(strategy) == known


@pytest.mark.parametrize("harness", ["warm", "launcher"])
def test_the_store_is_mounted_where_there_is_one(harness: str) -> None:
    """Both harnesses that come along fill LEAN's object store from it."""
    launch = started(harness=harness, object_store="store").launch
    at = launch.command.index("--store")
    assert launch.command[at + 1] == "{store}"
    assert Mount("store", Path("/builds/store-1")) in launch.mounts


def test_a_harness_of_the_users_fills_no_store() -> None:
    """It would be ignored silently."""
    with pytest.raises(ValueError, match=r'"warm" and "launcher" support it'):
        started(harness=("my-harness",), object_store="store")
