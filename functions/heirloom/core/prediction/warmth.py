"""Which endpoints are awake, as far as one running function can know: whether a request's time counts in a trial.

A serverless endpoint that nobody asks is scaled to zero, and starting it again takes longer than a canary has. A canary
gets a share of the traffic, so it would be late for want of requests: that says nothing of the version. Predict asks
before each request, so that what counts is decided before the outcome is known, by the same rule for both arms.
"""

from __future__ import annotations

import math

WARM_SECONDS = 300
"""How long an endpoint is taken to stay awake after it was asked. SageMaker states no time. Serverless endpoints run on
Lambda, which states none either; its idle environments were measured to last 5 minutes at first, 10 and more later
(https://mikhail.io/2019/08/aws-lambda-cold-starts-after-10-minutes/). The least of these: a larger figure counts cold
starts as slow, a smaller one leaves fewer requests to judge by."""
START_SECONDS = 60
"""By then an endpoint that was asked is taken to be awake, though it has not answered in time: SageMaker gives up an
invocation after 60 s (InvokeEndpoint, API reference). Without this a version that is always late would never count."""

_NEVER = (-math.inf, -math.inf)


class Warmth:
    """What one running function remembers of each endpoint: since when it is awake, and when it was asked last.

    All times are seconds since 1970, since a process is frozen between its requests and its own clock may be, too."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[float, float]] = {}

    def awake(self, endpoint: str, now: float) -> bool:
        """It was asked within WARM_SECONDS, and has answered since it was cold or had START_SECONDS to start."""
        since, last = self._known.get(endpoint, _NEVER)
        return since <= now <= last + WARM_SECONDS

    def asked(self, endpoint: str, began: float, ended: float, *, answered: bool) -> None:
        """Remember a request; one that was given up wakes the endpoint as well."""
        since, last = self._known.get(endpoint, _NEVER)
        if began - last > WARM_SECONDS:
            since = began + START_SECONDS
        self._known[endpoint] = (min(since, ended) if answered else since, ended)
