"""A kit that fails says which rule was broken, in the words of the guide."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
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
    "engine_rules": ("engine", "preparing"),
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


def messages(module: str) -> dict[int, str]:
    """Return the message of each assertion in a module by line, with what its names stand for."""
    tree = ast.parse((KITS / f"{module}.py").read_text(encoding="utf-8"))
    nodes = list(ast.walk(tree))
    named: dict[str, list[tuple[int, str]]] = defaultdict(list)
    for node in nodes:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            named[node.targets[0].id].append((node.lineno, ast.unparse(node.value)))
    found = {}
    for node in (node for node in nodes if isinstance(node, ast.Assert)):
        parts = [node.msg] if node.msg else []
        names = {one.id for part in parts for one in ast.walk(part) if isinstance(one, ast.Name)}
        last = [
            max(one for one in named[name] if one[0] < node.lineno)
            for name in names
            if any(line < node.lineno for line, _ in named[name])
        ]
        found[node.lineno] = " ".join([*map(ast.unparse, parts), *(text for _, text in last)])
    return found


@pytest.mark.parametrize("module", RULES)
def test_rules_are_in_the_guide(module: str) -> None:
    """Word for word, so that their reader finds them there."""
    pages = " ".join(words(page.read_text(encoding="utf-8")) for page in PAGES)
    told = {**rules(module), "calls": limits.RETURNS}
    assert [name for name, rule in told.items() if rule not in pages] == []


@pytest.mark.parametrize("module", [one for kits in RULES.values() for one in kits])
def test_every_assertion_names_a_rule(module: str) -> None:
    """Or a text that does; nothing fails with the bare values."""
    found = messages(module)
    assert [line for line, text in found.items() if not re.search(r"\brules?\b", text)] == []


@pytest.mark.parametrize("module", RULES)
def test_every_rule_is_checked(module: str) -> None:
    """One that no test names would be there for nothing."""
    sources = [(KITS / f"{one}.py").read_text(encoding="utf-8") for one in RULES[module]]
    named = set(re.findall(r"\brules\.(\w+)", "".join(sources)))
    assert named == set(rules(module))
