"""What models, versions, aliases, stages and tags of the registry may be called, in the words of MLflow's own server.

https://mlflow.org/docs/latest/rest-api.html
"""

from __future__ import annotations

import re

from heirloom.core.errors import Invalid
from heirloom.core.tracking import limits
from heirloom.core.tracking.asked import Asked, invalid, missing

NONE, STAGING, PRODUCTION, ARCHIVED = STAGES = ("None", "Staging", "Production", "Archived")
ACTIVE = [STAGING, PRODUCTION]
"""The stages that versions serve in."""
LATEST = "latest"
"""The alias that a model's newest version has without being given it."""
IS_PROMPT, PROMPT_TEXT = "mlflow.prompt.is_prompt", "mlflow.prompt.text"
"""Tags that make a model a prompt, and hold its text."""
_ALIAS = 255
_ALIAS_ALLOWED = re.compile(r"[\w\-]+\Z")
_LIKE_A_VERSION = re.compile(r"[vV]\d+\Z")


def model_name(asked: Asked, parameter: str = "name") -> str:
    """The name of a model in a request. Raises Invalid."""
    name = asked.needed(parameter)
    if not name.strip():
        raise missing(parameter)
    if "/" in name or ":" in name:
        raise Invalid(f"Invalid model name '{name}'. Names cannot contain '/' or ':'.")
    if name == "." or name.startswith(".."):
        why = (
            "Names may be treated as files in certain cases, and must not resolve to other names when treated as such."
            f" This name would resolve to {name!r}"
        )
        raise Invalid(invalid(parameter, name, why))
    limits.check_length(parameter, limits.NAME, name)
    return name


def version_number(asked: Asked) -> int:
    """The number of a version in a request, which is a text. Raises Invalid."""
    text = asked.needed("version")
    try:
        return int(text)
    except ValueError as error:
        raise Invalid(f"Parameter 'version' must be an integer, got '{text}'.") from error


def alias_name(asked: Asked, new: bool = False) -> str:
    """An alias in a request; a ``new`` one is none that means something already. Raises Invalid."""
    alias = asked.needed("alias")
    if not _ALIAS_ALLOWED.match(alias):
        allowed = "Names may only contain alphanumerics, underscores (_), and dashes (-)."
        raise Invalid(f"Invalid alias name: '{alias}'. {allowed}")
    limits.check_length("Registered model alias name", _ALIAS, alias)
    if new and alias.lower() == LATEST:
        raise Invalid("'latest' alias name (case insensitive) is reserved.")
    if new and _LIKE_A_VERSION.match(alias):
        raise Invalid(f"Version alias name '{alias}' is reserved.")
    return alias


def stage_name(text: str) -> str:
    """A stage as it is kept, whatever its capitals. Raises Invalid."""
    for stage in STAGES:
        if stage.lower() == text.lower():
            return stage
    raise Invalid(f"Invalid Model Version stage: {text}. Value must be one of {', '.join(STAGES)}.")


def check_tag(key: str, value: str) -> None:
    """A tag of a model or of a version. Raises Invalid."""
    limits.check_key(key, "key")
    limits.check_length("key", limits.NAME, key)
    if key == PROMPT_TEXT and len(value) > limits.REGISTRY_TAG:
        raise Invalid(f"Prompt text exceeds max length of {limits.REGISTRY_TAG} characters.")
    limits.check_length("value", limits.REGISTRY_TAG, value)


def new_tags(asked: Asked) -> dict[str, str]:
    """The tags of something new; of a key that comes twice the last value. Raises Invalid."""
    tags = dict(asked.pairs("tags"))
    for key, value in tags.items():
        check_tag(key, value)
    return tags
