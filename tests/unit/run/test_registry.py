"""A finished training job becomes a numbered version, once."""

from __future__ import annotations

import json
import tarfile
from typing import Any

import pytest

from heirloom.core.errors import Invalid
from heirloom.core.lineage.graph import MAKES
from heirloom.core.run import evidence as limits
from heirloom.core.run.evidence import read_evidence
from tests.unit.world import ARTIFACTS, METRICS, SMOKE, World, archive, evidence, packed, released


def trained(world: World, **documents: Any) -> dict[str, Any]:
    state = world.carry(world.upload(), 1)
    world.train(state, evidence(**documents))
    return state


def test_numbers_the_version_and_says_how_to_deploy_it(deployed: World) -> None:
    state = trained(deployed)

    deployed.register(state)

    assert state["version"] == {
        "number": 1,
        "name": "heirloom-flight-delay-v1",
        "package_arn": "arn:aws:sagemaker:us-east-1:111122223333:model-package/heirloom-flight-delay/1",
        "release": released(state),
    }
    assert released(state) == {
        "release": {
            "id": state["run"]["id"],
            "goal": "promote",
            "by": "pipeline",
            "at": "2026-11-23T15:10:14.000Z",
            "reason": f"trained by run {state['run']['id']}",
            "quarantine": True,
            "champion": None,
        },
        "run": {
            "id": state["run"]["id"],
            "model": "flight-delay",
            "at": state["run"]["at"],
            "dataset": state["dataset"]["id"],
        },
        "version": {"number": 1, "name": "heirloom-flight-delay-v1"},
        "deployment": {
            "image": state["project"]["image"],
            "model_uri": state["training"]["model_uri"],
            "variants": [{**state["project"]["variant"], "ModelName": "heirloom-flight-delay-v1"}],
            "scaling": None,
        },
        "canary": None,
        "keep": 2,
    }


def test_repeated_registers_nothing_twice(deployed: World) -> None:
    state = trained(deployed)
    deployed.register(state)
    first, events = state["version"], deployed.lineage.history(state["run"]["id"])

    deployed.register(state)

    assert state["version"] == first
    assert deployed.lineage.history(state["run"]["id"]) == events


def test_keeps_scores_and_smoke_rows_with_the_version(deployed: World) -> None:
    state = trained(deployed)

    deployed.register(state)

    node = deployed.lineage.node("version", "flight-delay/1")
    assert node is not None
    assert node.data["smoke"] == SMOKE
    assert node.data["compiled"]["path"] == "onnx"
    assert (node.data["variants"], node.data["scaling"]) == ([state["project"]["variant"]], None)
    assert node.data["scores"]["test"] == METRICS["test"]
    assert node.data["scores"]["baseline"] == {"precision": 0.5, "recall": None}
    assert (node.data["score"], node.data["baseline"], node.data["met"]) == (0.7, 0.5, True)
    assert deployed.lineage.targets(f"run#{state['run']['id']}", MAKES) == ("version#flight-delay/1",)


def test_keeps_the_evidence_as_it_was_written(deployed: World) -> None:
    deployed.register(trained(deployed))

    kept = [key for key in deployed.objects.keys(ARTIFACTS) if key.startswith("versions/")]
    assert kept == [
        f"versions/flight-delay/1/{name}.json"
        for name in ("compiled", "environment", "metrics", "profile", "schema", "smoke")
    ]


def test_tells_the_registry_where_the_version_comes_from(deployed: World) -> None:
    state = trained(deployed)
    state["project"]["git_commit"] = ""

    deployed.register(state)

    (submission,) = deployed.registry.submissions.values()
    assert submission.group == "heirloom-flight-delay"
    assert submission.facts == {
        "run": state["run"]["id"],
        "dataset": state["dataset"]["id"],
        "git_commit": "unknown",
        "metric": "precision",
        "score": "0.7",
        "objective_met": "true",
    }


@pytest.mark.parametrize(
    ("documents", "message"),
    [
        ({"metrics": None, "profile": None}, "lacks metrics.json, profile.json"),
        ({"metrics": b"{"}, "metrics.json of the training job is not JSON"),
        ({"schema": []}, "schema.json of the training job: expected an object, got list"),
        ({"metrics": {"objective": {}}}, "metrics.json of the training job is incomplete: KeyError"),
        ({"metrics": {**METRICS, "test": 3}}, "metrics.json of the training job is incomplete: AttributeError"),
        ({"metrics": {**METRICS, "objective": {"metric": "f1", "score": float("nan")}}}, "no score for f1"),
        ({"smoke": {"inputs": [{}], "predictions": []}}, "as many predictions as inputs"),
        ({"smoke": {"inputs": [], "predictions": []}}, "at least one"),
        ({"smoke": {"inputs": [{}]}}, "as many predictions as inputs"),
    ],
)
def test_refuses_evidence_that_is_missing_or_broken(documents: dict[str, Any], message: str) -> None:
    with pytest.raises(Invalid, match=message):
        read_evidence([packed(evidence(**documents))])


def test_refuses_what_is_no_archive() -> None:
    with pytest.raises(Invalid, match=r"output.tar.gz of the training job can't be read"):
        read_evidence([b"not gzip at all"])


def test_refuses_an_archive_that_ends_too_soon() -> None:
    whole = packed(evidence(profile={"padding": list(range(5000))}))

    with pytest.raises(Invalid, match="can't be read"):
        read_evidence([whole[: len(whole) // 2]])


def test_reads_an_archive_in_whatever_pieces_it_comes() -> None:
    whole = packed({f"./{name}": body for name, body in evidence().items()})

    read = read_evidence(whole[start : start + 7] for start in range(0, len(whole), 7))

    assert read.scores.score == 0.7


def test_passes_over_links_folders_and_other_files() -> None:
    link, folder = tarfile.TarInfo("metrics.json"), tarfile.TarInfo("plots")
    link.type, link.linkname, folder.type = tarfile.SYMTYPE, "/etc/passwd", tarfile.DIRTYPE
    files = [(tarfile.TarInfo(name), body) for name, body in {**evidence(), "../evil.json": b"{}"}.items()]

    read = read_evidence([archive([*files, (link, b""), (folder, b"")])])

    assert set(read.files) == set(limits.FILES)


@pytest.mark.parametrize(
    ("limit", "message"),
    [
        ("LARGEST_FILE", "expected at most 10 bytes"),
        ("LARGEST_MEMBER", "files of at most 10"),
        ("MOST_MEMBERS", "at most 10"),
    ],
)
def test_refuses_an_archive_above_a_limit(monkeypatch: pytest.MonkeyPatch, limit: str, message: str) -> None:
    monkeypatch.setattr(limits, limit, 10)
    many = {f"plot{n}.png": b"12345678" for n in range(12)}

    with pytest.raises(Invalid, match=message):
        read_evidence([packed({**many, **evidence()})])


def test_keeps_no_more_smoke_rows_than_fit_beside_the_scores() -> None:
    rows = [{"text": "x" * 9000}] * 20

    read = read_evidence([packed(evidence(smoke={"inputs": rows, "predictions": SMOKE["predictions"] * 10}))])

    assert len(read.smoke["inputs"]) == len(read.smoke["predictions"]) == 5
    assert len(json.dumps(read.smoke)) < limits.LARGEST_SMOKE
