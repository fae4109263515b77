"""The profile `aws`, end to end on the emulator: each request is one that AWS would take, and each
role asks for what its policy grants, no more and no less.
"""

import base64
import difflib
import json
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from scones.config import load
from scones.deploy.settings import SOURCE_ROOT
from tests.aws_models import faults

from . import aws_account
from .aws_account import ACCESS_KEY, PROJECT, REGION, SAGEMAKER_KEY, Account, Request
from .iam_report import NOT_SEEN, RARE, report
from .permissions import Comparison, compare

REPORT = SOURCE_ROOT / "docs" / "reference" / "iam.md"
WRITE_ENV = "SCONES_WRITE_REPORTS"
ARRIVAL_SECONDS = 120


@dataclass
class Flow:
    """What was done once, for all tests of this module."""

    account: Account
    results: dict[str, Any]
    comparisons: dict[str, Comparison]


@pytest.fixture(scope="module")
def flow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flow]:
    with aws_account.account(tmp_path_factory.mktemp("aws")) as account:
        results = run_everything(account)
        comparisons = compare_roles(account)
        account.ecr.api.create_repository(
            repositoryName="made-by-hand", tags=[{"Key": "scones:project", "Value": PROJECT}]
        )
        results["destroy"] = account.json("destroy")
        results["destroy again"] = account.json("destroy")
        yield Flow(account, results, comparisons)


def run_everything(account: Account) -> dict[str, Any]:
    """Every command that has a meaning on AWS, in the order of their use."""
    photos = draw_photos(account.folder / "photos")
    images = [str(path) for path in sorted(photos.rglob("test/*/*.png"))]
    large = str(draw_noise(account.folder / "large.png", side=400))  # travels by reference
    results = {"etl": account.json("etl", "--folder", str(photos))}
    results["refused"] = refused(account)
    for name, arguments in {
        "plan": ["plan"],
        "deploy": ["deploy"],
        "deploy again": ["deploy"],
        "train": ["train"],
        "endpoint": ["endpoint"],
        "classify": ["classify", images[0], large],
        "batch": ["classify", "--batch", *images],
        "explain": ["explain", images[0], "--grid", "2"],
        "card": ["models", "--register"],
        "retrain": ["retrain", "--least-accuracy", "0"],
        "retrain in vain": ["retrain", "--least-accuracy", "1"],
        "monitor": ["monitor"],
        "baseline": ["monitor", "baseline"],
        "check": ["monitor", "check", "--publish"],
        "export": ["workflow", "export"],
        "validate": ["workflow", "validate"],
    }.items():
        results[name] = account.json(*arguments)
    upload_arrives(account, results["deploy"], Path(images[0]))
    results["api"] = ask_the_api(account, results["deploy"], Path(images[0]).read_bytes())
    results["off"] = endpoint_hours(account, "off")
    results["on"] = endpoint_hours(account, "on")
    results["made"] = what_was_made(account, results["retrain"]["job_name"])
    return results


def ask_the_api(account: Account, outputs: dict[str, str], photo: bytes) -> dict[str, Any]:
    """Have each function of the REST API do its work once; return what it answered.

    There is no detector here: S3's event makes the function ask for one, as its role may. What it
    would have found lies there already when the picture is drawn.
    """
    s3, functions = account.client("s3"), account.client("lambda")

    def invoke(name: str, event: dict[str, Any]) -> Any:
        answer = functions.invoke(FunctionName=outputs[name], Payload=json.dumps(event))
        return json.loads(answer["Payload"].read())

    def ask(method: str, resource: str, **more: Any) -> tuple[int, Any]:
        answer = invoke(
            "answer_function", {"httpMethod": method, "resource": resource, "headers": {}, **more}
        )
        return answer["statusCode"], json.loads(answer["body"])

    encoded = {"body": base64.b64encode(photo).decode(), "isBase64Encoded": True}
    headers = {"headers": {"Content-Type": "image/png"}}
    status, form = ask("POST", "/uploads", body='{"content_type": "image/png", "size": 100}')
    upload_id = form["id"]
    bucket = outputs["uploads_bucket"]
    s3.put_object(Bucket=bucket, Key=f"uploads/{upload_id}", Body=photo)
    found = {"id": upload_id, "threshold": 0.5, "image": {"width": 32, "height": 32}, "objects": []}
    path = {"pathParameters": {"id": upload_id}}
    deadline = time.monotonic() + ARRIVAL_SECONDS
    while "message" not in (seen := ask("GET", "/results/{id}", **path)[1]):
        assert time.monotonic() < deadline, seen
        time.sleep(0.2)
    s3.put_object(Bucket=bucket, Key=f"results/{upload_id}.json", Body=json.dumps(found).encode())
    return {
        "upload": status,
        "detecting": seen,
        "annotated": invoke("annotate_function", {"detected": [upload_id]}),
        "done": ask("GET", "/results/{id}", **path),
        "classified": ask("POST", "/classify", **encoded, **headers)[0],
        "detected": ask("POST", "/detect", **encoded, **headers)[0],
    }


def what_was_made(account: Account, name: str) -> dict[str, Any]:
    """Describe what retraining has made, and the tags of each."""
    sagemaker = account.client("sagemaker")
    endpoint = f"{PROJECT}-classifier"
    found = {
        "training job": sagemaker.describe_training_job(TrainingJobName=name),
        "model": sagemaker.describe_model(ModelName=name),
        "configuration": sagemaker.describe_endpoint_config(EndpointConfigName=name),
        "endpoint": sagemaker.describe_endpoint(EndpointName=endpoint),
    }
    kinds = ("TrainingJobArn", "ModelArn", "EndpointConfigArn", "EndpointArn")
    tags = {
        what: sagemaker.list_tags(ResourceArn=described[arn])["Tags"]
        for (what, described), arn in zip(found.items(), kinds, strict=True)
    }
    bucket = f"{PROJECT}-artifacts-000000000000-{REGION}"
    tags["artifacts bucket"] = account.client("s3").get_bucket_tagging(Bucket=bucket)["TagSet"]
    return {"found": found, "tags": tags, "keys": keys_of(account)}


def refused(account: Account) -> tuple[int, str, int]:
    """Ask for a job that AWS's algorithm does not take; return code, message, requests."""
    before = len(account.sent)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SCONES_TRAINING__HYPERPARAMETERS", '{"recipe": "modern", "epochs": 0}')
        patch.setenv("SCONES_PROFILES__AWS__TRAINING_INSTANCE_TYPE", "ml.m5.large")
        code, _, messages = account.run("train")
    made = [
        r for r in account.sent[before:] if not r.operation.startswith(("Get", "Describe", "List"))
    ]
    return code, messages, len(made)


def draw_photos(folder: Path) -> Path:
    """Noise, the same in both classes: no model can be sure of it, nor right about all of it."""
    for split, count in (("train", 12), ("test", 2)):
        for number in range(count):
            for name in ("bicycle", "motorcycle"):
                draw_noise(folder / split / name / f"{number}.png", seed=(count, number))
    return folder


def draw_noise(file: Path, side: int = 32, seed: tuple[int, ...] = ()) -> Path:
    pixels = np.random.default_rng(seed).integers(0, 256, (side, side, 3), np.uint8)
    file.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(file)
    return file


def upload_arrives(account: Account, outputs: dict[str, str], image: Path) -> None:
    """Put a photo under incoming/ and wait for the execution that its arrival starts."""
    states = account.client("stepfunctions")
    arn = outputs["batch_state_machine_arn"]

    def ended() -> int:
        listed = states.list_executions(stateMachineArn=arn)["executions"]
        return sum(execution["status"] != "RUNNING" for execution in listed)

    before = ended()
    account.client("s3").put_object(
        Bucket=outputs["data_bucket"], Key="incoming/photo.png", Body=image.read_bytes()
    )
    deadline = time.monotonic() + ARRIVAL_SECONDS
    while ended() == before:
        assert time.monotonic() < deadline, "the upload started no execution"
        time.sleep(0.2)


def endpoint_hours(account: Account, action: str) -> str | None:
    """Have the schedule's state machine act; return what the endpoint is made from then."""
    states, sagemaker = account.client("stepfunctions"), account.client("sagemaker")
    machine = f"arn:aws:states:{REGION}:000000000000:stateMachine:{PROJECT}-endpoint-hours"
    arn = states.start_execution(stateMachineArn=machine, input=json.dumps({"action": action}))
    deadline = time.monotonic() + ARRIVAL_SECONDS
    while (found := states.describe_execution(executionArn=arn["executionArn"]))[
        "status"
    ] == "RUNNING":
        assert time.monotonic() < deadline, f"the endpoint could not be switched {action}"
        time.sleep(0.2)
    assert found["status"] == "SUCCEEDED", found
    while time.monotonic() < deadline:
        endpoints = sagemaker.list_endpoints(NameContains=f"{PROJECT}-classifier")["Endpoints"]
        if action == "off" and not endpoints:
            return None
        if action == "on" and endpoints:
            name = endpoints[0]["EndpointName"]
            return str(sagemaker.describe_endpoint(EndpointName=name)["EndpointConfigName"])
        time.sleep(0.2)
    raise AssertionError(f"the endpoint is not {action}")


def compare_roles(account: Account) -> dict[str, Comparison]:
    """Compare each role of the stack, by its logical id, while it is still there."""
    cloudformation = account.client("cloudformation")
    roles = {
        entry["LogicalResourceId"]: entry["PhysicalResourceId"]
        for stack in ("core", "operations")
        for entry in cloudformation.describe_stack_resources(StackName=f"{PROJECT}-{stack}")[
            "StackResources"
        ]
        if entry["ResourceType"] == "AWS::IAM::Role"
    }
    requests = account.logged()
    return {
        logical_id: compare(
            logical_id,
            [r for r in requests if asked_by(r, name, logical_id)],
            statements(account, name),
        )
        for logical_id, name in roles.items()
    }


def asked_by(request: Request, role_name: str, logical_id: str) -> bool:
    """Whether a role asked; our SageMaker service stands for the role that jobs are given."""
    if logical_id == "SageMakerRole":
        # Events are SageMaker's own, and no role's.
        return request.principal == SAGEMAKER_KEY and request.operation != "PutEvents"
    return request.principal.endswith(f":role/{role_name}")


def statements(account: Account, role_name: str) -> list[dict[str, Any]]:
    iam = account.client("iam")
    return [
        statement
        for policy in iam.list_role_policies(RoleName=role_name)["PolicyNames"]
        for statement in iam.get_role_policy(RoleName=role_name, PolicyName=policy)[
            "PolicyDocument"
        ]["Statement"]
    ]


def test_the_flow_does_what_it_does_elsewhere(flow: Flow) -> None:
    results = flow.results
    assert results["deploy again"] == results["deploy"]
    assert len(results["classify"]["decisions"]) == 2
    assert not [d for d in results["batch"]["decisions"] if d["status"] == "FAILED"]
    assert results["retrain"]["deployed"]
    assert not results["retrain in vain"]["deployed"]
    assert results["explain"]["requests"] == 10
    assert results["card"]["job"] == results["train"]["job_name"]
    assert results["card"]["arn"].endswith(f":model-card/{results['card']['job']}")
    assert f"model card {results['card']['job']}" in results["destroy"]["removed"]
    assert results["monitor"]["records"] == 6
    assert results["validate"]["invalid"] == []
    assert results["on"] == results["retrain"]["job_name"]  # as it was when it was taken away


def test_the_functions_of_the_api_do_their_work(flow: Flow) -> None:
    found = flow.results["api"]
    assert found["upload"] == 201
    assert "there is no endpoint 'scones-unlimited-detector'" in found["detecting"]["message"]
    status, result = found["done"]
    assert (status, result["status"]) == (200, "DONE")
    assert found["annotated"] == {"annotated": [result["id"]]}
    assert (found["classified"], found["detected"]) == (200, 503)


def test_a_job_that_the_built_in_does_not_take_is_refused_before_anything_is_made(
    flow: Flow,
) -> None:
    code, message, made = flow.results["refused"]
    assert (code, made) == (2, 0)
    for fault in ("recipe (only our own", "epochs=0 (", "training_instance_type=ml.m5.large ("):
        assert fault in message


def test_the_settings_of_the_profile_reach_jobs_and_models(flow: Flow) -> None:
    found = flow.results["made"]["found"]
    job = found["training job"]
    vpc = {
        "SecurityGroupIds": ["sg-0a1b2c3d"],
        "Subnets": ["subnet-0a1b2c3d", "subnet-4e5f6a7b"],
    }
    assert job["VpcConfig"] == found["model"]["VpcConfig"] == vpc
    assert job["EnableManagedSpotTraining"]
    limits = job["StoppingCondition"]
    assert limits["MaxWaitTimeInSeconds"] == limits["MaxRuntimeInSeconds"] + 3600
    assert job["CheckpointConfig"]["S3Uri"].endswith(f"/checkpoints/{job['TrainingJobName']}")
    assert job["ResourceConfig"]["VolumeSizeInGB"] == 20
    assert "seed" not in job["HyperParameters"]


def test_the_key_encrypts_data_at_rest(flow: Flow) -> None:
    key, made = flow.account.key_arn, flow.results["made"]
    job, configuration = made["found"]["training job"], made["found"]["configuration"]
    assert job["ResourceConfig"]["VolumeKmsKeyId"] == key
    assert job["OutputDataConfig"]["KmsKeyId"] == key
    assert configuration["DataCaptureConfig"]["KmsKeyId"] == key
    assert len(made["keys"]) == 6
    assert set(made["keys"].values()) == {key}, made["keys"]


def keys_of(account: Account) -> dict[str, str | None]:
    """The key of what keeps data; LocalStack's stacks leave it out of buckets and log groups."""
    s3, sqs, sns = (account.client(name) for name in ("s3", "sqs", "sns"))
    bucket = f"{PROJECT}-artifacts-000000000000-{REGION}"
    (rule,) = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"]
    found = {bucket: rule["ApplyServerSideEncryptionByDefault"].get("KMSMasterKeyID")}
    for topic in sns.list_topics()["Topics"]:
        attributes = sns.get_topic_attributes(TopicArn=topic["TopicArn"])["Attributes"]
        found[topic["TopicArn"]] = attributes.get("KmsMasterKeyId")
    for url in sqs.list_queues()["QueueUrls"]:
        attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
        found[url] = attributes.get("KmsMasterKeyId")
    return found


def test_what_is_made_outside_the_stacks_carries_their_tags(flow: Flow) -> None:
    wanted = {
        "scones:project": PROJECT,
        "scones:owner": "dispatch",
        "scones:expiry": "2030-01-31",
    }
    for what, tags in flow.results["made"]["tags"].items():
        found = {tag["Key"]: tag["Value"] for tag in tags}
        assert wanted.items() <= found.items(), what


def test_the_profile_is_that_of_aws_and_nothing_was_asked_of_another_address(flow: Flow) -> None:
    target = load(profile="aws").target
    assert not target.emulated
    assert (target.localstack_url, target.sagemaker_url) == (None, None)
    assert "image-classification:1" in target.training_image
    logged = {(r.service, r.operation) for r in flow.account.logged() if r.principal == ACCESS_KEY}
    logged |= {("ecr", operation) for operation in flow.account.ecr.operations}
    assert {(r.service, r.operation) for r in flow.account.sent} == logged


def test_every_request_is_one_that_aws_takes(flow: Flow) -> None:
    found = {
        fault
        for request in flow.account.sent
        for fault in faults(request.service, request.operation, request.parameters)
    }
    assert len(flow.account.sent) > 300
    assert not found


def test_every_request_of_a_role_is_one_that_aws_takes(flow: Flow) -> None:
    requests = [r for r in flow.account.logged() if ":role/" in r.principal]
    found = {
        fault
        for request in requests
        # Bytes and streams are left out of the log, and S3's members are filled up with nothing.
        if request.service not in ("s3", "lambda", "sagemaker-runtime")
        for fault in faults(request.service, request.operation, request.parameters)
    }
    assert {r.service for r in requests} >= {"sagemaker", "sns", "logs", "stepfunctions"}
    assert not found


def test_no_role_asks_for_what_its_policy_does_not_grant(flow: Flow) -> None:
    assert {c.role: c.refused for c in flow.comparisons.values() if c.refused} == {}
    silent = {role for role, c in flow.comparisons.items() if not c.asked}
    # LocalStack keeps no access log, and the test does not wait for the night.
    assert silent == {"ApiLogRole", "EndpointScheduleRole"}


def test_no_policy_grants_what_is_never_used(flow: Flow) -> None:
    unused = {r: c.unused - RARE.get(r, {}).keys() for r, c in flow.comparisons.items() if c.unused}
    explained = {role: set(reasons) for role, reasons in NOT_SEEN.items()}
    assert unused == explained


def test_the_report_is_up_to_date(flow: Flow) -> None:
    text = report(flow.comparisons, flow.account.sent)
    if os.environ.get(WRITE_ENV):
        REPORT.write_text(text)
    changes = difflib.unified_diff(REPORT.read_text().splitlines(), text.splitlines(), n=0)
    assert not list(changes), f"write it anew with {WRITE_ENV}=1"


def test_nothing_is_left_and_a_second_destroy_finds_nothing(flow: Flow) -> None:
    assert {f"stack {PROJECT}-core", "repository made-by-hand"} <= set(
        flow.results["destroy"]["removed"]
    )
    assert flow.account.ecr.api.describe_repositories()["repositories"] == []
    assert flow.results["destroy again"]["removed"] == []


def test_a_comparison_finds_what_is_missing_and_what_is_too_much() -> None:
    asked = [Request("s3", "GetObject", {"Bucket": "photos", "Key": "a/b.png"})]
    grants = [
        {"Action": "s3:GetObject", "Resource": "arn:aws:s3:::others/*"},
        {"Action": ["s3:PutObject"], "Resource": ["arn:aws:s3:::photos/*"]},
    ]
    found = compare("Role", asked, grants)
    assert [need.resource for need in found.refused] == ["arn:aws:s3:::photos/a/b.png"]
    assert found.unused == {"s3:PutObject"}
    grants[0]["Resource"] = "arn:aws:s3:::photos/*"
    assert not compare("Role", asked, grants).refused


def test_a_malformed_request_is_found() -> None:
    assert faults("sns", "Publish", {"TopicArn": "arn:aws:sns:us-east-1:000000000000:t"})
    assert faults("sagemaker", "StopTrainingJob", {"TrainingJobName": "-no-such-name-"})
    job = {"TrainingJobName": "job", "TrainingInputMode": "Carrier pigeon"}
    assert faults("sagemaker", "DescribeTrainingJob", job)
    assert faults("sagemaker", "ListModels", {"MaxResults": 101}) == [
        "ListModels.MaxResults: 101 is not between 1 and 100"
    ]
    assert faults("sagemaker", "ListModels", json.loads('{"MaxResults": 100}')) == []
