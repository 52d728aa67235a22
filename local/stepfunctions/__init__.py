"""What Step Functions of the embedded AWS has beyond MiniStack's: its integrations act as the state machine's role.

A plug-in (see local.server): `task.py` knows which execution a call is made for, the other modules are an integration
each. Errors are named after the classes of the Java SDKs that Step Functions is built on: v1 for optimized integrations
(`SageMaker.AmazonSageMakerException` where the service model names no exception), v2 for SDK integrations
(`SageMaker.SageMakerException`). AWS page: "Handling errors in Step Functions workflows".
"""

from __future__ import annotations

import importlib

from ministack.services import stepfunctions

MODULES = ("task", "function", "sagemaker", "autoscaling", "execution", "callback", "map_run")
NEEDED = (
    *("_SERVICE_DISPATCH", "_ExecutionError", "_add_event", "_apply_input_path", "_apply_parameters", "_call_lambda"),
    *("_execute_task", "_executions", "_invoke_nested_start_execution_sync", "_invoke_resource"),
    *("_invoke_resource_with_timeout", "_invoke_with_callback", "_nested_start_execution_request"),
    *("_resolve_path_or_ctx", "_run_distributed_map", "_run_execution", "_sdk_json_params", "_sdk_json_result"),
    *("_send_task_failure", "_send_task_heartbeat", "_send_task_success", "_start_execution", "_state_machines"),
    "_task_tokens",
)


def install() -> None:
    """Plug the integrations in. Raises RuntimeError when MiniStack has moved a plug point."""
    for name in NEEDED:
        if not hasattr(stepfunctions, name):
            raise RuntimeError(f"MiniStack has moved stepfunctions.{name}; the embedded Step Functions needs it.")
    for module in MODULES:
        importlib.import_module(f"local.stepfunctions.{module}").install()
