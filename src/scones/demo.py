"""The whole workflow once: from nothing to a report, and back to nothing.

    1 services ─▶ 2 images ─▶ 3 stack ─▶ 4 training ─▶ 5 endpoint ─▶ 6 workflow ─▶ 7 report ─▶ 8 end

The test images are scored once, after training has ended. One of them is uploaded under
`incoming/`, which starts the state machine by itself; some go as a batch, whose low confidences
reach the inbox as one email; each of the others is an execution of its own. The accuracy is read
from what the endpoint captured.
"""

import random
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from scones.console import Terminal, seconds
from scones.demonstration import Demonstration
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


class Demo(Demonstration):
    """One run of the demo."""

    def __init__(self, project: Project, terminal: Terminal) -> None:
        super().__init__(project, terminal, STAGES)

    def run(self, request: DemoRequest) -> dict[str, Any]:
        """Run all stages; return the summary as a JSON-ready document."""
        self._check(request)
        return self.carry_out(
            lambda: self._show(request), keep=request.keep, afterwards="scones status"
        )

    def _check(self, request: DemoRequest) -> None:
        """Find fault with what was asked for before anything starts."""
        if request.archive or request.folder or request.drawings:
            data.open_images(
                self._project,
                archive=request.archive,
                folder=request.folder,
                drawings=request.drawings,
            )

    def _show(self, request: DemoRequest) -> dict[str, Any]:
        project = self._project
        with self.stage("up", "Starting LocalStack, the SageMaker service and the inbox"):
            services.up(project)
        with self.stage("etl", "Staging images"):
            source = data.open_images(
                project,
                archive=request.archive,
                folder=request.folder,
                drawings=request.drawings,
                fall_back=True,
            )
            dataset = data.stage_images(project, source)
            self._terminal.note(dataset.summary())
        with self.stage("deploy", "Deploying the stack"):
            infrastructure.deploy(project)
        with self.stage("train", "Training"):
            trained = model.train(project, dataset)
        with self.stage("endpoint", "Deploying the endpoint"):
            model.serve(project, (trained.job_name, trained.model_uri))
        with self.stage("workflow", "Routing the test images through Step Functions"):
            workflow = self._workflow(dataset)
        with self.stage("report", "Reading the captures back"):
            report = captures.report_since(project, workflow.started, len(workflow.decisions))
            self._terminal.note(f"report: {report.html}")
            self._draw(workflow)
        return _document(dataset, trained, workflow, report)

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
