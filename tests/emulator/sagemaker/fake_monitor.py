"""A monitoring container of one's own: writes down what it was given, and leaves one metric."""

import json
import os
from pathlib import Path

variables = {name: value for name, value in os.environ.items() if name.islower()}
root = Path(os.environ["SAGEMAKER_BASE_DIR"])
given = sorted(path for path in (root / "processing").rglob("*") if path.is_file())
seen = {"files": [str(path.relative_to(root)) for path in given], "variables": variables}
(Path(variables["output_path"]) / "seen.json").write_text(json.dumps(seen))

metrics = root / "output" / "metrics" / "cloudwatch"
metrics.mkdir(parents=True)
datum = {
    "MetricName": "feature_data_x",
    "Value": 7,
    "Dimensions": [
        {"Name": "Endpoint", "Value": variables["sagemaker_endpoint_name"]},
        {"Name": "MonitoringSchedule", "Value": variables["sagemaker_monitoring_schedule_name"]},
    ],
}
(metrics / "cloudwatch_metrics.jsonl").write_text(json.dumps(datum))
(root / "output" / "message").write_text(variables.get("message", ""))
