"""Resources of a stack that are still there without it.

LocalStack loses track of resources when an update fails, and its stack then ends as deleted with
some of them left. On AWS there should be none; `destroy` uses the same look to prove it.
"""

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any

from scones.aws import Aws
from scones.deploy.planning import named
from scones.deploy.remains import Remainder, delete_if_there
from scones.deploy.settings import DeploySettings


def strays(aws: Aws, settings: DeploySettings) -> Iterator[Remainder]:
    """Yield functions, logs, topics, state machines, rules and roles of the project's stack."""
    planned = named(settings, aws.account, aws.region)
    for type_, find in _FINDERS.items():
        names = {resource.name for resource in planned if resource.type == type_}
        yield from find(aws, names)
    for stack in (settings.stack_name, settings.operations_stack_name):
        yield from _roles(aws, f"{stack}-")


def _functions(aws: Aws, names: set[str]) -> Iterator[Remainder]:
    client = aws.client("lambda")
    for found in _listed(client, "list_functions", "Functions"):
        if (name := found["FunctionName"]) in names:
            delete = partial(delete_if_there, client.delete_function, FunctionName=name)
            yield Remainder(f"function {name}", delete)


def _log_groups(aws: Aws, names: set[str]) -> Iterator[Remainder]:
    client = aws.client("logs")
    for found in _listed(client, "describe_log_groups", "logGroups"):
        if (name := found["logGroupName"]) in names:
            delete = partial(delete_if_there, client.delete_log_group, logGroupName=name)
            yield Remainder(f"log group {name}", delete)


def _topics(aws: Aws, names: set[str]) -> Iterator[Remainder]:
    client = aws.client("sns")
    for found in _listed(client, "list_topics", "Topics"):
        arn = found["TopicArn"]
        if arn.rpartition(":")[2] in names:
            delete = partial(delete_if_there, client.delete_topic, TopicArn=arn)
            yield Remainder(f"topic {arn}", delete)


def _state_machines(aws: Aws, names: set[str]) -> Iterator[Remainder]:
    client = aws.client("stepfunctions")
    for found in _listed(client, "list_state_machines", "stateMachines"):
        if found["name"] in names:
            arn = found["stateMachineArn"]
            delete = partial(delete_if_there, client.delete_state_machine, stateMachineArn=arn)
            yield Remainder(f"state machine {found['name']}", delete)


def _rules(aws: Aws, names: set[str]) -> Iterator[Remainder]:
    client = aws.client("events")
    for found in _listed(client, "list_rules", "Rules"):
        if (name := found["Name"]) in names:
            yield Remainder(f"rule {name}", partial(delete_rule, client, name))


def _queues(aws: Aws, names: set[str]) -> Iterator[Remainder]:
    client = aws.client("sqs")
    for page in client.get_paginator("list_queues").paginate():
        for url in page.get("QueueUrls", []):
            if url.rpartition("/")[2] in names:
                delete = partial(delete_if_there, client.delete_queue, QueueUrl=url)
                yield Remainder(f"queue {url}", delete)


def _apis(aws: Aws, names: set[str]) -> Iterator[Remainder]:
    client = aws.client("apigateway")
    for found in _listed(client, "get_rest_apis", "items"):
        if found["name"] in names:
            delete = partial(delete_if_there, client.delete_rest_api, restApiId=found["id"])
            yield Remainder(f"REST API {found['name']} ({found['id']})", delete)


def _usage_plans(aws: Aws, names: set[str]) -> Iterator[Remainder]:
    client = aws.client("apigateway")
    for found in _listed(client, "get_usage_plans", "items"):
        if found["name"] in names:
            yield Remainder(f"usage plan {found['name']}", partial(_delete_plan, client, found))


def _api_keys(aws: Aws, names: set[str]) -> Iterator[Remainder]:
    client = aws.client("apigateway")
    for found in _listed(client, "get_api_keys", "items"):
        if found["name"] in names:
            delete = partial(delete_if_there, client.delete_api_key, apiKey=found["id"])
            yield Remainder(f"API key {found['name']} ({found['id']})", delete)


def _layers(aws: Aws, names: set[str]) -> Iterator[Remainder]:
    client = aws.client("lambda")
    for name in sorted(names):
        for version in _versions(client, name):
            delete = partial(
                delete_if_there,
                client.delete_layer_version,
                LayerName=name,
                VersionNumber=version,
            )
            yield Remainder(f"layer {name}:{version}", delete)


def _versions(client: Any, layer: str) -> list[int]:
    pages = client.get_paginator("list_layer_versions").paginate(LayerName=layer)
    return [version["Version"] for page in pages for version in page["LayerVersions"]]


_FINDERS: dict[str, Callable[[Aws, set[str]], Iterable[Remainder]]] = {
    "AWS::ApiGateway::UsagePlan": _usage_plans,  # before the API whose stage it names
    "AWS::ApiGateway::RestApi": _apis,
    "AWS::ApiGateway::ApiKey": _api_keys,
    "AWS::Lambda::Function": _functions,
    "AWS::Lambda::LayerVersion": _layers,
    "AWS::Logs::LogGroup": _log_groups,
    "AWS::SNS::Topic": _topics,
    "AWS::StepFunctions::StateMachine": _state_machines,
    "AWS::Events::Rule": _rules,
    "AWS::SQS::Queue": _queues,
}


def _roles(aws: Aws, prefix: str) -> Iterator[Remainder]:
    client = aws.client("iam")
    for found in _listed(client, "list_roles", "Roles"):
        if (name := found["RoleName"]).startswith(prefix):
            yield Remainder(f"role {name}", partial(delete_role, client, name))


def _listed(client: Any, operation: str, field: str) -> list[dict[str, Any]]:
    pages = client.get_paginator(operation).paginate()
    return [entry for page in pages for entry in page[field]]


def _delete_plan(client: Any, plan: dict[str, Any]) -> None:
    for stage in plan.get("apiStages", []):
        operation = {
            "op": "remove",
            "path": "/apiStages",
            "value": f"{stage['apiId']}:{stage['stage']}",
        }
        client.update_usage_plan(usagePlanId=plan["id"], patchOperations=[operation])
    delete_if_there(client.delete_usage_plan, usagePlanId=plan["id"])


def delete_rule(client: Any, name: str, bus: str = "default") -> None:
    """Delete a rule of EventBridge's, its targets first."""
    targets = client.list_targets_by_rule(Rule=name, EventBusName=bus)["Targets"]
    if targets:
        ids = [target["Id"] for target in targets]
        client.remove_targets(Rule=name, EventBusName=bus, Ids=ids)
    delete_if_there(client.delete_rule, Name=name, EventBusName=bus)


def delete_role(client: Any, name: str) -> None:
    """Delete a role, its policies first."""
    for attached in client.list_attached_role_policies(RoleName=name)["AttachedPolicies"]:
        client.detach_role_policy(RoleName=name, PolicyArn=attached["PolicyArn"])
    for policy in client.list_role_policies(RoleName=name)["PolicyNames"]:
        client.delete_role_policy(RoleName=name, PolicyName=policy)
    delete_if_there(client.delete_role, RoleName=name)
