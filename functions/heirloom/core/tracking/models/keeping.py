"""Logged models: made, told, finished, deleted, and what is written to them."""

from __future__ import annotations

from collections.abc import Iterable

from heirloom.core.errors import Invalid, NotFound
from heirloom.core.tracking import experiments, limits
from heirloom.core.tracking.asked import Asked, missing
from heirloom.core.tracking.documents import Data, Document
from heirloom.core.tracking.ids import model_id, partition_of_model
from heirloom.core.tracking.models.model import ACTIVE, DELETED, alter, found, told
from heirloom.core.tracking.names import name_of
from heirloom.core.tracking.repeated import once, token_of
from heirloom.core.tracking.tracking import Answer, Tracking

NAME, TYPE, KEY = 500, 500, 255
"""Characters; the keys of tags and parameters are longer than a run's, since autologging does not cut these."""
STATUSES = (
    "LOGGED_MODEL_STATUS_UNSPECIFIED",
    "LOGGED_MODEL_PENDING",
    "LOGGED_MODEL_READY",
    "LOGGED_MODEL_UPLOAD_FAILED",
)
"""In the order of their numbers, from 0."""
_PENDING = STATUSES[1]
_BAD = ("/", ":", ".", "%", '"', "'")


def create(asked: Asked, tracking: Tracking) -> Answer:
    """POST logged-models; a client token's second model is its first."""
    name, kind = asked.text("name"), asked.text("model_type")
    _check_name(name)
    limits.check_length("model_type", TYPE, kind)
    params, tags = _with_params({}, _params(asked)), dict(_tags(asked))
    experiment = experiments.active(asked.needed("experiment_id"), tracking)
    drawn, now = tracking.draw(), tracking.now
    identity = model_id(experiment.id, drawn)
    info = {
        "model_id": identity,
        "experiment_id": experiment.id,
        "name": name or name_of(drawn),
        "artifact_uri": experiments.place(experiment, f"models/{identity}/artifacts"),
        "creation_timestamp_ms": now,
        "last_updated_timestamp_ms": now,
        "status": _PENDING,
        "model_type": kind,
        "source_run_id": asked.text("source_run_id"),
    }
    data = {"info": info, "tags": tags, "params": params, "metrics": [], "lifecycle_stage": ACTIVE}
    model = Document(partition_of_model(identity), identity, data)
    return {"model": told(once(token_of(asked), experiment.id, tracking.documents, model))}


def get(asked: Asked, tracking: Tracking) -> Answer:
    """GET logged-models/{model_id}."""
    return {"model": told(found(asked.needed("model_id"), tracking, asked.yes("allow_deleted")))}


def finalize(asked: Asked, tracking: Tracking) -> Answer:
    """PATCH logged-models/{model_id}: its files are there, or are not to come any more."""
    status = _status(asked)
    return {
        "model": told(alter(asked.needed("model_id"), tracking, lambda data: _moved(data, tracking, status=status)))
    }


def delete(asked: Asked, tracking: Tracking) -> Answer:
    """DELETE logged-models/{model_id}: it is kept, and told to those who allow for that."""

    def deleted(data: Data) -> Data:
        return data if data["lifecycle_stage"] == DELETED else {**_moved(data, tracking), "lifecycle_stage": DELETED}

    alter(asked.needed("model_id"), tracking, deleted)
    return {}


def log_params(asked: Asked, tracking: Tracking) -> Answer:
    """POST logged-models/{model_id}/params; one that has another value already is refused."""
    new = _params(asked)
    alter(asked.needed("model_id"), tracking, lambda data: {**data, "params": _with_params(data["params"], new)})
    return {}


def set_tags(asked: Asked, tracking: Tracking) -> Answer:
    """PATCH logged-models/{model_id}/tags."""
    new = dict(_tags(asked))
    alter(asked.needed("model_id"), tracking, lambda data: {**data, "tags": {**data["tags"], **new}})
    return {}


def delete_tag(asked: Asked, tracking: Tracking) -> Answer:
    """DELETE logged-models/{model_id}/tags/{tag_key}."""
    identity, key = asked.needed("model_id"), asked.needed("tag_key")

    def without(data: Data) -> Data:
        if key not in data["tags"]:
            raise NotFound(f"No tag with key {key!r} found for model with ID {identity!r}.")
        return {**data, "tags": {name: value for name, value in data["tags"].items() if name != key}}

    alter(identity, tracking, without)
    return {}


def _moved(data: Data, tracking: Tracking, **info: str) -> Data:
    return {**data, "info": {**data["info"], "last_updated_timestamp_ms": tracking.now, **info}}


def _status(asked: Asked) -> str:
    """By its name or its number."""
    given = asked.values.get("status")
    if given is None:
        raise missing("status")
    if given in STATUSES:
        return str(given)
    number = asked.whole("status")
    if not 0 <= number < len(STATUSES):
        raise Invalid(f"Unknown model status: {number}")
    return STATUSES[number]


def _check_name(name: str) -> None:
    if any(character in name for character in _BAD):
        raise Invalid(
            f"Invalid model name ({name!r}) provided. Model name must be a non-empty string and cannot contain the"
            f" following characters: {_BAD}"
        )
    limits.check_length("name", NAME, name)


def _params(asked: Asked) -> list[tuple[str, str]]:
    return _checked(asked, "params", limits.PARAM)


def _tags(asked: Asked) -> list[tuple[str, str]]:
    return _checked(asked, "tags", limits.TAG)


def _checked(asked: Asked, name: str, longest: int) -> list[tuple[str, str]]:
    """Any key will do, as with MLflow's server, that is neither empty nor too long."""
    pairs = asked.pairs(name)
    for place, (key, _) in enumerate(pairs):
        if not key:
            raise missing(f"{name}[{place}].key")
        limits.check_length(f"{name}[{place}].key", KEY, key)
    return [(key, limits.shortened(longest, value)) for key, value in pairs]


def _with_params(params: Data, new: Iterable[tuple[str, str]]) -> Data:
    """A request that comes again changes nothing. Raises Invalid for another value."""
    known = dict(params)
    for key, value in new:
        if known.setdefault(key, value) != value:
            raise Invalid(
                f"Changing param values is not allowed. Param with key='{key}' was already logged with"
                f" value='{known[key]}'. Attempted logging new value '{value}'."
            )
    return known
