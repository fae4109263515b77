"""The repository in ECR: made once, and put right when somebody has changed it; ECR is moto's."""

import json

import boto3
import pytest
from moto import mock_aws

from scones.images.engine import Login
from scones.images.repository import (
    KEPT_IMAGES,
    digest_of,
    ensure_repository,
    login,
    repository_name,
)
from scones.progress import Silent

NAME = "forest/image-classification"


class Heard(Silent):
    """Keeps what was said."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def note(self, message: str) -> None:
        self.said.append(message)


@pytest.fixture
def ecr():
    with mock_aws():
        yield boto3.client("ecr", region_name="us-east-1")


@pytest.mark.parametrize(
    ("image", "name"),
    [
        ("scones/image-classification:latest", "forest/image-classification"),
        ("mine", "forest/mine"),
        ("localhost:5000/acme/forest:1", "forest/forest"),
        ("acme/forest@sha256:0", "forest/forest"),
    ],
)
def test_an_image_lies_in_a_folder_of_its_project(image, name):
    assert repository_name("forest", image) == name


def test_a_second_call_changes_nothing(ecr):
    heard = Heard()
    first = ensure_repository(ecr, NAME, {"scones:project": "forest"}, reporter=heard)
    assert heard.said[0] == f"made the repository {NAME}"
    heard.said.clear()
    assert ensure_repository(ecr, NAME, {}, reporter=heard) == first
    assert heard.said == []


@pytest.mark.parametrize("key", ["", "arn:aws:kms:us-east-1:123456789012:key/1-2"])
def test_it_is_encrypted_with_the_key_of_the_profile(ecr, key):
    ensure_repository(ecr, NAME, {}, kms_key_arn=key)
    (found,) = ecr.describe_repositories()["repositories"]
    asked = {"encryptionType": "KMS", "kmsKey": key} if key else {"encryptionType": "AES256"}
    assert found["encryptionConfiguration"] == asked


def test_what_was_changed_by_hand_is_put_right(ecr):
    ecr.create_repository(repositoryName=NAME)
    ensure_repository(ecr, NAME, {})
    (found,) = ecr.describe_repositories()["repositories"]
    assert found["imageTagMutability"] == "IMMUTABLE"
    assert found["imageScanningConfiguration"]["scanOnPush"]
    policy = json.loads(ecr.get_lifecycle_policy(repositoryName=NAME)["lifecyclePolicyText"])
    assert policy["rules"][1]["selection"]["countNumber"] == KEPT_IMAGES


def test_an_image_that_is_not_there_has_no_digest(ecr):
    assert digest_of(ecr, ensure_repository(ecr, NAME, {}), "1") is None


def test_a_login_does_not_show_its_password(ecr):
    found = login(ecr)
    assert found == Login("AWS", "123456789012-auth-token")
    assert found.password not in repr(found)
