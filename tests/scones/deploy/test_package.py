"""Artifacts: the same sources give the same bytes under the same keys."""

import io
import json
import os
import subprocess
import sys
import sysconfig
import zipfile

import pytest

from scones.deploy import layer
from scones.deploy.package import (
    DEFINITIONS,
    HANDLERS,
    build,
    pack_handler,
    pack_layer,
    read_definition,
)
from scones.deploy.settings import SOURCE_ROOT
from scones.deploy.template import all_substitutions, read_template
from scones.errors import DeployError
from tests.scones.stack_fixtures.fixtures import stack_settings

SITE_PACKAGES = sysconfig.get_path("purelib")
FUNCTIONS = {"SerializeFunctionArn", "ClassifyFunctionArn", "FilterFunctionArn"}
SUBSTITUTIONS = FUNCTIONS | {
    "ConfigurationParameter",
    "EndpointName",
    "ModelTopicArn",
    "SageMakerRoleArn",
}


def test_the_same_sources_give_the_same_artifacts():
    assert build(SOURCE_ROOT, SUBSTITUTIONS) == build(SOURCE_ROOT, SUBSTITUTIONS)


def test_another_definition_gets_another_key(tmp_path):
    (tmp_path / "asl").mkdir()
    for name in DEFINITIONS.values():
        text = (SOURCE_ROOT / "asl" / f"{name}.asl.json").read_text()
        changed = text.replace('"Comment": "', '"Comment": "Once more: ', 1)
        (tmp_path / "asl" / f"{name}.asl.json").write_text(changed)
    before = {artifact.parameter: artifact.key for artifact in build(SOURCE_ROOT, SUBSTITUTIONS)}
    after = {artifact.parameter: artifact.key for artifact in build(tmp_path, SUBSTITUTIONS)}
    assert {name for name in before if before[name] != after[name]} == set(DEFINITIONS)


@pytest.mark.parametrize("name", [name for name in HANDLERS.values() if name != "detection"])
def test_a_packed_handler_runs_alone(name, tmp_path):
    with zipfile.ZipFile(io.BytesIO(pack_handler(name))) as archive:
        assert archive.namelist() == [f"{name}.py"]
        archive.extractall(tmp_path)
    # -I: neither this package nor its folder are on the path, only what Lambda has.
    program = (
        f"import sys; sys.path.insert(0, {str(tmp_path)!r}); import {name}; "
        f"assert callable({name}.handler); "
        f"assert not any(module.startswith('scones') for module in sys.modules)"
    )
    subprocess.run([sys.executable, "-I", "-c", program], check=True, env=dict(os.environ))


@pytest.mark.parametrize("name", ["detect_objects", "annotate_image", "answer_request"])
def test_the_packed_detection_handlers_run_with_their_layer_alone(name, tmp_path):
    for folder, body in (("task", pack_handler("detection")), ("opt", pack_layer())):
        with zipfile.ZipFile(io.BytesIO(body)) as archive:
            archive.extractall(tmp_path / folder)
    # -S: no site-packages; boto3 is what Lambda's runtime brings, so its place is added by name.
    program = (
        f"import sys; sys.path.insert(0, {str(tmp_path / 'opt/python')!r}); "
        f"sys.path.insert(0, {str(tmp_path / 'task')!r}); "
        f"sys.path.append({str(SITE_PACKAGES)!r}); import PIL, detection.{name} as module; "
        f"assert callable(module.handler); "
        f"assert PIL.__file__.startswith({str(tmp_path / 'opt')!r}), PIL.__file__; "
        f"assert not any(name.startswith('scones') for name in sys.modules)"
    )
    subprocess.run([sys.executable, "-I", "-S", "-c", program], check=True, env=dict(os.environ))


def test_the_layer_has_every_file_of_the_wheel_that_runs():
    with zipfile.ZipFile(io.BytesIO(pack_layer())) as archive:
        names = set(archive.namelist())
    assert {"python/PIL/__init__.py", "python/PIL/Image.py"} <= names
    assert any(name.startswith("python/pillow.libs/libjpeg") for name in names)
    assert not any("__pycache__" in name or name.endswith("RECORD") for name in names)


def test_a_file_that_is_not_the_wheels_is_refused(monkeypatch):
    monkeypatch.setattr("scones.deploy.layer._digest", lambda body, algorithm: "another")
    with pytest.raises(DeployError, match="not what its wheel brought"):
        pack_layer()


def test_the_layers_hashes_are_those_that_pip_checked():
    pins = (SOURCE_ROOT / "requirements" / "tools.txt").read_text()
    for line in layer.REQUIREMENTS.read_text().splitlines():
        assert line.strip().removesuffix("\\").strip() in pins


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "is not JSON"),
        ("[]", "is no state machine"),
        ('{"StartAt": "A", "States": {"B": {}}}', "StartAt does not name"),
        (json.dumps({"StartAt": "A", "States": {"A": "${OtherArn}"}}), r"wants \$\{OtherArn\}"),
    ],
)
def test_a_definition_that_is_none_is_refused_with_its_path(tmp_path, text, message):
    path = tmp_path / "broken.asl.json"
    path.write_text(text)
    with pytest.raises(DeployError, match=f"broken.asl.json.*{message}"):
        read_definition(path, SUBSTITUTIONS)


def test_every_definition_of_the_project_is_deployed():
    files = {path.name.removesuffix(".asl.json") for path in (SOURCE_ROOT / "asl").iterdir()}
    assert files == set(DEFINITIONS.values())


def test_the_template_substitutes_what_the_definitions_want():
    assert all_substitutions(stack_settings()) == SUBSTITUTIONS


@pytest.mark.parametrize(
    ("text", "message"),
    [("a: [", "is not YAML"), ("a: 1", "has no Resources"), (None, "deploy from a checkout")],
)
def test_a_template_that_is_none_is_refused_with_its_path(tmp_path, text, message):
    path = tmp_path / "core.yaml"
    if text is not None:
        path.write_text(text)
    with pytest.raises(DeployError, match=f"core.yaml.*{message}"):
        read_template(path)
