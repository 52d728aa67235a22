"""`heirloom release`, over every port in memory."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from cli import making
from cli.release_view import person
from heirloom.core.run.upload import Execution
from tests.cli.conftest import Run
from tests.unit.world import World, released

ANA = "arn:aws:iam::111122223333:user/ana"


class Caller:
    """A session of somebody, without an AWS."""

    caller = ANA


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    """Versions 1 to 5 were released one after the other: 2 to 5 have endpoints, 5 answers."""
    world = World()
    world.deploy()
    for number in range(1, 6):
        world.carry(world.upload(f"v{number}"))
    monkeypatch.setattr("cli.options.open_session", lambda out, *, local: Caller())
    monkeypatch.setattr("cli.release.Ports", lambda session: world)
    monkeypatch.setattr("cli.model.Ports", lambda session: world)
    return world


def champion(world: World) -> int:
    route = world.routes.get("flight-delay")
    assert route is not None
    return route.champion


def lines(text: str) -> dict[str, str]:
    """The facts of an answer, by name."""
    facts = [line.partition(":") for line in text.splitlines() if ":" in line]
    return {name: value.strip() for name, _, value in facts}


@pytest.mark.parametrize(
    ("arn", "name"),
    [
        (ANA, "ana"),
        ("arn:aws:sts::111122223333:assumed-role/Deployer/ana", "Deployer/ana"),
        ("arn:aws:iam::111122223333:root", "root"),
        ("pipeline", "pipeline"),
    ],
)
def test_calls_people_by_their_names(arn: str, name: str) -> None:
    assert person(arn) == name


def test_shows_what_answers_and_what_is_ready(cli: Run, world: World) -> None:
    ran = cli("release", "status", "flight-delay")

    facts = lines(ran.out)
    assert facts["champion"] == "version 5, heirloom-flight-delay-v5"
    assert facts["previous"] == "version 4"
    assert facts["last change"].startswith("retire by retention, ")
    assert [line.split()[:2] for line in ran.out.splitlines()[-5:]] == [
        ["5", "champion"],
        ["4", "previous"],
        ["3", "heirloom-flight-delay-v3"],
        ["2", "heirloom-flight-delay-v2"],
        ["0", "baseline"],
    ]


def test_shows_a_canary_with_its_counts_and_verdict(cli: Run, world: World) -> None:
    world.try_out(released(world.carry(world.upload("v6"), 6)))

    ran = cli("release", "status", "flight-delay")

    assert lines(ran.out)["canary"].startswith("version 6, 0.1 of the callers, within 2000 ms, release flight-delay-")
    assert "so far: undecided" in ran.out
    document = cli("release", "status", "flight-delay", "--json").document
    assert document["trial"]["tally"]["canary"]["requests"] == 0


def test_rolls_back_in_the_caller_s_name(cli: Run, world: World) -> None:
    ran = cli("release", "rollback", "flight-delay", "--reason", "late flights are missed")

    assert ran.code == 0
    assert champion(world) == 4
    facts = lines(ran.out)
    assert facts["last change"].startswith("rollback by ana, ")
    assert facts["because"] == "late flights are missed"
    assert facts["quarantined"] == "version 5"


def test_needs_a_reason(cli: Run, world: World) -> None:
    ran = cli("release", "rollback", "flight-delay")

    assert (ran.code, champion(world)) == (2, 5)
    assert "--reason" in ran.err


@pytest.mark.parametrize(
    ("words", "changed"),
    [
        (("promote", "flight-delay", "3"), ["champion", "previous"]),
        (("rollback", "flight-delay", "--to", "2"), ["champion", "previous", "quarantined"]),
        (("rollback", "flight-delay", "--to", "0", "--no-quarantine"), ["champion", "previous"]),
        (("freeze", "flight-delay"), ["frozen"]),
        (("shadow", "flight-delay", "3", "--share", "0.2"), ["shadow"]),
    ],
)
def test_says_first_what_would_change(cli: Run, world: World, words: tuple[str, ...], changed: list[str]) -> None:
    before = world.routes.get("flight-delay")
    reason = ("--reason", "why not")

    ran = cli("release", *words, *reason, "--dry-run")

    assert [line.split()[0] for line in ran.out.splitlines()[1:] if line] == sorted(changed, key=changed.index)
    assert "nothing was changed" in ran.err
    assert world.routes.get("flight-delay") == before
    assert cli("release", *words, *reason, "--json").document["route"]["change"]["by"] == ANA


def test_takes_back_what_it_has_done(cli: Run, world: World) -> None:
    why = ("--reason", "why not")
    world.try_out(released(world.carry(world.upload("v6"), 6)))

    assert cli("release", "stop", "flight-delay", "--quarantine", *why).code == 0
    assert cli("release", "clear", "flight-delay", "6", *why).code == 0
    assert cli("release", "freeze", "flight-delay", *why).code == 0
    assert cli("release", "thaw", "flight-delay", *why).code == 0
    assert cli("release", "shadow", "flight-delay", "6", *why).code == 0
    assert cli("release", "shadow", "flight-delay", "--off", *why).code == 0

    ran = cli("release", "history", "flight-delay", "--limit", "6", "--json")
    assert [change["action"] for change in ran.document["changes"]] == [
        "shadow",
        "shadow",
        "thaw",
        "freeze",
        "clear",
        "stop",
    ]
    assert world.answers.sent["token-1"]["outcome"] == "superseded"


@pytest.mark.parametrize("words", [(), ("3", "--off")])
def test_a_shadow_is_either_a_version_or_off(cli: Run, world: World, words: tuple[str, ...]) -> None:
    ran = cli("release", "shadow", "flight-delay", *words, "--reason", "why not")

    assert ran.code == 2
    assert "give either a VERSION or --off" in ran.err


def test_tells_the_history_newest_first_and_how_to_go_on(cli: Run, world: World) -> None:
    ran = cli("release", "history", "flight-delay", "--limit", "2")

    assert [line.split()[0] for line in ran.out.splitlines()] == ["revision", "12", "11"]
    assert "older ones: --cursor 11" in ran.err
    older = cli("release", "history", "flight-delay", "--cursor", "11", "--json").document
    assert (older["changes"][0]["revision"], older["cursor"]) == (10, None)


def test_a_frozen_route_is_not_promoted_and_says_who_to_ask(cli: Run, world: World) -> None:
    cli("release", "freeze", "flight-delay", "--reason", "holiday traffic")

    ran = cli("release", "promote", "flight-delay", "3", "--reason", "now")

    assert ran.code == 1
    assert "user/ana has frozen the route of flight-delay" in ran.err
    assert "holiday traffic" in ran.err


def test_a_revision_that_is_past_is_refused(cli: Run, world: World) -> None:
    ran = cli("release", "promote", "flight-delay", "3", "--reason", "now", "--revision", "3")

    assert (ran.code, champion(world)) == (1, 5)
    assert "is at revision 12, not 3" in ran.err


def test_an_endpoint_that_is_gone_would_be_made_first(cli: Run, world: World) -> None:
    ran = cli("release", "promote", "flight-delay", "1", "--reason", "now", "--dry-run")

    assert ran.out == "version 1 has no endpoint: one would be made and tested, then the route moves to it\n"
    assert not [name for _, name in world.executions.started if name.startswith("flight-delay-v1")]


def test_a_dry_run_knows_a_version_that_never_was(cli: Run, world: World) -> None:
    ran = cli("release", "promote", "flight-delay", "99", "--reason", "now", "--dry-run")

    assert (ran.code, ran.out) == (2, "")
    assert "there is no version 99 of flight-delay" in ran.err
    assert champion(world) == 5


def test_does_not_wait_for_an_endpoint_when_told_so(cli: Run, world: World) -> None:
    ran = cli("release", "rollback", "flight-delay", "--to", "1", "--reason", "now", "--no-wait")

    assert (ran.code, champion(world)) == (0, 5)
    assert ran.out.startswith("release flight-delay-v1-r12 makes the endpoint first")


@pytest.fixture
def meanwhile(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Let something happen while the command waits."""

    def arrange(*happenings: Callable[[], None]) -> None:
        left = list(happenings)
        monkeypatch.setattr(making.time, "sleep", lambda seconds: left.pop(0)())

    return arrange


def test_waits_for_the_endpoint_and_shows_the_route(cli: Run, world: World, meanwhile: Callable[..., None]) -> None:
    def state() -> dict[str, Any]:
        started = {name: document for (_, name), document in world.executions.started.items()}
        return dict(started["flight-delay-v1-r12"])

    def begin() -> None:
        assert champion(world) == 5

    def end() -> None:
        world.move("rollback", state())
        output = {"outcome": "rolled back", "reason": "now", "version": 1}
        world.executions.ended["flight-delay-v1-r12"] = Execution("SUCCEEDED", output=output)

    meanwhile(begin, end)
    ran = cli("release", "rollback", "flight-delay", "--to", "1", "--reason", "now")

    assert (ran.code, champion(world)) == (0, 1)
    assert lines(ran.out)["champion"] == "version 1, heirloom-flight-delay-v1-r12"


@pytest.mark.parametrize(
    ("ended", "said"),
    [
        (
            Execution("SUCCEEDED", output={"outcome": "failed", "stage": "test", "reason": "row 0 differs"}),
            "release flight-delay-v1-r12 ended as failed: row 0 differs",
        ),
        (Execution("ABORTED"), "release flight-delay-v1-r12 ended as ABORTED: ABORTED"),
        (Execution("FAILED", "States.Runtime", "no such path"), "ended as FAILED: States.Runtime no such path"),
    ],
)
def test_says_why_the_endpoint_did_not_come(
    cli: Run, world: World, meanwhile: Callable[..., None], ended: Execution, said: str
) -> None:
    meanwhile(lambda: world.executions.ended.update({"flight-delay-v1-r12": ended}))

    ran = cli("release", "rollback", "flight-delay", "--to", "1", "--reason", "now")

    assert (ran.code, champion(world)) == (1, 5)
    assert said in ran.err


def test_gives_up_waiting_and_says_how_to_look_again(cli: Run, world: World) -> None:
    ran = cli("release", "rollback", "flight-delay", "--to", "1", "--reason", "now", "--timeout", "0")

    assert ran.code == 1
    assert "it goes on; `heirloom release status flight-delay` shows" in ran.err


def test_a_model_shows_the_roles_of_its_versions(cli: Run, world: World) -> None:
    cli("release", "rollback", "flight-delay", "--reason", "late flights are missed")

    ran = cli("model", "show", "flight-delay")

    assert lines(ran.out)["last change"].startswith("rollback by ana")
    rows = [line.split()[:2] for line in ran.out.splitlines() if line]
    assert ["5", "quarantined"] in rows
    assert ["4", "champion"] in rows
