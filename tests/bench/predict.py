"""What the predict function adds to InvokeEndpoint, in one process: the same client, the two calls by turns.

`python -m tests.bench.predict` measures against a small model server of its own on the embedded AWS.
"""

from __future__ import annotations

import functools
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import redirect_stdout
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from heirloom import wiring
from heirloom.adapters.memory import MemoryEndpoints
from heirloom.core.prediction.request import body_of
from heirloom.core.release.route import OPEN, Canary, Mark, Route, Shadow, history_of
from heirloom.handlers import predict
from heirloom.handlers.edge import Handler, http_entrypoint
from local.connection import Connection
from local.launcher import EmbeddedAws
from tests.embedded import add_image, free_port, make_role, unique, wait_for, write_program

ROOT = Path(__file__).parents[2]
CALLS = 600
OWN_CALLS = 3000
MODEL = "bench"
ROW = {f"feature_{n}": n / 7 for n in range(20)}
SERVE = f"""#!{sys.executable}
import os, sys
sys.path.insert(0, {str(ROOT)!r})
import uvicorn
from tests.bench.predict import model
uvicorn.run(model, host=os.environ["SAGEMAKER_BIND_TO_HOST"], port=int(os.environ["SAGEMAKER_BIND_TO_PORT"]),
            access_log=False, log_level="warning")
"""


async def model(scope: dict[str, Any], receive: Callable[[], Any], send: Callable[[Any], Any]) -> None:
    """The smallest model server: a constant."""
    if scope["type"] == "lifespan":
        return
    while (await receive()).get("more_body"):
        pass
    body = b'{"predictions":[{"label":"yes","probability":0.75}]}'
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def table(aws: Connection, endpoint: str, row: dict[str, Any]) -> list[str]:
    """Measure in a process of its own, against this endpoint; the rows of two Markdown tables."""
    routes, lineage = _tables(aws)
    names = {"HEIRLOOM_ROUTES_TABLE": routes, "HEIRLOOM_LINEAGE_TABLE": lineage, "PYTHONPATH": str(ROOT / "functions")}
    command = [sys.executable, "-m", "tests.bench.predict", endpoint, json.dumps(row)]
    done = subprocess.run(
        command, cwd=ROOT, env=os.environ | aws.environment() | names, stdout=subprocess.PIPE, text=True, check=True
    )
    return done.stdout.splitlines()


def measure(endpoint: str, row: dict[str, Any]) -> list[str]:
    """In the environment of the function: what is added to a call, and what of it is our own code."""
    route = Route(MODEL, 1, 1, {0: endpoint, 1: endpoint}, OPEN, Mark("bench", "2026-11-23T15:10:09.000Z", ""))
    record, edges = history_of(route)
    wiring.routes().put(route, record, *edges)
    direct, through = _direct(endpoint, row), functools.partial(predict.lambda_handler, _event(row), None)
    rows = ["| one row, warm, in one process | p50 ms | p99 ms |", "|---|---|---|"]
    calls = _by_turns([direct, through], CALLS)
    added = [after - before for before, after in zip(*calls, strict=True)]
    names = ("InvokeEndpoint, the function's own client", "the predict function", "added, pair by pair")
    for name, times in zip(names, (*calls, added), strict=True):
        rows.append(f"| {name} | {statistics.median(times):.2f} | {_p99(times):.2f} |")
    return [*rows, "", *_own_code(route, row)]


def _own_code(route: Route, row: dict[str, Any]) -> list[str]:
    """The handler with endpoints that answer at once: what our own lines cost, in microseconds."""
    routes = {
        "no canary": route,
        "a canary answers": replace(route, canary=Canary(1, 1.0, 2000, "r")),
        "a shadow is to be asked": replace(route, shadow=Shadow(0, 1.0)),
    }
    rows = ["| our own code, a call | p50 us |", "|---|---|"]
    for name, each in routes.items():
        for count in (1, 100):
            times = _by_turns([functools.partial(_handler(each, count), _event(row, count), None)], OWN_CALLS // count)[
                0
            ]
            rows.append(f"| {count} row{'s' if count > 1 else ''}, {name} | {1000 * statistics.median(times):.0f} |")
    return rows


def _handler(route: Route, count: int) -> Handler:
    class Kept:
        def get(self, model: str) -> Route:
            return route

    class Constant(MemoryEndpoints):
        def invoke(self, endpoint: str, body: bytes, **_: Any) -> Any:
            return {"predictions": [{"label": "yes", "probability": 0.75}] * count}

    return http_entrypoint(
        predict.handle, routes=Kept, endpoints=Constant, warmth=wiring.warmth, log=wiring.log, clock=wiring.clock
    )


def _direct(endpoint: str, row: dict[str, Any]) -> Callable[[], bytes]:
    client, body = wiring._client("sagemaker-runtime", 25, 1), body_of([row])
    asked = {"EndpointName": endpoint, "Body": body, "ContentType": "application/json", "Accept": "application/json"}
    return lambda: bytes(client.invoke_endpoint(**asked)["Body"].read())


def _event(row: dict[str, Any], count: int = 1) -> dict[str, Any]:
    body = json.dumps({"inputs": [row] * count, "entity": "passenger-13"})
    return {"pathParameters": {"model": MODEL}, "requestContext": {"requestId": "JKJaXmPLvHcESHA="}, "body": body}


def _by_turns(calls: Sequence[Callable[[], Any]], count: int) -> list[list[float]]:
    """Milliseconds of each call, so many times one after the other; what the function logs goes nowhere."""
    times: list[list[float]] = [[] for _ in calls]
    with Path(os.devnull).open("w") as nowhere, redirect_stdout(nowhere):
        for number in range(-20, count):
            for call, taken in zip(calls, times, strict=True):
                started = time.perf_counter()
                answer = call()
                if number >= 0:
                    taken.append(1000 * (time.perf_counter() - started))
                if isinstance(answer, dict) and answer["statusCode"] != 200:
                    raise SystemExit(f"predict failed: {answer}")
    return times


def _p99(times: Sequence[float]) -> float:
    return statistics.quantiles(times, n=100)[-1]


def _tables(aws: Connection) -> tuple[str, str]:
    made = []
    for name, keys in (("routes", ["model"]), ("lineage", ["pk", "sk"])):
        made.append(unique(name))
        aws.client("dynamodb").create_table(
            TableName=made[-1],
            KeySchema=[
                {"AttributeName": key, "KeyType": kind} for key, kind in zip(keys, ("HASH", "RANGE"), strict=False)
            ],
            AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key in keys],
            BillingMode="PAY_PER_REQUEST",
        )
    return made[0], made[1]


def _serve(aws: Connection, folder: Path) -> str:
    """An endpoint of ``model`` on the embedded AWS; its name."""
    write_program(folder / "serve", SERVE)
    image, name, client = add_image(folder / "state", "bench:local", folder), unique("bench"), aws.client("sagemaker")
    role = make_role(aws, unique("bench"), ["sagemaker"])
    client.create_model(ModelName=name, ExecutionRoleArn=role, PrimaryContainer={"Image": image})
    variant = {"VariantName": "AllTraffic", "ModelName": name, "InitialInstanceCount": 1, "InstanceType": "ml.m5.large"}
    client.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[variant])
    client.create_endpoint(EndpointName=name, EndpointConfigName=name)
    wait_for(lambda: client.describe_endpoint(EndpointName=name)["EndpointStatus"] == "InService")
    return name


def main() -> None:
    """With an endpoint and a row: measure here. Without: start what is needed first."""
    if len(sys.argv) > 1:
        click.echo("\n".join(measure(sys.argv[1], json.loads(sys.argv[2]))))
        return
    with tempfile.TemporaryDirectory() as folder:
        embedded = EmbeddedAws(Path(folder) / "state", free_port())
        aws = embedded.start(die_with_parent=True)
        try:
            click.echo(f"{datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} cores")
            click.echo("\n".join(table(aws, _serve(aws, Path(folder)), ROW)))
        finally:
            embedded.stop()


if __name__ == "__main__":
    main()
