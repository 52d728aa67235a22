"""Why a request can't be answered: an HTTP status, in words, with the fields to blame."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import orjson


@dataclass(frozen=True)
class FieldError:
    """What is wrong at one place of the input, such as ``inputs[3].distance``."""

    field: str
    detail: str


class RefusedRequest(Exception):
    """The request can't be answered: an HTTP status, a title and, where there are any, the fields to blame.

    ``more`` is how many other fields are wrong, too.
    """

    def __init__(self, status: int, title: str, detail: str, errors: Sequence[FieldError] = (), more: int = 0) -> None:
        super().__init__(detail)
        self.status = status
        self.title = title
        self.detail = detail
        self.errors = tuple(errors)
        self.more = more


def unfit(errors: Sequence[FieldError], more: int = 0) -> RefusedRequest:
    """The rows are not what the model takes: the first errors in full, of the rest the number."""
    first, others = errors[0], len(errors) - 1 + more
    detail = f"{first.field}: {first.detail}" + (f" (and {others} more)" if others else "")
    return RefusedRequest(422, "Input does not fit the model", detail, errors, more)


def unfit_at(field: str, detail: str) -> RefusedRequest:
    """The same for one place."""
    return unfit([FieldError(field, detail)])


def malformed(detail: str) -> RefusedRequest:
    """The body is not what its content type says."""
    return RefusedRequest(400, "Malformed request", detail)


def shown(value: object) -> str:
    """A value in a message: as JSON, cut where it is long."""
    text = orjson.dumps(value).decode()
    return text if len(text) <= 60 else f"{text[:57]}..."
