"""The pieces of the warm LEAN harness that know nothing of LEAN, tested by xunit."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

FOLDER = Path(__file__).parent
HARNESS = FOLDER.parents[1] / "harness" / "csharp"

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(shutil.which("dotnet") is None, reason="there is no .NET SDK here"),
]


@pytest.fixture(scope="module")
def copied(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the project, copied: the compiler writes beside it."""
    root = tmp_path_factory.mktemp("csharp")
    shutil.copytree(FOLDER, root / "tests" / "csharp")
    shutil.copytree(HARNESS, root / "harness" / "csharp")
    return root / "tests" / "csharp"


def dotnet(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run the SDK's program in a folder, without its servers that stay."""
    command = ["dotnet", *words]
    return subprocess.run(
        command, check=False, cwd=folder, capture_output=True, text=True, timeout=300
    )


def test_its_own_tests_pass(copied: Path) -> None:
    """They say what they tested."""
    done = dotnet(copied, "test", "--nologo", "-p:UseSharedCompilation=false", "-nodeReuse:false")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Passed!" in done.stdout
