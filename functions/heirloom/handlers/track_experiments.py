"""MLflow's REST protocol, all of it: experiments, runs, models and the registry over documents. docs/tracking.md."""

from __future__ import annotations

from heirloom import wiring
from heirloom.core.tracking.artifacts.files import FILES, UPLOADS
from heirloom.core.tracking.artifacts.port import Artifacts
from heirloom.core.tracking.endpoints import endpoints, find, find_proxied
from heirloom.core.tracking.tracking import Tracking
from heirloom.handlers import mlflow_wire as wire
from heirloom.handlers.edge import Event, protocol_entrypoint


def handle(event: Event, tracking: Tracking, artifacts: Artifacts) -> Event:
    """The answer to an event of an HTTP API, payload format 2.0; both doors' APIs send theirs here."""
    method, path = event["requestContext"]["http"]["method"], event["rawPath"]
    door = wire.door(event, artifacts.uri)
    if found := find(method, path, endpoints(artifacts), door):
        endpoint, named = found
        return wire.answer(door.told(endpoint(door.asked(wire.asked(event, named)), tracking)))
    if downloaded := find(method, path, FILES, door):
        file, named = downloaded
        return wire.reply(file(wire.asked(event, named), tracking, artifacts))
    if uploaded := find(method, path, UPLOADS, door):
        upload, _ = uploaded
        return wire.reply(upload(wire.posted(event), tracking, artifacts))
    if proxied := find_proxied(method, path, door):
        answer, rest = proxied
        return wire.reply(answer(wire.sent(event, rest), artifacts))
    return wire.not_built(method, path)


lambda_handler = protocol_entrypoint(
    handle, wire.refuse, tracking=wiring.tracking, artifacts=wiring.experiment_artifacts
)
