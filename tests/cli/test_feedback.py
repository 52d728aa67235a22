"""`heirloom feedback`, over the API's own function and the reader of files, every port in memory."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from cli import feedback_send
from cli.api import problem
from cli.feedback import tell
from heirloom.core.errors import Invalid, NotFound, Unavailable
from heirloom.core.prediction.label_file import LabelRow
from heirloom.core.prediction.records import LABEL
from heirloom.handlers import take_labels
from heirloom.handlers.edge import http_entrypoint
from tests.cli.conftest import Run
from tests.parquet import parquet_of
from tests.unit.prediction.test_label_reading import Shop
from tests.unit.world import World

MODEL = "flight-delay"


class Stack(Shop):
    """The API, which counts its requests, and S3, which has each file of labels read while the command waits for it.

    ``down`` requests are answered by 503; ``slept`` is what the command has waited, and what ``meanwhile`` does then.
    """

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.requests: list[list[dict[str, Any]]] = []
        self.down = 0
        self.slept: list[float] = []
        self.meanwhile: Callable[[], None] = lambda: None
        ports: dict[str, Any] = {"routes": world.routes, "predictions": self.predictions, "trials": world.trials}
        rest = {"answers": world.answers, "projects": self.taking.projects, "clock": world.clock}
        self._take = http_entrypoint(
            take_labels.handle, **{name: (lambda port=port: port) for name, port in {**ports, **rest}.items()}
        )

    def call(self, *arguments: Any, **named: Any) -> Any:
        """Whichever is asked: the API by a command, or the function by its machine."""
        return self._api(*arguments, **named) if len(arguments) > 1 else super().call(*arguments)

    def _api(self, session: object, method: str, path: str, body: Any) -> Any:
        self.requests.append(body["labels"])
        if self.down:
            self.down -= 1
            raise problem(503, {"detail": "the table is being throttled"})
        model = path.split("/")[2]
        answer = self._take({"pathParameters": {"model": model}, "body": json.dumps(body)}, None)
        document = json.loads(answer["body"])
        if answer["statusCode"] >= 300:
            raise problem(answer["statusCode"], document)
        return document

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.meanwhile()

    def monotonic(self) -> float:
        return sum(self.slept)

    def put_object(self, *, Bucket: str, Key: str, Body: bytes, ContentType: str) -> dict[str, str]:  # noqa: N803 # boto3's
        assert Bucket == self.bucket
        self.upload(Body, Key)
        self.meanwhile = self._read
        return {"VersionId": "v1"}

    def _read(self) -> None:
        """The machine, from the event to the end."""
        state = self.call(self.event)
        while state["read"]["again"]:
            state = self.call(state)


@pytest.fixture
def stack(monkeypatch: pytest.MonkeyPatch) -> Stack:
    """Predictions a, b and c were answered with no."""
    world = World()
    world.deploy()
    stack = Stack(world)
    stack.predict("a", "b", "c")
    session = SimpleNamespace(client=lambda service: stack, output=lambda name: stack.bucket)
    monkeypatch.setattr("cli.options.open_session", lambda out, *, local: session)
    monkeypatch.setattr("cli.feedback.Ports", lambda session: SimpleNamespace(objects=world.objects))
    monkeypatch.setattr(feedback_send, "call", stack.call)
    monkeypatch.setattr(feedback_send, "time", stack)
    return stack


def test_tells_labels_that_are_typed(cli: Run, stack: Stack) -> None:
    ran = cli("feedback", MODEL, "a=yes", "b=no")

    assert (ran.code, ran.out) == (0, "2 labels: 2 accepted\n")
    assert stack.labels() == {"a": "yes", "b": "no"}
    assert stack.slept == []


def test_tells_a_correction_and_what_is_told_again(cli: Run, stack: Stack) -> None:
    cli("feedback", MODEL, "a=yes", "b=no")

    assert cli("feedback", MODEL, "a=no", "b=no", "c=no").out == "3 labels: 1 accepted, 1 corrected, 1 repeated\n"


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("l.csv", b"id,label\na,yes\nb,no\n"),
        ("l.txt", b"id,label\na,yes\nb,no\n"),
        ("l.json", b'[{"id": "a", "label": "yes"}, {"id": "b", "label": "no"}]'),
        ("l.json", b'{"labels": [{"id": "a", "label": "yes"}, {"id": "b", "label": "no", "at": null}]}'),
        ("l.parquet", None),
    ],
)
def test_reads_files_of_each_format(cli: Run, stack: Stack, workspace: Path, name: str, body: bytes | None) -> None:
    body = body or parquet_of({"id": ["a", "b"], "label": ["yes", "no"]})
    (workspace / name).write_bytes(body)

    assert cli("feedback", MODEL, "--file", name).out == "2 labels: 2 accepted\n"
    assert stack.labels() == {"a": "yes", "b": "no"}


@pytest.mark.parametrize("body", [b"id,label\na,yes\n", b' [{"id": "a", "label": "yes"}]'])
def test_reads_a_pipe(cli: Run, stack: Stack, monkeypatch: pytest.MonkeyPatch, body: bytes) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(body)))

    assert cli("feedback", MODEL, "--file", "-").out == "1 labels: 1 accepted\n"


@pytest.mark.parametrize("suffix", ["csv", "json", "parquet"])
def test_columns_may_have_other_names(cli: Run, stack: Stack, workspace: Path, suffix: str) -> None:
    at = "2026-11-20T10:00:00Z"
    bodies = {
        "csv": f"prediction,truth,when\na,yes,{at}\n".encode(),
        "json": json.dumps([{"prediction": "a", "truth": "yes", "when": at}]).encode(),
        "parquet": parquet_of({"prediction": ["a"], "truth": ["yes"], "when": [at]}),
    }
    (workspace / f"l.{suffix}").write_bytes(bodies[suffix])
    columns = ("--id-column", "prediction", "--label-column", "truth", "--at-column", "when")

    assert cli("feedback", MODEL, "--file", f"l.{suffix}", *columns).code == 0
    assert stack.predictions.records["a", LABEL].data["at"] == "2026-11-20T10:00:00.000Z"


def test_sends_a_thousand_at_once(cli: Run, stack: Stack, workspace: Path) -> None:
    ids = [f"p{n}" for n in range(2300)]
    stack.predict(*ids)
    (workspace / "l.csv").write_text("id,label\n" + "".join(f"{each},no\n" for each in ids))

    ran = cli("feedback", MODEL, "--file", "l.csv", "--json")

    assert (ran.document["rows"], ran.document["accepted"]) == (2300, 2300)
    assert [len(request) for request in stack.requests] == [1000, 1000, 300]


def test_unknown_predictions_are_told_again_until_they_come(cli: Run, stack: Stack) -> None:
    stack.meanwhile = lambda: stack.predict("late") if len(stack.slept) == 2 else None

    ran = cli("feedback", MODEL, "a=yes", "late=no")

    assert (ran.code, ran.out) == (0, "2 labels: 2 accepted\n")
    assert stack.slept == [1, 2]
    assert [[label["id"] for label in request] for request in stack.requests] == [["a", "late"], ["late"], ["late"]]


def test_what_stays_unknown_is_named_and_is_a_failure(cli: Run, stack: Stack) -> None:
    ran = cli("feedback", MODEL, "a=yes", "nobody=no")

    assert (ran.code, ran.out) == (1, "2 labels: 1 accepted, 1 unknown\n  unknown: nobody\n")
    assert "1 are of unknown predictions: trying again for 30 s" in ran.err
    assert stack.slept == [1, 2, 4, 8, 8]
    assert cli("feedback", MODEL, "nobody=no", "--wait", "0", "--json").document == {
        "model": MODEL,
        "rows": 1,
        "accepted": 0,
        "corrected": 0,
        "repeated": 0,
        "unknown": 1,
        "wrong": 0,
        "problems": [],
        "unknown_ids": ["nobody"],
    }
    assert len(stack.slept) == 5


def test_of_many_unknown_ones_some_are_shown(cli: Run, stack: Stack) -> None:
    ran = cli("feedback", MODEL, *(f"x{n}=no" for n in range(30)), "--wait", "0")

    assert ran.out.count("unknown: x") == 20
    assert "and 10 more unknown ones: --json lists them all" in ran.out


def test_wrong_labels_are_told_by_their_lines_and_stop_no_other(cli: Run, stack: Stack, workspace: Path) -> None:
    stack.predict("true", label=True)
    (workspace / "l.csv").write_text(f"id,label\na,yes\n{'x' * 65},no\ntrue,maybe\nb,\n")

    ran = cli("feedback", MODEL, "--file", "l.csv")

    told, *lines = [line for line in ran.out.splitlines() if not line.startswith("{")]  # which is the function's log
    assert (ran.code, told) == (1, "4 labels: 1 accepted, 3 wrong")
    assert [line.split(":")[0] for line in lines] == ["  line 3", "  line 5", "  line 4"]
    assert "expected true or false, as the model answers, got id 'true' and label 'maybe'" in ran.out
    assert stack.labels() == {"a": "yes"}


def test_an_api_that_is_down_for_a_moment_is_asked_again(cli: Run, stack: Stack) -> None:
    stack.down = 3

    assert cli("feedback", MODEL, "a=yes").out == "1 labels: 1 accepted\n"
    assert stack.slept == [2, 2, 2]

    stack.down = 4
    ran = cli("feedback", MODEL, "a=yes")
    assert (ran.code, ran.err) == (1, "error: the API answered 503: the table is being throttled\n")


def test_a_refusal_that_names_no_label_is_the_answer(cli: Run, stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise problem(413, {"detail": "body: expected at most 4194304 bytes"})

    monkeypatch.setattr(feedback_send, "call", refuse)

    ran = cli("feedback", MODEL, "a=yes")

    assert (ran.code, ran.err) == (2, "error: body: expected at most 4194304 bytes\n")


def test_there_are_no_labels_of_a_model_that_is_none(cli: Run, stack: Stack) -> None:
    ran = cli("feedback", "fligth-delay", "a=yes")

    assert ran.code == 2
    assert "there is no model 'fligth-delay'" in ran.err


def test_a_dry_run_sends_nothing_and_says_what_is_wrong(cli: Run, stack: Stack, workspace: Path) -> None:
    (workspace / "l.csv").write_text("id,label,at\na,yes,\na,no,tomorrow\nb,no,\n")

    ran = cli("feedback", MODEL, "--file", "l.csv", "--dry-run")

    assert ran.code == 1
    assert [line.split()[:2] for line in ran.out.splitlines()[:5]] == [
        ["model:", MODEL],
        ["rows:", "3"],
        ["predictions:", "2"],
        ["requests:", "1"],
        ["wrong:", "1"],
    ]
    assert "line 3, at: expected a moment in ISO 8601" in ran.out
    assert "nothing was sent" in ran.err
    assert cli("feedback", MODEL, "a=yes", "--dry-run", "--json").document["problems"] == []
    assert stack.requests == []


@pytest.mark.parametrize(
    ("words", "error"),
    [
        ((), "give the labels by either ID=LABEL... or --file FILE"),
        (("a=yes", "--file", "l.csv"), "give the labels by either"),
        (("a",), "'a': expected ID=LABEL"),
        (("=yes",), "'=yes': expected ID=LABEL"),
        (("--file", "nothing.csv"), "nothing.csv: No such file"),
        (("--file", "empty.csv"), "empty.csv: file: expected a header with id and label"),
        (("--file", "bare.csv"), "bare.csv: expected labels, got none"),
        (("--file", "other.csv"), r"other.csv: header: expected the column id (did you mean ids?)"),
        (("--file", "broken.json"), "broken.json: expected JSON"),
        (("--file", "list.json"), 'list.json: expected a list of objects {"id", "label"}'),
        (("--file", "broken.parquet"), "broken.parquet: file: expected a Parquet file"),
        (("a=yes", "--s3"), "--s3 needs a --file"),
        (("--file", "-", "--s3"), "--s3 needs a --file"),
        (("--file", "list.json", "--s3"), r"ends in .csv or .parquet"),
        (("--file", "other.csv", "--s3", "--id-column", "ids"), "--s3 sends the file as it is"),
        (("--file", "nothing.csv", "--s3"), "nothing.csv: there is no such file"),
    ],
)
def test_what_can_t_be_sent_is_a_usage_error(
    cli: Run, stack: Stack, workspace: Path, words: tuple[str, ...], error: str
) -> None:
    bodies = {
        "empty.csv": "",
        "bare.csv": "id,label\n",
        "other.csv": "ids,label\na,yes\n",
        "broken.json": "[",
        "list.json": "[3]",
        "broken.parquet": "PAR1",
    }
    for name, body in bodies.items():
        (workspace / name).write_text(body)

    ran = cli("feedback", MODEL, *words)

    assert (ran.code, stack.requests) == (2, [])
    assert error in ran.err


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_a_file_is_uploaded_for_the_stack_to_read(cli: Run, stack: Stack, workspace: Path, suffix: str) -> None:
    body = b"id,label\na,yes\nb,no\n" if suffix == "csv" else parquet_of({"id": ["a", "b"], "label": ["yes", "no"]})
    (workspace / f"l.{suffix}").write_bytes(body)

    ran = cli("feedback", MODEL, "--file", f"l.{suffix}", "--s3")

    assert (ran.code, ran.out) == (0, "2 labels: 2 accepted\n")
    assert stack.labels() == {"a": "yes", "b": "no"}
    (key,) = [key for key in stack.world.objects.keys(stack.bucket) if key.startswith("labels/")]
    assert key.startswith(f"labels/{MODEL}/2")
    assert key.endswith(f"-l.{suffix}")
    assert f"uploaded s3://{stack.bucket}/{key}" in ran.err


def test_a_file_in_which_some_are_unknown_or_wrong_is_a_failure(cli: Run, stack: Stack, workspace: Path) -> None:
    (workspace / "l.csv").write_text("id,label\na,yes\nnobody,no\nb,\n")

    ran = cli("feedback", MODEL, "--file", "l.csv", "--s3")

    first, second, third = ran.out.splitlines()
    assert (ran.code, first) == (1, "3 labels: 1 accepted, 1 unknown, 1 wrong")
    assert second.startswith("  line 4: expected an object")
    assert third.startswith(f"  the unknown ones: s3://{stack.bucket}/labels-results/{MODEL}/2")
    assert cli("feedback", MODEL, "--file", "l.csv", "--s3", "--json").document["state"] == "done"


def test_a_file_that_the_stack_refuses_is_an_error(cli: Run, stack: Stack, workspace: Path) -> None:
    (workspace / "l.csv").write_text("ids,label\na,yes\n")

    ran = cli("feedback", MODEL, "--file", "l.csv", "--s3")

    assert ran.code == 2
    assert "expected the column id (did you mean ids?)" in ran.err


def test_a_dry_run_uploads_nothing(cli: Run, stack: Stack, workspace: Path) -> None:
    (workspace / "l.csv").write_text("id,label\na,yes\n")

    assert cli("feedback", MODEL, "--file", "l.csv", "--s3", "--dry-run").code == 0
    assert stack.world.objects.keys(stack.bucket) == ()


def test_a_result_is_waited_for_as_long_as_there_is_news(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing, a file that is being read, then silence."""
    looks = iter([{}, {"state": "reading", "read": 5}, {"state": "reading", "read": 9}])
    last = {"state": "reading", "read": 9}
    monkeypatch.setattr(feedback_send, "_result", lambda ports, where: next(looks, last))
    where = feedback_send.Location("data", "labels-results/x")

    with pytest.raises(Unavailable, match="no news of s3://data/labels-results/x"):
        feedback_send.await_result(feedback_send.Output(), SimpleNamespace(), where)  # type: ignore[arg-type]

    assert 1200 < stack.monotonic() < 1210


def test_another_command_tells_what_it_knows(stack: Stack) -> None:
    session: Any = None
    stack.meanwhile = lambda: stack.predict("late")

    tell(session, MODEL, [{"id": "a", "label": "yes"}, {"id": "late", "label": "no"}])

    assert stack.labels() == {"a": "yes", "late": "no"}
    stack.predict("true", label=True)
    with pytest.raises(Invalid, match="line 1: expected true or false"):
        tell(session, MODEL, [{"id": "true", "label": "maybe"}])
    with pytest.raises(Unavailable, match="1 predictions of flight-delay are not in their table after 30 s"):
        tell(session, MODEL, [{"id": "nobody", "label": "no"}])
    with pytest.raises(NotFound):
        tell(session, "fligth-delay", [{"id": "a", "label": "no"}])


def test_where_all_are_wrong_nothing_is_left_to_send(stack: Stack) -> None:
    session: Any = None

    sent = feedback_send.send_rows([LabelRow(1, "", "no")], feedback_send.asking(session, MODEL), lambda _: None)

    assert (sent.share.wrong, sent.unknown, len(stack.requests)) == (1, (), 1)
