"""Check a pipeline's workers where they run. Starts one worker."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from importlib.metadata import metadata

from attrs import evolve

from leanopt_core.check import Finding, StuckError
from leanopt_core.doctor import machine
from leanopt_core.doctor.subject import Subject
from leanopt_core.errors import PipelineError, StrategyError
from leanopt_core.executors.pool import Pool
from leanopt_core.harness.events import Hello
from leanopt_core.options import ProcessOptions
from leanopt_core.report.figures import counted, size
from leanopt_core.work import Launch

# The detail by which an engine with several harnesses names the one that runs.
_HARNESS = "harness"


def pipeline(subject: Subject) -> Iterator[Finding]:
    """Read the pipeline."""
    try:
        loaded = subject.pipeline
    except PipelineError as error:
        fix = f"leanopt check {_file(subject)}"
        raise StuckError(Finding.wrong(str(error), fix, exit_code=error.exit_code)) from None
    used = f"{loaded.engine.use} strategy, {loaded.executor.choice.use} executor"
    yield Finding.ok(f"{loaded.name}: {used}")


def interpreter(subject: Subject) -> Iterator[Finding]:
    """Check the Python where workers run; raises StuckError where none runs."""
    version = str(subject.around["python"])
    needed = str(metadata("leanopt-harness")["Requires-Python"])
    if _numbers(version) < _numbers(needed):
        yield Finding.wrong(f"Python {version}; the harness needs {needed}")
    else:
        yield Finding.ok(f"Python {version}")


def data(subject: Subject) -> Iterator[Finding]:
    """Check that the strategy's data is there; raises StuckError where it is not."""
    path = subject.strategy.data
    if path is not None and not path.exists():
        code = StrategyError.exit_code
        raise StuckError(Finding.wrong(f"strategy.data: {path} is not there", exit_code=code))
    yield Finding.ok(str(path) if path is not None else "the strategy names none")


def strategy(subject: Subject) -> Iterator[Finding]:
    """Prepare the strategy, as a run does."""
    build = subject.build
    details = ", ".join(
        f"{name} {text}" for name, text in build.details.items() if name != _HARNESS
    )
    yield Finding.ok(f"{build.strategy}: {details}")
    for note in build.notes:
        yield Finding.warning(note)


def harness(subject: Subject) -> Iterator[Finding]:
    """Start a worker, wait for its hello, end it."""
    settings = subject.pipeline.executor
    with Pool[int](
        subject.executor,
        subject.build.launch,
        workers=1,
        memory_limit=settings.memory_limit,
        start_limit=settings.start_limit,
    ) as pool:
        pool.wait(settings.start_limit)
        hello = pool.hello
    if hello is None:
        yield Finding.wrong(
            f"a worker said no hello within {settings.start_limit:g} s (executor.start_limit)"
        )
    else:
        which = subject.build.details.get(_HARNESS)
        found = _greeting(hello)
        yield evolve(found, what=f"{which}: {found.what}") if which else found


def _greeting(hello: Hello) -> Finding:
    if not hello.protocol:
        return Finding.warning(
            "it speaks the protocol's base form: which engine it has is not known"
        )
    engine = f"{hello.engine} {hello.engine_version}".strip() or "an engine without a name"
    harness = f"harness {hello.harness}".strip()
    return Finding.ok(f"{harness}, protocol {hello.protocol}, engine {engine}")


def cores(subject: Subject) -> Iterator[Finding]:
    """Compare the number of workers with the processors they would have."""
    count, there = _count(subject), _there(subject)
    if there is None:
        yield Finding.ok(f"{count}; what they have is their executor's matter")
    elif count > there[0]:
        fewer = f"leanopt run {_file(subject)} --workers {there[0]}"
        yield Finding.warning(f"{count} on {there[0]} processors: they wait for each other", fewer)
    else:
        yield Finding.ok(f"{count} on {there[0]} processors")


def memory(subject: Subject) -> Iterator[Finding]:
    """Compare the memory that workers can take with the memory there is."""
    count, there, limit = _count(subject), _there(subject), subject.pipeline.executor.memory_limit
    if limit is None and subject.docker_options is not None:
        yield _unlimited(subject, count)
        return
    if there is None or limit is None:
        whole = f" of {size(there[1])}" if there is not None else ""
        yield Finding.ok(
            f"no limit: {counted(count, 'worker')} may take all{whole} (executor.memory_limit)"
        )
        return
    what = f"{counted(count, 'worker')} of at most {size(limit)} each, {size(there[1])} in all"
    fit = there[1] // limit
    change = f"--workers {fit}" if fit else f"--set executor.memory_limit={there[1] // 2}"
    fix = f"leanopt run {_file(subject)} {change}"
    yield Finding.ok(what) if count <= fit else Finding.wrong(f"too much: {what}", fix)


def _unlimited(subject: Subject, count: int) -> Finding:
    """Report how much memory containers can take by default."""
    engine, launch = subject.docker_engine, subject.launch or Launch(())
    each, whole = engine.worker_memory(launch), size(int(engine.info.get("MemTotal") or 0))
    if each is None:
        return Finding.warning(
            f"this engine limits no memory: {counted(count, 'worker')} may take all of {whole}"
        )
    why = f" ({launch.memory_why})" if launch.memory_why else ""
    return Finding.ok(
        f"{counted(count, 'worker')} of at most {size(each)} each, the default{why}; {whole} in all"
    )


def _count(subject: Subject) -> int:
    """Return how many workers a run would have; needs no image."""
    # The executor itself would look for the image, which can be what is missing.
    wanted = subject.pipeline.executor.workers
    if wanted is None and subject.docker_options is not None:
        return subject.docker_engine.processors
    return subject.executor.workers(wanted)


def _there(subject: Subject) -> tuple[int, int] | None:
    """Return processors and memory where workers run, None where that is not known."""
    if subject.docker_options is not None:
        engine = subject.docker_engine
        return engine.processors, int(engine.info.get("MemTotal") or machine.memory())
    local = isinstance(subject.pipeline.executor.choice.options, ProcessOptions)
    return (machine.processors(), machine.memory()) if local else None


def _file(subject: Subject) -> str:
    return shlex.quote(str(subject.file))


def _numbers(version: str) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", version)]
