"""What a deployment can choose, by CDK context: ``cdk deploy -c target=local -c prefix=trial -c models=my/models``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from constructs import Node

from infra import REPOSITORY

TARGETS = ("aws", "local")
PAGERDUTY = "https://events.pagerduty.com"
LONGEST_NAME = 63
"""Of an endpoint: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateEndpoint.html"""
LONGEST_ENDING = "-v9999-p99999"
"""Of a version's endpoint that was made again, at a late revision of its route: core/release/order.py."""


@dataclass(frozen=True)
class Settings:
    """``target``: who runs the templates; ``prefix``: of every name that AWS wants unique; ``models``: the projects.

    ``batch_buckets``: the buckets, besides the stack's own, in which batches may read and write. ``dashboards``:
    whether each model has one in CloudWatch. ``pagerduty_secret``: the name of the secret in Secrets Manager that holds
    the routing key, "" for nobody to be called; ``pagerduty_url``: where PagerDuty's Events API answers.
    """

    target: str
    prefix: str
    models: Path
    batch_buckets: tuple[str, ...] = ()
    dashboards: bool = True
    pagerduty_secret: str = ""
    pagerduty_url: str = PAGERDUTY

    @property
    def local(self) -> bool:
        return self.target == "local"

    @classmethod
    def from_context(cls, node: Node) -> Settings:
        """Read and check the context. ``models`` is relative to the repository."""
        target = str(node.try_get_context("target") or "aws")
        prefix = str(node.try_get_context("prefix") or "heirloom")
        models = REPOSITORY / str(node.try_get_context("models") or "models")
        buckets = _listed(node.try_get_context("batch_buckets"))
        if target not in TARGETS:
            raise SystemExit(f"context target: expected one of {', '.join(TARGETS)}, got {target!r}")
        if not re.fullmatch(r"[a-z][a-z0-9]{1,11}", prefix):
            raise SystemExit(f"context prefix: expected 2 to 12 lower-case letters and digits, got {prefix!r}")
        if not models.is_dir():
            raise SystemExit(f"context models: expected a folder of model projects, got {models}")
        if wrong := [name for name in buckets if not re.fullmatch(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", name)]:
            raise SystemExit(f"context batch_buckets: expected names of S3 buckets, got {wrong[0]!r}")
        return cls(
            target,
            prefix,
            models,
            buckets,
            _dashboards(node.try_get_context("dashboards")),
            *_pager(node.try_get_context("pagerduty_secret"), node.try_get_context("pagerduty_url")),
        )

    def check_name(self, model: str) -> None:
        """Exit with the reason where the names of this model's endpoints could become longer than SageMaker takes."""
        room = LONGEST_NAME - len(f"{self.prefix}-{LONGEST_ENDING}")
        if len(model) > room:
            raise SystemExit(
                f"context prefix: {self.prefix!r} leaves {room} characters to a model's name, got {model!r}"
                f" ({len(model)}): SageMaker takes {LONGEST_NAME} for an endpoint, which may be named"
                f" {self.prefix}-<model>{LONGEST_ENDING} when it is made again; choose a shorter prefix or name"
            )


def _listed(value: object) -> tuple[str, ...]:
    """A list of cdk.json, or a text with commas, as ``-c`` gives it."""
    names = value if isinstance(value, list) else str(value or "").split(",")
    return tuple(str(name).strip() for name in names if str(name).strip())


def _pager(secret: object, url: object) -> tuple[str, str]:
    """The name of the secret, "" for none, and the URL: both may be left out."""
    name, address = str(secret or ""), str(url or PAGERDUTY)
    if not re.fullmatch(r"[A-Za-z0-9/_+=.@-]*", name):
        raise SystemExit(f"context pagerduty_secret: expected the name of a secret, and no ARN, got {name!r}")
    if not re.fullmatch(r"https?://[^\s?#]+", address):
        raise SystemExit(f"context pagerduty_url: expected a URL, got {address!r}")
    return name, address


def _dashboards(value: object) -> bool:
    """true or false of cdk.json, or the same as a text, as ``-c`` gives it."""
    given = "true" if value is None else str(value).lower()
    if given not in ("true", "false"):
        raise SystemExit(f"context dashboards: expected true or false, got {value!r}")
    return given == "true"
