"""AWS's built-in image classification and Model Monitor's analyzer, by their URIs, are ours."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from scones.emulation.services import _image_table, interpreter

# SageMaker's own SDK, in a process of its own: importing it warns of much, and it logs to stdout.
_URIS = """
import sys
from sagemaker import image_uris
name, version = sys.argv[1:]
config = image_uris.config_for_framework(name)
for region in config["versions"][version]["registries"]:
    print("URI", image_uris.retrieve(name, region))
"""
# The service's own look-up, in its own environment: one line out for each line in.
_LOOK_UP = """
import sys
from pathlib import Path
from scones_localstack.sagemaker.images import load
images = load(Path(sys.argv[1]))
for uri in sys.stdin.read().split():
    image = images.program(uri)
    print(uri, image.name, image.command[-1])
"""


def _lines(program: str, *command: str, told: str = "") -> list[str]:
    return subprocess.run(
        [command[0], "-W", "ignore", "-c", program, *command[1:]],
        input=told,
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "SAGEMAKER_SUPPRESS_V2_WARNING": "1"},
    ).stdout.splitlines()


@pytest.mark.parametrize(
    ("name", "version", "ours"),
    [
        (
            "image-classification",
            "1",
            "scones/image-classification:latest scones_algorithms.image_classification",
        ),
        ("model-monitor", "", "scones/tools:latest scones.monitor.analyzer"),
    ],
)
def test_the_sdks_uri_of_each_region_stands_for_our_program(
    tmp_path: Path, name: str, version: str, ours: str
) -> None:
    said = [line.split() for line in _lines(_URIS, sys.executable, name, version)]
    uris = [words[1] for words in said if words[0] == "URI"]
    assert len(uris) > 25
    suffixes = {uri.split("/")[0].split(".", 4)[-1] for uri in uris}
    assert {"amazonaws.com", "amazonaws.com.cn"} < suffixes

    table = _image_table(tmp_path, [])
    found = _lines(_LOOK_UP, str(interpreter("emulator")), str(table), told="\n".join(uris))

    assert found == [f"{uri} {ours}" for uri in uris]
