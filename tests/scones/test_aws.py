from pathlib import Path

import pytest

from scones.aws import Session
from scones.profiles import PROFILES


def test_an_emulated_client_ignores_the_callers_aws_configuration(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "config").write_text("[profile work]\nregion = eu-west-1\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_PROFILE", "does-not-exist")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAREAL")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "https://example.invalid")
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    session = Session(PROFILES["local"])
    s3 = session.client("s3")
    assert s3.meta.endpoint_url == "http://127.0.0.1:4566"
    assert s3.meta.region_name == "us-east-1"
    assert s3._request_signer._credentials.access_key == "test"
    assert session.client("sagemaker-runtime").meta.endpoint_url == "http://127.0.0.1:4567"
    assert session.account == "000000000000"


def test_the_aws_profile_goes_to_aws(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ENDPOINT_URL", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    client = Session(PROFILES["aws"]).client("sagemaker")
    assert client.meta.endpoint_url == "https://api.sagemaker.us-east-1.amazonaws.com"


def test_a_client_is_made_once() -> None:
    session = Session(PROFILES["local"])
    assert session.client("s3") is session.client("s3")
