"""AWS's own images come from the registry of the profile's region."""

import json
from importlib.util import find_spec
from pathlib import Path

import pytest

from scones.builtin_registries import _ACCOUNTS, builtin_uri, region_of
from scones.config import load
from scones.errors import ConfigError
from scones.profiles import PROFILES


def target(**values):
    return load(profile="aws", profiles={"aws": values}).target


@pytest.mark.parametrize("name", ["image-classification", "object-detection"])
def test_the_accounts_are_those_of_the_sagemaker_sdk(name):
    package = Path(find_spec("sagemaker").origin).parent  # its import takes seconds
    said = json.loads((package / "image_uri_config" / f"{name}.json").read_text())
    known = said["versions"]["1"]["registries"]
    isolated = {region for region in known if region.startswith("us-iso")}  # other domains
    assert {r: a for r, a in known.items() if r not in isolated} == _ACCOUNTS


def test_another_region_has_its_own_images():
    found = target(region="eu-west-1")
    place = "685385470294.dkr.ecr.eu-west-1.amazonaws.com"
    assert found.training_image == f"{place}/image-classification:1"
    assert found.detector_image == f"{place}/object-detection:1"
    assert target() == PROFILES["aws"]


def test_china_has_another_domain():
    assert builtin_uri("object-detection", "cn-north-1").startswith(
        "390948362332.dkr.ecr.cn-north-1.amazonaws.com.cn/"
    )


def test_an_image_that_is_named_stands():
    named = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/mine:1"
    assert target(region="eu-west-1", training_image=named).training_image == named
    assert target(region="eu-west-1", training_image="mine:1").training_image == "mine:1"


def test_an_image_of_another_region_is_refused():
    named = "123456789012.dkr.ecr.us-east-1.amazonaws.com/mine:1"
    with pytest.raises(ConfigError, match="training_image is in us-east-1, and SageMaker in eu-we"):
        target(region="eu-west-1", training_image=named)


def test_a_region_that_has_none_is_named():
    with pytest.raises(ConfigError, match="no registry of AWS's image-classification in mars-1"):
        target(region="mars-1")


def test_the_emulators_images_are_of_no_region():
    assert load(profiles={"local": {"region": "eu-west-1"}}).target.region == "eu-west-1"
    assert region_of("scones/image-classification:latest") is None
