"""The logarithm of expected improvement: exact even where the value itself underflows to 0."""

from __future__ import annotations

from math import log, pi, sqrt

import numpy as np

from leanopt_surrogate._grid import Floats

#: The series of the tail is used below so many standard deviations.
_TAIL = -1.0
#: The smallest standard deviation of a prediction.
_DOUBT = 1e-9


def log_improvement(mean: Floats, deviation: Floats, best: float) -> Floats:
    """Return log E[max(f - best, 0)] for normal f [Ament et al. 2023, Unexpected improvements]."""
    from scipy.special import erfcx, ndtr

    deviation = np.maximum(deviation, _DOUBT)
    z = (mean - best) / deviation
    near, far = np.maximum(z, _TAIL), np.minimum(z, _TAIL)
    density = np.exp(-(near**2) / 2) / sqrt(2 * pi)
    # 1 - sqrt(pi / 2) |z| erfcx(|z| / sqrt(2)) tends to 1 / z^2: used beyond float precision.
    rest = 1 - sqrt(pi / 2) * -far * erfcx(-far / sqrt(2))
    rest = np.where(far < -1e4, 1 / far**2, np.maximum(rest, 1e-300))  # noqa: PLR2004
    tail = -(far**2) / 2 - log(2 * pi) / 2 + np.log(rest)
    value = np.where(z > _TAIL, np.log(density + near * ndtr(near)), tail)
    return np.log(deviation) + value
