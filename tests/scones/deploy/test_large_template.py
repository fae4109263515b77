"""A template beyond what a request takes is read by CloudFormation from the artifacts bucket."""

from scones.deploy import deploy, destroy, large_template, preview
from scones.deploy.large_template import placed
from scones.deploy.stack import StackChange
from scones.deploy.template import BODY_LIMIT_BYTES
from tests.scones.stack_fixtures.fixtures import stack_settings

SETTINGS = stack_settings("outgrown")


def change(body, bucket="none"):
    return StackChange("outgrown-core", body, {}, {}, bucket)


def test_up_to_the_limit_it_goes_along():
    asked = change("a" * BODY_LIMIT_BYTES)
    assert placed(None, asked).template == {"TemplateBody": asked.template_body}


def test_the_limit_is_of_bytes_and_not_of_letters(s3, bucket):
    asked = placed(s3, change("ä" * (BODY_LIMIT_BYTES // 2 + 1), bucket))
    (key,) = (entry["Key"] for entry in s3.list_objects_v2(Bucket=bucket)["Contents"])
    assert asked.template == {"TemplateURL": f"{s3.meta.endpoint_url}/{bucket}/{key}"}
    stored = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    assert stored.decode() == asked.template_body


def test_a_stack_is_made_changed_and_planned_by_such_a_template(aws, monkeypatch):
    monkeypatch.setattr(large_template, "BODY_LIMIT_BYTES", 1_000)
    asked = []
    events = aws.client("cloudformation").meta.events
    events.register(
        "provide-client-params.cloudformation.CreateChangeSet",
        lambda params, **_: asked.append(params),
        unique_id="asked",
    )
    try:
        outputs = deploy(aws, SETTINGS)
        assert preview(aws, SETTINGS) == []
        assert deploy(aws, SETTINGS) == outputs
    finally:
        events.unregister("provide-client-params.cloudformation.CreateChangeSet", unique_id="asked")
    assert len(asked) == 3
    assert all("TemplateBody" not in one and one["TemplateURL"] for one in asked)
    assert f"bucket {outputs.data_bucket}" in destroy(aws, SETTINGS)


def test_the_url_is_one_that_cloudformation_takes():
    """It wants https and an address of S3's: docs, CreateChangeSet, TemplateURL."""
    import boto3

    class Kept:
        meta = boto3.client(
            "s3", region_name="eu-west-1", aws_access_key_id="a", aws_secret_access_key="b"
        ).meta

        def put_object(self, **_):
            pass

    asked = placed(Kept(), change("a" * (BODY_LIMIT_BYTES + 1), "mine"))
    assert asked.template_url.startswith("https://s3.eu-west-1.amazonaws.com/mine/templates/")
