"""A Terraform provider that stands in for AWS's: its schema is the real one, its cloud a fiction.

    terraform ── plugin protocol 6 ──▶ StandIn ── schema/aws-VERSION.json

`terraform` finds it through TF_REATTACH_PROVIDERS and checks each argument, block and reference
against the schema of one version of the real provider. What it "creates" gets ids and ARNs in AWS's
form, so that policies and definitions are known once it has been applied. It knows nothing of
AWS's own rules for values.
"""

import itertools
import json
import os
import sys
from collections.abc import Mapping
from concurrent import futures
from pathlib import Path
from typing import Any

import grpc
from tf.gen import grpc_controller_pb2 as controller
from tf.gen import grpc_controller_pb2_grpc as controller_rpc
from tf.gen import tfplugin_pb2 as pb
from tf.gen import tfplugin_pb2_grpc as rpc
from tf.types import Unknown
from tf.utils import read_dynamic_value, to_dynamic_value

SOURCE = "hashicorp/aws"
ACCOUNT = "123456789012"
_NESTING = {
    "single": pb.Schema.NestedBlock.SINGLE,
    "list": pb.Schema.NestedBlock.LIST,
    "set": pb.Schema.NestedBlock.SET,
}
# {name} is an attribute; {region} and {account} are the provider's.
_ARNS = {
    "aws_cloudwatch_event_rule": "arn:aws:events:{region}:{account}:rule/{name}",
    "aws_cloudwatch_log_group": "arn:aws:logs:{region}:{account}:log-group:{name}",
    "aws_cloudwatch_metric_alarm": "arn:aws:cloudwatch:{region}:{account}:alarm:{alarm_name}",
    "aws_iam_role": "arn:aws:iam::{account}:role/{name}",
    "aws_lambda_function": "arn:aws:lambda:{region}:{account}:function:{function_name}",
    "aws_s3_bucket": "arn:aws:s3:::{bucket}",
    "aws_sfn_state_machine": "arn:aws:states:{region}:{account}:stateMachine:{name}",
    "aws_sns_topic": "arn:aws:sns:{region}:{account}:{name}",
    "aws_sqs_queue": "arn:aws:sqs:{region}:{account}:{name}",
}
_PREFIXES = {"name": "name_prefix", "bucket": "bucket_prefix"}
# What cannot be changed: another value makes another resource.
_FIXED = {
    "aws_sagemaker_model": "name",
    "aws_sagemaker_endpoint_configuration": "production_variants",
}
# Where an ARN or a name is the id.
_IDS = {
    "aws_s3_bucket": "{bucket}",
    "aws_sns_topic": _ARNS["aws_sns_topic"],
    "aws_iam_role": "{name}",
    "aws_sqs_queue": "{name}",  # the real one's is its URL, which ends with the name
}


class StandIn(rpc.ProviderServicer):
    """The provider: validates against a schema, plans and applies in memory only."""

    def __init__(self, schema: Mapping[str, Any]) -> None:
        self._schema = schema
        self._tags: dict[str, str] = {}
        self._region = "us-east-1"
        self._serials = itertools.count(1)

    def GetProviderSchema(self, request: Any, context: Any) -> Any:
        return pb.GetProviderSchema.Response(
            provider=_schema(self._schema["provider"]),
            resource_schemas={
                name: _schema(value) for name, value in self._schema["resource_schemas"].items()
            },
            data_source_schemas={
                name: _schema(value) for name, value in self._schema["data_source_schemas"].items()
            },
        )

    def GetMetadata(self, request: Any, context: Any) -> Any:
        return pb.GetMetadata.Response()

    def ValidateProviderConfig(self, request: Any, context: Any) -> Any:
        return pb.ValidateProviderConfig.Response()

    def ValidateResourceConfig(self, request: Any, context: Any) -> Any:
        return pb.ValidateResourceConfig.Response()

    def ValidateDataResourceConfig(self, request: Any, context: Any) -> Any:
        return pb.ValidateDataResourceConfig.Response()

    def ConfigureProvider(self, request: Any, context: Any) -> Any:
        config = read_dynamic_value(request.config)
        self._region = config["region"] or self._region
        self._tags = {}
        for block in config["default_tags"] or []:
            self._tags |= block["tags"] or {}
        return pb.ConfigureProvider.Response()

    def UpgradeResourceState(self, request: Any, context: Any) -> Any:
        state = json.loads(request.raw_state.json)
        return pb.UpgradeResourceState.Response(upgraded_state=to_dynamic_value(state))

    def ReadResource(self, request: Any, context: Any) -> Any:
        return pb.ReadResource.Response(new_state=request.current_state)

    def PlanResourceChange(self, request: Any, context: Any) -> Any:
        planned = read_dynamic_value(request.proposed_new_state)
        prior = read_dynamic_value(request.prior_state)
        replaced = []
        if planned is not None:
            for name, attribute in self._attributes(request.type_name).items():
                if attribute.get("computed") and planned[name] is None and prior is None:
                    planned[name] = Unknown
            if "tags_all" in planned:
                tags = planned.get("tags")
                planned["tags_all"] = tags if tags is Unknown else self._tags | (tags or {})
            fixed = _FIXED.get(request.type_name)
            if fixed and prior is not None and planned[fixed] != prior[fixed]:
                replaced = [pb.AttributePath(steps=[{"attribute_name": fixed}])]
        return pb.PlanResourceChange.Response(
            planned_state=to_dynamic_value(planned), requires_replace=replaced
        )

    def ApplyResourceChange(self, request: Any, context: Any) -> Any:
        state = read_dynamic_value(request.planned_state)
        if state is not None:
            self._create(request.type_name, state)
        return pb.ApplyResourceChange.Response(new_state=to_dynamic_value(state))

    def ReadDataSource(self, request: Any, context: Any) -> Any:
        state = read_dynamic_value(request.config)
        state |= {
            "aws_caller_identity": {"account_id": ACCOUNT},
            "aws_partition": {"partition": "aws"},
            "aws_elastic_beanstalk_solution_stack": {
                "name": "64bit Amazon Linux 2023 v4.7.2 running Python 3.13"
            },
        }[request.type_name]
        return pb.ReadDataSource.Response(state=to_dynamic_value(state))

    def StopProvider(self, request: Any, context: Any) -> Any:
        return pb.StopProvider.Response()

    def _attributes(self, type_name: str) -> dict[str, Any]:
        attributes: dict[str, Any] = self._schema["resource_schemas"][type_name]["block"][
            "attributes"
        ]
        return attributes

    def _create(self, type_name: str, state: dict[str, Any]) -> None:
        """Give a planned resource what AWS would: its id, its ARN and the like."""
        serial = next(self._serials)
        for name, prefix in _PREFIXES.items():
            if state.get(prefix) and state[name] is Unknown:
                state[name] = f"{state[prefix]}{serial:04}"
        facts = {"region": self._region, "account": ACCOUNT} | _known(state)
        for name, attribute in self._attributes(type_name).items():
            if state[name] is not Unknown:
                continue
            pattern = {"arn": _ARNS, "id": _IDS}.get(name, {}).get(type_name)
            if name == "region":
                state[name] = self._region
            elif pattern:
                state[name] = pattern.format(**facts)
            else:
                state[name] = _made_up(attribute["type"], f"{type_name}-{name}-{serial:04}")


def _known(state: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in state.items() if isinstance(value, str)}


def _made_up(kind: Any, text: str) -> Any:
    if isinstance(kind, list):
        return {} if kind[0] in ("map", "object") else []
    return {"string": text, "number": 0, "bool": False}[kind]


def _schema(schema: Mapping[str, Any]) -> Any:
    return pb.Schema(version=schema["version"], block=_block(schema["block"]))


def _block(block: Mapping[str, Any]) -> Any:
    return pb.Schema.Block(
        attributes=[
            pb.Schema.Attribute(
                name=name,
                type=json.dumps(attribute["type"]).encode(),
                required=attribute.get("required", False),
                optional=attribute.get("optional", False),
                computed=attribute.get("computed", False),
            )
            for name, attribute in block.get("attributes", {}).items()
        ],
        block_types=[
            pb.Schema.NestedBlock(
                type_name=name,
                block=_block(nested["block"]),
                nesting=_NESTING[nested["nesting_mode"]],
                min_items=nested.get("min_items", 0),
                max_items=nested.get("max_items", 0),
            )
            for name, nested in block.get("block_types", {}).items()
        ],
    )


class _Controller(controller_rpc.GRPCControllerServicer):
    """What go-plugin asks of a plugin; one that is reattached to lives on."""

    def Shutdown(self, request: Any, context: Any) -> Any:
        return controller.Empty()


def serve(schema_file: Path, socket: Path) -> None:
    """Serve until the process ends; print the value of TF_REATTACH_PROVIDERS once it listens."""
    schema = json.loads(schema_file.read_text())["provider_schemas"][SOURCE]
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=4))
    rpc.add_ProviderServicer_to_server(StandIn(schema), server)
    controller_rpc.add_GRPCControllerServicer_to_server(_Controller(), server)
    server.add_insecure_port(f"unix://{socket}")
    server.start()
    plugin = {
        "Protocol": "grpc",
        "ProtocolVersion": 6,
        "Pid": os.getpid(),
        "Test": True,
        "Addr": {"Network": "unix", "String": str(socket)},
    }
    print(json.dumps({SOURCE: plugin}), flush=True)
    server.wait_for_termination()


if __name__ == "__main__":
    serve(Path(sys.argv[1]), Path(sys.argv[2]))
