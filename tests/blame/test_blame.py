"""Broken plugins: what the run says, whom it names, its exit code, and that what was told is kept.

Each table has the rows of some kinds of plugin. A row is one broken plugin, and a short run of a
pipeline that uses it, in this process.
"""

from __future__ import annotations

import json

import pytest

from tests.blame import rows_engines, rows_executors, rows_scores, rows_stages
from tests.blame.broken import Broken, Row

TABLES = (rows_stages, rows_scores, rows_engines, rows_executors)
ROWS: dict[str, Row] = {name: row for table in TABLES for name, row in table.ROWS.items()}
#: Another row shows the same, with another value or in another method.
ALIKE = """contracts of no version
contracts of the first version
options that are no attrs class
hook without its mark
stage's factory takes no arguments, in check
fitness function returns a number
needs that are a number
fitness function is async
sink without finish
sink changes a trial's values
should_stop raises
check raises
check returns a text
engine is None
read raises later
executor is None
runtime of objects
places as a list
its check raises
channel's kill raises
stage's factory cannot be imported
stage's factory takes no arguments
ask exits
proposal of floats
proposal with an origin in bytes
explanation with NaN
explanation with an object
explanation that is too long
tell exits
changes a trial's statistics
changes a trial's scenarios
changes the history's values
direction raises
target is a text
fitness function exits
fitness is infinite
fitness is a text
fitness function changes the list of backtests
fitness function exits with several lines
values as a list
reasons as a number
sink's trial is async
sink's start raises
sink's stage raises
should_stop returns a number
should_stop returns 0
should_stop changes a trial's values
build without identity
build with a source in bytes
request that is a dict
request of several lines
read exits
outcome of both
equity of texts
read types that are None
read types in a list
read parameters that are numbers
closed trades as a text
data files as a text
needed equity of NaN
needed trades with a text
an object in statistics
read parameters as a list
equity of two lengths
needed equity out of order
closed trades that are NaN
failure of an unknown category
build with a command as text
should_stop returns text that UTF-8 cannot encode
named value that is NaN
fitness function raises a long text
trades as a number
workers as a text
spawn returns nothing
channel's read returns bytes
channel's write returns nothing
channel's release raises
executor answers with an older answer
ask returns a point
explanation that is a list
proposal off the grid
tell takes no context
tell is async
refused raises
stage is None
target is NaN
fitness function is None
violation below 0
fitness function changes statistics
value named fitness
fitness function of three arguments
fitness function is a generator
sink is None
sink whose start takes too little
sink's finish raises
data is a text
build without launch
request that is no JSON
read returns nothing
empty outcome
a value without words
equity with an endless number
needed trades in lists
statistics as a dict
no descriptors
channel's write raises
close raises""".splitlines()


@pytest.mark.alike(1)
@pytest.mark.parametrize("kind", ["stage", "fitness", "sink", "engine", "executor"])
def test_the_sound_plugin_works(broken: Broken, kind: str) -> None:
    """Each broken one differs from it in one thing."""
    broken(kind, "")
    completed = broken.run()
    assert completed.returncode == 0, completed.stderr
    assert "warning" not in completed.stderr
    assert broken.told() == 8
    assert broken.run(command="check").stderr == ""


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.long if name in ALIKE else ()) for name in ROWS]
)
def test_the_guilty_one_is_named_and_what_was_told_is_kept(broken: Broken, name: str) -> None:
    """Never a traceback, and never a bug of leanopt."""
    row = ROWS[name]
    project = broken(row.kind, row.source, whole=row.whole, uses=row.uses)
    trials = ("--set", f"stage.0.trials={row.trials}")
    completed = broken.run(*trials, command=row.command)
    assert row.named(row.says) in completed.stderr
    assert completed.returncode == row.code, completed.stderr
    assert broken.told() == (row.told or 0)
    if row.told:
        shown = broken.leanopt(project, "show", "--json", "blame-1", str(row.told)).stdout
        trial = json.loads(shown)
        assert trial["state"] in ("completed", "failed")
        assert row.named(row.trial) in (trial["backtests"][0]["message"] or "")


def test_a_validator_that_raises_is_blamed_for_the_value_it_was_given(broken: Broken) -> None:
    """Whoever wrote the pipeline can do nothing about it."""
    row = ROWS["validator that raises something else"]
    broken(row.kind, row.source)
    completed = broken.run("--set", "stage.0.gain=5")
    assert "stage[0].gain: found 5, cannot be checked (stage 'broken' (acme" in (
        " ".join(completed.stderr.replace("--set stage.0.gain=5: ", "").split())
    )
    assert completed.returncode == 4


def test_the_table_is_long() -> None:
    """No name stands twice, and those that are left to `make test-all` are rows."""
    assert set(ALIKE) < set(ROWS)
    assert len(ROWS) == sum(len(table.ROWS) for table in TABLES) >= 90
