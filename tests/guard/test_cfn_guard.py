"""The CloudFormation templates against the rules of AWS Control Tower, by cfn-guard itself.

Program and rules are in the wheel of AWS's CDK validator; of the CDK nothing is used.
"""

import json
import platform
import subprocess
import tarfile
import tomllib
from importlib.metadata import distribution
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TEMPLATES = sorted((ROOT / "cloudformation").glob("*.yaml"))
EXEMPTIONS = tomllib.loads((ROOT / ".cfn-guard.toml").read_text())
SYSTEMS = {"Linux": "ubuntu", "Darwin": "macos"}
PROCESSORS = {"x86_64": "x86_64", "aarch64": "aarch64", "arm64": "aarch64"}


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What is in the wheel: the program for each system, and the rules."""
    folder = tmp_path_factory.mktemp("guard")
    wheel = distribution("cdklabs-cdk-validator-cfnguard")
    (archive,) = (file for file in wheel.files or () if file.name.endswith(".jsii.tgz"))
    with tarfile.open(str(wheel.locate_file(archive))) as packed:
        packed.extractall(folder, filter="data")
    return folder / "package"


def failing(package: Path, template: Path) -> set[str]:
    """Names of the rules that a template does not follow."""
    system, processor = SYSTEMS.get(platform.system()), PROCESSORS.get(platform.machine())
    program = package / "bin" / str(system) / str(processor) / "cfn-guard"
    if not program.exists():
        pytest.skip(f"cfn-guard has no program for {platform.system()} {platform.machine()}")
    program.chmod(0o755)
    rules = package / "rules" / "control-tower" / "cfn-guard"
    command = [program, "validate", "--rules", rules, "--data", template]
    options = ["--structured", "--output-format", "json", "--show-summary", "none"]
    done = subprocess.run([*command, *options], capture_output=True, text=True)
    assert done.returncode in (0, 19), done.stderr  # 19: a rule is not followed
    (found,) = json.loads(done.stdout)
    assert len(found["not_applicable"]) + len(found["compliant"]) > 200, "few rules were read"
    return {entry["Rule"]["name"] for entry in found["not_compliant"]}


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.stem)
def test_a_template_follows_every_rule_or_says_why_not(package: Path, template: Path) -> None:
    assert failing(package, template) == set(EXEMPTIONS.get(template.stem, {}))


def test_every_exemption_is_of_a_template_and_has_a_reason() -> None:
    assert set(EXEMPTIONS) <= {template.stem for template in TEMPLATES}
    assert all(len(why) > 20 for table in EXEMPTIONS.values() for why in table.values())


@pytest.fixture
def careless(tmp_path: Path) -> Path:
    """A template with a bucket that anybody may read."""
    bucket = {"Type": "AWS::S3::Bucket", "Properties": {"AccessControl": "PublicRead"}}
    file = tmp_path / "careless.json"
    file.write_text(json.dumps({"Resources": {"Bucket": bucket}}))
    return file


def test_what_is_wrong_is_found(package: Path, careless: Path) -> None:
    found = failing(package, careless)
    assert {"s3_bucket_level_public_access_prohibited_check", "s3_lifecycle_policy_check"} <= found
