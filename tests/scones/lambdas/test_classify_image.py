"""classify_image against an HTTP server that speaks the SageMaker Runtime API."""

import base64
import hashlib
import json
from collections.abc import Iterator

import pytest

from scones.lambdas import classify_image
from tests.scones.stack_fixtures.endpoint import ENDPOINT, FakeEndpoint
from tests.scones.stack_fixtures.payloads import MOTORCYCLE, event, image_bytes, large_png


@pytest.fixture
def endpoint(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeEndpoint]:
    with FakeEndpoint() as fake:
        monkeypatch.setenv("AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME", fake.url)
        monkeypatch.setenv("ENDPOINT_NAME", ENDPOINT)
        yield fake


def question(image: bytes, **changes: str) -> dict[str, object]:
    return event("classify_image") | {"image_data": base64.b64encode(image).decode()} | changes


def test_adds_the_probabilities_in_class_order(endpoint, context):
    answer = classify_image.handler(question(image_bytes(MOTORCYCLE)), context)
    assert answer == question(image_bytes(MOTORCYCLE)) | {"inferences": [0.03, 0.97]}


@pytest.mark.parametrize(("kind", "content_type"), [("PNG", "image/png"), ("JPEG", "image/jpeg")])
def test_tells_the_endpoint_what_the_bytes_are(endpoint, context, kind, content_type):
    classify_image.handler(question(image_bytes(kind=kind), s3_key="photo.dat"), context)
    assert endpoint.requests[0]["Content-Type"] == content_type
    assert endpoint.requests[0]["Accept"] == "application/json"


def test_sends_the_key_as_inference_id(endpoint, context):
    classify_image.handler(question(image_bytes()), context)
    assert endpoint.requests[0]["X-Amzn-SageMaker-Inference-Id"] == "test/bicycle_s_000513.png"


@pytest.mark.parametrize("key", ["incoming/" + 60 * "x", "incoming/Fahrräder.png", " leading"])
def test_a_key_that_is_no_inference_id_is_sent_as_its_hash(endpoint, context, key):
    classify_image.handler(question(image_bytes(), s3_key=key), context)
    sent = endpoint.requests[0]["X-Amzn-SageMaker-Inference-Id"]
    assert sent == hashlib.sha256(key.encode()).hexdigest()


def test_an_image_without_a_key_is_known_by_its_correlation_id(endpoint, context):
    image = base64.b64encode(image_bytes()).decode()
    classify_image.handler({"image_data": image}, context)
    assert endpoint.requests[0]["X-Amzn-SageMaker-Inference-Id"] == context.aws_request_id


def test_reads_an_image_that_travels_by_reference(endpoint, context, s3, bucket, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", s3.meta.endpoint_url)
    s3.put_object(Bucket=bucket, Key="large.png", Body=large_png(300_000))
    reference = event("classify_image") | {"s3_bucket": bucket, "s3_key": "large.png"}
    answer = classify_image.handler(reference, context)
    assert (answer["inferences"], answer["image_data"]) == ([0.98, 0.02], "")


def test_names_the_object_of_a_reference_that_is_not_there(
    endpoint, context, s3, bucket, monkeypatch
):
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", s3.meta.endpoint_url)
    with pytest.raises(classify_image.ObjectNotFound, match=f"s3://{bucket}/gone.png"):
        classify_image.handler({"s3_bucket": bucket, "s3_key": "gone.png"}, context)


@pytest.mark.parametrize(
    "prediction", [b'{"prediction": [0.1, 0.9]}', b"[0.1, 0.9]\n", b"[0.1,9e-1]"]
)
def test_reads_a_list_and_a_prediction(endpoint, context, prediction):
    endpoint.answer = prediction
    assert classify_image.handler(question(image_bytes()), context)["inferences"] == [0.1, 0.9]


@pytest.mark.parametrize(
    "nonsense", [b"bicycle", b'{"label": 1}', b'["a"]', b"3", b'"12"', b"null"]
)
def test_an_answer_that_is_no_list_of_probabilities_is_the_models_failure(
    endpoint, context, nonsense
):
    endpoint.answer = nonsense
    with pytest.raises(classify_image.ModelFailed, match="not a list of probabilities"):
        classify_image.handler(question(image_bytes()), context)


def test_names_the_endpoint_that_is_not_there(endpoint, context, monkeypatch):
    monkeypatch.setenv("ENDPOINT_NAME", "boats")
    with pytest.raises(classify_image.EndpointNotFound, match="no endpoint 'boats'"):
        classify_image.handler(question(image_bytes()), context)


def test_says_so_when_no_endpoint_is_configured(context, monkeypatch):
    monkeypatch.delenv("ENDPOINT_NAME", raising=False)
    with pytest.raises(classify_image.EndpointNotFound, match="ENDPOINT_NAME is not set"):
        classify_image.handler(question(image_bytes()), context)


def test_tells_what_the_container_said_of_a_broken_image(endpoint, context):
    broken = image_bytes()[:40]
    with pytest.raises(classify_image.ModelFailed, match="answered 400: cannot read the image"):
        classify_image.handler(question(broken), context)


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"image_data": "not base64!"}, classify_image.InvalidInput, "not base64"),
        ({"image_data": 7}, classify_image.InvalidInput, "not base64"),
        ({"image_data": "bm8gaW1hZ2U="}, classify_image.NotAnImage, "neither a PNG nor a JPEG"),
        ({"image_data": "", "s3_key": ""}, classify_image.InvalidInput, "neither 'image_data' nor"),
    ],
    ids=["text", "number", "no image", "nothing"],
)
def test_refuses_what_is_no_image_before_asking_the_endpoint(
    endpoint, context, changes, error, message
):
    with pytest.raises(error, match=message):
        classify_image.handler(event("classify_image") | changes, context)
    assert endpoint.requests == []


def test_refuses_an_image_larger_than_an_endpoint_takes(endpoint, context):
    with pytest.raises(classify_image.ImageTooLarge, match="6,291,457 bytes"):
        classify_image.handler(question(large_png(6_291_457)), context)


def test_logs_one_line(endpoint, context, capsys):
    classify_image.handler(question(image_bytes()), context)
    (line,) = capsys.readouterr().out.splitlines()
    logged = json.loads(line)
    assert logged["correlation_id"] == event("classify_image")["correlation_id"]
    assert logged["inferences"] == [0.98, 0.02]
    assert (logged["level"], logged["function_request_id"]) == ("INFO", context.aws_request_id)


def test_the_log_line_names_the_trace_and_says_what_is_an_error(
    endpoint, context, capsys, monkeypatch
):
    trace = "1-5759e988-bd862e3fe1be46a994272793"
    monkeypatch.setenv("_X_AMZN_TRACE_ID", f"Root={trace};Parent=53995c3f42cd8ad8;Sampled=1")
    with pytest.raises(classify_image.NotAnImage):
        classify_image.handler(question(b"no image"), context)
    logged = json.loads(capsys.readouterr().out)
    assert (logged["level"], logged["xray_trace_id"]) == ("ERROR", trace)


@pytest.mark.parametrize(
    ("text", "sent"),
    [("upload-7", "upload-7"), ("Räder\n2", "R\\u00e4der\\n2"), (2000 * "x", 1024 * "x")],
)
def test_a_correlation_id_is_sent_as_a_header_takes_it(text, sent):
    assert classify_image.header_text(text) == sent
