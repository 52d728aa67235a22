"""The pager: PagerDuty's Events API v2, or nobody where no routing key was set up.

https://developer.pagerduty.com/docs/events-api-v2-overview#response-codes--retry-logic: 202 is accepted, 400 refused,
429 and 5xx are to be sent again. Whoever has the routing key can page these people: it is in no message and no log.
"""

from __future__ import annotations

import http.client
import json
import random
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, NoReturn
from urllib.parse import urlsplit

from heirloom.adapters.aws import translated
from heirloom.core.errors import Denied, Invalid, Unavailable

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient

ALERTS, CHANGES = "/v2/enqueue", "/v2/change/enqueue"
KEY_LETTERS = 32
"""Of a routing key, says /docs/send-alert-event."""
KEPT_SECONDS = 300.0
"""How long a key is believed after the secret was read: so it can be rotated."""
REQUEST_SECONDS = 5.0
SECONDS = 10.0
"""For one event, with what is tried again: who has to wait longer says so to others first (core/incident/desk.py)."""
LONGEST_PAUSE = 4.0
_TOLD = 500  # letters of an answer


class RoutingKey:
    """The key in a secret: the text itself, or ``routing_key`` of a JSON object, as the console makes secrets."""

    def __init__(
        self, client: SecretsManagerClient, secret: str, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._client = client
        self._secret = secret
        self._monotonic = monotonic
        self._known: tuple[str, float] | None = None

    def get(self) -> str:
        """Raises NotFound, Denied, Unavailable, and Invalid where the secret is no key."""
        if self._known is None or self._monotonic() - self._known[1] > KEPT_SECONDS:
            with translated(f"reading the secret {self._secret}"):
                text = self._client.get_secret_value(SecretId=self._secret).get("SecretString", "")
            self._known = self._key(text), self._monotonic()
        return self._known[0]

    def forget(self) -> None:
        """Read it anew the next time: the key may have been rotated."""
        self._known = None

    def _key(self, text: str) -> str:
        found = text.strip()
        if found.startswith("{"):
            found = str(json.loads(found).get("routing_key", ""))
        if not (len(found) == KEY_LETTERS and found.isascii() and found.isalnum()):
            raise Invalid(
                f"the secret {self._secret} is no routing key: expected {KEY_LETTERS} letters and digits, or a JSON"
                f' object {{"routing_key": ...}} with them, got {len(found)} characters'
            )
        return found


class PagerDuty:
    """The port Pager. What may work later is tried again for SECONDS."""

    def __init__(
        self,
        url: str,
        key: RoutingKey,
        sleep: Callable[[float], None] = time.sleep,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._url = url.rstrip("/")
        self._key = key
        self._sleep = sleep
        self._monotonic = monotonic

    def send(self, event: Mapping[str, Any]) -> bool:
        self._insist(ALERTS, event)
        return True

    def change(self, event: Mapping[str, Any]) -> bool:
        self._insist(CHANGES, event)
        return True

    def _insist(self, path: str, event: Mapping[str, Any]) -> None:
        """ "Retry after some time", with a delay that is random, so that those who failed together come apart."""
        began, pause = self._monotonic(), 0.5
        while True:
            try:
                return self._post(path, event)
            except Unavailable:
                jittered = random.uniform(pause / 2, pause)  # noqa: S311 - no secret
                if self._monotonic() - began + jittered + REQUEST_SECONDS > SECONDS:
                    raise
                self._sleep(jittered)
                pause = min(LONGEST_PAUSE, 2 * pause)

    def _post(self, path: str, event: Mapping[str, Any]) -> None:
        key = self._key.get()
        body = json.dumps({"routing_key": key, **event}).encode()
        request = urllib.request.Request(  # noqa: S310 - the URL is the deployment's own
            f"{self._url}{path}", body, {"Content-Type": "application/json"}, method="POST"
        )
        try:
            with _opener(self._url).open(request, timeout=REQUEST_SECONDS) as response:
                response.read()
        except urllib.error.HTTPError as error:
            with error:
                self._refuse(error.code, error.read(2**16).decode(errors="replace").replace(key, "(routing key)"))
        except (OSError, http.client.HTTPException) as error:
            raise Unavailable(f"telling PagerDuty at {self._url}: {error}") from error

    def _refuse(self, status: int, answer: str) -> NoReturn:
        told = f"PagerDuty answered {status}: {answer[:_TOLD]}"
        if status == HTTPStatus.TOO_MANY_REQUESTS or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            raise Unavailable(told)
        self._key.forget()
        raise Denied(told) if status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN) else Invalid(told)


class NoPager:
    """The port Pager where no secret was set up: a line in the log, for each event, and nobody is told."""

    def __init__(self, log: Callable[[str], None]) -> None:
        self._log = log

    def send(self, event: Mapping[str, Any]) -> bool:
        self._log(json.dumps({"pager": "none is set up, nobody was paged: docs/incidents.md", "event": event}))
        return False

    def change(self, event: Mapping[str, Any]) -> bool:
        self._log(json.dumps({"pager": "none is set up: docs/incidents.md", "change": event}))
        return False


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """A redirected POST would arrive as a GET, and say 200."""

    def redirect_request(self, *_: Any) -> None:
        return None


def _opener(url: str) -> urllib.request.OpenerDirector:
    """The environment's proxies stand before PagerDuty, and not before this machine itself."""
    here = urlsplit(url).hostname == "127.0.0.1"
    proxies = urllib.request.ProxyHandler({} if here else None)
    return urllib.request.build_opener(proxies, _NoRedirects())
