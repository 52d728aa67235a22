"""A folder in models/ is a model in the stack."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest

from heirloom.adapters.project_folder import git_commit
from heirloom.core.release.order import PROMOTE, Wanted, start_release
from heirloom.core.release.route import Mark
from infra.build import build_layer
from infra.platform import HeirloomApp
from infra.release import machine_name
from infra.settings import LONGEST_ENDING, Settings
from tests.infra.synthesis import Stacks, synthesise, write_project
from tests.unit.world import World


def record(stacks: Stacks, model: str) -> dict[str, str]:
    records = [it["Properties"] for it in stacks.resources("Custom::HeirloomProject").values()]
    return next(properties for properties in records if properties["Model"] == model)


def test_each_project_has_a_pipeline_a_record_and_a_baseline_that_answers(aws: Stacks) -> None:
    found = aws.resources("AWS::SageMaker::Endpoint").values()
    endpoints = {it["Properties"]["EndpointName"] for it in found if it["Type"] == "AWS::SageMaker::Endpoint"}

    assert endpoints == {"heirloom-tiny-v0", record(aws, "tiny-large")["BaselineEndpoint"]}
    assert record(aws, "tiny")["BaselineEndpoint"] == "heirloom-tiny-v0"


def test_each_project_has_a_pipeline_and_a_release_machine(aws: Stacks) -> None:
    """Two more are for the batches and the label files of all."""
    records = [record(aws, "tiny"), record(aws, "tiny-large")]
    machines = {it[key]["Ref"] for it in records for key in ("StateMachineArn", "ReleaseMachineArn")}

    assert len(machines) == 4
    assert machines < set(aws.resources("AWS::StepFunctions::StateMachine"))
    assert len(aws.resources("AWS::StepFunctions::StateMachine")) == 6


def test_a_baseline_of_another_form_or_on_another_machine_is_another_endpoint(tmp_path: Path) -> None:
    """SageMaker changes neither in place, so the route moves to a new one before the old one goes."""
    names = set()
    for serving in ("{form: serverless}", "{form: realtime}", "{form: realtime, instance: ml.c7i.large}"):
        folder = tmp_path / str(len(names))
        write_project(folder / "models", "moving", serving)
        names.add(record(synthesise("local", folder / "models", folder / "out"), "moving")["BaselineEndpoint"])

    assert len(names) == 3
    assert all(re.fullmatch(r"heirloom-moving-v0(-[0-9a-f]{6})?", name) for name in names)


def test_a_baseline_that_may_have_more_instances_scales_by_its_calls(aws: Stacks) -> None:
    target = next(iter(aws.resources("AWS::ApplicationAutoScaling::ScalableTarget").values()))["Properties"]
    policy = next(iter(aws.resources("AWS::ApplicationAutoScaling::ScalingPolicy").values()))["Properties"]
    tracking = policy["TargetTrackingScalingPolicyConfiguration"]

    assert target["ResourceId"] == f"endpoint/{record(aws, 'tiny-large')['BaselineEndpoint']}/variant/AllTraffic"
    assert (target["MinCapacity"], target["MaxCapacity"]) == (2, 3)
    assert (tracking["TargetValue"], tracking["DisableScaleIn"]) == (1000, True)
    assert tracking["PredefinedMetricSpecification"] == {
        "PredefinedMetricType": "SageMakerVariantInvocationsPerInstance"
    }
    assert len(aws.resources("AWS::ApplicationAutoScaling")) == 2


def test_an_update_leaves_the_instances_as_the_traffic_has_made_them(aws: Stacks) -> None:
    endpoints = [
        it["Properties"]
        for it in aws.resources("AWS::SageMaker::Endpoint").values()
        if "EndpointName" in it["Properties"]
    ]
    retained = {it["EndpointName"]: it.get("RetainAllVariantProperties") for it in endpoints}

    assert retained == {"heirloom-tiny-v0": None, record(aws, "tiny-large")["BaselineEndpoint"]: True}


def test_the_record_carries_the_checked_project(aws: Stacks) -> None:
    spec = json.loads(record(aws, "tiny-large")["Spec"])

    assert (spec["name"], spec["serving"]["form"], spec["data"]["task"]) == ("tiny-large", "realtime", "classification")


def test_the_baseline_is_served_as_the_project_asks(aws: Stacks) -> None:
    configs = aws.resources("AWS::SageMaker::EndpointConfig")
    variants = {name: it["Properties"]["ProductionVariants"][0] for name, it in configs.items()}
    large = next(variant for name, variant in variants.items() if "large" in name)
    small = next(variant for name, variant in variants.items() if "large" not in name)

    assert small["ServerlessConfig"] == {"MaxConcurrency": 5, "MemorySizeInMB": 2048}
    assert (large["InstanceType"], large["InitialInstanceCount"]) == ("ml.m5.large", 2)
    assert {small["VariantName"], large["VariantName"]} == {"AllTraffic"}


def test_a_new_baseline_can_replace_the_old_one_under_the_same_endpoint(aws: Stacks) -> None:
    """CloudFormation can't replace what has a name of ours: only the endpoint, which it updates, has one."""
    named = [
        name
        for kind, key in (("Model", "ModelName"), ("EndpointConfig", "EndpointConfigName"))
        for name, it in aws.resources(f"AWS::SageMaker::{kind}").items()
        if it["Type"] == f"AWS::SageMaker::{kind}" and key in it["Properties"]
    ]

    assert named == []


def test_the_code_keeps_the_ending_that_sagemaker_unpacks_by(aws: Stacks) -> None:
    assert record(aws, "tiny")["CodeUri"]["Fn::Sub"].endswith(".tar.gz")


def test_the_same_files_are_the_same_asset(aws: Stacks, local: Stacks) -> None:
    assert record(aws, "tiny")["CodeHash"] == record(local, "tiny")["CodeHash"]
    assert record(aws, "tiny")["CodeUri"] == record(local, "tiny")["CodeUri"]


def test_every_placeholder_of_the_state_machine_is_filled(aws: Stacks) -> None:
    for machine in aws.resources("AWS::StepFunctions::StateMachine").values():
        properties = machine["Properties"]
        key = properties["DefinitionS3Location"]["Key"]
        text = (aws.folder / f"asset.{key}").read_text()
        placeholders = {part.split("}")[0] for part in text.split("${")[1:]}

        assert placeholders == set(properties["DefinitionSubstitutions"])


def test_a_stack_without_models_is_possible(tmp_path: Path) -> None:
    (tmp_path / "models").mkdir()
    build_layer("local")

    stacks = synthesise("local", tmp_path / "models", tmp_path / "out")

    assert stacks.resources("AWS::SageMaker") == {}


def test_a_wrong_model_yaml_fails_synthesis_with_its_line(tmp_path: Path) -> None:
    folder = write_project(tmp_path / "models", "wrong")
    text = (folder / "model.yaml").read_text().replace("metric: accuracy", "metric: acuracy")
    (folder / "model.yaml").write_text(text)

    with pytest.raises(SystemExit, match=r"wrong/model\.yaml:5: objective\.metric: .*did you mean accuracy"):
        synthesise("local", tmp_path / "models", tmp_path / "out")


@pytest.mark.parametrize(
    ("context", "reason"),
    [
        ({"target": "azure"}, "target: expected one of aws, local, got 'azure'"),
        ({"prefix": "Heirloom-Trial"}, "prefix: expected 2 to 12 lower-case letters and digits"),
        ({"models": "nowhere"}, "models: expected a folder of model projects"),
        ({"batch_buckets": "in-bucket, Out"}, "batch_buckets: expected names of S3 buckets, got 'Out'"),
        ({"batch_buckets": ["a/b"]}, "batch_buckets: expected names of S3 buckets, got 'a/b'"),
        ({"dashboards": "no"}, "dashboards: expected true or false, got 'no'"),
        ({"pagerduty_secret": "arn:aws:secretsmanager:eu-west-1:1:secret:pager-1a2b3c"}, "pagerduty_secret: expected"),
        ({"pagerduty_url": "events.pagerduty.com"}, "pagerduty_url: expected a URL, got 'events.pagerduty.com'"),
    ],
)
def test_a_wrong_context_is_refused_by_name(context: dict[str, str], reason: str) -> None:
    with pytest.raises(SystemExit, match=reason):
        HeirloomApp(context=context)


def test_a_name_that_leaves_no_room_for_its_endpoints_is_refused(tmp_path: Path) -> None:
    """SageMaker takes 63 characters, and `<prefix>-<model>-v9999-p99999` is to fit."""
    settings = Settings("aws", "heirlooms", tmp_path)
    settings.check_name("m" * 40)

    with pytest.raises(SystemExit, match=r"prefix: 'heirlooms' leaves 40 characters .* \(41\): SageMaker takes 63 .*"):
        settings.check_name("m" * 41)


def test_the_endpoints_for_which_there_is_room_are_named_as_releases_name_them() -> None:
    world = World()
    world.deploy()
    world.carry(world.upload())
    route = world.routes.get("flight-delay")
    assert route is not None

    start_release(Wanted(1, PROMOTE, Mark("ana", "now", "why not")), route, world.lineage, world.executions)

    name = list(world.executions.started.values())[-1]["version"]["name"]
    assert re.fullmatch("heirloom-flight-delay" + LONGEST_ENDING.replace("9", "[0-9]?"), name)


def test_the_room_for_names_is_checked_for_each_model(tmp_path: Path) -> None:
    write_project(tmp_path / "models", "m" * 38)
    context = {"models": str(tmp_path / "models"), "prefix": "heirloomtest"}

    with pytest.raises(SystemExit, match="leaves 37 characters to a model's name"):
        HeirloomApp(context=context)


def test_the_longest_names_of_machines_are_taken() -> None:
    """Step Functions takes 80 characters, which the CDK checks at synth."""
    assert len(machine_name("p" * 12, "m" * 40)) + len("pipeline") - len("release") <= 80


class TestGitCommit:
    """Which commit a project was deployed from."""

    @pytest.fixture
    def project(self, tmp_path: Path) -> Path:
        folder = write_project(tmp_path / "models", "tracked")
        self.git(tmp_path, "init", "--quiet")
        self.git(tmp_path, "add", ".")
        self.git(tmp_path, "commit", "--quiet", "--message", "A model")
        return folder

    @staticmethod
    def git(folder: Path, *arguments: str) -> str:
        identity = ["-c", "user.name=Test", "-c", "user.email=test@example.com"]
        command = ["git", "-C", str(folder), *identity, *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()

    def test_is_the_last_one_of_its_folder(self, project: Path) -> None:
        first = self.git(project, "rev-parse", "HEAD")
        (project.parent / "other.txt").write_text("another folder's change")
        self.git(project.parent, "add", ".")
        self.git(project.parent, "commit", "--quiet", "--message", "Elsewhere")

        assert git_commit(project) == first

    def test_is_dirty_where_a_file_was_changed(self, project: Path) -> None:
        (project / "model.py").write_text("changed")

        assert git_commit(project).endswith("-dirty")

    def test_is_empty_outside_a_repository(self, tmp_path: Path) -> None:
        assert git_commit(write_project(tmp_path, "untracked")) == ""
