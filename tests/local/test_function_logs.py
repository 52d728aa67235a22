"""A function's lines come with its own invocation, however late it logs them, and cost it no wait."""

from __future__ import annotations

import base64
import statistics
import time

import pytest

from heirloom.core.errors import Invalid
from local.connection import Connection
from local.worker_script import rewrite
from tests.local.functions import Functions

PAUSES = """
import time

def handler(event, context):
    print("first")
    time.sleep(0.1)
    print(event["last"])
"""
SILENT = """
def handler(event, context):
    return 1
"""


def test_lines_after_a_pause_belong_to_their_own_invocation(functions: Functions, aws: Connection) -> None:
    function, invoke = functions.make(PAUSES), aws.client("lambda").invoke

    tails = [
        base64.b64decode(invoke(FunctionName=function, LogType="Tail", Payload=payload)["LogResult"]).decode()
        for payload in ('{"last": "one"}', '{"last": "two"}')
    ]

    assert "one" in tails[0]
    assert "two" in tails[1]
    assert "one" not in tails[1]


def test_a_function_that_logs_nothing_answers_at_once(functions: Functions) -> None:
    function = functions.make(SILENT)
    functions.invoke(function, {})
    times = []
    for _ in range(9):
        started = time.perf_counter()
        functions.invoke(function, {})
        times.append(time.perf_counter() - started)

    assert statistics.median(times) < 0.045  # MiniStack alone waits 0.05 s for a line


def test_refuses_a_script_that_has_changed() -> None:
    with pytest.raises(Invalid, match="'call_it_otherwise' is gone"):
        rewrite("call_it_otherwise", "")
