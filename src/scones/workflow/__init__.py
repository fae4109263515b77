"""Workflow: photos become executions of the deployed state machines, and those become decisions.

    photo ─▶ upload ─▶ StartExecution ─▶ wait ─▶ Decision: ROUTED, BELOW_THRESHOLD or FAILED
    photos in S3 ─▶ StartExecution of the batch ─▶ wait ─▶ BatchDecision

`export` goes the other way: the deployed state machine becomes its JSON file and a drawing, in
which the states of an execution are coloured by what became of them:

    DescribeStateMachine ─▶ graph ─▶ layout ─┐
    GetExecutionHistory ──▶ trace ───────────┴─▶ drawing ─▶ SVG and PNG

`scones.workflow.export` is not imported here: a drawing library takes a second to load.
"""

from scones.deploy.definitions import Diagnostic, validate_files
from scones.lambdas.classify_image import inference_id
from scones.workflow.batches import BatchDecision, classify_batch, start_batch
from scones.workflow.decisions import Decision, Status, StoredImage
from scones.workflow.executions import classify, classify_many

__all__ = [
    "BatchDecision",
    "Decision",
    "Diagnostic",
    "Status",
    "StoredImage",
    "classify",
    "classify_batch",
    "classify_many",
    "inference_id",
    "start_batch",
    "validate_files",
]
