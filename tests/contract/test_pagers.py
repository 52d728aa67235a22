"""The port Pager: PagerDuty as the embedded AWS has it, with its key in Secrets Manager, and the one in memory."""

from __future__ import annotations

import json
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from botocore.awsrequest import AWSRequest
from botocore.httpsession import URLLib3Session

from heirloom.adapters.memory import MemoryPager
from heirloom.adapters.pagerduty import SECONDS, NoPager, PagerDuty, RoutingKey
from heirloom.core.errors import Denied, Invalid, NotFound, Unavailable
from heirloom.core.incident.announce import change_event
from heirloom.core.incident.incident import Incident
from heirloom.core.incident.moves import Order
from heirloom.core.incident.pager import Pager, event_of
from heirloom.core.release.route import Mark, Route
from local.connection import Connection
from local.pagerduty import A_MINUTE
from tests.embedded import free_port, make_role, unique

BEGAN = "2026-11-23T15:10:09.123Z"
API = "https://a1b2c3.execute-api.us-east-1.amazonaws.com"
ROUTE = Route("wine", 7, 3, {0: "wine-v0", 3: "wine-v3"}, "promote", Mark("ana", BEGAN, "März"), previous=0)


def http(aws: Connection, method: str, path: str, document: object = None) -> Any:
    body = None if document is None else json.dumps(document).encode()
    url, headers = f"{aws.endpoint_url}/_pagerduty{path}", {"Content-Type": "application/json"}
    return json.loads(URLLib3Session().send(AWSRequest(method, url, headers, body).prepare()).content)


def secret(aws: Connection, text: str | None = None) -> str:
    name = unique("pagerduty")
    aws.client("secretsmanager").create_secret(Name=name, SecretString=text or secrets.token_hex(16))
    return name


def pagerduty(aws: Connection, name: str, url: str = "") -> PagerDuty:
    return PagerDuty(url or f"{aws.endpoint_url}/_pagerduty", RoutingKey(aws.client("secretsmanager"), name))


@dataclass
class Called:
    """A pager, and how often it opened an alert for a key, with the last action on each."""

    pager: Pager
    alerts: Callable[[str], list[str]]
    changes: Callable[[], list[str]]


@pytest.fixture(params=["memory", "aws"])
def called(request: pytest.FixtureRequest) -> Called:
    if request.param == "memory":
        memory = MemoryPager()
        return Called(
            memory,
            lambda key: [alert[-1][0] for alert in memory.alerts.get(key, [])],
            lambda: [event["payload"]["summary"] for event in memory.changes],
        )
    aws: Connection = request.getfixturevalue("aws")

    def alerts(key: str) -> list[str]:
        found = http(aws, "GET", "/incidents")["incidents"]
        return [each["events"][-1]["action"] for each in found if each["dedup_key"] == key]

    def changes() -> list[str]:
        return [each["payload"]["summary"] for each in http(aws, "GET", "/incidents")["changes"]]

    return Called(pagerduty(aws, secret(aws)), alerts, changes)


def event(key: str, action: str = "trigger") -> dict[str, Any]:
    evidence = {"value": 0.86, "threshold": 0.873, "samples": 1000, "route": None}
    incident = Incident(key, "wine", "accuracy", 3, "error", BEGAN, "März", evidence)
    return event_of(Order(action, incident, "wine, version 3: März"), "heirloom", API)


def test_events_of_one_incident_meet_one_alert_until_it_is_resolved(called: Called) -> None:
    key = unique("wine/accuracy/v3")

    assert [called.pager.send(event(key, action)) for action in ("trigger", "trigger", "acknowledge")] == [True] * 3
    assert called.alerts(key) == ["acknowledge"]
    called.pager.send(event(key, "resolve"))
    called.pager.send(event(key))

    assert called.alerts(key) == ["resolve", "trigger"]


def test_what_is_said_of_no_alert_opens_none(called: Called) -> None:
    key = unique("wine/accuracy/v3")

    called.pager.send(event(key, "resolve"))

    assert called.alerts(key) == []


def test_a_change_is_told(called: Called) -> None:
    assert called.pager.change(change_event(ROUTE, "heirloom", API)) is True

    assert called.changes()[-1] == "wine: version 3 was promoted, by ana: März"


def test_an_outage_that_is_short_is_bridged(aws: Connection) -> None:
    key = unique("wine/accuracy/v3")
    http(aws, "POST", "/faults", {"seconds": 1.5})

    pagerduty(aws, secret(aws)).send(event(key))

    (found,) = [each for each in http(aws, "GET", "/incidents")["incidents"] if each["dedup_key"] == key]
    assert found["triggers"] == 1


def test_an_outage_that_is_long_is_said_within_the_time(aws: Connection) -> None:
    """By a clock that goes faster: who waits is told that it waited ten times as long."""
    clock, slept = [0.0], []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        clock[0] += seconds

    http(aws, "POST", "/faults", {"seconds": 3})
    name = secret(aws)
    pager = PagerDuty(
        f"{aws.endpoint_url}/_pagerduty", RoutingKey(aws.client("secretsmanager"), name), sleep, lambda: clock[0]
    )
    try:
        with pytest.raises(Unavailable, match="PagerDuty answered 500"):
            pager.send(event(unique("wine")))
    finally:
        http(aws, "POST", "/faults", {"seconds": 0})

    assert len(slept) > 1
    assert sum(slept) < SECONDS


def test_too_many_events_are_to_be_sent_later(aws: Connection) -> None:
    pager = PagerDuty(
        f"{aws.endpoint_url}/_pagerduty",
        RoutingKey(aws.client("secretsmanager"), secret(aws)),
        lambda _: None,
        iter(range(1000)).__next__,
    )
    for _ in range(A_MINUTE):
        pager.send(event(unique("wine"), "resolve"))

    with pytest.raises(Unavailable, match="PagerDuty answered 429"):
        pager.send(event(unique("wine"), "resolve"))


def test_nobody_at_the_address_is_to_be_tried_later(aws: Connection) -> None:
    nowhere = PagerDuty(
        f"http://127.0.0.1:{free_port()}",
        RoutingKey(aws.client("secretsmanager"), secret(aws)),
        lambda _: None,
        iter(range(0, 1000, 6)).__next__,
    )

    with pytest.raises(Unavailable, match="telling PagerDuty at"):
        nowhere.send(event("wine"))


def test_what_pagerduty_refuses_is_our_mistake_and_not_tried_again(aws: Connection) -> None:
    wrong = {**event("wine"), "payload": {}}

    began = time.monotonic()
    with pytest.raises(Invalid, match=r"PagerDuty answered 400: .*payload\.summary"):
        pagerduty(aws, secret(aws)).send(wrong)

    assert time.monotonic() - began < 1


def test_a_key_that_was_rotated_is_read_again_after_a_refusal(aws: Connection) -> None:
    key = "0" * 32
    name = secret(aws, key)
    reader = RoutingKey(aws.client("secretsmanager"), name)
    pager = PagerDuty(f"{aws.endpoint_url}/_pagerduty", reader)
    pager.send(event(unique("wine"), "resolve"))
    aws.client("secretsmanager").put_secret_value(SecretId=name, SecretString="1" * 32)
    assert reader.get() == key

    with pytest.raises(Invalid):
        pager.send({})

    assert reader.get() == "1" * 32


@pytest.mark.parametrize("text", ['{"routing_key": "KEY"}', " KEY\n"])
def test_a_key_may_stand_in_a_json_object_as_the_console_writes_it(aws: Connection, text: str) -> None:
    key = secrets.token_hex(16)

    assert RoutingKey(aws.client("secretsmanager"), secret(aws, text.replace("KEY", key))).get() == key


@pytest.mark.parametrize("text", ["s3cret", '{"key": "s3cret"}', "s3cret" + "!" * 26])
def test_a_secret_that_is_no_key_is_refused_and_not_shown(aws: Connection, text: str) -> None:
    with pytest.raises(Invalid, match="is no routing key") as refused:
        RoutingKey(aws.client("secretsmanager"), secret(aws, text)).get()

    assert "s3cret" not in str(refused.value)


def test_a_secret_that_is_not_there_is_not_found(aws: Connection) -> None:
    with pytest.raises(NotFound, match="reading the secret nothing"):
        RoutingKey(aws.client("secretsmanager"), "nothing").get()


def test_the_right_to_one_secret_is_no_right_to_another(aws: Connection) -> None:
    """As infra/paging.py gives it: six characters follow the name in the ARN."""
    mine, other = secret(aws), secret(aws)
    resource = f"arn:aws:secretsmanager:{aws.region}:{aws.account_id}:secret:{mine}-??????"
    grant = {"Effect": "Allow", "Action": "secretsmanager:GetSecretValue", "Resource": resource}
    role = make_role(aws, unique("pager"), ["lambda"], grant)
    session = aws.client("sts").assume_role(RoleArn=role, RoleSessionName="pager")["Credentials"]
    client = boto_client(aws, session)

    assert len(RoutingKey(client, mine).get()) == 32
    with pytest.raises(Denied):
        RoutingKey(client, other).get()


def boto_client(aws: Connection, session: Any) -> Any:
    import boto3  # noqa: PLC0415

    return boto3.client(
        "secretsmanager",
        endpoint_url=aws.endpoint_url,
        region_name=aws.region,
        aws_access_key_id=session["AccessKeyId"],
        aws_secret_access_key=session["SecretAccessKey"],
        aws_session_token=session["SessionToken"],
    )


@pytest.fixture
def peer() -> Iterator[tuple[str, list[int]]]:
    """Whoever answers in PagerDuty's place, with the status that is given, and all that it was told; its address."""
    status = [200]

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: Any) -> None:
            pass

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(status[0])
            self.send_header("Location", "/v2/elsewhere")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", status
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize(
    ("status", "kind"), [(302, Invalid), (400, Invalid), (401, Denied), (403, Denied), (404, Invalid)]
)
def test_the_key_is_in_no_error(
    aws: Connection, peer: tuple[str, list[int]], status: int, kind: type[Exception]
) -> None:
    """Also where the other side says back all that it was told."""
    url, statuses = peer
    statuses[0], key = status, secrets.token_hex(16)

    with pytest.raises(kind, match=rf"PagerDuty answered {status}: .*\(routing key\)") as refused:
        pagerduty(aws, secret(aws, key), url).send(event("wine"))

    assert key not in str(refused.value)


def test_without_a_pager_a_line_says_so_and_nobody_was_called() -> None:
    lines: list[str] = []
    pager = NoPager(lines.append)

    assert pager.send(event("wine/accuracy")) is False
    assert pager.change(change_event(ROUTE, "heirloom", API)) is False

    told, changed = map(json.loads, lines)
    assert told["pager"].startswith("none is set up, nobody was paged")
    assert told["event"]["dedup_key"] == "wine/accuracy"
    assert changed["change"]["payload"]["source"] == "heirloom/wine"
