"""The parameter space: named axes of exact values, constraints between them, points; formulas."""

from leanopt_core.space._axis import Axis, AxisKind, kinds_of
from leanopt_core.space._checks import (
    AxisError,
    ConstraintError,
    ExpressionError,
    FilterError,
    FormulaError,
    usable_in_constraints,
)
from leanopt_core.space._constraint import ParameterConstraint
from leanopt_core.space._counting import Count
from leanopt_core.space._filter import Filter
from leanopt_core.space._formula import Formula
from leanopt_core.space._numbers import Kind, Value, number_text
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
    "Filter",
    "FilterError",
    "Formula",
    "FormulaError",
    "Kind",
    "Metric",
    "ParameterConstraint",
    "Permutation",
    "Point",
    "Sampling",
    "Space",
    "Value",
    "kinds_of",
    "number_text",
    "usable_in_constraints",
]
