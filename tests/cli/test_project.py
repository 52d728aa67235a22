"""`heirloom project`: a stranger's first steps."""

from __future__ import annotations

from pathlib import Path

import pytest

from heirloom.adapters.project_folder import read_project
from tests.cli.conftest import Run

WINE = "alcohol,hue,note,target\n" + "13.2,1.04,round and full of fruit,1\n12.4,1.1,thin,0\n" * 10


@pytest.fixture
def wine(cli: Run, workspace: Path) -> Path:
    """models/wine with its three lines filled in."""
    assert cli("project", "init", "wine").code == 0
    folder = workspace / "models" / "wine"
    fill_in(folder / "model.yaml", label="target", statement="Nine of ten wines are told apart.", at_least="0.9")
    return folder


def fill_in(file: Path, **values: str) -> None:
    """What a person does with an editor: replace FILL IN, key by key."""
    text = file.read_text()
    for key, value in values.items():
        assert f"{key}: FILL IN" in text
        text = text.replace(f"{key}: FILL IN", f"{key}: {value}")
    file.write_text(text)


@pytest.fixture
def data(workspace: Path) -> Path:
    file = workspace / "wine.csv"
    file.write_text(WINE)
    return file


def test_init_leaves_exactly_three_lines_to_fill_in(cli: Run, workspace: Path) -> None:
    ran = cli("project", "init", "wine")

    text = (workspace / "models" / "wine" / "model.yaml").read_text()
    lines = [line.split(":")[0].strip() for line in text.splitlines() if ": FILL IN" in line]
    assert lines == ["label", "statement", "at_least"]
    assert ran.code == 0
    assert ran.out.splitlines()[-1].startswith("Now fill in the 3 lines of models/wine/model.yaml")


def test_check_names_the_three_lines(cli: Run) -> None:
    cli("project", "init", "wine")

    ran = cli("project", "check", "wine")

    assert ran.code == 2
    places = [line.split(" expected")[0] for line in ran.out.splitlines()]
    assert places == [
        "models/wine/model.yaml:7: data.label:",
        "models/wine/model.yaml:12: objective.statement:",
        "models/wine/model.yaml:14: objective.at_least:",
    ]


def test_three_lines_make_a_right_project(cli: Run, wine: Path) -> None:
    ran = cli("project", "check", "wine")

    assert (ran.code, ran.err) == (0, "")
    assert ran.out.splitlines() == [
        "models/wine: right. Predicts target; wants accuracy of at least 0.9.",
        "  latency:   95% of the answers within 2000 ms",
        "  accuracy:  on the last 1000 labels, over that of its test: below 0.97 people are paged, below 0.95 it is"
        " rolled back (confident rule)",
        "  drift:     from a PSI of 0.2",
    ]


def test_check_says_what_is_promised_and_watched(cli: Run, wine: Path) -> None:
    file = wine / "model.yaml"
    promises = "slo: {latency_p95_ms: 300, rolling_accuracy: {tolerance: 2, rule: naive}}\n"
    watched = "slices: [hue, note]\ndrift: {psi: 0.25, retrain: true}\n"
    file.write_text(file.read_text().replace("metric: accuracy", "metric: r2") + promises + watched)

    ran = cli("project", "check", "wine")

    assert "95% of the answers within 300 ms" in ran.out
    assert "(naive rule); right is at most 2 off" in ran.out
    assert "errors by:  hue, note" in ran.out
    assert "from a PSI of 0.25, which starts a training" in ran.out


def test_check_says_when_a_regression_promises_no_accuracy(cli: Run, wine: Path) -> None:
    file = wine / "model.yaml"
    file.write_text(file.read_text().replace("metric: accuracy", "metric: r2"))

    assert "not watched: slo.rolling_accuracy.tolerance says" in cli("project", "check", "wine").out


def test_check_names_the_line_of_a_promise_that_can_t_be(cli: Run, wine: Path) -> None:
    file = wine / "model.yaml"
    lines = file.read_text().splitlines()
    file.write_text("\n".join([*lines, "slo:", "  rolling_accuracy:", "    windw: 500", ""]))

    ran = cli("project", "check", "wine")

    assert ran.code == 2
    assert f"models/wine/model.yaml:{len(lines) + 3}: slo.rolling_accuracy.windw: expected one of the known" in ran.out


def test_init_with_data_lists_columns_and_leaves_the_rule_to_the_reader(cli: Run, data: Path) -> None:
    data.write_text(WINE + "12.9,1.0,green,0\n")

    cli("project", "init", "wine", "--data", "wine.csv")

    text = Path("models/wine/model.yaml").read_text()
    assert "# Columns of wine.csv; the label may be: target (2 values)" in text
    assert "#   alcohol  13.2, 12.4, 12.9\n" in text
    baseline = Path("models/wine/baseline.py").read_text()
    assert "#   target: 0 (52% of the rows)\n" in baseline
    assert "\nANSWER = None\n" in baseline


@pytest.mark.parametrize("answer", ["0", "None"])
def test_check_with_data_takes_a_rule_that_can_be_right(cli: Run, wine: Path, data: Path, answer: str) -> None:
    answer_always(wine, answer)

    assert cli("project", "check", "wine", "--data", "wine.csv").code == 0


@pytest.mark.parametrize("answer", ["3", "'thin'"])
def test_check_with_data_refuses_a_rule_that_answers_no_label(cli: Run, wine: Path, data: Path, answer: str) -> None:
    answer_always(wine, answer)

    ran = cli("project", "check", "wine", "--data", "wine.csv")

    assert ran.code == 2
    assert "models/wine/baseline.py: expected an answer to each row of wine.csv" in ran.out
    assert "among 0, 1" in ran.out


def test_check_with_data_refuses_a_rule_that_answers_no_number(cli: Run, wine: Path, data: Path) -> None:
    file = wine / "model.yaml"
    file.write_text(file.read_text().replace("metric: accuracy", "metric: r2"))
    answer_always(wine, "'thin'")

    ran = cli("project", "check", "wine", "--data", "wine.csv")

    assert ran.code == 2
    assert "expected a number for each row" in ran.out


def answer_always(project: Path, answer: str) -> None:
    file = project / "baseline.py"
    file.write_text(file.read_text().replace("ANSWER = None", f"ANSWER = {answer}"))


def test_init_without_data_has_no_rule_yet(cli: Run, wine: Path) -> None:
    assert "ANSWER = None\n" in (wine / "baseline.py").read_text()


def test_init_refuses_a_name_that_is_taken(cli: Run, wine: Path) -> None:
    before = (wine / "model.yaml").read_text()

    ran = cli("project", "init", "wine")

    assert ran.code == 2
    assert "is there already" in ran.err
    assert (wine / "model.yaml").read_text() == before


@pytest.mark.parametrize("name", ["Wine", "w", "wine_2", "-wine", "wine-", "../wine", "w" * 41])
def test_init_refuses_what_can_be_no_name(cli: Run, workspace: Path, name: str) -> None:
    ran = cli("project", "init", "--", name)

    assert ran.code == 2
    assert list((workspace / "models").iterdir()) == []


def test_check_tells_every_project_of_the_repository(cli: Run, wine: Path) -> None:
    cli("project", "init", "beer")

    document = cli("project", "check", "--json").document

    assert [(each["folder"], len(each["problems"])) for each in document["projects"]] == [
        ("models/beer", 3),
        ("models/wine", 0),
    ]


def test_check_without_any_project_says_how_to_begin(cli: Run) -> None:
    ran = cli("project", "check")

    assert ran.code == 2
    assert "heirloom project init NAME" in ran.err


def test_check_names_the_line_that_an_import_stumbles_over(cli: Run, wine: Path) -> None:
    model = wine / "model.py"
    model.write_text("import sys\n\nimport no_such_package\n\n\ndef train(frame, params): ...\n")

    ran = cli("project", "check", "wine")

    assert ran.code == 2
    assert "models/wine/model.py:3: expected an import that succeeds" in ran.out
    assert "No module named 'no_such_package'" in ran.out


def test_check_names_a_missing_train(cli: Run, wine: Path) -> None:
    (wine / "model.py").write_text("def fit(frame): ...\n")

    ran = cli("project", "check", "wine")

    assert ran.code == 2
    assert "models/wine/model.py: expected a function train" in ran.out


def test_check_leaves_no_traces_in_the_folder(cli: Run, wine: Path) -> None:
    cli("project", "check", "wine")

    assert sorted(file.name for file in wine.iterdir()) == ["README.md", "baseline.py", "model.py", "model.yaml"]


def test_check_with_data_tells_what_the_columns_are(cli: Run, wine: Path, data: Path) -> None:
    document = cli("project", "check", "wine", "--data", "wine.csv", "--json").document

    assert document["data"]["rows"] == 20
    assert document["data"]["schema"]["classes"] == [0, 1]


def test_check_refuses_data_without_the_label(cli: Run, wine: Path, data: Path) -> None:
    data.write_text(WINE.replace("target", "taste"))

    ran = cli("project", "check", "wine", "--data", "wine.csv")

    assert ran.code == 2
    assert "target" in ran.err


def test_check_with_data_needs_a_name(cli: Run, data: Path) -> None:
    assert cli("project", "check", "--data", "wine.csv").code == 2


def test_project_of_the_template_reads_as_it_is_documented(wine: Path) -> None:
    project = read_project(wine)

    assert (project.data.label, project.data.task, project.objective.metric) == ("target", "classification", "accuracy")
    assert project.description == "The wine model, described by a file of examples."


def test_init_with_data_keeps_a_column_of_two_lines_in_a_comment(cli: Run, data: Path) -> None:
    data.write_text('NAME,"the\nkind"\n' + "x,a\ny,b\n" * 3)

    cli("project", "init", "wine", "--data", "wine.csv")

    text = Path("models/wine/baseline.py").read_text()
    assert "#   the kind: 'a' (50% of the rows)\n#   NAME: 'x' (50% of the rows)\n" in text
    compile(text, "baseline.py", "exec")
    assert "  #   the kind  a, b\n" in Path("models/wine/model.yaml").read_text()
