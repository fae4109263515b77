"""docs/reference/iam.md: what each role asked for, what it was granted and never used, and why."""

from collections.abc import Iterable, Mapping

from .aws_account import Request
from .permissions import Comparison, actions

_S3_ABSENT = "without it S3 answers AccessDenied, not NoSuchKey, for an object that is not there"
_TASK_RULE = "Step Functions on AWS hears of a job's end by a rule; the emulator asks instead"
_KEY = "S3, SNS and SageMaker on AWS use the key in the role's name; the emulator encrypts nothing"
_READS = {"kms:Decrypt": _KEY}
_WRITES = _READS | {"kms:GenerateDataKey": _KEY}
_PULL = "AWS pulls the image; the emulator starts a program"
_TRACED = "AWS's X-Ray daemon and Step Functions send traces; the emulator makes none"
_FUNCTION_TRACES = dict.fromkeys(("xray:PutTelemetryRecords", "xray:PutTraceSegments"), _TRACED)
_MACHINE_TRACES = _FUNCTION_TRACES | dict.fromkeys(
    ("xray:GetSamplingRules", "xray:GetSamplingTargets"), _TRACED
)
# Role to action to reason: granted, and not seen on the emulator.
NOT_SEEN: Mapping[str, Mapping[str, str]] = {
    "SerializeRole": {"s3:ListBucket": _S3_ABSENT} | _READS | _FUNCTION_TRACES,
    "ClassifyRole": {"s3:ListBucket": _S3_ABSENT} | _READS | _FUNCTION_TRACES,
    "FilterRole": _WRITES | _FUNCTION_TRACES,
    "DetectRole": {
        "s3:ListBucket": _S3_ABSENT,
        "lambda:InvokeFunction": "Lambda itself hands on what succeeded, in the role's name",
        "sqs:SendMessage": "Lambda itself sends what three attempts could not do",
    }
    | _WRITES
    | _FUNCTION_TRACES,
    "AnnotateRole": {
        "s3:ListBucket": _S3_ABSENT,
        "sqs:SendMessage": "Lambda itself sends what three attempts could not do",
    }
    | _WRITES
    | _FUNCTION_TRACES,
    "AnswerRole": {"s3:ListBucket": _S3_ABSENT} | _WRITES | _FUNCTION_TRACES,
    "ClassifyImageStateMachineRole": _MACHINE_TRACES,
    "ClassifyBatchStateMachineRole": _MACHINE_TRACES,
    "EndpointHoursRole": _MACHINE_TRACES,
    "EndpointScheduleRole": {"states:StartExecution": "the test does not wait for the night"},
    "TrainAndDeployStateMachineRole": {
        "events:DescribeRule": _TASK_RULE,
        "events:PutRule": _TASK_RULE,
        "events:PutTargets": _TASK_RULE,
        "sagemaker:CreateEndpoint": "only where there is no endpoint yet",
        "sagemaker:StopTrainingJob": "only when an execution is stopped",
    }
    | _WRITES
    | _MACHINE_TRACES,
    "SageMakerRole": {
        **_WRITES,
        "kms:CreateGrant": _KEY,
        "kms:DescribeKey": _KEY,
        "kms:Encrypt": _KEY,
        "ecr:BatchCheckLayerAvailability": _PULL,
        "ecr:BatchGetImage": _PULL,
        "ecr:GetAuthorizationToken": _PULL,
        "ecr:GetDownloadUrlForLayer": _PULL,
        **dict.fromkeys(
            (
                "ec2:CreateNetworkInterface",
                "ec2:CreateNetworkInterfacePermission",
                "ec2:DeleteNetworkInterface",
                "ec2:DeleteNetworkInterfacePermission",
                "ec2:DescribeDhcpOptions",
                "ec2:DescribeNetworkInterfaces",
                "ec2:DescribeSecurityGroups",
                "ec2:DescribeSubnets",
                "ec2:DescribeVpcs",
            ),
            "only with `subnets`: AWS attaches instances to the VPC; the emulator has none",
        ),
        "sns:Publish": "a monitoring schedule's container; `test_schedules.py` runs one",
        "logs:DescribeLogStreams": "AWS's log agent asks",
        "s3:GetBucketLocation": "AWS finds the bucket's region by it",
    },
}
# Granted and at times asked for: whether they are seen is chance, so the page says the same.
RARE: Mapping[str, Mapping[str, str]] = {
    "SageMakerRole": {
        "s3:AbortMultipartUpload": "when a large file changes while it is uploaded in parts",
    },
}

_HEAD = """# IAM: what each role asks for, and what it is granted

Made by `tests/integration/test_aws_profile.py`, which runs every command of the profile `aws` on \
the emulator, writes down each request with the role that signed it, and compares. It fails when a \
role asks for an action, or a resource, that its policy does not grant; when a policy grants an \
action that is neither asked for nor explained here; and when this page is out of date \
(`SCONES_WRITE_REPORTS=1` writes it).

Not verified here: AWS's own evaluation of these policies, conditions included. \
`scones --profile aws deploy`, `train`, `endpoint` and `classify IMAGE` verify it; a role that \
lacks something shows as AccessDenied in the execution's history.
"""


def report(comparisons: Mapping[str, Comparison], sent: Iterable[Request]) -> str:
    """Write the page."""
    parts = [_HEAD]
    for role, found in sorted(comparisons.items()):
        rare = RARE.get(role, {})
        seen = {need.action for need in found.asked} - rare.keys()
        parts += [f"\n## {role}\n", "| action | seen on the emulator |", "| --- | --- |"]
        parts += [f"| `{action}` | yes |" for action in sorted(seen)]
        parts += [
            f"| `{action}` | no: {NOT_SEEN.get(role, {}).get(action, 'UNEXPLAINED')} |"
            for action in sorted(found.unused - rare.keys())
        ]
        parts += [f"| `{action}` | at times: {rare[action]} |" for action in sorted(rare)]
    parts.append(
        "\n## Who runs scones\n\nThe commands themselves ask for these. CloudFormation creates the "
        "stack's resources with the same person's rights, unless it is given a role of its own.\n"
    )
    by_service: dict[str, set[str]] = {}
    for request in sent:
        for action in actions(request):
            service, _, name = action.partition(":")
            by_service.setdefault(service, set()).add(name)
    parts += ["| service | actions |", "| --- | --- |"]
    parts += [
        f"| `{name}` | {', '.join(sorted(by_service[name]))} |" for name in sorted(by_service)
    ]
    return "\n".join(parts) + "\n"
