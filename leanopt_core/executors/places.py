"""Workers of several places: one executor for each place, and all of them as one for the pool."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack

from leanopt_core.errors import TransientError
from leanopt_core.executors.base import (
    Channel,
    Executor,
    ReproduceCommand,
    check_executor,
    unasked_memory,
)
from leanopt_core.shown import shown
from leanopt_core.work import Command, Completed, Launch


class ExecutorGroup:
    """Executors of several places as one; it has what the first has, and workers in all of them.

    Each place keeps its own runtime: leanopt prepares the strategy for each, and keys a backtest by
    the place of the worker that ran it.
    """

    def __init__(self, places: Mapping[str, Executor]) -> None:
        """Take the executors by the name of their place, at least one.

        Raises TypeError for anything else, ValueError for none.
        """
        if not isinstance(places, Mapping):
            raise TypeError(f"the places are {shown(places)}, expected executors by name")
        if not places:
            raise ValueError("there is no place, expected at least one")
        for name, executor in places.items():
            check_executor(executor, f"the place {shown(name)}")
        self._places = dict(places)
        self._first = next(iter(self._places.values()))

    def places(self) -> Mapping[str, Executor]:
        """Return the executors by the name of their place."""
        return self._places

    def runtime(self) -> Mapping[str, str]:
        """Return the first place's runtime."""
        return self._first.runtime()

    def run_command(self, command: Command) -> Completed:
        """Run one command to its end in the first place."""
        return self._first.run_command(command)

    def spawn(self, launch: Launch, worker: int, *, memory_limit: int | None = None) -> Channel:
        """Start a worker in the next place, or in another one if there is no room."""
        launches = [(executor, launch) for executor in self._places.values()]
        return _spawn(launches, worker, memory_limit)[1]

    def unasked_memory(self, launch: Launch) -> int | None:
        """Return the first place's default memory limit of a worker."""
        return unasked_memory(self._first, launch)

    def reproduce_command(self, launch: Launch) -> ReproduceCommand:
        """Return how a person starts a worker of the first place in a shell."""
        return self._first.reproduce_command(launch)

    def workers(self, wanted: int | None) -> int:
        """Return `wanted`, or what suits all places together."""
        return wanted or sum(executor.workers(None) for executor in self._places.values())

    def close(self) -> None:
        """Close all executors."""
        with ExitStack() as closing:
            for executor in self._places.values():
                closing.callback(executor.close)


class PlacedWorkers(ExecutorGroup):
    """A group whose workers are started with the launch that was prepared for their place."""

    def __init__(self, places: Mapping[str, tuple[Executor, Launch]], executor: Executor) -> None:
        """Take executor and launch of each place; `executor` is what the places belong to."""
        super().__init__({name: own for name, (own, _) in places.items()})
        self._whole = executor
        self._launches = list(places.values())
        self._started: dict[int, int] = {}

    def spawn(self, launch: Launch, worker: int, *, memory_limit: int | None = None) -> Channel:  # noqa: ARG002 - each place has its own
        """Start a worker in the next place, or in another one if there is no room."""
        self._started[worker], channel = _spawn(self._launches, worker, memory_limit)
        return channel

    def place_of(self, worker: int) -> int:
        """Return the place of a worker that was started, counted from 0."""
        return self._started[worker]

    def launch_of(self, worker: int) -> Launch:
        """Return the launch of a worker that was started."""
        return self._launches[self._started[worker]][1]

    def workers(self, wanted: int | None) -> int:
        """Return how many workers the executor wants to run."""
        return self._whole.workers(wanted)

    def close(self) -> None:
        """Close the executor, and its places with it."""
        self._whole.close()


def place_of(executor: object, worker: int) -> int:
    """Return the place of a worker that was started, counted from 0; 0 if there is only one."""
    return executor.place_of(worker) if isinstance(executor, PlacedWorkers) else 0


def _spawn(
    places: Sequence[tuple[Executor, Launch]], worker: int, memory_limit: int | None
) -> tuple[int, Channel]:
    """Start a worker in one of the places, in turn, and return which; raises the last's error."""
    last: TransientError | None = None
    for step in range(len(places)):
        index = (worker - 1 + step) % len(places)
        executor, launch = places[index]
        try:
            return index, executor.spawn(launch, worker, memory_limit=memory_limit)
        except TransientError as error:
            last = error
    raise last or TransientError("there is no place")
