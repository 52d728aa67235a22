"""`heirloom ui`: MLflow's own pages, on this machine, over the stack's experiments and models. See docs/ui.md."""

from __future__ import annotations

import errno
import importlib.util
import webbrowser
from pathlib import Path

import click

from cli.options import connected
from cli.output import Output
from cli.session import Session
from cli.ui_api import TrackingApi
from cli.ui_server import UiServer
from heirloom.core.errors import Invalid, Unavailable

PORT = 5050
"""Not MLflow's 5000, which macOS has for itself."""
MISSING = "this needs the pages of MLflow's own package: pip install -e '.[ui]'"
SKINNY = "the MLflow that is installed has no pages, as mlflow-skinny has none: pip install -e '.[ui]'"


@click.command()
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=PORT,
    show_default=True,
    help="Where it listens, on 127.0.0.1 alone; 0 for any that is free.",
)
@click.option("--open/--no-open", "opened", default=True, show_default=True, help="Open it in the usual browser.")
@connected
def ui(out: Output, session: Session, *, port: int, opened: bool) -> None:
    """Look at experiments, runs and models in MLflow's own UI, until Ctrl-C.

    Serves the pages that come with MLflow on this machine, and signs what they ask with your AWS credentials. Nothing
    is hosted for it.
    """
    build = pages()
    with serving(port, build, TrackingApi(session, out.note)) as server:
        out.answer({"url": server.url}, lambda: out.say(f"{server.url}  (Ctrl-C ends it)"))
        if opened and not out.as_json:
            webbrowser.open(server.url)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            out.note("stopped")


def pages() -> Path:
    """The folder of MLflow's static build. Raises Invalid where it is not installed."""
    found = importlib.util.find_spec("mlflow")
    if found is None or found.origin is None:
        raise Invalid(MISSING)
    build = Path(found.origin).parent / "server" / "js" / "build"
    if not (build / "index.html").is_file():
        raise Invalid(SKINNY)
    return build


def serving(port: int, build: Path, api: TrackingApi) -> UiServer:
    """The server, which listens already. Raises Unavailable for a port that somebody has, and what Session raises."""
    api.check()
    try:
        return UiServer(port, build, api.answer)
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise
        raise Unavailable(f"port {port} is taken: choose another one with --port") from error
