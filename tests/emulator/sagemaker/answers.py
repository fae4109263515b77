"""Every answer of the service, checked as it came over the wire and as botocore parses it."""

import json
from typing import Any

from botocore.validate import ParamValidator

from scones_localstack.sagemaker.front.validation import check


def check_answer(http_response: Any, parsed: Any, model: Any, **_: Any) -> None:
    """Check an answer against botocore's model: as it came over the wire, and as it is parsed."""
    if http_response.status_code >= 300:
        return
    assert http_response.headers["x-amzn-RequestId"]
    shape = model.output_shape
    if shape is None or model.has_event_stream_output:
        return
    if not shape.serialization and not model.has_streaming_output:
        document = json.loads(http_response.content)
        cleaned, finding = check(shape, document)
        assert finding is None
        assert cleaned == document, "members that AWS does not have"
    parsed = {name: value for name, value in parsed.items() if name != "ResponseMetadata"}
    if not model.has_streaming_output:
        report = ParamValidator().validate(parsed, shape)
        assert not report.has_errors(), report.generate_report()
