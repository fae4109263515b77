"""S3 across kills and restarts of LocalStack, and when the disk is full."""

import contextlib
import json
import os
import shutil
import subprocess
import threading
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from tests.emulator.running import Emulator, wait_until

ODD_KEYS = (
    "a//b",
    "/leading",
    "trailing/",
    "../../../etc/passwd",
    "..",
    "bucket.json",
    "with space+plus%25&?#",
    "Zürich/東京/🚲.png",
    "x" * 1024,
    "ü" * 512,
)
PART = 5 * 1024 * 1024


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    """A LocalStack that the tests of this module kill and start again."""
    instance = Emulator(tmp_path_factory.mktemp("journal") / "state")
    yield instance.start()
    instance.kill()


@pytest.fixture
def restart(emulator: Emulator) -> Callable[[], int]:
    def kill_and_start() -> int:
        """Return the number of restored objects."""
        emulator.kill()
        emulator.start()
        restored: int = emulator.get("/_scones/ready")[1]["restored_objects"]
        return restored

    return kill_and_start


@pytest.fixture
def s3(emulator: Emulator) -> Iterator[Any]:
    """A client; all buckets are gone after the test."""
    client = emulator.client("s3")
    yield client
    for bucket in client.list_buckets()["Buckets"]:
        resource = boto3.resource(
            "s3",
            endpoint_url=emulator.url,
            region_name="us-east-1",
            aws_access_key_id="test",
            aws_secret_access_key="test",
        ).Bucket(bucket["Name"])
        resource.object_versions.delete()
        client.delete_bucket(Bucket=bucket["Name"])


def saved_files(emulator: Emulator) -> list[Path]:
    return [path for path in (emulator.state_dir / "s3").rglob("*") if path.is_file()]


def snapshot(s3: Any, bucket: str) -> dict[str, Any]:
    """All that a client can see of a bucket's objects."""
    keys = [entry["Key"] for entry in s3.list_objects_v2(Bucket=bucket).get("Contents", [])]
    seen = {}
    for key in keys:
        answer = s3.get_object(Bucket=bucket, Key=key, ChecksumMode="ENABLED")
        answer.pop("ResponseMetadata")
        answer["Body"] = answer["Body"].read()
        answer["Tags"] = s3.get_object_tagging(Bucket=bucket, Key=key)["TagSet"]
        seen[key] = answer
    return seen


def error_of(call: Any, **arguments: Any) -> tuple[int, dict[str, Any]]:
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    response = caught.value.response
    return response["ResponseMetadata"]["HTTPStatusCode"], response["Error"]


def upload_in_parts(s3: Any, bucket: str, key: str, parts: list[bytes]) -> None:
    upload = s3.create_multipart_upload(Bucket=bucket, Key=key, ContentType="text/csv")
    place = {"Bucket": bucket, "Key": key, "UploadId": upload["UploadId"]}
    done = [
        {
            "PartNumber": number,
            "ETag": s3.upload_part(**place, PartNumber=number, Body=part)["ETag"],
        }
        for number, part in enumerate(parts, 1)
    ]
    s3.complete_multipart_upload(**place, MultipartUpload={"Parts": done})


def fill(s3: Any, bucket: str) -> None:
    """Make objects in every way there is."""
    for number, key in enumerate(ODD_KEYS):
        s3.put_object(Bucket=bucket, Key=key, Body=f"{number}".encode())
    s3.put_object(
        Bucket=bucket,
        Key="described",
        Body=b"\x89PNG",
        ContentType="image/png",
        CacheControl="no-store",
        ContentDisposition='attachment; filename="a.png"',
        ContentEncoding="identity",
        ContentLanguage="de",
        Metadata={"label": "bicycle", "source": "drawn"},
        Tagging="stage=raw",
        StorageClass="STANDARD_IA",
        ChecksumAlgorithm="SHA256",
    )
    s3.put_object(Bucket=bucket, Key="empty", Body=b"")
    s3.put_object(Bucket=bucket, Key="twice", Body=b"the first time, longer")
    s3.put_object(Bucket=bucket, Key="twice", Body=b"the second time")
    s3.copy_object(Bucket=bucket, Key="copied", CopySource={"Bucket": bucket, "Key": "described"})
    s3.copy_object(
        Bucket=bucket,
        Key="twice",
        CopySource={"Bucket": bucket, "Key": "twice"},
        MetadataDirective="REPLACE",
        Metadata={"changed": "in place"},
    )
    upload_in_parts(s3, bucket, "in parts", [b"a" * PART, b"b" * 10])
    s3.put_object_tagging(
        Bucket=bucket, Key="empty", Tagging={"TagSet": [{"Key": "later", "Value": "yes"}]}
    )
    post_form(s3, bucket, "posted", b"from a form")


def post_form(s3: Any, bucket: str, key: str, body: bytes) -> None:
    form = s3.generate_presigned_post(bucket, key)
    boundary = "----boundary"
    fields = {**form["fields"], "file": body.decode()}
    parts = [
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in fields.items()
    ]
    request = urllib.request.Request(
        form["url"],
        data="".join([*parts, f"--{boundary}--\r\n"]).encode(),
        headers={"Content-Type": f"multipart/form-data; boundary={boundary}"},
    )
    with urllib.request.urlopen(request, timeout=60) as response:
        assert response.status == 204


def test_everything_is_as_it_was_after_a_kill(emulator, s3, restart):
    ireland = emulator.client("s3", region="eu-west-1")
    s3.create_bucket(Bucket="virginia")
    ireland.create_bucket(
        Bucket="ireland", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
    )
    fill(s3, "virginia")
    ireland.put_object(Bucket="ireland", Key="one", Body=b"1")
    before = snapshot(s3, "virginia"), snapshot(ireland, "ireland"), s3.list_buckets()["Buckets"]
    assert len(before[0]) == len(ODD_KEYS) + 6

    assert restart() == len(before[0]) + 1

    assert (
        snapshot(s3, "virginia"),
        snapshot(ireland, "ireland"),
        s3.list_buckets()["Buckets"],
    ) == before
    assert s3.get_bucket_location(Bucket="ireland")["LocationConstraint"] == "eu-west-1"
    assert s3.head_object(Bucket="virginia", Key="in parts", PartNumber=2)["PartsCount"] == 2


def test_what_is_deleted_stays_deleted(emulator, s3, restart):
    s3.create_bucket(Bucket="emptied")
    s3.create_bucket(Bucket="deleted")
    for key in ("one", "a//b", "c/", "kept"):
        s3.put_object(Bucket="emptied", Key=key, Body=b"x")
    s3.delete_object(Bucket="emptied", Key="one")
    s3.delete_objects(
        Bucket="emptied", Delete={"Objects": [{"Key": "a//b"}, {"Key": "c/"}, {"Key": "no"}]}
    )
    s3.delete_bucket(Bucket="deleted")

    assert restart() == 1

    assert list(snapshot(s3, "emptied")) == ["kept"]
    assert [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]] == ["emptied"]
    # And nothing of it is left on disk: there are bucket.json and one object.
    assert len(saved_files(emulator)) == 2


def test_a_restored_object_can_be_replaced_and_deleted(emulator, s3, restart):
    s3.create_bucket(Bucket="changed")
    for key in ("replaced", "deleted"):
        s3.put_object(Bucket="changed", Key=key, Body=b"old")
    restart()
    s3.put_object(Bucket="changed", Key="replaced", Body=b"new")
    s3.put_object_tagging(
        Bucket="changed", Key="replaced", Tagging={"TagSet": [{"Key": "k", "Value": "v"}]}
    )
    s3.delete_object(Bucket="changed", Key="deleted")

    assert restart() == 1

    seen = snapshot(s3, "changed")
    assert seen["replaced"]["Body"] == b"new"
    assert seen["replaced"]["Tags"] == [{"Key": "k", "Value": "v"}]
    assert len(saved_files(emulator)) == 2


def test_a_versioned_bucket_keeps_its_newest_versions(s3, restart):
    s3.create_bucket(Bucket="versioned")
    s3.put_bucket_versioning(Bucket="versioned", VersioningConfiguration={"Status": "Enabled"})
    for body in (b"1", b"2"):
        s3.put_object(Bucket="versioned", Key="kept", Body=body)
        s3.put_object(Bucket="versioned", Key="marked", Body=body)
    s3.delete_object(Bucket="versioned", Key="marked")
    before = snapshot(s3, "versioned")

    assert restart() == 1

    assert snapshot(s3, "versioned") == before
    assert s3.get_bucket_versioning(Bucket="versioned")["Status"] == "Enabled"
    newer = s3.put_object(Bucket="versioned", Key="kept", Body=b"3")["VersionId"]
    assert newer != before["kept"]["VersionId"]
    assert len(s3.list_object_versions(Bucket="versioned", Prefix="kept")["Versions"]) == 2


def test_writers_of_one_key_leave_on_disk_what_readers_see(s3, restart):
    s3.create_bucket(Bucket="contended")

    def write(writer: int) -> None:
        for number in range(15):
            body = f"{writer}/{number}".encode() * (writer + 1)
            # LocalStack refuses a put, rarely, when the key is deleted at the same time.
            with contextlib.suppress(ClientError):
                s3.put_object(
                    Bucket="contended", Key="same", Body=body, Metadata={"writer": f"{writer}"}
                )
            if number % 5 == 4:
                s3.delete_object(Bucket="contended", Key="same")

    threads = [threading.Thread(target=write, args=(writer,)) for writer in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    s3.put_object(Bucket="contended", Key="other", Body=b"x")
    before = snapshot(s3, "contended")

    assert restart() == len(before)

    assert snapshot(s3, "contended") == before


def test_a_restore_notifies_nobody_and_an_upload_afterwards_does(emulator, s3, restart):
    def queue_fed_by_bucket() -> str:
        sqs = emulator.client("sqs")
        url: str = sqs.create_queue(QueueName="uploads")["QueueUrl"]
        s3.put_bucket_notification_configuration(
            Bucket="watched",
            NotificationConfiguration={
                "QueueConfigurations": [
                    {
                        "QueueArn": "arn:aws:sqs:us-east-1:000000000000:uploads",
                        "Events": ["s3:ObjectCreated:*"],
                    }
                ]
            },
        )
        sqs.purge_queue(QueueUrl=url)
        return url

    s3.create_bucket(Bucket="watched")
    queue_fed_by_bucket()
    s3.put_object(Bucket="watched", Key="before", Body=b"x")
    assert restart() == 1
    url = queue_fed_by_bucket()

    s3.put_object(Bucket="watched", Key="after", Body=b"x")

    sqs = emulator.client("sqs")
    messages: list[Any] = wait_until(
        lambda: sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"),
        60,
        "the notification",
    )
    records = [json.loads(message["Body"])["Records"][0] for message in messages]
    assert [record["s3"]["object"]["key"] for record in records] == ["after"]


def template(**properties: Any) -> str:
    return json.dumps(
        {
            "Resources": {
                "Data": {
                    "Type": "AWS::S3::Bucket",
                    "Properties": {"BucketName": "adopted", **properties},
                }
            },
            "Outputs": {"Arn": {"Value": {"Fn::GetAtt": ["Data", "Arn"]}}},
        }
    )


def deploy(client: Any, kind: str, body: str) -> None:
    """Create and execute a change set, as the tools do."""
    place = {"StackName": "owner", "ChangeSetName": f"change-{kind.lower()}"}
    client.create_change_set(**place, ChangeSetType=kind, TemplateBody=body)
    client.get_waiter("change_set_create_complete").wait(**place, WaiterConfig={"Delay": 1})
    client.execute_change_set(**place)
    waiter = client.get_waiter(f"stack_{kind.lower()}_complete")
    waiter.wait(StackName="owner", WaiterConfig={"Delay": 1, "MaxAttempts": 120})


@pytest.mark.parametrize("region", ["us-east-1", "eu-west-1"])
def test_a_stack_adopts_the_bucket_it_had_before_the_restart(emulator, restart, region):
    s3 = emulator.client("s3", region=region)
    stacks = emulator.client("cloudformation", region=region)
    deploy(stacks, "CREATE", template())
    s3.put_object(Bucket="adopted", Key="kept", Body=b"work")
    restart()

    deploy(stacks, "CREATE", template())

    assert s3.get_object(Bucket="adopted", Key="kept")["Body"].read() == b"work"
    assert s3.head_bucket(Bucket="adopted")["BucketRegion"] == region
    tagged = template(Tags=[{"Key": "stage", "Value": "second"}])
    deploy(stacks, "UPDATE", tagged)
    assert s3.get_object(Bucket="adopted", Key="kept")["Body"].read() == b"work"
    stacks.delete_stack(StackName="owner")
    stacks.get_waiter("stack_delete_complete").wait(
        StackName="owner", WaiterConfig={"Delay": 1, "MaxAttempts": 120}
    )
    assert s3.list_buckets()["Buckets"] == []
    assert saved_files(emulator) == []


def break_entry(path: Path, key: str) -> None:
    """Do to an object's file what its key says."""
    line, content = path.read_bytes().split(b"\n", 1)
    broken: dict[str, bytes] = {
        "no json": b"{\n" + content,
        "a list": b"[]\n" + content,
        "empty": b"",
        "cut off": line + b"\n" + content[:-1],
        "altered": line + b"\nother 7",
        "another's": line.replace(b"another's", b"somebody") + b"\n" + content,
        "no time": line.replace(b'"last_modified": "', b'"last_modified": "noon') + b"\n" + content,
        "no tags": line.replace(b'"tags": {}', b'"tags": "x"') + b"\n" + content,
    }
    path.write_bytes(broken[key])


BROKEN = ("no json", "a list", "empty", "cut off", "altered", "another's", "no time", "no tags")


def test_broken_entries_are_moved_aside_and_the_rest_is_restored(emulator, s3, restart):
    s3.create_bucket(Bucket="damaged")
    for key in (*BROKEN, "whole"):
        s3.put_object(Bucket="damaged", Key=key, Body=b"1234567")
    emulator.kill()
    folder = emulator.state_dir / "s3/buckets/damaged"
    for path in folder.glob("*.object"):
        key = json.loads(path.read_bytes().split(b"\n")[0])["key"]
        if key in BROKEN:
            break_entry(path, key)
    logged = len(emulator.log_path.read_text())

    assert restart() == 1

    assert list(snapshot(s3, "damaged")) == ["whole"]
    assert len(list((emulator.state_dir / "s3/broken").iterdir())) == len(BROKEN)
    assert emulator.log_path.read_text()[logged:].count("moved to") == len(BROKEN)
    s3.put_object(Bucket="damaged", Key="altered", Body=b"again")
    assert restart() == 2
    shutil.rmtree(emulator.state_dir / "s3/broken")


def test_of_two_files_that_a_kill_has_left_the_later_one_counts(emulator, s3, restart):
    s3.create_bucket(Bucket="doubled")
    folder = emulator.state_dir / "s3/buckets/doubled"
    s3.put_object(Bucket="doubled", Key="one", Body=b"old")
    [old] = folder.glob("*.object")
    content = old.read_bytes()
    s3.put_object(Bucket="doubled", Key="one", Body=b"new")
    old.write_bytes(content)
    (emulator.state_dir / "s3/tmp/unfinished").write_bytes(b"{")

    assert restart() == 1

    assert snapshot(s3, "doubled")["one"]["Body"] == b"new"
    assert len(saved_files(emulator)) == 2


def test_a_bucket_whose_description_is_broken_keeps_its_objects(emulator, s3, restart):
    s3.create_bucket(Bucket="described")
    s3.put_object(Bucket="described", Key="one", Body=b"1")
    (emulator.state_dir / "s3/buckets/described/bucket.json").write_text("")

    assert restart() == 1

    assert snapshot(s3, "described")["one"]["Body"] == b"1"
    assert restart() == 1
    shutil.rmtree(emulator.state_dir / "s3/broken")


def test_a_refused_upload_leaves_the_object_that_was_there(s3):
    s3.create_bucket(Bucket="refusing")
    s3.put_object(Bucket="refusing", Key="one", Body=b"old", Metadata={"a": "b"})
    before = snapshot(s3, "refusing")

    status, error = error_of(
        s3.put_object, Bucket="refusing", Key="one", Body=b"new", ContentMD5="A" * 22 + "=="
    )

    assert (status, error["Code"]) == (400, "BadDigest")
    assert snapshot(s3, "refusing") == before


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 8 MiB."""
    if os.geteuid() != 0:
        pytest.skip("only root can mount a file system")
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=8m,mode=755", "scones-test", str(disk)],
        capture_output=True,
    )
    if mounted.returncode:
        pytest.skip(f"no file system can be mounted here: {mounted.stderr.decode()}")
    yield disk
    subprocess.run(["umount", "--lazy", str(disk)], check=True)


@pytest.fixture
def cramped(emulator: Emulator, small_disk: Path, tmp_path: Path) -> Iterator[Emulator]:
    """A LocalStack whose journal lies on a disk that has no space left but for the smallest."""
    instance = Emulator(tmp_path / "state")
    instance.state_dir.mkdir()
    (instance.state_dir / "s3").symlink_to(small_disk)
    yield instance.start()
    instance.kill()


def fill_up(disk: Path) -> None:
    free = os.statvfs(disk)
    (disk / "ballast").write_bytes(b"x" * free.f_bavail * free.f_frsize)
    assert os.statvfs(disk).f_bavail == 0


def test_on_a_full_disk_changes_fail_and_nothing_is_half_there(cramped, small_disk):
    s3 = cramped.client("s3")
    s3.create_bucket(Bucket="cramped")
    s3.put_object(Bucket="cramped", Key="old", Body=b"as it was", Metadata={"a": "b"})
    upload = s3.create_multipart_upload(Bucket="cramped", Key="old")
    parts = {"Bucket": "cramped", "Key": "old", "UploadId": upload["UploadId"]}
    part = s3.upload_part(**parts, PartNumber=1, Body=b"part")["ETag"]
    before = snapshot(s3, "cramped")
    fill_up(small_disk)

    source = {"Bucket": "cramped", "Key": "old"}
    refused = [
        error_of(s3.put_object, Bucket="cramped", Key="new", Body=b"x" * 10_000),
        error_of(s3.put_object, Bucket="cramped", Key="old", Body=b"y" * 10_000),
        error_of(s3.copy_object, Bucket="cramped", Key="copy", CopySource=source),
        error_of(
            s3.complete_multipart_upload,
            **parts,
            MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": part}]},
        ),
        error_of(s3.create_bucket, Bucket="another"),
    ]

    for status, error in refused:
        assert (status, error["Code"]) == (507, "InsufficientStorage")
        assert "No space left on device" in error["Message"]
    assert snapshot(s3, "cramped") == before
    assert [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]] == ["cramped"]

    cramped.kill()
    (small_disk / "ballast").unlink()
    cramped.start()
    assert snapshot(s3, "cramped") == before
    s3.put_object(Bucket="cramped", Key="old", Body=b"y" * 10_000)
    assert snapshot(s3, "cramped")["old"]["Body"] == b"y" * 10_000


def test_deleting_frees_a_full_disk(cramped, small_disk):
    s3 = cramped.client("s3")
    s3.create_bucket(Bucket="cramped")
    s3.put_object(Bucket="cramped", Key="large", Body=b"x" * 1_000_000)
    fill_up(small_disk)

    s3.delete_object(Bucket="cramped", Key="large")

    s3.put_object(Bucket="cramped", Key="small", Body=b"x" * 10_000)
    assert list(snapshot(s3, "cramped")) == ["small"]


def test_what_localstack_stores_for_itself_is_not_kept(emulator, s3):
    for bucket, account in (("ours", "000000000000"), ("awslambda-tasks", "949334387222")):
        client = boto3.client(
            "s3",
            endpoint_url=s3.meta.endpoint_url,
            region_name="us-east-1",
            aws_access_key_id=account,
            aws_secret_access_key="test",
        )
        client.create_bucket(Bucket=bucket)
        client.put_object(Bucket=bucket, Key="code", Body=b"zip")
    kept = (emulator.state_dir / "s3" / "buckets").iterdir()
    assert [folder.name for folder in kept] == ["ours"]
