"""What a transform job is asked for: AWS's own terms, the project's name and tags."""

import os

import pytest
from moto import mock_aws

from scones.aws import Session
from scones.embedding import ServedModel, embed
from scones.profiles import PROFILES
from tests.aws_models import faults

TAGS = {"scones:project": "forest", "scones:owner": "ada"}


class Asked(Exception):
    """The job would be created now."""


def test_a_transform_job_carries_the_projects_name_and_tags(monkeypatch, tmp_path):
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    image = tmp_path / "photo.png"
    image.write_bytes(b"photo")
    seen = []

    def stop(params, **_):
        seen.append(params)
        raise Asked

    with mock_aws():
        aws = Session(PROFILES["aws"])
        aws.client("s3").create_bucket(Bucket="data")
        aws.client("sagemaker").meta.events.register(
            "provide-client-params.sagemaker.CreateTransformJob", stop
        )
        place = {"project": "forest", "bucket": "data", "prefix": "embeddings"}
        with pytest.raises(Asked):
            embed(
                *(aws, ServedModel("m", "s3://data/m.tar.gz"), [image]),
                **place,
                instance_type="ml.m5.large",
                tags=TAGS,
            )
        assert "Contents" not in aws.client("s3").list_objects_v2(Bucket="data")
    (asked,) = seen
    assert asked["TransformJobName"].startswith("forest-embeddings-")
    assert {tag["Key"]: tag["Value"] for tag in asked["Tags"]} == TAGS
    assert faults("sagemaker", "CreateTransformJob", asked) == []
