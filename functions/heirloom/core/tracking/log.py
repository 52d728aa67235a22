"""What is logged to a run: metrics, parameters and tags, one by one and in batches.

A batch that comes again, since its answer was lost, changes nothing: a point of a metric is the same point, a parameter
has its value already.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import partial

from heirloom.core.errors import Invalid, NotFound
from heirloom.core.tracking import limits
from heirloom.core.tracking.asked import Asked, invalid, missing
from heirloom.core.tracking.documents import Data
from heirloom.core.tracking.history import keep
from heirloom.core.tracking.models.metrics import with_metrics
from heirloom.core.tracking.models.model import alter as alter_model
from heirloom.core.tracking.run import NAME_TAG, Point, alter
from heirloom.core.tracking.runs import named
from heirloom.core.tracking.tracking import Answer, Tracking

LARGEST_BATCH = 1_000_000
"""Bytes of a batch's JSON."""


def metric(asked: Asked, tracking: Tracking) -> Answer:
    """POST runs/log-metric."""
    identity = named(asked)
    _log(identity, tracking, points=[_point(asked, "")])
    return {}


def parameter(asked: Asked, tracking: Tracking) -> Answer:
    """POST runs/log-parameter; one that has another value already is refused."""
    identity, key = named(asked), asked.needed("key")
    limits.check_name(key, "key")
    limits.check_length("Param key", limits.NAME, key)
    value = limits.shortened(limits.PARAM, asked.text("value"))

    def logged(run: Data) -> Data:
        old = run["params"].get(key, value)
        if old != value:
            raise Invalid(
                f"Changing param values is not allowed. Param with key='{key}' was already logged with value='{old}'"
                f" for run ID='{identity}'. Attempted logging new value '{value}'."
            )
        return {**run, "params": {**run["params"], key: value}}

    alter(identity, tracking, logged)
    return {}


def tag(asked: Asked, tracking: Tracking) -> Answer:
    """POST runs/set-tag."""
    identity, key = named(asked), asked.needed("key")
    _check_tag(key, "")
    value = limits.shortened(limits.TAG, asked.text("value"))
    alter(identity, tracking, lambda run: _tagged(run, {key: value}))
    return {}


def delete_tag(asked: Asked, tracking: Tracking) -> Answer:
    """POST runs/delete-tag."""
    identity, key = named(asked), asked.needed("key")

    def without(run: Data) -> Data:
        if key not in run["tags"]:
            raise NotFound(f"No tag with name: {key} in run with id {identity}")
        return {**run, "tags": {name: value for name, value in run["tags"].items() if name != key}}

    alter(identity, tracking, without)
    return {}


def batch(asked: Asked, tracking: Tracking) -> Answer:
    """POST runs/log-batch: all of it or nothing."""
    identity = named(asked)
    metrics, params, tags = (asked.items(name) for name in ("metrics", "params", "tags"))
    _check_sizes({"metrics": len(metrics), "params": len(params), "tags": len(tags)})
    points = [_point(each, f"metrics[{place}]") for place, each in enumerate(metrics)]
    told = [_param(each, f"params[{place}]") for place, each in enumerate(params)]
    _check_once([key for key, _ in told])
    marks = dict(_tag(each, f"tags[{place}]") for place, each in enumerate(tags))
    _log(identity, tracking, points, dict(told), marks)
    return {}


def model(asked: Asked, tracking: Tracking) -> Answer:
    """POST runs/log-model: what clients before MLflow 3 tell of a model, kept as a tag."""
    identity, told = named(asked), json.loads(asked.needed("model_json"))
    key = "mlflow.log-model.history"

    def logged(run: Data) -> Data:
        known = json.loads(run["tags"].get(key, "[]"))
        return _tagged(run, {key: json.dumps([*known, told])})

    alter(identity, tracking, logged)
    return {}


def _log(
    identity: str,
    tracking: Tracking,
    points: Sequence[Point] = (),
    params: Mapping[str, str] | None = None,
    tags: Mapping[str, str] | None = None,
) -> None:
    """The points go to the history first: whoever comes again after that writes the very same there."""
    params = params or {}

    def logged(run: Data) -> Data:
        _check_unchanged(identity, run["params"], params)
        if points:
            keep(identity, points, tracking.documents)
            _log_to_models(identity, points, tracking)
        newest = _newest(run["metrics"], points)
        return _tagged({**run, "params": {**run["params"], **params}, "metrics": newest}, tags or {})

    alter(identity, tracking, logged)


def _log_to_models(identity: str, points: Iterable[Point], tracking: Tracking) -> None:
    """A point may be of a logged model, which has it as its own, too."""
    of_models: dict[str, list[Data]] = {}
    for point in points:
        if point.model_id:
            of_models.setdefault(point.model_id, []).append({**point.to_document(), "run_id": identity})
    for model_id, its_points in of_models.items():
        alter_model(model_id, tracking, partial(with_metrics, points=its_points))


def _newest(known: Mapping[str, Data], points: Iterable[Point]) -> dict[str, Data]:
    newest = dict(known)
    for point in points:
        before = newest.get(point.key)
        if before is None or Point.from_document(before).newer < point.newer:
            newest[point.key] = point.to_document()
    return newest


def _tagged(run: Data, tags: Mapping[str, str]) -> Data:
    """The tag of the name is the name, which can't be empty."""
    given = {key: value for key, value in tags.items() if value or key != NAME_TAG}
    info = {**run["info"], "run_name": given[NAME_TAG]} if NAME_TAG in given else run["info"]
    return {**run, "info": info, "tags": {**run["tags"], **given}}


def _point(given: Asked, path: str) -> Point:
    key = given.text("key")
    if not key:
        raise missing(_joined(path, "name") if path else "key")
    limits.check_name(key, _joined(path, "name"))
    if path and not given.has("value"):
        raise missing(_joined(path, "value"))
    value = given.number("value")
    if not given.has("timestamp"):
        raise missing(_joined(path, "timestamp"))
    timestamp = given.whole("timestamp")
    if timestamp < 0:
        why = f"metric '{key}' (value={value}). Timestamp must be a nonnegative long (64-bit integer) "
        raise Invalid(invalid(_joined(path, "timestamp"), timestamp, why))
    limits.check_length("Metric name", limits.NAME, key)
    texts = (given.text(name) for name in ("model_id", "dataset_name", "dataset_digest"))
    return Point(key, value, timestamp, given.whole("step"), *texts)


def _param(given: Asked, path: str) -> tuple[str, str]:
    key = given.text("key")
    if not key:
        raise missing(_joined(path, "key"))
    limits.check_name(key, _joined(path, "key"))
    limits.check_length("Param key", limits.NAME, key)
    return key, limits.shortened(limits.PARAM, given.text("value"))


def _tag(given: Asked, path: str) -> tuple[str, str]:
    key = given.text("key")
    _check_tag(key, path)
    return key, limits.shortened(limits.TAG, given.text("value"))


def _check_tag(key: str, path: str) -> None:
    limits.check_key(key, _joined(path, "key"))
    limits.check_length(_joined(path, "key"), limits.NAME, key)


def _joined(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _check_sizes(sizes: Mapping[str, int]) -> None:
    most = {"metrics": limits.METRICS, "params": limits.PARAMS, "tags": limits.TAGS}
    all_of_them = ("metrics, params, and tags", sum(sizes.values()), limits.ENTITIES)
    for what, size, limit in (*((name, size, most[name]) for name, size in sizes.items()), all_of_them):
        if size > limit:
            raise Invalid(
                f"A batch logging request can contain at most {limit} {what}. Got {size} {what}. Please split up"
                f" {what} across multiple requests and try again."
            )


def _check_once(keys: Sequence[str]) -> None:
    twice = [key for key, count in Counter(keys).items() if count > 1]
    if twice:
        raise Invalid(
            f"Duplicate parameter keys have been submitted: {twice}. Please ensure the request contains only one param"
            " value per param key."
        )


def _check_unchanged(identity: str, known: Mapping[str, str], told: Mapping[str, str]) -> None:
    changed = [
        {"key": key, "old_value": known[key], "new_value": value}
        for key, value in told.items()
        if known.get(key, value) != value
    ]
    if changed:
        raise Invalid(
            f"Changing param values is not allowed. Params were already logged='{changed}' for run ID='{identity}'."
        )
