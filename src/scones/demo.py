"""The whole workflow once: from nothing to a report, and back to nothing.

    1 services ─▶ 2 images ─▶ 3 stack ─▶ 4 training ─▶ 5 endpoint ─▶ 6 workflow ─▶ 7 report ─▶ 8 end

The test images are scored once, after training has ended. One of them is uploaded under
`incoming/`, which starts the state machine by itself; some go as a batch, whose low confidences
reach the inbox as one email; each of the others is an execution of its own. The accuracy is read
from what the endpoint captured.
"""

import random
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from scones.console import Terminal, seconds
from scones.emulation.inbox import ReceivedEmail
from scones.etl.dataset import NOT_PHOTOGRAPHS, Dataset
from scones.monitor import Report
from scones.project import Project
from scones.steps import captures, data, inference, infrastructure, model, services
from scones.steps.inference import TEST_PREFIX
from scones.training import TrainingResult
from scones.workflow import Decision, Status, StoredImage

BATCH = 24
EMAIL_LINES = 10
STAGES = 8


@dataclass(frozen=True)
class DemoRequest:
    """What the demo is run on.

    Attributes:
        archive: CIFAR-100 on disk, else it is downloaded, else drawings are made.
        folder: A folder of images instead.
        drawings: Drawings in any case.
        keep: Leave everything running at the end.
    """

    archive: Path | None = None
    folder: Path | None = None
    drawings: bool = False
    keep: bool = False


@dataclass
class _Workflow:
    """What the executions gave."""

    started: datetime
    decisions: list[Decision] = field(default_factory=list)
    notifying: set[str] = field(default_factory=set)
    """ARNs of the executions that notify of images below the threshold."""
    emails: list[ReceivedEmail] = field(default_factory=list)

    def count(self, status: Status) -> int:
        """Return how many images were decided so."""
        return sum(decision.status is status for decision in self.decisions)

    def below_threshold(self) -> set[str]:
        """Return the notifying executions that had something to notify of."""
        return {
            decision.execution_arn
            for decision in self.decisions
            if decision.status is Status.BELOW_THRESHOLD
        } & self.notifying


class Demo:
    """One run of the demo."""

    def __init__(self, project: Project, terminal: Terminal) -> None:
        self._project = project
        self._terminal = terminal
        self._seconds: dict[str, float] = {}

    def run(self, request: DemoRequest) -> dict[str, Any]:
        """Run all stages; return the summary as a JSON-ready document.

        Whatever is interrupted or fails, the services are stopped and the state folder stays, so
        that the next run goes on from there.
        """
        self._check(request)
        keep = request.keep or self._found_a_project()
        try:
            document = self._stages(request)
            with self._stage("end", "Leaving it running" if keep else "Removing everything"):
                document["removed"] = [] if keep else infrastructure.destroy(self._project)
                if keep:
                    self._terminal.next_step("scones status", "`scones destroy` removes all of it")
                else:
                    self._marker.unlink()
                    self._terminal.note(f"removed {len(document['removed'])}, and nothing is left")
        except BaseException:
            if not keep:
                self._terminal.note("stopping the services; the state folder stays")
                services.down(self._project)
            raise
        document["seconds"] = {name: round(value, 2) for name, value in self._seconds.items()}
        return document

    @property
    def _marker(self) -> Path:
        """Says that what is in the state folder is a demo's, which may remove it."""
        return self._project.state_dir / "run" / "demo"

    def _found_a_project(self) -> bool:
        """Return whether something was deployed here that is not a demo's to remove."""
        if self._project.deployed_marker.exists() and not self._marker.exists():
            self._terminal.note("a project is deployed here already; it will be left running")
            return True
        self._marker.parent.mkdir(parents=True, exist_ok=True)
        self._marker.touch()
        return False

    def _check(self, request: DemoRequest) -> None:
        """Find fault with what was asked for before anything starts."""
        if request.archive or request.folder or request.drawings:
            data.open_images(
                self._project,
                archive=request.archive,
                folder=request.folder,
                drawings=request.drawings,
            )

    def _stages(self, request: DemoRequest) -> dict[str, Any]:
        project = self._project
        with self._stage("up", "Starting LocalStack, the SageMaker service and the inbox"):
            services.up(project)
        with self._stage("etl", "Staging images"):
            source = data.open_images(
                project,
                archive=request.archive,
                folder=request.folder,
                drawings=request.drawings,
                fall_back=True,
            )
            dataset = data.stage_images(project, source)
            self._terminal.note(dataset.summary())
        with self._stage("deploy", "Deploying the stack"):
            infrastructure.deploy(project)
        with self._stage("train", "Training"):
            trained = model.train(project, dataset)
        with self._stage("endpoint", "Deploying the endpoint"):
            model.serve(project, (trained.job_name, trained.model_uri))
        with self._stage("workflow", "Routing the test images through Step Functions"):
            workflow = self._workflow(dataset)
        with self._stage("report", "Reading the captures back"):
            report = captures.report_since(project, workflow.started, len(workflow.decisions))
            self._terminal.note(f"report: {report.html}")
            self._draw(workflow)
        return _document(dataset, trained, workflow, report)

    @contextmanager
    def _stage(self, name: str, headline: str) -> Iterator[None]:
        number = len(self._seconds) + 1
        self._terminal.headline(f"[{number}/{STAGES}] {headline}")
        started = time.monotonic()
        yield
        self._seconds[name] = time.monotonic() - started
        self._terminal.note(f"done in {seconds(self._seconds[name])}")

    def _workflow(self, dataset: Dataset) -> _Workflow:
        """Send each test image through the workflow exactly once."""
        project = self._project
        bucket = project.outputs.data_bucket
        images = [StoredImage(bucket, TEST_PREFIX + e.path) for e in dataset.entries("test")]
        random.Random(0).shuffle(images)  # noqa: S311 - an order, not a secret
        arrival, batch, single = images[0], images[1 : 1 + BATCH], images[1 + BATCH :]
        found = _Workflow(datetime.now(UTC))

        def show(decision: Decision) -> None:
            found.decisions.append(decision)
            self._terminal.note(inference.describe(decision))

        inference.classify(project, single, on_decision=show)
        self._terminal.note(f"{len(batch)} images as a batch, in one execution:")
        for decision in inference.classify_batch(project, batch):
            found.notifying.add(decision.execution_arn)
            show(decision)
        self._terminal.note("an upload under incoming/, which starts the state machine by itself:")
        for decision in inference.classify_arrival(project, arrival):
            found.notifying.add(decision.execution_arn)
            show(decision)
        self._await_emails(found)
        return found

    def _await_emails(self, found: _Workflow) -> None:
        """Wait for one email per notifying execution that had images below the threshold."""
        expected = len(found.below_threshold())
        found.emails = inference.await_emails(self._project, found.started, expected)
        for message in found.emails:
            self._terminal.note(f"email to {message.to}: {message.subject}")
            for line in message.text.splitlines()[:EMAIL_LINES]:
                self._terminal.note(f"  | {line}")

    def _draw(self, workflow: _Workflow) -> None:
        """Draw an execution of each kind: routed, below the threshold, and the batch."""
        single = [d for d in workflow.decisions if d.execution_arn not in workflow.notifying]
        first = {decision.status: decision.execution_arn for decision in reversed(single)}
        for arn in first.values():
            inference.export(self._project, "image", execution_arn=arn)
        for arn in workflow.below_threshold() or workflow.notifying:
            inference.export(self._project, "batch", execution_arn=arn)


def _document(
    dataset: Dataset, trained: TrainingResult, workflow: _Workflow, report: Report
) -> dict[str, Any]:
    accuracy = report.summary["accuracy"]
    document = {
        "data_kind": dataset.kind,
        "classes": list(dataset.classes),
        "test_accuracy": accuracy["value"],
        "test_accuracy_interval": [accuracy["low"], accuracy["high"]],
        "test_images": dataset.size("test"),
        "train_cpu_seconds": trained.cpu_seconds,
        "training_job": trained.job_name,
        "validation_accuracy": trained.metrics.get("validation:accuracy"),
        "executions": {
            "succeeded": workflow.count(Status.ROUTED),
            "below_threshold": workflow.count(Status.BELOW_THRESHOLD),
            "failed": workflow.count(Status.FAILED),
        },
        "notifications": len(workflow.emails),
        "captured_records": report.summary["records"],
        "report": str(report.html),
    }
    return document | ({"note": NOT_PHOTOGRAPHS} if dataset.kind == "drawings" else {})


def describe(document: dict[str, Any]) -> str:
    """Write the summary for a person."""
    executions = document["executions"]
    low, high = document["test_accuracy_interval"]
    accuracy = (
        f"{document['test_accuracy']:.3f} ({low:.3f} to {high:.3f}) "
        f"on {document['test_images']} test images"
    )
    if document["data_kind"] == "drawings":
        accuracy += f" ({NOT_PHOTOGRAPHS})"
    cpu = document["train_cpu_seconds"]
    lines = {
        "accuracy": accuracy,
        "training": f"{seconds(cpu)} of CPU" if cpu else "CPU time unknown",
        "routed": f"{executions['succeeded']} images",
        "below threshold": f"{executions['below_threshold']} images",
        "notifications": f"{document['notifications']} emails",
        "captured": f"{document['captured_records']} records",
        "report": document["report"],
        "time": seconds(sum(document["seconds"].values())),
    }
    return "\n".join(f"{name:>15}  {value}" for name, value in lines.items())
