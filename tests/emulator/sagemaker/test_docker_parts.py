"""Parts of the docker backend that need no engine."""

import io
import tarfile

import pytest

from scones_localstack.sagemaker.archives import ArchiveError
from scones_localstack.sagemaker.backends import SERVE, TRAIN, ContainerSpec, Exit
from scones_localstack.sagemaker.backends.docker.files import packed, take_out
from scones_localstack.sagemaker.backends.docker.instances import GIB, Share, share_of
from scones_localstack.sagemaker.backends.docker.terms import (
    environment,
    identity,
    limits_of,
    published,
    rights,
)


@pytest.mark.parametrize(
    ("instance_type", "cpus", "gib"),
    [
        ("ml.t3.medium", 2, 4),
        ("ml.m5.large", 2, 8),
        ("ml.m5.xlarge", 4, 16),
        ("ml.m4.10xlarge", 40, 160),
        ("ml.c4.large", 2, 3.75),
        ("ml.c4.8xlarge", 36, 60),
        ("ml.c5.18xlarge", 72, 144),
        ("ml.c5n.xlarge", 4, 10.5),
        ("ml.r5d.24xlarge", 96, 768),
        ("ml.p2.xlarge", 4, 61),
        ("ml.p3.2xlarge", 8, 61),
        ("ml.p3dn.24xlarge", 96, 768),
        ("ml.p4d.24xlarge", 96, 1152),
        ("ml.p5.48xlarge", 192, 2048),
        ("ml.g4dn.12xlarge", 48, 192),
        ("ml.inf1.xlarge", 4, 8),
        ("ml.inf2.8xlarge", 32, 128),
        ("ml.trn1.32xlarge", 128, 512),
    ],
)
def test_instance_types_have_what_aws_lists(instance_type, cpus, gib):
    assert share_of(instance_type) == Share(cpus, int(gib * GIB))


@pytest.mark.parametrize("instance_type", ["", "local", "ml.m5", "ml.m5.huge", "ml.zz9.xlarge"])
def test_an_unknown_instance_type_has_no_limits_and_the_log_says_so(instance_type):
    limits = limits_of(instance_type, Share(2, 8 * GIB))

    assert limits.share is None
    assert "the whole machine may be used" in limits.notice
    assert "mem_limit" not in rights(limits.share)


def test_limits_are_scaled_down_to_a_smaller_machine_and_the_log_says_so():
    limits = limits_of("ml.m5.xlarge", Share(2, 32 * GIB))

    assert limits.share == Share(2, 16 * GIB)
    assert limits.notice == (
        "scones: ml.m5.xlarge has 4 vCPU and 16.0 GiB; "
        "this machine is smaller and gives 2 vCPU and 16.0 GiB"
    )
    assert limits_of("ml.m5.xlarge", Share(4, 16 * GIB)).notice == ""


def test_no_container_has_more_rights_than_it_needs():
    granted = rights(Share(2, 8 * GIB))

    assert granted["cap_drop"] == ["ALL"]
    assert not {"NET_RAW", "SYS_ADMIN", "MKNOD", "SYS_PTRACE"} & set(granted["cap_add"])
    assert granted["security_opt"] == ["no-new-privileges"]
    assert granted["memswap_limit"] == granted["mem_limit"] == 8 * GIB
    assert not {"privileged", "binds", "mounts", "pid_mode", "network_mode"} & set(granted)


def test_a_container_without_the_services_network_gets_no_credentials():
    assert environment("") == {"AWS_EC2_METADATA_DISABLED": "true"}
    assert environment("http://localstack:4566")["AWS_ACCESS_KEY_ID"] == "test"


def test_only_model_servers_are_published_and_only_on_loopback(tmp_path):
    spec = ContainerSpec("endpoint/e/AllTraffic", "image", SERVE, tmp_path, tmp_path / "log")

    assert published(spec) == {"port_bindings": {8080: ("127.0.0.1", None)}}
    job = ContainerSpec("training-job/j", "image", TRAIN, tmp_path, tmp_path / "log", host="algo-2")
    assert published(job) == {}
    labels = identity(job, "f" * 32)["labels"]
    assert labels["scones.sagemaker.name"] == "training-job/j/algo-2"
    assert labels["scones.sagemaker.state"] == "f" * 32


def test_an_end_says_what_went_wrong():
    assert str(Exit(3)) == "exit code 3"
    assert str(Exit(137, reason="Out of memory.")) == "exit code 137 (Out of memory)"
    assert Exit(0, reason="The engine has gone.").failed
    assert not Exit(0).failed


# Files


def test_a_folder_goes_in_whole_and_anybody_may_write_there(tmp_path):
    root = tmp_path / "ml"
    (root / "input/config").mkdir(parents=True)
    (root / "model").mkdir()
    (root / "input/config/empty").touch(0o600)
    (root / "model/weights").write_bytes(b"w" * 700)
    (root / "model/run.sh").touch(0o700)
    (root / "model/latest").symlink_to("weights")

    with tarfile.open(fileobj=io.BytesIO(b"".join(packed(root)))) as tar:
        members = {member.name: member for member in tar}
        assert tar.extractfile("opt/ml/model/weights").read() == b"w" * 700
        assert tar.extractfile("opt/ml/input/config/empty").read() == b""

    assert members["opt/ml/model/latest"].linkname == "weights"
    assert members["opt/ml/model"].mode == members["opt/ml"].mode == 0o777
    assert members["opt/ml/input/config/empty"].mode == 0o666
    assert members["opt/ml/model/run.sh"].mode & 0o111
    assert {(member.uid, member.gid) for member in members.values()} == {(0, 0)}


def stream(*members: tuple[str, bytes | str | int], size: int = 1000) -> list[bytes]:
    """Return a tar stream in pieces: of files (content), links (target) and others (type)."""
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w") as tar:
        for name, what in members:
            info = tarfile.TarInfo(name)
            if isinstance(what, bytes):
                info.size = len(what)
                tar.addfile(info, io.BytesIO(what))
                continue
            if isinstance(what, int):
                info.type = bytes([what])
            else:
                info.type, info.linkname = tarfile.SYMTYPE, what
            tar.addfile(info)
    data = content.getvalue()
    return [data[start : start + size] for start in range(0, len(data), size)]


FOLDER, FIFO, DEVICE = tarfile.DIRTYPE[0], tarfile.FIFOTYPE[0], tarfile.CHRTYPE[0]


def test_what_comes_out_replaces_what_was_there(tmp_path):
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "old").touch()
    parts = stream(("model", FOLDER), ("model/deep", FOLDER), ("model/deep/weights", b"w" * 3000))

    assert take_out(parts, folder) == []

    assert [path.name for path in folder.iterdir()] == ["deep"]
    assert (folder / "deep/weights").read_bytes() == b"w" * 3000


def test_links_inside_are_kept_and_lead_to_what_they_led_to(tmp_path):
    parts = stream(
        ("model", FOLDER),
        ("model/snapshot", FOLDER),
        ("model/snapshot/weights", "../blobs/1"),
        ("model/blobs", FOLDER),
        ("model/blobs/1", b"one"),
    )

    assert take_out(parts, tmp_path / "model") == []
    assert (tmp_path / "model/snapshot/weights").read_bytes() == b"one"


@pytest.mark.parametrize(
    "hostile",
    [
        [("model/x", "/etc/passwd")],
        [("model/x", "../../secret")],
        [("model/x", "nowhere")],
        [("model/x", FIFO)],
        [("model/x", DEVICE)],
        [("model/../../x", b"out")],
        [("model/d", "../.."), ("model/d/x", b"out")],
        [("model/a", FOLDER), ("model/a/up", ".."), ("model/x", "a/up/../../secret")],
    ],
)
def test_nothing_leads_or_lands_outside(tmp_path, hostile):
    (tmp_path / "secret").write_text("mine")
    folder = tmp_path / "work/model"

    left_out = take_out(stream(("model", FOLDER), ("model/good", b"1"), *hostile), folder)

    assert len(left_out) >= 1
    assert (folder / "good").read_bytes() == b"1"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["secret", "work"]
    assert [path.name for path in (tmp_path / "work").iterdir()] == ["model"]
    for path in folder.rglob("*"):
        assert path.resolve().is_relative_to(folder)


def test_a_model_that_is_a_link_itself_is_left_in_the_container(tmp_path):
    assert take_out(stream(("model", "/etc")), tmp_path / "model") == ["model"]
    assert list((tmp_path / "model").iterdir()) == []


def test_too_much_or_a_stream_that_is_cut_off_is_an_error(tmp_path):
    parts = stream(("model", FOLDER), ("model/weights", b"w" * 3000))

    with pytest.raises(ArchiveError, match="more than 2999 bytes"):
        take_out(parts, tmp_path / "model", max_bytes=2999)
    with pytest.raises(ArchiveError):
        take_out(parts[:2], tmp_path / "model")
