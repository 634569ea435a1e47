"""Plugins are found through entry points, and what is wrong with one is said by distribution."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import leanopt_core
from leanopt_core.catalogue import COMMANDS, DISTRIBUTIONS, LIBRARIES, OWN
from leanopt_core.errors import PluginError
from leanopt_core.plugins import CORE, Kind, discover

#: How a plugin begins.
HEAD = "from leanopt_core.api import hookimpl\nLEANOPT_API_VERSION = 2\n@hookimpl\n"

GOOD = """
from leanopt_core.api import hookimpl
from leanopt_core.specs import {spec}

LEANOPT_API_VERSION = 2

@hookimpl
def {hook}():
    return [{spec}({name!r}, "{module}:make", help="a test's")]

def make(*arguments):
    return arguments
"""


def source(name: str, module: str, hook: str = "leanopt_stages", spec: str = "StageSpec") -> str:
    """Return a plugin that registers one thing."""
    return GOOD.format(name=name, module=module, hook=hook, spec=spec)


def messages(limit: str | None = None) -> list[str]:
    """Return the problems that discovery reports for the tests' own distributions."""
    environment = {} if limit is None else {"LEANOPT_PLUGINS": limit}
    return [str(p) for p in discover(environment).problems if "demo" in p.distribution]


def test_a_plugin_is_found_with_its_distribution_and_loads_on_use(install) -> None:
    """A stage registered by an installed distribution is there, and its factory loads."""
    install("demo-good", source("demo", "demo_good"), version="3.2")
    found = discover({}).find(Kind.STAGE, "demo")
    assert found is not None
    assert (found.distribution, found.version, found.spec.help) == ("demo-good", "3.2", "a test's")
    assert found.load()(1, 2) == (1, 2)


@pytest.mark.parametrize(
    ("kind", "hook", "spec"),
    [
        (Kind.STAGE, "leanopt_stages", "StageSpec"),
        (Kind.FITNESS, "leanopt_fitness", "FitnessSpec"),
        (Kind.EXECUTOR, "leanopt_executors", "ExecutorSpec"),
        (Kind.ENGINE, "leanopt_engines", "EngineSpec"),
        (Kind.SINK, "leanopt_sinks", "SinkSpec"),
    ],
)
def test_every_kind_has_its_hook(install, kind, hook, spec) -> None:
    """Each registration hook brings its kind."""
    install("demo-kind", source("demo", "demo_kind", hook, spec))
    assert discover({}).names(kind).count("demo") == 1


def test_built_ins_go_through_the_same_hooks() -> None:
    """The core's own engines, executors and sink are registered by the core's distribution."""
    registry = discover({"LEANOPT_PLUGINS": ""})
    found = {(kind, name): entry.distribution for (kind, name), entry in registry.entries.items()}
    assert found == {
        (Kind.ENGINE, "python"): "leanopt-core",
        (Kind.EXECUTOR, "docker"): "leanopt-core",
        (Kind.EXECUTOR, "process"): "leanopt-core",
        (Kind.SINK, "jsonl"): "leanopt-core",
    }


MUTABLE = f"""
from attrs import frozen

@frozen
class Options:
    names: list = ["a"]

{source("demo", "demo_x").replace('help="a test', 'Options, help="a test')}
"""

BROKEN = {
    "misspelt hook": (
        HEAD + "def leanopt_stagess():\n    return []\n",
        (
            "plugin demo-x: implements the unknown hook leanopt_stagess; "
            "did you mean 'leanopt_stages'?"
        ),
    ),
    "unmarked hook": (
        "LEANOPT_API_VERSION = 2\ndef leanopt_stages():\n    return []\n",
        ("plugin demo-x: defines leanopt_stages without @hookimpl, so it would be ignored"),
    ),
    "import error": (
        "import no_such_module_at_all\n",
        (
            "plugin demo-x: cannot be imported (demo_x): ModuleNotFoundError: "
            "No module named 'no_such_module_at_all'"
        ),
    ),
    "exits at import": (
        "raise SystemExit(3)\n",
        "plugin demo-x: cannot be imported (demo_x): SystemExit: 3",
    ),
    "syntax error": (
        "def (:\n",
        (
            "plugin demo-x: cannot be imported (demo_x): SyntaxError: "
            "invalid syntax (demo_x.py, line 1)"
        ),
    ),
    "an old import": (
        "from leanopt_core import hookimpl\n",
        (
            "plugin demo-x: cannot be imported (demo_x): ImportError: cannot import name "
            f"'hookimpl' from 'leanopt_core' ({leanopt_core.__file__}); "
            "plugins import from leanopt_core.api: see docs/how-to/move-a-plugin-to-2.md"
        ),
    ),
    "no API": (
        source("demo", "demo_x").replace("LEANOPT_API_VERSION = 2", ""),
        (
            "plugin demo-x: declares no version of the plugin contracts; this core has version 2: "
            "if the plugin fits it, write LEANOPT_API_VERSION = 2 "
            "(see docs/how-to/move-a-plugin-to-2.md)"
        ),
    ),
    "another API": (
        "LEANOPT_API_VERSION = 99\n",
        (
            "plugin demo-x: is made for version 99 of the plugin contracts, "
            "but this core has version 2; "
            "install another version of the plugin"
        ),
    ),
    "the first API": (
        "LEANOPT_API_VERSION = 1\n",
        (
            "plugin demo-x: is made for version 1 of the plugin contracts, "
            "but this core has version 2; "
            "a stage's tell takes a context, an executor's run_command takes a Command, a sink has "
            "start, trial, stage and finish, and the observer hooks are sinks now: see "
            "docs/how-to/move-a-plugin-to-2.md"
        ),
    ),
    "hook raises": (
        HEAD + "def leanopt_stages():\n    return 1 / 0\n",
        "plugin demo-x: leanopt_stages failed: ZeroDivisionError: division by zero",
    ),
    "wrong spec type": (
        HEAD + "def leanopt_stages():\n    return ['x']\n",
        "plugin demo-x: leanopt_stages returned 'x', expected StageSpec",
    ),
    "returns nothing": (
        HEAD + "def leanopt_stages():\n    pass\n",
        "plugin demo-x: leanopt_stages failed: TypeError: 'NoneType' object is not iterable",
    ),
    "bad name": (
        source("a name", "demo_x"),
        (
            "plugin demo-x: leanopt_stages registered the name 'a name', "
            "expected letters, digits, '_' and '-'"
        ),
    ),
    "bad factory": (
        source("demo", "demo_x").replace('"demo_x:make"', '"demo_x.make"'),
        (
            "plugin demo-x: leanopt_stages: 'demo' has the factory 'demo_x.make', "
            "expected 'package.module:callable'"
        ),
    ),
    "mutable default": (
        MUTABLE,
        (
            "plugin demo-x: leanopt_stages: the options of 'demo' have a mutable default, "
            "Options.names = ['a']; write field(factory=list) or a tuple"
        ),
    ),
    "options no attrs class": (
        source("demo", "demo_x").replace('help="a test\'s"', "options=dict"),
        (
            "plugin demo-x: leanopt_stages: the options of 'demo' are <class 'dict'>, "
            "expected an attrs class"
        ),
    ),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_plugin_is_named_and_the_rest_works(install, case) -> None:
    """Each fault is one message with the distribution; another plugin still loads."""
    text, expected = BROKEN[case]
    install("demo-fine", source("fine", "demo_fine"))
    install("demo-x", text)
    assert messages() == [expected]
    assert discover({}).find(Kind.STAGE, "fine") is not None


def test_a_wrong_signature_is_named(install) -> None:
    """A hook with an argument that its specification lacks is refused with both named."""
    text = source("demo", "demo_x").replace("leanopt_stages():", "leanopt_stages(space):")
    install("demo-x", text)
    [message] = messages()
    assert message.startswith("plugin demo-x: has a hook with a wrong signature: ")
    assert "leanopt_stages" in message
    assert "space" in message


def test_a_name_registered_twice_names_both_distributions(install) -> None:
    """Neither of two plugins that claim one name is used; the message names both."""
    install("demo-one", source("same", "demo_one"))
    install("demo-two", source("same", "demo_two"))
    assert messages() == [
        "plugin demo-two: stage 'same' is also registered by demo-one; neither is used"
    ]
    assert discover({}).find(Kind.STAGE, "same") is None


@pytest.mark.parametrize(
    ("what", "hook", "spec"),
    [
        ("command", "leanopt_commands", "CommandSpec"),
        ("section", "leanopt_show_sections", "SectionSpec"),
    ],
)
def test_another_name_registered_twice_names_both_distributions(install, what, hook, spec) -> None:
    """Commands and sections are no different."""
    for name in ("demo-one", "demo-two"):
        install(name, source("same", "demo", hook, spec))
    assert messages() == [
        f"plugin demo-two: {what} 'same' is also registered by demo-one; neither is used"
    ]
    found = discover({})
    assert "same" not in {*found.commands, *found.sections}


def test_commands_and_sections_are_apart(install) -> None:
    """A command and a section of one name both stay, with their distribution."""
    install("demo-one", source("same", "demo_one", "leanopt_commands", "CommandSpec"))
    install("demo-two", source("same", "demo_two", "leanopt_show_sections", "SectionSpec"))
    found = discover({})
    assert messages() == []
    assert found.commands["same"].distribution == "demo-one"
    assert found.sections["same"].label == "section 'same' (demo-two 1.0)"
    assert found.sections["same"].load()(1) == (1,)


def test_a_built_in_name_stays_the_cores(install) -> None:
    """A plugin cannot take a built-in's name."""
    install("demo-x", source("process", "demo_x", "leanopt_executors", "ExecutorSpec"))
    assert messages() == [
        (
            "plugin demo-x: executor 'process' is also registered by leanopt-core; "
            "the one built into leanopt-core is used"
        )
    ]
    found = discover({}).find(Kind.EXECUTOR, "process")
    assert found is not None
    assert found.distribution == "leanopt-core"


def test_leanopt_plugins_limits_what_loads(install) -> None:
    """Only the distributions that LEANOPT_PLUGINS names are loaded; an absent one is reported."""
    install("demo-one", source("one", "demo_one"))
    install("demo-two", source("two", "demo_two"))
    registry = discover({"LEANOPT_PLUGINS": "Demo_One, demo-tow"})
    assert registry.names(Kind.STAGE) == ["one"]
    assert [str(problem) for problem in registry.problems] == [
        (
            "plugin demo-tow: LEANOPT_PLUGINS names it, but no such plugin is installed; "
            "did you mean 'demo-two'?"
        )
    ]


def test_a_factory_that_cannot_be_loaded_names_the_distribution(install) -> None:
    """The error of a lazy import says whose it is and from where."""
    install("demo-x", source("demo", "demo_x.missing"))
    found = discover({}).find(Kind.STAGE, "demo")
    assert found is not None
    with pytest.raises(PluginError, match=r"^'demo' of demo-x 1\.0 cannot be loaded from"):
        found.load()


def test_listing_imports_nothing_heavy() -> None:
    """Discovery loads none of the libraries that do the work."""
    code = (
        "import sys; from leanopt_core.plugins import discover; discover({});"
        "print([m for m in ('numpy', 'scipy', 'optuna', 'docker', 'rich', 'pandas', 'tree_sitter')"
        " if m in sys.modules])"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout == "[]\n"


@pytest.mark.parametrize(
    ("kind", "name", "hint"),
    [
        (Kind.EXECUTOR, "proces", "did you mean 'process'?"),
        (Kind.ENGINE, "lean", "pip install leanopt-lean"),
        (Kind.FITNESS, "calmar", "none installed; pip install leanopt-calmar"),
        (
            Kind.FITNESS,
            "calmer",
            "none installed; did you mean 'calmar'? pip install leanopt-calmar",
        ),
        (Kind.SINK, "acme_lake", "choose from: jsonl, or install the distribution that has it"),
        (Kind.STAGE, "acme_hill", "none installed, or install the distribution that has it"),
    ],
)
def test_only_our_own_distributions_are_proposed(kind: Kind, name: str, hint: str) -> None:
    """A guessed name could be anybody's package."""
    assert discover({"LEANOPT_PLUGINS": ""}).install_hint(kind, name) == hint


@pytest.mark.parametrize("name", ["calmar", "calmer"])
def test_the_list_of_plugins_proposes_ours_too(tmp_path: Path, leanopt, name: str) -> None:
    """As a pipeline's errors do, whatever the kind."""
    ended = leanopt(tmp_path, "plugins", name, check=False, LEANOPT_PLUGINS="leanopt-random")
    assert ended.returncode == 2
    meant = "" if name == "calmar" else "did you mean 'calmar'? "
    told = f"no installed plugin is called '{name}'; none installed; {meant}"
    assert f"{told}pip install leanopt-calmar" in ended.stderr


def test_the_catalogue_is_what_our_plugins_register() -> None:
    """Kind, name and distribution of each; none is forgotten, and none is there no more."""
    root = Path(__file__).parents[2]
    files = (root / "plugins").glob("*/pyproject.toml")
    ours = {tomllib.loads(file.read_text())["project"]["name"] for file in files}
    libraries = LIBRARIES.difference(COMMANDS.values())
    found = discover({"LEANOPT_PLUGINS": ",".join(ours - libraries)})
    registered = {
        (str(kind), name, entry.distribution)
        for (kind, name), entry in found.entries.items()
        if entry.distribution != CORE
    }
    assert not found.problems
    assert {name: one.distribution for name, one in found.commands.items()} == COMMANDS
    assert registered == {
        (kind, name, distribution)
        for kind, names in DISTRIBUTIONS.items()
        for name, distribution in names.items()
    }


def test_a_new_plugin_takes_no_name_of_ours(tmp_path: Path, leanopt) -> None:
    """Also of a distribution that registers nothing."""
    root = Path(__file__).parents[2]
    files = [root / "pyproject.toml", *root.glob("plugins/*/pyproject.toml")]
    files.append(root / "harness" / "python" / "pyproject.toml")
    ours = {tomllib.loads(file.read_text())["project"]["name"] for file in files}
    assert ours == OWN
    ended = leanopt(tmp_path, "plugins", "new", "stage", "harness", check=False)
    assert ended.returncode == 2
    assert "leanopt-harness is a distribution of leanopt's own" in ended.stderr


@pytest.mark.parametrize(
    ("text", "kind", "name", "guilty"),
    [
        ("import no_such_module", Kind.STAGE, "demo", True),
        ("import no_such_module", Kind.STAGE, "randon", False),
        ("import no_such_module", Kind.FITNESS, "calmar", False),
        (source("other", "demo_x"), Kind.STAGE, "demo", False),
        (source("demo", "demo_x").replace(":make", ".make"), Kind.STAGE, "demo", True),
        (source("demo", "demo_x").replace(":make", ".make"), Kind.SINK, "demo", False),
    ],
)
def test_a_missing_name_is_traced_to_a_broken_plugin(
    install, text: str, kind: Kind, name: str, guilty: bool
) -> None:
    """Not if the name is rather misspelt, or belongs to another distribution."""
    install("demo-x", text)
    registry = discover({"LEANOPT_PLUGINS": "demo-x,leanopt-random"})
    assert [one.distribution for one in registry.culprits(kind, name)] == ["demo-x"] * guilty
