"""Sections that plugins add to `leanopt show`: printed, as JSON, and at fault."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from leanopt_core.section import SectionRow, SectionTable, ShowSection
from leanopt_core.store.runs import NewSearch, NewStage
from leanopt_core.store.store import open_store
from leanopt_core.work import Scenario

PLUGIN = """
from leanopt_core.api import SectionRow, SectionSpec, SectionTable, ShowSection, hookimpl

LEANOPT_API_VERSION = 2


@hookimpl
def leanopt_show_sections():
    return [SectionSpec("luck", "{module}:make", "How lucky it is")]


def make(store, run, search):
    print("from the plugin")
    {body}
"""
GOOD = """
    names = [one.name for one in store.runs()]
    return ShowSection(
        "Is it luck?",
        ("Nobody knows.",),
        (
            SectionRow("runs", ", ".join(names), f"search {search}"),
            SectionRow("luck", None, "none"),
        ),
        (SectionTable("Searches", ("search", "luck"), (("one", 0.25), ("two", None))),),
        {"luck": None, "runs": names},
    )
"""

Install = Callable[..., Path]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A folder whose store has a run of two searches."""
    stage = NewStage("lhs", "lhs", "leanopt-lhs", "0.1.0", 100)
    with open_store(tmp_path / ".leanopt" / "leanopt.db") as store:
        store.runs.start(
            "trend",
            strategy="trend",
            plan_hash="p",
            plan={"seed": 1},
            execution={},
            searches=[
                NewSearch(number, f"S{number}", 1, "max", [Scenario("default")], [stage])
                for number in (1, 2)
            ],
        )
    return tmp_path


def install_body(install: Install, body: str, name: str = "demo-luck") -> None:
    """Install a plugin whose factory has this body."""
    text = PLUGIN.replace("{module}", name.replace("-", "_")).replace("{body}", body.strip())
    install(name, text)


@pytest.fixture
def only(monkeypatch: pytest.MonkeyPatch) -> None:
    """Load the tests' own plugin only."""
    monkeypatch.setenv("LEANOPT_PLUGINS", "demo-luck")


@pytest.mark.usefixtures("only")
def test_a_section_is_printed(project: Path, install: Install, leanopt) -> None:
    """Its sentences, rows with reasons and tables, of all searches or of one."""
    install_body(install, GOOD)
    printed = leanopt(project, "show", "--evidence").stdout
    assert printed.splitlines() == [
        *("from the plugin", "run trend-1", "", "Is it luck?", "Nobody knows.", ""),
        "runs  trend-1  search None",
        "luck        -  none",
        *("", "Searches", "search  luck", "one     0.25", "two        -"),
    ]
    assert "search 2" in leanopt(project, "show", "trend-1", "--evidence", "--search", "S2").stdout


@pytest.mark.usefixtures("only")
def test_as_json(project: Path, install: Install, leanopt) -> None:
    """Only the document goes to standard output, not what the plugin prints."""
    install_body(install, GOOD)
    done = leanopt(project, "show", "--evidence", "--search", "2", "--json")
    assert json.loads(done.stdout) == {
        "run": "trend-1",
        "search": 2,
        "evidence": {"luck": {"luck": None, "runs": ["trend-1"]}},
    }
    assert "from the plugin" in done.stderr


@pytest.mark.usefixtures("only")
@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("return ShowSection('x', (), (), (SectionTable('t', ('a',), ((),)),), {})", "not 1 cells"),
        ("return 1 / 0", "it raised ZeroDivisionError"),
        ("return 'luck'", "it returned 'luck', expected a ShowSection"),
        ("return ShowSection('x', (), (SectionRow('y', None),), (), {})", "needs its reason"),
        ("return ShowSection('x', (), (), (), {'y': float('nan')})", "as JSON"),
        (
            "return ShowSection('x', (), (), (SectionTable('t', ('a',), ((1, 2),)),), {})",
            "not 1 cells",
        ),
    ],
)
def test_a_fault_names_the_plugin(
    project: Path, install: Install, leanopt, body: str, said: str
) -> None:
    """For each thing that it can do wrong, with exit code 4."""
    install_body(install, body)
    done = leanopt(project, "show", "--evidence", check=False)
    assert done.returncode == 4
    assert "section 'luck' (demo-luck 1.0)" in done.stderr
    assert said in done.stderr


@pytest.mark.usefixtures("only")
def test_what_the_user_can_fix_stays_as_it_is(project: Path, install: Install, leanopt) -> None:
    """An error of the contracts keeps its exit code."""
    raised = "from leanopt_core.api import UsageError; raise UsageError('give a search')"
    install_body(install, raised)
    done = leanopt(project, "show", "--evidence", check=False)
    assert (done.returncode, done.stderr.splitlines()[-1]) == (2, "leanopt: give a search")


def test_without_a_plugin_it_says_what_to_install(project: Path, leanopt) -> None:
    """Exit code 2."""
    done = leanopt(project, "show", "--evidence", check=False, LEANOPT_PLUGINS="")
    assert done.returncode == 2
    assert "pip install leanopt-evidence" in done.stderr


def test_a_broken_plugin_of_ours_is_the_reason(project: Path, install: Install, leanopt) -> None:
    """Not a request to install what is there."""
    install("leanopt-evidence", "", version="9", entry="no_such_module_at_all")
    done = leanopt(project, "show", "--evidence", check=False, LEANOPT_PLUGINS="leanopt-evidence")
    assert done.returncode == 4
    assert "no_such_module_at_all" in done.stderr


@pytest.mark.usefixtures("only")
def test_it_is_one_view_of_several(project: Path, install: Install, leanopt) -> None:
    """And of a run, not of a trial."""
    install_body(install, GOOD)
    for words in (["--evidence", "--failed"], ["--evidence", "--where", "orders > 1"]):
        assert leanopt(project, "show", *words, check=False).returncode == 2
    assert (
        "--evidence is of a run"
        in leanopt(project, "show", "trend-1", "3", "--evidence", check=False).stderr
    )


def test_values_of_sections_check_themselves() -> None:
    """No unknown without a reason."""
    with pytest.raises(ValueError, match="needs its reason"):
        SectionRow("PBO", None)
    with pytest.raises(ValueError, match="not 2 cells"):
        SectionTable("t", ("a", "b"), ((1,),))
    assert ShowSection("t", (), (), (), {}).title == "t"
