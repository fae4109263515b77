"""The processing container's contract: its folders, its two files, and the paths in its words.

Source: "Build Your Own Processing Container" in the SageMaker developer guide.

Where containers have no file system of their own (the `process` backend) /opt/ml is a folder
elsewhere. The program is then told that folder wherever the request says /opt/ml: in its command
line, its variables, the LocalPaths of processingjobconfig.json, and as SAGEMAKER_BASE_DIR. Only a
path that is written into the program itself does not lead there.
"""

import codecs
import json
from pathlib import Path, PurePosixPath
from typing import Any

from scones_localstack.sagemaker.contract import OPT_ML, translated

PROCESSING = "/opt/ml/processing"
MESSAGE_BYTES = 1024

_HOST = "algo-1"
# What the file has and a request may leave out.
_INPUT_DEFAULTS = {
    "S3DataDistributionType": "FullyReplicated",
    "S3InputMode": "File",
    "S3CompressionType": "None",
    "S3DownloadMode": "StartOfJob",
}


class MessageError(Exception):
    """What a program has left as its exit message is no text."""


def relative(path: str) -> str | None:
    """Return a LocalPath as a path below /opt/ml; None if it is not below /opt/ml/processing."""
    pure = PurePosixPath(path)
    if ".." in pure.parts or not pure.is_relative_to(PROCESSING) or str(pure) == PROCESSING:
        return None
    return str(pure.relative_to(OPT_ML))


def write_config(folder: Path, job: dict[str, Any], root: str) -> None:
    """Write processingjobconfig.json and resourceconfig.json.

    Args:
        folder: what the container sees as /opt/ml.
        job: as DescribeProcessingJob has it.
        root: by which path the container sees that.
    """
    config = folder / "config"
    config.mkdir(parents=True, exist_ok=True)
    documents = {
        "processingjobconfig.json": _job_config(job, root),
        "resourceconfig.json": {"current_host": _HOST, "hosts": [_HOST]},
    }
    for name, document in documents.items():
        (config / name).write_text(json.dumps(document), encoding="utf-8")


def exit_message(folder: Path) -> str:
    """Return the beginning of what the program has left as its message, or nothing.

    Raises:
        MessageError: it is not UTF-8.
    """
    try:
        with (folder / "output" / "message").open("rb") as file:
            content = file.read(MESSAGE_BYTES)
    except OSError:
        return ""
    try:
        # A character that the cut goes through is not the program's mistake.
        whole = len(content) < MESSAGE_BYTES
        return codecs.getincrementaldecoder("utf-8")().decode(content, final=whole).strip()
    except UnicodeDecodeError as error:
        raise MessageError(f"the exit message is not UTF-8: {error}") from error


def _job_config(job: dict[str, Any], root: str) -> dict[str, Any]:
    application = job["AppSpecification"]
    outputs = job.get("ProcessingOutputConfig", {})
    cluster = job["ProcessingResources"]["ClusterConfig"]
    return {
        "ProcessingJobArn": job["ProcessingJobArn"],
        "ProcessingJobName": job["ProcessingJobName"],
        "AppSpecification": {
            "ImageUri": application["ImageUri"],
            "ContainerEntrypoint": application.get("ContainerEntrypoint"),
            "ContainerArguments": application.get("ContainerArguments"),
        },
        "Environment": job.get("Environment", {}),
        "ProcessingInputs": [
            entry | {"S3Input": _INPUT_DEFAULTS | _placed(entry["S3Input"], root)}
            for entry in job.get("ProcessingInputs", ())
        ],
        "ProcessingOutputConfig": {
            "Outputs": [
                entry | {"S3Output": _placed(entry["S3Output"], root)}
                for entry in outputs.get("Outputs", ())
            ],
            "KmsKeyId": outputs.get("KmsKeyId"),
        },
        "ProcessingResources": {"ClusterConfig": {"VolumeKmsKeyId": None, **cluster}},
        "RoleArn": job["RoleArn"],
        "StoppingCondition": job["StoppingCondition"],
    }


def _placed(place: dict[str, Any], root: str) -> dict[str, Any]:
    return place | {"LocalPath": translated(place["LocalPath"], root)}
