"""From photo to objects through the REST API of a running stack: latency, and of what it is made.

    export SCONES_API__REQUESTS_A_SECOND=1000 SCONES_API__BURST=1000
    scones up && scones deploy       # and an endpoint PROJECT-detector: `scones detector deploy`
    python benchmarks/detect_requests.py PHOTO [--requests 50] [--uploads 20]

The stack is deployed with those two settings, because a fast machine asks more than the 10 times a
second that the usage plan allows otherwise: what is beyond is asked again after a pause, and the
pauses would be measured.

Prints one JSON document, times in milliseconds: p50 and p95 of requests (POST /detect for objects,
and for the picture), of uploads from the form to DONE, and of the parts of each. The functions say
in their log lines how long they took; what is left is S3, events and waiting for the next look.
"""

import argparse
import json
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from scones import open_project
from scones.api_client import RestApi, content_type_of, rest_api
from scones.project import Project

POLL_SECONDS = 0.02
LOG_SECONDS = 30.0


def percentiles(seconds: list[float]) -> dict[str, float]:
    """Return p50 and p95 in milliseconds."""
    cuts = statistics.quantiles(seconds, n=20, method="inclusive")
    return {"p50": round(1000 * cuts[9], 1), "p95": round(1000 * cuts[18], 1)}


def timed(call: Callable[[], Any]) -> tuple[Any, float]:
    started = time.perf_counter()
    answer = call()
    return answer, time.perf_counter() - started


def measure_requests(api: RestApi, photo: bytes, number: int) -> dict[str, Any]:
    for _ in range(3):
        api.detect(photo)
        api.annotated(photo)
    return {
        "POST /detect, objects": percentiles(
            [timed(lambda: api.detect(photo))[1] for _ in range(number)]
        ),
        "POST /detect, picture": percentiles(
            [timed(lambda: api.annotated(photo))[1] for _ in range(number)]
        ),
    }


def upload(api: RestApi, photo: bytes) -> dict[str, float]:
    """Upload once; return the seconds of each part, as the client sees them."""
    form, asked = timed(lambda: api.ask_upload(content_type_of(photo), len(photo)))
    _, sent = timed(lambda: api.send(form, photo))
    started = time.perf_counter()
    while (found := api.result(form.id))["status"] != "DONE":
        if found["status"] == "FAILED":
            raise SystemExit(found["message"])
        time.sleep(POLL_SECONDS)
    waited = time.perf_counter() - started
    return {
        "form": asked,
        "upload to S3": sent,
        "until DONE": waited,
        "whole": asked + sent + waited,
    }


def function_milliseconds(project: Project, function: str, since: float) -> list[float]:
    """Return what a function's own log lines say of how long it took."""
    logs = project.aws.client("logs")
    deadline = time.monotonic() + LOG_SECONDS
    while True:
        pages = logs.get_paginator("filter_log_events").paginate(
            logGroupName=f"/aws/lambda/{function}", startTime=int(1000 * since)
        )
        lines = [event["message"] for page in pages for event in page["events"]]
        records = [json.loads(line) for line in lines if line.startswith("{")]
        if records or time.monotonic() > deadline:
            return [record["milliseconds"] for record in records]
        time.sleep(0.5)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("photo", type=Path)
    parser.add_argument("--requests", type=int, default=50)
    parser.add_argument("--uploads", type=int, default=20)
    arguments = parser.parse_args()
    project = open_project()
    outputs = project.outputs
    api = rest_api(project.aws, outputs.api_url, outputs.api_key_id)
    photo = arguments.photo.read_bytes()
    requests = measure_requests(api, photo, arguments.requests)
    upload(api, photo)  # the functions start
    since = time.time()
    parts = [upload(api, photo) for _ in range(arguments.uploads)]
    functions = {
        name: percentiles([value / 1000 for value in function_milliseconds(project, name, since)])
        for name in (outputs.detect_function, outputs.annotate_function)
    }
    uploads = {name: percentiles([part[name] for part in parts]) for name in parts[0]}
    document = {
        "photo": {"bytes": len(photo), **api.detect(photo)["image"]},
        "requests": requests,
        "uploads": uploads,
        "functions": functions,
    }
    print(json.dumps(document, indent=2))


if __name__ == "__main__":
    main()
