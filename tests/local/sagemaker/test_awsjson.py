"""The JSON 1.1 protocol by botocore's model, without any service behind it."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from typing import Any

import pytest

from local.awsjson import ApiError, Context, JsonService, service_model
from local.sagemaker.listing import Listing, list_page


def describe(request: dict[str, Any], context: Context) -> dict[str, Any]:
    if request["EndpointName"] == "missing":
        raise ApiError("ValidationException", "Could not find it.")
    made = datetime(2026, 1, 2, tzinfo=UTC)
    return {"EndpointName": request["EndpointName"], "CreationTime": made, "_ours": context.operation}


async def stop(_request: dict[str, Any], _context: Context) -> None:
    raise ApiError("ResourceNotFound", "No such job.")


SERVICE = JsonService("sagemaker", {"DescribeEndpoint": describe, "StopTrainingJob": stop})


def ask(operation: str, body: Any) -> tuple[int, dict[str, Any]]:
    text = body if isinstance(body, bytes) else json.dumps(body).encode()
    status, _, answer = asyncio.run(SERVICE.handle("POST", "/", {"x-amz-target": f"SageMaker.{operation}"}, text, {}))
    return status, json.loads(answer)


def test_an_answer_has_the_members_of_the_output_shape_and_epoch_seconds() -> None:
    assert ask("DescribeEndpoint", {"EndpointName": "e"}) == (
        200,
        {"EndpointName": "e", "CreationTime": 1767312000.0},
    )


def test_an_error_has_the_member_name_of_its_shape() -> None:
    assert ask("StopTrainingJob", {"TrainingJobName": "j"}) == (
        400,
        {"__type": "ResourceNotFound", "Message": "No such job."},
    )
    assert ask("DescribeEndpoint", {"EndpointName": "missing"})[1]["message"] == "Could not find it."


@pytest.mark.parametrize(
    ("body", "code", "message"),
    [
        (
            {},
            "ValidationException",
            "1 validation error detected: Value null at 'endpointName' failed to satisfy constraint: "
            "Member must not be null",
        ),
        (
            {"EndpointName": "-"},
            "ValidationException",
            "1 validation error detected: Value '-' at 'endpointName' failed to satisfy constraint: "
            "Member must satisfy regular expression pattern: "
            + str(service_model("sagemaker").shape_for("EndpointName").metadata["pattern"]),
        ),
        (
            {"EndpointName": "e" * 64},
            "ValidationException",
            f"1 validation error detected: Value '{'e' * 64}' at 'endpointName' failed to satisfy constraint: "
            "Member must have length less than or equal to 63",
        ),
        ({"EndpointName": 3}, "SerializationException", "NUMBER_VALUE can not be converted to a String"),
        (b"[]", "SerializationException", "Start of structure or map was expected."),
        (b"{", "SerializationException", "Could not parse the request body as JSON."),
    ],
)
def test_a_request_that_breaks_the_model_is_refused_in_awss_words(body: Any, code: str, message: str) -> None:
    status, answer = ask("DescribeEndpoint", body)

    assert (status, answer["__type"], answer["message"]) == (400, code, message)


def test_an_operation_that_is_not_emulated_says_so() -> None:
    assert ask("CreateNotebookInstance", {})[1]["__type"] == "UnknownOperationException"


def test_an_operation_that_the_service_lacks_cannot_be_offered() -> None:
    with pytest.raises(RuntimeError, match="no operation MakeCoffee"):
        JsonService("sagemaker", {"MakeCoffee": describe})


def test_a_page_continues_after_its_last_row_whatever_came_meanwhile() -> None:
    listing = Listing("Name", "Rows")
    rows = [{"Name": name, "CreationTime": 1.0} for name in "bdf"]

    first = list_page(listing, rows, {"MaxResults": 2})
    more = [*rows, {"Name": "a", "CreationTime": 1.0}, {"Name": "e", "CreationTime": 1.0}]
    second = list_page(listing, more, {"MaxResults": 5, "NextToken": first["NextToken"]})

    assert [row["Name"] for row in first["Rows"]] == ["f", "d"]
    assert [row["Name"] for row in second["Rows"]] == ["b", "a"]
    assert "NextToken" not in second
    with pytest.raises(ApiError, match="Invalid pagination token"):
        list_page(listing, rows, {"NextToken": "nonsense"})
