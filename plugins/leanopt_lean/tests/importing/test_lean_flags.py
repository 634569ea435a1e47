"""`lean optimize` as typed: the same as the configuration that LEAN's command line writes of it."""

from __future__ import annotations

import json
import shlex
import tomllib
from decimal import Decimal
from pathlib import Path

import pytest

from leanopt_core.errors import PipelineError, UsageError

LINE = (
    'lean optimize "My Project" --strategy "Grid Search" --target "Sharpe Ratio" '
    "--target-direction max --parameter ema-fast 1 10 0.1 --parameter ema-slow -20 30 5 "
    '--constraint "Drawdown <= 0.25" --constraint "Compounding Annual Return > 0.05"'
)


@pytest.fixture
def typed(tmp_path: Path, load, monkeypatch: pytest.MonkeyPatch):
    """Import a command line as it is typed beside a project."""
    (tmp_path / "My Project").mkdir()
    (tmp_path / "My Project" / "main.py").touch()
    monkeypatch.chdir(tmp_path)
    return lambda line: load(*shlex.split(line))


def tables(text: str) -> dict[str, object]:
    """Return a pipeline's tables, exact."""
    return tomllib.loads(text, parse_float=Decimal)


def test_flags_mean_what_leans_command_line_makes_of_them(typed, load, lean, tmp_path) -> None:
    """It writes an optimizer-config.json, with these names and operators."""
    path = "TotalPerformance.PortfolioStatistics."
    document = lean(
        optimization_strategy_settings={"default-segment-amount": 10},
        optimization_criterion={"target": path + "SharpeRatio", "extremum": "max"},
        parameters=[
            {"name": "ema-fast", "min": 1.0, "max": 10.0, "step": 0.1},
            {"name": "ema-slow", "min": -20.0, "max": 30.0, "step": 5.0},
        ],
        constraints=[
            {"target": path + "Drawdown", "operator": "lessOrEqual", "target-value": 0.25},
            {
                "target": path + "CompoundingAnnualReturn",
                "operator": "greater",
                "target-value": 0.05,
            },
        ],
        maximum_concurrent_backtests=3,
    )
    (tmp_path / "My Project" / "c.json").write_text(json.dumps(document))
    written = tables(load("My Project/c.json").text)
    result = typed(f"{LINE} --max-concurrent-backtests=3")
    assert tables(result.text) == written
    assert len(result.points()) == 91 * 11
    assert result.notes == []
    assert written["parameters"]["ema-fast"] == {"min": 1, "max": 10, "step": Decimal("0.1")}


def test_the_configuration_that_a_flag_names_is_read(typed, lean, tmp_path) -> None:
    """With the workers of the command line before those of the file."""
    (tmp_path / "c.json").write_text(json.dumps(lean(maximum_concurrent_backtests=3)))
    line = "lean optimize 'My Project' --optimizer-config c.json --max-concurrent-backtests 5"
    result = typed(line)
    assert len(result.points()) == 3
    assert tables(result.text)["executor"]["workers"] == 5
    with pytest.raises(
        PipelineError, match=r"--strategy: cannot be combined with --optimizer-config"
    ):
        typed(f"{line} --strategy 'Grid Search'")


def test_containers_are_set_as_they_were(typed) -> None:
    """Image, pulling, mounts; what is in variables stays outside, since it may be secret."""
    extra = {
        "environment": {"API_TOKEN": "s3cret"},
        "volumes": {"/models": {"bind": "/Models", "mode": "ro"}},
        "mounts": [{"source": "/more", "target": "/More", "read_only": False}],
        "device_requests": [{"count": 1}],
    }
    told = shlex.quote(json.dumps(extra))
    result = typed(f"{LINE} --image my/lean:7 --no-update --extra-docker-config {told}")
    assert tables(result.text)["executor"] == {
        "use": "docker",
        "image": "my/lean:7",
        "pull": "never",
        "mounts": ["/models:/Models", "/more:/More:rw"],
        "environment": {"API_TOKEN": "${API_TOKEN}"},
    }
    assert "s3cret" not in result.text
    assert [reason for key, reason in result.notes if "device_requests" in key] != []
    strategy = tables(typed(f"{LINE} --extra-config data-feed-workers-count 2").text)["strategy"]
    assert strategy["config"] == {"data-feed-workers-count": "2"}


def test_what_has_no_counterpart_is_named_and_secrets_are_not_shown(typed) -> None:
    """Each option by its name; the values of those who provide data nowhere."""
    dropped = {
        "--output": "--output there",
        "--detach": "-d",
        "--estimate": "--estimate",
        "--download-data": "--download-data",
        "--data-purchase-limit": "--data-purchase-limit 7",
        "--release": "--release",
        "--addon-module": "--addon-module x",
        "--extra-config.job-organization-id": "--extra-config job-organization-id s3cret",
        "--verbose": "--verbose",
        "--data-provider-historical": "--data-provider-historical Polygon",
        "--polygon-api-key": "--polygon-api-key s3cret",
        "--ib-password": "--ib-password=s3cret",
        "--webull-use-2fa": "--webull-use-2fa",
    }
    result = typed(f"{LINE} {' '.join(dropped.values())}")
    assert sorted(key for key, _ in result.notes) == sorted(dropped)
    assert all(reason.startswith("not translated: ") for _, reason in result.notes)
    assert "s3cret" not in result.text
    assert typed(f"{LINE} --data-provider-historical local").notes == []


def test_statistics_that_lean_would_not_find_are_asked_for_by_name(typed) -> None:
    """LEAN's command line looks for everything among the portfolio's."""
    line = LINE.replace("Sharpe Ratio", "Net Profit")
    result = typed(line.replace("Drawdown <=", "Total Trades >"))
    assert result.pipeline.fitness.options.statistic == "Net Profit"
    assert result.pipeline.constraints[0].statistic == "Total Orders"
    assert {"--target", "--constraint"} == {key for key, _ in result.notes}


def test_a_workspace_is_found_or_named(typed, tmp_path: Path) -> None:
    """The data folder is that of `lean.json`."""
    (tmp_path / "lean.json").write_text('{"data-folder": "data"}')
    (tmp_path / "other.json").write_text('{"data-folder": "/srv/data"}')
    assert tables(typed(LINE).text)["strategy"]["data"] == "data"
    named = typed(f"{LINE} --lean-config other.json")
    assert tables(named.text)["strategy"]["data"] == "/srv/data"


def test_every_mistake_of_a_command_line_is_said_at_once(typed) -> None:
    """With the option, what was found, and what was meant."""
    line = (
        "lean optimize Elsewhere --strategy 'Grid Serch' --target-direction up "
        "--parameter a 1 ten 1 --parameter b 5 1 1 --parameter c 1 2 1 --parameter c 1 2 1 "
        "--constraint 'Drawdown =< 0.2' --constraint 'Drawdown < 25%' --constraint Drawdown "
        "--max-concurrent-backtests many --paramter d 1 2 3"
    )
    with pytest.raises(PipelineError) as raised:
        typed(line)
    said = str(raised.value)
    for text in (
        'lean optimize: PROJECT: found "Elsewhere',
        "no such option: --paramter (did you mean '--parameter'?)",
        "--strategy: found \"Grid Serch\", expected a search (did you mean 'grid search'?)",
        "--target: found nothing",
        '--parameter.a.max: found "ten", expected a number (--parameter NAME MIN MAX STEP)',
        "--parameter.b.min: found 5, expected at most max, 1",
        '--parameter.c: found "c", appears twice among the parameters',
        "'=<' is not an operator",
        "'25%' is not a number (write a percentage as a fraction: 25% is 0.25)",
        '--constraint: found "Drawdown", expected a statistic, an operator and a number',
        '--max-concurrent-backtests: found "many", expected a whole number',
    ):
        assert text in said
    with pytest.raises(PipelineError, match="--parameter: expected 4 values behind it"):
        typed(f"{LINE} --parameter a 1")


def test_another_program_is_refused(typed) -> None:
    """Only `lean optimize` is understood."""
    with pytest.raises(UsageError, match="lean cloud: expected a file, a folder"):
        typed("lean cloud optimize X")
