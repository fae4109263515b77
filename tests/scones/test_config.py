from pathlib import Path

import pytest

from scones import config
from scones.errors import ConfigError
from scones.profiles import PROFILES


@pytest.fixture
def settings_file(tmp_path: Path) -> Path:
    path = tmp_path / "scones.toml"
    path.write_text('project = "bakery"\nthreshold = 0.5\n[profiles.local]\nsmtp_port = 2525\n')
    return path


def test_the_file_wins_over_the_default(settings_file: Path) -> None:
    assert config.load(settings_file).threshold == 0.5
    assert config.load(settings_file).project == "bakery"
    assert config.load(settings_file).target.smtp_port == 2525


def test_the_environment_wins_over_the_file(
    settings_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SCONES_THRESHOLD", "0.6")
    monkeypatch.setenv("SCONES_PROFILES__LOCAL__LOCALSTACK_PORT", "7001")
    settings = config.load(settings_file)
    assert settings.threshold == 0.6
    assert settings.target.localstack_url == "http://127.0.0.1:7001"


def test_a_flag_wins_over_the_environment(
    settings_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SCONES_THRESHOLD", "0.6")
    assert config.load(settings_file, threshold=0.7, profile=None).threshold == 0.7


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        ({"threshold": 1.5}, r"threshold: .*less than or equal to 1 \(got 1.5\)"),
        ({"threshold": -0.1}, r"threshold: .*greater than or equal to 0"),
        ({"profile": "azure"}, r"no profile 'azure'; there are local, docker, aws"),
        ({"project": "No Spaces"}, r"project: .*pattern"),
        ({"email": "nobody"}, r"email: .*\(got 'nobody'\)"),
    ],
)
def test_a_bad_value_is_named(settings_file: Path, flags: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        config.load(settings_file, **flags)


def test_a_missing_file_and_a_broken_one_are_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"no settings file .*nowhere.toml"):
        config.load(tmp_path / "nowhere.toml")
    broken = tmp_path / "broken.toml"
    broken.write_text("project = ")
    with pytest.raises(ConfigError, match=r"broken.toml is not valid TOML"):
        config.load(broken)


def test_an_unknown_setting_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "scones.toml"
    path.write_text('colour = "blue"\n[profiles.local]\nspeed = 1\n')
    with pytest.raises(ConfigError, match="colour"):
        config.load(path)
    path.write_text("[profiles.local]\nspeed = 1\n")
    with pytest.raises(ConfigError, match="speed"):
        config.load(path)


def test_a_table_in_the_environment_that_is_not_json_is_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SCONES_ETL", "bicycle")
    with pytest.raises(ConfigError, match=r'an environment variable is not JSON: .*"etl"'):
        config.load()


def test_a_class_without_a_route_says_what_to_add(settings_file: Path) -> None:
    with pytest.raises(ConfigError, match=r"class 'tank' has no route: add a \[\[routes\]\]"):
        config.load(settings_file).route("tank")


def test_the_network_of_jobs_comes_from_subnets_and_security_groups(
    settings_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert config.load(settings_file).target.vpc_config is None
    monkeypatch.setenv("SCONES_PROFILES__LOCAL__SUBNETS", '["subnet-1", "subnet-2"]')
    monkeypatch.setenv("SCONES_PROFILES__LOCAL__SECURITY_GROUPS", '["sg-1"]')
    assert config.load(settings_file).target.vpc_config == {
        "SecurityGroupIds": ["sg-1"],
        "Subnets": ["subnet-1", "subnet-2"],
    }


def test_half_a_network_is_refused(settings_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCONES_PROFILES__LOCAL__SUBNETS", '["subnet-1"]')
    with pytest.raises(ConfigError, match=r"subnets and security_groups go together"):
        config.load(settings_file)
    monkeypatch.setenv("SCONES_PROFILES__LOCAL__SECURITY_GROUPS", '["vpc-1"]')
    with pytest.raises(ConfigError, match=r"security_groups.0: .*pattern.*got 'vpc-1'"):
        config.load(settings_file)


def test_spot_instances_are_waited_for_as_long_as_is_set(
    settings_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert config.load(settings_file).target.spot_wait_seconds is None
    monkeypatch.setenv("SCONES_PROFILES__LOCAL__TRAINING_SPOT", "true")
    monkeypatch.setenv("SCONES_PROFILES__LOCAL__TRAINING_SPOT_WAIT_SECONDS", "60")
    assert config.load(settings_file).target.spot_wait_seconds == 60


def test_an_address_of_localstack_is_reached_by_its_name_here() -> None:
    inside = PROFILES["docker"].model_copy(
        update={"localstack_host": "localstack", "localstack_port": 4566}
    )
    url = "http://127.0.0.1:25516/_aws/execute-api/abc/v1?x=1"
    assert inside.reached(url) == "http://localstack:4566/_aws/execute-api/abc/v1?x=1"
    on_aws = "https://abc.execute-api.us-east-1.amazonaws.com/v1"
    assert PROFILES["aws"].reached(on_aws) == on_aws
