"""What the settings need against what an account has; answers as botocore's model has them."""

import re

import boto3
import pytest
from botocore.stub import Stubber

from scones.cost import account_quotas, quotas
from scones.cost.quotas import BATCH_DEFINITION, AccountQuota, Quota
from scones.profiles import PROFILES

AWS = PROFILES["aws"]
TRAINING = Quota("sagemaker", "ml.p3.2xlarge for training job usage", 1)


def test_the_quotas_are_those_of_the_settings() -> None:
    scaled = AWS.model_copy(update={"endpoint_most_instances": 4})
    assert [str(quota) for quota in quotas(scaled)] == [
        "ml.p3.2xlarge for training job usage (needed: 1)",
        "ml.m5.xlarge for endpoint usage (needed: 4, with the detector 5)",
        "Concurrent executions (needed: 4)",
    ]
    assert '"MaxConcurrency": 4' in BATCH_DEFINITION.read_text()


def test_spot_instances_have_a_quota_of_their_own() -> None:
    spot = AWS.model_copy(update={"training_spot": True, "training_instances": 3})
    assert str(quotas(spot)[0]) == "ml.p3.2xlarge for spot training job usage (needed: 3)"


class Account:
    """An account whose Service Quotas answers by pages, as it was told to."""

    region, account = "us-east-1", "123456789012"

    def __init__(self) -> None:
        keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
        self._client = boto3.client("service-quotas", region_name=self.region, **keys)
        self.stub = Stubber(self._client)

    def client(self, service_name: str):
        assert service_name == "service-quotas"
        return self._client

    def answers(self, operation: str, service: str, *pages: dict[str, float]) -> None:
        for number, page in enumerate(pages):
            listed = [
                {"QuotaName": name, "QuotaCode": f"L-{number}", "Value": value}
                for name, value in page.items()
            ]
            asked = {"ServiceCode": service} | ({"NextToken": str(number)} if number else {})
            more = {"NextToken": str(number + 1)} if number < len(pages) - 1 else {}
            self.stub.add_response(operation, {"Quotas": listed} | more, asked)


@pytest.fixture
def account():
    made = Account()
    with made.stub:
        yield made
        made.stub.assert_no_pending_responses()


def test_a_quota_is_found_on_a_later_page(account) -> None:
    account.answers("list_service_quotas", "sagemaker", {"other": 5}, {TRAINING.name: 2})
    (found,) = account_quotas(account, [TRAINING])
    assert (found.allowed, found.code, found.enough) == (2, "L-1", True)
    assert str(found) == "ml.p3.2xlarge for training job usage (needed: 1), allowed: 2"


def test_one_that_nobody_has_changed_is_a_default(account) -> None:
    account.answers("list_service_quotas", "sagemaker", {"other": 5})
    account.answers("list_aws_default_service_quotas", "sagemaker", {TRAINING.name: 0})
    (found,) = account_quotas(account, [TRAINING])
    assert found.enough is False
    assert "allowed: 0: TOO LITTLE, run `aws service-quotas request" in str(found)
    assert "--service-code sagemaker --quota-code L-0 --desired-value 1`" in str(found)


def test_one_that_is_not_named_is_not_guessed(account) -> None:
    account.answers("list_service_quotas", "sagemaker", {})
    account.answers("list_aws_default_service_quotas", "sagemaker", {})
    (found,) = account_quotas(account, [TRAINING])
    assert found == AccountQuota(TRAINING, None, "")
    assert found.enough is None
    assert "does not name it" in str(found)


@pytest.mark.parametrize(
    ("allowed", "said"),
    [
        (1, "TOO LITTLE, run `aws service-quotas request.* --desired-value 3`"),
        (2, "TOO LITTLE FOR THE DETECTOR, run `aws service-quotas request.* --desired-value 3`"),
        (3, r"allowed: 3$"),
    ],
)
def test_what_the_detector_needs_is_told_apart(allowed: int, said: str) -> None:
    quota = Quota("sagemaker", "ml.m5.xlarge for endpoint usage", 2, with_detector=3)
    assert re.search(said, str(AccountQuota(quota, allowed, "L-1")))
