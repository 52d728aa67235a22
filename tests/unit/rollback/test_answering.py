"""Whether predict answers as it should."""

from __future__ import annotations

from datetime import timedelta

from heirloom.core.errors import Unavailable
from heirloom.core.rollback.answering import PATIENCE, Known, Reply, known, verify
from tests.unit.rollback.theatre import MODEL, Theatre
from tests.unit.world import SMOKE

ROWS = Known(2, [{"a": 1}], [{"label": "yes", "probability": 0.5}])


def test_an_answer_is_told_from_another(theatre: Theatre) -> None:
    assert ROWS.differs([{"id": "x", "label": "yes", "probability": 0.5 + 1e-9}]) is None
    assert str(ROWS.differs([{"label": "no", "probability": 0.5}])).startswith("row 0: expected")
    assert ROWS.differs([]) == "0 answers to 1 rows"
    assert ROWS.differs([{"id": "x"}]) == "row 0: neither a label nor a value in {}"


def test_of_an_unknown_answer_the_form_is_looked_at(theatre: Theatre) -> None:
    rows = Known(0, [{"a": 1}])

    assert rows.differs([{"id": "x", "value": 7.0}]) is None
    assert rows.differs([{"id": "x"}]) is not None


def test_a_version_is_known_by_its_own_rows_and_the_baseline_by_another_s(theatre: Theatre) -> None:
    lineage = theatre.world.lineage

    assert known(MODEL, 2, lineage) == Known(2, SMOKE["inputs"], SMOKE["predictions"])
    assert known(MODEL, 0, lineage, 2) == Known(0, SMOKE["inputs"])
    assert known(MODEL, 0, lineage) is None
    assert known(MODEL, 0, lineage, 9) is None


def test_asks_again_for_as_long_as_a_function_may_go_by_the_old_route(theatre: Theatre) -> None:
    began = theatre.now

    def silent(model: str, rows: object) -> Reply:
        raise Unavailable("starting")

    theatre.probe.answer = silent

    assert verify(MODEL, ROWS, theatre.probe, lambda: theatre.now, theatre.pause) == (
        "predict does not answer: starting"
    )
    assert theatre.now - began == PATIENCE
    assert theatre.now - began < timedelta(minutes=1)
