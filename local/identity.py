"""Let one access key be the account's root user: the one in connection.json.

A plug-in (see local.server). MiniStack also takes the key ``test`` and any 12 digits for root, so that no client needs
setting up; a function that lost its role's credentials would then be allowed everything, and no test would see it.
"""

from __future__ import annotations

import os

from ministack.core import iam_evaluator
from ministack.services import sts


def install() -> None:
    """Replace MiniStack's test of a key in both places that use it."""
    iam_evaluator.is_root_access_key = _is_root
    sts.is_root_access_key = _is_root


def _is_root(access_key_id: str) -> bool:
    """Whether a key is root's; requests without any are refused later, or are anonymous."""
    return access_key_id in ("", os.environ["AWS_ACCESS_KEY_ID"])
