"""The first things a user sees: help, completion, options of plugins, and what Windows is told."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from enum import Enum
from pathlib import Path

import attrs
import click
import pytest
from attrs import field, frozen, validators

from leanopt_core.cli.group import leanopt as group
from leanopt_core.pipeline.units import Bytes, Seconds
from leanopt_core.report.option_list import bounds, describe

CONTEXT = click.Context(group, info_name="leanopt", **group.context_settings)
NAMES = group.list_commands(CONTEXT)


def test_help_fits_a_screen_and_names_every_command_once(leanopt, tmp_path: Path) -> None:
    """On 80x24 with the prompt below it; in groups."""
    lines = leanopt(tmp_path, "--help").stdout.splitlines()
    assert len(lines) <= 23
    assert max(map(len, lines)) <= 80
    listed = lines[lines.index("Commands:") + 1 :]
    commands = [line.removeprefix("  ")[13:] for line in listed]
    brief = commands.pop().split(", ")
    assert [*(line.split()[0] for line in commands), *brief] == NAMES
    groups = [line.split()[0] for line in listed if line[2] != " "]
    assert groups == ["design", "run", "look", "maintenance"]


@pytest.mark.parametrize("name", NAMES)
def test_every_help_has_an_example_of_itself(name: str) -> None:
    """One, on a line of its own."""
    command = group.get_command(CONTEXT, name)
    assert command is not None
    assert f"Example: leanopt {name}" in command.get_help(CONTEXT)


@pytest.mark.parametrize(
    ("typed", "completed"),
    [("leanopt sh", ["show"]), ("leanopt run --wor", ["--workers"]), ("leanopt ", NAMES)],
)
def test_bash_completes(typed: str, completed: list[str], tmp_path: Path) -> None:
    """What a user types up to the tab, by bash's own protocol."""
    words = typed.split(" ")
    asked = {
        "_LEANOPT_COMPLETE": "bash_complete", "COMP_WORDS": typed,
        "COMP_CWORD": str(len(words) - 1),
    }  # fmt: skip
    answer = subprocess.run(
        [Path(sys.executable).with_name("leanopt")], env={**os.environ, **asked},
        capture_output=True, text=True, check=True, cwd=tmp_path,
    )  # fmt: skip
    assert [line.split(",")[1] for line in answer.stdout.splitlines()] == completed


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_is_printed_or_installed(shell: str, tmp_path: Path, leanopt) -> None:
    """The same text; where the shell looks for it."""
    text = leanopt(tmp_path, "completion", shell).stdout
    assert f"_LEANOPT_COMPLETE={shell}_complete" in text
    said = leanopt(tmp_path, "completion", shell, "--install", HOME=str(tmp_path)).stdout
    written = Path(said.split(";")[0].removeprefix("wrote "))
    assert written.is_relative_to(tmp_path)
    assert written.read_text().strip() == text.strip()


def test_windows_gets_one_clear_message() -> None:
    """Before anything is imported that Windows does not have."""
    script = (
        "import sys\n"
        "sys.platform = 'win32'\n"
        "for name in ('fcntl', 'termios', 'pwd'):\n    sys.modules[name] = None\n"
        "from leanopt_core.cli import main\n"
        "main()\n"
    )
    completed = subprocess.run(
        [sys.executable, "-S", "-c", f"import site; site.main()\n{script}"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert completed.returncode == 1
    assert completed.stderr.startswith("leanopt: leanopt needs Linux or macOS.")
    assert "WSL" in completed.stderr
    assert completed.stdout == ""


BOUNDS = {
    "0 to 19": [validators.ge(0), validators.le(19)],
    "above 0, at most 1": validators.and_(validators.gt(0), validators.le(1)),
    "2 or more": validators.optional([validators.instance_of(int), validators.ge(2)]),
    "0 or more": [validators.ge(0), validators.lt(float("inf"))],
    "below 5": validators.lt(5),
    "not empty": validators.min_len(1),
    "length 2 or more, length at most 9": [validators.min_len(2), validators.max_len(9)],
    "each above 0": validators.deep_iterable(validators.gt(0)),
    "one of 1, 2": validators.in_((1, 2)),
    "": [validators.instance_of(int), lambda *_: None],
}


@pytest.mark.parametrize("said", BOUNDS)
def test_bounds_are_read_from_validators(said: str) -> None:
    """As attrs makes one of several."""
    made = attrs.make_class("Options", {"x": field(validator=BOUNDS[said])})
    assert bounds(attrs.fields(made).x.validator) == said


class Kind(Enum):
    """A choice."""

    FIRST = "first"
    LAST = "last"


@frozen
class Options:
    """Options of every kind."""

    kind: Kind = Kind.LAST
    limit: Seconds = field(default=Seconds(60.0), validator=validators.gt(0))
    size: Bytes | None = None
    share: float = field(default=0.5, metadata={"bounds": "above 0"}, validator=validators.ge(0))
    loud: bool = False


def test_types_defaults_and_bounds_of_options() -> None:
    """Units, enumerations, truth values; what a plugin says itself counts."""
    assert [(o.name, o.type, o.default, o.bounds) for o in describe(Options)] == [
        ("kind", '"first" or "last"', "last", ""),
        ("limit", 'duration such as "2min"', "60.0", "above 0"),
        ("size", 'size such as "2GB"', "none", ""),
        ("share", "number", "0.5", "above 0"),
        ("loud", "true or false", "false", ""),
    ]


def test_a_plugins_options_are_shown(leanopt, tmp_path: Path) -> None:
    """The page has what the document has."""
    page = leanopt(tmp_path, "plugins", "process").stdout
    (plugin,) = json.loads(leanopt(tmp_path, "plugins", "process", "--json").stdout)["plugins"]
    for option in plugin["options"]:
        line = next(one for one in page.splitlines() if one.startswith(option["name"]))
        for part in ("type", "default", "bounds", "help"):
            assert option[part] in line
    assert [option["bounds"] for option in plugin["options"]] == ["1 or more", "0 to 19", ""]
