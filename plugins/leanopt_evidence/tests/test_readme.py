"""The README's example works, and its table has every function."""

from __future__ import annotations

import re
from pathlib import Path

import leanopt_evidence
import numpy as np
import pytest

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")


def test_the_example(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With returns in the file that it reads."""
    returns = np.random.default_rng(1).normal(0.0005, 0.01, size=(320, 6))
    np.savetxt(tmp_path / "returns.csv", returns, delimiter=",")
    monkeypatch.chdir(tmp_path)
    example = re.findall(r"```python\n(.*?)```", README, re.DOTALL)[0]
    names: dict[str, object] = {}
    exec(compile(example, "README.md", "exec"), names)  # noqa: S102
    assert names["best"].sharpe == pytest.approx(max(names["sharpes"]))
    assert names["returns"] == pytest.approx(returns)


def test_the_table_has_every_function() -> None:
    """By name."""
    listed = set(
        re.findall(r"`(\w+)`", "\n".join(re.findall(r"^\| (`.*?) \|", README, re.MULTILINE)))
    )
    functions = {name for name in leanopt_evidence.__all__ if name.islower()}
    assert listed == functions
