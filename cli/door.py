"""The door of people to the experiments, as `heirloom login` finds it, and the login that is kept of it.

What is kept is the refresh token, never a password, in a file that its owner alone can read: of the embedded AWS beside
its state, of AWS in the user's own configuration, since people who log in need neither a checkout nor AWS credentials.
"""

from __future__ import annotations

import json
import os
import re
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Self

import click

from cli.session import Session
from cli.workspace import workspace
from heirloom.core.errors import Invalid

FILE = "login.json"
_REGION = re.compile(r"https://[^/]+\.execute-api\.([a-z0-9-]+)\.amazonaws\.com(?:\.cn)?/?")


@dataclass(frozen=True)
class Door:
    """``url``: where the experiments answer. ``client``: the app client that people log in by, in ``region``.

    ``endpoint`` is where Cognito answers, empty for AWS's own.
    """

    url: str
    client: str
    region: str
    endpoint: str = ""

    @classmethod
    def named(cls, url: str, client: str) -> Self:
        """One that somebody was told of. Raises Invalid."""
        found = _REGION.fullmatch(url)
        region = found[1] if found else os.environ.get("AWS_REGION", "")
        if not region:
            raise Invalid(f"--url: {url} does not name its AWS region: set AWS_REGION")
        return cls(url.rstrip("/"), client, region)

    @classmethod
    def of(cls, session: Session) -> Self:
        """The one of a deployment. Raises NotFound."""
        url, client, region = session.experiments_url, session.output("UserPoolClient"), session.boto.region_name
        return cls(url, client, region, session.endpoint_url or "")

    @property
    def options(self) -> str:
        """What `heirloom login` has to be told on another machine."""
        return "--local" if self.endpoint else f"--url {self.url} --client {self.client}"


@dataclass(frozen=True)
class Login:
    """Somebody who has logged in; ``refresh_token`` gives new tokens without the password."""

    door: Door
    user: str
    refresh_token: str = field(repr=False)

    @classmethod
    def load(cls, file: Path) -> Self | None:
        """The one that is kept; None where there is none. Raises Invalid."""
        try:
            kept = json.loads(file.read_text())
            return cls(Door(**kept.pop("door")), **kept)
        except FileNotFoundError:
            return None
        except (ValueError, TypeError, AttributeError, KeyError) as error:
            raise Invalid(f"{file} is no login ({error}): `heirloom logout` removes it") from error

    def save(self, file: Path) -> None:
        """Keep it, never readable by others and never half written."""
        file.parent.mkdir(parents=True, exist_ok=True)
        scratch = file.with_suffix(".new")
        scratch.unlink(missing_ok=True)
        with os.fdopen(os.open(scratch, os.O_CREAT | os.O_WRONLY | os.O_EXCL, 0o600), "w") as opened:
            json.dump(asdict(self), opened, indent=2)
        scratch.replace(file)


def file_of(*, local: bool) -> Path:
    """Where the login is kept."""
    folder = workspace().state if local else Path(click.get_app_dir("heirloom"))
    return folder / FILE
