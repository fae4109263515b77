"""A copy of terraform/ to work in, and the `terraform` program in it."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from scones.steps.packages import write_packages

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "terraform"
LOCAL = (".terraform*", "packages", "*_override.tf", "*.tfstate*", "terraform.tfvars", "backend.tf")


class Workspace:
    """terraform/ with packages, beside api/ and asl/, as in a checkout."""

    def __init__(self, folder: Path, provider: str) -> None:
        """Copy the sources.

        Args:
            folder: An empty folder.
            provider: The value of TF_REATTACH_PROVIDERS: the provider that terraform is to use.
        """
        self.path = folder / "terraform"
        shutil.copytree(SOURCE, self.path, ignore=self._ignored)
        for beside in ("api", "asl"):
            shutil.copytree(ROOT / beside, folder / beside)
        write_packages(self.path / "packages")
        settings = folder / "terraformrc"
        settings.touch()
        self._environment = {k: v for k, v in os.environ.items() if not k.startswith("TF_")} | {
            "CHECKPOINT_DISABLE": "1",
            "TF_CLI_CONFIG_FILE": str(settings),
            "TF_IN_AUTOMATION": "1",
            "TF_REATTACH_PROVIDERS": provider,
        }

    @staticmethod
    def _ignored(folder: str, names: list[str]) -> set[str]:
        """Leave out what a person made in the checkout; localstack/ is ours."""
        if Path(folder).name == "localstack":
            return set()
        return set(shutil.ignore_patterns(*LOCAL)(folder, names))

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run terraform; its failure is the caller's to judge."""
        return subprocess.run(
            ["terraform", *arguments, "-no-color"],
            cwd=self.path,
            env=self._environment,
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
        )

    def must(self, *arguments: str) -> str:
        """Run terraform, which must succeed; return what it prints."""
        done = self.run(*arguments)
        assert done.returncode == 0, f"terraform {' '.join(arguments)}\n{done.stdout}{done.stderr}"
        return done.stdout

    def apply(self, variables: dict[str, Any]) -> None:
        """Apply with these variables, which a later plan or destroy takes too."""
        (self.path / "terraform.tfvars.json").write_text(json.dumps(variables))
        self.must("init", "-input=false", "-backend=false")
        self.must("apply", "-input=false", "-auto-approve")

    def resources(self) -> Iterator[dict[str, Any]]:
        """Yield what there is, each with address, type and values."""
        state = json.loads(self.must("show", "-json"))
        modules = [state["values"]["root_module"]]
        while modules:
            module = modules.pop()
            modules += module.get("child_modules", [])
            yield from (r for r in module.get("resources", []) if r["mode"] == "managed")
