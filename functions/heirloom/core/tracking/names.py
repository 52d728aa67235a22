"""Names for runs and models that nobody has named: two words and a number, easy to say and to find again."""

from __future__ import annotations

_MANNERS = "able bold bright calm capable fearless gentle kindly nimble orderly polite serious sincere upbeat wise"
_THINGS = "crane dove finch fox hare hawk lark lynx owl quail robin seal stork swan tern trout vole wren"


def name_of(drawn: str) -> str:
    """The name that these hexadecimal digits, at least twelve, give."""
    first, second, number = (int(drawn[start : start + 4], 16) for start in (0, 4, 8))
    manners, things = _MANNERS.split(), _THINGS.split()
    return f"{manners[first % len(manners)]}-{things[second % len(things)]}-{number % 1000}"
