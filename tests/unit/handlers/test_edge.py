"""What every handler shares: errors in the caller's language, bodies, metrics, the log."""

from __future__ import annotations

import base64
import io
import json
import re
import subprocess
import sys
from typing import Any

import pytest
from aws_lambda_powertools import Logger

from heirloom.core.errors import Conflict, Denied, HeirloomError, Invalid, InvalidData, NotFound, Problem, Unavailable
from heirloom.handlers import edge
from heirloom.handlers.edge import LARGEST_BODY, entrypoint, http_entrypoint, json_body
from tests.unit.world import payload


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", "predict")
    monkeypatch.setenv("POWERTOOLS_METRICS_NAMESPACE", "Heirloom")


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> io.StringIO:
    """What the edge logs."""
    stream = io.StringIO()
    logger = Logger(service=request.node.name, stream=stream)
    monkeypatch.setattr(edge, "_logger", lambda: logger)
    return stream


def raising(error: Exception) -> Any:
    def handle(event: dict[str, Any]) -> None:
        raise error

    return handle


def answered(error: Exception) -> tuple[dict[str, Any], dict[str, Any]]:
    answer = http_entrypoint(raising(error))(payload("list_models.get"), None)
    return answer, json.loads(answer["body"])


def test_a_step_raises_the_error_by_its_own_name() -> None:
    with pytest.raises(InvalidData, match="no label"):
        entrypoint(raising(InvalidData("no label")))(payload("validate_data.run"), None)


def test_a_step_gets_its_ports_made_at_the_first_call() -> None:
    made: list[str] = []

    def port() -> str:
        made.append("port")
        return "a port"

    step = entrypoint(lambda event, port: {"port": port}, port=port)

    assert made == []
    assert step({}, None) == {"port": "a port"}


@pytest.mark.parametrize(
    ("error", "status", "title"),
    [
        (Invalid("no"), 422, "Unprocessable"),
        (NotFound("no"), 404, "Not Found"),
        (Conflict("no"), 409, "Conflict"),
        (Denied("no"), 500, "Internal Server Error"),
        (Unavailable("no"), 503, "Service Unavailable"),
    ],
)
def test_an_error_is_answered_as_a_problem(error: HeirloomError, status: int, title: str) -> None:
    answer, body = answered(error)

    assert answer["statusCode"] == body["status"] == status
    assert answer["headers"]["Content-Type"] == "application/problem+json"
    assert body["type"] == "about:blank"
    assert body["title"].startswith(title)
    assert body["detail"] == "no"


def test_a_problem_names_each_field() -> None:
    problems = (Problem("inputs[0].distance", "a number", "'far'"), Problem("inputs", "rows"))

    _, body = answered(Invalid("wrong", problems))

    assert body["errors"] == [
        {"field": "inputs[0].distance", "detail": "expected a number, got 'far'"},
        {"field": "inputs", "detail": "expected rows"},
    ]


def test_a_body_can_be_encoded_whatever_the_caller_s_words_are(log: io.StringIO) -> None:
    """JSON may hold half of a surrogate pair, and UTF-8 has none."""
    answer, body = answered(Invalid("there is no column '\ud800'", (Problem("inputs[0].\ud800", "é"),)))

    assert answer["body"].encode()
    assert r"there is no column '\ud800'" in json.loads(log.getvalue().encode())["message"]
    assert (body["detail"], body["errors"][0]["field"]) == ("there is no column '\ud800'", "inputs[0].\ud800")


def test_an_unavailable_model_is_to_be_asked_again() -> None:
    answer, _ = answered(Unavailable("cold"))

    assert answer["headers"]["Retry-After"] == "2"


def test_a_mistake_of_ours_is_not_shown(log: io.StringIO) -> None:
    answer, body = answered(KeyError("secret"))

    assert answer["statusCode"] == 500
    assert "secret" not in answer["body"]
    assert "secret" in log.getvalue()
    assert set(body) == {"type", "title", "status", "detail"}


def test_an_error_is_logged_once_with_its_run(log: io.StringIO) -> None:
    with pytest.raises(Unavailable):
        entrypoint(raising(Unavailable("slow down")))(payload("validate_data.run"), None)

    (line,) = log.getvalue().splitlines()
    logged = json.loads(line)
    assert (logged["level"], logged["message"]) == ("ERROR", "Unavailable: slow down")
    assert re.fullmatch(r"flight-delay-[0-9a-f]{12}", logged["run_id"])


def test_a_callers_mistake_is_a_warning(log: io.StringIO) -> None:
    answered(NotFound("there is no model 'wine'"))

    assert json.loads(log.getvalue())["level"] == "WARNING"


def body_of(text: str, encoded: bool = False) -> dict[str, Any]:
    return {"body": text, "isBase64Encoded": encoded}


def test_reads_a_body_as_it_is_or_encoded() -> None:
    assert json_body(body_of('{"inputs": []}')) == {"inputs": []}
    assert json_body(body_of(base64.b64encode(b'{"inputs": []}').decode(), True)) == {"inputs": []}


@pytest.mark.parametrize(
    "event",
    [
        {},
        body_of(""),
        body_of("{"),
        body_of("!", True),
        body_of(base64.b64encode(b"\xff").decode(), True),
        body_of("[" * 99999),
    ],
)
def test_a_body_that_is_not_json_is_a_bad_request(event: dict[str, Any]) -> None:
    answer = http_entrypoint(json_body)(event, None)

    assert answer["statusCode"] == 400
    assert json.loads(answer["body"])["detail"].startswith("body: expected JSON")


def test_a_body_above_the_limit_is_too_large() -> None:
    answer = http_entrypoint(json_body)(body_of("0" * (LARGEST_BODY + 1)), None)

    assert answer["statusCode"] == 413
    assert json.loads(answer["body"])["detail"] == "body: expected at most 4194304 bytes, got 4194305"


def test_powertools_is_loaded_when_there_is_something_to_log_and_not_before() -> None:
    code = (
        "import sys\n"
        "from heirloom.handlers.edge import http_entrypoint\n"
        "http_entrypoint(lambda event: 1)({}, None)\n"
        "sys.exit('aws_lambda_powertools' in sys.modules)"
    )

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
