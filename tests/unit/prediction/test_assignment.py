"""Who falls to the canary and to the shadow: a share of the callers, the same ones each time."""

from __future__ import annotations

from dataclasses import replace

import pytest

from heirloom.core.prediction.assignment import in_canary, in_shadow
from tests.unit.prediction.routes import ON_TRIAL, ROUTE, SHADOWED, canary, shadow

CALLERS = [f"passenger-{n}" for n in range(4000)]


def test_without_a_canary_or_a_shadow_nobody_falls_to_one() -> None:
    assert not any(in_canary(ROUTE, caller) or in_shadow(ROUTE, caller) for caller in CALLERS)


@pytest.mark.parametrize("share", [0.01, 0.1, 0.5])
def test_a_canary_gets_its_share_of_the_callers(share: float) -> None:
    route = replace(ON_TRIAL, canary=canary(share=share))

    found = sum(in_canary(route, caller) for caller in CALLERS) / len(CALLERS)

    assert found == pytest.approx(share, abs=3 * (share * (1 - share) / len(CALLERS)) ** 0.5)


def test_a_share_of_one_is_everybody() -> None:
    route = replace(ON_TRIAL, canary=canary(share=1.0), shadow=shadow(share=1.0))

    assert all(in_canary(route, caller) and in_shadow(route, caller) for caller in CALLERS)


def test_a_larger_share_keeps_the_callers_of_a_smaller_one() -> None:
    small, large = (replace(ON_TRIAL, canary=canary(share=share)) for share in (0.1, 0.3))

    assert all(in_canary(large, caller) for caller in CALLERS if in_canary(small, caller))


def test_each_release_and_each_shadow_draws_its_callers_anew() -> None:
    first, second = (
        replace(ON_TRIAL, canary=canary(share=0.5, release=release), shadow=shadow(share=0.5)) for release in ("a", "b")
    )

    def overlap(one: set[str], other: set[str]) -> float:
        return len(one & other) / len(one)

    canaries = {caller for caller in CALLERS if in_canary(first, caller)}
    assert overlap(canaries, {caller for caller in CALLERS if in_canary(second, caller)}) == pytest.approx(0.5, abs=0.1)
    assert overlap(canaries, {caller for caller in CALLERS if in_shadow(first, caller)}) == pytest.approx(0.5, abs=0.1)


def test_the_place_of_a_caller_never_changes() -> None:
    """Another hash would move callers from one arm to the other in the middle of a trial."""
    route = replace(ON_TRIAL, canary=canary(share=0.1))

    assert [caller for caller in CALLERS[:40] if in_canary(route, caller)] == ["passenger-13", "passenger-23"]


def test_half_of_a_surrogate_pair_which_json_may_hold_is_a_caller_too() -> None:
    assert in_shadow(SHADOWED, "\ud800")
