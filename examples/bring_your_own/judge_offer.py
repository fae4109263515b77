"""A Lambda function: how does an offered rent compare with what the endpoint expects?"""

import os
from typing import Any

import boto3

runtime = boto3.client("sagemaker-runtime")


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Add `expected` and `ratio` to an offer of `area` (square metres) and `rent` (a month)."""
    reply = runtime.invoke_endpoint(
        EndpointName=os.environ["ENDPOINT_NAME"], ContentType="text/csv", Body=str(event["area"])
    )
    expected = float(reply["Body"].read())
    return {**event, "expected": expected, "ratio": event["rent"] / expected}
