"""`heirloom logout`: the end of a login."""

from __future__ import annotations

import click

from cli.cognito import SignIn
from cli.door import Login, file_of
from cli.options import answers
from cli.output import Output
from heirloom.core.errors import HeirloomError, Invalid, NotFound


@click.command()
@click.option("--local", is_flag=True, envvar="HEIRLOOM_LOCAL", help="Use the embedded AWS of `heirloom local up`.")
@answers
def logout(out: Output, *, local: bool) -> None:
    """Forget the login, and let it be renewed no more; a token that was given ends by itself."""
    file = file_of(local=local)
    try:
        kept = Login.load(file)
    except Invalid as broken:
        out.note(str(broken))
        kept = None
    if not file.exists():
        raise NotFound("nobody is logged in")
    try:
        if kept:
            SignIn(kept.door).end(kept.refresh_token)
    except HeirloomError as refused:
        out.note(f"{refused}: the login is forgotten here all the same")
    file.unlink()
    user = kept.user if kept else None
    out.answer({"user": user}, lambda: out.say(f"{user or 'The login'} is logged out; `unset MLFLOW_TRACKING_TOKEN`"))
