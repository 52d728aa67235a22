"""The places where MiniStack is extended, and the one version of it that has them.

MiniStack has no public plug-in interface; what `local` relies on is listed here and checked at each start, so that
an upgrade fails with one clear line and not with a strange answer an hour later.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from heirloom.core.errors import Invalid

REQUIREMENTS = Path(__file__).parent / "requirements.txt"


@dataclass(frozen=True)
class PlugPoint:
    """A name in MiniStack that we rely on; ``holds`` is a key that shows that a dictionary is still the one meant."""

    module: str
    name: str
    holds: str = ""

    def problem(self) -> str:
        """What is wrong with it, "" when nothing is."""
        found = getattr(importlib.import_module(self.module), self.name, None)
        if found is None:
            return f"{self.module}.{self.name} is gone"
        if not self.holds:
            return "" if callable(found) else f"{self.module}.{self.name} can't be called"
        if not isinstance(found, Mapping) or self.holds not in found:
            return f"{self.module}.{self.name} is no dictionary with {self.holds!r}"
        return ""


PLUG_POINTS = (
    PlugPoint("ministack.app", "SERVICE_HANDLERS", "sts"),
    PlugPoint("ministack.app", "_state_map", "s3"),
    PlugPoint("ministack.app", "pin_request_origin"),
    PlugPoint("ministack.app", "app"),
    PlugPoint("ministack.app", "_build_persistence_save_dict"),
    PlugPoint("ministack.core.iam_evaluator", "is_root_access_key"),
    PlugPoint("ministack.core.iam_actions", "extract_resource_arn"),
    PlugPoint("ministack.core.iam_actions", "_safe_json_field"),
    PlugPoint("ministack.services.sts", "is_root_access_key"),
    PlugPoint("ministack.services.sts", "_evict_expired_sessions"),
    PlugPoint("ministack.services.sts", "_session_expired"),
    PlugPoint("ministack.core.router", "SERVICE_PATTERNS", "sts"),
    PlugPoint("ministack.services.stepfunctions", "_SERVICE_DISPATCH", "arn:aws:states:::sqs:sendMessage"),
    PlugPoint("ministack.services.cloudformation.provisioners", "_RESOURCE_HANDLERS", "AWS::S3::Bucket"),
    PlugPoint("ministack.services.cloudformation.provisioners", "_REPLACING_PROPERTIES", "AWS::DynamoDB::Table"),
    PlugPoint("ministack.services.cloudformation.provisioners", "_CUSTOM_NAME_REPLACEMENT", "AWS::DynamoDB::Table"),
    PlugPoint("ministack.services.cloudformation.provisioners", "_physical_name"),
    PlugPoint("ministack.services.cloudformation.stacks", "_runs_on_worker_thread"),
    PlugPoint("ministack.core.lambda_runtime", "Worker"),
    PlugPoint("ministack.services.lambda_svc", "_execute_function_warm"),
    PlugPoint("ministack.services.lambda_svc", "_restore_esm_positions"),
    PlugPoint("ministack.services.lambda_svc", "_iter_all_esms"),
    PlugPoint("ministack.services.dynamodb", "stream_end_position"),
    PlugPoint("ministack.services.dynamodb", "stream_start_position"),
    PlugPoint("ministack.services.lambda_svc", "_poll_dynamodb_streams"),
    PlugPoint("ministack.core.concurrency", "spawn_background"),
    PlugPoint("ministack.services.sns", "_deliver_to_lambda"),
    PlugPoint("ministack.core.responses", "request_scope"),
    PlugPoint("ministack.services.eventbridge", "_dispatch_event"),
    PlugPoint("ministack.services.s3", "_fire_s3_event"),
    PlugPoint("ministack.services.s3", "_get_object"),
    PlugPoint("ministack.services.s3", "_parse_range"),
    PlugPoint("ministack.services.s3", "_range_error_xml"),
    PlugPoint("ministack.services.s3", "_xml_body"),
    PlugPoint("ministack.services.cloudwatch_logs", "_append_log_events"),
    PlugPoint("ministack.services.cloudwatch_logs", "_fanout_to_subscription_filters"),
    PlugPoint("ministack.services.cloudwatch_logs", "_put_subscription_filter"),
    PlugPoint("ministack.services.cloudwatch_logs", "_compile_filter_pattern"),
    PlugPoint("ministack.services.cloudwatch_logs", "_filter_log_events"),
    PlugPoint("ministack.services.cloudwatch_logs", "_subscription_pattern_matches"),
    PlugPoint("ministack.core.iam_evaluator", "evaluate_resource_policy"),
    PlugPoint("ministack.services.lambda_svc", "_execute_function"),
    PlugPoint("ministack.services.lambda_svc", "_emit_lambda_metrics"),
    PlugPoint("ministack.services.lambda_svc", "_route_async_failure"),
    PlugPoint("ministack.services.lambda_svc", "_reserved_concurrency"),
    PlugPoint("ministack.services.cloudwatch", "_store_datum"),
    PlugPoint("ministack.services.cognito", "_password_auth_result"),
    PlugPoint("ministack.services.cognito", "_respond_to_auth_challenge"),
    PlugPoint("ministack.services.cognito", "_pool_for_client"),
    PlugPoint("ministack.services.cognito", "_resolve_user"),
    PlugPoint("ministack.services.cognito", "_validate_password"),
    PlugPoint("ministack.services.apigateway", "_validate_jwt_authorizer"),
    PlugPoint("ministack.services.apigateway", "_jwt_unauthorized"),
)


def pinned_version() -> str:
    """The MiniStack that ``local/requirements.txt`` pins: the only place that says it."""
    found = re.search(r"^ministack==(\S+)$", REQUIREMENTS.read_text(), re.MULTILINE)
    if not found:
        raise Invalid(f"{REQUIREMENTS} does not pin ministack (a line `ministack==<version>`)")
    return found[1]


def check_version() -> None:
    """Refuse any MiniStack but the pinned one. Costs no import of it."""
    wanted = pinned_version()
    try:
        installed = importlib.metadata.version("ministack")
    except importlib.metadata.PackageNotFoundError as exc:
        raise Invalid(f"MiniStack is not installed: `pip install -r {REQUIREMENTS}`") from exc
    if installed != wanted:
        raise Invalid(f"MiniStack {installed} is installed, but {wanted} is needed: `pip install ministack=={wanted}`")


def check_plug_points(points: tuple[PlugPoint, ...] = PLUG_POINTS) -> None:
    """Refuse a MiniStack whose inner parts have moved; imports it."""
    problems = [problem for point in points if (problem := point.problem())]
    if problems:
        raise Invalid(f"MiniStack {pinned_version()} has changed where it is extended: {'; '.join(problems)}")
