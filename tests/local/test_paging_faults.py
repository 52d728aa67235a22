"""PagerDuty out of order, messages twice and at once, functions as they are deployed: nothing lost, nothing said twice.

The time scale: on AWS a page is tried for four minutes a call, and Lambda calls three times, a minute and two apart: an
outage of a quarter of an hour is bridged, and only then is the page a dead letter. Here a call tries for 3 s (an event
for 10 s at most, as on AWS), and Lambda's pauses are 1 s and 2 s: some 20 s in all. The alarm has its real period, a
minute, and is looked at twice a second.
"""

from __future__ import annotations

import io
import json
import secrets
import threading
import time
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from botocore.awsrequest import AWSRequest
from botocore.httpsession import URLLib3Session

from cli.dead_pages import DeadPages, handle
from heirloom.adapters.dynamodb.incidents import DynamoIncidents
from heirloom.adapters.dynamodb.routes import DynamoRoutes
from heirloom.adapters.dynamodb.watches import DynamoWatches, _breach
from heirloom.adapters.pagerduty import PagerDuty, RoutingKey
from heirloom.core.clock import stamp, utc_now
from heirloom.core.incident.desk import Desk, Patience
from heirloom.core.incident.notify import Notifier
from heirloom.core.monitoring.breach import Breach, Severity
from heirloom.core.release.change import change, write
from heirloom.core.release.moves import freeze, promote
from heirloom.core.release.route import OPEN, Mark, Route
from local.connection import Connection
from local.launcher import EmbeddedAws
from tests.docs.pages import ROOT
from tests.embedded import free_port, make_role, unique, wait_for
from tests.local.functions import RUNTIME
from tests.unit.incident.world import EVIDENCE, alarm_text

pytestmark = pytest.mark.xdist_group("paging-faults")
PATIENCE = 3
API = "https://a1b2c3.execute-api.us-east-1.amazonaws.com"


@dataclass
class Paging:
    """notify_pagerduty and announce_change with the rights that they have when deployed, and what they are told by."""

    aws: Connection
    tables: dict[str, str] = field(default_factory=dict)
    secret: str = ""
    topics: tuple[str, ...] = ()
    letters: str = ""
    alarm: str = ""

    def client(self, service: str) -> Any:
        return self.aws.client(service)

    def output(self, name: str) -> str:
        """As the stack tells the command."""
        assert name == "DeadPages"
        return self.letters

    def arn(self, service: str, resource: str) -> str:
        return f"arn:aws:{service}:{self.aws.region}:{self.aws.account_id}:{resource}"

    def breach(self, severity: Severity = Severity.PAGE) -> Breach:
        """A breach of a model of its own, on record."""
        breach = Breach(unique("m"), 3, "accuracy", severity, stamp(utc_now()), EVIDENCE)
        self.put(breach)
        return breach

    def put(self, breach: Breach) -> None:
        self.client("dynamodb").put_item(TableName=self.tables["PREDICTIONS"], Item=_breach(breach))

    def say(self, breach: Breach, alarm: str, state: str = "ALARM", topic: int = 0) -> None:
        text = alarm_text(alarm, state, stamp(utc_now()), AlarmName=f"heirloom-{breach.model}-{alarm}")
        self.client("sns").publish(TopicArn=self.topics[topic], Message=text)

    def pagerduty(self, method: str, path: str, document: object = None) -> Any:
        body = None if document is None else json.dumps(document).encode()
        url, headers = f"{self.aws.endpoint_url}/_pagerduty{path}", {"Content-Type": "application/json"}
        return json.loads(URLLib3Session().send(AWSRequest(method, url, headers, body).prepare()).content)

    def fail(self, seconds: float) -> None:
        self.pagerduty("POST", "/faults", {"seconds": seconds})

    def alerts(self, breach: Breach) -> list[list[str]]:
        """What PagerDuty was sent of it: the actions of each incident that it made of it."""
        found = self.pagerduty("GET", "/incidents")["incidents"]
        return [[event["action"] for event in each["events"]] for each in found if each["dedup_key"] == breach.id]

    def incident(self, breach: Breach) -> tuple[str, str]:
        """Its status and severity."""
        found = DynamoIncidents(self.client("dynamodb"), self.tables["PREDICTIONS"]).get(breach.id)
        return (found.status, found.severity) if found and found.triggered else ("", "")

    def letters_left(self) -> int:
        names = ["ApproximateNumberOfMessages"]
        found = self.client("sqs").get_queue_attributes(QueueUrl=self.letters, AttributeNames=names)
        return int(found["Attributes"][names[0]])

    def state(self) -> str:
        (alarm,) = self.client("cloudwatch").describe_alarms(AlarmNames=[self.alarm])["MetricAlarms"]
        return str(alarm["StateValue"])

    @property
    def notifier(self) -> Notifier:
        """As `heirloom incidents resend` has it."""
        dynamodb, predictions = self.client("dynamodb"), self.tables["PREDICTIONS"]
        pager = PagerDuty(f"{self.aws.endpoint_url}/_pagerduty", RoutingKey(self.client("secretsmanager"), self.secret))
        patience = Patience(30, time.sleep, time.monotonic)
        desk = Desk(DynamoIncidents(dynamodb, predictions), pager, utc_now, patience, "heirloom", API)
        return Notifier(DynamoWatches(dynamodb, predictions), self.routes, desk)

    @property
    def routes(self) -> DynamoRoutes:
        return DynamoRoutes(self.client("dynamodb"), self.tables["ROUTES"], self.tables["LINEAGE"])


@pytest.fixture(scope="module")
def paging(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Paging]:
    """On an embedded AWS whose alarms are looked at twice a second."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HEIRLOOM_ALARM_TICK_SECONDS", "0.5")
        embedded = EmbeddedAws(tmp_path_factory.mktemp("paging") / "state", free_port())
        made = Paging(embedded.start(die_with_parent=True))
    _make_tables(made)
    _make_queue(made)
    made.secret = unique("pagerduty")
    made.client("secretsmanager").create_secret(Name=made.secret, SecretString=secrets.token_hex(16))
    made.topics = tuple(made.client("sns").create_topic(Name=unique("t"))["TopicArn"] for _ in range(2))
    _make_notifier(made)
    _make_announcer(made)
    yield made
    embedded.stop()


def _make_tables(made: Paging) -> None:
    for name, keys in {"ROUTES": ["model"], "LINEAGE": ["pk", "sk"], "PREDICTIONS": ["id", "part"]}.items():
        made.tables[name] = unique(name.lower())
        made.client("dynamodb").create_table(
            TableName=made.tables[name],
            KeySchema=[
                {"AttributeName": key, "KeyType": kind} for key, kind in zip(keys, ("HASH", "RANGE"), strict=False)
            ],
            AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key in keys],
            BillingMode="PAY_PER_REQUEST",
            StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"},
        )


def _make_queue(made: Paging) -> None:
    """With the alarm of infra/dead_letters.py."""
    name, made.alarm = unique("dead"), unique("dead")
    made.letters = made.client("sqs").create_queue(QueueName=name)["QueueUrl"]
    made.client("cloudwatch").put_metric_alarm(
        AlarmName=made.alarm,
        Namespace="AWS/SQS",
        MetricName="ApproximateNumberOfMessagesVisible",
        Dimensions=[{"Name": "QueueName", "Value": name}],
        Statistic="Maximum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1,
        ComparisonOperator="GreaterThanOrEqualToThreshold",
        TreatMissingData="notBreaching",
    )


def _make_function(made: Paging, handler: str, *statements: dict[str, Any], **settings: Any) -> str:
    """A function with the product's own code, and these rights besides the one to the key."""
    package, root = io.BytesIO(), ROOT / "functions"
    with zipfile.ZipFile(package, "w") as file:
        for source in root.rglob("*.py"):
            file.write(source, source.relative_to(root))
    key = {
        "Effect": "Allow",
        "Action": "secretsmanager:GetSecretValue",
        "Resource": made.arn("secretsmanager", f"secret:{made.secret}-??????"),
    }
    variables = {
        **{f"HEIRLOOM_{name}_TABLE": table for name, table in made.tables.items()},
        "HEIRLOOM_PREFIX": "heirloom",
        "HEIRLOOM_API_URL": API,
        "HEIRLOOM_PAGER_SECONDS": str(PATIENCE),
        "HEIRLOOM_PAGERDUTY_SECRET": made.secret,
        "HEIRLOOM_PAGERDUTY_URL": f"{made.aws.endpoint_url}/_pagerduty",
    }
    answer = made.client("lambda").create_function(
        FunctionName=unique(handler),
        Runtime=RUNTIME,
        Role=make_role(made.aws, unique(handler), ["lambda"], key, *statements),
        Handler=f"heirloom.handlers.{handler}.lambda_handler",
        Code={"ZipFile": package.getvalue()},
        Timeout=60,
        Environment={"Variables": variables},
        **settings,
    )
    return str(answer["FunctionArn"])


def _allow(service: str, operations: list[str], resource: str) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": [f"{service}:{name}" for name in operations], "Resource": resource}


def _make_notifier(made: Paging) -> None:
    queue = made.arn("sqs", made.letters.rpartition("/")[2])
    function = _make_function(
        made,
        "notify_pagerduty",
        _allow(
            "dynamodb", ["GetItem", "Query", "PutItem"], made.arn("dynamodb", f"table/{made.tables['PREDICTIONS']}")
        ),
        _allow("dynamodb", ["GetItem"], made.arn("dynamodb", f"table/{made.tables['ROUTES']}")),
        _allow("sqs", ["SendMessage"], queue),
        DeadLetterConfig={"TargetArn": queue},
    )
    for topic in made.topics:
        made.client("lambda").add_permission(
            FunctionName=function,
            StatementId=unique("s"),
            Action="lambda:InvokeFunction",
            Principal="sns.amazonaws.com",
            SourceArn=topic,
        )
        made.client("sns").subscribe(TopicArn=topic, Protocol="lambda", Endpoint=function)


def _make_announcer(made: Paging) -> None:
    stream = made.client("dynamodb").describe_table(TableName=made.tables["ROUTES"])["Table"]["LatestStreamArn"]
    rights = _allow("dynamodb", ["DescribeStream", "GetRecords", "GetShardIterator"], stream)
    pattern = json.dumps({"eventName": ["INSERT", "MODIFY"]})
    made.client("lambda").create_event_source_mapping(
        FunctionName=_make_function(made, "announce_change", rights),
        EventSourceArn=stream,
        StartingPosition="TRIM_HORIZON",
        FilterCriteria={"Filters": [{"Pattern": pattern}]},
    )


def test_an_outage_that_ends_in_time_delays_the_page_and_loses_nothing(paging: Paging) -> None:
    """On AWS: one that ends within a quarter of an hour."""
    breach = paging.breach()
    paging.fail(9)

    began = time.monotonic()
    paging.say(breach, "accuracy-page")

    wait_for(lambda: paging.alerts(breach), 60)
    assert 8 < time.monotonic() - began < 20
    time.sleep(4)  # longer than until another attempt
    assert paging.alerts(breach) == [["trigger"]]
    assert paging.letters_left() == 0


def test_an_outage_that_lasts_makes_a_dead_letter_an_alarm_and_one_page_when_it_is_handled_again(
    paging: Paging,
) -> None:
    breach = paging.breach()
    before = paging.pagerduty("GET", "/incidents")["refused"]
    paging.fail(600)

    paging.say(breach, "accuracy-page")

    wait_for(lambda: paging.letters_left() == 1, 60)
    wait_for(lambda: paging.state() == "ALARM", 90)
    assert paging.alerts(breach) == []
    assert paging.pagerduty("GET", "/incidents")["refused"] - before >= 3
    (known,) = DynamoIncidents(paging.client("dynamodb"), paging.tables["PREDICTIONS"]).of(breach.model, 9).incidents
    assert (known.id, known.status, known.paged_at) == (breach.id, "open", None)

    paging.fail(0)
    dead = DeadPages(paging)  # type: ignore[arg-type] # a session, as far as it is asked
    for letter in dead.letters():
        (told,) = handle(letter, paging.notifier)
        assert (told.id, told.status) == (breach.id, "open")
        dead.remove(letter)

    assert paging.alerts(breach) == [["trigger"]]
    assert paging.letters_left() == 0
    paging.say(breach, "accuracy-page")
    time.sleep(3)
    assert paging.alerts(breach) == [["trigger"]]


def test_messages_twice_and_at_once_are_one_incident_with_one_end(paging: Paging) -> None:
    breach = paging.breach()
    worse = replace(breach, severity=Severity.ROLLBACK)

    def say(number: int) -> None:
        if number == 3:
            paging.put(worse)
        paging.say(breach, "critical" if number >= 3 else "accuracy-page", topic=number % 2)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(say, range(8)))
    wait_for(lambda: paging.incident(breach) == ("open", "critical"), 60)
    assert len(paging.alerts(breach)) == 1
    assert 1 <= len(paging.alerts(breach)[0]) <= 2  # of the page and of the rollback, or of the rollback at once

    paging.put(replace(worse, ended_at=stamp(utc_now())))
    threads = [threading.Thread(target=paging.say, args=(breach, "critical", "OK", 1)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    wait_for(lambda: paging.incident(breach)[0] == "resolved", 60)
    time.sleep(3)
    (actions,) = paging.alerts(breach)
    assert actions.count("resolve") == 1
    assert actions[-1] == "resolve"


def test_changes_of_a_route_are_told_after_an_outage_and_in_order(paging: Paging) -> None:
    model, mark = unique("m"), Mark("ana", stamp(utc_now()), "it is better")
    paging.fail(4)
    write(Route(model, 1, 0, {0: "m-v0", 1: "m-v1"}, OPEN, mark), paging.routes)
    change(model, lambda route: promote(route, 1, mark), paging.routes)
    change(model, lambda route: freeze(route, mark), paging.routes)

    def told() -> list[str]:
        changes = paging.pagerduty("GET", "/incidents")["changes"]
        found = [each["payload"]["custom_details"] for each in changes]
        return [each["action"] for each in found if each["model"] == model]

    wait_for(lambda: "promote" in told(), 60)
    assert told() == ["open", "promote"]
