"""The part of LEAN's configuration that the harness needs: the path of the result."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from leanopt_harness.faults import ENGINE_ERROR, Failure

# LEAN's configuration has comments; a string may contain what looks like one.
_TEXT_OR_COMMENT = re.compile(r'("(?:\\.|[^"\\])*")|//[^\n]*|/\*.*?\*/', re.DOTALL)


@dataclass(frozen=True)
class Configuration:
    """One backtest: the `file` for the Launcher, the `results` folder, the `name` of the result.

    `store` is the folder of LEAN's object store, None if the configuration does not set it.
    """

    file: Path
    results: Path
    name: str
    store: Path | None = None

    @property
    def document(self) -> Path:
        """Return the file that LEAN writes the result to."""
        return self.results / f"{self.name}.json"


def read(given: object) -> Configuration:
    """Return the configuration in the file at `given`.

    Raises Failure ("engine error") naming the file, or the key in it.
    """
    if not isinstance(given, str):
        raise Failure(ENGINE_ERROR, '"config_path" is not a string')
    path = Path(given).absolute()
    try:
        text = path.read_text(encoding="utf-8-sig")
        content = json.loads(_TEXT_OR_COMMENT.sub(lambda match: match[1] or "", text))
    except OSError as error:
        raise Failure(ENGINE_ERROR, f"{path}: {error.strerror}") from None
    except (ValueError, RecursionError) as error:
        raise Failure(ENGINE_ERROR, f"{path} is not JSON: {error}") from None
    return Configuration(path, *_result_path(content, str(path)), _store(content))


def write(given: object) -> Configuration:
    """Write the configuration `given` to a file in its results folder, and return it.

    The file is `NAME-config.json`, beside LEAN's own files for the backtest, which begin with NAME
    too. Raises Failure ("engine error") naming the key, and OSError, ValueError and RecursionError
    from writing the file.
    """
    results, name = _result_path(given, "the config")
    results.mkdir(parents=True, exist_ok=True)
    file = results / f"{name}-config.json"
    file.write_text(json.dumps(given, indent=2, allow_nan=False), encoding="utf-8")
    return Configuration(file, results, name, _store(given))


def _result_path(content: object, where: str) -> tuple[Path, str]:
    """Return the results folder and the result's name, by default the name of the class.

    The folder must be absolute: LEAN's current folder is deleted after the backtest.
    """
    if not isinstance(content, dict):
        raise Failure(ENGINE_ERROR, f"{where} is not a JSON object")
    results = Path(_text(content, "results-destination-folder", where))
    if not results.is_absolute():
        raise Failure(
            ENGINE_ERROR,
            f'{where}: "results-destination-folder" is {str(results)!r}: expected an absolute path',
        )
    key = "algorithm-id" if content.get("algorithm-id") else "algorithm-type-name"
    name = _text(content, key, where)
    if name in (".", "..") or "/" in name or "\0" in name:
        raise Failure(ENGINE_ERROR, f'{where}: "{key}" is {name!r}: expected the name of a file')
    return results, name


def _store(content: Any) -> Path | None:
    named = content.get("object-store-root")
    return Path(named) if isinstance(named, str) and named else None


def _text(content: dict[str, Any], key: str, where: str) -> str:
    found = content.get(key)
    if not isinstance(found, str) or not found:
        raise Failure(ENGINE_ERROR, f'{where} has no "{key}" that is a string')
    return found
