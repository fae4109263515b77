"""The system that cloudformation/ describes, in terms that Terraform shares."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from scones.deploy.api import document
from scones.deploy.template import read_template
from tests.terraform.shared_terms import (
    ACCOUNT,
    REGION,
    System,
    api_document,
    role,
    statements,
)
from tests.terraform.workspace import ROOT

PARAMETERS = {
    "Project": "scones-test",
    "EndpointName": "scones-test-classifier",
    "Threshold": "0.93",
    "Classes": json.dumps(
        [
            {"name": "bicycle", "loading_bay": "A", "order_range": "nearby"},
            {"name": "motorcycle", "loading_bay": "B", "order_range": "far"},
        ]
    ),
    "Email": "dispatcher@scones-unlimited.example",
    "LogRetentionDays": 30,
    "DetectorName": "scones-test-detector",
    "DetectorClasses": '["bicycle", "motorcycle"]',
    "UploadOrigins": "",
    "ArtifactsBucket": "artifacts",
    "AWS::Region": REGION,
    "AWS::AccountId": ACCOUNT,
    "AWS::Partition": "aws",
    "AWS::NoValue": (NO_VALUE := object()),
}
_ARN = f"arn:aws:{{}}:{REGION}:{ACCOUNT}:{{}}"


# The AWS-only stack gets the core stack's outputs as parameters of the same names.
OPERATIONS = {
    "MonthlyBudgetUsd": "0",
    "EndpointScaled": "false",
    "EndpointOff": "never",
}


class Template:
    """A template with its expressions resolved."""

    def __init__(self, name: str, values: Mapping[str, Any]) -> None:
        self._document = read_template(ROOT / "cloudformation" / name)[1]
        self.resources: dict[str, Any] = self._document["Resources"]
        parameters = self._document.get("Parameters", {})
        self._values = {name: p.get("Default", name) for name, p in parameters.items()}
        self._values |= values

    def outputs(self) -> dict[str, Any]:
        """Return the outputs' values by name."""
        return {name: self.resolve(o["Value"]) for name, o in self._document["Outputs"].items()}

    def wanted(self, logical_id: str) -> bool:
        """Return whether a resource is made with these values."""
        name = self.resources[logical_id].get("Condition")
        return name is None or self._holds({"Condition": name})

    def _holds(self, condition: Any) -> bool:
        """Return whether a condition holds."""
        match condition:
            case {"Condition": str(name)}:
                return self._holds(self._document["Conditions"][name])
            case {"Fn::Not": [inner]}:
                return not self._holds(inner)
            case {"Fn::Equals": [one, other]}:
                return bool(self.resolve(one) == self.resolve(other))
        raise ValueError(f"no rule for the condition {condition}")

    def resolve(self, expression: Any) -> Any:
        """Return an expression's value."""
        match expression:
            case {"Ref": str(name)}:
                return self._reference(name)
            case {"Fn::GetAtt": str(path)}:
                return self._attribute(*path.split("."))
            case {"Fn::Sub": str(text)}:
                return self._substitute(text)
            case {"Fn::If": [str(name), one, other]}:
                return self.resolve(one if self._holds({"Condition": name}) else other)
            case dict():
                resolved = {key: self.resolve(value) for key, value in expression.items()}
                return {key: value for key, value in resolved.items() if value is not NO_VALUE}
            case list():
                return [v for v in map(self.resolve, expression) if v is not NO_VALUE]
        return expression

    def properties(self, logical_id: str) -> Any:
        """Return a resource's properties."""
        return self.resolve(self.resources[logical_id].get("Properties", {}))

    def _substitute(self, text: str) -> str:
        for name in self._values | self.resources:
            if f"${{{name}}}" in text:
                text = text.replace(f"${{{name}}}", str(self._reference(name)))
            if f"${{{name}.Arn}}" in text:
                text = text.replace(f"${{{name}.Arn}}", self._attribute(name, "Arn"))
        return text

    def _reference(self, name: str) -> Any:
        if name in self._values:
            return self._values[name]
        kind = self.resources[name]["Type"]
        return _REFERENCES[kind](self.properties(name))

    def _attribute(self, name: str, attribute: str) -> str:
        kind = self.resources[name]["Type"]
        return _ATTRIBUTES[f"{kind}.{attribute}"](self.properties(name))


_REFERENCES: dict[str, Callable[[Any], str]] = {
    "AWS::ApiGateway::Account": lambda p: "account",
    "AWS::ApiGateway::ApiKey": lambda p: f"id of {p['Name']}",
    "AWS::ApiGateway::Deployment": lambda p: "deployment",
    "AWS::ApiGateway::RestApi": lambda p: f"id of {p['Name']}",
    "AWS::ApiGateway::Stage": lambda p: p["StageName"],
    "AWS::ApiGateway::UsagePlan": lambda p: f"id of {p['UsagePlanName']}",
    "AWS::Lambda::Function": lambda p: p["FunctionName"],
    "AWS::Lambda::LayerVersion": lambda p: f"arn of {p['LayerName']}",
    "AWS::Logs::LogGroup": lambda p: p["LogGroupName"],
    "AWS::S3::Bucket": lambda p: p["BucketName"],
    "AWS::SNS::Topic": lambda p: _ARN.format("sns", p["TopicName"]),
    "AWS::SQS::Queue": lambda p: p["QueueName"],
    "AWS::SSM::Parameter": lambda p: p["Name"],
    "AWS::StepFunctions::StateMachine": lambda p: _ARN.format(
        "states", f"stateMachine:{p['StateMachineName']}"
    ),
}
_ATTRIBUTES: dict[str, Callable[[Any], str]] = {
    "AWS::CloudWatch::Alarm.Arn": lambda p: _ARN.format("cloudwatch", f"alarm:{p['AlarmName']}"),
    "AWS::Events::Rule.Arn": lambda p: _ARN.format("events", f"rule/{p['Name']}"),
    "AWS::IAM::Role.Arn": lambda p: _role_name(p),
    "AWS::Lambda::Function.Arn": lambda p: _ARN.format("lambda", f"function:{p['FunctionName']}"),
    "AWS::Logs::LogGroup.Arn": lambda p: _ARN.format("logs", f"log-group:{p['LogGroupName']}:*"),
    "AWS::S3::Bucket.Arn": lambda p: f"arn:aws:s3:::{p['BucketName']}",
    "AWS::SNS::Topic.TopicArn": lambda p: _ARN.format("sns", p["TopicName"]),
    "AWS::SQS::Queue.QueueName": lambda p: p["QueueName"],
    "AWS::SQS::Queue.Arn": lambda p: _ARN.format("sqs", p["QueueName"]),
}


def cloudformation_system(more: Mapping[str, Any] | None = None) -> System:
    """Return the template's resources in shared terms.

    Args:
        more: Parameters beside, or instead of, the usual ones.

    Raises:
        KeyError: A template has a type of resource of which these tests do not know how it is
            compared: add it to `_TERMS`, and its counterpart to `terraform_side`.
    """
    system = System()
    values = PARAMETERS | dict(more or {})
    core = Template("core.yaml", values)
    outputs = core.outputs()
    for template in (core, Template("operations.yaml", OPERATIONS | values | outputs)):
        for logical_id, resource in template.resources.items():
            if template.wanted(logical_id):
                _TERMS[resource["Type"]](system, template.properties(logical_id))
    for name, value in outputs.items():
        system.add(f"output {name}", {"value": value})
    return system


def _bucket(system: System, p: Mapping[str, Any]) -> None:
    (rule,) = p["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    system.add(
        f"bucket {p['BucketName']}",
        {
            "encryption": rule["ServerSideEncryptionByDefault"]["SSEAlgorithm"],
            "key": rule["ServerSideEncryptionByDefault"].get("KMSMasterKeyID"),
            "bucket key": rule.get("BucketKeyEnabled", False),
            "public access": sorted(p["PublicAccessBlockConfiguration"].values()),
            "ownership": p["OwnershipControls"]["Rules"][0]["ObjectOwnership"],
            "versioned": p.get("VersioningConfiguration", {}).get("Status") == "Enabled",
            **_told(p["NotificationConfiguration"]),
            **_kept(p.get("LifecycleConfiguration", {}).get("Rules", [])),
        },
    )


def _told(notification: Mapping[str, Any]) -> dict[str, Any]:
    if events := notification.get("EventBridgeConfiguration"):
        return {"tells EventBridge": events["EventBridgeEnabled"]}
    (called,) = notification["LambdaConfigurations"]
    (rule,) = called["Filter"]["S3Key"]["Rules"]
    return {"tells a function": [called["Function"], [called["Event"]], rule["Value"]]}


def _kept(rules: list[dict[str, Any]]) -> dict[str, Any]:
    days = {rule["Prefix"]: rule["ExpirationInDays"] for rule in rules if "Prefix" in rule}
    return {"days": days} if days else {}


def _bucket_policy(system: System, p: Mapping[str, Any]) -> None:
    system.add(f"bucket {p['Bucket']}", {"policy": statements(p["PolicyDocument"])})


def _function(system: System, p: Mapping[str, Any]) -> None:
    variables = p.get("Environment", {}).get("Variables", {})
    system.add(
        f"function {p['FunctionName']}",
        {
            "description": p["Description"],
            "runtime": p["Runtime"],
            "handler": p["Handler"],
            "role": p["Role"],
            "memory": p["MemorySize"],
            "timeout": p["Timeout"],
            "variables": {
                k: json.loads(v) if k.endswith("CLASSES") else str(v) for k, v in variables.items()
            },
            "layers": len(p.get("Layers", ())),
            "traced": p.get("TracingConfig", {}).get("Mode") == "Active",
        },
    )


def _log_group(system: System, p: Mapping[str, Any]) -> None:
    system.add(
        f"log group {p['LogGroupName']}", {"days": p["RetentionInDays"], "key": p.get("KmsKeyId")}
    )


def _role_name(p: Mapping[str, Any]) -> str:
    managed = p.get("ManagedPolicyArns", [])
    return role(managed[0].rpartition("/")[2] if managed else p["Policies"][0]["PolicyName"])


def _role(system: System, p: Mapping[str, Any]) -> None:
    if managed := p.get("ManagedPolicyArns"):
        trust = statements(p["AssumeRolePolicyDocument"])
        system.add(_role_name(p), {"trust": trust, "managed policy": managed[0]})
        return
    (policy,) = p["Policies"]
    system.add(
        role(policy["PolicyName"]),
        {
            "trust": statements(p["AssumeRolePolicyDocument"]),
            "statements": statements(policy["PolicyDocument"]),
        },
    )


def _topic(system: System, p: Mapping[str, Any]) -> None:
    system.add(f"topic {p['TopicName']}", {"key": p.get("KmsMasterKeyId")})


def _subscription(system: System, p: Mapping[str, Any]) -> None:
    system.add(f"subscription of {p['Endpoint']} to {p['TopicArn']}", {"protocol": p["Protocol"]})


def _state_machine(system: System, p: Mapping[str, Any]) -> None:
    stem = p["StateMachineName"].removeprefix("scones-test-").replace("-", "_")
    definition = (ROOT / "asl" / f"{stem}.asl.json").read_text()
    for name, value in p["DefinitionSubstitutions"].items():
        definition = definition.replace(f"${{{name}}}", value)
    system.add(
        f"state machine {p['StateMachineName']}",
        {
            "type": p["StateMachineType"],
            "role": p["RoleArn"],
            "definition": json.loads(definition),
            "traced": p.get("TracingConfiguration", {}).get("Enabled", False),
        },
    )


def _rule(system: System, p: Mapping[str, Any]) -> None:
    (target,) = p["Targets"]
    system.add(
        f"rule {p['Name']}",
        {
            "description": p["Description"],
            "state": p["State"],
            "pattern": p["EventPattern"],
            "target": target["Arn"],
            "target's id": target["Id"],
            "target's role": target["RoleArn"],
            "paths": target["InputTransformer"]["InputPathsMap"],
            "input": target["InputTransformer"]["InputTemplate"],
            "dead letters": target.get("DeadLetterConfig", {}).get("Arn"),
        },
    )


def _queue(system: System, p: Mapping[str, Any]) -> None:
    properties = {
        "seconds": p["MessageRetentionPeriod"],
        "encrypted": p.get("SqsManagedSseEnabled"),
        "key": p.get("KmsMasterKeyId"),
    }
    system.add(f"queue {p['QueueName']}", properties)


def _queue_policy(system: System, p: Mapping[str, Any]) -> None:
    for queue in p["Queues"]:
        system.add(f"queue {queue}", {"policy": statements(p["PolicyDocument"])})


def _topic_policy(system: System, p: Mapping[str, Any]) -> None:
    for topic in p["Topics"]:
        system.add(f"policy of {topic}", {"policy": statements(p["PolicyDocument"])})


def _alarm(system: System, p: Mapping[str, Any]) -> None:
    metrics = [p] if "MetricName" in p else [m["MetricStat"] for m in p["Metrics"][1:]]
    system.add(
        f"alarm {p['AlarmName']}",
        {
            "metrics": sorted(_metric(metric.get("Metric", metric), metric) for metric in metrics),
            "expression": p["Metrics"][0]["Expression"] if "Metrics" in p else None,
            "periods": p["EvaluationPeriods"],
            "threshold": p["Threshold"],
            "comparison": p["ComparisonOperator"],
            "missing data": p["TreatMissingData"],
            "tells": p["AlarmActions"],
        },
    )


def _metric(metric: Mapping[str, Any], how: Mapping[str, Any]) -> str:
    dimensions = {entry["Name"]: entry["Value"] for entry in metric["Dimensions"]}
    statistic = how.get("Stat") or how["Statistic"]
    return f"{metric['Namespace']} {metric['MetricName']} {statistic} {how['Period']} {dimensions}"


def _rest_api(system: System, p: Mapping[str, Any]) -> None:
    described = document(
        ROOT / "api" / "openapi.json", project="scones-test", account=ACCOUNT, region=REGION
    )
    system.add(
        f"REST API {p['Name']}",
        {
            "description": p["Description"],
            "document": api_document(described.body.decode()),
            "endpoint": p["EndpointConfiguration"]["Types"],
        },
    )


def _stage(system: System, p: Mapping[str, Any]) -> None:
    (settings,) = p["MethodSettings"]
    system.add(
        f"stage {p['StageName']}",
        {
            "traced": p["TracingEnabled"],
            "log": p["AccessLogSetting"]["DestinationArn"],
            "log's format": json.loads(p["AccessLogSetting"]["Format"]),
            "methods": f"{settings['HttpMethod']}{settings['ResourcePath']}",
            "metrics": settings["MetricsEnabled"],
            "log level": settings["LoggingLevel"],
            "logs photos": settings["DataTraceEnabled"],
            "limits": [
                float(settings["ThrottlingRateLimit"]),
                float(settings["ThrottlingBurstLimit"]),
            ],
        },
    )


def _usage_plan(system: System, p: Mapping[str, Any]) -> None:
    system.add(
        f"usage plan {p['UsagePlanName']}",
        {
            "description": p["Description"],
            "limits": [float(p["Throttle"]["RateLimit"]), float(p["Throttle"]["BurstLimit"])],
            "quota": [int(p["Quota"]["Limit"]), p["Quota"]["Period"]],
            "stages": len(p["ApiStages"]),
        },
    )


def _attempts(system: System, p: Mapping[str, Any]) -> None:
    destinations = p["DestinationConfig"]
    system.add(
        f"attempts of {p['FunctionName']}",
        {
            "more attempts": p["MaximumRetryAttempts"],
            "of": p["Qualifier"],
            "success": list(destinations.get("OnSuccess", {}).values()),
            "failure": list(destinations["OnFailure"].values()),
        },
    )


def _layer(system: System, p: Mapping[str, Any]) -> None:
    system.add(
        f"layer {p['LayerName']}",
        {
            "description": p["Description"],
            "runtimes": p["CompatibleRuntimes"],
            "architectures": p["CompatibleArchitectures"],
        },
    )


def _permission(system: System, p: Mapping[str, Any]) -> None:
    system.add(
        f"permission of {p['Principal']} to call {p['FunctionName']}",
        {"action": p["Action"], "account": p.get("SourceAccount")},
    )


_TERMS: dict[str, Callable[[System, Mapping[str, Any]], None]] = {
    "AWS::ApiGateway::Account": lambda system, p: system.add(
        "API Gateway's logs", {"role": p["CloudWatchRoleArn"]}
    ),
    "AWS::ApiGateway::ApiKey": lambda system, p: system.add(
        f"API key {p['Name']}", {"enabled": p["Enabled"]}
    ),
    "AWS::ApiGateway::Deployment": lambda system, p: None,  # what it is of is compared
    "AWS::ApiGateway::RestApi": _rest_api,
    "AWS::ApiGateway::Stage": _stage,
    "AWS::ApiGateway::UsagePlan": _usage_plan,
    "AWS::ApiGateway::UsagePlanKey": lambda system, p: system.add(
        "key of the usage plan", {"type": p["KeyType"]}
    ),
    "AWS::CloudWatch::Alarm": _alarm,
    "AWS::CloudWatch::Dashboard": lambda system, p: system.add(
        f"dashboard {p['DashboardName']}", {"body": json.loads(p["DashboardBody"])}
    ),
    "AWS::Events::Rule": _rule,
    "AWS::IAM::Role": _role,
    "AWS::Lambda::EventInvokeConfig": _attempts,
    "AWS::Lambda::Function": _function,
    "AWS::Lambda::LayerVersion": _layer,
    "AWS::Lambda::Permission": _permission,
    "AWS::Logs::LogGroup": _log_group,
    "AWS::S3::Bucket": _bucket,
    "AWS::S3::BucketPolicy": _bucket_policy,
    "AWS::SNS::Subscription": _subscription,
    "AWS::SNS::Topic": _topic,
    "AWS::SNS::TopicPolicy": _topic_policy,
    "AWS::SQS::Queue": _queue,
    "AWS::SQS::QueuePolicy": _queue_policy,
    "AWS::Scheduler::Schedule": lambda system, p: system.add(
        f"schedule {p['Name']}",
        {
            "times": p["ScheduleExpression"],
            "time zone": p["ScheduleExpressionTimezone"],
            "window": p["FlexibleTimeWindow"]["Mode"],
            "target": p["Target"]["Arn"],
            "role": p["Target"]["RoleArn"],
            "input": json.loads(p["Target"]["Input"]),
        },
    ),
    "AWS::SSM::Parameter": lambda system, p: system.add(
        f"parameter {p['Name']}", {"type": p["Type"], "value": p["Value"]}
    ),
    "AWS::StepFunctions::StateMachine": _state_machine,
}
