"""The quotas that a project's settings meet: what they need, and what an account allows.

Service Quotas answers for accounts; a quota that nobody has changed is among AWS's defaults only.
https://docs.aws.amazon.com/servicequotas/latest/userguide/reference-intro.html
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from scones.aws import Aws
from scones.deploy.settings import SOURCE_ROOT
from scones.profiles import Profile

BATCH_DEFINITION = SOURCE_ROOT / "asl" / "classify_batch.asl.json"
_SERVICE = "service-quotas"


@dataclass(frozen=True, slots=True)
class Quota:
    """A limit of an account in a region.

    Attributes:
        service: Its code, such as sagemaker.
        name: As Service Quotas has it.
        needed: What the settings need at once.
        with_detector: The same once the detector is deployed too; None where that is no matter.
    """

    service: str
    name: str
    needed: int
    with_detector: int | None = None

    def __str__(self) -> str:
        """Return it in a phrase."""
        also = "" if self.with_detector is None else f", with the detector {self.with_detector}"
        return f"{self.name} (needed: {self.needed}{also})"


@dataclass(frozen=True, slots=True)
class AccountQuota:
    """A quota, and how much of it an account has.

    Attributes:
        quota: What is needed.
        allowed: At once; None where Service Quotas does not name it.
        code: Such as L-1194D53C; empty likewise.
    """

    quota: Quota
    allowed: float | None
    code: str

    @property
    def enough(self) -> bool | None:
        """Whether the settings fit; None where that is not known."""
        return None if self.allowed is None else self.allowed >= self.quota.needed

    def __str__(self) -> str:
        """Return it in a phrase, with what to do where it is too little."""
        if self.allowed is None:
            return f"{self.quota}; Service Quotas does not name it"
        said = f"{self.quota}, allowed: {self.allowed:g}"
        most = self.quota.with_detector or self.quota.needed
        if self.allowed >= most:
            return said
        short = "TOO LITTLE FOR THE DETECTOR" if self.enough else "TOO LITTLE"
        return (
            f"{said}: {short}, run `aws service-quotas request-service-quota-increase "
            f"--service-code {self.quota.service} --quota-code {self.code} "
            f"--desired-value {most}`"
        )


def quotas(target: Profile) -> list[Quota]:
    """Return the quotas that a new account meets first.

    New accounts may use few instance types, and of GPUs often none.
    """
    kind = "spot training" if target.training_spot else "training"
    training = f"{target.training_instance_type} for {kind} job usage"
    endpoint = f"{target.endpoint_instance_type} for endpoint usage"
    return [
        Quota("sagemaker", training, target.training_instances),
        Quota(
            *("sagemaker", endpoint, target.endpoint_most_instances),
            with_detector=target.endpoint_most_instances + 1,
        ),
        Quota("lambda", "Concurrent executions", batch_concurrency()),
    ]


def batch_concurrency() -> int:
    """Return how many photos of a batch are worked on at once, each by one function."""
    states = json.loads(BATCH_DEFINITION.read_text(encoding="utf-8"))["States"]
    return max(int(state.get("MaxConcurrency", 1)) for state in states.values())


def account_quotas(aws: Aws, needed: Iterable[Quota]) -> list[AccountQuota]:
    """Return how much of each quota the account has.

    Raises:
        ClientError: The caller may not ask, or Service Quotas cannot answer.
    """
    client = aws.client(_SERVICE)
    wanted = list(needed)
    found: dict[tuple[str, str], Mapping[str, Any]] = {}
    for service in {quota.service for quota in wanted}:
        names = {quota.name for quota in wanted if quota.service == service}
        for operation in ("list_service_quotas", "list_aws_default_service_quotas"):
            missing = {name for name in names if (service, name) not in found}
            for entry in _listed(client, operation, service, missing):
                found[service, entry["QuotaName"]] = entry
    return [
        AccountQuota(quota, entry.get("Value"), entry.get("QuotaCode", ""))
        for quota in wanted
        for entry in [found.get((quota.service, quota.name), {})]
    ]


def _listed(
    client: Any, operation: str, service: str, names: set[str]
) -> Iterable[Mapping[str, Any]]:
    """Yield those quotas of a service that have these names, and look no further than needed."""
    left = set(names)
    if not left:
        return
    for page in client.get_paginator(operation).paginate(ServiceCode=service):
        for entry in page["Quotas"]:
            if entry["QuotaName"] in left:
                left.discard(entry["QuotaName"])
                yield entry
        if not left:
            return
