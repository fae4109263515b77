"""How a job sends its records: from the request, else from the container, else AWS's defaults.

Source: "Use Your Own Inference Code with Batch Transform" in the SageMaker developer guide.
"""

from dataclasses import dataclass
from typing import Any

from scones_localstack.sagemaker.transform.records import MEGABYTE

_STRATEGIES = {"SingleRecord": "SINGLE_RECORD", "MultiRecord": "MULTI_RECORD"}
_DEFAULT: dict[str, Any] = {
    "MaxConcurrentTransforms": 1,
    "BatchStrategy": "MULTI_RECORD",
    "MaxPayloadInMB": 6,
}


@dataclass(frozen=True)
class SendingPlan:
    """How records travel.

    Attributes:
        concurrent: requests at once.
        strategy: `SINGLE_RECORD` or `MULTI_RECORD`.
        max_megabytes: of one request; 0 for any size, sent in chunks.
        timeout_seconds: of one request.
        retries: after the first attempt.
    """

    concurrent: int
    strategy: str
    max_megabytes: int
    timeout_seconds: float
    retries: int

    @property
    def many(self) -> bool:
        """Whether a request carries as many records as fit."""
        return self.strategy == "MULTI_RECORD"

    @property
    def max_bytes(self) -> int:
        """The largest body; 0 for any size."""
        return self.max_megabytes * MEGABYTE

    def __str__(self) -> str:
        return (
            f"MaxConcurrentTransforms={self.concurrent}, MaxPayloadInMB={self.max_megabytes}, "
            f"BatchStrategy={self.strategy}"
        )


def environment(job: dict[str, Any]) -> dict[str, str]:
    """Return what tells the container that it serves a batch: only what the request says."""
    variables = {"SAGEMAKER_BATCH": "true"}
    if "MaxPayloadInMB" in job:
        variables["SAGEMAKER_MAX_PAYLOAD_IN_MB"] = str(job["MaxPayloadInMB"])
    if "BatchStrategy" in job:
        variables["SAGEMAKER_BATCH_STRATEGY"] = _STRATEGIES[job["BatchStrategy"]]
    if "MaxConcurrentTransforms" in job:
        variables["SAGEMAKER_MAX_CONCURRENT_TRANSFORMS"] = str(job["MaxConcurrentTransforms"])
    return variables


def sending_plan(job: dict[str, Any], container: dict[str, Any]) -> SendingPlan:
    """Return the plan.

    Args:
        job: its description.
        container: the answer to GET /execution-parameters; empty where there is none.

    Raises:
        ValueError: the container's answer is not what AWS expects.
    """
    asked = {name: job[name] for name in ("MaxPayloadInMB",) if name in job}
    if job.get("MaxConcurrentTransforms"):
        asked["MaxConcurrentTransforms"] = job["MaxConcurrentTransforms"]
    if "BatchStrategy" in job:
        asked["BatchStrategy"] = _STRATEGIES[job["BatchStrategy"]]
    chosen = _DEFAULT | {name: container[name] for name in _DEFAULT if name in container} | asked
    client = job.get("ModelClientConfig", {})
    plan = SendingPlan(
        concurrent=int(chosen["MaxConcurrentTransforms"]),
        strategy=str(chosen["BatchStrategy"]).upper(),
        max_megabytes=int(chosen["MaxPayloadInMB"]),
        timeout_seconds=client.get("InvocationsTimeoutInSeconds", 600),
        retries=client.get("InvocationsMaxRetries", 3),
    )
    if plan.concurrent < 1 or plan.max_megabytes < 0 or plan.strategy not in _STRATEGIES.values():
        raise ValueError(f"the container's execution parameters are not valid: {plan}")
    return plan
