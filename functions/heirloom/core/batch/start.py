"""Starting a batch: the same order for the same file is one batch, however often it is given.

Called by `heirloom batch`. While it runs, it is joined; when it has ended, the next execution finishes what is missing.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from itertools import count
from typing import Any

from heirloom.core.batch.plan import Order
from heirloom.core.run.upload import Executions
from heirloom.core.storage import Stored

RUNNING = "RUNNING"


def start(order: Order, source: Stored, machine: str, executions: Executions) -> str:
    """The name of the execution that does it, which runs already or begins now. Raises NotFound (no such machine)."""
    given = json.dumps(order.to_document(), sort_keys=True)
    identity = hashlib.sha256(f"{given}/{source.etag}".encode()).hexdigest()[:12]
    names = (f"{order.model}-{identity}-{attempt}" for attempt in count(1))
    document = {"batch": order.to_document()}
    return next(name for name in names if _runs(name, machine, document, executions))


def _runs(name: str, machine: str, document: Mapping[str, Any], executions: Executions) -> bool:
    if executions.start(machine, name, document):
        return True
    found = executions.find(machine, name)
    return found is not None and found.status == RUNNING
