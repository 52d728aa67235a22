"""What an endpoint's callers see when its processes are stopped, killed or out of memory while they call.

`python -m tests.image.test_faults` prints the figures of docs/serving.md.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.embedded import free_port, unique
from tests.image.load import Count, Load, under_load
from tests.image.programs import DATA, MODEL, Endpoint, Job, make_project, prepare, serve, train

pytestmark = pytest.mark.xdist_group("image")

ROW = json.dumps([{"acid": 30.0, "grape": "red"}]).encode()
GREEDY = f"""\
{MODEL}

def predict(estimator, frame):
    import time
    if (frame["acid"] == -1).any():
        hoard = []
        while True:  # until the kernel kills it: only ever asked below a limit
            hoard.append(bytearray(b"x" * 10**7))
    if (frame["acid"] == -2).any():
        bytearray(2**62)
    if (frame["acid"] == -3).any():
        time.sleep(3)
    return estimator.predict(frame)
"""


def memory_controller() -> Path | None:
    """Where a memory cgroup, of version 1 or 2, can be made; None where it can't."""
    for mounted in (Path("/sys/fs/cgroup/memory"), Path("/sys/fs/cgroup")):
        trial = mounted / unique("heirloom")
        try:
            trial.mkdir()
        except OSError:
            continue
        limits = [trial / name for name in ("memory.max", "memory.limit_in_bytes")]
        found = any(limit.exists() for limit in limits)
        trial.rmdir()
        if found:
            return mounted
    return None


MEMORY = memory_controller()


def children(process: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{process}/task/{process}/children").read_text().split()]


def stopped_under_load(endpoint: Endpoint) -> tuple[Count, int, float]:
    with under_load(endpoint.port, ROW) as load:
        code, seconds = endpoint.stop()
        return load.stop(), code, seconds


def killed_under_load(endpoint: Endpoint) -> Count:
    with under_load(endpoint.port, ROW) as load:
        for worker in children(endpoint.process.pid):
            os.kill(worker, signal.SIGKILL)
        wait_until_it_answers_again(load)
        return load.stop()


def wait_until_it_answers_again(load: Load) -> None:
    answered = load.count.answered
    until = time.monotonic() + 20
    while load.count.answered < answered + 500:
        assert time.monotonic() < until, "never answered again"
        time.sleep(0.01)


@contextmanager
def memory_limit(endpoint: Endpoint, more: int) -> Iterator[None]:
    """Let the kernel kill what takes ``more`` bytes over what the endpoint's processes have now."""
    assert MEMORY is not None
    group = MEMORY / unique("heirloom")
    group.mkdir()
    limit = "memory.max" if (group / "memory.max").exists() else "memory.limit_in_bytes"
    (group / limit).write_text(str(more))
    try:
        for process in (endpoint.process.pid, *children(endpoint.process.pid)):
            (group / "cgroup.procs").write_text(str(process))
        yield
    finally:
        for member in (group / "cgroup.procs").read_text().split():
            (MEMORY / "cgroup.procs").write_text(member)
        group.rmdir()


def out_of_memory_under_load(endpoint: Endpoint) -> Count:
    """One more request takes all the memory there is; the others are counted."""
    with memory_limit(endpoint, 200 * 2**20), under_load(endpoint.port, ROW) as load:
        with pytest.raises(ConnectionError):
            endpoint.predict([{"acid": -1, "grape": "red"}])
        wait_until_it_answers_again(load)
        return load.stop()


@pytest.fixture
def served(wine: Job) -> Iterator[Endpoint]:
    endpoint = serve(wine.base, free_port(), HEIRLOOM_WORKERS="1").wait()
    yield endpoint
    endpoint.process.kill()
    endpoint.process.communicate()


@pytest.fixture(scope="session")
def greedy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Endpoint]:
    """A model that takes too much: of the memory for an acid of -1 and -2, of the time for -3."""
    folder = tmp_path_factory.mktemp("greedy")
    job = train(prepare(folder / "ml", make_project(folder / "wine", model=GREEDY), DATA))
    assert job.reason == ""
    endpoint = serve(job.base, free_port(), HEIRLOOM_WORKERS="1").wait()
    yield endpoint
    endpoint.process.kill()
    endpoint.process.communicate()


def test_drops_no_request_when_it_is_told_to_stop(served: Endpoint) -> None:
    count, code, seconds = stopped_under_load(served)

    assert (code, count.dropped, count.failed) == (0, 0, 0)
    assert count.answered == count.sent
    assert seconds < 10


def test_drops_no_request_with_two_workers_either(wine: Job) -> None:
    endpoint = serve(wine.base, free_port(), HEIRLOOM_WORKERS="2").wait()
    assert len(children(endpoint.process.pid)) == 2

    count, code, _ = stopped_under_load(endpoint)

    assert (code, count.dropped, count.answered) == (0, 0, count.sent)


def test_loses_a_killed_workers_requests_and_no_others(served: Endpoint) -> None:
    (killed,) = children(served.process.pid)

    count = killed_under_load(served)

    assert count.dropped <= 16  # one of each caller, at most
    assert (count.failed, count.sent) == (0, count.answered + count.dropped)
    assert count.longest_silence() < 5
    (successor,) = children(served.process.pid)
    assert successor != killed
    served.stop()


def test_counts_the_restarts_in_the_log(wine: Job) -> None:
    endpoint = serve(wine.base, free_port(), HEIRLOOM_WORKERS="1").wait()
    for _ in range(2):
        os.kill(children(endpoint.process.pid)[0], signal.SIGKILL)
        endpoint.wait()

    endpoint.process.send_signal(signal.SIGTERM)
    log = endpoint.process.communicate(timeout=20)[0]

    assert "was killed by SIGKILL; started again, restart 1 of this container" in log
    assert "restart 2 of this container" in log


def test_ends_with_its_supervisor(wine: Job) -> None:
    endpoint = serve(wine.base, free_port(), HEIRLOOM_WORKERS="1").wait()
    (worker,) = children(endpoint.process.pid)

    endpoint.process.kill()
    endpoint.process.communicate()

    until = time.monotonic() + 10
    while Path(f"/proc/{worker}").exists() and time.monotonic() < until:
        time.sleep(0.02)
    assert not Path(f"/proc/{worker}").exists()


def test_gives_up_where_workers_end_again_and_again(wine: Job) -> None:
    endpoint = serve(wine.base, free_port(), HEIRLOOM_WORKERS="1").wait()
    until = time.monotonic() + 30
    while endpoint.process.poll() is None and time.monotonic() < until:
        for worker in children(endpoint.process.pid):
            os.kill(worker, signal.SIGKILL)
        time.sleep(0.05)

    log = endpoint.process.communicate(timeout=20)[0]

    assert endpoint.process.returncode == 1
    assert "can't serve: workers ended 11 times within 10 s" in log


def test_comes_back_when_the_kernel_kills_a_worker_for_its_memory(greedy: Endpoint) -> None:
    if MEMORY is None:
        pytest.skip("no memory cgroup can be made here: that takes root and a controller that is mounted for writing")
    (killed,) = children(greedy.process.pid)

    count = out_of_memory_under_load(greedy)

    assert children(greedy.process.pid) != [killed]
    assert count.dropped <= 16
    assert (count.failed, count.sent) == (0, count.answered + count.dropped)


def test_answers_others_when_one_request_asks_for_too_much_memory(greedy: Endpoint) -> None:
    with under_load(greedy.port, ROW, callers=4) as load:
        status, problem = greedy.predict([{"acid": -2, "grape": "red"}])
        count = load.stop()

    assert (status, problem["title"]) == (500, "The model failed")
    assert problem["detail"].startswith("model.py: predict failed: ")
    assert (count.dropped, count.failed) == (0, 0)


def test_answers_ping_while_the_projects_code_hangs(greedy: Endpoint) -> None:
    caller = threading.Thread(target=lambda: greedy.predict([{"acid": -3, "grape": "red"}]))
    caller.start()
    time.sleep(0.3)
    started = time.monotonic()

    assert greedy.ping() == 200

    assert time.monotonic() - started < 1
    caller.join()
    assert greedy.predict([{"acid": 30, "grape": "red"}])[0] == 200


def _figures() -> None:
    """The table of docs/serving.md, of one worker and of two."""
    faults = {"SIGTERM": lambda endpoint: stopped_under_load(endpoint)[0], "kill -9 of the workers": killed_under_load}
    if MEMORY is not None:
        faults["out of memory"] = out_of_memory_under_load
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        job = train(prepare(folder / "ml", make_project(folder / "wine", model=GREEDY), DATA))
        for what, fault in faults.items():
            for workers in ("1", "2"):
                endpoint = serve(job.base, free_port(), HEIRLOOM_WORKERS=workers).wait()
                count = fault(endpoint)
                endpoint.process.kill()
                endpoint.process.communicate()
                numbers = f"{count.sent:,} | {count.answered:,} | {count.failed} | {count.dropped}"
                sys.stdout.write(f"| {what}, {workers} | {numbers} | {count.longest_silence() * 1000:.0f} ms |\n")


if __name__ == "__main__":
    _figures()
