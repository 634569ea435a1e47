"""The reference of `pipeline.toml` says what the code does: keys, examples, messages."""

from __future__ import annotations

import re
import shlex
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import attrs
import pytest

from leanopt_core.errors import PipelineError
from leanopt_core.pipeline import Pipeline, load_pipeline
from leanopt_core.pipeline.convert import type_words
from leanopt_core.pipeline.structure import option_fields
from leanopt_core.pipeline.tables import TABLES, TopTable
from leanopt_core.pipeline.toml import toml_text
from leanopt_core.plugins import Kind, Registry, discover

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "pipeline.md"
TEXT = PAGE.read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```toml\n(.*?)^```$", TEXT, flags=re.MULTILINE | re.DOTALL)
WHOLE = BLOCKS[0]
ROW = re.compile(r"^\| `(\w+)` \| (.+?) \| (.+?) \| (.+?) \|$", re.MULTILINE)

#: The heading under which each class of keys stands, and the words before the table.
KEYS: Mapping[str, type] = {
    "The top": TopTable,
    **{
        f"`[[{name}]]`" if name in ("stage", "sink") else f"`[{name}]`": kind
        for name, kind in TABLES.items()
    },
}
#: The core's own, and the engine for LEAN.
BUILT_IN = (
    (Kind.ENGINE, "python", "With `engine = "),
    (Kind.ENGINE, "lean", "With `engine = "),
    (Kind.EXECUTOR, "process", "With `use = "),
    (Kind.EXECUTOR, "docker", "With `use = "),
    (Kind.SINK, "jsonl", "With `use = "),
)

Load = Callable[..., Pipeline]


@pytest.fixture(scope="module")
def installed() -> Registry:
    """Return what is installed."""
    return discover({})


@pytest.fixture
def load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, installed: Registry) -> Load:
    """Return what loads a text as `pipeline.toml`."""
    monkeypatch.chdir(tmp_path)

    def load(text: str, **flags: Any) -> Pipeline:
        Path("pipeline.toml").write_text(text, encoding="utf-8")
        given = {"FEED_URL": "http://localhost", "FEED_KEY": "secret"}
        return load_pipeline(Path("pipeline.toml"), installed, environment=given, **flags)

    return load


def rows(kind: type) -> list[tuple[str, str, str]]:
    """Return key, type and default of every key that the code knows."""
    return [
        (key, type_words(field.type), default(field.default))
        for key, field in option_fields(kind).items()
    ]


def default(value: Any) -> str:
    """Return a default as the page writes it."""
    if value is attrs.NOTHING:
        return "required"
    if isinstance(value, attrs.Factory):
        value = value.factory()
    match value:
        case None:
            return "none"
        case tuple():
            return toml_text(list(value))
        case Path():
            return toml_text(str(value))
        case float():
            return f"{value:g}"
    return toml_text(value)


def written(text: str) -> list[tuple[str, str, str]]:
    """Return key, type and default of the first table of keys in a text."""
    table = text[text.index("| --- |") :].partition("\n\n")[0]
    return [(key, words, found) for key, words, found, _ in ROW.findall(table)]


def section(heading: str) -> str:
    """Return what stands under a heading of the page."""
    return TEXT.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]


@pytest.mark.parametrize("heading", KEYS)
def test_the_page_has_every_key_with_type_and_default(heading) -> None:
    """In the code's order, and none that the code does not know."""
    assert written(section(heading)) == rows(KEYS[heading])


@pytest.mark.parametrize(("kind", "name", "words"), BUILT_IN)
def test_the_page_has_every_option_of_the_built_ins(installed, kind, name, words) -> None:
    """Those of plugins are theirs to describe."""
    entry = installed.find(kind, name)
    after = TEXT.partition(f'{words}"{name}"`:')[2]
    assert written(after) == rows(entry.spec.options)


def test_every_built_in_is_on_the_page() -> None:
    """A new one needs a table of its options."""
    core = discover({"LEANOPT_PLUGINS": "leanopt-lean"})
    assert set(core.entries) == {(kind, name) for kind, name, _ in BUILT_IN}


def test_the_page_has_no_table_of_keys_besides() -> None:
    """Every table is one of those that are checked."""
    assert TEXT.count("| --- | --- | --- | --- |") == len(KEYS) + len(BUILT_IN)


@pytest.mark.parametrize("block", BLOCKS)
def test_every_example_loads(load, block) -> None:
    """Whole, or beside the least that a pipeline needs."""
    assert load(completed(block)).name


def completed(block: str) -> str:
    """Return an example with what every pipeline must have, where it lacks it."""
    given = tomllib.loads(block)
    head = "" if "name" in given else 'name = "example"\n'
    least = {
        "strategy": '[strategy]\nentry = "strategy.py:run"\n',
        "parameters": "[parameters]\nx = { min = 1, max = 9 }\n",
        "fitness": '[fitness]\nuse = "calmar"\n',
        "stage": '[[stage]]\nuse = "random"\n',
    }
    return head + block + "".join(text for key, text in least.items() if key not in given)


def test_an_example_sets_every_key_that_needs_no_explaining(load) -> None:
    """The examples say what they seem to say."""
    pipeline = load(WHOLE)
    assert [stage.name for stage in pipeline.stages] == ["lhs", "random"]
    assert pipeline.engine.options.data == pipeline.folder / "data"
    limits = load(completed(next(block for block in BLOCKS if "1min30s" in block))).executor
    assert (limits.time_limit, limits.memory_limit) == (90, 512_000_000)


def test_every_command_with_overrides_works(load) -> None:
    """On the page's first example."""
    commands = re.findall(r"^\$ leanopt run pipeline\.toml (.+)$", TEXT, flags=re.MULTILINE)
    assert len(commands) == 4
    for command in commands:
        words = shlex.split(command)
        pairs = list(zip(words[::2], words[1::2], strict=True))
        sets = [value for flag, value in pairs if flag == "--set"]
        flags = {flag[2:]: value for flag, value in pairs if flag != "--set"}
        numbers = {key: int(flags.pop(key)) for key in ("seed", "workers") if key in flags}
        changed = load(WHOLE, sets=sets, **flags, **numbers)
        assert attrs.evolve(changed, folder=Path()) != attrs.evolve(load(WHOLE), folder=Path())


def test_the_broken_example_says_what_the_page_says(load) -> None:
    """Every mistake, and the code that commands end with."""
    broken, said = re.findall(
        r"^```(?:toml broken|text)\n(.*?)^```$", TEXT, flags=re.MULTILINE | re.DOTALL
    )
    with pytest.raises(PipelineError) as caught:
        load(broken)
    assert str(caught.value) == said.rstrip("\n")
    assert f"exit code {PipelineError.exit_code}" in section("Errors")


def test_the_broken_override_says_what_the_page_says(load) -> None:
    """Under what was typed."""
    [(typed, said)] = re.findall(r"^\$ leanopt check \S+ --set (\S+)\n(.+)$", TEXT, re.MULTILINE)
    with pytest.raises(PipelineError) as caught:
        load(WHOLE, sets=[typed])
    assert str(caught.value) == said


def test_the_order_of_who_wins(load) -> None:
    """Flags, the later --set, the earlier one, the file, the default."""
    assert load(WHOLE).seed == 7
    assert load(WHOLE.replace("seed = 7\n", "")).seed == 0
    assert load(WHOLE, sets=["seed=1", "seed=2"]).seed == 2
    assert load(WHOLE, sets=["seed=1"], seed=3).seed == 3
