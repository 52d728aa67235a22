"""Who may what: each endpoint takes a role, and a person has one by group."""

from __future__ import annotations

import json
from typing import Any

import pytest

from heirloom.adapters.memory.artifacts import MemoryArtifacts
from heirloom.core.errors import Denied
from heirloom.core.tracking.artifacts.files import FILES, UPLOADS
from heirloom.core.tracking.artifacts.proxy import PROXY
from heirloom.core.tracking.door import SIGNED, Door
from heirloom.core.tracking.endpoints import endpoints, find, find_proxied
from heirloom.core.tracking.roles import Asking, ByRole, Role, flat, greatest, merged
from tests.unit.tracking.server import Server, event_of

ALL: ByRole[Any] = merged(endpoints(MemoryArtifacts()), FILES, UPLOADS, PROXY)
# What asks for much by POST, and changes nothing.
SEARCHES = {
    *("experiments/search", "experiments/search-datasets", "runs/search", "logged-models/search"),
    *("registered-models/get-latest-versions", "datasets/search", "graphql", "ui-telemetry"),
}


def keys(role: Role) -> set[Asking]:
    return set(ALL[role])


def test_reading_is_for_all_and_a_viewer_does_nothing_else() -> None:
    assert {key for key in flat(ALL) if key[0] == "GET"} | {("POST", path) for path in SEARCHES} == keys(Role.VIEWER)


def test_what_cannot_be_undone_or_takes_others_work_away_is_an_admin_s() -> None:
    assert keys(Role.ADMIN) == {
        ("POST", "experiments/delete"),
        ("POST", "experiments/restore"),
        ("DELETE", "registered-models/delete"),
        ("DELETE", "model-versions/delete"),
        ("DELETE", "datasets/{dataset_id}"),
        ("DELETE", "datasets/{dataset_id}/records"),
        ("DELETE", "artifacts/"),
    }


def test_no_endpoint_takes_two_roles() -> None:
    assert sum(len(keys(role)) for role in Role) == len(flat(ALL))


@pytest.mark.parametrize(
    ("groups", "role"),
    [
        ([], None),
        (["admins", "Viewer"], None),
        (["viewer"], Role.VIEWER),
        (["viewer", "data-scientist", "other"], Role.DATA_SCIENTIST),
        (["admin", "viewer"], Role.ADMIN),
    ],
)
def test_a_person_has_the_greatest_role_of_their_groups(groups: list[str], role: Role | None) -> None:
    assert greatest(groups) == role


@pytest.mark.parametrize("least", Role)
@pytest.mark.parametrize("role", [None, *Role])
def test_a_door_admits_those_who_have_so_much(role: Role | None, least: Role) -> None:
    door = Door(role, "ann", "s3://bucket/experiments")
    admitted = role is not None and role >= least

    for method, path in keys(least) & set(flat(PROXY)):
        below = f"/api/2.0/mlflow-artifacts/{path}x" if path.endswith("/") else f"/api/2.0/mlflow-artifacts/{path}"
        if admitted:
            assert find_proxied(method, below, door)
        else:
            with pytest.raises(Denied):
                find_proxied(method, below, door)
    for method, path in keys(least) & set(flat(endpoints(MemoryArtifacts()))):
        if admitted:
            assert find(method, f"/api/2.0/mlflow/{path}", endpoints(MemoryArtifacts()), door)
        else:
            with pytest.raises(Denied):
                find(method, f"/api/2.0/mlflow/{path}", endpoints(MemoryArtifacts()), door)


def test_whoever_is_refused_is_told_which_role_it_takes_and_how_to_get_it() -> None:
    with pytest.raises(Denied) as refused:
        Door(Role.VIEWER, "ann").admit(Role.DATA_SCIENTIST)
    with pytest.raises(Denied, match="and ann has no role"):
        Door(None, "ann").admit(Role.VIEWER)

    assert str(refused.value) == (
        "This takes the role data-scientist, and ann has the role viewer. An admin can give it:"
        " `heirloom people add ann --role data-scientist`; then log in again"
    )


def test_who_signs_has_been_judged_by_iam() -> None:
    for least in Role:
        SIGNED.admit(least)


def jwt(groups: str | None, use: str = "access") -> dict[str, Any]:
    """A token's claims as API Gateway gives them: all of them texts."""
    told = {} if groups is None else {"cognito:groups": groups}
    return {"jwt": {"claims": {"username": "ann", "token_use": use, **told}, "scopes": None}}


@pytest.mark.parametrize(
    ("authorizer", "reads", "writes", "deletes"),
    [
        (jwt("[viewer]"), True, False, False),
        (jwt("[viewer data-scientist]"), True, True, False),
        (jwt("[admin]"), True, True, True),
        (jwt("[adminviewer]"), False, False, False),
        (jwt(None), False, False, False),
        (jwt("[admin]", use="id"), False, False, False),
        (None, False, False, False),
        ({}, False, False, False),
        ({"lambda": {}}, False, False, False),
    ],
)
def test_the_function_asks_the_token_s_groups(
    server: Server, authorizer: Any, reads: bool, writes: bool, deletes: bool
) -> None:
    experiment = server.post("experiments/create", name="coats")["experiment_id"]
    answers = {
        "experiments/search": reads,
        "experiments/set-experiment-tag": writes,
        "experiments/delete": deletes,
    }

    for path, admitted in answers.items():
        asked = json.dumps({"experiment_id": experiment, "key": "k", "value": "v", "max_results": 10})
        event = event_of("POST", f"/api/2.0/mlflow/{path}", authorizer, body=asked)
        if admitted:
            assert server.answer(event)["statusCode"] == 200
        else:
            with pytest.raises(Denied):
                server.answer(event)


def test_what_is_not_built_is_not_found_for_everybody(server: Server) -> None:
    event = event_of("POST", "/api/3.0/mlflow/traces/search", jwt("[viewer]"))

    assert server.answer(event)["statusCode"] == 404
