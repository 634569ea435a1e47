"""LEAN's `config.json` for a backtest: one template per build, parameters as strings."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from attrs import frozen

from leanopt_core.api import REQUEST, canonical_json

#: The `algorithm-id`; LEAN names its result document after it.
IDENT: Final = "backtest"
#: Where LEAN writes, in the request's folder.
RESULTS: Final = "results/"

_DATA: Final = "{data}"
_RESULTS: Final = f"{REQUEST}/results"
_STORAGE: Final = f"{REQUEST}/storage"
_FIXED: Final = {
    "environment": "backtesting",
    "algorithm-id": IDENT,
    "close-automatically": True,
    "log-handler": "QuantConnect.Logging.CompositeLogHandler",
    "map-file-provider": "QuantConnect.Data.Auxiliary.LocalDiskMapFileProvider",
    "factor-file-provider": "QuantConnect.Data.Auxiliary.LocalDiskFactorFileProvider",
    "data-feed-workers-count": 1,
}
_SET: Final = (
    *("algorithm-type-name", "algorithm-language", "algorithm-location", "composer-dll-directory"),
    *("data-folder", "results-destination-folder", "object-store-root", "parameters"),
    "python-venv",
)
#: The keys that `[strategy.config]` may not set.
OWN_KEYS: Final = frozenset(_SET) | (frozenset(_FIXED) - {"data-feed-workers-count", "log-handler"})


@frozen
class Template:
    """What all configurations of a build share.

    `paths` are the keys of files and folders that LEAN reads, `folders` those that it writes;
    `shared` are all other keys, as JSON without its braces.
    """

    paths: Mapping[str, str]
    folders: Mapping[str, str]
    shared: str

    def filled(self, parameters: Mapping[str, str], *, folders: bool = True) -> str:
        """Return a configuration as JSON on one line; `parameters` are strings, as LEAN's are.

        Without `folders`, leave out the folders that LEAN writes to.
        """
        # Only the first occurrence of a placeholder is filled in: paths come first, so that a
        # user's text that looks like one stays unchanged.
        paths = json.dumps({**self.paths, **(self.folders if folders else {})})
        given = json.dumps(dict(sorted(parameters.items())))
        return f'{paths[:-1]},{self.shared},"parameters":{given}}}'

    def placeholders(self, *, folders: bool = True) -> tuple[str, ...]:
        """Return the placeholders of such a configuration."""
        return (*self.paths.values(), *(self.folders.values() if folders else ()))


def template(
    algorithm: str,
    language: str,
    location: str,
    *,
    launcher: str,
    python_venv: str | None = None,
    more: Mapping[str, Any] | None = None,
) -> Template:
    """Return the template for the class `algorithm`; `location` is its file, as `{build}/main.py`.

    `launcher` is LEAN's folder where workers run, `more` are further keys.
    """
    chosen = {
        "algorithm-type-name": algorithm,
        "algorithm-language": language,
        "composer-dll-directory": launcher,
        "python-venv": python_venv or "",
    }
    return Template(
        {"algorithm-location": location, "data-folder": _DATA},
        {"results-destination-folder": _RESULTS, "object-store-root": _STORAGE},
        canonical_json({**_FIXED, **(more or {}), **chosen})[1:-1],
    )
