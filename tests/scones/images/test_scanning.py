"""A scan is waited for as long as it is under way; answers as botocore's model has them."""

import boto3
import pytest
from botocore.stub import Stubber

from scones.errors import ImageError
from scones.images import scanning
from scones.images.repository import Repository
from scones.images.scanning import Scan, wait_for_scan

REPOSITORY = Repository("forest/pines", "123456789012.dkr.ecr.us-east-1.amazonaws.com/forest/pines")
DIGEST = "sha256:" + "0" * 64


@pytest.fixture
def ecr(monkeypatch):
    monkeypatch.setattr(scanning, "_FIRST_POLL_SECONDS", 0.001)
    keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
    client = boto3.client("ecr", region_name="us-east-1", **keys)
    with Stubber(client) as stub:
        yield client, stub
        stub.assert_no_pending_responses()


def answer(stub, status, **more):
    asked = {"repositoryName": REPOSITORY.name, "imageId": {"imageDigest": DIGEST}}
    stub.add_response(
        "describe_image_scan_findings", {"imageScanStatus": {"status": status}} | more, asked
    )


def test_it_is_waited_for_until_it_has_ended(ecr):
    client, stub = ecr
    stub.add_client_error("describe_image_scan_findings", "ScanNotFoundException")
    answer(stub, "IN_PROGRESS")
    counts = {"LOW": 4, "CRITICAL": 1}
    answer(stub, "COMPLETE", imageScanFindings={"findingSeverityCounts": counts})
    found = wait_for_scan(client, REPOSITORY, DIGEST)
    assert (found.status, found.findings) == ("COMPLETE", counts)
    assert str(found) == "1 CRITICAL, 4 LOW"


@pytest.mark.parametrize("status", ["FAILED", "UNSUPPORTED_IMAGE", "LIMIT_EXCEEDED"])
def test_a_scan_that_ended_otherwise_says_how(ecr, status):
    client, stub = ecr
    answer(stub, status)
    assert str(wait_for_scan(client, REPOSITORY, DIGEST)) == status


def test_an_image_that_nobody_scans_is_not_waited_for_without_end(ecr, monkeypatch):
    client, stub = ecr
    monkeypatch.setattr(scanning, "STARTS_SECONDS", 0)
    stub.add_client_error("describe_image_scan_findings", "ScanNotFoundException")
    assert "not scanned" in str(wait_for_scan(client, REPOSITORY, DIGEST))


def test_a_long_scan_is_left_to_itself(ecr, monkeypatch):
    client, stub = ecr
    monkeypatch.setattr(scanning, "DEADLINE_SECONDS", 0)
    answer(stub, "IN_PROGRESS")
    assert "still under way" in str(wait_for_scan(client, REPOSITORY, DIGEST))


def test_who_may_not_read_findings_is_told_so(ecr):
    client, stub = ecr
    stub.add_client_error("describe_image_scan_findings", "AccessDeniedException", "not you")
    with pytest.raises(ImageError, match=r"may not read what was found .*not you"):
        wait_for_scan(client, REPOSITORY, DIGEST)


def test_nothing_found_is_said():
    assert str(Scan("COMPLETE")) == "nothing found"
