"""Paths of artifacts: none leads out of the root."""

from __future__ import annotations

import posixpath
from urllib.parse import quote, unquote

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from heirloom.core.errors import Invalid
from heirloom.core.tracking.artifacts.path import below, joined, of_file, safe

ROOT = "s3://bucket/root"
BAD = (
    "..",
    "../path",
    "a/../b",
    "a/..",
    "/etc/passwd",
    "//host/share",
    "a\\b",
    "..\\b",
    "C:/windows",
    "file:///etc/passwd",
    "file:etc",
    "FILE:etc",
    "s3://bucket/key",
    "a#b",
    "a\0b",
    "a\nb",
    "a\x7fb",
    "a\ud800b",
)


@pytest.mark.parametrize("path", BAD)
def test_refuses_what_may_lead_elsewhere(path: str) -> None:
    with pytest.raises(Invalid, match=r"\AInvalid path\Z"):
        safe(path)


@pytest.mark.parametrize("path", BAD[:-1])
@pytest.mark.parametrize("times", [1, 2, 9])
def test_refuses_it_however_often_it_is_encoded(path: str, times: int) -> None:
    for _ in range(times):
        path = quote(path, safe="").replace(".", "%2E")

    with pytest.raises(Invalid, match="Invalid path"):
        safe(path)


def test_refuses_what_is_encoded_without_an_end() -> None:
    with pytest.raises(Invalid, match="Invalid path"):
        safe("%" + "25" * 40 + "41")


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("", ""),
        (".", ""),
        ("./a//b/./", "a/b"),
        ("a..b/...", "a..b/..."),
        ("März + 1 (final) 100%.csv", "März + 1 (final) 100%.csv"),
        ("a%20b", "a%20b"),
        ("step:1/loss", "step:1/loss"),
        ("profile:etc", "profile:etc"),
    ],
)
def test_takes_all_others_as_they_stand(path: str, found: str) -> None:
    assert safe(path) == found


@given(st.text("./%2eEfF5c\\#:a\0é", max_size=30) | st.text(max_size=30))
@example("%2e%2e/%2e%2e/x")
def test_stays_below_the_root_whatever_comes(path: str) -> None:
    try:
        found = safe(path)
    except Invalid:
        return

    for each in (found, unquote(found), unquote(unquote(found))):
        there = posixpath.normpath(posixpath.join("/root", each))
        assert there == "/root" or there.startswith("/root/")
    assert safe(found) == found
    found.encode()


@pytest.mark.parametrize("path", ["", ".", "a/", "../a"])
def test_a_file_has_a_name(path: str) -> None:
    assert of_file("a/b.txt") == "a/b.txt"
    with pytest.raises(Invalid, match="Invalid path"):
        of_file(path)


def test_joins_what_there_is() -> None:
    assert joined("a", "", "b/c") == "a/b/c"
    assert joined("", "") == ""


@pytest.mark.parametrize(
    ("uri", "path"),
    [
        ("s3://bucket/root", ""),
        ("s3://bucket/root/0/run/artifacts", "0/run/artifacts"),
        ("mlflow-artifacts:/0/run/artifacts", "0/run/artifacts"),
        ("mlflow-artifacts://host:80/0/run", "0/run"),
        ("mlflow-artifacts:/", ""),
        ("https://host/stage/api/2.0/mlflow-artifacts/artifacts/0/run", "0/run"),
        ("http://host/api/2.0/mlflow-artifacts/artifacts", ""),
    ],
)
def test_finds_the_place_of_a_uri(uri: str, path: str) -> None:
    assert below(uri, ROOT) == path


@pytest.mark.parametrize(
    "uri", ["s3://bucket/roots/0", "s3://other/root/0", "https://host/0", "ftp://host/0", "/tmp/mlruns", "file:///0"]
)
def test_looks_nowhere_else(uri: str) -> None:
    with pytest.raises(Invalid, match=f"The artifacts are at {uri}, and this server reaches those below {ROOT} alone"):
        below(uri, ROOT)


@pytest.mark.parametrize("uri", ["s3://bucket/root/../other", "mlflow-artifacts:/../other"])
def test_does_not_leave_the_root_by_a_uri(uri: str) -> None:
    with pytest.raises(Invalid, match="Invalid path"):
        below(uri, ROOT)
