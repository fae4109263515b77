"""Baselines from each form of dataset, and checks of captures against them."""

import base64
import json
from datetime import timedelta

import numpy as np
import pytest

from scones.monitor.analyzer.dataset import table_row
from scones.monitor.capture import parse_line
from tests.scones.monitor.records import png

from .conftest import CAPTURES, START, Container

HEADER = "churn,age,plan"


def table(count: int, shift: float = 0.0) -> list[str]:
    """Rows of churn (0 or 1), age and plan."""
    generator = np.random.default_rng(7)
    ages = generator.normal(40 + shift, 5, count)
    return [f"{n % 2},{age:.4f},{'abc'[n % 3]}" for n, age in enumerate(ages)]


def make_baseline(container: Container, rows: list[str]) -> None:
    """Suggest a baseline as the SDK does, and put it where a schedule's job has it."""
    (container.source / "train.csv").write_text("\n".join([HEADER, *rows]))
    assert container.run(dataset_format='{"csv": {"header": true}}') == 0
    for name in ("statistics.json", "constraints.json"):
        (container.output / name).rename(container.baseline / name)
    (container.source / "train.csv").unlink()


def against(container: Container) -> dict[str, str]:
    return {
        "baseline_constraints": str(container.baseline / "constraints.json"),
        "baseline_statistics": str(container.baseline / "statistics.json"),
    }


@pytest.mark.parametrize(
    ("options", "content", "names"),
    [
        ('{"csv": {"header": true, "output_columns_position": "START"}}', "a,b\n1,x\n2,y\n", "a b"),
        ('{"csv": {"header": false}}', "1,x\n2,y\n", "_c0 _c1"),
        ('{"json": {"lines": true}}', '{"a": 1, "b": {"c": "x"}}\n{"a": 2}\n', "a b.c"),
        ('{"json": {"lines": false}}', '[{"a": 1, "b": "x"}, {"a": 2}]', "a b"),
    ],
)
def test_a_baseline_of_each_form_of_dataset(
    container: Container, options: str, content: str, names: str
) -> None:
    (container.source / "data").write_text(content)

    assert container.run(dataset_format=options) == 0

    statistics = container.json("statistics.json")
    assert statistics["dataset"] == {"item_count": 2}
    assert [feature["name"] for feature in statistics["features"]] == names.split()
    constraints = container.json("constraints.json")
    first, second = constraints["features"]
    assert first["inferred_type"] == "Integral"
    assert first["num_constraints"] == {"is_non_negative": True}
    assert second["inferred_type"] == "String"
    assert not (container.root / "output" / "message").exists()


def test_captures_can_be_a_baseline_and_excluded_columns_are_left_out(container: Container) -> None:
    container.capture([("1,2.5", "0"), ("3,4.5", "1")])
    assert container.run(dataset_format=CAPTURES, exclude_features_attribute="1") == 0
    names = [feature["name"] for feature in container.json("statistics.json")["features"]]
    assert names == ["_c0", "_c2"]


def test_captures_like_the_baseline_have_no_violations(container: Container) -> None:
    rows = table(400)
    make_baseline(container, rows)
    container.capture((row.split(",", 1)[1], row[0]) for row in rows)

    assert container.monitor(**against(container)) == 0

    assert container.message() == "Completed: Job completed successfully with no violations."
    assert container.json("constraint_violations.json")["violations"] == []
    assert container.json("statistics.json")["dataset"]["item_count"] == 400


def test_drift_and_new_values_are_violations_metrics_and_the_message(container: Container) -> None:
    make_baseline(container, table(400))
    rows = [row.replace(",a", ",new") for row in table(400, shift=20)]
    container.capture((row.split(",", 1)[1], row[0]) for row in rows)

    assert container.monitor(**against(container)) == 0

    found = {
        (item["feature_name"], item["constraint_check_type"])
        for item in container.json("constraint_violations.json")["violations"]
    }
    assert found >= {("age", "baseline_drift_check"), ("plan", "categorical_values_check")}
    message = f"CompletedWithViolations: Job completed successfully with {len(found)} violations."
    assert container.message() == message
    by_name = {metric["MetricName"]: metric for metric in container.metrics()}
    assert by_name["feature_data_age"]["StatisticValues"]["SampleCount"] == 400
    assert by_name["feature_baseline_drift_age"]["Value"] > 0.5
    assert by_name["feature_data_age"]["Timestamp"] == "2026-01-05T11:00:00+00:00"
    assert by_name["feature_data_age"]["Dimensions"] == [
        {"Name": "Endpoint", "Value": "cats"},
        {"Name": "MonitoringSchedule", "Value": "hourly"},
    ]


def test_only_captures_of_the_window_count(container: Container) -> None:
    make_baseline(container, table(50))
    inside, outside = ("40,a", "1"), ("99,z", "7")
    container.capture([outside], first=START - timedelta(seconds=1))
    container.capture([inside] * 3)
    container.capture([outside], first=START + timedelta(hours=1))
    assert container.monitor(baseline_constraints=against(container)["baseline_constraints"]) == 0
    assert container.json("statistics.json")["dataset"]["item_count"] == 3


def test_without_a_baseline_a_schedules_job_suggests_one(container: Container) -> None:
    container.capture([("40,a", "1")] * 3)
    assert container.monitor() == 0
    assert len(container.json("constraints.json")["features"]) == 3


def test_pictures_become_the_features_of_a_report(container: Container) -> None:
    picture = base64.b64encode(png()).decode()
    container.capture([(picture, "[0.2, 0.8]")] * 2, content_type="image/png")
    path = next(container.source.rglob("*.jsonl"))
    path.write_text(path.read_text().replace('"encoding": "CSV"', '"encoding": "BASE64"', 1))
    lines = path.read_text().splitlines()
    path.write_text("\n".join([lines[0], lines[0]]))
    told = {"SCONES_CLASSES": '["bicycle", "motorcycle"]', "SCONES_THRESHOLD": "0.9"}

    assert container.monitor(**told) == 0

    features = {item["name"]: item for item in container.json("statistics.json")["features"]}
    assert {"confidence", "passed", "predicted_class", "brightness"} <= set(features)
    buckets = features["predicted_class"]["string_statistics"]["distribution"]["categorical"]
    assert buckets["buckets"] == [{"value": "motorcycle", "count": 2}]


def test_answer_and_request_of_a_json_endpoint_are_columns_by_name() -> None:
    line = {
        "captureData": {
            "endpointInput": {
                "observedContentType": "application/json",
                "data": '{"age": 40, "plan": "a", "score": 1}',
                "encoding": "JSON",
            },
            "endpointOutput": {"data": '{"score": 0.5}', "encoding": "JSON"},
        },
        "eventMetadata": {"eventId": "e", "inferenceTime": "2026-01-05T11:00:00Z"},
    }
    row = table_row(parse_line(json.dumps(line).encode(), "a:1"))
    assert row == {"score": 0.5, "age": 40, "plan": "a", "_c3": 1}


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({"dataset_format": "{}"}, "dataset_format"),
        ({"dataset_format": '{"parquet": {}}'}, "parquet"),
        ({"dataset_format": "csv"}, "is not JSON"),
        ({"dataset_source": ""}, "dataset_source is missing"),
        ({"record_preprocessor_script": "/opt/x.py"}, "record_preprocessor_script"),
        ({"start_time": "yesterday"}, "start_time"),
        ({"SCONES_THRESHOLD": "2"}, "SCONES_THRESHOLD"),
        ({"baseline_constraints": "/nowhere/constraints.json"}, "cannot read the baseline"),
        ({}, "line 3 has 1 fields"),
    ],
)
def test_what_is_wrong_is_said_in_one_line_and_in_the_message(
    container: Container,
    capsys: pytest.CaptureFixture[str],
    variables: dict[str, str],
    said: str,
) -> None:
    rows = "a,b\n1,2\n3\n" if not variables else "a,b\n1,2\n"
    (container.source / "data.csv").write_text(rows)
    assert container.run(**variables) in (1, 2)
    [line] = capsys.readouterr().err.splitlines()
    assert said in line
    assert said in container.message()


def test_nothing_to_look_at_is_an_error(container: Container) -> None:
    assert container.monitor() == 1
    assert "no records" in container.message()
