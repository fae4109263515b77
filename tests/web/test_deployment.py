"""`scones web deploy` against moto: what is uploaded, asked for and torn down.

moto's CloudFormation knows neither Elastic Beanstalk nor Secrets Manager: no change set is executed
here. What only AWS can show is listed in docs/20-web-site.md, with its command.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from moto import mock_aws
from moto.s3.models import FakeBucket

from scones.aws import Session
from scones.config import load
from scones.deploy import ClassRoute, DeploySettings
from scones.deploy.destruction import _stacks
from scones.deploy.tagged import is_there, remove
from scones.deploy.template import read_template
from scones.errors import DeployError
from scones.profiles import PROFILES
from scones.project import Project
from scones.site import bundle
from scones.site.backend import Backend, find, storage_origins
from scones.site.deployment import SiteSettings, deploy, newest_platform, preview
from scones.steps import website

ROOT = Path(__file__).parents[2]
TEMPLATE = ROOT / "cloudformation" / "site.yaml"
KEY = "the-value-of-the-key"
SETTINGS = DeploySettings(
    project="scones-test",
    threshold=0.9,
    classes=[ClassRoute("bicycle", "A", "near"), ClassRoute("motorcycle", "B", "far")],
    email="first@example.org",
    endpoint_name="scones-test-classifier",
)
PLAIN = SiteSettings("t3.small", 1, "", (), "")
BACKEND = Backend("https://abc.execute-api.us-east-1.amazonaws.com/v1", KEY, ("https://b.example",))
SECRET_NAMESPACE = "aws:elasticbeanstalk:application:environmentsecrets"
PLAIN_NAMESPACE = "aws:elasticbeanstalk:application:environment"


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[Session]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    # moto reads a policy's Deny without its Condition: the one that asks for TLS would deny all.
    monkeypatch.setattr(FakeBucket, "get_permission", lambda *_: None)
    with mock_aws():
        yield Session(PROFILES["aws"])


def document() -> dict[str, Any]:
    return read_template(TEMPLATE)[1]


def options(parameters: dict[str, str]) -> dict[tuple[str, str], Any]:
    """The environment's options as CloudFormation resolves them for these parameters."""
    template = document()
    declared = {n: p.get("Default", "") for n, p in template["Parameters"].items()}
    values = {k: str(v) for k, v in declared.items()} | parameters
    met = {
        "IsBalanced": values["CertificateArn"] != "",
        "HasHosts": values["Hosts"] != "",
        "HasDatabase": values["DatabaseUrlSecretArn"] != "",
    }

    def chosen(value: Any) -> Any:
        while isinstance(value, dict) and "Fn::If" in value:
            condition, then, otherwise = value["Fn::If"]
            value = then if met[condition] else otherwise
        return value

    settings = template["Resources"]["Environment"]["Properties"]["OptionSettings"]
    found = [chosen(setting) for setting in settings]
    return {
        (s["Namespace"], s["OptionName"]): chosen(s["Value"])
        for s in found
        if s != {"Ref": "AWS::NoValue"}
    }


class Executed(Exception):
    """The change set would be executed now."""


@pytest.fixture
def asked(aws: Session) -> list[dict[str, Any]]:
    """The change sets that were asked for; none is executed."""
    seen: list[dict[str, Any]] = []
    events = aws.client("cloudformation").meta.events

    def execute(**_: Any) -> None:
        raise Executed

    events.register(
        "provide-client-params.cloudformation.CreateChangeSet",
        lambda params, **_: seen.append(params),
    )
    events.register("before-call.cloudformation.ExecuteChangeSet", execute)
    return seen


def values_of(change: dict[str, Any]) -> dict[str, str]:
    return {entry["ParameterKey"]: entry["ParameterValue"] for entry in change["Parameters"]}


def test_bundle_and_change_set_are_of_one_release(
    aws: Session, asked: list[dict[str, Any]]
) -> None:
    with pytest.raises(Executed):
        deploy(aws, SETTINGS, PLAIN, BACKEND)
    (change,) = asked
    packed = bundle.build()
    stored = aws.client("s3").get_object(
        Bucket=SETTINGS.artifacts_bucket(aws.account, aws.region),
        Key=values_of(change)["SiteBundleKey"],
    )
    assert stored["Body"].read() == packed.body
    assert change["StackName"] == "scones-test-site"
    assert change["TemplateBody"] == TEMPLATE.read_text()
    assert {"Key": "scones:project", "Value": "scones-test"} in change["Tags"]


def test_what_would_be_made_is_said_before_it_is(aws: Session, asked: list[dict[str, Any]]) -> None:
    planned = preview(aws, SETTINGS, PLAIN, BACKEND)
    assert {(each.action, each.logical_id) for each in planned} == {
        ("create", name) for name in document()["Resources"]
    }
    assert asked == [], "there is no stack to ask"
    assert aws.client("s3").list_buckets()["Buckets"] == [], "and nothing is uploaded"


def test_a_change_is_reviewed_by_a_change_set_that_is_deleted_again(aws: Session) -> None:
    cloudformation = aws.client("cloudformation")
    before = {"Resources": {"Old": {"Type": "AWS::SNS::Topic"}}}
    cloudformation.create_stack(StackName=SETTINGS.site_stack_name, TemplateBody=json.dumps(before))
    planned = {each.logical_id: each.action for each in preview(aws, SETTINGS, PLAIN, BACKEND)}
    assert planned["Old"] == "delete"
    assert planned["Environment"] == "create"
    left = cloudformation.list_change_sets(StackName=SETTINGS.site_stack_name)["Summaries"]
    assert left == []
    listed = cloudformation.list_stack_resources(StackName=SETTINGS.site_stack_name)
    assert [one["LogicalResourceId"] for one in listed["StackResourceSummaries"]] == ["Old"]


def test_a_plan_shows_what_would_become_of_a_site_that_is_there(aws: Session) -> None:
    cloudformation = aws.client("cloudformation")
    project = Project(load(profile="aws", project=SETTINGS.project))
    assert website.preview_if_deployed(project) is None
    key = aws.client("apigateway").create_api_key(name="site", enabled=True, value="v" * 24)
    before = {"Resources": {"Old": {"Type": "AWS::SNS::Topic"}}}
    core = before | {
        "Outputs": {
            "ApiUrl": {"Value": BACKEND.api_url},
            "ApiKeyId": {"Value": key["id"]},
            "UploadsBucketName": {"Value": "photos"},
        },
    }
    for name, template in ((SETTINGS.stack_name, core), (SETTINGS.site_stack_name, before)):
        cloudformation.create_stack(StackName=name, TemplateBody=json.dumps(template))
    planned = {each.logical_id: each.action for each in website.preview_if_deployed(project) or ()}
    assert (planned["Old"], planned["Environment"]) == ("delete", "create")


def test_the_bundles_bucket_keeps_the_key_of_ones_own(
    aws: Session, asked: list[dict[str, Any]]
) -> None:
    key = f"arn:aws:kms:us-east-1:{aws.account}:key/1"
    with pytest.raises(Executed):
        deploy(aws, replace(SETTINGS, kms_key_arn=key), PLAIN, BACKEND)
    bucket = SETTINGS.artifacts_bucket(aws.account, aws.region)
    found = aws.client("s3").get_bucket_encryption(Bucket=bucket)
    (rule,) = found["ServerSideEncryptionConfiguration"]["Rules"]
    assert rule["ApplyServerSideEncryptionByDefault"]["KMSMasterKeyID"] == key


def test_every_parameter_of_the_template_is_given(
    aws: Session, asked: list[dict[str, Any]]
) -> None:
    with pytest.raises(Executed):
        deploy(aws, SETTINGS, PLAIN, BACKEND)
    assert set(values_of(asked[0])) == set(document()["Parameters"])
    assert values_of(asked[0])["ApiKeyValue"] == KEY


def test_the_key_is_a_secret_and_nothing_else() -> None:
    template = document()
    assert template["Parameters"]["ApiKeyValue"]["NoEcho"] is True
    uses = [
        name for name, made in template["Resources"].items() if '"ApiKeyValue"' in json.dumps(made)
    ]
    assert uses == ["ApiKeySecret"]
    settled = options({})
    assert settled[SECRET_NAMESPACE, "SCONES_API_KEY"] == {"Ref": "ApiKeySecret"}
    assert settled[SECRET_NAMESPACE, "SECRET_KEY"] == {"Ref": "CookieSecret"}
    assert not [name for space, name in settled if space == PLAIN_NAMESPACE and "KEY" in name]


def test_without_a_certificate_there_is_one_instance_and_no_tls() -> None:
    settled = options({})
    assert settled["aws:elasticbeanstalk:environment", "EnvironmentType"] == "SingleInstance"
    assert settled[PLAIN_NAMESPACE, "SCONES_WEB_TLS"] == "0"
    assert settled[PLAIN_NAMESPACE, "SCONES_WEB_PROXIES"] == "1"
    assert not [space for space, _ in settled if space.startswith("aws:elbv2")]


def test_with_a_certificate_there_is_https_and_no_http() -> None:
    settled = options({"CertificateArn": "arn:aws:acm:us-east-1:123456789012:certificate/1"})
    assert settled["aws:elasticbeanstalk:environment", "EnvironmentType"] == "LoadBalanced"
    assert settled["aws:elbv2:listener:443", "Protocol"] == "HTTPS"
    assert settled["aws:elbv2:listener:default", "ListenerEnabled"] == "false"
    assert (
        settled["aws:elasticbeanstalk:environment:process:default", "HealthCheckPath"] == "/health"
    )
    assert settled[PLAIN_NAMESPACE, "SCONES_WEB_TLS"] == "1"
    assert settled[PLAIN_NAMESPACE, "SCONES_WEB_PROXIES"] == "2"


def test_what_the_site_is_told_is_what_it_reads() -> None:
    from scones.web import environment

    told = {
        name
        for (space, name) in options({"DatabaseUrlSecretArn": "arn"})
        if space in (PLAIN_NAMESPACE, SECRET_NAMESPACE) and not name.startswith("DJANGO_")
    }
    source = Path(environment.__file__).read_text()
    assert told
    assert not [name for name in told if f'"{name}"' not in source]


def test_instances_may_read_their_own_secrets_and_write_only_to_the_platform() -> None:
    role = document()["Resources"]["InstanceRole"]["Properties"]
    statements = role["Policies"][0]["PolicyDocument"]["Statement"]
    assert "ManagedPolicyArns" not in role
    for statement in statements:
        actions = statement["Action"]
        assert "*" not in "".join([actions] if isinstance(actions, str) else actions)
        if statement["Resource"] == "*":
            assert statement["Sid"] == "Traces"


def test_destroy_removes_the_site_before_what_it_stands_on() -> None:
    order = [SETTINGS.site_stack_name, SETTINGS.operations_stack_name, SETTINGS.stack_name]
    assert list(_stacks(SETTINGS)) == order


def test_what_a_site_leaves_is_known_to_destroy(aws: Session) -> None:
    beanstalk, secrets = aws.client("elasticbeanstalk"), aws.client("secretsmanager")
    place = f"arn:aws:elasticbeanstalk:{aws.region}:{aws.account}"
    assert not is_there(aws, f"{place}:application/scones-test-site")
    beanstalk.create_application(ApplicationName="scones-test-site")
    secret = secrets.create_secret(Name="of-the-site", SecretString="x")["ARN"]
    left = {
        f"{place}:application/scones-test-site": True,
        f"{place}:environment/scones-test-site/scones-test-site": True,
        f"{place}:applicationversion/scones-test-site/1": True,
        secret: True,
        secret.replace("of-the-site", "of-another"): False,
    }
    assert {arn: is_there(aws, arn) for arn in left} == left
    remove(aws, secret)
    assert not is_there(aws, secret)


class Platforms:
    """Elastic Beanstalk's list of platforms."""

    def __init__(self, *names: str) -> None:
        self.names = names

    def list_available_solution_stacks(self) -> dict[str, Any]:
        return {"SolutionStacks": list(self.names)}


def test_the_newest_platform_is_taken_by_number() -> None:
    names = [f"64bit Amazon Linux 2023 v4.{minor}.0 running Python 3.13" for minor in (9, 10, 2)]
    others = ["64bit Amazon Linux 2023 v9.0.0 running Python 3.12", "64bit Windows v1 running IIS"]
    assert newest_platform(Platforms(*names, *others)) == names[1]


def test_a_region_without_the_platform_is_told() -> None:
    with pytest.raises(DeployError, match=r"no Python 3\.13"):
        newest_platform(Platforms("64bit Amazon Linux 2 v3.0.0 running Python 3.8"))


def test_the_backend_is_found_by_the_stacks_outputs(aws: Session) -> None:
    key = aws.client("apigateway").create_api_key(name="site", enabled=True, value="v" * 24)
    template = {
        "Resources": {"Topic": {"Type": "AWS::SNS::Topic"}},
        "Outputs": {
            "ApiUrl": {"Value": "https://abc.execute-api.us-east-1.amazonaws.com/v1"},
            "ApiKeyId": {"Value": key["id"]},
            "UploadsBucketName": {"Value": "photos"},
        },
    }
    aws.client("cloudformation").create_stack(
        StackName="scones-test-core", TemplateBody=json.dumps(template)
    )
    found = find(aws, "scones-test-core", PROFILES["aws"])
    assert found.api_key == "v" * 24
    assert "v" * 24 not in repr(found)
    assert "https://photos.s3.amazonaws.com" in found.storage_origins


def test_without_a_stack_the_backend_says_what_deploys_it(aws: Session) -> None:
    with pytest.raises(DeployError, match="run `scones deploy`"):
        find(aws, "scones-test-core", PROFILES["aws"])


def test_the_emulators_storage_is_reached_by_both_its_names() -> None:
    origins = storage_origins("photos", "us-east-1", "http://localstack:4566")
    assert origins == (
        "http://localstack:4566",
        "http://127.0.0.1:4566",
        "http://localhost:4566",
    )


def test_terraform_sets_the_same_options() -> None:
    text = (ROOT / "terraform" / "modules" / "site" / "main.tf").read_text()
    written = set(re.findall(r'\["(aws:[\w:]+)", "(\w+)"', text))
    variables = set(re.findall(r"^    ([A-Z_]+) +=", text, re.MULTILINE))
    everything = {"CertificateArn": "arn", "Hosts": "h", "DatabaseUrlSecretArn": "arn"}
    settled = options(everything)
    wanted = {option for option in settled if "application:environment" not in option[0]}
    network = {("aws:ec2:vpc", "VPCId"), ("aws:ec2:vpc", "Subnets")}  # Terraform's teams have one
    assert written - network == wanted
    assert variables == {name for space, name in settled if space == PLAIN_NAMESPACE}
