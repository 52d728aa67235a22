"""Where a version may come from: URIs, runs, logged models and other versions; no way out of them."""

from __future__ import annotations

import json
import re

import pytest

from heirloom.core.errors import Invalid, NotFound
from tests.unit.tracking.registry.registry import Registry

PROMPT = [{"key": "mlflow.prompt.is_prompt", "value": "true"}]


@pytest.mark.parametrize(
    "source",
    [
        "s3://bucket/a/model",
        "runs:/run_id/model",
        "mlflow-artifacts:/models",
        "mlflow-artifacts:/models///",
        "mlflow-artifacts:/models/foo///bar",
        "mlflow-artifacts://host:9000/models/artifact/..../",
        "http://host/a%20b",
    ],
)
def test_takes_a_uri_that_says_where_it_leads(kite: Registry, source: str) -> None:
    made = kite.add(source=source)

    assert made["source"] == source
    assert kite.ask("GET", "model-versions/get-download-uri", name="kite", version="1")["artifact_uri"] == source


@pytest.mark.parametrize(
    "source",
    [
        "mlflow-artifacts://host:9000/models/../../../",
        "http://host:9000/models/../../../",
        "https://host/api/2.0/mlflow-artifacts/artifacts/../../../",
        "s3a://my_bucket/artifacts/../../../",
        "s3:/my_bucket/models/path/../../other/path",
        "ftp://host:8888/artifacts/../../../",
        "mlflow-artifacts://host:9000/models/..%2f..%2fartifacts",
        "mlflow-artifacts://host:9000/models/%252e%252e/artifacts",
        "mlflow-artifacts://host:9000/models/artifact%00",
        "mlflow-artifacts:models",
        "dbfs:/run/artifacts/a%3f/../../../../",
        "s3://bucket/a/./b",
        "s3://bucket",
        "models:/../1",
        "http://[::1/a",
        "http://host/%5B/..",
    ],
)
def test_refuses_a_uri_with_a_way_up_in_it(kite: Registry, source: str) -> None:
    why = f"Invalid model version source: '{source}'. If supplying a source as an http, https,"

    with pytest.raises(Invalid, match=re.escape(why)):
        kite.add(source=source)


def test_refuses_a_uri_that_is_broken_once_it_is_unquoted(kite: Registry) -> None:
    with pytest.raises(Invalid, match="Invalid model version source"):
        kite.add(source="s3:%2F%2F%5Ba/b")


@pytest.mark.parametrize("source", ["", None])
def test_asks_for_a_source(kite: Registry, source: str) -> None:
    with pytest.raises(Invalid, match="Missing value for required parameter 'source'"):
        kite.add(source=source)


@pytest.mark.parametrize("home", ["file:///srv/run/artifacts", "/srv/run/artifacts/"])
@pytest.mark.parametrize(
    "source",
    [
        "/srv/run/artifacts",
        "file:///srv/run/artifacts/model",
        "file://localhost/srv/run/artifacts/model/..",
        "file:///srv/run/artifacts/.",
    ],
)
def test_takes_a_path_within_what_its_run_or_its_logged_model_has(kite: Registry, home: str, source: str) -> None:
    assert kite.add(source=source, run_id=kite.run(home))["source"] == source
    assert kite.add(source=source, model_id=kite.logged(home))["source"] == source


@pytest.mark.parametrize("home", ["file:///srv/run/artifacts", "s3://bucket/srv/run/artifacts", "srv/run"])
@pytest.mark.parametrize(
    "source",
    [
        "/srv",
        "/srv/run/artifacts-of-another",
        "file:///srv/run/artifacts/../..",
        "file:///srv/run/artifacts/%2e%2e/x",
        "srv/run/artifacts",
        "dummy",
    ],
)
def test_refuses_a_path_to_anything_else(kite: Registry, home: str, source: str) -> None:
    with pytest.raises(Invalid, match="To use a local path as a model version source, the run_id request parameter"):
        kite.add(source=source, run_id=kite.run(home))
    with pytest.raises(Invalid, match="To use a local path as a model version source, the model_id request parameter"):
        kite.add(source=source, model_id=kite.logged(home))
    with pytest.raises(Invalid, match="run_id request parameter has to be specified"):
        kite.add(source=source)


def test_refuses_a_path_of_a_run_or_a_logged_model_that_is_not_there(kite: Registry) -> None:
    with pytest.raises(NotFound, match="Run with id=0123456789 not found"):
        kite.add(source="/srv", run_id="0123456789")
    with pytest.raises(NotFound, match="Logged model with ID 'm-0123456789' not found"):
        kite.add(source="/srv", model_id="m-0123456789")


def test_refuses_a_file_of_another_machine(kite: Registry) -> None:
    with pytest.raises(Invalid, match=r"file://123\.456\.789\.123/path is not a valid remote uri"):
        kite.add(source="file://123.456.789.123/path", run_id=kite.run("file:///srv"))


def test_a_version_of_a_version_leads_to_the_artifacts_of_the_first(kite: Registry) -> None:
    kite.create("copy")
    kite.add()
    kite.add("copy", source="models:/kite/1", run_id="run_1")
    made = kite.add("copy", source="models:/copy/1")

    assert (made["source"], made["run_id"]) == ("models:/copy/1", "")
    uri = kite.ask("GET", "model-versions/get-download-uri", name="copy", version="2")["artifact_uri"]
    assert uri == kite.version()["source"]


@pytest.mark.parametrize("source", ["models:/kite/9", "models:/kite@best", "models:/kite/None", "models:/m-012345678"])
def test_refuses_a_version_of_what_is_not_there(kite: Registry, source: str) -> None:
    why = f"Unable to fetch model from model URI source artifact location '{source}'.Error: "

    with pytest.raises(Invalid, match=re.escape(why)):
        kite.add(source=source)


@pytest.mark.parametrize(("run", "given", "told"), [("one", "", "one"), ("one", "two", "two"), ("", "", None)])
def test_a_version_of_a_logged_model_has_its_artifacts_and_its_run(
    kite: Registry, run: str, given: str, told: str
) -> None:
    model = kite.logged("s3://bucket/logged", run)
    made = kite.add(source=f"models:/{model}", run_id=given)

    assert made.get("run_id") == told
    uri = kite.ask("GET", "model-versions/get-download-uri", name="kite", version="1")["artifact_uri"]
    assert uri == "s3://bucket/logged"
    assert kite.tags_of_logged() == {"kind": "kite"}


def test_a_logged_model_is_told_of_its_versions(kite: Registry) -> None:
    model = kite.logged("s3://bucket/logged", "run_1")
    made = [kite.add(model_id=model), kite.add(source=f"models:/{model}", model_id=model, run_id="run_2")]

    assert [each["run_id"] for each in made] == ["run_1", "run_2"]
    versions = [{"name": "kite", "version": 1}, {"name": "kite", "version": 2}]
    assert kite.tags_of_logged() == {"kind": "kite", "mlflow.modelVersions": json.dumps(versions)}


def test_no_version_is_made_of_a_logged_model_that_is_not_there(kite: Registry) -> None:
    with pytest.raises(NotFound, match="Logged model with ID 'm-0123456789' not found"):
        kite.add(model_id="m-0123456789", run_id="run_1")

    model = kite.logged("s3://bucket/logged", stage="deleted")
    with pytest.raises(NotFound, match=f"Logged model with ID '{model}' not found"):
        kite.add(model_id=model)

    assert kite.kept()[1] == []


@pytest.mark.parametrize("source", ["dummy-source", "prompt-template", "https://example.com/prompt"])
def test_a_prompt_has_no_artifacts_and_may_say_anything_of_them(kite: Registry, source: str) -> None:
    model = kite.logged("s3://bucket/logged")

    assert kite.add(source=source, tags=PROMPT, model_id=model)["source"] == source
    assert kite.tags_of_logged() == {"kind": "kite"}


@pytest.mark.parametrize("source", ["file:///etc/passwd", "/etc/passwd", "file://remote-host/etc/passwd"])
def test_a_prompt_may_not_name_a_file_of_the_server(kite: Registry, source: str) -> None:
    with pytest.raises(Invalid, match=re.escape(f"Invalid prompt source: '{source}'. Local source paths are not")):
        kite.add(source=source, tags=PROMPT)


@pytest.mark.parametrize("source", ["https://example.com/../../etc/passwd", "http://example.com/path/..%2f..%2fsecret"])
def test_a_prompt_may_not_lead_up_either(kite: Registry, source: str) -> None:
    with pytest.raises(Invalid, match="Invalid model version source"):
        kite.add(source=source, tags=PROMPT)
