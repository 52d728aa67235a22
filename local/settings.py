"""MiniStack's settings, as the environment of the emulator process: MiniStack reads them while it is imported."""

from __future__ import annotations

import os
from pathlib import Path

from local.connection import Connection

# All that the emulator, and so each Lambda function, sees of the user's environment: no AWS set-up of theirs gets in.
KEPT = ("PATH", "HOME", "LANG", "LC_ALL", "PYTHONPATH")
# Settings of our plug-ins.
OURS = ("HEIRLOOM_ALARM_", "HEIRLOOM_SAGEMAKER_")


def settings(state_dir: Path, connection: Connection, port: int) -> dict[str, str]:
    """The whole environment of an emulator that keeps its state in ``state_dir`` and listens on ``port``."""
    return {
        **{name: value for name, value in os.environ.items() if name in KEPT or name.startswith(OURS)},
        "AUTH": "true",
        "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(port),
        "PERSIST_STATE": "1",
        "STATE_DIR": str(state_dir / "services"),
        "S3_PERSIST": "1",
        "S3_DATA_DIR": str(state_dir / "s3"),
        "TMPDIR": str(state_dir / "tmp"),
        "MINISTACK_ACCOUNT_ID": connection.account_id,
        "MINISTACK_REGION": connection.region,
        # MiniStack takes these for the account's root user.
        "AWS_ACCESS_KEY_ID": connection.access_key_id,
        "AWS_SECRET_ACCESS_KEY": connection.secret_access_key,
        "AWS_ENDPOINT_URL": connection.endpoint_url,
        "AWS_DEFAULT_REGION": connection.region,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "HEIRLOOM_STATE_DIR": str(state_dir),
        # No second port, and no look at containers that are none of ours.
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        "DOCKER_HOST": f"unix://{state_dir}/no-docker.sock",
        "PYTHONUNBUFFERED": "1",
    }
