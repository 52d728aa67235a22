"""The proxy, as clients without access to S3 use it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from heirloom.core.errors import Invalid, NotFound
from heirloom.core.tracking.artifacts import proxy
from heirloom.core.tracking.artifacts.proxy import LARGEST_BODY, MOST_PARTS, Sent, find
from heirloom.core.tracking.artifacts.reply import LARGEST_ANSWER, Reply
from heirloom.core.tracking.asked import Asked
from tests.unit.tracking.models.desk import Desk

FILE = "0/run/artifacts/dir/a.txt"


def ask(desk: Desk, method: str, path: str, body: bytes = b"", /, **values: Any) -> Reply:
    found = find(method, path)
    assert found is not None
    endpoint, _, rest = found
    asked = {name: [value] for name, value in values.items()} if method == "GET" else values
    return endpoint(Sent(rest, Asked(asked, in_query=method == "GET"), body), desk.artifacts)


def told(reply: Reply) -> Any:
    assert reply.headers["Content-Type"] == "application/json"
    return json.loads(reply.body)


def test_gives_back_what_was_put_there(desk: Desk) -> None:
    put = ask(desk, "PUT", f"artifacts/{FILE}", b"0")

    got = ask(desk, "GET", f"artifacts/{FILE}")

    assert (put.status, told(put)) == (200, {})
    assert (got.status, got.body) == (200, b"0")
    assert got.headers == {
        "Content-Type": "text/plain",
        "Content-Disposition": "attachment; filename=a.txt",
        "X-Content-Type-Options": "nosniff",
    }
    assert desk.artifacts.types[FILE] == "text/plain"


def test_redirects_to_a_large_file(desk: Desk) -> None:
    for size, status in ((LARGEST_ANSWER, 200), (LARGEST_ANSWER + 1, 307)):
        desk.artifacts.write(FILE, b"x" * size, "text/html")
        assert ask(desk, "GET", f"artifacts/{FILE}").status == status

    moved = ask(desk, "GET", f"artifacts/{FILE}")

    body, headers = desk.artifacts.follow(moved.headers["Location"])
    assert (len(body), moved.body) == (LARGEST_ANSWER + 1, b"")
    assert headers == {"Content-Type": "text/plain", "Content-Disposition": "attachment; filename=a.txt"}


def test_takes_no_body_that_would_not_come_through_and_says_what_to_do(desk: Desk) -> None:
    assert ask(desk, "PUT", f"artifacts/{FILE}", b"x" * LARGEST_BODY).status == 200

    refused = ask(desk, "PUT", "artifacts/b.txt", b"x" * (LARGEST_BODY + 1))

    assert refused.status == 413
    assert told(refused)["error_code"] == "INVALID_PARAMETER_VALUE"
    for hint in ("4500001", "MLFLOW_MULTIPART_UPLOAD_MINIMUM_FILE_SIZE=4000000", "s3://"):
        assert hint in told(refused)["message"]
    assert list(desk.artifacts.files) == [FILE]


def test_an_answer_is_never_larger_than_a_lambda_may_give() -> None:
    assert LARGEST_ANSWER * 4 / 3 < 6 * 2**20 - 100_000
    assert LARGEST_BODY * 4 / 3 < 6 * 2**20 - 100_000


def test_says_what_there_is_not(desk: Desk) -> None:
    for path in (f"artifacts/{FILE}", f"presigned/{FILE}"):
        with pytest.raises(NotFound, match=f"No such artifact: '{FILE}'"):
            ask(desk, "GET", path)


def test_lists_names_without_their_folder(desk: Desk) -> None:
    for path in ("a.txt", "dir/b.txt", "dir/deep/c.txt"):
        ask(desk, "PUT", f"artifacts/{path}", b"1")

    assert told(ask(desk, "GET", "artifacts")) == {
        "files": [{"path": "a.txt", "is_dir": False, "file_size": 1}, {"path": "dir", "is_dir": True}]
    }
    assert told(ask(desk, "GET", "artifacts", path="dir")) == {
        "files": [{"path": "b.txt", "is_dir": False, "file_size": 1}, {"path": "deep", "is_dir": True}]
    }
    assert told(ask(desk, "GET", "artifacts", path="dir/b.txt")) == {}


def test_lists_all_of_a_folder_or_nothing(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proxy, "MOST_ENTRIES", 2000)
    for number in range(2001):
        desk.artifacts.write(f"many/{number}", b"", "text/plain")

    with pytest.raises(Invalid, match="has more than 2000 entries: list it at s3://artifacts/root"):
        ask(desk, "GET", "artifacts", path="many")
    ask(desk, "DELETE", "artifacts/many/7")
    assert len(told(ask(desk, "GET", "artifacts", path="many"))["files"]) == 2000


def test_deletes_a_folder_and_never_all(desk: Desk) -> None:
    for path in ("dir/b.txt", "dir/deep/c.txt", "dir2/d.txt"):
        ask(desk, "PUT", f"artifacts/{path}", b"1")

    assert told(ask(desk, "DELETE", "artifacts/dir")) == {}
    assert told(ask(desk, "DELETE", "artifacts/dir")) == {}

    assert list(desk.artifacts.files) == ["dir2/d.txt"]
    for path in ("artifacts/", "artifacts/.", "artifacts/./"):
        with pytest.raises(Invalid, match="Invalid path"):
            ask(desk, "DELETE", path)


def test_tells_where_a_file_can_be_read_in_ranges(desk: Desk) -> None:
    ask(desk, "PUT", f"artifacts/{FILE}", b"0123")

    answer = told(ask(desk, "GET", f"presigned/{FILE}"))

    assert (answer["headers"], answer["file_size"]) == ({}, 4)
    assert desk.artifacts.follow(answer["url"])[0] == b"0123"


@pytest.mark.parametrize("local", ["/home/me/a.txt", "a.txt", "C:\\Users\\me\\a.txt"])
def test_takes_a_large_file_in_parts(desk: Desk, local: str) -> None:
    created = told(ask(desk, "POST", "mpu/create/0/run/artifacts/dir", path=local, num_parts=2))
    assert [(each["part_number"], each["headers"]) for each in created["credentials"]] == [(1, {}), (2, {})]
    etags = [
        desk.artifacts.send(each["url"], body) for each, body in zip(created["credentials"], (b"a", b"b"), strict=True)
    ]

    upload = created["upload_id"]
    parts = [{"part_number": number, "etag": etags[number - 1], "url": "any"} for number in (2, 1)]
    done = ask(desk, "POST", "mpu/complete/0/run/artifacts/dir", path=local, upload_id=upload, parts=parts)

    assert told(done) == {}
    assert desk.artifacts.files == {FILE: b"ab"}
    assert desk.artifacts.types[FILE] == "text/plain"


def test_takes_one_in_parts_at_the_root_too(desk: Desk) -> None:
    ask(desk, "POST", "mpu/create/", path="a.txt", num_parts=1)
    ask(desk, "POST", "mpu/create/dir/", path="b.txt", num_parts=1)

    assert [path for path, _ in desk.artifacts.uploads.values()] == ["a.txt", "dir/b.txt"]


def test_forgets_an_upload(desk: Desk) -> None:
    upload = told(ask(desk, "POST", "mpu/create/dir", path="a.txt", num_parts=1))["upload_id"]

    assert told(ask(desk, "POST", "mpu/abort/dir", path="a.txt", upload_id=upload)) == {}

    assert desk.artifacts.uploads == {}
    parts = [{"part_number": 1, "etag": "any"}]
    with pytest.raises(NotFound):
        ask(desk, "POST", "mpu/complete/dir", path="a.txt", upload_id=upload, parts=parts)


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"num_parts": 1}, "parameter 'path'"),
        ({"path": "a"}, "num_parts is from 1 to 2500, not 0: a file has one at least"),
        ({"path": "a", "num_parts": MOST_PARTS + 1}, "not 2501: take larger parts with MLFLOW_MULTIPART_UPLOAD_CHUNK"),
        ({"path": "a", "num_parts": "many"}, "parameter 'num_parts'"),
        ({"path": "dir/", "num_parts": 1}, "Invalid path"),
        ({"path": "..", "num_parts": 1}, "Invalid path"),
    ],
)
def test_begins_no_upload_that_cannot_be(desk: Desk, values: dict[str, Any], reason: str) -> None:
    with pytest.raises(Invalid, match=reason):
        ask(desk, "POST", "mpu/create/dir", **values)


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({}, "parameter 'upload_id'"),
        ({"upload_id": "1"}, "parameter 'parts'"),
        ({"upload_id": "1", "parts": [{"etag": "a"}]}, "part_number is from 1 to 10000, not 0"),
        ({"upload_id": "1", "parts": [{"part_number": 1}]}, "parameter 'etag'"),
    ],
)
def test_completes_no_upload_of_which_it_does_not_know_all(desk: Desk, values: dict[str, Any], reason: str) -> None:
    with pytest.raises(Invalid, match=reason):
        ask(desk, "POST", "mpu/complete/dir", path="a.txt", **values)


@pytest.mark.parametrize("path", ["../a", "/etc/passwd", "a/%2e%2e/b", "a\\b", "file:/a"])
def test_leads_nowhere_else(desk: Desk, path: str) -> None:
    for method, route in (
        ("GET", "artifacts/"),
        ("PUT", "artifacts/"),
        ("DELETE", "artifacts/"),
        ("GET", "presigned/"),
        ("POST", "mpu/create/"),
        ("POST", "mpu/complete/"),
        ("POST", "mpu/abort/"),
    ):
        with pytest.raises(Invalid, match=r"\AInvalid path\Z"):
            ask(desk, method, route + path, path="a.txt", num_parts=1)
    with pytest.raises(Invalid, match=r"\AInvalid path\Z"):
        ask(desk, "GET", "artifacts", path=path)


@pytest.mark.parametrize(
    ("method", "path"), [("POST", "artifacts/a"), ("GET", "mpu/create/a"), ("GET", "artifact"), ("PUT", "artifacts")]
)
def test_answers_nothing_else(method: str, path: str) -> None:
    assert find(method, path) is None
