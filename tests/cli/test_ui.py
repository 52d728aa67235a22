"""`heirloom ui`: what its server gives to a browser, what it asks the API, and whom it refuses."""

from __future__ import annotations

import errno
import http.client
import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.credentials import Credentials

from cli import ui
from cli.ui_api import Answered, Asked, TrackingApi
from cli.ui_server import LARGEST_BODY, UiServer
from heirloom.core.errors import Invalid, Unavailable
from tests.cli.conftest import Run
from tests.embedded import free_port

SEARCH = "/ajax-api/2.0/mlflow/runs/search"


@dataclass
class Api:
    """Stands for the API: keeps what it is asked, and answers all of it the same."""

    answered: Answered = field(default_factory=lambda: Answered(200, {"Content-Length": "2"}, (b"{}",)))
    asked: list[Asked] = field(default_factory=list)

    def __call__(self, asked: Asked) -> Answered:
        self.asked.append(asked)
        return self.answered


@pytest.fixture
def build(tmp_path: Path) -> Path:
    """Pages as MLflow's are laid out, and a file beside them that is nobody's business."""
    folder = tmp_path / "site" / "build"
    (folder / "static" / "js").mkdir(parents=True)
    (folder / "index.html").write_text("<html><head></head><body>the page</body></html>")
    (folder / "static" / "js" / "main.js").write_text("run()")
    (folder / "static" / "a.unknown").write_text("?")
    (tmp_path / "site" / "secret.txt").write_text("secret")
    (folder / "link").symlink_to(tmp_path / "site" / "secret.txt")
    return folder


@contextmanager
def running(server: ThreadingHTTPServer) -> Iterator[ThreadingHTTPServer]:
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    with server:
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def api() -> Api:
    return Api()


@pytest.fixture
def server(build: Path, api: Api) -> Iterator[UiServer]:
    with running(UiServer(0, build, api)) as server:
        yield server  # type: ignore[misc]


def ask(
    server: ThreadingHTTPServer, method: str, target: str, body: bytes | None = None, **headers: str
) -> tuple[http.client.HTTPResponse, bytes]:
    """An answer and its body; underscores in names of headers are dashes."""
    connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=20)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    connection.request(method, target, body, named)
    response = connection.getresponse()
    read = response.read()
    connection.close()
    return response, read


def test_gives_the_page_with_the_settings_of_a_first_visit(server: UiServer) -> None:
    response, body = ask(server, "GET", "/")

    assert (response.status, response.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert response.headers["X-Frame-Options"] == "SAMEORIGIN"
    assert b'<head><script>for (const [key, value] of Object.entries({"mlflow.workflowType_v1"' in body
    assert body.endswith(b"</script></head><body>the page</body></html>")


def test_gives_the_files_of_the_pages_by_their_types(server: UiServer) -> None:
    script, body = ask(server, "GET", "/static-files/static/js/main.js?v=1")
    unknown, _ = ask(server, "GET", "/static-files/static/a.unknown")

    assert (script.status, script.headers["Content-Type"], body) == (200, "text/javascript", b"run()")
    assert "max-age" in script.headers["Cache-Control"]
    assert unknown.headers["Content-Type"] == "application/octet-stream"


@pytest.mark.parametrize(
    "target",
    [
        "/static-files/none.js",
        "/static-files/",
        "/static-files/../secret.txt",
        "/static-files/%2e%2e/secret.txt",
        "/static-files/..%2fsecret.txt",
        "/static-files//etc/passwd",
        "/static-files/link",
        "/static-files/a%00b",
        "/index.html",
        "/models/paint/release/promote",
    ],
)
def test_gives_nothing_else(server: UiServer, api: Api, target: str) -> None:
    response, body = ask(server, "GET", target)

    assert (response.status, b"secret" in body, api.asked) == (404, False, [])


def test_writes_to_nothing_but_the_api(server: UiServer) -> None:
    assert ask(server, "POST", "/", b"{}")[0].status == 404


def test_asks_the_api_what_the_browser_asks(server: UiServer, api: Api) -> None:
    own = f"http://127.0.0.1:{server.server_port}"
    response, body = ask(server, "POST", f"{SEARCH}?a=%20b", b'{"x": 1}', Content_Type="application/json", Origin=own)
    for target in ("/graphql", "/get-artifact?path=a", "/model-versions/get-artifact", "/api/2.0/mlflow/runs/get"):
        assert ask(server, "GET", target, Cookie="mine", Sec_Fetch_Site="same-origin")[0].status == 200

    assert (response.status, body, server.url) == (200, b"{}", own)
    assert api.asked[0] == Asked("POST", f"{SEARCH}?a=%20b", {"Content-Type": "application/json"}, b'{"x": 1}')
    assert all("Cookie" not in asked.headers for asked in api.asked)
    assert len(api.asked) == 5


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://elsewhere.example"},
        {"Origin": "null"},
        {"Origin": "http://localhost"},
        {"Sec_Fetch_Site": "cross-site"},
        {"Sec_Fetch_Site": "same-site"},
        {"Host": "elsewhere.example"},
        {"Host": "rebound.example:5050", "Origin": "http://rebound.example:5050"},
    ],
)
def test_refuses_what_another_site_asks(server: UiServer, api: Api, headers: dict[str, str]) -> None:
    response, body = ask(server, "POST", SEARCH, b"{}", **headers)

    assert (response.status, json.loads(body)["error_code"]) == (403, "PERMISSION_DENIED")
    assert api.asked == []


def test_a_link_from_elsewhere_leads_to_the_page(server: UiServer) -> None:
    assert ask(server, "GET", "/", Sec_Fetch_Site="cross-site", Sec_Fetch_Mode="navigate")[0].status == 200


def test_refuses_bodies_that_the_api_would_not_take(server: UiServer, api: Api) -> None:
    statuses = [
        ask(server, "POST", SEARCH, Content_Length=str(LARGEST_BODY + 1))[0].status,
        ask(server, "POST", SEARCH, Content_Length="-1")[0].status,
        ask(server, "POST", SEARCH, Transfer_Encoding="chunked")[0].status,
    ]

    assert (statuses, api.asked) == ([413, 411, 411], [])


@pytest.mark.parametrize("target", ["/api/../models/paint", "/ajax-api/%2e%2e/models", "/api/2.0/./x"])
def test_a_path_does_not_lead_out_of_the_protocol(server: UiServer, api: Api, target: str) -> None:
    assert (ask(server, "GET", target)[0].status, api.asked) == (400, [])


def test_a_file_of_unknown_length_ends_with_the_connection(server: UiServer, api: Api) -> None:
    api.answered = Answered(200, {}, (b"one", b"two"))

    response, body = ask(server, "GET", "/get-artifact")

    assert (body, response.headers["Connection"]) == (b"onetwo", "close")


def test_a_browser_that_goes_is_no_error(server: UiServer, capfd: pytest.CaptureFixture[str]) -> None:
    with socket.create_connection(("127.0.0.1", server.server_port)) as gone:
        gone.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        gone.sendall(b"GET / HT")

    assert ask(server, "GET", "/")[0].status == 200
    assert "Traceback" not in capfd.readouterr().err


class Gateway(ThreadingHTTPServer):
    """Stands for API Gateway and S3: answers by path, and keeps what it was asked."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answers)
        self.asked: list[tuple[str, str, dict[str, str], bytes]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Answers(BaseHTTPRequestHandler):
    server: Gateway

    def log_message(self, *arguments: Any) -> None:
        pass

    def do(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.asked.append((self.command, self.path, dict(self.headers), body))
        status, headers, answer = {
            "/api/refused": (400, {}, b'{"error_code": "INVALID_PARAMETER_VALUE", "message": "no"}'),
            "/api/forbidden": (403, {}, b'{"message": "Forbidden"}'),
            "/api/broken": (500, {}, b'{"message": "Internal Server Error"}'),
            "/api/2.0/mlflow/get-artifact": (307, {"Location": f"{self.server.url}/signed-link"}, b""),
            "/signed-link": (200, {"Content-Type": "text/plain"}, b"x" * 100_000),
        }.get(self.path.partition("?")[0], (200, {"Content-Type": "application/json", "X-Amzn": "1"}, b"[]"))
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(answer))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(answer)

    do_GET = do_POST = do  # noqa: N815 - the names that http.server calls


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    with running(Gateway()) as gateway:
        yield gateway  # type: ignore[misc]


def tracking(url: str, notes: list[str]) -> TrackingApi:
    session: Any = SimpleNamespace(
        api_url=url, credentials=Credentials("AKIA", "secret"), boto=SimpleNamespace(region_name="eu-west-1")
    )
    return TrackingApi(session, notes.append)


def test_signs_what_it_sends_on_and_tells_the_answer(gateway: Gateway) -> None:
    asked = Asked("POST", f"{SEARCH}?a=%20b", {"Content-Type": "application/json"}, b"{}")

    answered = tracking(gateway.url, []).answer(asked)

    ((method, path, headers, body),) = gateway.asked
    assert (method, path, body) == ("POST", "/api/2.0/mlflow/runs/search?a=%20b", b"{}"), "as policies name it"
    assert headers["Authorization"].startswith("AWS4-HMAC-SHA256 Credential=AKIA/")
    assert "/eu-west-1/execute-api/aws4_request" in headers["Authorization"]
    assert (answered.status, b"".join(answered.body)) == (200, b"[]")
    assert answered.headers == {"Content-Type": "application/json", "Content-Length": "2"}


def test_brings_a_file_that_is_on_s3_and_signs_nothing_there(gateway: Gateway) -> None:
    answered = tracking(gateway.url, []).answer(Asked("GET", "/get-artifact?path=big", {}))

    assert b"".join(answered.body) == b"x" * 100_000
    assert (answered.status, answered.headers["Content-Length"]) == (200, "100000")
    assert "Authorization" not in gateway.asked[-1][2]


@pytest.mark.parametrize(
    ("path", "status", "code", "message"),
    [
        ("/api/refused", 400, "INVALID_PARAMETER_VALUE", "no"),
        ("/api/forbidden", 403, "PERMISSION_DENIED", "execute-api:Invoke"),
        ("/api/broken", 500, "INTERNAL_ERROR", "Internal Server Error"),
    ],
)
def test_errors_are_told_in_mlflow_s_form(gateway: Gateway, path: str, status: int, code: str, message: str) -> None:
    notes: list[str] = []
    answered = tracking(gateway.url, notes).answer(Asked("GET", path, {}))
    told = json.loads(b"".join(answered.body))

    assert (answered.status, told["error_code"]) == (status, code)
    assert message in told["message"]
    assert bool(notes) == (status != 400), "what is not MLflow's is told on the terminal as well"


def test_an_api_that_is_gone_is_told_on_the_page_and_on_the_terminal() -> None:
    notes: list[str] = []
    answered = tracking(f"http://127.0.0.1:{free_port()}", notes).answer(Asked("GET", "/graphql", {}))

    assert (answered.status, json.loads(b"".join(answered.body))["error_code"]) == (502, "TEMPORARILY_UNAVAILABLE")
    assert notes[0].startswith("GET /graphql: Could not connect to the endpoint URL")


def test_finds_the_pages_of_the_mlflow_that_is_installed() -> None:
    assert "static-files/" in (ui.pages() / "index.html").read_text()


def test_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(ui.importlib.util, "find_spec", lambda _name: None)
    with pytest.raises(Invalid, match=r"pip install -e '\.\[ui\]'"):
        ui.pages()
    monkeypatch.setattr(ui.importlib.util, "find_spec", lambda _name: SimpleNamespace(origin=str(tmp_path / "x.py")))
    with pytest.raises(Invalid, match="mlflow-skinny"):
        ui.pages()


def test_a_port_that_is_taken_is_said(build: Path, server: UiServer) -> None:
    with pytest.raises(Unavailable, match=f"port {server.server_port} is taken: choose another one with --port"):
        ui.serving(server.server_port, build, tracking("http://nowhere", []))


def test_any_other_reason_not_to_listen_is_told_as_it_is(build: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any) -> None:
        raise OSError(errno.EACCES, "not allowed")

    monkeypatch.setattr(ui, "UiServer", refuse)

    with pytest.raises(OSError, match="not allowed"):
        ui.serving(1, build, tracking("http://nowhere", []))


def test_without_an_aws_it_says_so_before_it_listens(cli: Run) -> None:
    ran = cli("ui", "--no-open")

    assert ran.code == 1
    assert "no AWS credentials; did you mean --local?" in ran.err
