"""checkov finds nothing in terraform/ that is not exempt, in place and with a reason."""

import json
import re
import subprocess
import sys
from pathlib import Path

from tests.terraform.workspace import SOURCE, Workspace

EXEMPTION = re.compile(r"#\s*checkov:skip=(\w+)(?::(.*))?")


def scan(folder: Path) -> set[str]:
    """Return what fails: the check's name and the resource."""
    done = subprocess.run(
        [Path(sys.executable).parent / "checkov", "--directory", folder, "--framework", "terraform",
         "--skip-download", "--quiet", "--compact", "--output", "json", "--soft-fail"],
        capture_output=True, text=True,
        cwd=folder,  # it reads the settings of the folder in which it runs
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    found = json.loads(done.stdout)
    assert found["summary"]["parsing_errors"] == 0
    assert found["summary"]["passed"] > 0
    return {
        f"{check['check_id']} {check['resource']}" for check in found["results"]["failed_checks"]
    }


def test_nothing_fails(tmp_path: Path) -> None:
    assert scan(Workspace(tmp_path, "").path) == set()


def test_each_exemption_is_needed(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path, "")
    exempt = set()
    for file in workspace.path.rglob("*.tf"):
        text = file.read_text()
        exempt |= {check for check, _ in EXEMPTION.findall(text)}
        file.write_text(EXEMPTION.sub("# exempt", text))
    assert {found.split()[0] for found in scan(workspace.path)} == exempt


def test_each_exemption_says_why() -> None:
    found = [
        (file.name, check, reason)
        for file in SOURCE.rglob("*.tf")
        for check, reason in EXEMPTION.findall(file.read_text())
    ]
    assert len(found) > 10
    assert not [line for line in found if len(line[2].split()) < 4]
