"""The parameter space: named axes of exact values, constraints between them, points; formulas."""

from leanopt_core.space._axis import Axis, AxisKind
from leanopt_core.space._checks import (
    AxisError,
    ConstraintError,
    ExpressionError,
    FormulaError,
    usable_in_constraints,
)
from leanopt_core.space._constraint import ParameterConstraint
from leanopt_core.space._counting import Count
from leanopt_core.space._formula import Formula
from leanopt_core.space._numbers import Value, number_text
from leanopt_core.space._permutation import Permutation
from leanopt_core.space._points import Metric, Point
from leanopt_core.space._space import Space
from leanopt_core.space._sparse import Sampling

__all__ = [
    "Axis",
    "AxisError",
    "AxisKind",
    "ConstraintError",
    "Count",
    "ExpressionError",
    "Formula",
    "FormulaError",
    "Metric",
    "ParameterConstraint",
    "Permutation",
    "Point",
    "Sampling",
    "Space",
    "Value",
    "number_text",
    "usable_in_constraints",
]
