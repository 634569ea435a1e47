# The names of `leanopt_core.api` and where they are defined; the module reads this file.
# Grouped by what a plugin is, not sorted by module.
# ruff: noqa: I001

# The plugin and its registration
from leanopt_core.hookspecs import API_VERSION as API_VERSION
from leanopt_core.hookspecs import hookimpl as hookimpl
from leanopt_core.specs import CommandSpec as CommandSpec
from leanopt_core.specs import EngineSpec as EngineSpec
from leanopt_core.specs import ExecutorSpec as ExecutorSpec
from leanopt_core.specs import FitnessSpec as FitnessSpec
from leanopt_core.specs import NoOptions as NoOptions
from leanopt_core.specs import PluginSpec as PluginSpec
from leanopt_core.specs import SectionSpec as SectionSpec
from leanopt_core.specs import SinkSpec as SinkSpec
from leanopt_core.specs import StageSpec as StageSpec
from leanopt_core.errors import ExecutorError as ExecutorError
from leanopt_core.errors import LeanoptError as LeanoptError
from leanopt_core.errors import PluginError as PluginError
from leanopt_core.errors import StrategyError as StrategyError
from leanopt_core.errors import TransientError as TransientError
from leanopt_core.errors import UsageError as UsageError
from leanopt_core.plugins import Kind as Kind
from leanopt_core.plugins import PluginProblem as PluginProblem
from leanopt_core.plugins import Registered as Registered
from leanopt_core.plugins import RegisteredCommand as RegisteredCommand
from leanopt_core.plugins import RegisteredSection as RegisteredSection
from leanopt_core.plugins import Registry as Registry
from leanopt_core.plugins import discover as discover

# Values that all kinds of plugins share
from leanopt_core.canonical import canonical_json as canonical_json
from leanopt_core.canonical import derive_seed as derive_seed
from leanopt_core.canonical import digest as digest
from leanopt_core.space import Axis as Axis
from leanopt_core.space import AxisKind as AxisKind
from leanopt_core.space import Count as Count
from leanopt_core.space import Formula as Formula
from leanopt_core.space import FormulaError as FormulaError
from leanopt_core.space import Metric as Metric
from leanopt_core.space import ParameterConstraint as ParameterConstraint
from leanopt_core.space import Point as Point
from leanopt_core.space import Sampling as Sampling
from leanopt_core.space import Space as Space
from leanopt_core.space import Value as Value
from leanopt_core.space import number_text as number_text
from leanopt_core.statistics import Figure as Figure
from leanopt_core.statistics import Statistics as Statistics
from leanopt_core.statistics import parse_number as parse_number
from leanopt_core.suggest import did_you_mean as did_you_mean
from leanopt_core.suggest import nearest as nearest
from leanopt_core.trial import DONE as DONE
from leanopt_core.trial import WAIT as WAIT
from leanopt_core.trial import Penalty as Penalty
from leanopt_core.trial import Proposal as Proposal
from leanopt_core.trial import Score as Score
from leanopt_core.trial import Signal as Signal
from leanopt_core.trial import Trial as Trial
from leanopt_core.trial import Violation as Violation
from leanopt_core.work import DOCUMENT as DOCUMENT
from leanopt_core.work import PLACEHOLDERS as PLACEHOLDERS
from leanopt_core.work import REQUEST as REQUEST
from leanopt_core.work import Answer as Answer
from leanopt_core.work import Backtest as Backtest
from leanopt_core.work import Category as Category
from leanopt_core.work import Command as Command
from leanopt_core.work import Completed as Completed
from leanopt_core.work import Failure as Failure
from leanopt_core.work import Files as Files
from leanopt_core.work import Launch as Launch
from leanopt_core.work import Mount as Mount
from leanopt_core.work import Outcome as Outcome
from leanopt_core.work import Request as Request
from leanopt_core.work import Scenario as Scenario

# Stages
from leanopt_core.pruned import ComparableObjectives as ComparableObjectives
from leanopt_core.stage import Adopts as Adopts
from leanopt_core.stage import AskContext as AskContext
from leanopt_core.stage import History as History
from leanopt_core.stage import Stage as Stage
from leanopt_core.stage import StageStart as StageStart
from leanopt_core.stage import TellContext as TellContext
from leanopt_core.stage import Told as Told
from leanopt_core.search.plateau import Neighbourhood as Neighbourhood
from leanopt_core.search.plateau import Objectives as Objectives
from leanopt_core.search.plateau import Plateau as Plateau
from leanopt_core.search.plateau import Statistic as Statistic

# Fitness functions
from leanopt_core.fitness import Backtested as Backtested
from leanopt_core.fitness import Direction as Direction
from leanopt_core.fitness import Fitness as Fitness
from leanopt_core.fitness import FitnessContext as FitnessContext
from leanopt_core.fitness import FitnessFunction as FitnessFunction
from leanopt_core.fitness import Moments as Moments
from leanopt_core.outputs import ClosedTrade as ClosedTrade
from leanopt_core.outputs import DailyReturns as DailyReturns
from leanopt_core.outputs import Equity as Equity
from leanopt_core.fitness_options import AggregateOptions as AggregateOptions
from leanopt_core.fitness_options import ReturnsOptions as ReturnsOptions
from leanopt_core.fitness_options import ScenarioOptions as ScenarioOptions
from leanopt_core.scoring import Aggregate as Aggregate
from leanopt_core.scoring import Operator as Operator
from leanopt_core.scoring import ResultConstraint as ResultConstraint
from leanopt_core.scoring import ResultConstraintError as ResultConstraintError
from leanopt_core.scoring import ScenarioFitness as ScenarioFitness
from leanopt_core.scoring import aggregate as aggregate
from leanopt_core.scoring import on_returns as on_returns
from leanopt_core.scoring import on_trades as on_trades
from leanopt_core.scoring import requirement as requirement
from leanopt_core.scoring import score_each as score_each
from leanopt_core.scoring import trade_count as trade_count
from leanopt_core.scoring import violated as violated

# Result sinks
from leanopt_core.sinks.base import Sink as Sink
from leanopt_core.sinks.base import TrialRecord as TrialRecord

# Sections of `leanopt show`
from leanopt_core.section import SectionRow as SectionRow
from leanopt_core.section import SectionTable as SectionTable
from leanopt_core.section import ShowSection as ShowSection

# Executors
from leanopt_core.executors.base import Channel as Channel
from leanopt_core.executors.base import ChecksOptions as ChecksOptions
from leanopt_core.executors.base import Chunk as Chunk
from leanopt_core.executors.base import Executor as Executor
from leanopt_core.executors.base import HasExecutorDoctorChecks as HasExecutorDoctorChecks
from leanopt_core.executors.base import HasPlaces as HasPlaces
from leanopt_core.executors.base import LineWorker as LineWorker
from leanopt_core.executors.base import ReproduceCommand as ReproduceCommand
from leanopt_core.executors.base import WorkerFiles as WorkerFiles
from leanopt_core.executors.channel import ProcessChannel as ProcessChannel
from leanopt_core.executors.command import CommandChannel as CommandChannel
from leanopt_core.executors.command import fill_placeholders as fill_placeholders
from leanopt_core.executors.command import run_to_end as run_to_end
from leanopt_core.executors.command import variables as variables
from leanopt_core.executors.places import ExecutorGroup as ExecutorGroup
from leanopt_core.executors.process import ProcessExecutor as ProcessExecutor
from leanopt_core.executors.scratch import LocalScratch as LocalScratch
from leanopt_core.executors.scratch import ScratchRoot as ScratchRoot
from leanopt_core.executors.threads import ThreadChannel as ThreadChannel
from leanopt_core.executors.wrapped import WrappedExecutor as WrappedExecutor
from leanopt_core.options import ProcessOptions as ProcessOptions

# Engines
from leanopt_core.content import hash_file as hash_file
from leanopt_core.engines.base import Build as Build
from leanopt_core.engines.base import ChecksStrategy as ChecksStrategy
from leanopt_core.engines.base import Engine as Engine
from leanopt_core.engines.base import HasDoctorChecks as HasDoctorChecks
from leanopt_core.engines.base import HasFingerprint as HasFingerprint
from leanopt_core.engines.base import HasScenarioFiles as HasScenarioFiles
from leanopt_core.engines.base import KnowsStatistics as KnowsStatistics
from leanopt_core.engines.base import PrepareContext as PrepareContext
from leanopt_core.engines.base import Report as Report
from leanopt_core.engines.base import RunCommand as RunCommand
from leanopt_core.engines.base import ScenarioFiles as ScenarioFiles
from leanopt_core.engines.base import TriesStrategy as TriesStrategy
from leanopt_core.engines.command import CommandEngine as CommandEngine
from leanopt_core.engines.inline import read_inline as read_inline
from leanopt_core.harness.events import Hello as Hello

# Checks of `leanopt doctor`
from leanopt_core.check import Check as Check
from leanopt_core.check import Finding as Finding
from leanopt_core.check import Status as Status
from leanopt_core.check import StuckError as StuckError

# Stored runs
from leanopt_core.store.records import RunState as RunState
from leanopt_core.store.records import StoredBacktest as StoredBacktest
from leanopt_core.store.records import StoredRun as StoredRun
from leanopt_core.store.records import Role as Role
from leanopt_core.store.records import StoredScenario as StoredScenario
from leanopt_core.store.records import StoredSearch as StoredSearch
from leanopt_core.store.records import StoredTestScore as StoredTestScore
from leanopt_core.store.records import StoredStage as StoredStage
from leanopt_core.store.records import StoredTrial as StoredTrial
from leanopt_core.store.records import TrialState as TrialState

# For engines with sources of their own (may change in a minor version)
from leanopt_core.data_files import pattern_errors as pattern_errors
from leanopt_core.engines.base import silent as silent
from leanopt_core.engines.builds import UNFINISHED_BUILD as UNFINISHED_BUILD
from leanopt_core.engines.builds import build_turn as build_turn
from leanopt_core.engines.inline import COMPLETE_STATES as COMPLETE_STATES
from leanopt_core.engines.inline import read_curve as read_curve
from leanopt_core.engines.inline import read_failure as read_failure
from leanopt_core.engines.inline import read_names as read_names
from leanopt_core.engines.inline import read_trades as read_trades
from leanopt_core.engines.inline import read_types as read_types
from leanopt_core.errors import Mistake as Mistake
from leanopt_core.errors import PipelineError as PipelineError
from leanopt_core.pipeline import Pipeline as Pipeline
from leanopt_core.pipeline import load_pipeline as load_pipeline
from leanopt_core.pipeline.overrides import Lookup as Lookup
from leanopt_core.pipeline.overrides import lookup as lookup
from leanopt_core.pipeline.overrides import read_dotenv as read_dotenv
from leanopt_core.pipeline.toml import KeyPath as KeyPath
from leanopt_core.pipeline.toml import key_text as key_text
from leanopt_core.pipeline.toml import printable as printable
from leanopt_core.pipeline.toml import toml_text as toml_text
from leanopt_core.project_files import BUILDS as BUILDS
from leanopt_core.project_files import STATE as STATE
from leanopt_core.scaffold.document import Line as Line
from leanopt_core.scaffold.document import Section as Section
from leanopt_core.scaffold.document import document_text as document_text
from leanopt_core.scaffold.draft import Draft as Draft
from leanopt_core.scaffold.draft import InitWish as InitWish
from leanopt_core.scaffold.find import ImportWish as ImportWish
from leanopt_core.scaffold.find import Translation as Translation
from leanopt_core.scaffold.find import is_lean as is_lean
from leanopt_core.scaffold.python import EXAMPLES as EXAMPLES
from leanopt_core.scaffold.python import path_from as path_from
from leanopt_core.scaffold.reads import LiteralValue as LiteralValue
from leanopt_core.scaffold.reads import Read as Read

# For commands that read results (may change in a minor version)
from leanopt_core.cli.common import open_results as open_results
from leanopt_core.cli.common import project_option as project_option
from leanopt_core.cli.common import run_names as run_names
from leanopt_core.cli.output import plain as plain
from leanopt_core.cli.output import print_json as print_json
from leanopt_core.cli.output import print_table as print_table
from leanopt_core.cli.output import whole_file as whole_file
from leanopt_core.cli.output import wrapped as wrapped
from leanopt_core.pipeline.lengths import Length as Length
from leanopt_core.project_files import RESULTS as RESULTS
from leanopt_core.project_files import make_folder as make_folder
from leanopt_core.project_files import occupied as occupied
from leanopt_core.python import EquityByDay as EquityByDay
from leanopt_core.python import OpenStore as OpenStore
from leanopt_core.report.matrix import ReturnsMatrix as ReturnsMatrix
from leanopt_core.report.best import BestTable as BestTable
from leanopt_core.report.curve import Curve as Curve
from leanopt_core.report.figures import counted as counted
from leanopt_core.report.figures import duration as duration
from leanopt_core.report.figures import number as number
from leanopt_core.report.figures import percent as percent
from leanopt_core.report.figures import ratio as ratio
from leanopt_core.report.known import Known as Known
from leanopt_core.report.pieces import Piece as Piece
from leanopt_core.report.pieces import curve_of as curve_of
from leanopt_core.report.spread import Distribution as Distribution
from leanopt_core.report.statistics import main_figures as main_figures
from leanopt_core.report.subject import find_search as find_search
from leanopt_core.store.deleted import DeletedTrials as DeletedTrials
from leanopt_core.store.records import RankedTrial as RankedTrial
from leanopt_core.store.records import RunSummary as RunSummary
from leanopt_core.store.single import SingleBacktest as SingleBacktest
from leanopt_core.store.tried import Tried as Tried
from leanopt_core.store.tried import TriedSearch as TriedSearch
