"""The report of a day, as a document and as a picture."""

from __future__ import annotations

import json
import re
from itertools import pairwise
from typing import Any
from xml.etree import ElementTree

import pytest

from heirloom.core.drift.histogram import Profile, count
from heirloom.core.drift.picture import HEADS, cells, picture, probability, verdict
from heirloom.core.drift.report import report
from heirloom.core.project.definition import Drift
from tests.unit.drift.profiles import DOCUMENT, in_kilometres, like_training, profile, row
from tests.unit.drift.test_history import hours

AT = "2026-11-28T22:10:00.000Z"


def reported(hours: Any, known: Profile | None = None, **uploads: Profile) -> dict[str, Any]:
    return report("flight-delay", 3, hours, known or profile(), Drift(), AT, lambda: uploads)


def column(document: dict[str, Any], name: str) -> Any:
    return next(each for each in document["columns"] if each["name"] == name)


def elements(page: str) -> ElementTree.Element:
    """The page's body as a tree: it is well-formed, or this fails."""
    return ElementTree.fromstring(page[page.index("<body>") :].replace("</html>", "").strip())


def test_says_what_has_drifted_since_when_and_how_each_column_is_spread() -> None:
    document = reported(hours(9))
    miles = column(document, "miles")

    assert (document["model"], document["version"], document["at"]) == ("flight-delay", 3, AT)
    assert document["rows"] == 24 * 60
    assert document["drifted"] == ["miles"]
    assert miles["since"] == "2026-11-28T09"
    assert [cell["label"] for cell in miles["cells"]] == [
        "up to 200",
        "above 200 to 500",
        "above 500 to 1,000",
        "above 1,000",
    ]
    assert [cell["training"] for cell in miles["cells"]] == [250] * 4
    assert sum(cell["now"] for cell in miles["cells"]) == document["rows"]
    assert len(miles["psi_by_hour"]) == len(document["hours"]) == 24
    assert miles["psi_by_hour"][0] < 0.2 < miles["psi_by_hour"][9]
    assert column(document, "carrier")["since"] is None


def test_cells_are_named_for_people() -> None:
    rows = [row(place, **({"carrier": "ZZ", "note": "x"} if place % 2 else {})) for place in range(200)]
    document = reported({"2026-11-28T10": count(profile(), rows)})

    assert [cell["label"] for cell in column(document, "carrier")["cells"]] == [
        *("UA", "DL", "AA", "never seen in training", "missing")
    ]
    assert column(document, "note")["cells"][0]["label"] == "up to 0 characters"
    assert [cell["label"] for cell in column(document, "prediction of late")["cells"]] == ["False", "True"]


def test_a_column_of_one_bin_holds_any_number() -> None:
    bare = {"type": "number", "missing": 3, "edges": [], "counts": [0]}
    known = Profile.from_document({**DOCUMENT, "features": {"x": bare, "y": {**bare, "type": "text"}}})

    document = reported({"2026-11-28T10": count(known, [({"x": 5, "y": "a"}, {})])}, known)

    assert [cell["label"] for cell in column(document, "x")["cells"]] == ["any number", "missing"]
    assert [cell["label"] for cell in column(document, "y")["cells"]] == ["any characters", "missing"]
    assert column(document, "x")["psi_by_hour"] == [None]


def test_names_the_first_upload_that_has_the_change_too() -> None:
    kilometres = profile(miles={"counts": [50, 250, 250, 450]})
    uploads = {"version 3": profile(), "version 4": profile(), "version 5": kilometres, "version 6": kilometres}

    assert column(reported(hours(9), **uploads), "miles")["upload"] == "version 5"
    assert column(reported(hours(9)), "miles")["upload"] is None


def test_uploads_are_read_only_where_something_has_drifted() -> None:
    def never() -> dict[str, Profile]:
        raise AssertionError("read for nothing")

    found = report("flight-delay", 3, hours(None), profile(), Drift(), AT, never)

    assert found["drifted"] == []


def test_a_prediction_is_in_no_upload() -> None:
    true = count(profile(), [(row(place)[0], {"label": True}) for place in range(200)])

    found = column(reported({"2026-11-28T10": true}, **{"version 3": profile()}), "prediction of late")

    assert found["drifted"]
    assert found["upload"] is None


def test_a_day_without_requests_is_reported() -> None:
    document = reported({})

    assert (document["rows"], document["hours"], document["drifted"]) == (0, [], [])
    assert verdict(document) == ("unknown", "Too few rows to say: 0 of 100.")
    assert "no requests" in picture(document)
    assert "PSI by" not in picture(document)


def test_a_report_is_plain_json() -> None:
    document = reported(hours(9))

    assert json.loads(json.dumps(document, allow_nan=False)) == document


def test_the_picture_shows_each_column_with_its_numbers() -> None:
    document = reported(
        hours(9), **{"version 3": profile(), "version 4": profile(miles={"counts": [50, 250, 250, 450]})}
    )
    page = picture(document)
    tree = elements(page)

    assert verdict(document)[1] == "Drifted: miles."
    assert [section.find("h2").text for section in tree.iter("section")] == [  # type: ignore[union-attr]
        each["name"] for each in document["columns"]
    ]
    assert len([bar for bar in tree.iter("rect") if bar.get("class") == "n"]) == sum(
        len(each["cells"]) for each in document["columns"]
    )
    text = "".join(tree.itertext())
    assert "miles has changed since 2026-11-28 09:00 UTC." in text
    assert "that of version 4 is the first" in text
    assert "5 or more" not in text
    assert "prefers-color-scheme: dark" in page
    assert not re.search(r"<(script|link|img)|src=|url\(", page)


def test_bars_are_as_tall_as_the_shares() -> None:
    tree = elements(picture(reported({"2026-11-28T10": like_training(400)})))
    section = next(each for each in tree.iter("section") if each.find("h2").text == "miles")  # type: ignore[union-attr]

    heights = {
        kind: [float(bar.get("height", 0)) for bar in section.iter("rect") if bar.get("class") == kind] for kind in "tn"
    }

    assert heights["t"] == heights["n"] == [heights["t"][0]] * 4


def test_hours_that_drift_stand_out_and_those_of_few_rows_are_left_out() -> None:
    day = {**hours(9), "2026-11-28T23": in_kilometres(10)}
    page = elements(picture(reported(day)))
    strip = next(each for each in page.iter("svg") if each.get("aria-label") == "miles: stability index by hour")

    kinds = [bar.get("class") for bar in strip.iter("rect")]
    titles = [title.text for title in strip.iter("title")]

    assert kinds == ["h"] * 9 + ["h over"] * 14
    assert titles[-1] == "2026-11-28T23: 10 rows, too few rows to say"


def test_many_categories_are_drawn_as_the_largest_and_the_rest_in_words() -> None:
    many = {f"airport-{place:02}": 1000 - place for place in range(40)}
    known = Profile.from_document(
        {**DOCUMENT, "features": {"to": {"type": "category", "missing": 0, "distinct": 40, "counts": many, "other": 0}}}
    )
    rows = [({"to": name}, {}) for name in many for _ in range(5)]
    page = picture(reported({"2026-11-28T10": count(known, rows)}, known))

    assert "and 16 more: training 39.5%, now 40.0%" in page
    assert "airport-00: training" in page
    assert "airport-39: training" not in page
    assert re.search(">airpor?t?-?…<", page)


def test_edges_are_told_where_there_is_room() -> None:
    edges = [1_234_567.0 + place for place in range(19)]
    numbers = {"type": "number", "missing": 0, "edges": edges, "counts": [50] * 20, "least": 0.0, "most": 9e9}
    known = Profile.from_document({**DOCUMENT, "features": {"x": numbers}})
    tree = elements(picture(reported({"2026-11-28T10": count(known, [({"x": 5}, {})] * 200)}, known)))
    chart = next(each for each in tree.iter("svg") if each.get("aria-label") == "x: training and now")

    places = [float(text.get("x", 0)) for text in chart.iter("text") if text.text == "1.2346e+06"]

    assert 5 < len(places) < 19
    assert min(after - before for before, after in pairwise(places)) > 60


def test_names_from_outside_are_no_html() -> None:
    evil = '<script>alert("x")</script>'
    features = {evil: {"type": "category", "missing": 0, "distinct": 1, "counts": {evil: 900}, "other": 0}}
    known = Profile.from_document({**DOCUMENT, "features": features, "label": {**DOCUMENT["label"], "name": evil}})
    hour = count(known, [({evil: "another"}, {"label": True}) for _ in range(200)])

    page = picture(report(evil, 1, {f"{evil}": hour}, known, Drift(), AT))

    assert "<script" not in page
    assert elements(page) is not None


def test_a_line_has_a_cell_for_each_head() -> None:
    document = reported(hours(9))

    assert [len([*cells(each)]) for each in document["columns"]] == [len(HEADS) - 1] * 4


@pytest.mark.parametrize(
    ("p", "text"), [(1.0, "1.000"), (0.0123, "0.012"), (0.0001, "1e-04"), (3.2e-74, "3e-74"), (0.0, "<1e-300")]
)
def test_a_p_value_is_short(p: float, text: str) -> None:
    assert probability(p) == text


def test_what_training_days_differ_by_is_told() -> None:
    page = picture(reported(hours(None), profile(miles={"usual": 0.55})))

    assert "0.75 (0.55 was the farthest day of training)" in page
