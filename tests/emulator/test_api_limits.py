"""API Gateway's limits: the meter alone, and a real API with a plan in front of a function."""

import io
import json
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import urllib3

from scones_localstack.patches.api_limits import Meter

FUNCTION = """
def handler(event, context):
    return {"statusCode": 200, "body": str(len(event["body"] or ""))}
"""
DOCUMENT = {
    "openapi": "3.0.1",
    "info": {"title": "limited", "version": "1"},
    "components": {
        "securitySchemes": {"key": {"type": "apiKey", "name": "x-api-key", "in": "header"}}
    },
}


def test_a_bucket_empties_and_fills_again() -> None:
    meter, throttle = Meter(), {"rateLimit": 2.0, "burstLimit": 3}
    assert [meter.may_pass(("p", "k"), throttle, 10.0) for _ in range(4)] == [True] * 3 + [False]
    assert meter.may_pass(("p", "other"), throttle, 10.0)
    assert not meter.may_pass(("p", "k"), throttle, 10.4)
    assert meter.may_pass(("p", "k"), throttle, 10.5)
    assert [meter.may_pass(("p", "k"), throttle, 99.0) for _ in range(4)] == [True] * 3 + [False]


@pytest.mark.parametrize(
    ("period", "same", "next_one"),
    [
        ("DAY", (2026, 11, 21), (2026, 11, 22)),
        ("WEEK", (2026, 11, 22), (2026, 11, 23)),
        ("MONTH", (2026, 11, 30), (2026, 12, 1)),
    ],
)
def test_a_quota_begins_anew_with_its_period(
    period: str, same: tuple[int, int, int], next_one: tuple[int, int, int]
) -> None:
    meter, quota = Meter(), {"limit": 2, "period": period}
    first = datetime(2026, 11, 21, tzinfo=UTC)
    days = [first, datetime(*same, tzinfo=UTC), datetime(*same, tzinfo=UTC)]
    assert [meter.within_quota(("p", "k"), quota, day) for day in days] == [True, True, False]
    assert meter.within_quota(("p", "k"), quota, datetime(*next_one, tzinfo=UTC))


def test_without_limits_everything_passes() -> None:
    meter = Meter()
    assert all(meter.may_pass(("p", "k"), {}, 0.0) for _ in range(100))
    assert all(meter.within_quota(("p", "k"), {}, datetime.now(UTC)) for _ in range(100))


@pytest.fixture
def limited(emulator: Any) -> Iterator[tuple[str, dict[str, str]]]:
    """An API with a plan of 3 requests at a time and 4 a day; its URL and its key's header."""
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as archive:
        archive.writestr("limited.py", FUNCTION)
    functions, gateway = emulator.client("lambda"), emulator.client("apigateway")
    arn = functions.create_function(
        FunctionName="limited",
        Runtime="python3.13",
        Handler="limited.handler",
        Role="arn:aws:iam::000000000000:role/limited",
        Code={"ZipFile": code.getvalue()},
        Timeout=60,
    )["FunctionArn"]
    functions.get_waiter("function_active_v2").wait(FunctionName="limited")
    uri = f"arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{arn}/invocations"
    method = {
        "security": [{"key": []}],
        "x-amazon-apigateway-integration": {"type": "aws_proxy", "httpMethod": "POST", "uri": uri},
    }
    body = json.dumps(DOCUMENT | {"paths": {"/": {"post": method}}}).encode()
    api = gateway.import_rest_api(body=body)["id"]
    gateway.create_deployment(restApiId=api, stageName="v1")
    plan = gateway.create_usage_plan(
        name="limited",
        apiStages=[{"apiId": api, "stage": "v1"}],
        throttle={"rateLimit": 0.001, "burstLimit": 3},
        quota={"limit": 2, "period": "DAY"},
    )["id"]
    key = gateway.create_api_key(name="limited", enabled=True)
    gateway.create_usage_plan_key(usagePlanId=plan, keyId=key["id"], keyType="API_KEY")
    yield f"{emulator.url}/_aws/execute-api/{api}/v1/", {"x-api-key": key["value"]}
    gateway.delete_rest_api(restApiId=api)
    functions.delete_function(FunctionName="limited")


def ask(limited: tuple[str, dict[str, str]], size: int, **headers: str) -> tuple[int, str]:
    url, key = limited
    answer = urllib3.request(
        "POST", url, body=b"a" * size, headers={**key, **headers}, timeout=120, retries=False
    )
    return answer.status, answer.data.decode()


def test_what_is_over_a_limit_is_refused_as_on_aws(limited: tuple[str, dict[str, str]]) -> None:
    assert ask(limited, 10_485_761) == (413, '{"message": "Request Too Long"}')
    assert ask(limited, 100, **{"x-api-key": "wrong"})[0] == 403
    assert ask(limited, 6_291_456) == (413, '{"message": "Request Too Long"}')
    assert ask(limited, 6_200_000) == (200, "6200000")
    assert ask(limited, 1) == (429, '{"message": "Limit Exceeded"}')
    assert ask(limited, 1) == (429, '{"message": "Too Many Requests"}')
