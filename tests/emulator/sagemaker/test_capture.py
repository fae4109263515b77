"""Data capture, compared with files that real endpoints have written."""

import asyncio
import base64
import json
import os
import re
import resource
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest

from scones_localstack.sagemaker.aws import Aws
from scones_localstack.sagemaker.hosting.spool import CaptureSpool
from scones_localstack.sagemaker.objects import S3Uri
from tests.emulator.running import wait_until
from tests.emulator.sagemaker.running import SECONDS

DATA = os.environ.get("SCONES_TEST_DATA")
PNG = b"\x89PNG\r\n\x1a\n\x00\xff"
KEY = re.compile(r"(\d{4}/\d{2}/\d{2}/\d{2}/\d{2}-\d{2})-\d{3}-[0-9a-f-]{36}\.jsonl")


def config(bench, **more):
    return {
        "InitialSamplingPercentage": 100,
        "DestinationS3Uri": f"s3://{bench.bucket}/data_capture",
        "CaptureOptions": [{"CaptureMode": "Input"}, {"CaptureMode": "Output"}],
        "CaptureContentTypeHeader": {
            "JsonContentTypes": ["application/json"],
            "CsvContentTypes": ["text/csv"],
        },
        **more,
    }


def lines_of(bench, endpoint, count):
    """Wait until so many records are in S3, and return them in the order of their files."""

    def lines():
        keys = bench.keys(f"data_capture/{endpoint}/AllTraffic/")
        found = [
            line
            for key in keys
            for line in bench.get(f"s3://{bench.bucket}/{key}").decode().splitlines()
        ]
        return found if len(found) >= count else None

    return wait_until(lines, SECONDS, f"{count} captured records")


def outline(value):
    """A document's names, in order, and the types under them."""
    if isinstance(value, dict):
        return [(name, outline(entry)) for name, entry in value.items()]
    return type(value).__name__


def test_an_invocation_is_captured_in_awss_layout(bench):
    name = bench.deploy(bench.model(), DataCaptureConfig=config(bench))
    before = datetime.now(UTC).replace(microsecond=0)
    answer = bench.runtime.invoke_endpoint(EndpointName=name, Body=PNG, ContentType="image/png")
    answered = answer["Body"].read().decode()

    [line] = lines_of(bench, name, 1)
    [key] = bench.keys(f"data_capture/{name}/")

    record = json.loads(line)
    assert record["captureData"] == {
        "endpointInput": {
            "observedContentType": "image/png",
            "mode": "INPUT",
            "data": base64.b64encode(PNG).decode(),
            "encoding": "BASE64",
        },
        "endpointOutput": {
            "observedContentType": "application/json",
            "mode": "OUTPUT",
            "data": answered,
            "encoding": "JSON",
        },
    }
    assert record["eventVersion"] == "0"
    time = datetime.fromisoformat(record["eventMetadata"]["inferenceTime"])
    assert before <= time <= datetime.now(UTC)
    match = KEY.fullmatch(key.removeprefix(f"data_capture/{name}/AllTraffic/"))
    assert match[1] == time.strftime("%Y/%m/%d/%H/%M-%S")


@pytest.mark.skipif(not DATA, reason="SCONES_TEST_DATA is not set")
def test_a_record_has_the_form_of_a_real_one(bench):
    name = bench.deploy(bench.model(), DataCaptureConfig=config(bench))
    bench.invoke(name, PNG, ContentType="image/png")
    [ours] = lines_of(bench, name, 1)

    files = sorted(Path(DATA, "data-capture").glob("*/*.jsonl"))
    reals = [line for file in files for line in file.read_text().splitlines()]

    assert len(reals) == 38
    for real in reals:
        document = json.loads(real)
        assert outline(json.loads(ours)) == outline(document)
        # Byte for byte what our own writer makes of it: no spaces, the same order.
        assert real == json.dumps(document, separators=(",", ":"))
    assert ours == json.dumps(json.loads(ours), separators=(",", ":"))
    for file in files:
        if file.stem != "00-00-000-unnamed":
            assert KEY.fullmatch(f"2024/01/01/00/{file.name}")


def test_the_content_type_decides_the_encoding(bench):
    name = bench.deploy(bench.model(), DataCaptureConfig=config(bench))
    sent = [
        (b"1,2", "text/csv", "CSV", "1,2"),
        ('{"ü": 1}'.encode(), "application/json; charset=utf-8", "JSON", '{"ü": 1}'),
        (b"\xff", "text/csv", "BASE64", "/w=="),
        (b"text", "text/plain", "BASE64", "dGV4dA=="),
    ]
    for body, content_type, _, _ in sent:
        bench.invoke(name, body, ContentType=content_type)

    records = [json.loads(line) for line in lines_of(bench, name, len(sent))]

    inputs = [record["captureData"]["endpointInput"] for record in records]
    assert [(entry["encoding"], entry["data"]) for entry in inputs] == [
        (encoding, data) for _, _, encoding, data in sent
    ]


def test_all_is_base64_where_no_content_types_are_named(bench):
    plain = config(bench)
    del plain["CaptureContentTypeHeader"]
    name = bench.deploy(bench.model(), DataCaptureConfig=plain)
    bench.invoke(name, b"{}", ContentType="application/json")

    [line] = lines_of(bench, name, 1)

    data = json.loads(line)["captureData"]
    assert data["endpointInput"]["encoding"] == data["endpointOutput"]["encoding"] == "BASE64"


def test_what_the_client_says_of_an_inference_is_captured(bench):
    name = bench.deploy(bench.model(), DataCaptureConfig=config(bench))
    bench.invoke(name, PNG, InferenceId="photo-1", CustomAttributes="bay=2")

    [line] = lines_of(bench, name, 1)

    metadata = json.loads(line)["eventMetadata"]
    assert metadata["inferenceId"] == "photo-1"
    assert metadata["customAttributes"] == ["bay=2"]


@pytest.mark.parametrize(
    ("options", "sides"),
    [
        (["Input"], {"endpointInput"}),
        (["Output"], {"endpointOutput"}),
        (["InputAndOutput"], {"endpointInput", "endpointOutput"}),
    ],
)
def test_capture_options_choose_the_sides(bench, options, sides):
    chosen = config(bench, CaptureOptions=[{"CaptureMode": mode} for mode in options])
    name = bench.deploy(bench.model(), DataCaptureConfig=chosen)
    bench.invoke(name)

    [line] = lines_of(bench, name, 1)

    assert set(json.loads(line)["captureData"]) == sides


def test_a_sampling_percentage_takes_about_its_share(bench):
    half = config(bench, InitialSamplingPercentage=50)
    name = bench.deploy(bench.model(), DataCaptureConfig=half)
    for _ in range(200):
        bench.invoke(name)
    bench.delete(name)

    # Six standard deviations of a binomial distribution.
    assert 58 <= len(lines_of(bench, name, 1)) <= 142


@pytest.mark.parametrize("off", [{"EnableCapture": False}, {"InitialSamplingPercentage": 0}])
def test_nothing_is_captured_when_capture_is_off(bench, off):
    name = bench.deploy(bench.model(), DataCaptureConfig=config(bench, KmsKeyId="key", **off))
    described = bench.endpoint(name)["DataCaptureConfig"]
    bench.invoke(name)
    bench.delete(name)

    assert described["KmsKeyId"] == "key"
    assert described["CaptureStatus"] == ("Stopped" if "EnableCapture" in off else "Started")
    assert described["CurrentSamplingPercentage"] == (100 if "EnableCapture" in off else 0)
    assert bench.keys("data_capture/") == []


def test_deleting_an_endpoint_flushes_its_captures(bench):
    name = bench.deploy(bench.model(), DataCaptureConfig=config(bench))
    for _ in range(20):
        bench.invoke(name)

    bench.delete(name)

    assert len(lines_of(bench, name, 20)) == 20
    assert not list((bench.service.folder / "capture").glob(f"{name}*"))


def test_every_one_of_many_invocations_at_once_is_captured(bench):
    name = bench.deploy(bench.model(), DataCaptureConfig=config(bench))

    def invoke(number):
        return bench.invoke(name, str(number).encode(), ContentType="text/csv")["bytes"]

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(invoke, range(300)))

    assert answers == [len(str(number)) for number in range(300)]
    records = [json.loads(line)["captureData"] for line in lines_of(bench, name, 300)]
    sent = sorted(int(record["endpointInput"]["data"]) for record in records)
    assert sent == list(range(300))


def test_a_full_disk_loses_a_capture_and_nothing_else(bench, tmp_path, caplog):
    """The spool itself, under a limit on the size of files."""
    spool = CaptureSpool(tmp_path / "spool", Aws(bench.emulator.url), 60.0)
    folder = spool.register("variant", "us-east-1", S3Uri(bench.bucket, "spooled"))
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    spool.append(folder, b"first\n", 1.0)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10, hard))
    try:
        spool.append(folder, b"second is too long\n", 2.0)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    spool.append(folder, b"third\n", 3.0)

    asyncio.run(spool.flush())

    assert "a capture of variant is lost: only 4 of 19 bytes were written" in caplog.text
    [key] = bench.keys("spooled/1970/01/01/00/00-01-000-")
    assert bench.get(f"s3://{bench.bucket}/{key}") == b"first\nthird\n"


def test_a_models_error_is_not_captured(bench):
    name = bench.deploy(bench.model(), DataCaptureConfig=config(bench))
    with pytest.raises(bench.runtime.exceptions.ModelError):
        bench.runtime.invoke_endpoint(EndpointName=name, Body=b"status 500")
    bench.invoke(name, PNG)

    assert len(lines_of(bench, name, 1)) == 1
