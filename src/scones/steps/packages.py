"""The functions' and layers' zip files in a folder, for Terraform or a pipeline of one's own."""

from pathlib import Path

from scones.deploy.package import HANDLERS, LAYERS, pack_handler, pack_layer


def write_packages(folder: Path) -> list[Path]:
    """Write a zip file for each function and each layer; return their paths.

    The same sources always give the same bytes, so Terraform sees a change only where there is one.

    Raises:
        DeployError: A handler is not well formed.
        OSError: The folder cannot be written.
    """
    packed = {folder / f"{name}.zip": pack_handler(name) for name in HANDLERS.values()}
    packed |= {folder / f"{name}.zip": pack_layer() for name in LAYERS.values()}
    folder.mkdir(parents=True, exist_ok=True)
    for path, body in packed.items():
        path.write_bytes(body)
    return list(packed)
