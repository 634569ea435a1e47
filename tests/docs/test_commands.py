"""The page of commands says what click says, and its examples run."""

from __future__ import annotations

import inspect
import json
import re
import shlex
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import pytest

from leanopt_core.cli.group import leanopt as group

PAGE = (Path(__file__).parents[2] / "docs" / "reference" / "commands.md").read_text("utf-8")
CONTEXT = click.Context(group, info_name="leanopt", **group.context_settings)
COMMANDS = {name: group.get_command(CONTEXT, name) for name in group.list_commands(CONTEXT)}
EXAMPLES = re.findall(r"^\$ (leanopt .+)$", PAGE, flags=re.MULTILINE)

Sections = Callable[[str, str], dict[str, str]]
Leanopt = Callable[..., "subprocess.CompletedProcess[str]"]
Start = Callable[..., "subprocess.Popen[str]"]


def one_line(text: str) -> str:
    """Return text without its line breaks."""
    return " ".join(text.split())


@pytest.fixture
def described(sections: Sections) -> dict[str, str]:
    """The commands' sections by name."""
    found = sections(PAGE, "##")
    return {
        title.strip("`").removeprefix("leanopt "): body
        for title, body in found.items()
        if title.startswith("`leanopt ")
    }


def test_every_command_is_there_and_no_other(described: dict[str, str]) -> None:
    """In the order of `leanopt --help`."""
    assert list(described) == list(COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_options_and_their_help_are_those_of_the_command(
    described: dict[str, str], name: str
) -> None:
    """Each option once, in the command's order, with its metavar, help and bounds."""
    records = [
        parameter.get_help_record(CONTEXT)
        for parameter in COMMANDS[name].params
        if isinstance(parameter, click.Option)
    ]
    expected = [(options, one_line(text)) for options, text in records if text]
    rows = re.findall(r"^\| `(-.+?)` \| (.+?) \|$", described[name], flags=re.MULTILINE)
    assert rows == expected


@pytest.mark.parametrize("name", COMMANDS)
def test_a_section_begins_with_the_commands_summary(described: dict[str, str], name: str) -> None:
    """The help's first paragraph; arguments are written as in it."""
    summary = one_line(inspect.cleandoc(COMMANDS[name].help).split("\n\n")[0])
    assert one_line(described[name]).startswith(summary)
    for parameter in COMMANDS[name].params:
        if isinstance(parameter, click.Argument):
            assert parameter.make_metavar(CONTEXT).strip("[]") in summary


@pytest.mark.parametrize("name", COMMANDS)
def test_the_helps_own_example_is_on_the_page(name: str) -> None:
    """So that it is run below."""
    text = inspect.cleandoc(COMMANDS[name].help)
    (example,) = re.findall(r"^Example: (.+)$", text, flags=re.MULTILINE)
    assert example in EXAMPLES


def there(line: str, folder: Path) -> Path:
    """Return the folder in which an example is to be typed, `folder` being the quickstart's."""
    return folder.parents[1] if "examples/" in line else folder


#: Commands whose examples change something, or need a running run.
CHANGING = ("import", "run", "batch", "resume", "stop", "delete", "completion")


def lines(*names: str) -> list[str]:
    """Return the examples of these commands."""
    return [line for line in EXAMPLES if line.split()[1] in names]


def looking() -> list[Any]:
    """Return the examples that only look; `make test` runs the first of each command."""
    # Of verify, one example needs LEAN.
    found = [line for line in EXAMPLES if line not in lines(*CHANGING) and "launcher" not in line]
    first = {line.split()[1]: line for line in reversed(found)}.values()
    return [pytest.param(line, marks=() if line in first else pytest.mark.long) for line in found]


@pytest.mark.parametrize("line", lines(*COMMANDS))
def test_examples_are_read(line: str, quickstart: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The command has their options and takes their values."""
    monkeypatch.chdir(there(line, quickstart))
    (quickstart / "manifest.json").touch()
    _, name, *arguments = shlex.split(line)
    COMMANDS[name].make_context(name, arguments, parent=CONTEXT)


@pytest.mark.slow
@pytest.mark.parametrize("line", looking())
def test_examples_run(line: str, searched: Path, leanopt: Leanopt) -> None:
    """Where there is a run to look at."""
    arguments = shlex.split(line)[1:]
    completed = leanopt(there(line, searched), *arguments)
    assert completed.returncode == 0, completed.stderr
    if "--json" in arguments:
        json.loads(completed.stdout)
    elif "-o" in arguments and "export" in arguments:
        written = (there(line, searched) / arguments[arguments.index("-o") + 1]).read_text()
        if not {"lean", "trades", "path"} & set(arguments):
            assert len(written.splitlines()) == 24 + ("csv" in arguments)
        assert written
    else:
        assert completed.stdout


def interrupted(start: Start, folder: Path, arguments: list[str]) -> None:
    """Leave a run behind that can be resumed."""
    process = start(folder, *arguments, "--workers", "2")
    assert next(process.stderr) == "stage lhs begins\n"
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=60) == 130


@pytest.mark.slow
def test_examples_of_import_run(quickstart: Path, leanopt: Leanopt) -> None:
    """With what LEAN's optimizer is told beside them."""
    criterion = {"target": "Statistics.Sharpe Ratio", "extremum": "max"}
    parameter = {"name": "fast", "min": 5, "max": 50, "step": 5}
    document = {"optimization-criterion": criterion, "parameters": [parameter]}
    (quickstart / "optimizer-config.json").write_text(json.dumps(document))
    for line in lines("import"):
        completed = leanopt(quickstart, *shlex.split(line)[1:])
        assert completed.stdout.startswith("wrote "), completed.stderr


@pytest.mark.alike(1)
@pytest.mark.slow
@pytest.mark.parametrize("line", lines("run"))
def test_examples_of_run_run(
    line: str,
    quickstart: Path,
    small: tuple[str, ...],
    described: dict[str, str],
    leanopt: Leanopt,
    start: Start,
) -> None:
    """With small budgets."""
    arguments = [*shlex.split(line)[1:], *small]
    if "--resume" in arguments:
        interrupted(start, quickstart, [one for one in arguments if one != "--resume"])
    if "--manifest" in arguments:
        leanopt(quickstart, "run", "pipeline.toml", *small)
        manifest = leanopt(quickstart, "show", "--manifest").stdout
        (quickstart / "manifest.json").write_text(manifest)
    completed = leanopt(there(line, quickstart), *arguments)
    assert completed.returncode == 0, completed.stderr
    if "--json" in arguments:
        document = json.loads(completed.stdout)
        assert document["trials"]["completed"] == 24
        assert [set(document)] == [set(names) for names in members(described["run"])]
    else:
        assert completed.stdout.startswith("run quickstart-1: finished")


@pytest.mark.alike(1)
@pytest.mark.slow
@pytest.mark.parametrize("line", lines("batch"))
def test_examples_of_batch_run(line: str, quickstart: Path, leanopt: Leanopt) -> None:
    """With two sets in the file."""
    head = "enter,fast,leave,risk,slow,stop,trail"
    rows = [f"0.01,{fast},0.01,0.02,50,3,fixed\n" for fast in (9, 10)]
    (quickstart / "sets.csv").write_text(f"{head}\n{''.join(rows)}")
    completed = leanopt(there(line, quickstart), *shlex.split(line)[1:])
    assert completed.returncode == 0, completed.stderr
    if "--json" in line:
        assert json.loads(completed.stdout)["trials"]["completed"] == 2
    else:
        assert completed.stdout.startswith("run quickstart-1: finished")


@pytest.mark.long
@pytest.mark.slow
@pytest.mark.parametrize("line", lines("resume"))
def test_examples_of_resume_run(
    line: str, quickstart: Path, small: tuple[str, ...], leanopt: Leanopt, start: Start
) -> None:
    """After an interruption, with the options that the run began with."""
    interrupted(start, quickstart, ["run", "pipeline.toml", *small])
    completed = leanopt(quickstart, *shlex.split(line)[1:])
    assert completed.stdout.startswith("run quickstart-1: finished"), completed.stderr
    assert "24 trials" in completed.stdout


@pytest.mark.slow
def test_the_example_of_stop_stops_and_that_of_delete_deletes(
    quickstart: Path, leanopt: Leanopt, start: Start
) -> None:
    """A running run, started in another process."""
    (stop,), (delete,) = lines("stop"), lines("delete")
    process = start(quickstart, "run", "pipeline.toml")
    while next(process.stderr) != "stage lhs begins\n":
        pass
    stopped = leanopt(quickstart, *shlex.split(stop)[1:])
    assert (stopped.returncode, stopped.stdout) == (0, "run quickstart-1: interrupted\n")
    assert process.wait(timeout=60) == 130
    deleted = leanopt(quickstart, *shlex.split(delete)[1:])
    assert deleted.returncode == 0
    assert json.loads(leanopt(quickstart, "runs", "--json").stdout) == {"runs": []}


@pytest.mark.slow
@pytest.mark.parametrize("line", lines("completion"))
def test_examples_of_completion_run(line: str, tmp_path: Path, leanopt: Leanopt) -> None:
    """With a home of their own."""
    completed = leanopt(tmp_path, *shlex.split(line)[1:], HOME=str(tmp_path))
    assert completed.returncode == 0, completed.stderr
    assert "leanopt" in completed.stdout


def members(text: str, intro: str = "JSON members") -> list[list[str]]:
    """Return the members that a section lists: the outer ones, then those of each inner one."""
    (sentence,) = re.findall(rf"^{intro}: (.+?)\.(?:\s|$)", text, flags=re.MULTILINE | re.DOTALL)
    outer: list[str] = []
    inner: list[list[str]] = []
    for part in sentence.split(";"):
        before, _, after = part.partition("each with")
        outer += re.findall(r"`(\w+)`", before)
        inner += [re.findall(r"`(\w+)`", after)] if after else []
    return [outer, *inner]


@pytest.mark.slow
def test_the_members_of_json_answers_are_those_listed(
    described: dict[str, str], searched: Path, leanopt: Leanopt
) -> None:
    """Of every command that prints JSON, and of both forms of an export."""

    def answer(*arguments: str) -> dict[str, list[dict[str, object]]]:
        document: dict[str, list[dict[str, object]]] = json.loads(
            leanopt(searched, *arguments).stdout.splitlines()[0]
        )
        return document

    def listed(name: str, intro: str = "JSON members") -> list[set[str]]:
        return [set(names) for names in members(described[name], intro)]

    assert [set(answer("show", "--json"))] == listed("show") == listed("run") == listed("resume")
    runs = answer("runs", "--json")
    assert [set(runs), set(runs["runs"][0])] == listed("runs")
    assert [set(answer("plan", "pipeline.toml", "--json"))] == listed("plan")
    compare = answer("compare", ":1", ":2", "--json")
    assert [set(compare), set(compare["rows"][0])] == listed("compare")
    holdout = answer("holdout", "quickstart-1:3", "--json")
    assert [set(holdout), set(holdout["trials"][0])] == listed("holdout")
    check = answer("check", "pipeline.toml", "--json", "--set", "sead=1")
    assert [set(check), set(check["mistakes"][0])] == listed("check")
    plugins = answer("plugins", "--json")
    assert [set(plugins), set(plugins["plugins"][0])] == listed("plugins")[:2]
    assert [set(answer("export"))] == listed("export")
    canonical = answer("export", "--canonical")
    assert [set(canonical)] == listed("export", "JSON members of the canonical form")
