"""The plugins' READMEs: snippets are parts of pipelines that load, every option is listed."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from leanopt_core.catalogue import COMMANDS, LIBRARIES
from leanopt_core.pipeline import load_pipeline
from leanopt_core.plugins import discover
from leanopt_core.report.option_list import describe

READMES = sorted(
    path
    for path in (Path(__file__).parents[2] / "plugins").glob("*/README.md")
    if path.parent.name.replace("_", "-") not in {*LIBRARIES, *COMMANDS.values()}
)
OTHERS = {
    "[strategy]": "name = 'readme'\n\n[strategy]\nentry = 'strategy.py:run'\n",
    "[parameters]": "[parameters]\nx = { min = 1, max = 40, step = 1 }\n",
    "[fitness]": "[fitness]\nuse = 'statistic'\nstatistic = 'Sharpe Ratio'\n",
    "[[stage]]": "[[stage]]\nuse = 'random'\n",
}


@pytest.fixture(params=READMES, ids=lambda path: path.parent.name)
def readme(request: pytest.FixtureRequest) -> Path:
    """Return one plugin's README."""
    return request.param


def test_snippets_load(readme: Path, tmp_path: Path) -> None:
    """Each TOML snippet makes a pipeline, with what it does not show taken from elsewhere."""
    snippets = re.findall(r"```toml[^\n]*\n(.*?)```", readme.read_text(), re.DOTALL)
    assert snippets
    for snippet in snippets:
        others = (text for table, text in OTHERS.items() if table not in snippet)
        parts = [*others, snippet] if "[strategy]" not in snippet else [snippet, *others]
        file = tmp_path / "pipeline.toml"
        file.write_text("\n".join(parts))
        assert load_pipeline(file, discover({}), environment={}).stages


def test_tables_list_every_option_with_its_default(readme: Path) -> None:
    """The option table has the names and the defaults of the plugin's options class."""
    (ours,) = (
        entry
        for entry in discover({}).entries.values()
        if entry.distribution == readme.parent.name.replace("_", "-")
    )
    words = {"none": "none", "required": "needed"}
    listed = dict(re.findall(r"^\| `(\w+)` \| ([^|]+) \|", readme.read_text(), re.MULTILINE))
    options = {option.name: option.default for option in describe(ours.spec.options)}
    assert {name: default.strip('`"') for name, default in listed.items()} == {
        name: words.get(default, default) for name, default in options.items()
    }
