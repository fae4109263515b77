"""The system that terraform/ has applied, in terms that CloudFormation shares."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from tests.terraform.shared_terms import System, api_document, role, statements
from tests.terraform.workspace import Workspace

Values = Mapping[str, Any]


def terraform_system(workspace: Workspace) -> System:
    """Return what is applied in shared terms."""
    return _Applied(list(workspace.resources()), workspace.must("output", "-json")).system


class _Applied:
    """The resources of a state, brought into shared terms one by one."""

    def __init__(self, resources: list[dict[str, Any]], outputs: str) -> None:
        self._names = self._role_names(resources)
        self.system = System()
        for resource in self._renamed(resources):
            self._terms()[resource["type"]](resource["values"])
        listed = json.loads(outputs)
        named = listed["core"]["value"] | listed["detection"]["value"]
        for name, value in self._renamed(named).items():
            words = "".join(word.capitalize() for word in name.split("_"))
            self.system.add(f"output {words.replace('Sagem', 'SageM')}", {"value": value})

    @staticmethod
    def _role_names(resources: list[dict[str, Any]]) -> dict[str, str]:
        """Return each role's ARN with the name by which it goes here."""
        policies = [r["values"] for r in resources if r["type"] == "aws_iam_role_policy"]
        by_role = {policy["role"]: role(policy["name"]) for policy in policies}
        for found in resources:
            if found["type"] == "aws_iam_role_policy_attachment":
                attached = found["values"]
                by_role[attached["role"]] = role(attached["policy_arn"].rpartition("/")[2])
        roles = [r["values"] for r in resources if r["type"] == "aws_iam_role"]
        return {values["arn"]: by_role[values["id"]] for values in roles} | by_role

    def _renamed(self, value: Any) -> Any:
        """Return the same with roles by name, also inside JSON texts."""
        text = json.dumps(value)
        for found in sorted(self._names, key=len, reverse=True):
            text = text.replace(found, self._names[found])
        return json.loads(text)

    def _terms(self) -> dict[str, Callable[[Values], None]]:
        return {
            "aws_cloudwatch_dashboard": lambda v: self.system.add(
                f"dashboard {v['dashboard_name']}", {"body": json.loads(v["dashboard_body"])}
            ),
            "aws_api_gateway_account": lambda v: self.system.add(
                "API Gateway's logs", {"role": v["cloudwatch_role_arn"]}
            ),
            "aws_api_gateway_api_key": lambda v: self.system.add(
                f"API key {v['name']}", {"enabled": v["enabled"]}
            ),
            "aws_api_gateway_deployment": lambda v: None,  # what it is of is compared
            "aws_api_gateway_method_settings": self._method_settings,
            "aws_api_gateway_rest_api": self._rest_api,
            "aws_api_gateway_stage": self._stage,
            "aws_api_gateway_usage_plan": self._usage_plan,
            "aws_api_gateway_usage_plan_key": lambda v: self.system.add(
                "key of the usage plan", {"type": v["key_type"]}
            ),
            "aws_cloudwatch_event_rule": self._rule,
            "aws_cloudwatch_event_target": self._target,
            "aws_cloudwatch_log_group": self._log_group,
            "aws_cloudwatch_metric_alarm": self._alarm,
            "aws_iam_role": self._role,
            "aws_iam_role_policy": self._role_policy,
            "aws_iam_role_policy_attachment": lambda v: self.system.add(
                v["role"], {"managed policy": v["policy_arn"]}
            ),
            "aws_lambda_function_event_invoke_config": self._attempts,
            "aws_lambda_layer_version": self._layer,
            "aws_lambda_permission": self._permission,
            "aws_lambda_function": self._function,
            "aws_s3_bucket": lambda v: self._bucket(v, {"versioned": False}),
            "aws_s3_bucket_lifecycle_configuration": self._lifecycle,
            "aws_s3_bucket_notification": self._notification,
            "aws_s3_bucket_ownership_controls": lambda v: self._bucket(
                v, {"ownership": v["rule"][0]["object_ownership"]}
            ),
            "aws_s3_bucket_policy": lambda v: self._bucket(v, {"policy": statements(v["policy"])}),
            "aws_s3_bucket_public_access_block": self._public_access,
            "aws_s3_bucket_server_side_encryption_configuration": self._encryption,
            "aws_scheduler_schedule": self._schedule,
            "aws_ssm_parameter": lambda v: self.system.add(
                f"parameter {v['name']}", {"type": v["type"], "value": v["value"]}
            ),
            "aws_sfn_state_machine": self._state_machine,
            "aws_sns_topic": lambda v: self.system.add(
                f"topic {v['name']}", {"key": v["kms_master_key_id"]}
            ),
            "aws_sns_topic_policy": lambda v: self.system.add(
                f"policy of {v['arn']}", {"policy": statements(v["policy"])}
            ),
            "aws_sns_topic_subscription": lambda v: self.system.add(
                f"subscription of {v['endpoint']} to {v['topic_arn']}", {"protocol": v["protocol"]}
            ),
            "aws_sqs_queue": lambda v: self.system.add(
                f"queue {v['name']}",
                {
                    "seconds": v["message_retention_seconds"],
                    "encrypted": v["sqs_managed_sse_enabled"],
                    "key": v["kms_master_key_id"],
                },
            ),
            "aws_sqs_queue_policy": lambda v: self.system.add(
                f"queue {v['queue_url']}", {"policy": statements(v["policy"])}
            ),
        }

    def _rest_api(self, v: Values) -> None:
        self.system.add(
            f"REST API {v['name']}",
            {
                "description": v["description"],
                "document": api_document(v["body"]),
                "endpoint": v["endpoint_configuration"][0]["types"],
            },
        )

    def _stage(self, v: Values) -> None:
        (log,) = v["access_log_settings"]
        self.system.add(
            f"stage {v['stage_name']}",
            {
                "traced": v["xray_tracing_enabled"],
                "log": log["destination_arn"].removesuffix(":*"),
                "log's format": json.loads(log["format"]),
            },
        )

    def _method_settings(self, v: Values) -> None:
        (settings,) = v["settings"]
        self.system.add(
            f"stage {v['stage_name']}",
            {
                "methods": v["method_path"],
                "metrics": settings["metrics_enabled"],
                "log level": settings["logging_level"],
                "logs photos": settings["data_trace_enabled"],
                "limits": [
                    float(settings["throttling_rate_limit"]),
                    float(settings["throttling_burst_limit"]),
                ],
            },
        )

    def _usage_plan(self, v: Values) -> None:
        (throttle,), (quota,) = v["throttle_settings"], v["quota_settings"]
        self.system.add(
            f"usage plan {v['name']}",
            {
                "description": v["description"],
                "limits": [float(throttle["rate_limit"]), float(throttle["burst_limit"])],
                "quota": [int(quota["limit"]), quota["period"]],
                "stages": len(v["api_stages"]),
            },
        )

    def _attempts(self, v: Values) -> None:
        (config,) = v["destination_config"]
        self.system.add(
            f"attempts of {v['function_name']}",
            {
                "more attempts": v["maximum_retry_attempts"],
                "of": v["qualifier"],
                "success": [entry["destination"] for entry in config["on_success"]],
                "failure": [entry["destination"] for entry in config["on_failure"]],
            },
        )

    def _layer(self, v: Values) -> None:
        self.system.add(
            f"layer {v['layer_name']}",
            {
                "description": v["description"],
                "runtimes": list(v["compatible_runtimes"]),
                "architectures": list(v["compatible_architectures"]),
            },
        )

    def _permission(self, v: Values) -> None:
        self.system.add(
            f"permission of {v['principal']} to call {v['function_name']}",
            {"action": v["action"], "account": v["source_account"]},
        )

    def _lifecycle(self, v: Values) -> None:
        days = {
            rule["filter"][0]["prefix"]: rule["expiration"][0]["days"]
            for rule in v["rule"]
            if rule["expiration"]
        }
        self._bucket(v, {"days": days})

    def _notification(self, v: Values) -> None:
        if v["eventbridge"]:
            self._bucket(v, {"tells EventBridge": True})
        for called in v["lambda_function"]:
            told = [called["lambda_function_arn"], list(called["events"]), called["filter_prefix"]]
            self._bucket(v, {"tells a function": told})

    def _alarm(self, v: Values) -> None:
        queries = v["metric_query"]
        metrics = [q["metric"][0] for q in queries if q["metric"]] or [v]
        self.system.add(
            f"alarm {v['alarm_name']}",
            {
                "metrics": sorted(
                    f"{m['namespace']} {m['metric_name']} {m.get('stat') or m['statistic']} "
                    f"{m['period']} {m['dimensions']}"
                    for m in metrics
                ),
                "expression": next((q["expression"] for q in queries if q["expression"]), None),
                "periods": v["evaluation_periods"],
                "threshold": v["threshold"],
                "comparison": v["comparison_operator"],
                "missing data": v["treat_missing_data"],
                "tells": v["alarm_actions"],
            },
        )

    def _bucket(self, v: Values, properties: Values) -> None:
        self.system.add(f"bucket {v['bucket']}", properties)

    def _public_access(self, v: Values) -> None:
        names = (
            "block_public_acls",
            "block_public_policy",
            "ignore_public_acls",
            "restrict_public_buckets",
        )
        self._bucket(v, {"public access": sorted(v[name] for name in names)})

    def _encryption(self, v: Values) -> None:
        (rule,) = v["rule"]
        default = rule["apply_server_side_encryption_by_default"][0]
        self._bucket(
            v,
            {
                "encryption": default["sse_algorithm"],
                "key": default["kms_master_key_id"],
                "bucket key": rule["bucket_key_enabled"],
            },
        )

    def _function(self, v: Values) -> None:
        variables = {k: w for block in v["environment"] for k, w in block["variables"].items()}
        self.system.add(
            f"function {v['function_name']}",
            {
                "description": v["description"],
                "runtime": v["runtime"],
                "handler": v["handler"],
                "role": v["role"],
                "memory": v["memory_size"],
                "timeout": v["timeout"],
                "layers": len(v["layers"] or ()),
                "variables": {
                    k: json.loads(w) if k.endswith("CLASSES") else w for k, w in variables.items()
                },
                "traced": v["tracing_config"][0]["mode"] == "Active",
            },
        )

    def _schedule(self, v: Values) -> None:
        (window,), (target,) = v["flexible_time_window"], v["target"]
        self.system.add(
            f"schedule {v['name']}",
            {
                "times": v["schedule_expression"],
                "time zone": v["schedule_expression_timezone"],
                "window": window["mode"],
                "target": target["arn"],
                "role": target["role_arn"],
                "input": json.loads(target["input"]),
            },
        )

    def _log_group(self, v: Values) -> None:
        self.system.add(
            f"log group {v['name']}", {"days": v["retention_in_days"], "key": v["kms_key_id"]}
        )

    def _role(self, v: Values) -> None:
        self.system.add(v["id"], {"trust": statements(v["assume_role_policy"])})

    def _role_policy(self, v: Values) -> None:
        self.system.add(v["role"], {"statements": statements(v["policy"])})

    def _state_machine(self, v: Values) -> None:
        self.system.add(
            f"state machine {v['name']}",
            {
                "type": v["type"],
                "role": v["role_arn"],
                "definition": json.loads(v["definition"]),
                "traced": v["tracing_configuration"][0]["enabled"],
            },
        )

    def _rule(self, v: Values) -> None:
        self.system.add(
            f"rule {v['name']}",
            {
                "description": v["description"],
                "state": v["state"],
                "pattern": json.loads(v["event_pattern"]),
            },
        )

    def _target(self, v: Values) -> None:
        (transformer,) = v["input_transformer"]
        self.system.add(
            f"rule {v['rule']}",
            {
                "target": v["arn"],
                "target's id": v["target_id"],
                "target's role": v["role_arn"],
                "paths": transformer["input_paths"],
                "input": transformer["input_template"],
                "dead letters": v["dead_letter_config"][0]["arn"],
            },
        )
