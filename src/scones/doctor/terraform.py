"""Whether terraform/ works with the Terraform and the provider that are here.

    terraform ─▶ format ─▶ provider (init) ─▶ validate ─▶ test ─▶ plan, apply, repeat, destroy
                                                                  against LocalStack

A check that fails or cannot run ends the examination: those after it need what it needs. Nothing
is written to the checkout, and AWS is never asked.
"""

import json
import os
import re
import shutil
import subprocess
import tempfile
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

from scones.doctor.finding import Finding, Outcome
from scones.progress import SILENT, Reporter
from scones.steps.packages import write_packages

LEAST_VERSION = (1, 9)
_TIMEOUT_SECONDS = 900
_LOCAL_FILES = (
    ".terraform*",
    "packages",
    "*_override.tf",
    "*.tfstate*",
    "terraform.tfvars*",
    "*.auto.tfvars*",
    "backend.tf",
)
_VARIABLES = ("-var-file=localstack/localstack.tfvars", "-var=project=scones-doctor")


def examine_terraform(
    source_root: Path, localstack_url: str | None, *, reporter: Reporter = SILENT
) -> Iterator[Finding]:
    """Yield a finding for each check, until one does not pass.

    Args:
        source_root: The checkout, with `terraform/` and `asl/`.
        localstack_url: Where LocalStack is to answer, or None to apply nothing.
        reporter: Told each check as it begins.
    """
    if not (source_root / "terraform").is_dir():
        where = f"no terraform/ in {source_root}: run it from a checkout"
        yield Finding("terraform", Outcome.NOT_RUN, where)
        return
    with tempfile.TemporaryDirectory(prefix="scones-doctor-") as folder:
        _copy(source_root, Path(folder))
        examination = _Examination(Path(folder) / "terraform", localstack_url)
        for name, check in examination.checks():
            reporter.note(f"terraform: {name}")
            finding = check(name)
            yield finding
            if finding.outcome is not Outcome.PASSED:
                return


def _copy(source_root: Path, folder: Path) -> None:
    """Copy the sources without what belongs to a person's own deployment."""
    mine = shutil.ignore_patterns(*_LOCAL_FILES)

    def left_out(path: str, names: list[str]) -> set[str]:
        return set() if Path(path).name == "localstack" else mine(path, names)

    shutil.copytree(source_root / "terraform", folder / "terraform", ignore=left_out)
    for beside in ("api", "asl"):
        shutil.copytree(source_root / beside, folder / beside)
    write_packages(folder / "terraform" / "packages")


class _Examination:
    """The checks in a copy of terraform/."""

    def __init__(self, folder: Path, localstack_url: str | None) -> None:
        self._folder = folder
        self._localstack_url = localstack_url
        self._environment = os.environ | {"CHECKPOINT_DISABLE": "1", "TF_IN_AUTOMATION": "1"}
        if localstack_url is not None:
            self._environment["TF_VAR_localstack_url"] = localstack_url

    def checks(self) -> tuple[tuple[str, Callable[[str], Finding]], ...]:
        """Return the checks by name, in order."""
        return (
            ("terraform", self._program),
            ("format", lambda name: self._command(name, "fmt", "-check", "-recursive")),
            ("provider", self._provider),
            ("validate", lambda name: self._command(name, "validate")),
            ("test", lambda name: self._command(name, "test")),
            ("localstack", self._localstack),
            ("plan", lambda name: self._command(name, "plan", "-input=false", *_VARIABLES)),
            ("apply", self._apply),
        )

    def _run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["terraform", *arguments],
            cwd=self._folder,
            env=self._environment,
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            timeout=_TIMEOUT_SECONDS,
        )

    def _command(self, name: str, *arguments: str) -> Finding:
        try:
            done = self._run(*arguments, "-no-color")
        except subprocess.TimeoutExpired:
            late = f"terraform {arguments[0]} did not end within {_TIMEOUT_SECONDS} s"
            return Finding(name, Outcome.FAILED, late)
        if done.returncode != 0:
            return Finding(name, Outcome.FAILED, _headline(done.stderr or done.stdout))
        return Finding(name, Outcome.PASSED, _summary(done.stdout))

    def _program(self, name: str) -> Finding:
        path = shutil.which("terraform")
        least = ".".join(map(str, LEAST_VERSION))
        if path is None:
            missing = f"no terraform on the PATH: install version {least} or newer"
            return Finding(name, Outcome.NOT_RUN, missing)
        version = str(json.loads(self._run("version", "-json").stdout)["terraform_version"])
        if tuple(int(part) for part in version.split(".")[:2]) < LEAST_VERSION:
            old = f"{path} is {version}: install {least} or newer"
            return Finding(name, Outcome.NOT_RUN, old)
        return Finding(name, Outcome.PASSED, f"{version} ({path})")

    def _provider(self, name: str) -> Finding:
        done = self._command(name, "init", "-input=false", "-backend=false")
        if done.outcome is not Outcome.PASSED:
            return Finding(name, Outcome.NOT_RUN, _without_provider(done.detail))
        selected = json.loads(self._run("version", "-json").stdout)["provider_selections"]
        versions = [version for source, version in selected.items() if source.endswith("/aws")]
        version = versions[0] if versions else "of TF_REATTACH_PROVIDERS"
        return Finding(name, Outcome.PASSED, f"hashicorp/aws {version}")

    def _localstack(self, name: str) -> Finding:
        url = self._localstack_url
        if url is None:
            nowhere = "this profile has no LocalStack: run it with --profile local or docker"
            return Finding(name, Outcome.NOT_RUN, nowhere)
        try:
            with urllib.request.urlopen(f"{url}/_localstack/health", timeout=5):  # noqa: S310
                pass
        except (urllib.error.URLError, OSError) as error:
            reason = getattr(error, "reason", error)
            silent = f"nothing answers at {url} ({reason}): run `scones up`, then this again"
            return Finding(name, Outcome.NOT_RUN, silent)
        override = self._folder / "localstack" / "provider_override.tf"
        shutil.copy(override, self._folder)
        return Finding(name, Outcome.PASSED, url)

    def _apply(self, name: str) -> Finding:
        """Apply, see that nothing is left to change, and destroy, whatever the first two say."""
        arguments = ("-input=false", "-auto-approve", *_VARIABLES)
        made = self._command(name, "apply", *arguments)
        if made.outcome is Outcome.PASSED:
            again = self._command(name, "plan", "-input=false", "-detailed-exitcode", *_VARIABLES)
            if again.outcome is not Outcome.PASSED:
                left = f"after apply, plan still finds something to change: {again.detail}"
                made = Finding(name, Outcome.FAILED, left)
        removed = self._command(name, "destroy", *arguments)
        return made if made.outcome is not Outcome.PASSED else removed


def _without_provider(reason: str) -> str:
    """Say why the provider is missing and where one can be put."""
    reason = reason.partition(" To see which modules")[0].rpartition("hashicorp/aws: ")[2]
    settings = os.environ.get("TF_CLI_CONFIG_FILE", "~/.terraformrc")
    return (
        f"no AWS provider: {reason[:200]}; connect to the registry, name a mirror in {settings}, "
        "or unpack one under ~/.terraform.d/plugins (`terraform providers mirror` fills one)"
    )


def _headline(output: str) -> str:
    """Return the first error of Terraform's output as one line."""
    text = " ".join(re.sub(r"[│╷╵]", " ", output).split())
    _, found, rest = text.partition("Error: ")
    return (rest.partition("Error: ")[0] if found else text)[:400].strip()


def _summary(output: str) -> str:
    """Return the last line in which Terraform sums up what it did."""
    summing_up = r"^(?:Plan: |No changes|Success!|Apply complete!|Destroy complete!).*"
    found = re.findall(summing_up, output, re.MULTILINE)
    return str(found[-1]).strip() if found else "nothing to say"
