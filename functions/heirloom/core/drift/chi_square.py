"""How often chance alone gives a chi-square of this size or larger, with the standard library alone.

It is the upper regularised incomplete gamma function Q(a, x) of half the degrees of freedom and half the statistic: by
its series below a + 1 (NIST Digital Library of Mathematical Functions, 8.7.1), above by its continued fraction
(8.9.2) in Lentz's modified form (Press et al., "Numerical Recipes", 3rd edition, section 6.2).
"""

from __future__ import annotations

import math

_PRECISION = 1e-14
_TINY = 1e-300


def survival(statistic: float, freedom: int) -> float:
    """P(X >= statistic) of a chi-square with so many degrees of freedom, of which there is at least one."""
    a, x = freedom / 2, statistic / 2
    if x <= 0:
        return 1.0
    scale = math.exp(a * math.log(x) - x - math.lgamma(a))
    return 1 - scale * _series(a, x) if x < a + 1 else scale * _fraction(a, x)


def _series(a: float, x: float) -> float:
    """The sum of x^n / (a (a + 1) ... (a + n)): Q is what it leaves, times the scale, of 1."""
    term = total = 1 / a
    while term > total * _PRECISION:
        a += 1
        term *= x / a
        total += term
    return total


def _fraction(a: float, x: float) -> float:
    """1/(x+1-a- 1(1-a)/(x+3-a- 2(2-a)/(x+5-a- ...))): times the scale it is Q."""
    b, c = x + 1 - a, 1 / _TINY
    d = found = 1 / b
    n, step = 0, 0.0
    while abs(step - 1) > _PRECISION:
        n += 1
        factor = n * (a - n)
        b += 2
        d, c = 1 / _nonzero(factor * d + b), _nonzero(b + factor / c)
        step = c * d
        found *= step
    return found


def _nonzero(value: float) -> float:
    return value if abs(value) > _TINY else _TINY
