"""A method that breaks its contract is named, with what it did; what was told is kept."""

from __future__ import annotations

import random
import subprocess
import sys

import numpy as np
import pytest
from driving import DONE, WAIT, Driver, Scripted, grid, scripted

from leanopt_core.errors import ExecutorError, PluginError, SpaceError
from leanopt_core.search.commands import Propose, Recorded, StageEnded, StageRule
from leanopt_core.search.guard import Guard
from leanopt_core.search.guarded_stage import GuardedStage
from leanopt_core.space import ParameterConstraint, Space
from leanopt_core.stage import AskContext, StageStart
from leanopt_core.trial import Proposal

LABEL = "stage 'one' (demo 1.0)"
GLOBAL = "it used global random state; use context.random() instead"
TUPLE = "expected a tuple of ints, a level for each axis"


class Polite(Scripted):
    """Proposes ranks 0, 1, 2, ... ; the base of all bad ones."""

    def __init__(self, start: StageStart) -> None:
        super().__init__(start, list(range(40)))


def drive(build, **options) -> Driver:
    """Return the driver of a one-stage search, not yet run."""
    options = {"lookahead": 1, "space": grid(), **options}
    return Driver(options.pop("space"), [StageRule("one", LABEL, build)], **options)


def fault(driver: Driver) -> str:
    """Run until the named error and return its message."""
    with pytest.raises(PluginError) as caught:
        driver.run()
    return str(caught.value)


class Unwritable:
    """Cannot even be shown."""

    def __repr__(self) -> str:
        """Fail."""
        raise ValueError

    def __index__(self) -> int:
        """Fail in the manner of what is no int."""
        raise TypeError(self)


class Quit(BaseException):
    """Is no Exception."""


class Unspeakable(Exception):  # noqa: N818
    """Has no message."""

    def __str__(self) -> str:
        """Fail."""
        raise ValueError


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (None, "it returned None, expected a Proposal, WAIT or DONE"),
        ((0, 3), "it returned (0, 3), expected a Proposal, WAIT or DONE"),
        ("wait", "it returned 'wait', expected a Proposal, WAIT or DONE"),
        (Proposal, f"it returned {Proposal!r}, expected a Proposal, WAIT or DONE"),
        (
            "x" * 10**6,
            f"it returned '{'x' * 76}..., expected a Proposal, WAIT or DONE",
        ),
        (Unwritable(), "it returned <Unwritable>, expected a Proposal, WAIT or DONE"),
        (Proposal((0, 3), None), "it gave the origin None, expected UTF-8 text"),
        (Proposal((0, 3), b"x"), "it gave the origin b'x', expected UTF-8 text"),
        (
            Proposal((0, 3), "\ud800"),
            r"it gave the origin '\ud800', expected UTF-8 text",
        ),
        (
            Proposal((0, 3), "", [1, 2]),
            "it gave the because [1, 2], expected a dict of JSON values",
        ),
        (
            Proposal((0, 3), "", {"at": {1, 2}}),
            "it gave a because that is not JSON: Object of type set is not JSON serializable",
        ),
        (
            Proposal((0, 3), "", {"at": np.int64(3)}),
            "it gave a because that is not JSON: Object of type int64 is not JSON serializable",
        ),
        (
            Proposal((0, 3), "", {"value": [float("nan")]}),
            "it gave a because that is not JSON: Out of range float values are not JSON compliant",
        ),
        (
            Proposal((0, 3), "", {"value": float("inf")}),
            "it gave a because that is not JSON: Out of range float values are not JSON compliant",
        ),
        (
            Proposal((0, 3), "", {"text": "x" * 4086}),
            "it gave a because of 4097 bytes as JSON, expected 4096 at most",
        ),
        (
            Proposal((0, 3), "", {"text": "\u00e9" * 3000}),
            "it gave a because of 6011 bytes as JSON, expected 4096 at most",
        ),
        (Proposal(None), f"it proposed None, {TUPLE}"),
        (Proposal([0, 3]), f"it proposed [0, 3], {TUPLE}"),
        (Proposal({0, 3}), f"it proposed {{0, 3}}, {TUPLE}"),
        (Proposal("03"), f"it proposed '03', {TUPLE}"),
        (Proposal((0.0, 3.0)), f"it proposed (0.0, 3.0), {TUPLE}"),
        (Proposal((0, True)), f"it proposed (0, True), {TUPLE}"),
        (Proposal((0, "3")), f"it proposed (0, '3'), {TUPLE}"),
        (Proposal((0, np.float64(3))), f"it proposed (0, np.float64(3.0)), {TUPLE}"),
        (Proposal((Unwritable(), 3)), f"it proposed <tuple>, {TUPLE}"),
        (Proposal((0,)), "it proposed (0,), which is off the grid of [9, 7] levels"),
        (Proposal((0, 3, 1)), "it proposed (0, 3, 1), which is off the grid of [9, 7] levels"),
        (Proposal((0, 7)), "it proposed (0, 7), which is off the grid of [9, 7] levels"),
        (Proposal((-1, 0)), "it proposed (-1, 0), which is off the grid of [9, 7] levels"),
        (
            Proposal((10**5000, 0)),
            "it proposed <tuple>, which is off the grid of [9, 7] levels",
        ),
    ],
)
def test_a_wrong_answer_is_named(answer, message) -> None:
    """With the plugin, its distribution and the trial; the two trials before stay told."""

    class Wrong(Polite):
        def ask(self, context):
            return answer if context.number == 3 else super().ask(context)

    driver = drive(Wrong)
    assert fault(driver) == f"{LABEL}, asked for trial 3: {message}"
    assert [told.number for told in driver.machine.history] == [1, 2]


def test_an_infeasible_proposal_is_named_with_what_it_violates() -> None:
    """Every constraint that does not hold there."""
    axes = grid().axes
    texts = ["x < y", "x != 5", "x + y < 8"]
    space = Space(axes, {}, [ParameterConstraint.parse(text, ["x", "y"]) for text in texts])

    class Infeasible(Polite):
        def ask(self, context):
            return Proposal((5, 4) if context.number == 2 else (0, 1))

    assert fault(drive(Infeasible, space=space)) == (
        f"{LABEL}, asked for trial 2: it proposed (5, 4), which violates 'x < y', 'x + y < 8'"
    )


def test_a_value_of_an_inactive_parameter_is_named_with_what_was_expected() -> None:
    """It would be another point that gives the same backtest."""
    axes = grid().axes
    conditions = {"y": ParameterConstraint.parse("x > 3", ["x", "y"])}

    class Inactive(Polite):
        def ask(self, context):
            return Proposal((5, 4) if context.number == 1 else (0, 2))

    assert fault(drive(Inactive, space=Space(axes, {}, (), conditions))) == (
        f"{LABEL}, asked for trial 2: it proposed (0, 2), where 'y' is inactive; "
        "expected canonical(point), which is (0, 0)"
    )


LOOPED: dict[str, object] = {}
LOOPED["again"] = LOOPED


@pytest.mark.parametrize("because", [LOOPED, {"text": "\ud800"}, {"number": 10**5000}])
def test_a_because_that_cannot_be_stored_is_named(because) -> None:
    """Text that is no UTF-8, what contains itself, a number that nothing reads back."""

    class Odd(Polite):
        def ask(self, context):
            return Proposal((0, context.number), "", because)

    begin = f"{LABEL}, asked for trial 1: it gave a because that is not JSON: "
    assert fault(drive(Odd)).startswith(begin)


def test_a_because_travels_as_json() -> None:
    """As it was when it was proposed, up to 4096 bytes; an empty one too, none as none."""
    shared: dict[str, object] = {}

    class Talking(Polite):
        def ask(self, context):
            if context.number == 5:
                return DONE
            shared["parents"] = (context.number, None, 0.1)
            given = {1: shared, 2: {"text": "x" * 4085}, 3: {}, 4: None}[context.number]
            return Proposal((context.number, 2), "", given)

    commands = drive(Talking, lookahead=5).run()
    texts = [command.because for command in commands if isinstance(command, Propose)]
    assert texts == [
        '{"parents":[1,null,0.1]}',
        '{"text":"' + "x" * 4085 + '"}',
        "{}",
        None,
    ]


def test_numpys_ints_are_ints() -> None:
    """They are taken, and travel on as Python's."""

    class Array(Polite):
        def ask(self, context):
            return Proposal(tuple(np.array([context.number, 2]))) if context.number < 4 else DONE

    commands = drive(Array).run()
    points = [command.proposal.point for command in commands if isinstance(command, Propose)]
    assert points == [(1, 2), (2, 2), (3, 2)]
    assert {type(level) for point in points for level in point} == {int}


RAISED = [
    (ValueError("no"), "it raised ValueError: no"),
    (SystemExit(3), "it raised SystemExit: 3"),
    (StopIteration(), "it raised StopIteration: "),
    (Quit("out"), "it raised Quit: out"),
    (RecursionError("deep"), "it raised RecursionError: deep"),
    (Unspeakable(), "it raised Unspeakable: <Unspeakable>"),
    (SpaceError("a point has 4 levels here"), "it raised SpaceError: a point has 4 levels here"),
    (PluginError("not today"), "it raised PluginError: not today"),
]


@pytest.mark.parametrize(("error", "message"), RAISED)
@pytest.mark.parametrize("call", ["build", "ask", "tell", "refused"])
def test_what_a_method_raises_is_named(call, error, message) -> None:
    """In each of its calls; leanopt's own errors too, for they say nothing of whose they are."""

    class Raising(Polite):
        def __init__(self, start):
            super().__init__(start)
            self._raise("build")

        def ask(self, context):
            if context.number == 3:
                self._raise("ask")
            return Proposal((0, 0)) if call == "refused" else super().ask(context)

        def tell(self, trial, context):
            if trial.number == 2:
                self._raise("tell")

        def refused(self, _point):
            self._raise("refused")

        def _raise(self, at):
            if call == at:
                raise error

    doing, told = {
        "build": ("being built", 0),
        "ask": ("asked for trial 3", 2),
        "tell": ("told trial 2", 2),
        "refused": ("refused a repeat for trial 2", 1),
    }[call]
    driver = drive(Raising)
    assert fault(driver) == f"{LABEL}, {doing}: {message}"
    assert len(driver.machine.history) == told


def test_an_error_that_names_the_plugin_is_not_named_twice() -> None:
    """A factory that is guarded itself has said it all."""

    def build(_start):
        raise PluginError(f"{LABEL}, being built: it raised ValueError: no")

    assert fault(drive(build)) == f"{LABEL}, being built: it raised ValueError: no"


def test_ctrl_c_is_nobodys_fault() -> None:
    """It passes through."""

    class Interrupted(Polite):
        def ask(self, _context):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        drive(Interrupted).run()


@pytest.mark.parametrize(
    ("made", "message"),
    [
        (None, "it made None, which has no ask, tell, refused"),
        ({"ask": 1}, "it made {'ask': 1}, which has no ask, tell, refused"),
        (
            type("Half", (), {"ask": len, "tell": 5, "__repr__": lambda _self: "Half()"})(),
            "it made Half(), which has no tell, refused",
        ),
    ],
)
def test_what_is_no_method_is_named_when_it_is_made(made, message) -> None:
    """Not only when a call of it is needed."""
    assert fault(drive(lambda _start: made)) == f"{LABEL}, being built: {message}"


def test_looking_a_call_up_is_contained_too() -> None:
    """A property is the plugin's code."""

    class Vanishing(Polite):
        looked = 0

        @property
        def ask(self):
            Vanishing.looked += 1
            if Vanishing.looked > 2:
                raise OSError("gone")
            return super().ask

    assert fault(drive(Vanishing)) == f"{LABEL}, asked for trial 2: it raised OSError: gone"


async def score(backtests):
    """Score nothing, later."""


def test_nothing_that_must_be_awaited_is_called() -> None:
    """Neither a function nor an object with an async method or a generator: nobody would wait."""

    class Later(Polite):
        async def tell(self, trial, context):
            """Learn nothing, later."""

        async def refused(self, point):
            """Learn nothing, later."""
            yield

    class Begun(Polite):
        def tell(self, trial, context):
            """Learn nothing, unless somebody iterates."""
            yield

    class Adopting(Polite):
        def adopt(self, context, proposal):
            """Take nothing back."""
            yield

    assert fault(drive(Later)).endswith("whose tell, refused must not be async")
    assert fault(drive(Begun)).endswith("whose tell must not be a generator (`yield`)")
    assert fault(drive(Adopting)).endswith("whose adopt must not be a generator (`yield`)")
    with pytest.raises(PluginError, match="whose __call__ must not be async"):
        Guard("me").needs(score, ("__call__",), "being built")


def test_a_long_text_of_an_error_is_cut() -> None:
    """A message is one line that a person can read."""

    class Verbose(Polite):
        def ask(self, _context):
            raise ValueError("no\n  way " + "x" * 3_000_000)

    told = f"{LABEL}, asked for trial 1: it raised ValueError: no way {'x' * 1990}..."
    assert fault(drive(Verbose)) == told


@pytest.mark.parametrize(
    "touch",
    [
        random.random,
        lambda: random.seed(1),
        lambda: random.shuffle([1, 2]),
        np.random.random,
        lambda: np.random.seed(1),  # noqa: NPY002
        lambda: np.random.shuffle([1, 2]),  # noqa: NPY002
    ],
)
@pytest.mark.parametrize("call", ["build", "ask", "tell", "refused"])
def test_global_random_state_is_off_limits(call, touch) -> None:
    """Both generators, in every call, drawn from or seeded."""
    # Seeded as the test before may have left them, they would look untouched.
    random.random()
    np.random.random()  # noqa: NPY002

    class Touching(Polite):
        def __init__(self, start):
            super().__init__(start)
            self._touch("build")

        def ask(self, context):
            self._touch("ask")
            return Proposal((0, 0)) if call == "refused" else super().ask(context)

        def tell(self, _trial, _context):
            self._touch("tell")

        def refused(self, _point):
            self._touch("refused")

        def _touch(self, at):
            if call == at:
                touch()

    doing = {
        "build": "being built",
        "ask": "asked for trial 1",
        "tell": "told trial 1",
        "refused": "refused a repeat for trial 2",
    }[call]
    assert fault(drive(Touching)) == f"{LABEL}, {doing}: {GLOBAL}"


def test_global_random_state_is_watched_later_too() -> None:
    """Less often: whoever goes on with it is found."""

    class Late(Polite):
        def __init__(self, start):
            Scripted.__init__(self, start, list(range(600)))

        def ask(self, context):
            if context.number > 80:
                random.random()
            return super().ask(context)

        def tell(self, trial, context):
            pass

    message = fault(drive(Late, space=grid(30, 30)))
    assert message.endswith(GLOBAL)
    assert 80 < int(message.split("trial ")[1].split(":")[0]) <= 80 + 251


def test_the_contexts_generators_are_free_to_use() -> None:
    """They are the method's own, and the same for the same ask."""
    seen: list[tuple[float, float]] = []

    class Random(Polite):
        def ask(self, context):
            seen.append((context.random().random(), context.generator().random()))
            return super().ask(context)

    for _ in range(2):
        drive(Random).run()
    half = len(seen) // 2
    assert seen[:half] == seen[half:]
    assert len(set(seen)) == half


def test_loading_numpy_is_no_use_of_its_random_state() -> None:
    """In a fresh process, where a call of the method is the first to import it."""
    code = """
import sys
from leanopt_core.search.guard import RepeatableGuard
assert "numpy" not in sys.modules
guard = RepeatableGuard("demo")
def draw():
    import numpy.random
    return numpy.random.default_rng(1).random()
assert 0 < guard.call("asked", draw) < 1
def touch():
    import numpy.random
    numpy.random.random()
guard.call("asked", touch)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stderr.splitlines()[-1].endswith(f"demo, asked: {GLOBAL}")


def test_waiting_for_nothing_is_named() -> None:
    """Nothing is outstanding that could ever be told."""

    class Waiting(Polite):
        def ask(self, context):
            return WAIT if context.number == 3 else super().ask(context)

    assert fault(drive(Waiting)) == (
        f"{LABEL}, asked for trial 3: it returned WAIT, but there is no pending trial to wait for"
    )


def test_repeats_without_end_end_the_stage() -> None:
    """A hundred in a row; the next stage goes on."""
    made: list[Scripted] = []

    class Stuck(Polite):
        def ask(self, context):
            self.asks.append((context.number, context.attempt, 0))
            return Proposal((context.number == 1, 0)) if context.number > 2 else Proposal((0, 0))

    rules = [
        scripted([], made, name="one", label=LABEL),
        StageRule("stuck", LABEL, lambda start: made.append(Stuck(start)) or made[-1]),
        scripted([5], made, name="last", label=LABEL),
    ]
    driver = Driver(grid(), rules, lookahead=4)
    commands = driver.run()
    assert [c.reason for c in commands if isinstance(c, StageEnded)] == ["done", "repeats", "done"]
    assert [c.grid_index for c in commands if isinstance(c, Propose)] == [0, 5]
    stuck = made[1]
    assert stuck.asks == [(1, 0, 0), *((2, attempt, 0) for attempt in range(100))]
    assert stuck.refusals == [(0, 0)] * 100


def test_the_history_is_for_reading() -> None:
    """A method can neither add to it nor change what is in it."""

    class Forging(Polite):
        def ask(self, context):
            if context.number == 3:
                with pytest.raises(AttributeError):
                    context.history[0].objective = 1e9
                with pytest.raises(TypeError):
                    context.history[0] = context.history[1]
                context.history.add(None, 5)
            return super().ask(context)

    driver = drive(Forging)
    assert "asked for trial 3: it raised AttributeError" in fault(driver)
    assert len(driver.machine.history) == 2


def test_what_is_wrong_in_adopt_is_named() -> None:
    """Replay is no other matter than the first time."""

    class Adopting(Polite):
        def adopt(self, context, proposal):
            raise LookupError(context.number, proposal.origin)

    recorded = {1: Recorded("one", (0, 0), "script", 0, 0)}
    assert fault(drive(Adopting, recorded=recorded.get)) == (
        f"{LABEL}, given back trial 1: it raised LookupError: (1, 'script')"
    )


def test_a_method_is_called_with_what_it_was_promised() -> None:
    """The calls and their arguments, unchanged by the containment."""
    start = StageStart(grid(), 7, None, 1, ())
    made: list[Scripted] = []
    stage = GuardedStage(lambda begin: made.append(Polite(begin)) or made[0], start, LABEL)
    assert made[0].start is start
    assert not stage.adopts
    assert stage.ask(AskContext(1, 0, 7, ())) == Proposal((0, 0), "script")
    stage.refused((0, 0), 1)
    assert made[0].refusals == [(0, 0)]


def test_errors_for_the_user_pass_where_they_are_expected() -> None:
    """An executor that says what is missing has said it in leanopt's own manner."""
    guard = Guard("executor 'demo' (demo 1.0)")

    def missing():
        raise ExecutorError("no docker here")

    with pytest.raises(ExecutorError, match="no docker here"):
        guard.call("being built", missing)
    with pytest.raises(PluginError, match=r"executor 'demo' \(demo 1.0\), being built: it raised"):
        guard.call("being built", lambda: 1 / 0)
    assert guard.call("being built", max, 1, 2) == 2


@pytest.mark.parametrize(
    ("reason", "ended"),
    [
        ("local optimum", "done: local optimum"),
        ("no " * 1000, f"done: {('no ' * 1000)[:497]}..."),
        ("", "done"),
        (None, "done"),
        (3, "done"),
        ("\ud800", "done"),
    ],
)
def test_a_method_may_say_why_it_is_done(reason, ended):
    """A text that can be stored follows `done`; anything else is passed over."""

    class PrepareContext(Polite):
        def __init__(self, start):
            super().__init__(start)
            self.script = iter([0, DONE])
            self.reason = reason

    commands = drive(PrepareContext).run()
    assert [c.reason for c in commands if isinstance(c, StageEnded)] == [ended]
