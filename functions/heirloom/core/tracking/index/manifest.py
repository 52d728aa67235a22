"""Which blocks an experiment's index has. One document, so that a search sees all of them as they are at one moment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from heirloom.core.tracking.documents import Data, Document

MANIFESTS = "blocks"
"""The partition of manifests; an experiment's has its id."""
Place = tuple[str, int]
"""A block and a row of it."""


@dataclass(frozen=True)
class Block:
    """``dead`` rows are of runs that have changed since, or are gone. ``cells`` is how many values its columns have;
    ``deleted`` says that runs in it are deleted ones."""

    id: str
    rows: int
    cells: int
    deleted: bool = False
    dead: Sequence[int] = ()

    @property
    def alive(self) -> int:
        """Rows that still count."""
        return self.rows - len(self.dead)


@dataclass(frozen=True)
class Retired:
    """A block that others took the place of, or that never came to be, and since when (ms since 1970)."""

    id: str
    at: int


@dataclass(frozen=True)
class Manifest:
    """``making``: the block that somebody is at work on, until when at the longest."""

    blocks: tuple[Block, ...] = ()
    retired: tuple[Retired, ...] = ()
    making: Retired | None = None

    def to_document(self) -> Data:
        """Plain JSON."""
        return asdict(self)

    @classmethod
    def of(cls, document: Document | None) -> Manifest:
        """An experiment's; an empty one where nothing was packed yet."""
        if document is None:
            return cls()
        data: Mapping[str, Any] = document.data
        making = Retired(**data["making"]) if data["making"] else None
        return cls(
            tuple(Block(**block) for block in data["blocks"]),
            tuple(Retired(**each) for each in data["retired"]),
            making,
        )

    def known(self) -> list[str]:
        """All blocks that there may be columns of."""
        making = (self.making,) if self.making else ()
        return [*(block.id for block in self.blocks), *(each.id for each in (*self.retired, *making))]

    def without_dead(self, dead: Mapping[str, set[int]]) -> tuple[Block, ...]:
        """The blocks, in which these rows are dead, too."""
        return tuple(
            replace(block, dead=sorted({*block.dead, *dead[block.id]})) if block.id in dead else block
            for block in self.blocks
        )


def columns_of(experiment: str, block: str) -> str:
    """The partition of a block's columns."""
    return f"columns#{experiment}#{block}"
