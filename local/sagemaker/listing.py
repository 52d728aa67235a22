"""How the List operations filter, sort and page."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from local.awsjson import ApiError, Request, epoch


@dataclass(frozen=True)
class Listing:
    """How one List operation filters and sorts: the attribute behind each of its parameters, AWS's defaults."""

    name: str
    answer: str
    status: str = ""
    order: str = "Descending"
    page: int = 10


def list_page(listing: Listing, rows: Iterable[Mapping[str, Any]], request: Request) -> dict[str, Any]:
    """One page of a List operation: filtered, sorted, and with the token that continues it.

    The token names the last row given, so rows that come or go between two pages neither repeat nor hide another.
    """
    column = {"Name": listing.name, "Status": listing.status}.get(request.get("SortBy", ""), "CreationTime")
    backwards = request.get("SortOrder", listing.order) == "Descending"

    def position(row: Mapping[str, Any]) -> tuple[Any, str]:
        return row[column], str(row[listing.name])

    found = sorted((row for row in rows if _wanted(listing, row, request)), key=position, reverse=backwards)
    if token := request.get("NextToken"):
        after = _read_token(token)
        found = [row for row in found if (position(row) < after if backwards else position(row) > after)]
    size = request.get("MaxResults", listing.page)
    answer: dict[str, Any] = {listing.answer: found[:size]}
    if len(found) > size:
        answer["NextToken"] = _write_token(position(found[size - 1]))
    return answer


def _wanted(listing: Listing, row: Mapping[str, Any], request: Request) -> bool:
    if request.get("NameContains", "").lower() not in str(row[listing.name]).lower():
        return False
    if listing.status and request.get("StatusEquals", row[listing.status]) != row[listing.status]:
        return False
    return all(
        epoch(request.get(f"{column}After", float("-inf"))) <= row.get(column, 0.0)
        and row.get(column, 0.0) <= epoch(request.get(f"{column}Before", float("inf")))
        for column in ("CreationTime", "LastModifiedTime")
    )


def _write_token(position: tuple[Any, str]) -> str:
    return base64.urlsafe_b64encode(json.dumps(position).encode()).decode()


def _read_token(token: str) -> tuple[Any, str]:
    try:
        value, name = json.loads(base64.urlsafe_b64decode(token))
    except ValueError as problem:
        raise ApiError("ValidationException", "Invalid pagination token") from problem
    return value, str(name)
