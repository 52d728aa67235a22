"""What `--set` says: training parameters as hyperparameters carry them, texts, over those that model.yaml declares."""

from __future__ import annotations

from collections.abc import Iterable

from heirloom.core.errors import Invalid


def given(changes: Iterable[str]) -> dict[str, str]:
    """PARAMETER=VALUE, each once; core/project/parameters.py says whether a project can take them. Raises Invalid."""
    texts: dict[str, str] = {}
    for change in changes:
        name, equals, text = change.partition("=")
        if not name or not equals:
            raise Invalid(f"--set {change!r}: expected PARAMETER=VALUE, such as learning_rate=0.03")
        if name in texts:
            raise Invalid(f"--set {name}: expected each parameter once, got {texts[name]} and {text}")
        texts[name] = text
    return texts
