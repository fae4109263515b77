"""API Gateway here takes any number of requests of any size; AWS's refuses with 413 and 429.

The limits are those of the usage plan (rate, burst, quota), of API Gateway (10 MB) and of the
function behind it (6 MB, in which a picture is base64). And a body that is no text is an invalid
one (400) where a validator looks at it, not an error of the server (500).
https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-request-throttling.html
"""

import json
import threading
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

WRITTEN_FOR = {"localstack-core": "4.14.0"}
PAYLOAD_BYTES = 10_485_760
EVENT_BYTES = 6_291_456
_TOO_LONG = "Request Too Long"

type _Caller = tuple[str, str]
type _Period = tuple[int, ...]


class Meter:
    """What each key has asked for, by usage plan: a token bucket, and a count for the quota."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._tokens: dict[_Caller, tuple[float, float]] = {}
        self._counts: dict[_Caller, tuple[_Period, int]] = {}

    def may_pass(self, caller: _Caller, throttle: Mapping[str, Any], now: float) -> bool:
        """Take a token from the caller's bucket, which fills with `rateLimit` tokens a second."""
        if not throttle:
            return True
        rate, burst = float(throttle["rateLimit"]), float(throttle["burstLimit"])
        with self._lock:
            tokens, since = self._tokens.get(caller, (burst, now))
            tokens = min(burst, tokens + (now - since) * rate)
            passes = tokens >= 1
            self._tokens[caller] = (tokens - 1 if passes else tokens, now)
        return passes

    def within_quota(self, caller: _Caller, quota: Mapping[str, Any], today: datetime) -> bool:
        """Count a request in the quota's period; return whether it is one of those allowed."""
        if not quota:
            return True
        period = _period(str(quota["period"]), today)
        with self._lock:
            counted_in, count = self._counts.get(caller, (period, 0))
            count = count + 1 if counted_in == period else 1
            self._counts[caller] = (period, count)
        return count <= int(quota["limit"])


def _period(name: str, today: datetime) -> _Period:
    if name == "WEEK":
        return tuple(today.isocalendar()[:2])
    return (today.year, today.month) if name == "MONTH" else (today.year, today.month, today.day)


def apply() -> None:
    """Check the size before the key, and the plan's limits after it."""
    from localstack.services.apigateway.next_gen.execute_api import gateway_response as refusals
    from localstack.services.apigateway.next_gen.execute_api.handlers import (
        api_key_validation,
        method_request,
    )
    from localstack.services.apigateway.next_gen.execute_api.integrations import aws

    validation = api_key_validation.ApiKeyValidationHandler
    proxy = aws.RestApiAwsProxyIntegration
    validate, make_event = validation.__call__, proxy.create_lambda_input_event
    body_is_valid = method_request.MethodRequestHandler._is_body_valid
    meter = Meter()

    def check(self: Any, chain: Any, context: Any, response: Any) -> None:
        if len(context.invocation_request.get("body") or b"") > PAYLOAD_BYTES:
            raise refusals.RequestTooLargeError(_TOO_LONG)
        validate(self, chain, context, response)
        for plan, key_id in _plans(context):
            if not meter.may_pass((plan["id"], key_id), plan.get("throttle"), time.monotonic()):
                raise refusals.ThrottledError("Too Many Requests")
            if not meter.within_quota((plan["id"], key_id), plan.get("quota"), datetime.now(UTC)):
                raise refusals.QuotaExceededError("Limit Exceeded")

    def create_lambda_input_event(self: Any, context: Any) -> Any:
        event = make_event(self, context)
        large = len(event["body"] or "") > EVENT_BYTES // 2  # only then is it worth the look
        if large and len(json.dumps(event)) > EVENT_BYTES:
            raise refusals.RequestTooLargeError(_TOO_LONG)
        return event

    def is_body_valid(method: Any, rest_api: Any, request: Any) -> bool:
        try:
            return bool(body_is_valid(method, rest_api, request))
        except UnicodeDecodeError:
            return False

    validation.__call__ = check
    method_request.MethodRequestHandler._is_body_valid = staticmethod(is_body_valid)
    proxy.create_lambda_input_event = create_lambda_input_event


def _plans(context: Any) -> list[tuple[Any, str]]:
    """Return the usage plans by which the validated key may call this stage, and the key's id."""
    from localstack.services.apigateway.next_gen.execute_api import moto_helpers

    key_id = context.context_variables.get("identity", {}).get("apiKeyId")
    if not key_id:
        return []
    where = {"account_id": context.account_id, "region_name": context.region}
    stage = (context.api_id, context.stage)
    return [
        (plan, key_id)
        for plan in moto_helpers.get_usage_plans(**where)
        if stage in {(each["apiId"], each["stage"]) for each in plan.get("apiStages") or ()}
        and key_id
        in {
            key["id"] for key in moto_helpers.get_usage_plan_keys(usage_plan_id=plan["id"], **where)
        }
    ]
