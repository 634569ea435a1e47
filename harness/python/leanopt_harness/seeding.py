"""Seeds the global random generators, so that a backtest draws the same on every worker.

The seed is a hash of parameters and scenario: neither the order of the backtests nor the worker
decides what a backtest draws.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from hashlib import sha256
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from importlib.abc import Loader

# Where the data is and how a scenario is called decides no result.
_LABELS = frozenset({"name", "data"})
_canonical = json.JSONEncoder(sort_keys=True, separators=(",", ":"), allow_nan=False).encode


def seed_of(parameters: Mapping[str, Any], scenario: Mapping[str, Any]) -> int:
    """Return the seed of a backtest: 64 bits, from the members of its request.

    It is the beginning of the SHA-256 of the canonical JSON of both, without the scenario's `name`,
    its `data` and what is null: the same in every version, on every machine.
    """
    given = {k: v for k, v in scenario.items() if k not in _LABELS and v is not None}
    text = _canonical({"parameters": parameters, "scenario": given})
    return int.from_bytes(sha256(text.encode()).digest()[:8], "big")


class Seeding:
    """Seeds the global generators of `random`, NumPy and torch, those that are loaded.

    A module that the strategy loads later is seeded once it is loaded, also during a backtest.
    """

    def __init__(self) -> None:
        self._seed: int | Callable[[], int] = 0
        self._seeders: dict[str, Callable[[int], object]] = {}

    def install(self) -> None:
        """Seed what is loaded, and from now on what is being loaded, with a seed of its own."""
        for name in _GENERATORS:
            if (module := sys.modules.get(name)) is not None:
                self._add(name, module)
        sys.meta_path.insert(0, self)

    def begin(self, parameters: Mapping[str, Any], scenario: Mapping[str, Any]) -> None:
        """Seed every loaded generator for a backtest."""
        # A strategy without generators does not pay for a seed.
        self._seed = lambda: seed_of(parameters, scenario)
        if self._seeders:
            seed = self._seed = self._seed()
            for seeder in self._seeders.values():
                seeder(seed)

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return the spec that other finders have for a module with a generator, else None."""
        if fullname not in _GENERATORS:
            return None
        for finder in sys.meta_path:
            find = getattr(finder, "find_spec", None)
            if finder is self or find is None:
                continue
            spec: ModuleSpec | None = find(fullname, path, target)
            if spec is not None:
                if spec.loader is not None:
                    self._seed_after(fullname, spec.loader)
                return spec
        return None

    def _seed_after(self, name: str, loader: Loader) -> None:
        """Make the loader, which serves this module only, seed it when it is complete."""
        execute = loader.exec_module

        def execute_and_seed(module: ModuleType) -> None:
            execute(module)
            self._add(name, module)

        loader.exec_module = execute_and_seed  # type: ignore[method-assign]

    def _add(self, name: str, module: ModuleType) -> None:
        seeder = self._seeders[name] = _GENERATORS[name](module)
        if not isinstance(self._seed, int):
            self._seed = self._seed()
        seeder(self._seed)


def _random(module: Any) -> Callable[[int], object]:
    seeder: Callable[[int], object] = module.seed
    return seeder


def _numpy(module: Any) -> Callable[[int], object]:
    seed = module.seed
    first = module.get_bit_generator() if hasattr(module, "get_bit_generator") else None

    def seeder(number: int) -> None:
        # Only the first of its kind takes a seed; a strategy can put another in its place.
        if first is not None and module.get_bit_generator() is not first:
            module.set_bit_generator(first)
        seed(number % 2**32)

    return seeder


def _torch(module: Any) -> Callable[[int], object]:
    manual_seed = module.manual_seed
    return lambda number: manual_seed(number % 2**63)


# By the module that holds the generator: NumPy loads its own when it is first used.
_GENERATORS: Mapping[str, Callable[[Any], Callable[[int], object]]] = {
    "random": _random,
    "numpy.random.mtrand": _numpy,
    "torch": _torch,
}
