"""Uploads for the project `paint`, right ones and wrong ones."""

from __future__ import annotations

import random

HEADER = "thickness,colour,dry"


def coats(rows: int, seed: int = 0) -> bytes:
    """A good file: thin coats dry, with some noise."""
    source = random.Random(seed)
    lines = [HEADER]
    for _ in range(rows):
        thickness = source.random()
        dry = (thickness < 0.4) != (source.random() < 0.1)
        lines.append(f"{thickness:.4f},{source.choice(['red', 'green', 'blue'])},{'yes' if dry else 'no'}")
    return "\n".join(lines).encode() + b"\n"


def spoiled(rows: int = 50) -> bytes:
    """A file that is valid, and that the project's own code can't train on."""
    return coats(rows).replace(b"red", b"spoiled")


WRONG = {
    "empty": b"",
    "header-only": HEADER.encode() + b"\n",
    "no-label": b"thickness,colour\n" + b"0.1,red\n" * 20,
    "one-class": HEADER.encode() + b"\n" + b"0.1,red,yes\n" * 20,
    "duplicate-column": b"thickness,thickness,colour,dry\n" + b"0.1,0.2,red,yes\n0.3,0.2,red,no\n" * 10,
    "not-utf-8": HEADER.encode() + b"\n" + "0.1,grün,yes\n0.6,grün,no\n".encode("latin-1") * 10,
    "wrong-type": coats(20) + b"thick,red,yes\n",
}
# A word that the reason of each refusal has to contain.
REASONS = {
    "empty": "empty",
    "header-only": "row",
    "no-label": "dry",
    "one-class": "yes",
    "duplicate-column": "thickness",
    "not-utf-8": "UTF-8",
    "wrong-type": "thick",
}
