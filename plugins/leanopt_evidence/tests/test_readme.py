"""The README's example works, and its table has every function."""

from __future__ import annotations

import re
from pathlib import Path

import leanopt_evidence
import numpy as np
import pytest

from tests.stores_of_returns import of_matrix, store_run

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")


def test_the_examples(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a run, and with returns in the file that it reads."""
    returns = np.random.default_rng(1).normal(0.0005, 0.01, size=(320, 6))
    np.savetxt(tmp_path / "returns.csv", returns, delimiter=",")
    store_run(tmp_path / "examples" / "quickstart", [of_matrix(returns)])
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    # The third needs a run with a space; its own tests have one.
    for example in re.findall(r"```python\n(.*?)```", README, re.DOTALL)[:2]:
        exec(compile(example, "README.md", "exec"), names)  # noqa: S102
    assert names["found"].counted.raw == 6
    assert names["best"].sharpe == pytest.approx(max(names["sharpes"]))
    assert names["returns"] == pytest.approx(returns)


def test_the_table_has_every_function() -> None:
    """By name."""
    listed = set(
        re.findall(r"`(\w+)`", "\n".join(re.findall(r"^\| (`.*?) \|", README, re.MULTILINE)))
    )
    functions = {name for name in leanopt_evidence.__all__ if name.islower()}
    assert listed == functions
