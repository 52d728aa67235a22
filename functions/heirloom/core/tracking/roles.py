"""Roles: who may ask what of tracking.

An endpoint stands in its table below the least role that it takes, so that none is without. A viewer reads and
searches; a data scientist does all that a project needs, deleting what can be restored; an admin does what hits others'
work or can't be undone. Programs have the same roles as IAM policies: infra/program_roles.py.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import IntEnum
from typing import TypeVar

Answering = TypeVar("Answering")
Asking = tuple[str, str]
"""A method and a path, in which a part in braces may be anything."""


class Role(IntEnum):
    """Each may do what those before it may."""

    VIEWER = 1
    DATA_SCIENTIST = 2
    ADMIN = 3

    def __str__(self) -> str:
        """As people say it, and as the group of the user pool is named."""
        return self.name.lower().replace("_", "-")


ByRole = Mapping[Role, Mapping[Asking, Answering]]
"""Who answers what, by the least role that it takes."""


def greatest(groups: Iterable[str]) -> Role | None:
    """The role that somebody in these groups has; groups of other names give none."""
    named = set(groups)
    return max((role for role in Role if str(role) in named), default=None)


def merged(*tables: ByRole[Answering]) -> ByRole[Answering]:
    """One table of several."""
    return {role: {key: each for table in tables for key, each in table.get(role, {}).items()} for role in Role}


def flat(table: ByRole[Answering]) -> Mapping[Asking, Answering]:
    """Who answers what, whatever it takes."""
    return {key: each for of_role in table.values() for key, each in of_role.items()}
