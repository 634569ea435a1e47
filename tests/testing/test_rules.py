"""A kit that fails says which rule was broken, in the words of the guide."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from leanopt_core import testing
from leanopt_core.testing import limits

DOCS = Path(__file__).parents[2] / "docs"
PAGES = (DOCS / "how-to" / "write-a-plugin.md", DOCS / "reference" / "contracts.md")
KITS = Path(testing.__file__).parent
#: The modules with the rules of a kind of plugin, and those whose tests are about them.
RULES = {
    "fitness_rules": ("fitness", "judging"),
    "stage_rules": ("stage", "searching"),
    "sink_rules": ("sink", "telling"),
    "executor_rules": ("executor", "channel", "lines", "refusals"),
}


def rules(module: str) -> dict[str, str]:
    """Return the rules in a module by name."""
    found = vars(__import__(f"{testing.__name__}.{module}", fromlist=[module]))
    return {name: one for name, one in found.items() if name.isupper()}


def words(text: str) -> str:
    """Return a text on one line."""
    return " ".join(text.split())


def asserts(module: str) -> dict[int, ast.Assert]:
    """Return the assertions in a module by line."""
    tree = ast.parse((KITS / f"{module}.py").read_text(encoding="utf-8"))
    return {node.lineno: node for node in ast.walk(tree) if isinstance(node, ast.Assert)}


@pytest.mark.parametrize("module", RULES)
def test_rules_are_in_the_guide(module: str) -> None:
    """Word for word, so that their reader finds them there."""
    pages = " ".join(words(page.read_text(encoding="utf-8")) for page in PAGES)
    told = {**rules(module), "calls": limits.RETURNS}
    assert [name for name, rule in told.items() if rule not in pages] == []


@pytest.mark.parametrize("module", [one for kits in RULES.values() for one in kits if asserts(one)])
def test_every_assertion_names_a_rule(module: str) -> None:
    """Or a text that does; nothing fails with the bare values."""
    found = asserts(module)
    source = (KITS / f"{module}.py").read_text(encoding="utf-8")
    texts = {line: ast.unparse(node.msg) if node.msg else "" for line, node in found.items()}
    # A message that several assertions share has a name of its own.
    named = dict(re.findall(r"^ +(\w+) = (f\".*)$", source, re.MULTILINE))
    silent = [
        line for line, text in texts.items() if not re.search(r"\brules?\b", named.get(text, text))
    ]
    assert silent == []


@pytest.mark.parametrize("module", RULES)
def test_every_rule_is_checked(module: str) -> None:
    """One that no test names would be there for nothing."""
    sources = [(KITS / f"{one}.py").read_text(encoding="utf-8") for one in RULES[module]]
    named = set(re.findall(r"\brules\.(\w+)", "".join(sources)))
    assert named == set(rules(module))
