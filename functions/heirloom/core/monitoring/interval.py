"""How sure a share is: Wilson's interval.

E. B. Wilson: Probable inference, the law of succession, and statistical inference. JASA 22, 1927. Unlike a share less
so many standard errors its bound holds near 1, too: docs/accuracy.md has how often it does.
"""

from __future__ import annotations

import math
from statistics import NormalDist

CONFIDENCE = 0.95


def interval(share: float, total: int) -> tuple[float, float]:
    """The 95% interval of the true share where ``share`` of ``total`` was seen; all of [0, 1] of none."""
    spread = NormalDist().inv_cdf((1 + CONFIDENCE) / 2)
    return _bound(share, total, -spread), _bound(share, total, spread)


def lower_bound(share: float, total: int, confidence: float) -> float:
    """What the true share is at least, with this confidence in [0.5, 1)."""
    return _bound(share, total, -NormalDist().inv_cdf(confidence))


def _bound(share: float, total: int, z: float) -> float:
    if not total:
        return 0.0 if z < 0 else 1.0
    middle = share + z * z / (2 * total)
    half = z * math.sqrt(share * (1 - share) / total + z * z / (4 * total * total))
    return min(max((middle + half) / (1 + z * z / total), 0.0), 1.0)
