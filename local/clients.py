"""Clients of the embedded AWS for parts of its own.

One session makes them all, since a new one reads and parses megabytes; one at a time, since a session is not safe to
make clients from several threads.
"""

from __future__ import annotations

import functools
import threading
from typing import Any

import boto3

_one_at_a_time = threading.Lock()


def client(service: str, **settings: Any) -> Any:
    """A boto3 client with these settings; the environment has what they leave out."""
    make: Any = _session().client
    with _one_at_a_time:
        return make(service, **settings)


@functools.cache
def _session() -> boto3.session.Session:
    return boto3.session.Session()
