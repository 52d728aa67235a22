"""The program `serve`, as SageMaker runs it."""

from __future__ import annotations

import json
import tarfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from heirloom.adapters.project_folder import bundle
from tests.image.programs import BASELINE, DATA, MODELS, Endpoint, Job, make_project, prepare, train

# The trained models and the endpoints of conftest.py are made once a worker: one worker is enough.
pytestmark = pytest.mark.xdist_group("image")

Start = Callable[[Path], Endpoint]
ROW = {"acid": 30.0, "grape": "red"}


def test_answers_a_trained_models_rows_as_training_recorded_them(flights: Job, start: Start) -> None:
    smoke = flights.read("smoke.json")
    endpoint = start(flights.base).wait()

    status, answer = endpoint.predict({"inputs": smoke["inputs"]})

    assert (status, answer) == (200, {"predictions": smoke["predictions"]})


@pytest.mark.parametrize(
    "document",
    [
        {"inputs": [ROW, ROW]},
        {"instances": [ROW, ROW]},
        {"dataframe_records": [ROW, ROW]},
        [ROW, ROW],
        [[30.0, "red"], [30, "red"]],
        {"inputs": [[30.0, "red"], [30.0, "red"]]},
        {"columns": ["grape", "acid"], "data": [["red", 30.0], ["red", 30.0]]},
        {"dataframe_split": {"columns": ["acid", "grape"], "data": [[30.0, "red"], [30.0, "red"]]}},
        "acid,grape\n30,red\n30,red\n",
        "\ufeffgrape,acid\r\nred,30\r\n\r\nred,3e1\r\n",
        "30,red\n30,red",
    ],
)
def test_takes_every_spelling_of_the_same_rows(endpoint: Endpoint, document: Any) -> None:
    if isinstance(document, str):
        status, answer = endpoint.send("/invocations", document.encode(), "text/csv; charset=utf-8")
    else:
        status, answer = endpoint.predict(document)

    assert (status, answer) == (200, {"predictions": [{"label": True, "probability": 1.0}] * 2})


@pytest.mark.parametrize("row", [{"acid": None, "grape": "red"}, {"acid": 1, "grape": None}])
def test_takes_missing_values(endpoint: Endpoint, row: dict[str, Any]) -> None:
    status, answer = endpoint.predict([row])

    assert status == 200
    assert answer["predictions"][0]["label"] in (True, False)


def test_refuses_a_category_that_training_has_not_seen(endpoint: Endpoint) -> None:
    status, problem = endpoint.predict([ROW, {"acid": 1, "grape": "whit"}, {"acid": 1, "grape": 7}])

    assert (status, problem["title"]) == (422, "Input does not fit the model")
    expected = "expected a value that training has seen: red, white"
    assert problem["errors"] == [
        {"field": "inputs[1].grape", "detail": f'{expected} (did you mean white?), got "whit"'},
        {"field": "inputs[2].grape", "detail": f'{expected}, got "7"'},
    ]
    assert problem["detail"] == f'inputs[1].grape: {expected} (did you mean white?), got "whit" (and 1 more)'


def test_takes_such_a_category_where_the_project_accepts_it(tmp_path: Path, start: Start) -> None:
    project = make_project(tmp_path / "wine", data="unseen: accept")
    job = train(prepare(tmp_path / "ml", project, DATA))
    endpoint = start(job.base).wait()

    status, answer = endpoint.predict([{"acid": 1, "grape": 7}])

    assert (status, answer["predictions"][0]["label"]) == (200, False)


def test_says_how_many_fields_are_wrong_beside_those_it_names(endpoint: Endpoint) -> None:
    status, problem = endpoint.predict([{"acid": "far", "grape": "red"}] * 50)

    assert (status, len(problem["errors"]), problem["more_errors"]) == (422, 20, 30)
    assert problem["detail"].endswith("(and 49 more)")


@pytest.mark.parametrize(
    ("document", "field", "detail"),
    [
        ({"inputs": [ROW, {"grape": "red"}]}, "inputs[1].acid", "expected a number or null, but the field is missing"),
        (
            {"inputs": [{**ROW, "acidd": 1}]},
            "inputs[0].acidd",
            "expected only the fields acid, grape (did you mean acid?), got an unknown one",
        ),
        ({"inputs": [ROW, ROW, {**ROW, "acid": "far"}]}, "inputs[2].acid", 'expected a number or null, got "far"'),
        ({"inputs": [{**ROW, "acid": True}]}, "inputs[0].acid", "expected a number or null, got true"),
        ({"inputs": [{**ROW, "grape": 1.5}]}, "inputs[0].grape", "expected a text or null, got 1.5"),
        ({"inputs": [{**ROW, "grape": ["red"] * 30}]}, "inputs[0].grape", "expected a text or null, got ["),
        ({"inputs": []}, "inputs", "expected at least one row, got none"),
        ({"inputs": [[1]]}, "inputs[0]", "expected 2 values, got 1"),
        ({"inputs": [ROW, 7]}, "inputs[1]", "expected a record or a list of values, got 7"),
        ({"columns": "acid", "data": []}, "columns", "expected a list of column names"),
        ({"columns": ["acid"], "data": [[1]]}, "inputs[0].grape", "expected a text or null, but the field is missing"),
    ],
)
def test_names_the_field_that_does_not_fit(endpoint: Endpoint, document: Any, field: str, detail: str) -> None:
    status, problem = endpoint.predict(document)

    assert (status, problem["status"], problem["title"]) == (422, 422, "Input does not fit the model")
    assert problem["errors"][0]["field"] == field
    assert problem["errors"][0]["detail"].startswith(detail)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b"far,red\n", "inputs[0].acid"),
        (b"acid,grape\n1,red\n1\n", "inputs[1]"),
        (b"acid,acid\n1,1\n", "header"),
        (b"acid,sort\n1,1\n", "inputs[0].grape"),
        (b"", "inputs"),
    ],
)
def test_names_the_field_of_a_csv_that_does_not_fit(endpoint: Endpoint, body: bytes, field: str) -> None:
    status, problem = endpoint.send("/invocations", body, "text/csv")

    assert (status, problem["errors"][0]["field"]) == (422, field)


@pytest.mark.parametrize(
    ("body", "media_type", "status"),
    [
        (b"{", "application/json", 400),
        (b'{"acid": NaN}', "application/json", 400),
        (b'{"acid": 1}', "application/json", 400),
        (b"7", "application/json", 400),
        (b"caf\xe9,1\n", "text/csv", 400),
        (b"[1,2]", "application/x-npy", 422),
        (b'"a"b,1\n', "text/csv", 400),
        (b"acid=1", "application/x-www-form-urlencoded", 415),
        (json.dumps([ROW] * 4097).encode(), "application/json", 413),
        (b"1,red\n" * 4097, "text/csv", 413),
        (b" " * (25 * 2**20 + 1), "application/json", 413),
    ],
)
def test_refuses_what_it_can_not_read(endpoint: Endpoint, body: bytes, media_type: str, status: int) -> None:
    answered, problem = endpoint.send("/invocations", body, media_type)

    assert (answered, problem["status"], problem["type"]) == (status, status, "about:blank")
    assert problem["detail"]


def test_knows_two_paths_with_a_method_each(endpoint: Endpoint) -> None:
    assert endpoint.send("/models")[0] == 404
    assert endpoint.send("/invocations")[0] == 405
    assert endpoint.send("/ping", b"{}")[0] == 405


def test_answers_ping_at_once_while_large_batches_are_predicted(endpoint: Endpoint) -> None:
    answers: list[int] = []
    body = json.dumps([ROW] * 4096).encode()
    senders = [
        threading.Thread(target=lambda: answers.append(endpoint.send("/invocations", body)[0])) for _ in range(8)
    ]
    for sender in senders:
        sender.start()
    slowest = 0.0
    while any(sender.is_alive() for sender in senders):
        started = time.monotonic()
        assert endpoint.ping() == 200
        slowest = max(slowest, time.monotonic() - started)

    assert answers == [200] * 8
    assert slowest < 1


def served(folder: Path, project: Path) -> Path:
    """A container's directory with an unpacked project.tar.gz and no model: version 0."""
    folder.mkdir()
    bundle(project, folder / "project.tar.gz")
    with tarfile.open(folder / "project.tar.gz") as archive:
        archive.extractall(folder / "model", filter="data")
    return folder


def test_serves_the_baseline_where_there_is_no_model(tmp_path: Path, start: Start) -> None:
    endpoint = start(served(tmp_path / "ml", MODELS / "flight-delay")).wait()
    row = {"carrier": "UA", "origin": "EWR", "dest": "IAH", "distance": 1400, "month": 1, "weekday": 1}
    row |= {"hour": 5, "scheduled_arrival": 499, "departure_delay": 16}

    assert endpoint.predict([row]) == (200, {"predictions": [{"label": True, "probability": None}]})
    assert endpoint.predict([{**row, "hour": "five"}])[0] == 422


def test_serves_a_baseline_with_any_columns_where_nothing_names_them(tmp_path: Path, start: Start) -> None:
    project = make_project(tmp_path / "wine")
    text = (project / "model.yaml").read_text()
    (project / "model.yaml").write_text(text.replace("  features: {acid: number, grape: category}\n", ""))
    endpoint = start(served(tmp_path / "ml", project)).wait()
    expected = (200, {"predictions": [{"label": True, "probability": None}, {"label": False, "probability": None}]})

    assert endpoint.predict([{"acid": 21, "x": "y"}, {"acid": 1.5}]) == expected
    assert endpoint.send("/invocations", b"acid,x\n21,y\n1.5,\n", "text/csv") == expected
    status, problem = endpoint.predict([{"acidity": 1}])
    assert (status, problem["title"]) == (500, "The model failed")
    assert problem["detail"] == "baseline.py: predict failed: KeyError: 'acid'"


def test_listens_before_it_is_healthy(tmp_path: Path, start: Start) -> None:
    slow = f"import time\ntime.sleep(2)\n{BASELINE}"
    endpoint = start(served(tmp_path / "ml", make_project(tmp_path / "wine", baseline=slow)))
    seen = []

    while endpoint.ping() != 200:
        seen.append(endpoint.ping())
        time.sleep(0.05)

    assert 503 in seen


def test_refuses_predictions_before_it_is_healthy(tmp_path: Path, start: Start) -> None:
    slow = f"import time\ntime.sleep(20)\n{BASELINE}"
    endpoint = start(served(tmp_path / "ml", make_project(tmp_path / "wine", baseline=slow)))
    while endpoint.ping() is None:
        time.sleep(0.05)

    status, problem = endpoint.predict([ROW])

    assert (status, problem["title"]) == (503, "Not ready")
    assert endpoint.stop()[0] == 0


@pytest.mark.parametrize(
    ("baseline", "reason"),
    [
        ("def predict(:\n", "can't serve: baseline.py: can't be imported: SyntaxError"),
        ("", "expected a function predict"),
    ],
)
def test_ends_with_the_reason_where_nothing_can_be_served(
    tmp_path: Path, start: Start, baseline: str, reason: str
) -> None:
    endpoint = start(served(tmp_path / "ml", make_project(tmp_path / "wine", baseline=baseline)))

    log = endpoint.process.communicate(timeout=20)[0]

    assert endpoint.process.returncode == 1
    assert reason in log


def test_answers_what_it_has_begun_when_it_is_stopped(tmp_path: Path, start: Start) -> None:
    slow = "import time\n\n\ndef predict(frame):\n    time.sleep(1)\n    return frame['acid'] > 20\n"
    endpoint = start(served(tmp_path / "ml", make_project(tmp_path / "wine", baseline=slow))).wait()
    answers: list[int] = []
    caller = threading.Thread(target=lambda: answers.append(endpoint.predict([ROW])[0]))
    caller.start()
    time.sleep(0.3)

    code, seconds = endpoint.stop()

    caller.join()
    assert (code, answers) == (0, [200])
    assert seconds < 5
