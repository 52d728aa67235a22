"""Which callers the canary answers, and whose rows the shadow is asked too: the same ones at each of their requests.

A caller is the entity that a request names, or else the request itself. Its place, a number from 0 to 1, is a hash: no
table of callers is kept, every running function gives the same place, and whoever is in at a small share stays in at a
larger one. Each release and each shadow draws its callers anew.
"""

from __future__ import annotations

from hashlib import blake2b

from heirloom.core.release.route import Route


def in_canary(route: Route, caller: str) -> bool:
    """Whether the route's canary is to answer this caller; without a canary it is nobody."""
    canary = route.canary
    return canary is not None and _place(canary.release, caller) < canary.share


def in_shadow(route: Route, caller: str) -> bool:
    """Whether the route's shadow is to be asked what this caller asks."""
    shadow = route.shadow
    return shadow is not None and _place(f"shadow/{shadow.version}", caller) < shadow.share


def _place(drawn_for: str, caller: str) -> float:
    digest = blake2b(f"{drawn_for}:{caller}".encode(errors="surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest) / 2**64
