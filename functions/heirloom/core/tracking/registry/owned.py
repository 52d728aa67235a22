"""Models that a pipeline owns: who may change what of them.

The pipeline of a project numbers the versions of the registered model of its name, each in one transaction with its
node in the lineage, and its route says which of them is champion, canary and shadow. What would make the registry say
something else is refused; descriptions, other tags and other aliases are everybody's.
"""

from __future__ import annotations

from heirloom.core.errors import Denied
from heirloom.core.tracking.documents import Data

PIPELINE = "pipeline"
"""In a model's document: it is a pipeline's."""
RESERVED = "heirloom."
"""What the keys of the tags begin with that the pipeline writes."""
ROLES = CHAMPION, CANARY, SHADOW = ("champion", "canary", "shadow")


def is_owned(model: Data) -> bool:
    """Whether a pipeline owns the model."""
    return bool(model.get(PIPELINE))


def check_free(model: Data) -> None:
    """Raises Denied for a new version, which would take the pipeline's next number."""
    if is_owned(model):
        name = model["name"]
        raise Denied(
            f"The versions of {name} are those that its pipeline has trained: upload data to have the next one"
            f" trained, or register this one under another name, such as {name}-by-hand"
        )


def check_stays(model: Data, what: str) -> None:
    """Raises Denied for what would take away what the lineage goes on to tell of."""
    if is_owned(model):
        raise Denied(
            f"{what} of {model['name']} can't be changed here: its pipeline registers its versions, and its route says"
            " which of them answers. `heirloom release` promotes, rolls back and rejects"
        )


def check_alias(model: Data, alias: str) -> None:
    """Raises Denied for an alias that the route gives."""
    if is_owned(model) and alias in ROLES:
        raise Denied(
            f"The alias {alias} of {model['name']} is what its route says: `heirloom release promote` and `heirloom"
            " release rollback` change it. Another alias can be set"
        )


def check_reserved(model: Data, key: str) -> None:
    """Raises Denied for a tag that the pipeline writes."""
    if is_owned(model) and key.startswith(RESERVED):
        raise Denied(f"Tags of {model['name']} that begin with {RESERVED} are its pipeline's: choose another key")
