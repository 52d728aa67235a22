"""`heirloom people`: who may log in to the experiments, and as what."""

from __future__ import annotations

import secrets
import shlex
import string
from typing import Any

import click

from cli.cognito import refusals
from cli.door import Door
from cli.options import connected
from cli.output import Output, clock
from cli.session import Session
from heirloom.core.errors import Conflict
from heirloom.core.tracking.roles import Role, greatest

ROLES = [str(role) for role in Role]
_STATES = {"CONFIRMED": "may log in", "FORCE_CHANGE_PASSWORD": "has not logged in yet"}


@click.group()
def people() -> None:
    """People who log in to the experiments with a token, and their roles."""


@people.command("add")
@click.argument("name")
@click.option("--role", type=click.Choice(ROLES), required=True, help="What NAME may: docs/tracking.md.")
@connected
def add_command(out: Output, session: Session, *, name: str, role: str) -> None:
    """Let NAME log in with a role; who is there already gets this role in place of the one before."""
    pool, door = Pool(session), Door.of(session)
    password = pool.add(name)
    pool.give(name, role)
    command = f"heirloom login --user {shlex.quote(name)} {door.options}"
    document = {"name": name, "role": role, "password": password, "login": command}

    def show() -> None:
        out.say(f"{name} has the role {role}{'' if password else ', from the next login on'}.")
        if password:
            out.say(f"For the first login, within 7 days, tell {name} the password and the command:")
            out.facts([("password", password), ("command", command)])

    out.answer(document, show)


@people.command("list")
@connected
def list_command(out: Output, session: Session) -> None:
    """List who may log in."""
    found = Pool(session).people()
    rows = [(each["name"], each["role"], each["state"], clock(each["since"])) for each in found]

    def show() -> None:
        out.table(["name", "role", "state", "since"], rows)
        if not rows:
            out.say("nobody: `heirloom people add` lets people in")

    out.answer({"people": found}, show)


@people.command("remove")
@click.argument("name")
@connected
def remove_command(out: Output, session: Session, *, name: str) -> None:
    """Let NAME log in no more; a token that NAME has ends by itself, within 8 hours."""
    Pool(session).remove(name)
    out.answer({"name": name}, lambda: out.say(f"{name} can log in no more; a token from before ends within 8 hours"))


class Pool:
    """The user pool of a deployment, for its admins. Each method raises the errors of heirloom.core."""

    def __init__(self, session: Session) -> None:
        self._cognito = session.client("cognito-idp")
        self._id = session.output("UserPool")

    def add(self, name: str) -> str | None:
        """A person with a password for the first login; None for who is there already."""
        password = first_password()
        try:
            with refusals():
                self._cognito.admin_create_user(
                    UserPoolId=self._id, Username=name, TemporaryPassword=password, MessageAction="SUPPRESS"
                )
        except Conflict:
            return None
        return password

    def give(self, name: str, role: str) -> None:
        """The one role of a person; the new one is given before the old one is taken."""
        of_user = {"UserPoolId": self._id, "Username": name}
        with refusals():
            self._cognito.admin_add_user_to_group(**of_user, GroupName=role)
            had = self._cognito.admin_list_groups_for_user(**of_user)["Groups"]
            for group in {group["GroupName"] for group in had} & set(ROLES) - {role}:
                self._cognito.admin_remove_user_from_group(**of_user, GroupName=group)

    def remove(self, name: str) -> None:
        """End the person's logins, and delete them. Raises NotFound."""
        of_user = {"UserPoolId": self._id, "Username": name}
        with refusals():
            self._cognito.admin_user_global_sign_out(**of_user)
            self._cognito.admin_delete_user(**of_user)

    def people(self) -> list[dict[str, Any]]:
        """Everybody, by name."""
        with refusals():
            members = {role: self._names("list_users_in_group", GroupName=role) for role in ROLES}
            users = self._pages("list_users")
        return [_person(user, members) for user in sorted(users, key=lambda user: str(user["Username"]))]

    def _names(self, operation: str, **asked: str) -> set[str]:
        return {user["Username"] for user in self._pages(operation, **asked)}

    def _pages(self, operation: str, **asked: str) -> list[dict[str, Any]]:
        pages = self._cognito.get_paginator(operation).paginate(UserPoolId=self._id, **asked)
        return [user for page in pages for user in page["Users"]]


def first_password() -> str:
    """Of letters of each kind that the pool asks for, easy to read out; 63 bits by chance."""
    kinds = (string.ascii_lowercase, string.ascii_uppercase, string.digits)
    return "-".join("".join(secrets.choice(kind) for _ in range(5)) for kind in kinds)


def _person(user: dict[str, Any], members: dict[str, set[str]]) -> dict[str, Any]:
    name, status = user["Username"], user["UserStatus"]
    role = greatest(role for role, names in members.items() if name in names)
    return {
        "name": name,
        "role": str(role) if role else None,
        "state": _STATES.get(status, status.lower()) if user["Enabled"] else "disabled",
        "since": user["UserCreateDate"].isoformat(),
    }
