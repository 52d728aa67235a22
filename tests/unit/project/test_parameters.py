"""Hyperparameters over a project's parameters: core/project/parameters.py."""

from __future__ import annotations

import pytest

from heirloom.core.errors import Invalid
from heirloom.core.project.definition import Scalar
from heirloom.core.project.parameters import overlaid

DECLARED: dict[str, Scalar] = {"rate": 0.1, "leaves": 31, "fast": False, "loss": "log"}


def test_reads_each_as_the_type_that_the_project_declares() -> None:
    given = {"rate": "1", "leaves": "15", "fast": "True", "loss": "1"}

    parameters = overlaid(DECLARED, given)

    assert parameters == {"rate": 1.0, "leaves": 15, "fast": True, "loss": "1"}
    assert [type(value) for value in parameters.values()] == [float, int, bool, str]


def test_leaves_what_is_not_given() -> None:
    assert overlaid(DECLARED, {"leaves": "15"}) == {**DECLARED, "leaves": 15}


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (
            {"leafs": "3"},
            "hyperparameter leafs: expected one of training.parameters in model.yaml, which are rate, leaves",
        ),
        ({"leafs": "3"}, "(did you mean leaves?), got an unknown one"),
        ({"leaves": "3.5"}, "hyperparameter leaves: expected a whole number, got '3.5'"),
        ({"rate": "high"}, "hyperparameter rate: expected a number, got 'high'"),
        ({"rate": "nan"}, "hyperparameter rate: expected a number, got 'nan'"),
        ({"fast": "1"}, "hyperparameter fast: expected true or false, got '1'"),
    ],
)
def test_refuses_what_the_project_does_not_declare(given: dict[str, str], message: str) -> None:
    with pytest.raises(Invalid) as refused:
        overlaid(DECLARED, given)

    assert message in str(refused.value)


def test_says_so_where_the_project_declares_none() -> None:
    with pytest.raises(Invalid, match="which are none"):
        overlaid({}, {"xyz": "3"})
