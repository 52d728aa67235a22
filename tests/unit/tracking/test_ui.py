"""What the pages of MLflow's UI ask beside runs and models."""

from __future__ import annotations

import base64
import json

import pytest

from heirloom.core.errors import Invalid, NotFound
from tests.unit.tracking.server import Server, event_of

UPLOAD = "/ajax-api/2.0/mlflow/upload-artifact"


def test_the_ui_is_to_tell_nobody_how_it_is_used(server: Server) -> None:
    assert server.ask("GET", "", rawPath="/ajax-api/3.0/mlflow/ui-telemetry")["disable_ui_telemetry"] is True
    assert server.post("ui-telemetry", records=[{}]) == {"status": "disabled"}


def test_there_is_no_assistant_and_no_gateway(server: Server) -> None:
    assert server.get("assistant/config")["providers"] == {}
    assert server.get("assistant/providers") == {"providers": [], "resolved": None}
    assert server.get("gateway-proxy", gateway_path="api/2.0/endpoints") == {"endpoints": []}


def test_takes_a_file_of_a_run(server: Server, run: str) -> None:
    query = {"rawQueryString": f"run_uuid={run}&path=notes/a.txt"}
    server.answer(event_of("POST", UPLOAD, **query, body="hi"))

    answer = server.answer(event_of("GET", "/get-artifact", **query))

    assert base64.b64decode(answer["body"]) == b"hi"


@pytest.mark.parametrize(
    ("query", "body", "message"),
    [
        ("", "hi", "must specify run_uuid"),
        ("run_uuid=some-long-run", "hi", "must specify path"),
        ("run_uuid=some-long-run&path=", "hi", "must specify path"),
        ("run_uuid=some-long-run&path=../x", "hi", "Invalid path"),
        ("run_uuid=some-long-run&path=x", "", "must specify data"),
    ],
)
def test_says_what_an_upload_needs(server: Server, query: str, body: str, message: str) -> None:
    with pytest.raises(Invalid, match=message):
        server.ask("POST", "", rawPath=UPLOAD, rawQueryString=query, body=body)


def test_a_file_of_no_run_is_refused(server: Server) -> None:
    with pytest.raises(NotFound):
        server.ask("POST", "", rawPath=UPLOAD, rawQueryString="run_uuid=some-long-run&path=x", body=json.dumps(1))
