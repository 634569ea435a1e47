"""A run that is made again from its manifest, elsewhere."""

from __future__ import annotations

import json
from pathlib import Path

import pytest


@pytest.mark.long
def test_a_manifest_made_on_processes_runs_in_containers(
    hill, leanopt, canonical, tmp_path: Path
) -> None:
    """With the same dump; the place is listed, and `--strict` refuses it."""
    inside: Path = hill()
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "strategy.py").write_text((inside / "strategy.py").read_text())
    lines = (inside / "pipeline.toml").read_text().splitlines(keepends=True)
    of_containers = ('use = "docker"', "image =", "environment =")
    text = "".join(line for line in lines if not line.startswith(of_containers))
    (outside / "pipeline.toml").write_text(text)
    few = ("--set", "stage.0.trials=12")
    leanopt(outside, "run", "pipeline.toml", *few)
    (inside / "manifest.json").write_text(leanopt(outside, "show", "--manifest").stdout)
    refused = leanopt(inside, "run", "--manifest", "manifest.json", "--strict", check=False)
    assert refused.returncode == 8
    assert "place.executor: 'process', now 'docker'" in refused.stderr
    done = leanopt(inside, "run", "--manifest", "manifest.json")
    assert "place.runtime.image: absent, now 'sha256:" in done.stderr
    assert "to the last bit" in done.stderr
    assert canonical(inside) == canonical(outside)
    place = json.loads(leanopt(inside, "show", "--manifest").stdout)["place"]
    assert place["runtime"]["image"].startswith("sha256:")
