"""Handlers, layers and state machines of the checkout, checked and packed under their hashes.

The name by hash makes a deployment without a change visible as one: the same sources always have
the same keys.
"""

import hashlib
import io
import json
import re
import zipfile
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from scones.deploy.layer import pillow_files
from scones.errors import DeployError

HANDLERS = {
    "SerializeCodeKey": "serialize_image",
    "ClassifyCodeKey": "classify_image",
    "FilterCodeKey": "filter_confidence",
    "DetectionCodeKey": "detection",  # a folder: three handlers and what they share
}
LAYERS = {"PillowLayerKey": "pillow"}
DEFINITIONS = {
    "ClassifyImageDefinitionKey": "classify_image",
    "ClassifyBatchDefinitionKey": "classify_batch",
    "TrainAndDeployDefinitionKey": "train_and_deploy",
    "EndpointHoursDefinitionKey": "endpoint_hours",
}

_SUBSTITUTION = re.compile(r"\$\{(\w+)\}")
_ZIP_EPOCH = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class Artifact:
    """One object of the artifacts bucket.

    Attributes:
        parameter: The template's parameter that takes the key.
        key: The object's key, which has the hash of what is in it.
        body: Its bytes.
    """

    parameter: str
    key: str
    body: bytes


def build(source_root: Path, substitutions: Collection[str]) -> list[Artifact]:
    """Return all artifacts.

    Args:
        source_root: The checkout, with `asl/`.
        substitutions: The names that the template substitutes in definitions.

    Raises:
        DeployError: A source is missing or not well formed.
    """
    packed = [
        artifact(parameter, "functions", name, "zip", pack_handler(name))
        for parameter, name in HANDLERS.items()
    ]
    layers = [
        artifact(parameter, "layers", name, "zip", pack_layer())
        for parameter, name in LAYERS.items()
    ]
    defined = [
        artifact(
            parameter,
            "definitions",
            name,
            "asl.json",
            read_definition(source_root / "asl" / f"{name}.asl.json", substitutions),
        )
        for parameter, name in DEFINITIONS.items()
    ]
    return packed + layers + defined


def pack_handler(name: str) -> bytes:
    """Return the zip file of one handler module or folder, the same bytes for the same source.

    Raises:
        DeployError: It is missing or not Python.
    """
    try:
        sources = dict(_sources(files("scones.lambdas"), name))
        for path, source in sources.items():
            compile(source, path, "exec")
    except OSError as error:
        raise DeployError(f"cannot read the handler {name}: {error.strerror}") from error
    except SyntaxError as error:
        raise DeployError(
            f"handler {name} is not Python: line {error.lineno}: {error.msg}"
        ) from error
    return _zip(sources)


def pack_layer() -> bytes:
    """Return the zip file of the layer with Pillow, the same bytes for the same wheel.

    Raises:
        DeployError: There is no Pillow that runs on Lambda.
    """
    return _zip({f"python/{path}": body for path, body in pillow_files().items()})


def _sources(folder: Traversable, name: str) -> Iterator[tuple[str, bytes]]:
    """Yield the files of a handler with their places in the zip file, in order."""
    if (folder / name).is_dir():
        modules = sorted(entry.name for entry in (folder / name).iterdir())
        for module in modules:
            if module.endswith(".py"):
                yield f"{name}/{module}", (folder / name / module).read_bytes()
    else:
        yield f"{name}.py", (folder / f"{name}.py").read_bytes()


def _zip(contents: Mapping[str, bytes]) -> bytes:
    packed = io.BytesIO()
    # Stored, because two versions of zlib may compress the same source to different bytes.
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as archive:
        for path, body in contents.items():
            entry = zipfile.ZipInfo(path, date_time=_ZIP_EPOCH)
            entry.create_system = 3  # Unix, wherever it is packed
            entry.external_attr = 0o100644 << 16
            archive.writestr(entry, body)
    return packed.getvalue()


def read_definition(path: Path, substitutions: Collection[str]) -> bytes:
    """Return a state machine's file after checking its form.

    Raises:
        DeployError: It is missing, not JSON, no state machine, or wants an unknown substitution.
    """
    try:
        text = path.read_text(encoding="utf-8")
        document = json.loads(text)
    except OSError as error:
        raise DeployError(f"cannot read the state machine {path}: {error.strerror}") from error
    except json.JSONDecodeError as error:
        raise DeployError(f"{path} is not JSON: {error}") from error
    if not isinstance(document, dict) or document.get("StartAt") not in document.get("States", {}):
        raise DeployError(f"{path} is no state machine: StartAt does not name one of its States")
    unknown = set(_SUBSTITUTION.findall(text)) - set(substitutions)
    if unknown:
        raise DeployError(
            f"{path} wants ${{{sorted(unknown)[0]}}}, which the template does not substitute "
            f"(it has {', '.join(sorted(substitutions))})"
        )
    return text.encode()


def artifact(parameter: str, folder: str, name: str, suffix: str, body: bytes) -> Artifact:
    """Return an artifact under its content's hash."""
    digest = hashlib.sha256(body).hexdigest()[:16]
    return Artifact(parameter, f"{folder}/{name}-{digest}.{suffix}", body)
