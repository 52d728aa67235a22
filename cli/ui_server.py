"""A small web server on 127.0.0.1: the pages of MLflow's UI, and behind them the API, which others must not reach.

Whoever asks here asks with the credentials of who started it. So a browser is heard only for pages of this server: the
host it names must be this one (a foreign name that leads to 127.0.0.1 is DNS rebinding), and what sends its request
must have come from here (anything else is another site's).
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from urllib3.exceptions import HTTPError

from cli.ui_api import Answered, Asked, refused

HOST = "127.0.0.1"
LARGEST_BODY = 10 * 10**6
"""Bytes of a request: what an HTTP API takes."""
API = ("/ajax-api/", "/api/", "/graphql", "/get-artifact", "/model-versions/get-artifact")
"""What is the API's: all below those that end with a slash, else the path itself."""
_SENT_ON = ("Content-Type", "Accept")
_STATIC = "/static-files/"
_FOUR_WEEKS = "max-age=2419200"  # the names of the files change with what is in them
_FIRST_VISIT = {
    "mlflow.workflowType_v1": '"machine_learning"',  # else the menu is that of GenAI, which is not built
    "mlflow.assistant.fab.autoOpenedOnFirstLoad_v1": "true",  # the assistant does not open: there is none
}
"""Settings that the pages keep in the browser, as somebody finds them who has chosen none yet."""
_SETTING = (
    "<script>for (const [key, value] of Object.entries(%s))"
    " if (localStorage.getItem(key) === null) localStorage.setItem(key, value)</script>"
)
_TYPES = {
    ".css": "text/css",
    ".gif": "image/gif",
    ".html": "text/html; charset=utf-8",
    ".ico": "image/vnd.microsoft.icon",
    ".js": "text/javascript",
    ".json": "application/json",
    ".mjs": "text/javascript",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".txt": "text/plain",
    ".wasm": "application/wasm",
    ".woff": "font/woff",
    ".woff2": "font/woff2",
}
"""By our own table: that of the machine may call JavaScript plain text, which browsers then refuse to run."""
_ALWAYS = {"X-Content-Type-Options": "nosniff", "X-Frame-Options": "SAMEORIGIN", "Referrer-Policy": "same-origin"}


class UiServer(ThreadingHTTPServer):
    """Listens from the beginning on; ``build`` is the folder of the pages, ``api`` answers what they ask.

    Raises OSError for a port that is taken.
    """

    daemon_threads = True

    def __init__(self, port: int, build: Path, api: Callable[[Asked], Answered]) -> None:
        super().__init__((HOST, port), _Handler)
        self.build, self.api = build.resolve(), api

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say what went wrong, unless it is that a browser has gone."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://{HOST}:{self.server_port}"

    @property
    def hosts(self) -> tuple[str, str]:
        """What a browser may call it."""
        return f"{HOST}:{self.server_port}", f"localhost:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # head and body in one packet: the second would wait 40 ms for the first to be acknowledged
    timeout = 60  # seconds that a connection may be idle
    server: UiServer

    def log_message(self, *arguments: Any) -> None:
        """Say nothing of each request."""

    def do(self) -> None:
        """Any request."""
        answer = self._answer()
        try:
            self._send(answer)
        except (OSError, HTTPError):  # the browser has gone on to another page, or a file ended in the middle
            self.close_connection = True

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do  # noqa: N815 - the names that http.server calls

    def _answer(self) -> Answered:
        path = self.path.partition("?")[0]
        if not self._ours():
            self.close_connection = True  # its body is not read
            return refused(HTTPStatus.FORBIDDEN, "PERMISSION_DENIED", "asked by another site, or by another name")
        if _is_api(path):
            return self._of_api(path)
        if self.command != "GET":
            self.close_connection = True
            return _nothing()
        return _file(self.server.build, path)

    def _ours(self) -> bool:
        """Whether the browser says that a page of this server asks, or who asks is no browser."""
        host, origin = self.headers.get("Host", ""), self.headers.get("Origin")
        if host not in self.server.hosts or (origin is not None and origin != f"http://{host}"):
            return False
        from_elsewhere = self.headers.get("Sec-Fetch-Site", "none") in ("cross-site", "same-site")
        return not (from_elsewhere and _is_api(self.path.partition("?")[0]))

    def _of_api(self, path: str) -> Answered:
        length = self.headers.get("Content-Length", "0")
        if "Transfer-Encoding" in self.headers or not length.isdecimal():
            self.close_connection = True
            return refused(HTTPStatus.LENGTH_REQUIRED, "INVALID_PARAMETER_VALUE", "a body needs a Content-Length")
        if int(length) > LARGEST_BODY:
            self.close_connection = True
            message = f"expected at most {LARGEST_BODY} bytes, got {length}"
            return refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "INVALID_PARAMETER_VALUE", message)
        body = self.rfile.read(int(length))
        if any(part in (".", "..") for part in unquote(path).split("/")):
            return refused(HTTPStatus.BAD_REQUEST, "INVALID_PARAMETER_VALUE", "Invalid path")
        headers = {name: self.headers[name] for name in _SENT_ON if name in self.headers}
        return self.server.api(Asked(self.command, self.path, headers, body))

    def _send(self, answer: Answered) -> None:
        self.send_response(answer.status)
        for name, value in {**_ALWAYS, **answer.headers}.items():
            self.send_header(name, value)
        if "Content-Length" not in answer.headers:
            self.close_connection = True  # its end says how long it is
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        for piece in answer.body:
            self.wfile.write(piece)


def _is_api(path: str) -> bool:
    return any(path.startswith(each) if each.endswith("/") else path == each for each in API)


def _file(build: Path, path: str) -> Answered:
    """A file of the pages; none that is outside of their folder."""
    if path == "/":
        return _index(build / "index.html")
    if not path.startswith(_STATIC) or "\0" in unquote(path):
        return _nothing()
    file = (build / unquote(path.removeprefix(_STATIC))).resolve()
    return _read(file) if file.is_relative_to(build) and file.is_file() else _nothing()


def _index(file: Path) -> Answered:
    """MLflow's page, with the settings of a first visit before its own scripts."""
    page = file.read_text().replace("<head>", f"<head>{_SETTING % json.dumps(_FIRST_VISIT)}", 1)
    return _page(page.encode(), _TYPES[".html"], "no-cache")


def _read(file: Path) -> Answered:
    return _page(file.read_bytes(), _TYPES.get(file.suffix, "application/octet-stream"), _FOUR_WEEKS)


def _page(body: bytes, kind: str, cached: str) -> Answered:
    headers = {"Content-Type": kind, "Cache-Control": cached, "Content-Length": str(len(body))}
    return Answered(HTTPStatus.OK, headers, (body,))


def _nothing() -> Answered:
    return refused(HTTPStatus.NOT_FOUND, "RESOURCE_DOES_NOT_EXIST", "there is no such page")
