"""A deployed state machine as files: its definition, and a drawing of it or of an execution."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from scones.aws import Aws
from scones.errors import WorkflowError
from scones.progress import SILENT, Reporter
from scones.workflow.decisions import error_message
from scones.workflow.drawing import Caption, draw
from scones.workflow.graph import read_graph
from scones.workflow.trace import Trace, read_trace


@dataclass(frozen=True, slots=True)
class Exported:
    """The files that were written."""

    definition: Path
    svg: Path
    png: Path


def export(
    aws: Aws,
    state_machine_arn: str,
    folder: Path,
    *,
    execution_arn: str | None = None,
    reporter: Reporter = SILENT,
) -> Exported:
    """Write a deployed state machine's definition and drawing.

    Args:
        aws: The session.
        state_machine_arn: The state machine.
        folder: Where to; made if missing.
        execution_arn: Colour the states by what became of them in this execution.
        reporter: Told each file.

    Raises:
        WorkflowError: There is no such state machine or execution.
    """
    stepfunctions = aws.client("stepfunctions")
    machine = _describe(stepfunctions.describe_state_machine, stateMachineArn=state_machine_arn)
    definition = json.loads(machine["definition"])
    name, trace = machine["name"], None
    caption = Caption(name, f"{machine['type'].lower()} state machine, as deployed")
    if execution_arn is not None:
        execution = _describe(stepfunctions.describe_execution, executionArn=execution_arn)
        trace = _trace(stepfunctions, execution)
        caption = _caption(name, execution)
    folder.mkdir(parents=True, exist_ok=True)
    stem = name if execution_arn is None else f"{name}-{execution_arn.rpartition(':')[2]}"
    files = Exported(folder / f"{name}.asl.json", folder / f"{stem}.svg", folder / f"{stem}.png")
    files.definition.write_text(json.dumps(definition, indent=2) + "\n", encoding="utf-8")
    draw(read_graph(definition), trace, caption, [files.svg, files.png])
    for path in (files.definition, files.svg, files.png):
        reporter.note(f"wrote {path}")
    return files


def _describe(operation: Any, **arn: str) -> dict[str, Any]:
    try:
        answer: dict[str, Any] = operation(**arn)
    except ClientError as error:
        raise WorkflowError(
            f"there is no {', '.join(arn.values())}: {error.response['Error']['Code']}; "
            "run `scones deploy`, or name another execution"
        ) from error
    return answer


def _trace(stepfunctions: Any, execution: Mapping[str, Any]) -> Trace:
    pages = stepfunctions.get_paginator("get_execution_history").paginate(
        executionArn=execution["executionArn"], includeExecutionData=False
    )
    events = [event for page in pages for event in page["events"]]
    return read_trace(events, running=execution["status"] == "RUNNING")


def _caption(name: str, execution: Mapping[str, Any]) -> Caption:
    status = execution["status"].lower().replace("_", " ")
    subtitle = f"{execution['name']} · {status}"
    if "stopDate" in execution:
        seconds = (execution["stopDate"] - execution["startDate"]).total_seconds()
        subtitle += f" after {seconds:.2f} s"
    parts = (execution.get("error", ""), error_message(execution.get("cause", "")))
    return Caption(name, subtitle, ": ".join(part for part in parts if part))
