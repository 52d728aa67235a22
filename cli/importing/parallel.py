"""Many things at once, each on its own: one that fails is told of, and the others go on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from typing import TypeVar

from cli.importing.stack import AT_ONCE
from heirloom.core.errors import HeirloomError, Unavailable

T = TypeVar("T")
IN_A_ROW = 20
"""Failures after which nothing more is tried: then it is not the things that are wrong."""


def each(work: Callable[[T], None], things: Sequence[T], failed: Callable[[T, HeirloomError], None]) -> None:
    """Do ``work`` on each, in any order. Raises Unavailable when IN_A_ROW have failed one after the other."""
    in_a_row = 0
    with ThreadPoolExecutor(AT_ONCE) as pool:
        doing = {pool.submit(work, thing): thing for thing in things}
        try:
            for done in as_completed(doing):
                try:
                    done.result()
                    in_a_row = 0
                except HeirloomError as error:
                    in_a_row += 1
                    failed(doing[done], error)
                    if in_a_row >= IN_A_ROW:
                        raise Unavailable(f"{in_a_row} failed one after the other, the last one: {error}") from error
        except BaseException:  # Ctrl-C as well: those that have begun end, no other one begins
            pool.shutdown(wait=False, cancel_futures=True)
            raise
