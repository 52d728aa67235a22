"""Let ``aws:SecureTransport`` be true for calls that never leave this machine, though they are plain HTTP.

A plug-in (see local.server). The CDK's bootstrap bucket, and every bucket with ``enforce_ssl``, denies all else.
"""

from __future__ import annotations

import ipaddress

from ministack import app


def install() -> None:
    """Replace how MiniStack notes where a request comes from."""
    pin = app.pin_request_origin

    def pin_request_origin(source_ip: str, secure_transport: bool) -> None:
        pin(source_ip, secure_transport or ipaddress.ip_address(source_ip).is_loopback)

    app.pin_request_origin = pin_request_origin
