"""Doors: where a caller comes in decides what they may, and how artifacts are named to them.

Programs sign with SigV4 and reach S3 themselves: IAM has judged each request, and artifacts are at s3://. People bring
a token of the user pool and have no AWS credentials: their groups are their role, and the same artifacts are at
mlflow-artifacts:/, which MLflow's client reads and writes through this server. One location is kept, S3's, so what was
logged at one door is read at both.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from heirloom.core.errors import Denied
from heirloom.core.tracking.asked import Asked
from heirloom.core.tracking.roles import Role

_PROXY = "mlflow-artifacts:/"
_LOCATIONS = ("artifact_location", "artifact_uri", "root_uri", "source")
"""The names by which MLflow tells and asks where artifacts are."""
_OURS = r"mlflow-artifacts:(?:/|///)(?!/)"  # with a host it may be another server's


@dataclass(frozen=True)
class Door:
    """Of one caller: what they may, None for nothing; and the name, for what is said to them.

    ``root`` is the s3:// URI of what is named mlflow-artifacts:/ here; empty where all is named as it is kept.
    """

    role: Role | None
    name: str = ""
    root: str = ""

    def admit(self, least: Role) -> None:
        """Raises Denied for who has not so much as this role."""
        if self.role is None or self.role < least:
            has = f"has the role {self.role}" if self.role else "has no role"
            raise Denied(
                f"This takes the role {least}, and {self.name} {has}. An admin can give it:"
                f" `heirloom people add {self.name} --role {least}`; then log in again"
            )

    def asked(self, asked: Asked) -> Asked:
        """A request with each location as it is kept."""
        if not self.root:
            return asked
        return Asked({name: self._kept(name, value) for name, value in asked.values.items()}, asked.in_query)

    def told(self, answer: Any) -> Any:
        """An answer with each location as it is named here."""
        return self._named(answer) if self.root else answer

    def _kept(self, name: str, value: Any) -> Any:
        if isinstance(value, list):
            return [self._kept(name, each) for each in value]
        if isinstance(value, str) and name in _LOCATIONS:
            return re.sub(rf"\A{_OURS}", f"{self.root}/", value)
        if isinstance(value, str) and name == "filter":
            return re.sub(rf"(?<=['\"]){_OURS}", f"{self.root}/", value)
        return value

    def _named(self, value: Any) -> Any:
        match value:
            case Mapping():
                return {
                    key: self._location(each) if key in _LOCATIONS else self._named(each) for key, each in value.items()
                }
            case list() | tuple():
                return [self._named(each) for each in value]
            case _:
                return value

    def _location(self, uri: Any) -> Any:
        if not isinstance(uri, str) or not uri.startswith(f"{self.root}/"):
            return uri
        return f"{_PROXY}{uri[len(self.root) + 1 :]}"


SIGNED = Door(Role.ADMIN)
"""The door of who signs: what they may is said by the policies of IAM, before it comes here."""
