"""What ECR's scan found in an image."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError

from scones.images.repository import Repository, asking_ecr
from scones.progress import SILENT, Reporter

DEADLINE_SECONDS = 600.0
STARTS_SECONDS = 60.0
NOT_SCANNED = "NOT_SCANNED"
SEVERITIES = ("CRITICAL", "HIGH", "MEDIUM", "LOW", "INFORMATIONAL", "UNDEFINED", "UNTRIAGED")

_UNDER_WAY = {"IN_PROGRESS", "PENDING"}
_FIRST_POLL_SECONDS, _LONGEST_POLL_SECONDS = 0.2, 5.0


@dataclass(frozen=True, slots=True)
class Scan:
    """How a scan ended.

    Attributes:
        status: ECR's own word, such as COMPLETE, FAILED or UNSUPPORTED_IMAGE; NOT_SCANNED where
            no scan began, IN_PROGRESS where it had not ended within DEADLINE_SECONDS.
        reason: ECR's explanation of the status; often empty.
        findings: How many there are of each severity.
    """

    status: str
    reason: str = ""
    findings: Mapping[str, int] = field(default_factory=dict)

    def __str__(self) -> str:
        """Return it in a phrase."""
        if self.status == NOT_SCANNED:
            return "not scanned: look at the registry's scan settings"
        if self.status in _UNDER_WAY:
            return "the scan is still under way: the same command asks again"
        counted = [f"{self.findings[s]} {s}" for s in SEVERITIES if s in self.findings]
        said = ", ".join(counted) or "nothing found"
        if self.status in ("COMPLETE", "ACTIVE"):
            return said
        return ": ".join(filter(None, (self.status, self.reason)))


def wait_for_scan(
    ecr: Any, repository: Repository, digest: str, *, reporter: Reporter = SILENT
) -> Scan:
    """Return what the scan of an image found, once it has ended.

    Raises:
        ImageError: ECR refuses to say.
    """
    began = time.monotonic()
    interval = _FIRST_POLL_SECONDS
    said = ""
    while True:
        seen = _look(ecr, repository, digest)
        waited = time.monotonic() - began
        patience = STARTS_SECONDS if seen.status == NOT_SCANNED else DEADLINE_SECONDS
        if waited > patience or seen.status not in _UNDER_WAY | {NOT_SCANNED}:
            return seen
        if seen.status != said:
            said = seen.status
            reporter.note("waiting for the scan")
        time.sleep(interval)
        interval = min(2 * interval, _LONGEST_POLL_SECONDS)


def _look(ecr: Any, repository: Repository, digest: str) -> Scan:
    with asking_ecr(f"read what was found in '{repository.name}'"):
        try:
            answer = ecr.describe_image_scan_findings(
                repositoryName=repository.name, imageId={"imageDigest": digest}
            )
        except ClientError as error:
            if error.response["Error"]["Code"] == "ScanNotFoundException":
                return Scan(NOT_SCANNED)
            raise
    status = answer["imageScanStatus"]
    findings = answer.get("imageScanFindings", {}).get("findingSeverityCounts", {})
    return Scan(status["status"], status.get("description", ""), dict(findings))
