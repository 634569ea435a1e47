"""The grammar of constraints: a small whitelist; everything else is refused, nothing is run."""

from decimal import Decimal

import pytest

from leanopt_core.errors import SpaceError
from leanopt_core.space import Axis, ConstraintError, ParameterConstraint, Space

KNOWN = {
    "fast": Axis.integers("fast", 1, 9),
    "slow": Axis.integers("slow", 1, 9),
    "exit": Axis.choices("exit", ["close", "trail"]),
    "flag": Axis.choices("flag", [True, False]),
    "mix": Axis.choices("mix", ["a", 1]),
    "stop-loss": Axis.integers("stop-loss", 1, 2),
    "size": 5,
}

FORM = "is not allowed in a constraint"
UNREAD = "cannot be read"
DIGITS = "has more than 30 digits before or after the decimal point"
DEEP = "is nested deeper than 60 levels"
CHAIN = ("has in inside a chain of comparisons", "join them with and")
LIST = ("is not a list", "write a list as (1, 2), with one value (1,)")
NAMES = "choose from: exit, fast, flag, mix, size, slow"

REFUSED = [
    # text, column, message, hint
    ("", 1, "is empty", ""),
    ("  ", 1, "is empty", ""),
    ("fast < slow\nslow > 1", 1, "must be on one line", ""),
    ("fast > 1" + " " * 2000, 1, "is longer than 2000 characters", ""),
    ("fast <", 7, UNREAD, ""),
    ("fast = 3", 6, UNREAD, "write == for equality"),
    ("fast <> slow", 6, UNREAD, "write != instead of <>"),
    ("fast && slow", 7, UNREAD, "write and instead of &&"),
    ("flag || flag", 7, UNREAD, "write or instead of ||"),
    ("fast =< slow", 6, UNREAD, "write <= instead of =<"),
    ("fast ≤ slow", 6, UNREAD, "write <= instead of ≤"),
    ("fast > 25%", 11, UNREAD, "write 0.25 for 25%"),
    ("!flag", 1, UNREAD, "write not, or != for unequal"),
    ("fast; slow", 5, UNREAD, ""),
    ("import os", 1, UNREAD, ""),
    ("fast := 5", 6, UNREAD, "write == for equality"),
    ("exit == 'close", 9, UNREAD, ""),
    ("fast\x00 < slow", 13, UNREAD, ""),
    ("\ud800 < fast", 1, UNREAD, ""),
    ("yield fast", 1, UNREAD, ""),
    # Python's other forms
    ("fast.real > 1", 1, f"fast.real {FORM}", ""),
    ("fast[0] > 1", 1, f"fast[0] {FORM}", ""),
    ("().__class__", 1, f"().__class__ {FORM}", ""),
    ("lambda: fast", 1, f"lambda: fast {FORM}", ""),
    ("[x for x in (fast,)]", 1, f"[x for x in (fast,)] {FORM}", ""),
    ("{x for x in (fast,)}", 1, f"{{x for x in (fast,)}} {FORM}", ""),
    ("(x for x in (fast, 1))", 1, f"(x for x in (fast, 1)) {FORM}", ""),
    ("{x: 1 for x in (fast,)}", 1, f"{{x: 1 for x in (fast,)}} {FORM}", ""),
    ("{fast: 1}", 1, f"{{fast: 1}} {FORM}", ""),
    ("(fast := 5) > 3", 2, f"fast := 5 {FORM}", ""),
    ("f'{fast}' == exit", 1, f"f'{{fast}}' {FORM}", ""),
    ("await fast", 1, f"await fast {FORM}", ""),
    ("slow if flag else fast", 1, f"slow if flag else fast {FORM}", "use and, or, not"),
    ("fast in (*slow,)", 10, f"*slow {FORM}", ""),
    ("fast == (1, 2)", 9, f"(1, 2) {FORM}", "a list is allowed only after in"),
    ("fast < ...", 8, f"... {FORM}", ""),
    ("fast == None", 9, f"None {FORM}", ""),
    ("fast is slow", 1, "fast is compared with is", "write =="),
    ("fast is not slow", 1, "fast is compared with is", "write !="),
    ("exit == b'close'", 9, f"b'close' {FORM}", ""),
    ("fast < 1j", 8, f"1j {FORM}", ""),
    # operators
    ("fast ** 2 > 4", 1, f"fast ** 2 {FORM}", "write x * x"),
    ("9**9**9 > fast", 1, f"9**9**9 {FORM}", "write x * x"),
    ("fast ^ 2 > 4", 1, f"fast ^ 2 {FORM}", "write x * x for a power"),
    ("1 << 99999999999 > fast", 1, f"1 << 99999999999 {FORM}", ""),
    ("flag & flag", 1, f"flag & flag {FORM}", "write and"),
    ("flag | flag", 1, f"flag | flag {FORM}", "write or"),
    ("~fast > 1", 1, f"~fast {FORM}", "write not"),
    ("fast @ slow > 1", 1, f"fast @ slow {FORM}", ""),
    # calls
    ("globals()", 1, "globals is not a function here", "use abs, min or max"),
    ("fast(1) > 2", 1, "fast is not a function here", "use abs, min or max"),
    ("(lambda: 1)() > fast", 2, "lambda: 1 is not a function here", "use abs, min or max"),
    ("abs(fast, 1) > 1", 1, "abs(fast, 1) is not valid: abs takes one number", ""),
    ("min(fast) > 1", 1, "min(fast) is not valid: min takes two or more", ""),
    ("max(1, fast, k=2) > 1", 1, "max(1, fast, k=2) is not valid: max takes two or more", ""),
    ("min(*fast, 1) > 1", 5, f"*fast {FORM}", ""),
    # hostile sizes
    ("fast < 1e400", 8, f"1e400 {DIGITS}", ""),
    ("fast < 1e9999999999999999999", 8, f"1e9999999999999999999 {DIGITS}", ""),
    ("fast < 1e-3000000000", 8, f"1e-3000000000 {DIGITS}", ""),
    ("fast < " + "9" * 1900, 8, "9" * 80 + f"... {DIGITS}", ""),
    ("fast < 0." + "0" * 30 + "1", 8, "0." + "0" * 30 + f"1 {DIGITS}", ""),
    ("(" * 300 + "fast" + ")" * 300 + " > 1", 201, UNREAD, ""),
    ("not " * 100 + "flag", 241, DEEP, ""),
    ("-" * 1500 + "fast > 1", 60, DEEP, ""),
    (" + ".join(["fast"] * 70) + " > 1", 1, DEEP, ""),
    # names
    ("fats < slow", 1, "fats is not a parameter", "did you mean 'fast'?"),
    ("1 < quick < 2", 5, "quick is not a parameter", NAMES),
    ("fast < nan", 8, "nan is not a parameter", NAMES),
    ("fast < __debug__", 8, "__debug__ is not a parameter", NAMES),
    ("abs > fast", 1, "abs is not a parameter", NAMES),
    (
        "stop-loss > 1",
        1,
        "stop is not a parameter",
        "constraints cannot use 'stop-loss': its name is not an identifier",
    ),
    ("ﬁ > fast", 1, "ﬁ is read as 'fi'", "rename the parameter"),
    ("1 < 2", 1, "does not use any parameter", ""),
    ("true", 1, "does not use any parameter", ""),
    # kinds
    ("fast", 1, "fast is a number, not true or false", ""),
    ("fast + 1", 1, "fast + 1 is a number, not true or false", ""),
    ("not fast", 5, "fast is a number, not true or false", ""),
    ("flag and exit", 10, "exit is a text, not true or false", ""),
    ("exit < 'a'", 1, "exit is a text, not a number", ""),
    ("mix < 2", 1, "mix is a number or a text, not a number", ""),
    ("-flag > 1", 2, "flag is true or false, not a number", ""),
    ("exit + 'a' == 'b'", 1, "exit is a text, not a number", ""),
    ("exit * 999999999 == 'b'", 1, "exit is a text, not a number", ""),
    ("'%d' % fast == 'a'", 1, "'%d' is a text, not a number", ""),
    ("exit == 1", 1, "exit is a text and 1 is a number: never equal", ""),
    ("flag == 1", 1, "flag is true or false and 1 is a number: never equal", ""),
    ("fast in (1, 'a')", 1, "fast is a number and 'a' is a text: never equal", ""),
    ("exit == 'clsoe'", 9, "'clsoe' is not a choice of exit", "did you mean 'close'?"),
    ("exit in ('a', 'close')", 10, "'a' is not a choice of exit", "choose from: close, trail"),
    ("exit == 'clos\\145x'", 9, "'clos\\145x' is not a choice of exit", "did you mean 'close'?"),
    # lists
    ("fast in slow", 9, f"slow {LIST[0]}", LIST[1]),
    ("fast in ()", 9, f"() {LIST[0]}", LIST[1]),
    ("1 < fast in (1, 2)", 1, f"1 < fast in (1, 2) {CHAIN[0]}", CHAIN[1]),
    # divisions
    ("fast / 0 > 1", 1, "fast / 0 divides by zero", ""),
    ("fast // 0.0 > 1", 1, "fast // 0.0 divides by zero", ""),
    ("fast % 0 > 1", 1, "fast % 0 divides by zero", ""),
]  # fmt: skip


@pytest.mark.parametrize(("text", "column", "message", "hint"), REFUSED)
def test_what_is_not_in_the_grammar_is_refused(text, column, message, hint):
    """Each with the column, what is wrong, and what to write instead where that is known."""
    with pytest.raises(ConstraintError) as caught:
        ParameterConstraint.parse(text, KNOWN)
    error = caught.value
    assert (error.text, error.column, error.message, error.hint) == (text, column, message, hint)
    assert isinstance(error, SpaceError)


def test_the_error_is_one_short_line():
    """Text, column, message and hint, however long the text is."""
    with pytest.raises(ConstraintError) as caught:
        ParameterConstraint.parse("fats < slow", KNOWN)
    assert str(caught.value) == (
        "constraint 'fats < slow', column 1: fats is not a parameter (did you mean 'fast'?)"
    )
    with pytest.raises(ConstraintError) as caught:
        ParameterConstraint.parse("x" * 1900 + " < fast", KNOWN)
    assert len(str(caught.value)) < 350


@pytest.mark.parametrize(
    "text",
    [
        "open({path!r}, 'w') == 1",
        "__import__('pathlib').Path({path!r}).touch() or fast > 1",
        "[open({path!r}, 'w') for x in (1, 2)]",
        "f'{{open({path!r}, chr(119))}}' == exit",
        "fast in (1, open({path!r}, 'w'))",
        "fast > abs(open({path!r}, 'w'))",
        "(lambda: open({path!r}, 'w'))() == fast",
        "fast if open({path!r}, 'w') else slow",
    ],
)
def test_nothing_is_run(text, tmp_path):
    """Code that would create a file is refused, and there is no file."""
    path = tmp_path / "made"
    with pytest.raises(ConstraintError):
        ParameterConstraint.parse(text.format(path=str(path)), KNOWN)
    assert not path.exists()


def test_a_constraint_knows_its_parameters():
    """Fixed ones count, functions do not, even where a parameter is called like one."""
    names = ParameterConstraint.parse("abs(fast - slow) > size", KNOWN).names
    assert names == {"fast", "slow", "size"}
    known = {"min": 3, "max": 5}
    assert ParameterConstraint.parse("max(1, 2) < 3 or max > 2", known).names == {"max"}
    assert ParameterConstraint.parse("min(min, max) == 3", known).holds(known)


def test_names_alone_are_enough_to_read_and_not_to_use():
    """Without axes every kind is possible; the space then finds what does not fit."""
    constraint = ParameterConstraint.parse("exit > 2", ["fast", "exit"])
    with pytest.raises(ConstraintError, match="exit is a text, not a number"):
        Space((KNOWN["fast"], KNOWN["exit"]), {}, (constraint,))
    with pytest.raises(ConstraintError, match="did you mean 'exit'"):
        ParameterConstraint.parse("exti > 2", ["fast", "exit"])


def test_holds_needs_every_value():
    """A missing, inexact or wrong value is named."""
    constraint = ParameterConstraint.parse("fast < slow", KNOWN)
    assert constraint.holds({"fast": 1, "slow": Decimal("1.5"), "more": 3})
    with pytest.raises(SpaceError, match=r"constraint 'fast < slow' needs a value of slow"):
        constraint.holds({"fast": 1})
    with pytest.raises(SpaceError, match=r"parameter 'slow': the value must be .* found float 1.5"):
        constraint.holds({"fast": 1, "slow": 1.5})
    with pytest.raises(ConstraintError, match="slow is a text, not a number"):
        constraint.holds({"fast": 1, "slow": "x"})
