"""`scones package` writes what `scones deploy` uploads."""

import json
import zipfile
from pathlib import Path

import pytest

from scones.cli.app import main
from scones.deploy.package import HANDLERS, pack_handler, pack_layer


def test_each_function_has_a_zip_file_with_its_module(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["package", str(tmp_path / "new" / "folder"), "--json"]) == 0
    written = [Path(path) for path in json.loads(capsys.readouterr().out)["packages"]]
    assert sorted(path.stem for path in written) == sorted([*HANDLERS.values(), "pillow"])
    for path in written:
        packed = pack_layer() if path.stem == "pillow" else pack_handler(path.stem)
        assert path.read_bytes() == packed
        with zipfile.ZipFile(path) as archive:
            assert archive.namelist()[0] in (
                f"{path.stem}.py",
                f"{path.stem}/__init__.py",
                "python/PIL/AvifImagePlugin.py",
            )


def test_a_folder_that_cannot_be_written_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").touch()
    assert main(["package", str(tmp_path / "file" / "packages")]) == 1
    assert f"Not a directory: {tmp_path}/file/packages" in capsys.readouterr().err
