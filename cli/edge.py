"""The edge of the command: every error becomes one line with a hint, and an exit code.

2 when what was typed or the file it names is wrong, 1 when something of ours or of AWS's failed, 130 for Ctrl-C.
``HEIRLOOM_DEBUG=1`` shows the traceback as well.
"""

from __future__ import annotations

import os
import traceback
from collections.abc import Sequence

import click

from heirloom.core.errors import Conflict, Denied, HeirloomError, Invalid, NotFound, Unavailable

EXIT_CODES: dict[type[HeirloomError], int] = {Invalid: 2, NotFound: 2, Denied: 1, Conflict: 1, Unavailable: 1}
INTERRUPTED = 130
HINTS = {
    "NoCredentialsError": "did you mean --local? Else set AWS_PROFILE, or run `aws sso login`",
    "ProfileNotFound": "see ~/.aws/config, or unset AWS_PROFILE",
    "EndpointConnectionError": "if that is the embedded AWS: `heirloom local up` starts it",
    "ConnectTimeoutError": "check the network",
    "TokenRetrievalError": "run `aws sso login`",
    "UnauthorizedSSOTokenError": "run `aws sso login`",
}


def run(command: click.Command, arguments: Sequence[str] | None = None) -> int:
    """Run a command line (``sys.argv`` by default) to its exit code."""
    try:
        code = command.main(args=arguments, prog_name="heirloom", standalone_mode=False)
    except Exception as error:  # noqa: BLE001 # the one place where every error ends
        return _report(error)
    except KeyboardInterrupt:
        return INTERRUPTED
    return code if isinstance(code, int) else 0


def _report(error: Exception) -> int:
    if os.environ.get("HEIRLOOM_DEBUG"):
        traceback.print_exception(error)
    if isinstance(error, click.exceptions.Exit):
        return error.exit_code
    if isinstance(error, click.Abort):  # click's word for Ctrl-C
        click.echo("interrupted", err=True)
        return INTERRUPTED
    if isinstance(error, click.ClickException):
        error.show()
        return error.exit_code
    message, code = explain(error)
    click.echo(f"error: {message}", err=True)
    return code


def explain(error: Exception) -> tuple[str, int]:
    """One line (more only where an input has several problems) and the exit code."""
    if isinstance(error, HeirloomError):
        code = next((code for kind, code in EXIT_CODES.items() if isinstance(error, kind)), 1)
        return f"{error}{_hint(error.__cause__)}", code
    if type(error).__module__.startswith(("botocore", "boto3")):
        return f"{error}{_hint(error)}", 1
    if isinstance(error, OSError) and error.filename:
        return f"{error.filename}: {error.strerror}", 2
    return f"{type(error).__name__}: {error} (a bug of Heirloom's: HEIRLOOM_DEBUG=1 shows where)", 1


def _hint(error: BaseException | None) -> str:
    """What to do about an error of boto3's, where we know it."""
    hint = HINTS.get(type(error).__name__)
    return f" ({hint})" if hint else ""
