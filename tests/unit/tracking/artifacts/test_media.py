"""What is said of a file that is downloaded."""

from __future__ import annotations

import pytest

from heirloom.core.tracking.artifacts.media import content_type, disposition


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("a.txt", "text/plain"),
        ("dir.png/conf.yaml", "text/plain"),
        ("b.pkl", "application/octet-stream"),
        ("c.png", "image/png"),
        ("d.pdf", "application/pdf"),
        ("e.html", "text/html"),
        ("MLmodel", "text/plain"),
        ("model/mlproject", "text/plain"),
        ("noname", "application/octet-stream"),
        ("a b#c?.svg", "image/svg+xml"),
    ],
)
def test_the_type_goes_by_the_name(path: str, kind: str) -> None:
    assert content_type(path) == kind


@pytest.mark.parametrize(
    ("path", "header"),
    [
        ("dir/a.txt", "attachment; filename=a.txt"),
        ("dog+step+20+timestamp+100.png", "attachment; filename=dog+step+20+timestamp+100.png"),
        ("März 1.csv", "attachment; filename=\"M_rz 1.csv\"; filename*=UTF-8''M%C3%A4rz%201.csv"),
        ('a";b.txt', "attachment; filename=\"a_;b.txt\"; filename*=UTF-8''a%22%3Bb.txt"),
    ],
)
def test_is_saved_under_its_name(path: str, header: str) -> None:
    assert disposition(path) == header
