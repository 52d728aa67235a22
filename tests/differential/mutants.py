"""Mistakes that the differential test has to find, each put into our code while it runs."""

from __future__ import annotations

import inspect
import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from types import CodeType
from typing import Any

from heirloom.core.tracking import experiments, log, run
from heirloom.core.tracking.evaluation import record
from heirloom.core.tracking.models import keeping, metrics
from heirloom.core.tracking.registry import aliases, model_versions, version
from heirloom.core.tracking.search import order, page


@dataclass(frozen=True)
class Mutant:
    """``function`` with ``right`` in its source replaced by ``wrong``; ``part`` of the protocol shows it."""

    part: str
    what: str
    function: Callable[..., Any]
    right: str
    wrong: str

    def code(self) -> CodeType:
        """What the function does with the mistake in it."""
        _, define, rest = textwrap.dedent(inspect.getsource(self.function)).partition("def ")  # no decorators
        source = define + rest
        assert source.count(self.right) == 1, f"{self.right!r} is not once in {self.function.__qualname__}"
        names = dict(self.function.__globals__)
        # the names of the annotations are not evaluated, as in the module itself
        exec("from __future__ import annotations\n" + source.replace(self.right, self.wrong), names)
        code: CodeType = names[self.function.__name__].__code__
        return code


MUTANTS = [
    Mutant("runs", "parameters may be changed", log._check_unchanged, "if changed:", "if False:"),
    Mutant("runs", "time before step", run.Point.newer.fget, "self.step, self.timestamp", "self.timestamp, self.step"),
    Mutant("runs", "a batch's tags replace the others", log._tagged, '{**run["tags"], **given}', "given"),
    Mutant("runs", "the tag of the name is a mere tag", log._tagged, "if NAME_TAG in given", "if False"),
    Mutant("runs", "deleted ones are written to", run._check_active, "if stage != ACTIVE:", "if False:"),
    Mutant("runs", "DESC is ASC", order._sorted, "reverse=not ascending", "reverse=False"),
    Mutant("runs", "what is missing before NaN", order._sorted, "nans + missing", "missing + nans"),
    Mutant("runs", "pages overlap", page.page, "items[start:end]", "items[max(0, start - 1) : end]"),
    Mutant("experiments", "deleted ones are renamed", experiments.rename, "!= ACTIVE", '== "?"'),
    Mutant("experiments", "deleted ones are tagged", experiments.active, "if stage != ACTIVE:", "if False:"),
    Mutant("experiments", "restored twice", experiments._move, "!= before", '== "?"'),
    Mutant("registry", "aliases outlive their version", model_versions.delete, "if each != number", "if each"),
    Mutant("registry", "latest is no alias", aliases.get, "alias.lower() == LATEST", "False"),
    Mutant("registry", "the oldest is the latest", version.latest_of, "in versions", "in reversed(list(versions))"),
    Mutant("models", "deleted ones are found", keeping.delete, 'stage": DELETED', 'stage": "active"'),
    Mutant("models", "tags replace the others", keeping.set_tags, '{**data["tags"], **new}', "new"),
    Mutant("models", "the first point stays", metrics.with_metrics, "_age(before) < _age(point)", "False"),
    Mutant("evaluation", "a record's tags replace the others", record.merged, '{**record["tags"], **tags}', "{**tags}"),
    Mutant("evaluation", "outputs stay", record.merged, 'given.get("outputs", record["outputs"])', 'record["outputs"]'),
]
