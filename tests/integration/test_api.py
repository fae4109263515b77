"""The REST API on the running stack: every status of its contract, uploads, and hostile files."""

import io
import json
import os
import time
from pathlib import Path
from typing import Any

import pytest
import requests
from PIL import Image

from scones.lambdas.detection import annotate_image, detect_objects, endpoint, storage
from scones.lambdas.detection.faults import ModelFailed
from tests.scones.lambdas.detection.hostile import BROKEN, MARK, NOT_PHOTOS, photo, with_location

from .api_system import JPEG, JSON, PNG, SECONDS, System, send, system
from .conftest import ROOT

REPORT = ROOT / "docs" / "reference" / "hostile-uploads.md"
WRITE_REPORTS_ENV = "SCONES_WRITE_REPORTS"
__all__ = ["system"]


# ---------------------------------------------------------------- requests


def test_objects_are_found_in_pixels(system: System) -> None:
    answer = system.detect(with_location("PNG"))
    assert answer.status_code == 200, answer.text
    found = answer.json()
    assert found["image"] == {"width": 60, "height": 40}
    assert found["threshold"] == 0.5
    assert [(o["label"], o["confidence"], o["box"]) for o in found["objects"]] == [
        ("bicycle", 0.9, {"left": 0.0, "top": 0.0, "width": 30.0, "height": 40.0}),
        ("motorcycle", 0.6, {"left": 30.0, "top": 0.0, "width": 30.0, "height": 40.0}),
    ]


def test_the_threshold_is_the_callers(system: System) -> None:
    for threshold, number in (("0.6", 2), ("0.61", 1), ("1", 0), ("0", 2)):
        answer = system.detect(with_location("PNG"), query=f"?threshold={threshold}")
        assert len(answer.json()["objects"]) == number, answer.text


@pytest.mark.parametrize("accept", [PNG, JPEG, "image/png, */*;q=0.1"])
def test_the_picture_comes_back_with_boxes(system: System, accept: str) -> None:
    answer = system.detect(with_location("JPEG"), JPEG, accept)
    assert answer.status_code == 200, answer.text
    assert answer.headers["Content-Type"] == accept.partition(",")[0]
    drawn = Image.open(io.BytesIO(answer.content))
    assert drawn.size == (60, 40)
    assert drawn.get_format_mimetype() == accept.partition(",")[0]
    assert drawn.convert("RGB").getpixel((15, 30)) != drawn.convert("RGB").getpixel((0, 30))
    assert MARK.encode() not in answer.content
    assert not drawn.getexif()


def test_a_photo_that_was_held_sideways_is_answered_upright(system: System) -> None:
    found = system.detect(with_location("JPEG", orientation=6), JPEG).json()
    assert found["image"] == {"width": 40, "height": 60}
    (first, _) = found["objects"]
    assert first["box"]["width"] == pytest.approx(40, abs=1)
    assert first["box"]["height"] == pytest.approx(30, abs=1)


def test_a_photo_is_classified(system: System) -> None:
    answer = system.ask("POST", "/classify", data=photo(), headers={"Content-Type": PNG})
    assert answer.status_code == 200, answer.text
    assert answer.json() == {
        "label": "bicycle",
        "confidence": 1.0,
        "threshold": 0.93,
        "routed": True,
        "probabilities": {"bicycle": 1.0, "motorcycle": 0.0},
    }


@pytest.mark.parametrize(
    ("body", "content_type", "query", "status", "message"),
    [
        (photo(), PNG, "?threshold=1.1", 400, "threshold '1.1' is no number between 0 and 1"),
        (photo(), PNG, "?threshold=nan", 400, "threshold 'nan'"),
        (photo(), PNG, "?threshold=", 400, "threshold ''"),
        (photo(), "text/plain", "", 415, "send a photo as image/png or image/jpeg, not as text/pl"),
        (photo("GIF"), "image/gif", "", 415, "not as image/gif"),
        (b"\xff\xd8\xff" + b"\xff" * 4_500_000, JPEG, "", 413, "ask POST /uploads for a form"),
        (b"\xff\xd8\xff" + b"\xff" * 5_500_000, JPEG, "", 413, "Request Too Long"),
        (b"\xff\xd8\xff" + b"\xff" * 10_500_000, JPEG, "", 413, "Request Too Long"),
        (photo(colour=(0, 255, 0)), PNG, "", 502, "answered 500: the model is broken"),
        (photo(colour=(255, 0, 255)), PNG, "", 502, "see that the endpoint is a detector"),
        (photo(colour=(255, 255, 0)), PNG, "", 504, "did not answer within 20 s"),
    ],
)
def test_what_cannot_be_answered_says_why(
    system: System, body: bytes, content_type: str, query: str, status: int, message: str
) -> None:
    answer = system.detect(body, content_type, query=query)
    assert (answer.status_code, answer.headers["Content-Type"]) == (status, JSON), answer.text
    assert message in answer.json()["message"]


def test_without_the_key_nothing_is_answered(system: System) -> None:
    url = system.outputs["api_url"]
    for headers in ({}, {"x-api-key": ""}, {"x-api-key": "wrong"}, {"x-api-key": system.key[:-1]}):
        for method, path in (
            ("POST", "/detect"),
            ("POST", "/classify"),
            ("POST", "/uploads"),
            ("GET", f"/results/{'0' * 32}"),
        ):
            answer = requests.request(method, url + path, headers=headers, timeout=60)
            assert (answer.status_code, answer.json()) == (403, {"message": "Forbidden"}), path


def test_too_many_requests_are_refused(system: System) -> None:
    gateway = system.scones.aws.client("apigateway")
    plans = gateway.get_usage_plans(keyId=system.outputs["api_key_id"])["items"]
    (plan,) = [plan for plan in plans if plan["name"] == "scones-unlimited-api"]

    def limit(burst: int, rate: int) -> None:
        operations = [
            {"op": "replace", "path": "/throttle/burstLimit", "value": str(burst)},
            {"op": "replace", "path": "/throttle/rateLimit", "value": str(rate)},
        ]
        gateway.update_usage_plan(usagePlanId=plan["id"], patchOperations=operations)

    limit(2, 0)
    try:
        answers = [system.ask("GET", f"/results/{'0' * 32}") for _ in range(4)]
    finally:
        limit(1000, 1000)
    assert [answer.status_code for answer in answers] == [404, 404, 429, 429]
    assert answers[-1].json() == {"message": "Too Many Requests"}


# ---------------------------------------------------------------- uploads


@pytest.mark.parametrize(("kind", "content_type"), [("PNG", PNG), ("JPEG", JPEG)])
def test_an_upload_ends_as_picture_and_objects(
    system: System, kind: str, content_type: str
) -> None:
    upload_id = system.upload(with_location(kind), content_type, threshold=0.7)
    found = system.result(upload_id)
    assert found["status"] == "DONE", found
    assert (found["id"], found["threshold"]) == (upload_id, 0.7)
    assert found["image"] == {"width": 60, "height": 40}
    assert [each["label"] for each in found["objects"]] == ["bicycle"]
    fetched = {name: requests.get(url, timeout=60) for name, url in found["links"].items()}
    assert {answer.status_code for answer in fetched.values()} == {200}
    assert fetched["photo"].content == with_location(kind)
    assert fetched["json"].json()["objects"] == found["objects"]
    assert fetched["annotated"].headers["Content-Type"] == content_type
    drawn = Image.open(io.BytesIO(fetched["annotated"].content))
    assert drawn.size == (60, 40)
    assert MARK.encode() not in fetched["annotated"].content
    assert not drawn.getexif()


def test_a_photo_larger_than_a_request_goes_by_upload(system: System) -> None:
    noise = Image.effect_noise((2600, 2200), 100).convert("RGB")
    noise.paste((255, 0, 0), (1000, 1000, 1300, 1200))
    buffer = io.BytesIO()
    noise.save(buffer, "PNG", compress_level=1)
    assert 6_291_456 < len(buffer.getvalue()) < 20_971_520
    found = system.result(system.upload(buffer.getvalue()))
    assert found["status"] == "DONE", found
    assert found["image"] == {"width": 2600, "height": 2200}
    (bicycle,) = [each for each in found["objects"] if each["label"] == "bicycle"]
    assert bicycle["box"]["left"] == pytest.approx(1000, abs=10)
    assert bicycle["box"]["height"] == pytest.approx(200, abs=10)


@pytest.mark.parametrize(
    ("fields", "body", "code"),
    [
        ({"key": "uploads/../other"}, photo(), "AccessDenied"),
        ({"key": "results/" + "0" * 32 + ".json"}, photo(), "AccessDenied"),
        ({"Content-Type": "text/html"}, photo(), "AccessDenied"),
        ({}, b"", "EntityTooSmall"),
        ({}, b"\x89PNG\r\n\x1a\n" + b"0" * 20_971_513, "EntityTooLarge"),
    ],
)
def test_a_form_is_good_for_one_key_one_type_and_its_sizes(
    system: System, fields: dict[str, str], body: bytes, code: str
) -> None:
    form = system.form()
    answer = send(form, body, **fields)
    assert answer.status_code in (400, 403)
    assert f"<Code>{code}</Code>" in answer.text
    assert system.result(form["id"], "WAITING")["status"] == "WAITING"


@pytest.mark.parametrize(
    "wanted",
    [
        {},
        {"content_type": PNG},
        {"content_type": "text/html", "size": 1},
        {"content_type": PNG, "size": 0},
        {"content_type": PNG, "size": 20_971_521},
        {"content_type": PNG, "size": "1"},
        {"content_type": PNG, "size": 1, "key": "uploads/mine"},
        {"content_type": PNG, "size": 1, "threshold": 2},
        [],
    ],
)
def test_a_form_for_something_else_is_refused(system: System, wanted: Any) -> None:
    answer = system.ask("POST", "/uploads", json=wanted)
    assert answer.status_code == 400, answer.text
    # On AWS too a request of another type passes by the validator: then the function looks.
    plain = {"Content-Type": "text/plain"}
    again = system.ask("POST", "/uploads", data=json.dumps(wanted), headers=plain)
    assert again.status_code in (400, 413, 415), again.text


@pytest.mark.parametrize(
    "trick",
    [
        "0" * 32,
        "0" * 31,
        "0" * 33,
        "A" * 32,
        "..%2F..%2Fuploads%2F" + "0" * 32,
        "%2e%2e%2fstatus",
        "0" * 31 + "%00",
        "%0a" + "0" * 32,
        "*",
        "%F0%9F%9A%B2",
        "x" * 5000,
    ],
)
def test_an_id_that_is_none_is_unknown(system: System, trick: str) -> None:
    answer = system.ask("GET", f"/results/{trick}")
    assert answer.status_code in (403, 404), answer.text
    assert "message" in answer.json()


def test_the_same_event_twice_changes_nothing(system: System) -> None:
    upload_id = system.upload(photo())
    assert system.result(upload_id)["status"] == "DONE"
    bucket, aws = system.outputs["uploads_bucket"], system.scones.aws
    key = f"status/{upload_id}.json"
    before = aws.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()
    event = {"Records": [{"s3": {"object": {"key": f"uploads/{upload_id}"}}}]}
    answer = aws.client("lambda").invoke(
        FunctionName=system.outputs["detect_function"], Payload=json.dumps(event)
    )
    assert json.loads(answer["Payload"].read()) == {"detected": []}
    assert aws.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read() == before


def test_a_strange_key_under_uploads_is_left_alone(system: System) -> None:
    event = {"Records": [{"s3": {"object": {"key": "uploads/..%2Fstatus%2F" + "0" * 32}}}]}
    answer = system.scones.aws.client("lambda").invoke(
        FunctionName=system.outputs["detect_function"], Payload=json.dumps(event)
    )
    assert json.loads(answer["Payload"].read()) == {"detected": []}


def test_what_no_attempt_can_help_goes_to_the_queue(system: System) -> None:
    functions, queues = (system.scones.aws.client(name) for name in ("lambda", "sqs"))
    name = system.outputs["detect_function"]
    before = functions.get_function_event_invoke_config(FunctionName=name)
    assert before["MaximumRetryAttempts"] == 2

    def more_attempts(number: int) -> None:
        """Lambda waits one and two minutes between attempts: for this test there is one."""
        functions.put_function_event_invoke_config(
            FunctionName=name,
            MaximumRetryAttempts=number,
            DestinationConfig=before["DestinationConfig"],
        )

    more_attempts(0)
    try:
        upload_id = system.upload(photo(colour=(0, 255, 0)))
        queue = queues.get_queue_url(QueueName=system.outputs["detection_failed_queue"])
        deadline = time.monotonic() + SECONDS
        bodies: list[str] = []
        while not any(upload_id in body for body in bodies):
            assert time.monotonic() < deadline, bodies
            received = queues.receive_message(QueueUrl=queue["QueueUrl"], WaitTimeSeconds=2)
            bodies += [message["Body"] for message in received.get("Messages", [])]
    finally:
        more_attempts(2)
    (body,) = [json.loads(body) for body in bodies if upload_id in body]
    assert body["requestContext"]["condition"] == "RetriesExhausted"
    assert body["responsePayload"]["errorType"] == "ModelFailed"
    found = system.result(upload_id, "DETECTING")
    assert found["message"] == (
        "attempt 1 of 3: endpoint 'scones-unlimited-detector' answered 500: the model is broken"
    )


def test_only_the_last_attempt_is_final(system: System, monkeypatch: pytest.MonkeyPatch) -> None:
    """The function's own code, here, on a bucket that tells no function."""
    for name, value in {
        "AWS_ENDPOINT_URL": system.scones.aws.client("s3").meta.endpoint_url,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
        "UPLOADS_BUCKET": "attempts",
        "DETECTOR_NAME": "scones-unlimited-detector",
        "DETECTOR_CLASSES": '["bicycle", "motorcycle"]',
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    s3 = system.scones.aws.client("s3")
    s3.create_bucket(Bucket="attempts")
    upload_id = storage.new_id()
    storage.s3.cache_clear()
    endpoint.runtime.cache_clear()

    def put(colour: object) -> None:
        s3.put_object(Bucket="attempts", Key=f"uploads/{upload_id}", Body=photo(colour=colour))

    def failed(request_id: str) -> tuple[str, str]:
        with pytest.raises(ModelFailed):
            detect_objects.look(upload_id, request_id)
        status = storage.read_status(upload_id)
        assert status
        return status["status"], status["message"].partition(":")[0]

    put((0, 255, 0))
    assert failed("first") == ("DETECTING", "attempt 1 of 3")
    assert failed("first") == ("DETECTING", "attempt 2 of 3")
    assert failed("first") == ("FAILED", "endpoint 'scones-unlimited-detector' answered 500")
    assert failed("second") == ("DETECTING", "attempt 1 of 3")  # another event, counted anew
    put("red")
    assert detect_objects.look(upload_id, "second")
    annotate_image.annotate(upload_id, "third")
    assert (storage.read_status(upload_id) or {})["status"] == "DONE"
    assert not detect_objects.look(upload_id, "fourth")  # the same bytes
    put("blue")
    assert detect_objects.look(upload_id, "fifth")
    storage.s3.cache_clear()
    endpoint.runtime.cache_clear()


def test_hostile_files_are_failed_with_a_reason_and_the_table_says_so(system: System) -> None:
    files = NOT_PHOTOS | BROKEN
    del files["empty"]  # S3 refuses it, as the test of forms shows
    uploads = {name: system.upload(body) for name, body in files.items()}
    lines = []
    for name, upload_id in uploads.items():
        found = system.result(upload_id)
        assert found["status"] == "FAILED", f"{name}: {found}"
        assert found["message"], name
        at_once = system.detect(files[name], JPEG if "jpeg" in name else PNG)
        assert at_once.status_code in (400, 415), f"{name}: {at_once.text}"
        told = at_once.json()["message"].replace("|", "\\|")
        lines.append(f"| {name} | {len(files[name]):,} | {at_once.status_code} | {told} |")
    table = "\n".join(sorted(lines))
    if os.environ.get(WRITE_REPORTS_ENV):
        REPORT.write_text(HEAD + table + "\n" + TAIL)
    assert table in REPORT.read_text(), f"{REPORT}: {WRITE_REPORTS_ENV}=1 writes it anew"


HEAD = """# Hostile uploads: what each got

Made by `tests/integration/test_api.py`, which sends each file both ways: as the body of `POST \
/detect`, and by a presigned form to S3, after which `GET /results/ID` says `FAILED` with the same \
message. `SCONES_WRITE_REPORTS=1` writes this page.

| file | bytes | `POST /detect` | message |
| --- | --- | --- | --- |
"""
TAIL = """
Before a file is looked at:

| attempt | answer |
| --- | --- |
| no key, an empty, a wrong or a cut-off key | 403 `Forbidden` |
| an id with `..`, slashes, a line's end or a null byte, of another length, in capitals | 404, or \
403 where it makes another path |
| a form used for another key or another type | S3: 403 `AccessDenied` |
| a form used for 0 bytes, or for more than 20 MiB | S3: 400 `EntityTooSmall`, `EntityTooLarge` |
| a body over 4,500,000 bytes, over Lambda's 6 MB, over API Gateway's 10 MB | 413 |
| more requests than the usage plan allows | 429 |
| GPS position, description and comment in a photo | the photo is taken; none of them is in what \
the endpoint gets (and captures) or in the drawn picture |
"""


# ---------------------------------------------------------------- the command


def test_scones_detect_writes_pictures_and_objects(system: System, tmp_path: Path) -> None:
    (tmp_path / "red.png").write_bytes(photo())
    (tmp_path / "two.jpg").write_bytes(with_location("JPEG"))
    photos = [str(tmp_path / "red.png"), str(tmp_path / "two.jpg")]
    for way in ((), ("--upload",)):
        folder = tmp_path / "-".join(["out", *way])
        answer = system.scones.json("detect", *photos, "--output", str(folder), *way)
        red, two = answer["photos"]
        assert [each["label"] for each in red["objects"]] == ["bicycle"]
        assert [each["label"] for each in two["objects"]] == ["bicycle", "motorcycle"]
        with Image.open(folder / "two.objects.jpg") as drawn:
            assert drawn.size == (60, 40)
        written = json.loads((folder / "red.objects.json").read_text())
        assert written["objects"] == red["objects"]
    assert "red.png  bicycle 0.900  64x48 at 0,0" in system.scones.ok("detect", photos[0]).stdout


def test_scones_detect_goes_on_after_a_file_that_is_no_photo(
    system: System, tmp_path: Path
) -> None:
    (tmp_path / "notes.png").write_text("hello")
    (tmp_path / "red.png").write_bytes(photo())
    done = system.scones.run("detect", str(tmp_path / "notes.png"), str(tmp_path / "red.png"))
    assert done.returncode == 1
    assert "notes.png  failed: the photo is neither PNG nor JPEG" in done.stdout
    assert "red.png  bicycle" in done.stdout


# ---------------------------------------------------------------- what an answer rests on


def test_the_patch_that_decides_an_answer_is_found(system: System, tmp_path: Path) -> None:
    picture = Image.new("RGB", (64, 64), (90, 90, 90))
    picture.paste((255, 0, 0), (8, 40, 24, 56))  # red is a bicycle
    picture.save(tmp_path / "patch.png")
    found = system.scones.json(
        *("explain", str(tmp_path / "patch.png"), "--class", "bicycle"),
        *("--output", str(tmp_path / "out")),
    )
    assert found["requests"] == 82
    (image,) = found["images"]
    hot = [
        (row, column)
        for row in range(8)
        for column in range(8)
        if image["heat"][row][column] > 0.6 * max(map(max, image["heat"]))
    ]
    assert hot == [(row, column) for row in (5, 6) for column in (1, 2)]
    assert image["lowest_box"] == {"left": 8, "top": 40, "width": 16, "height": 16}
    assert image["lowest"] == 0
    assert all(Path(file).stat().st_size > 1000 for file in image["files"])
    assert image["text"] in Path(found["page"]).read_text()
    line = system.scones.refused("explain", str(tmp_path / "patch.png"), "--class", "cake", code=2)
    assert "choose from bicycle, motorcycle" in line
