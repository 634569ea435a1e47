"""How many backtests a second containers run: warm ones, one for each, one process for each.

The same strategy in the same image, under the same harness and the same limits. Its work is the
processor's time, so that workers beyond the number of processors gain nothing by it. Needs a
Docker engine; without one no figure is measured, and standard error says why.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from itertools import chain, product

from attrs import asdict
from common import alone, medians, options, report, said
from containers.cold import containers, processes
from containers.warm import life, steady
from containers.work import Project, Work, image, project

from leanopt_core.errors import ExecutorError
from leanopt_core.executors.docker.engine import Client, connect
from leanopt_core.executors.docker.session import find_image
from leanopt_core.executors.docker.settings import DockerOptions

WORKERS, COUNTS = (1, 2, 4), (1, 4, 16)
SHARES = {"share_10ms": Work(busy=0.01), "share_100ms": Work(busy=0.1), "share_1s": Work(busy=1)}
BRIEF = SHARES["share_10ms"]
#: How many workers the shares are of, and how many backtests each runs for them at least.
SHARED_BY, AT_LEAST = 2, 2
LIFE = ("first", "start", "stop")
FIGURES = (
    *(f"{kind}_per_s_{w}" for kind in ("warm", "container", "process") for w in WORKERS),
    *SHARES,
    *(f"{part}_s_{count}" for part in LIFE for count in COUNTS),
)

Measure = Callable[[], Mapping[str, float]]


def measures(here: Project, chosen: argparse.Namespace) -> Iterator[Measure]:
    """Yield everything that is to be measured in a round."""
    seconds = chosen.seconds
    contenders = {"warm": warm, "process": processes, "container": containers}
    few = [workers for workers in WORKERS if workers <= chosen.most]
    for workers, (kind, rate) in product(few, contenders.items()):
        yield partial(_rate, f"{kind}_per_s_{workers}", rate, here, workers, BRIEF, seconds)
    for name, work in SHARES.items():
        yield partial(_share, name, here, work, seconds)
    for count in (count for count in COUNTS if count <= chosen.most):
        yield partial(_life, here, count)


def warm(here: Project, workers: int, work: Work, seconds: float) -> float:
    """Return backtests a second of warm workers."""
    return steady(here, workers, work, seconds).per_s


def _rate(name: str, function: Callable[..., float], *arguments: object) -> Mapping[str, float]:
    return {name: alone(function, *arguments)}


def _share(name: str, here: Project, work: Work, seconds: float) -> Mapping[str, float]:
    return {name: alone(steady, here, SHARED_BY, work, max(seconds, AT_LEAST * work.busy)).share}


def _life(here: Project, count: int) -> Mapping[str, float]:
    return {f"{part}_s_{count}": value for part, value in asdict(alone(life, here, count)).items()}


def rounds(everything: list[Measure], repeats: int) -> dict[str, list[float]]:
    """Measure everything once in each round, so that a busy spell of the machine hits all."""
    measured: dict[str, list[float]] = {}
    for turn in range(repeats):
        for name, value in chain.from_iterable(measure().items() for measure in everything):
            measured.setdefault(name, []).append(value)
            said(f"  {turn + 1}/{repeats} {name} {value:.4g}")
    return measured


def main() -> None:
    """Measure and print."""
    parser = options(__doc__)
    parser.add_argument("--image", help="with a python3; by default the tests' image")
    parser.add_argument("--seconds", type=float, help="of each rate and share")
    parser.add_argument("--repeats", type=int, help="of everything")
    parser.add_argument("--most", type=int, default=COUNTS[-1], help="leave out more containers")
    chosen = parser.parse_args()
    chosen.seconds = chosen.seconds or (2 if chosen.quick else 5)
    figures: dict[str, float | None] = dict.fromkeys(FIGURES)
    try:
        client = connect().client
    except ExecutorError as error:
        said(f"nothing is measured: {error}")
    else:
        with project(_image(parser, chosen.image, client)) as here:
            everything = list(measures(here, chosen))
            repeats = chosen.repeats or (1 if chosen.quick else 5)
            figures |= medians(rounds(everything, repeats))
        client.close()
    report("containers", figures, as_json=chosen.json)


def _image(parser: argparse.ArgumentParser, named: str | None, client: Client) -> str:
    if named is None:
        return image(client)
    try:
        return find_image(client, DockerOptions(image=named, pull="never")).ident
    except ExecutorError as error:
        parser.error(f"--image: {error}")


if __name__ == "__main__":
    main()
