"""The engine for LEAN: strategies in Python and C#, run by LEAN where workers run."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cached_property, partial
from pathlib import Path
from typing import Final

import leanopt_harness
from attrs import frozen

from leanopt_core.api import (
    BUILDS,
    COMPLETE_STATES,
    Answer,
    Backtest,
    Build,
    Check,
    Hello,
    Outcome,
    PrepareContext,
    Request,
    RunCommand,
    Scenario,
    ScenarioFiles,
    StrategyError,
    digest,
    number_text,
    pattern_errors,
)
from leanopt_lean.absent import check_absent
from leanopt_lean.build import Built, Options, Recipe, build
from leanopt_lean.checks import check, check_scenario, fields_set
from leanopt_lean.compiler import assembly_of
from leanopt_lean.config import IDENT, RESULTS, Template, template
from leanopt_lean.doctor import Examination
from leanopt_lean.document import read_answer, read_results
from leanopt_lean.findings import Findings
from leanopt_lean.harness import Harness, abilities_of, harness_of
from leanopt_lean.installation import look
from leanopt_lean.object_store import Store, freeze
from leanopt_lean.options import WARM, LeanStrategy
from leanopt_lean.orders import order_hash
from leanopt_lean.prices import check_prices
from leanopt_lean.reference import check_reference
from leanopt_lean.required_data import check_required_data, wanted
from leanopt_lean.scenario_files import ShareNames, scenario_files
from leanopt_lean.scenario_mapping import passed_parameters
from leanopt_lean.snapshot import files_of, hashes_of
from leanopt_lean.source import Language, StrategySource, scan, survey
from leanopt_lean.statistic_names import reported
from leanopt_lean.wording import word

#: Keys of LEAN's configuration that can change which data it reads.
_READING: Final = re.compile(
    "provider|data(?!-feed-workers)|folder|(?<!log-)handler|map|factor|api"
)


def create(options: LeanStrategy, project: Path) -> LeanEngine:
    """Return the engine for a strategy; paths in `options` are relative to the folder `project`."""
    return LeanEngine(options, project)


@frozen
class PreparedStrategy:
    """The strategy to run: the facts of its source, and LEAN's file in the build's folder."""

    source: StrategySource
    file: str


class LeanEngine:
    """Builds a LEAN project once, makes LEAN's configurations and reads its documents."""

    def __init__(self, options: LeanStrategy, project: Path) -> None:
        self._options = options
        self._project = (project / options.project).resolve()
        self._data = (project / options.data).resolve()
        store = options.object_store
        self._store = (project / store).resolve() if store is not None else None
        self._builds = project.absolute() / BUILDS
        # What `prepare` was asked for, and the shares in the data as they were then.
        self._context, self._shares = PrepareContext(), ShareNames(self._data)
        # Why scenarios cannot run, by name, if others can.
        self._refused: Mapping[str, str] = {}
        # Scenarios (with a harness's abilities) that were checked to reach the strategy.
        self._mapped: set[tuple[str, frozenset[str]]] = set()

    @property
    def data(self) -> Path:
        """Return LEAN's data folder."""
        return self._data

    @property
    def data_files(self) -> Sequence[str] | None:
        """Return patterns of the data files that affect results, None for all."""
        return self._options.data_files or None

    def reported_statistics(self) -> Sequence[str] | None:
        """Return all statistics of LEAN, None if the strategy or the harness may add some."""
        if self._command or not self._project.is_dir():
            return None
        return reported(files_of(self._project, self._apart).values())

    @property
    def documents_on_demand(self) -> bool:
        """Return whether LEAN's documents are written only on request."""
        return self._options.harness == WARM

    def scenario_files(self, scenario: Scenario) -> ScenarioFiles:
        """Return the data files that backtests under a scenario read, if the source shows all."""
        options = self._options
        if self._command:
            return ScenarioFiles(why="a harness of your own may read any of them")
        if odd := sorted(key for key in options.config if _READING.search(key)):
            return ScenarioFiles(why=f"strategy.config sets {odd[0]}")
        end = scenario.end if "end" in fields_set(abilities_of(options)) else None
        source, context, shares = self._strategy.source, self._context, self._shares
        return scenario_files(source, scenario, context, shares, end)

    def prepare(
        self, run_command: RunCommand, runtime: Mapping[str, str], context: PrepareContext
    ) -> Build:
        """Check the strategy and its data, and build it unless it is in the cache.

        Raises StrategyError with all problems.
        """
        lean, found = look(run_command, self._options.launcher, self._command)
        # With --skip-build, check the sources of the old build; otherwise check the project's
        # sources before compiling them.
        if not context.skip_build:
            found = Findings.of((self._check(self._project, context), found))
        found.refuse()
        where = {**runtime, "lean": lean}
        compiled = partial(self._build, run_command, where, context)
        built = compiled(self._project, skip=context.skip_build)
        if context.skip_build:
            found = self._check(built.sources, context)
            found.refuse()
        # Scan the snapshot, which is what runs: the sources may have changed since.
        source = self._scan(built.sources)
        self._strategy = PreparedStrategy(source, built.assembly or source.files[0])
        self._context, self._shares = context, ShareNames(self._data)
        file = self._strategy.file
        doing = partial(compiled, doing="compiling the warm harness")
        store = self._stored()
        seen = {"build": built.path, "data": self._data}
        seen |= {"store": store.path} if store is not None else {}
        harness = harness_of(self._options, file, seen, doing)
        found = Findings.of((found, check_absent(source, self._options, context, run_command)))
        return self._made(built, harness, store, where, found.notes)

    def _stored(self) -> Store | None:
        """Return the object store's content when a backtest begins, None if it is empty."""
        if self._store is None:
            return None
        self._builds.mkdir(parents=True, exist_ok=True)
        return freeze(self._store, self._builds)

    def checks(self, run_command: RunCommand, context: PrepareContext) -> Sequence[Check]:
        """Return the checks of LEAN, .NET and LEAN's data for `leanopt doctor`."""
        scan = partial(self._scan, self._project)
        seen = Examination(self._options, self._project, self._data, scan, run_command, context)
        return seen.checks()

    def check(self, context: PrepareContext) -> Sequence[str]:
        """Return the problems of the sources and of the data."""
        return self._check(self._project, context).problems

    def try_out(self, run_command: RunCommand, runtime: Mapping[str, str]) -> Sequence[str]:
        """Look for LEAN, and compile a project in C#; the build is kept for the run."""
        lean, found = look(run_command, self._options.launcher, self._command)
        if found.problems or self._options.build_network:
            return found.problems
        try:
            self._build(run_command, {**runtime, "lean": lean}, PrepareContext(), self._project)
        except StrategyError as error:
            return str(error).splitlines()
        return ()

    def _check(self, folder: Path, context: PrepareContext) -> Findings:
        """Return all problems of the sources in a folder and of the data."""
        source, found = survey(folder, self._options.algorithm, self._apart)
        read = self._check_source(source, context) if source else Findings()
        return Findings.of((found, read, self._check_data(source, context)))

    def _build(
        self,
        run_command: RunCommand,
        runtime: Mapping[str, str],
        context: PrepareContext,
        folder: Path,
        *,
        skip: bool = False,
        doing: str = "",
    ) -> Built:
        """Return the build of a folder's sources, the project's or the harness's."""
        options = Options(launcher=self._options.launcher, network=self._options.build_network)
        self._builds.mkdir(parents=True, exist_ok=True)
        return build(
            folder,
            run_command=run_command,
            builds=self._builds,
            recipe=Recipe(runtime, leanopt_harness.__version__, options),
            apart=self._apart,
            skip=skip,
            doing=doing,
            report=context.report,
        )

    def _scan(self, folder: Path) -> StrategySource:
        return scan(folder, self._options.algorithm, self._apart)

    @cached_property
    def _strategy(self) -> PreparedStrategy:
        """The strategy as `prepare` left it, or the project's current one without `prepare`."""
        source = self._scan(self._project)
        python = source.language is Language.PYTHON
        return PreparedStrategy(source, source.files[0] if python else assembly_of(self._project))

    @property
    def _command(self) -> tuple[str, ...]:
        """Return the command of a user's harness."""
        return () if isinstance(self._options.harness, str) else self._options.harness

    @property
    def _apart(self) -> tuple[Path, ...]:
        """Return paths that may be in the project's folder and do not belong to it."""
        kept = () if self._store is None else (self._store,)
        return (self._data, self._builds.parent, *kept)

    def _check_source(self, source: StrategySource, context: PrepareContext) -> Findings:
        return check(
            source,
            context.scenarios,
            context.parameters,
            abilities_of(self._options),
            values=context.values,
            allow_unread=context.allow_unread,
        )

    def _check_data(self, source: StrategySource | None, context: PrepareContext) -> Findings:
        if not self._data.is_dir():
            return check_reference(self._data)
        unmet = Findings(tuple(pattern_errors(self._data, self._options.data_files)))
        if context.checked or not self._options.check_data:
            return unmet
        found = self._check_scenarios(source, context.scenarios)
        self._refused = {}
        if found.problems and context.separate:
            # Only now, since each look at a scenario alone reads the reference data again.
            each = {one.name: self._check_scenarios(source, (one,)) for one in context.scenarios}
            refused = {name: "; ".join(one.problems) for name, one in each.items() if one.problems}
            if len(refused) < len(each):
                self._refused = refused
                found = Findings(notes=found.notes)
        return Findings.of((unmet, found))

    def _check_scenarios(
        self, source: StrategySource | None, scenarios: Sequence[Scenario]
    ) -> Findings:
        """Return what is wrong with the data of these scenarios."""
        series = [one for scenario in scenarios for one in wanted(source, scenario)]
        asked = (check_required_data(source, scenario) for scenario in scenarios)
        reference, prices = check_reference(self._data, series), check_prices(self._data, series)
        return Findings.of((*asked, reference, prices))

    def _made(
        self,
        built: Built,
        harness: Harness,
        store: Store | None,
        where: Mapping[str, str],
        notes: tuple[str, ...],
    ) -> Build:
        strategy, options = self._strategy.source, self._options
        source = digest(
            {
                "files": built.source,
                "algorithm": strategy.algorithm,
                "config": dict(options.config),
                "python_venv": options.python_venv,
                **({"object_store": store.content} if store is not None else {}),
            }
        )
        running = {"launcher": options.launcher, "harness": harness.identity}
        stale = (f"{self._project.name} has changed since it was built",)
        return Build(
            strategy=self._project.name,
            source=source,
            identity=digest(
                {"build": built.key, "source": source, "place": dict(where), **running}
            ),
            launch=harness.launch,
            reads=None if strategy.unsure or strategy.unread else strategy.reads,
            read_types=strategy.converted_types,
            details={
                "algorithm": f"{strategy.algorithm} ({strategy.language})",
                "build": str(built.path),
                "harness": harness.words,
            },
            notes=(*notes, *(stale if built.stale else ())),
            refused=self._refused,
            sources={} if built.stale else hashes_of(files_of(self._project, self._apart)),
        )

    @cached_property
    def _template(self) -> Template:
        source, file = self._strategy.source, self._strategy.file
        return template(
            source.algorithm,
            "Python" if source.language is Language.PYTHON else "CSharp",
            f"{{build}}/{file}",
            launcher=self._options.launcher,
            python_venv=self._options.python_venv,
            more=self._options.config,
        )

    def request(self, backtest: Backtest, outputs: frozenset[str], hello: Hello) -> Request:
        """Make the request, with LEAN's configuration in it or in a file, as the harness expects.

        Raises StrategyError if a scenario cannot reach the strategy through this harness.
        """
        # Runs of earlier versions did not store the harness's hello.
        abilities = hello.abilities or abilities_of(self._options)
        self._check_scenario_mapping(backtest.scenario, abilities, backtest.parameters)
        parameters = {name: number_text(value) for name, value in backtest.parameters.items()}
        parameters |= passed_parameters(
            self._strategy.source, backtest.scenario, backtest.parameters
        )
        return word(self._template, parameters, backtest.scenario, outputs, abilities)

    def _check_scenario_mapping(
        self, scenario: Scenario, abilities: frozenset[str], given: Mapping[str, object]
    ) -> None:
        if (scenario.name, abilities) in self._mapped:
            return
        source = self._strategy.source
        check_scenario(source, scenario, given, abilities, allow_unread=True).refuse()
        self._mapped.add((scenario.name, abilities))

    def read(self, answer: Answer, backtest: Backtest, outputs: frozenset[str]) -> Outcome:
        """Read LEAN's document, from the answer or from its files."""
        symbol = backtest.scenario.symbol
        failed = answer.payload.get("status") not in COMPLETE_STATES
        if failed or "statistics" in answer.payload or answer.files is None:
            return read_answer(answer.payload, symbol=symbol, outputs=outputs)
        return read_results(
            answer.files, prefix=RESULTS, ident=IDENT, symbol=symbol, outputs=outputs
        )

    def fingerprint(self, answer: Answer) -> str | None:
        """Return LEAN's hash of the list of orders, None if the answer has none."""
        return order_hash(answer)
