"""The plug-in refuses a MiniStack that it does not know. In a process of its own: MiniStack is changed by it."""

from __future__ import annotations

import subprocess
import sys

import pytest

CHANGES = {
    "another signature": ("cloudwatch._transition_composite = lambda alarm: None", "_transition_composite"),
    "a function is gone": ("del cloudwatch._history_entries", "_history_entries() is gone"),
    "another kind of store": ("cloudwatch._alarms = {}", "cloudwatch._alarms is no AccountRegionScopedDict"),
}


@pytest.mark.parametrize(("change", "complaint"), CHANGES.values(), ids=CHANGES)
def test_fails_at_start_when_a_plug_point_has_moved(change: str, complaint: str) -> None:
    program = f"from ministack.services import cloudwatch\n{change}\nimport local.alarms\nlocal.alarms.install()"

    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=60)

    assert ended.returncode == 1
    assert ended.stderr.splitlines()[-1].startswith(
        "heirloom.core.errors.Invalid: MiniStack has changed where local.alarms"
    )
    assert complaint in ended.stderr
