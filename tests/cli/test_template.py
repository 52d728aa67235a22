"""The model that `heirloom project init` writes works for tables of any kind."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy as np
import pandas as pd
import pytest

from tests.cli.conftest import Run

Load = Callable[[str], ModuleType]


@pytest.fixture
def load(cli: Run, workspace: Path) -> Load:
    """Import a file of a fresh project whose label is the column `answer`."""
    cli("project", "init", "any-table")
    folder = workspace / "models" / "any-table"
    text = (folder / "model.yaml").read_text().replace("label: FILL IN", "label: answer")
    (folder / "model.yaml").write_text(text)

    def load_file(name: str) -> ModuleType:
        spec = importlib.util.spec_from_file_location(f"any_table_{name}", folder / f"{name}.py")
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module

    return load_file


def table(rows: int = 200) -> pd.DataFrame:
    """Numbers with gaps, categories with gaps, texts; the answer follows from each a little."""
    random = np.random.default_rng(7)
    number = random.normal(size=rows)
    kind = random.choice(["red", "white", "rosé"], rows)
    frame = pd.DataFrame({"number": number, "kind": kind})
    frame["text"] = np.where(kind == "red", "a round wine that is full of fruit", "a thin wine that is rather green")
    frame["answer"] = np.where((number > 0) ^ (kind == "red"), "yes", "no")
    frame.loc[::17, "number"] = np.nan
    frame.loc[::13, "kind"] = np.nan
    return frame


def test_learns_from_numbers_categories_and_texts(load: Load) -> None:
    frame = table()

    fitted = load("model").train(frame.head(150), {"learning_rate": 0.1, "max_iter": 50})

    rest = frame.tail(50)
    assert (fitted.predict(rest.drop(columns="answer")) == rest["answer"]).mean() > 0.9


def test_takes_categories_that_it_has_never_seen(load: Load) -> None:
    frame = table()
    fitted = load("model").train(frame, {"max_iter": 5})
    new = frame.head(1).drop(columns="answer").assign(kind="orange")

    answer = fitted.predict(new)

    assert answer[0] in ("yes", "no")


def test_learns_numbers_when_the_answer_is_a_number(load: Load) -> None:
    frame = table().assign(answer=lambda rows: rows["number"].fillna(0) * 2.5)

    fitted = load("model").train(frame, {"max_iter": 50})

    error = fitted.predict(frame.drop(columns="answer")) - frame["answer"]
    assert error.abs().mean() < 0.2


def test_learns_from_numbers_alone(load: Load) -> None:
    frame = table()[["number", "answer"]]

    assert len(load("model").train(frame, {"max_iter": 5}).predict(frame[["number"]])) == len(frame)


def test_two_trainings_are_the_same(load: Load) -> None:
    frame, model = table(), load("model")
    features = frame.drop(columns="answer")

    first, second = (model.train(frame, {"max_iter": 20}).predict_proba(features) for _ in range(2))

    assert (first == second).all()


def test_baseline_answers_once_a_row(load: Load) -> None:
    assert load("baseline").predict(table(3)) == [None, None, None]
