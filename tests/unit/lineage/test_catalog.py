"""The models as callers see them."""

from __future__ import annotations

import pytest

from heirloom.core.errors import NotFound
from heirloom.core.lineage.catalog import list_models, show_model
from tests.unit.world import World, payload


def test_lists_the_models_by_name_with_what_answers(deployed: World) -> None:
    deployed.deploy("wine")
    deployed.carry(deployed.upload())

    models = list_models(deployed.lineage, deployed.routes)

    assert [(model.model, model.champion, model.endpoint) for model in models] == [
        ("flight-delay", 1, "heirloom-flight-delay-v1"),
        ("wine", 0, "heirloom-wine-v0"),
    ]
    assert models[0].objective["at_least"] == 0.6


def test_shows_the_versions_newest_first_with_their_scores(deployed: World) -> None:
    for version in ("v1", "v2"):
        deployed.carry(deployed.upload(version))

    detail = show_model("flight-delay", deployed.lineage, deployed.routes)

    assert [(version.number, version.score, version.baseline, version.met) for version in detail.versions] == [
        (2, 0.7, 0.5, True),
        (1, 0.7, 0.5, True),
        (0, None, None, None),
    ]
    assert detail.route == deployed.routes.get("flight-delay")
    assert detail.features == {"carrier": "category", "distance": "number"}


def test_shows_a_model_without_a_route(deployed: World) -> None:
    deployed.routes.delete("flight-delay")

    detail = show_model("flight-delay", deployed.lineage, deployed.routes)

    assert (detail.route, detail.model.champion, detail.model.endpoint) == (None, None, None)


def test_does_not_show_what_was_removed(deployed: World) -> None:
    deployed.project(payload("register_project.delete"))

    assert list_models(deployed.lineage, deployed.routes) == ()
    with pytest.raises(NotFound, match="there is no model 'flight-delay'"):
        show_model("flight-delay", deployed.lineage, deployed.routes)
