"""What a training program finds: the files under /opt/ml/input/config, and the environment.

AWS page: "How Amazon SageMaker AI Provides Training Information". The SM_* variables are the sagemaker-training
toolkit's (its README, "Environment variables"); on AWS the toolkit sets them inside the container.
"""

from __future__ import annotations

import json
import os
from typing import Any

from local.sagemaker.container import Tree
from local.sagemaker.store import Row

HOST = "algo-1"
NETWORK = "eth0"


def write_input_config(row: Row, tree: Tree) -> None:
    """hyperparameters.json, inputdataconfig.json and resourceconfig.json."""
    files = {
        "hyperparameters": row.get("HyperParameters", {}),
        "inputdataconfig": input_data_config(row),
        "resourceconfig": resource_config(row),
    }
    for name, document in files.items():
        (tree.root / f"input/config/{name}.json").write_text(json.dumps(document))


def input_data_config(row: Row) -> dict[str, Any]:
    return {
        channel["ChannelName"]: {
            "TrainingInputMode": channel.get("InputMode", row["AlgorithmSpecification"]["TrainingInputMode"]),
            "S3DistributionType": channel["DataSource"]["S3DataSource"].get(
                "S3DataDistributionType", "FullyReplicated"
            ),
            "RecordWrapperType": channel.get("RecordWrapperType", "None"),
            **({"ContentType": channel["ContentType"]} if "ContentType" in channel else {}),
        }
        for channel in row.get("InputDataConfig", [])
    }


def resource_config(row: Row) -> dict[str, Any]:
    instance = row["ResourceConfig"].get("InstanceType", "")
    group = {"instance_group_name": "homogeneousCluster", "instance_type": instance, "hosts": [HOST]}
    return {
        "current_host": HOST,
        "current_instance_type": instance,
        "current_group_name": "homogeneousCluster",
        "hosts": [HOST],
        "instance_groups": [group],
        "network_interface_name": NETWORK,
    }


def training_environment(row: Row, tree: Tree) -> dict[str, str]:
    """AWS's own variables, the toolkit's, and the job's (which win)."""
    hyperparameters = {name: _decoded(value) for name, value in row.get("HyperParameters", {}).items()}
    channels = [channel["ChannelName"] for channel in row.get("InputDataConfig", [])]
    instance = row["ResourceConfig"].get("InstanceType", "")
    toolkit = {
        "MODEL_DIR": tree.inside("model"),
        "INPUT_DIR": tree.inside("input"),
        "INPUT_CONFIG_DIR": tree.inside("input/config"),
        "OUTPUT_DIR": tree.inside("output"),
        "OUTPUT_DATA_DIR": tree.inside("output/data"),
        "OUTPUT_INTERMEDIATE_DIR": tree.inside("output/intermediate"),
        "CHANNELS": json.dumps(channels),
        "HPS": json.dumps(hyperparameters),
        "INPUT_DATA_CONFIG": json.dumps(input_data_config(row)),
        "RESOURCE_CONFIG": json.dumps(resource_config(row)),
        "CURRENT_HOST": HOST,
        "HOSTS": json.dumps([HOST]),
        "NETWORK_INTERFACE_NAME": NETWORK,
        "CURRENT_INSTANCE_TYPE": instance,
        "NUM_CPUS": str(os.cpu_count() or 1),
        "NUM_GPUS": "0",
        "LOG_LEVEL": "20",
        "USER_ARGS": json.dumps(
            [item for name, value in row.get("HyperParameters", {}).items() for item in (f"--{name}", value)]
        ),
        **{f"CHANNEL_{name.upper().replace('-', '_')}": tree.inside(f"input/data/{name}") for name in channels},
        **{f"HP_{name.upper().replace('-', '_')}": value for name, value in row.get("HyperParameters", {}).items()},
    }
    return {
        "TRAINING_JOB_NAME": row["TrainingJobName"],
        "TRAINING_JOB_ARN": row["TrainingJobArn"],
        **{f"SM_{name}": value for name, value in toolkit.items()},
        **row.get("Environment", {}),
    }


def _decoded(value: str) -> Any:
    """Hyperparameters come as text; the toolkit reads those that are JSON."""
    try:
        return json.loads(value)
    except ValueError:
        return value
