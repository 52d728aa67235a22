"""`heirloom login`: a token for the experiments, for people who have no AWS credentials."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable
from pathlib import Path

import click

from cli.cognito import SignIn, Tokens
from cli.door import Door, Login, file_of
from cli.options import answers
from cli.output import Output, clock
from cli.session import open_session
from heirloom.core.errors import Denied, Invalid, NotFound

_PROMPTS = {
    "PASSWORD": "Password",
    "NEW_PASSWORD_REQUIRED": "New password, of 12 letters or more",
    "SOFTWARE_TOKEN_MFA": "Code of the authenticator app",
}


@click.command()
@click.option("--user", help="Who logs in.  [default: who did last, else asked for]")
@click.option("--url", help="Where the experiments answer, as `heirloom people add` says.")
@click.option("--client", help="The app client to log in by, as `heirloom people add` says.")
@click.option("--password-stdin", is_flag=True, help="Read the password from stdin; a line more for each more asked.")
@click.option("--local", is_flag=True, envvar="HEIRLOOM_LOCAL", help="Use the embedded AWS of `heirloom local up`.")
@answers
def login(
    out: Output, *, user: str | None, url: str | None, client: str | None, password_stdin: bool, local: bool
) -> None:
    """Log in to the experiments; says what MLflow's client has to know.

    \b
    eval "$(heirloom login)"

    Asks for the password once in 30 days: until then it renews the token, which is good for 8 hours.
    """
    door, file = _door(out, url, client, local=local)
    before = Login.load(file)
    if before and (before.door.client != door.client or user not in (None, before.user)):
        before = None
    sign_in, ask = SignIn(door), _from_stdin if password_stdin else _from_prompt
    last, refresh_token = (before.user, before.refresh_token) if before else (None, "")
    tokens = _renewed(out, sign_in, before) or _by_password(sign_in, user or last, ask)
    Login(door, tokens.user, tokens.refresh or refresh_token).save(file)
    _tell(out, door, tokens)


def _door(out: Output, url: str | None, client: str | None, *, local: bool) -> tuple[Door, Path]:
    """Where to log in: as told, else as last time, else as the deployment says to who has AWS credentials."""
    if (url is None) != (client is None):
        raise Invalid("--url and --client go together: `heirloom people add` says both")
    file = file_of(local=False)
    if url and client:
        return Door.named(url, client), file
    kept = None if local else Login.load(file)
    if kept:
        return kept.door, file
    try:
        session = open_session(out, local=local)
    except Denied as unknown:
        raise Denied(
            "where to log in is not known: give --url and --client, as `heirloom people add` says"
        ) from unknown
    return Door.of(session), file_of(local=session.local)


def _renewed(out: Output, sign_in: SignIn, before: Login | None) -> Tokens | None:
    try:
        return sign_in.by_refresh(before.refresh_token) if before else None
    except Denied as ended:
        out.note(f"{ended}: the password is needed again")
        return None
    except NotFound as gone:
        raise NotFound(f"{gone}: `heirloom logout`, then log in with --url and --client again") from gone


def _by_password(sign_in: SignIn, user: str | None, ask: Callable[[str], str]) -> Tokens:
    name = user or click.prompt("User", err=True)
    try:
        return sign_in.by_password(name, ask("PASSWORD"), ask)
    except Denied as refused:
        raise Denied(f"{refused}: an admin sets a new one by `heirloom people remove` and `add`") from refused


def _from_prompt(what: str) -> str:
    new = what == "NEW_PASSWORD_REQUIRED"
    return str(click.prompt(_PROMPTS[what], hide_input=True, confirmation_prompt=new, err=True))


def _from_stdin(what: str) -> str:
    line = sys.stdin.readline().rstrip("\r\n")
    if not line:
        raise Invalid(f"--password-stdin: expected a line more: {_PROMPTS[what]}")
    return line


def _tell(out: Output, door: Door, tokens: Tokens) -> None:
    ends, role = tokens.ends.isoformat(), tokens.role
    told = {"uri": door.url, "token": tokens.access, "user": tokens.user, "role": role and str(role), "ends": ends}

    def show() -> None:
        out.say(f"export MLFLOW_TRACKING_URI={shlex.quote(door.url)}")
        out.say(f"export MLFLOW_TRACKING_TOKEN={shlex.quote(tokens.access)}")
        out.note(f"{tokens.user} is logged in until {clock(ends)}, as {role or 'nobody: an admin has to give a role'}")

    out.answer(told, show)
