"""What MLflow's UI asks on every page beside runs and models: that it is to tell nobody how it is used, and has neither
an assistant nor models to chat with. Answered so that no page of experiments begins with an error."""

from __future__ import annotations

from heirloom.core.tracking.asked import Asked
from heirloom.core.tracking.roles import ByRole, Role
from heirloom.core.tracking.tracking import Answer, Endpoint, Tracking


def _always(told: Answer) -> Endpoint:
    def answer(_asked: Asked, _tracking: Tracking) -> Answer:
        return told

    return answer


ENDPOINTS: ByRole[Endpoint] = {
    Role.VIEWER: {
        ("GET", "ui-telemetry"): _always(
            {"disable_ui_telemetry": True, "disable_ui_events": [], "ui_rollout_percentage": 0}
        ),
        ("POST", "ui-telemetry"): _always({"status": "disabled"}),
        ("GET", "assistant/config"): _always({"providers": {}, "projects": {}, "remote_access_allowed": False}),
        ("GET", "assistant/providers"): _always({"providers": [], "resolved": None}),
        ("GET", "gateway-proxy"): _always({"endpoints": []}),
    }
}
"""By the least role, then by method and path below mlflow/."""
