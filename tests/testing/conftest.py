"""Runs kits on broken things, in a pytest of their own, and says what passed."""

from __future__ import annotations

import subprocess
import sys
from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

#: By class (without its `Test`) and test, whether each of its runs passed.
Verdicts = dict[str, dict[str, list[bool]]]


@pytest.fixture(scope="session")
def verdicts_of(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Verdicts]:
    """Run tests of a file beside this one and return the verdicts."""

    def run(name: str, tests: Sequence[str]) -> Verdicts:
        folder = tmp_path_factory.mktemp("kit")
        ini, report = folder / "pytest.ini", folder / "report.xml"
        ini.write_text("[pytest]\nmarkers = slow\n")
        # Imported by name, as a plugin's code is, so that another process can import it too.
        options = ["-q", "--import-mode=prepend", "-p", "no:cacheprovider", "-m", "not slow"]
        options += ["-c", str(ini), f"--junitxml={report}", f"--basetemp={folder / 'base'}"]
        file = Path(__file__).with_name(name)
        command = [sys.executable, "-m", "pytest", *options, *(f"{file}::{one}" for one in tests)]
        done = subprocess.run(command, check=False, capture_output=True, text=True)
        assert done.returncode == 1, done.stdout  # tests were found and run, and some failed
        return _read(report)

    return run


def _read(report: Path) -> Verdicts:
    found: Verdicts = defaultdict(lambda: defaultdict(list))
    for case in ET.parse(report).iter("testcase"):  # noqa: S314 - written just now
        name = case.get("classname", "").rpartition("Test")[2]
        if case.find("skipped") is None:
            passed = case.find("failure") is None and case.find("error") is None
            found[name][case.get("name", "").partition("[")[0]].append(passed)
    return found
