"""A profile's image: as it stands where it names a registry, else where it was pushed to."""

import os

import pytest
from moto import mock_aws

from scones.cli import main
from scones.config import load
from scones.deploy import plan
from scones.errors import ImageError
from scones.images import names_registry
from scones.images.record import write_uri
from scones.profiles import PROFILES
from scones.project import Project
from scones.steps.images import setting_of

LOCAL = "scones/image-classification:latest"
URI = "123456789012.dkr.ecr.us-east-1.amazonaws.com/forest/image-classification@sha256:" + "0" * 64


def project(image: str | None = None, profile: str = "aws") -> Project:
    changed = {"training_image": image} if image else {}
    return Project(load(profile=profile, project="forest", profiles={profile: changed}))


@pytest.fixture
def account(monkeypatch):
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    with mock_aws():
        yield


@pytest.mark.parametrize(
    ("image", "named"),
    [
        *((URI, True), ("localhost/mine", True), ("127.0.0.1:5000/mine", True)),
        *((LOCAL, False), ("mine:1", False), ("acme/mine", False)),
    ],
)
def test_a_registry_is_recognized_as_by_docker(image, named):
    assert names_registry(image) is named


def test_an_image_that_names_its_registry_stands_as_it_is():
    assert project(URI).training_image == URI
    assert "image-classification:1" in project().training_image


def test_where_there_is_no_registry_the_image_is_this_machines():
    assert project(profile="local").training_image == LOCAL
    assert project(profile="local").image_repositories is None


@pytest.mark.usefixtures("account")
def test_the_detectors_image_is_found_in_the_same_way():
    own = "scones/object-detection:latest"
    asked = Project(
        load(
            profile="aws",
            project="forest",
            profiles={"aws": {"training_image": LOCAL, "detector_image": own}},
        )
    )
    assert asked.image_repositories == ("forest/image-classification", "forest/object-detection")
    with pytest.raises(ImageError, match=f"not in ECR: run `scones image push {own}`"):
        _ = asked.detector_image
    uri = URI.replace("image-classification", "object-detection")
    write_uri(asked.aws.client("ssm"), "forest/object-detection", uri, {"scones:project": "forest"})
    assert asked.detector_image == uri
    assert project(LOCAL).detector_image == PROFILES["aws"].detector_image


@pytest.mark.parametrize(
    ("name", "setting"),
    [
        (LOCAL, "training_image"),
        ("acme/mine:3", "training_image"),
        ("scones/object-detection:latest", "detector_image"),
        ("acme/object-detection:2", "detector_image"),
    ],
)
def test_it_is_said_which_setting_is_to_name_an_image(name, setting):
    assert setting_of(name) == setting


@pytest.mark.usefixtures("account")
def test_a_local_image_is_found_where_it_was_pushed_to():
    asked = project(LOCAL)
    with pytest.raises(ImageError, match=f"not in ECR: run `scones image push {LOCAL}`"):
        _ = asked.training_image
    ssm = asked.aws.client("ssm")
    write_uri(ssm, "forest/image-classification", "before", {"scones:project": "forest"})
    write_uri(ssm, "forest/image-classification", URI, {"scones:project": "forest"})
    assert asked.training_image == URI
    (found,) = ssm.describe_parameters(
        ParameterFilters=[{"Key": "tag:scones:project", "Values": ["forest"]}]
    )["Parameters"]
    assert found["Name"] == "/forest/images/image-classification"


def test_the_plan_names_the_repository_only_where_one_is_asked_for():
    def planned(image):
        return {r.type: r.name for r in plan(project(image).deploy_settings)}

    assert planned(LOCAL)["AWS::ECR::Repository"] == "forest/image-classification"
    assert "AWS::ECR::Repository" not in planned(URI)


def test_a_profile_without_a_registry_has_nothing_to_push(capsys):
    assert main(["--profile", "local", "image", "push"]) == 2
    assert "there is nothing to push: give --profile aws" in capsys.readouterr().err
