"""serialize_image against a real S3."""

import base64
import json
from typing import Any

import pytest

from scones.lambdas import serialize_image
from tests.scones.stack_fixtures.payloads import BICYCLE, MOTORCYCLE, event, image_bytes, large_png

KEY = "test/bicycle_s_000513.png"


@pytest.fixture(autouse=True)
def endpoint_url(s3: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", s3.meta.endpoint_url)


def in_bucket(payload: dict[str, Any], bucket: str) -> dict[str, Any]:
    """The payload, about a bucket of the test's own."""
    return json.loads(json.dumps(payload).replace("scones-data", bucket))


def test_adds_the_image_and_an_empty_list_of_inferences(s3, bucket, context):
    s3.put_object(Bucket=bucket, Key=KEY, Body=image_bytes())
    answer = serialize_image.handler(in_bucket(event("serialize_image"), bucket), context)
    assert base64.b64decode(answer.pop("image_data")) == image_bytes()
    assert answer == {
        "s3_bucket": bucket,
        "s3_key": KEY,
        "inferences": [],
        "correlation_id": context.aws_request_id,
    }


def test_answers_a_payload_under_body_under_body(s3, bucket, context):
    s3.put_object(Bucket=bucket, Key=KEY, Body=image_bytes())
    answer = serialize_image.handler(in_bucket(event("serialize_image_in_body"), bucket), context)
    assert answer["statusCode"] == 200
    assert base64.b64decode(answer["body"]["image_data"]) == image_bytes()


def test_answers_a_body_of_json_text_with_json_text(s3, bucket, context):
    s3.put_object(Bucket=bucket, Key=KEY, Body=image_bytes(kind="JPEG"))
    question = in_bucket(event("serialize_image_in_body_text"), bucket)
    body = json.loads(serialize_image.handler(question, context)["body"])
    assert base64.b64decode(body["image_data"]) == image_bytes(kind="JPEG")


@pytest.mark.parametrize(
    ("size_bytes", "by_reference"), [(150_000, False), (190_000, True), (6_291_456, True)]
)
def test_an_image_too_large_for_a_state_travels_by_reference(
    s3, bucket, context, size_bytes, by_reference
):
    s3.put_object(Bucket=bucket, Key=KEY, Body=large_png(size_bytes))
    answer = serialize_image.handler(in_bucket(event("serialize_image"), bucket), context)
    assert (answer["image_data"] == "") is by_reference
    assert len(json.dumps(answer)) < 256 * 1024


@pytest.mark.parametrize(
    ("body", "error", "message"),
    [
        (large_png(6_291_457), serialize_image.ImageTooLarge, "6,291,457 bytes"),
        (b"no image", serialize_image.NotAnImage, "neither a PNG nor a JPEG"),
        (b"", serialize_image.NotAnImage, "neither a PNG nor a JPEG"),
        (b"GIF89a" + bytes(300_000), serialize_image.NotAnImage, KEY),
    ],
    ids=["too large for an endpoint", "text", "empty", "large and no image"],
)
def test_refuses_an_object_that_no_endpoint_takes(s3, bucket, context, body, error, message):
    s3.put_object(Bucket=bucket, Key=KEY, Body=body)
    with pytest.raises(error, match=message):
        serialize_image.handler(in_bucket(event("serialize_image"), bucket), context)


@pytest.mark.parametrize("given", ["in/Rad%20%C3%A4.png", "in/Rad+%C3%A4.png", "in/Rad ä.png"])
def test_finds_a_key_that_a_notification_has_url_encoded(s3, bucket, context, given):
    s3.put_object(Bucket=bucket, Key="in/Rad ä.png", Body=image_bytes())
    answer = serialize_image.handler({"s3_bucket": bucket, "s3_key": given}, context)
    assert answer["s3_key"] == "in/Rad ä.png"


def test_takes_a_key_with_a_percent_sign_as_it_is(s3, bucket, context):
    for key, colour in (("50%25.png", BICYCLE), ("50%.png", MOTORCYCLE)):
        s3.put_object(Bucket=bucket, Key=key, Body=image_bytes(colour))
    answer = serialize_image.handler({"s3_bucket": bucket, "s3_key": "50%25.png"}, context)
    assert base64.b64decode(answer["image_data"]) == image_bytes(BICYCLE)


def test_names_the_object_that_is_not_there(bucket, context):
    with pytest.raises(serialize_image.ObjectNotFound, match=f"s3://{bucket}/{KEY}"):
        serialize_image.handler(in_bucket(event("serialize_image"), bucket), context)


def test_names_the_bucket_that_is_not_there(context):
    with pytest.raises(serialize_image.BucketNotFound, match="no bucket 'nowhere-at-all'"):
        serialize_image.handler(in_bucket(event("serialize_image"), "nowhere-at-all"), context)


def test_names_the_key_that_is_missing(context):
    with pytest.raises(serialize_image.InvalidInput, match="'s3_key' is missing"):
        serialize_image.handler(event("serialize_image_without_key"), context)


@pytest.mark.parametrize("body", ["{", "[1]", 7, None])
def test_refuses_a_body_that_is_no_json_object(context, body):
    with pytest.raises(serialize_image.InvalidInput, match="JSON"):
        serialize_image.handler({"body": body}, context)


@pytest.mark.parametrize("event", [[], 7, None, "no JSON"])
def test_refuses_an_event_that_is_no_json_object_and_logs_the_request_id(context, capsys, event):
    with pytest.raises(serialize_image.InvalidInput, match="JSON"):
        serialize_image.handler(event, context)
    assert json.loads(capsys.readouterr().out)["correlation_id"] == context.aws_request_id


def test_logs_one_line_with_the_correlation_id_of_the_input(s3, bucket, context, capsys):
    s3.put_object(Bucket=bucket, Key=KEY, Body=image_bytes())
    question = in_bucket(event("serialize_image"), bucket) | {"correlation_id": "execution-7"}
    serialize_image.handler(question, context)
    (line,) = capsys.readouterr().out.splitlines()
    logged = json.loads(line)
    assert (logged["correlation_id"], logged["s3_key"]) == ("execution-7", KEY)
    assert "error" not in logged


def test_logs_a_failure_in_its_one_line(bucket, context, capsys):
    with pytest.raises(serialize_image.ObjectNotFound):
        serialize_image.handler(in_bucket(event("serialize_image"), bucket), context)
    (line,) = capsys.readouterr().out.splitlines()
    assert json.loads(line)["error"].startswith("ObjectNotFound: there is no object")
