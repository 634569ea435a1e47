"""Whether a statement runs in a backtest, as far as the conditions around it tell."""

from __future__ import annotations

from leanopt_lean.source.syntax import Call, Choice, Expression, Literal, Name, Statement

_LIVE = "livemode"


def runs(statement: Statement) -> bool | None:
    """Return whether its conditions let a statement run in a backtest, None where they may."""
    met = [
        known if known is None else known is one.met
        for one in statement.conditions
        for known in [_known(one.test)]
    ]
    if False in met:
        return False
    return None if None in met else True


def _known(test: Expression) -> bool | None:
    """Return what a test says in every backtest, None where that differs."""
    match test:
        case Literal(value=bool() as value):
            return value
        case Name():
            return False if test.last.replace("_", "").lower() == _LIVE else None
        case Call(name="not", arguments=[inner]):
            known = _known(inner.value)
            return None if known is None else not known
        case Call(name="and"):
            return _joined([one.value for one in test.arguments], decisive=False)
        case Choice(condition=None):
            return _joined(list(test.options), decisive=True)
    return None


def _joined(tests: list[Expression], *, decisive: bool) -> bool | None:
    """Return what tests say together, of which a single one can decide."""
    known = [_known(one) for one in tests]
    if decisive in known:
        return decisive
    return None if None in known else not decisive
